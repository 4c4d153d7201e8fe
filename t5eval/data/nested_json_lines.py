"""MultiRC and ReCoRD: a passage a line, with its questions and their answers, or with its queries."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from t5eval.data.json_lines import JsonFile, Line, listed_files
from t5eval.data.summary import Summary
from task_specs import Example, TaskSpec
from task_specs.sources.json_lines import MultiRcLines
from task_specs.support.errors import quoted

MULTIRC_VERSION = 1.1


def read_multirc(spec: TaskSpec, split: str, data_dir: Path, summary: Summary, with_labels: bool) -> Iterator[Example]:
    """Yields MultiRC's answers in file order, with ids `PARAGRAPH/QUESTION/ANSWER`, and fills `summary`."""
    source = spec.source
    assert isinstance(source, MultiRcLines)
    file = JsonFile(listed_files(spec, split, data_dir)[0], data_dir, summary)
    paragraphs: dict[int, int] = {}
    for line in file.lines():
        version = line.value.get("version", MULTIRC_VERSION)
        if version not in (MULTIRC_VERSION, str(MULTIRC_VERSION)):
            raise line.fault(
                f"MultiRC of version {quoted(str(version))}; the leaderboard's indices are those of version "
                f"{MULTIRC_VERSION}, which https://super.gluebenchmark.com/tasks has"
            )
        p = line.id_at(line.value)
        if p in paragraphs:
            raise line.fault(f"a second paragraph with idx {p}; the first is in line {paragraphs[p]}")
        paragraphs[p] = line.number
        passage = line.object_at(line.value, "passage")
        paragraph = line.text(passage, "text", "passage.")
        questions: set[int] = set()
        for question in line.objects_at(passage, "questions", "passage."):
            q = line.id_at(question, "questions.")
            if q in questions:
                raise line.fault(
                    f"a second question with idx {q} in paragraph {p}; their answers would be taken for one's"
                )
            questions.add(q)
            asked = line.text(question, "question", "questions.")
            for answer in line.objects_at(question, "answers", "questions."):
                a = line.id_at(answer, "answers.")
                features = {
                    "paragraph": paragraph,
                    "question": asked,
                    "answer": line.text(answer, "text", "answers."),
                    "label": line.label(answer, "label", source.classes, split, "answers."),
                    "idx": {"paragraph": p, "question": q, "answer": a},
                }
                yield Example(file.new_id(line, f"{p}/{q}/{a}"), features)


def read_record(spec: TaskSpec, split: str, data_dir: Path, summary: Summary, with_labels: bool) -> Iterator[Example]:
    """Yields ReCoRD's queries in file order, with ids `PASSAGE/QUERY`, and fills `summary`."""
    file = JsonFile(listed_files(spec, split, data_dir)[0], data_dir, summary)
    passages: dict[int, int] = {}
    queries: dict[int, int] = {}
    for line in file.lines():
        p = line.id_at(line.value)
        if p in passages:
            raise line.fault(f"a second passage with idx {p}; the first is in line {passages[p]}")
        passages[p] = line.number
        passage = line.object_at(line.value, "passage")
        text = line.text(passage, "text", "passage.")
        entities = _entities(line, passage, text)
        for query in line.objects_at(line.value, "qas"):
            q = line.id_at(query, "qas.")
            if q in queries:
                raise line.fault(
                    f"a second query with idx {q}, the first is in line {queries[q]}; its idx is all that the "
                    f"leaderboard's file says of a query"
                )
            queries[q] = line.number
            features = {
                "passage": text,
                "query": line.text(query, "query", "qas."),
                "entities": entities,
                "answers": _answers(line, query, split),
                "idx": {"passage": p, "query": q},
            }
            yield Example(file.new_id(line, f"{p}/{q}"), features)


def _entities(line: Line, passage: dict[str, Any], text: str) -> list[str]:
    """Returns the passage's different entities, sorted; their ends are the last characters, not those behind."""
    found = set()
    for entity in line.objects_at(passage, "entities", "passage."):
        start, end = line.number_at(entity, "start", "entities."), line.number_at(entity, "end", "entities.")
        if not text[start : end + 1]:
            raise line.fault(f"no entity stands at {start} to {end} of a passage of {len(text)} characters")
        found.add(text[start : end + 1])
    return sorted(found)


def _answers(line: Line, query: dict[str, Any], split: str) -> list[str]:
    """Returns the query's different answers, sorted; none where a test file has none."""
    found = line.objects_at(query, "answers", "qas.") if "answers" in query else []
    if not found and split != "test":
        raise line.fault("has no qas.answers; only a test file goes without")
    return sorted({line.text(answer, "text", "answers.") for answer in found})
