"""A file of one's own as a task of eight lines: comma- and tab-separated values, JSON lines, a Hugging Face dataset."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import task_specs
from t5eval.data import data_source, open_split
from t5eval.support.errors import DataError
from task_specs import SpecError

ROW = """\
name = "mine/capitals"
benchmark = "mine"
source = {kind = "KIND", folder = "", files = {validation = "FILE", test = "test-FILE"}}
text = {kind = "template", template = "{inputs}"}
answer = {kind = "text", field = "targets"}
metrics = ["em"]
sizes = {}
lengths = {inputs = 128, targets = 32}
"""
CSV = 'n,inputs,targets\n1,"Capital of France, please?",Paris\n2,"Say ""hi""\ntwice",hi hi\n'
TSV = 'n\tinputs\ttargets\n1\tCapital of France, please?\tParis\n2\tSay "hi" twice\thi hi\n'
LINES = '{"inputs": "Capital of France, please?", "targets": "Paris"}\n{"inputs": "Say \\"hi\\"", "targets": "hi hi"}\n'


def task(folder: Path, kind: str, text: str, file: str = "pairs", row: str = ROW) -> task_specs.TaskSpec:
    (folder / file).write_text(text, encoding="utf-8")
    (folder / "task.toml").write_text(row.replace("KIND", kind).replace("FILE", file))
    return task_specs.get(str(folder / "task.toml"))


def read(spec: task_specs.TaskSpec, folder: Path | str, split: str = "validation") -> list[tuple[str, str, str]]:
    source = data_source(str(folder))
    pairs = [next(spec.pairs(example)) for example in open_split(spec, split, source)]
    return [(pair.id, pair.inputs, pair.targets) for pair in pairs]


@pytest.mark.parametrize(
    ("kind", "text", "second"),
    [("csv", CSV, 'Say "hi"\ntwice'), ("tsv", TSV, 'Say "hi" twice'), ("json_lines", LINES, 'Say "hi"')],
)
def test_pairs(tmp_path: Path, kind: str, text: str, second: str) -> None:
    spec = task(tmp_path, kind, text)
    assert len(ROW.splitlines()) == 8
    expected = [("0", "Capital of France, please?", "Paris"), ("1", second, "hi hi")]
    assert read(spec, tmp_path) == expected
    assert dict(spec.source.fields) == {"inputs": "inputs", "targets": "targets"}


def test_fields_that_leave_out_the_answer(tmp_path: Path) -> None:
    row = ROW.replace('folder = ""', 'folder = "", fields = {inputs = "n", target = "targets"}')
    message = r"the answer's field 'targets' is not among .*\['inputs', 'target', 'label'\]. Did you mean 'target'"
    with pytest.raises(SpecError, match=message):
        read(task(tmp_path, "csv", CSV, row=row), tmp_path)


def test_a_test_file_may_lack_the_answers(tmp_path: Path) -> None:
    spec = task(tmp_path, "csv", CSV)
    (tmp_path / "test-pairs").write_text("inputs\nWhy?\n")
    assert read(spec, tmp_path, "test") == [("0", "Why?", "<unk>")]
    (tmp_path / "pairs").write_text("inputs\nWhy?\n")
    with pytest.raises(DataError, match="the header has no column 'targets'"):
        read(spec, tmp_path)
    spec = task(tmp_path, "json_lines", LINES)
    (tmp_path / "test-pairs").write_text('{"inputs": "Why?"}\n')
    assert read(spec, tmp_path, "test") == [("0", "Why?", "<unk>")]
    (tmp_path / "pairs").write_text('{"inputs": "Why?"}\n')
    with pytest.raises(DataError, match="line 1: has no targets"):
        read(spec, tmp_path)


def test_ids_are_those_of_the_file_if_it_has_some(tmp_path: Path) -> None:
    for ids, expected in ((["q-1", "q-2"], ["q-1", "q-2"]), ([7, 3], ["7", "3"])):
        lines = [json.dumps({"idx": i, "inputs": "a", "targets": "b"}) for i in ids]
        assert [one[0] for one in read(task(tmp_path, "json_lines", "\n".join(lines)), tmp_path)] == expected
    mixed = LINES + '{"idx": 4, "inputs": "a", "targets": "b"}\n'
    with pytest.raises(DataError, match="line 3: has an idx, unlike the lines before"):
        read(task(tmp_path, "json_lines", mixed), tmp_path)


def test_a_benchmark_that_is_handed_in_keeps_its_ids(tmp_path: Path) -> None:
    folder = tmp_path / "super_glue" / "CB"
    folder.mkdir(parents=True)
    (folder / "val.jsonl").write_text('{"premise": "p", "hypothesis": "h", "label": "neutral"}\n')
    with pytest.raises(DataError, match="line 1: has no idx"):
        read(task_specs.get("super_glue/cb"), tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('inputs,targets\n"open,x\n', "line 2: not comma-separated values: unexpected end of data"),
        ('inputs,targets\na,b\n"c\nd",e\nf\n', r"line 5: expected 2 columns \(inputs, targets\), got 1"),
        ("inputs,answer\na,b\n", "line 1: the header has no column 'targets'"),
        ("inputs,targets\n", "line 2: the file has no rows"),
        ('inputs,targets\na,"b"c\n', "line 2: not comma-separated values"),
    ],
)
def test_damaged_csv(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(task(tmp_path, "csv", text), tmp_path)


def test_a_spreadsheets_file(tmp_path: Path) -> None:
    spec = task(tmp_path, "csv", "\ufeffinputs,targets\r\na,b\r\n\r\n")
    assert read(spec, tmp_path) == [("0", "a", "b")]


def test_a_hugging_face_dataset(tmp_path: Path) -> None:
    pytest.importorskip("datasets")
    renamed = ROW.replace('"test-FILE"}', '"test-FILE"}, fields = {inputs = "question", targets = "answer"}')
    spec = task(tmp_path, "json_lines", LINES, row=renamed)
    folder = tmp_path / "copy"
    folder.mkdir()
    (folder / "validation.jsonl").write_text(
        '{"question": "Why?", "answer": "So."}\n{"question": "a", "answer": "b"}\n'
    )
    assert read(spec, f"hf:{folder}") == [("0", "Why?", "So."), ("1", "a", "b")]


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{inputs|shout}", r"task.toml: line 4: .*unknown filter 'shout'"),
        ("{inputs", r"task.toml: line 4: .*an open \{"),
    ],
)
def test_a_template_is_at_fault_with_its_line(tmp_path: Path, template: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        task(tmp_path, "csv", CSV, row=ROW.replace("{inputs}", template))


def test_prompts_of_a_row(tmp_path: Path) -> None:
    good = ROW + '[prompts.polite]\ntemplate = "Please: {inputs}"\nfilters = ["strip"]\n'
    spec = task(tmp_path, "csv", CSV, row=good)
    assert spec.fingerprint == task(tmp_path, "csv", CSV).fingerprint  # its own form is what it was
    for bad, message in (
        (good.replace('{inputs}"\nf', '{inputz}"\nf'), r"line 10: .*needs \['inputz'\].*Did you mean 'inputs'"),
        (good.replace('"strip"', '"trim"'), "unknown filter 'trim'"),
        (good.replace("polite", "t5"), "prompt 't5': use letters"),
        (good + 'words = {yes = "Yes"}\n', "words are for classes"),
        (good + "answer = {padded = false}\n", "have no 'padded', but field"),
        (good + "shots = 3\n", "unknown key 'shots'"),
    ):
        with pytest.raises(SpecError, match=message):
            task(tmp_path, "csv", CSV, row=bad)
