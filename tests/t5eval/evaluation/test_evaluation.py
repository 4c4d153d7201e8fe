"""Predicting splits with a model that lives in this file: no batch size, no interruption changes a result."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import task_specs
from t5eval.api.arguments import Silent
from t5eval.data import Split, open_split
from t5eval.evaluation.batches import MAX_BATCH_ROWS, plan_batches
from t5eval.evaluation.settings import RunSettings
from t5eval.evaluation.splits import evaluate_splits
from t5eval.predictors.predictor import Generation, Predictor, Prepared, Rank, Sample
from t5eval.support.errors import RunError
from task_specs import Decode
from task_specs.support.errors import UserError
from tests.t5eval.glue_files import MNLI_WIDE, RTE, put

LENGTHS = st.lists(st.integers(0, 600), max_size=600)


@settings(deadline=None, max_examples=150, derandomize=True)
@given(LENGTHS, st.integers(1, 5000))
def test_batches(lengths: list[int], budget: int) -> None:
    batches = plan_batches(lengths, budget)
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    assert all(batches)
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(lengths[i] for i in batch) <= budget
        assert len(batch) <= MAX_BATCH_ROWS
    # The longest first, so that memory runs out at once or not at all; of equals the first first.
    order = [i for batch in batches for i in batch]
    assert order == sorted(order, key=lambda i: (-lengths[i], i))
    assert plan_batches(list(lengths), budget) == batches
    # No batch but the last could have taken one more.
    for batch in batches[:-1]:
        assert len(batch) == MAX_BATCH_ROWS or (len(batch) + 1) * max(lengths[batch[0]], 1) > budget


@settings(deadline=None, max_examples=50, derandomize=True)
@given(LENGTHS, st.integers(1, 5000))
def test_batches_with_powers_of_two_as_rows(lengths: list[int], budget: int) -> None:
    batches = plan_batches(lengths, budget, powers=True)
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    assert all(len(batch).bit_count() == 1 for batch in batches[:-1])
    assert all(len(batch) == 1 or len(batch) * lengths[batch[0]] <= budget for batch in batches)


@pytest.mark.parametrize("length", [0, 1, 3])
def test_a_thousand_short_inputs_go_in_batches_of_the_most_rows(length: int) -> None:
    batches = plan_batches([length] * 1000, 16_384)
    assert MAX_BATCH_ROWS < 1000
    assert [len(batch) for batch in batches[:-1]] == [MAX_BATCH_ROWS] * (len(batches) - 1)
    assert [i for batch in batches for i in batch] == list(range(1000))


class Interrupted(Exception):
    """What stops a run in these tests."""


@dataclass
class WordModel(Predictor):
    """Answers by the letters of the input; a token is a word. Counts what it was asked for."""

    name: str = "words"
    stop_after: int | None = None  # batches
    batches: list[int] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    @property
    def identity(self) -> Mapping[str, str]:
        return {"weights": self.name}

    def device(self) -> str | None:
        return "paper" if self.batches else None

    def prepare(self, texts: Sequence[str], max_tokens: int) -> list[Prepared]:
        words = [text.split() for text in texts]
        return [Prepared(w[: max_tokens - 1], min(len(w) + 1, max_tokens), len(w) >= max_tokens) for w in words]

    def generate(self, batch: Sequence[Prepared], max_new_tokens: int, decode: Decode) -> list[Generation]:
        if self.stop_after is not None and len(self.batches) >= self.stop_after:
            raise Interrupted
        assert max_new_tokens == 84
        assert decode == Decode()
        self.batches.append(len(batch))
        texts = [" ".join(prepared.payload) for prepared in batch]
        self.seen += texts
        answers = ("entailment", "not_entailment", "neutral", "what?\u2028\n")
        return [Generation(answers[sum(map(ord, text)) % 4], len(text) % 5 == 0) for text in texts]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    rows = [f"{i}\t{'word ' * (i * 7 % 23)}{i}\tB {'x' * (i % 5)}." for i in range(70)]
    long = f"70\t{'long ' * 600}\tB."
    labels = ("entailment", "not_entailment")
    put(folder, "RTE/dev.tsv", RTE + "".join(f"{r}\t{labels[i % 2]}\n" for i, r in enumerate([*rows, long])).encode())
    put(folder, "RTE/test.tsv", b"index\tsentence1\tsentence2\n" + "".join(f"{r}\n" for r in rows).encode())
    mnli = "".join(f"{i}\t1\t1n\tg\t\t\t\t\tP {i}.\tH.\tneutral\n" for i in range(30))
    put(folder, "MNLI/dev_matched.tsv", f"{MNLI_WIDE}gold_label\n{mnli}".encode())
    put(folder, "diagnostic/diagnostic.tsv", b"index\tsentence1\tsentence2\n0\tP.\tH.\n1\tQ.\tI.\n")
    put(folder, "diagnostic/diagnostic-full.tsv", b"Premise\tHypothesis\tLabel\nP.\tH.\tneutral\nQ.\tI.\tneutral\n")
    return folder


PLACES = [("glue/rte", "validation"), ("glue/rte", "test"), ("glue/mnli_matched", "validation"), ("glue/ax", "test")]


def splits(data: Path) -> list[Split]:
    return [open_split(task_specs.get(task), split, data, with_labels=True) for task, split in PLACES]


def evaluate(model: WordModel, data: Path, run: Path, progress: Any = Silent, **options: Any) -> dict[str, Any]:
    settings = RunSettings("test", "words", **options)
    _, document = evaluate_splits(model, splits(data), run, settings, progress=progress)
    return document


def files(run: Path) -> dict[str, bytes]:
    return {str(p.relative_to(run)): p.read_bytes() for p in sorted(run.rglob("*")) if p.is_file()}


def test_a_run(data: Path, tmp_path: Path) -> None:
    model = WordModel()
    document = evaluate(model, data, tmp_path, batch_tokens=64)
    assert json.loads((tmp_path / "results.json").read_text(encoding="utf-8")) == document
    assert document["model"] == {"weights": "words"}
    assert (document["command"], document["device"], document["batch_tokens"]) == ("test", "paper", 64)
    assert sum(model.batches) == 71 + 70 + 30 + 2
    rte = document["results"]["glue/rte"]["validation"]
    assert (rte["n"], rte["labelled"], rte["missing"], rte["truncated_inputs"], rte["limit"]) == (71, True, 0, 1, None)
    assert rte["data"]["examples"] == 71
    assert rte["data"]["notes"] == ["glue/rte validation has 71 examples here, officially 277"]
    lines = (tmp_path / "predictions/glue/rte/validation.jsonl").read_bytes().split(b"\n")[:-1]
    records = [json.loads(line) for line in lines]
    assert [record["id"] for record in records] == [str(i) for i in range(71)]  # in file order
    assert rte["unreadable"] == sum(r["prediction"] not in ("entailment", "not_entailment") for r in records) > 0
    assert rte["outputs_at_limit"] == sum("hit_limit" in r for r in records) > 0
    assert [r["id"] for r in records if "truncated" in r] == ["70"]
    correct = sum(r["prediction"] == ("entailment", "not_entailment")[i % 2] for i, r in enumerate(records))
    assert rte["scores"]["accuracy"]["value"] == pytest.approx(100 * correct / 71)
    assert document["results"]["glue/rte"]["test"]["labelled"] is False
    assert document["results"]["glue/ax"]["test"]["labelled"] is True
    assert document["benchmarks"]["glue"]["validation"]["average"] is None
    assert document["benchmarks"]["glue"]["validation"]["missing"]["glue/rte"] == "71 of 277 examples"


def test_no_input_is_longer_than_its_limit(data: Path, tmp_path: Path) -> None:
    model = WordModel()
    evaluate(model, data, tmp_path)
    assert max(len(text.split()) for text in model.seen) == 511


def test_what_was_predicted_before_a_kill_keeps_its_device(data: Path, tmp_path: Path) -> None:
    """Killed after the last prediction and before results.json, the next process needs no model."""
    evaluate(WordModel(), data, tmp_path / "run")
    whole = files(tmp_path / "run")
    assert json.loads(whole["results.json"])["calls"][0]["device"] == "paper"
    (tmp_path / "run" / "results.json").unlink()
    evaluate(WordModel(stop_after=0), data, tmp_path / "run")
    assert files(tmp_path / "run") == whole


@pytest.mark.parametrize("batch_tokens", [1, 37, 512, 100_000])
def test_results_do_not_depend_on_the_batches(data: Path, tmp_path: Path, batch_tokens: int) -> None:
    evaluate(WordModel(), data, tmp_path / "plain")
    evaluate(WordModel(), data, tmp_path / "other", batch_tokens=batch_tokens)
    plain, other = files(tmp_path / "plain"), files(tmp_path / "other")
    for name in plain:
        if name.endswith(".jsonl") and "meta" not in name:
            assert plain[name] == other[name]
    one, two = json.loads(plain["results.json"]), json.loads(other["results.json"])
    for part, same in ((one, two), (one["calls"][0], two["calls"][0])):
        assert (part.pop("batch_tokens"), same.pop("batch_tokens")) == (8192, batch_tokens)
    assert one == two


@pytest.mark.parametrize("stop_after", [0, 1, 5, 6, 11, 12])
def test_a_resumed_run_is_the_same_to_the_byte(data: Path, tmp_path: Path, stop_after: int) -> None:
    whole = WordModel()
    evaluate(whole, data, tmp_path / "whole", batch_tokens=300)
    cut = WordModel(stop_after=stop_after)
    assert stop_after < len(whole.batches)
    with pytest.raises(Interrupted):
        evaluate(cut, data, tmp_path / "cut", batch_tokens=300)
    rest = WordModel()
    evaluate(rest, data, tmp_path / "cut", batch_tokens=300)
    assert files(tmp_path / "cut") == files(tmp_path / "whole")
    assert cut.batches + rest.batches == whole.batches  # no batch twice, none left out


def test_a_run_cut_inside_a_line_is_the_same_to_the_byte(data: Path, tmp_path: Path) -> None:
    evaluate(WordModel(), data, tmp_path / "whole", batch_tokens=300)
    with pytest.raises(Interrupted):
        evaluate(WordModel(stop_after=2), data, tmp_path / "cut", batch_tokens=300)
    path = tmp_path / "cut/predictions/glue/rte/validation.jsonl"
    path.write_bytes(path.read_bytes()[:-7])
    evaluate(WordModel(), data, tmp_path / "cut", batch_tokens=300)
    assert files(tmp_path / "cut") == files(tmp_path / "whole")


def test_a_finished_run_asks_the_model_nothing(data: Path, tmp_path: Path) -> None:
    evaluate(WordModel(), data, tmp_path)
    before = files(tmp_path)
    again = WordModel()
    evaluate(again, data, tmp_path)
    assert again.batches == []
    assert files(tmp_path) == before


def test_another_model_is_refused_before_it_is_asked(data: Path, tmp_path: Path) -> None:
    evaluate(WordModel(), data, tmp_path)
    before = files(tmp_path)
    other = WordModel("other")
    with pytest.raises(RunError, match="holds results of another model; give another --out"):
        evaluate(other, data, tmp_path)
    assert other.batches == []
    assert files(tmp_path) == before


class SameWords(WordModel):
    """Says which inputs are the same to it."""

    def prepare(self, texts: Sequence[str], max_tokens: int) -> list[Prepared]:
        return [replace(p, same=" ".join(p.payload).encode()) for p in super().prepare(texts, max_tokens)]


class Drawing(SameWords):
    """Draws, so that each of the same inputs has its own answer."""

    def generate(self, batch: Sequence[Prepared], max_new_tokens: int, decode: Any) -> list[Generation]:
        return [
            Generation(f"{generation.text} {prepared.number}", False)
            for generation, prepared in zip(super().generate(batch, max_new_tokens, Decode()), batch, strict=True)
        ]


@pytest.fixture(scope="module")
def repeated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every pair of sentences four times; one that is as long as an input may be, and two that are cut to it."""
    folder = tmp_path_factory.mktemp("repeated")
    texts = [f"{'word ' * (i % 9)}\tB." for i in range(36)]
    longest = "long " * 507  # with the words around it, 511 and the end
    texts += [f"{longest}\tB.", f"{longest}\tB. cut", f"{longest}\tB. cut otherwise"]
    rows = "".join(f"{i}\t{text}\tentailment\n" for i, text in enumerate(texts))
    put(folder, "RTE/dev.tsv", RTE + rows.encode())
    return folder


def stored(model: WordModel, data: Path, run: Path, **options: Any) -> bytes:
    split = open_split(task_specs.get("glue/rte"), "validation", data, with_labels=True)
    evaluate_splits(model, [split], run, RunSettings("test", "words", **options))
    return (run / "predictions/glue/rte/validation.jsonl").read_bytes()


def test_inputs_that_are_the_same_are_answered_once(repeated: Path, tmp_path: Path) -> None:
    each, once = WordModel(), SameWords()
    expected = stored(each, repeated, tmp_path / "each", batch_tokens=40)
    assert stored(once, repeated, tmp_path / "once", batch_tokens=40) == expected
    assert sorted(once.seen) == sorted(set(each.seen))
    assert (len(each.seen), len(once.seen)) == (39, 10)
    records = [json.loads(line) for line in expected.splitlines()]
    assert [r["id"] for r in records if "truncated" in r] == ["37", "38"]


@pytest.mark.parametrize("stop_after", [0, 1, 3])
def test_same_inputs_are_resumed_to_the_byte(repeated: Path, tmp_path: Path, stop_after: int) -> None:
    whole, cut, rest = SameWords(), SameWords(stop_after=stop_after), SameWords()
    expected = stored(whole, repeated, tmp_path / "whole", batch_tokens=40)
    with pytest.raises(Interrupted):
        stored(cut, repeated, tmp_path / "cut", batch_tokens=40)
    assert stored(rest, repeated, tmp_path / "cut", batch_tokens=40) == expected
    assert cut.batches + rest.batches == whole.batches


def test_same_inputs_whose_answers_are_drawn_are_each_drawn(repeated: Path, tmp_path: Path) -> None:
    model = Drawing()
    lines = stored(model, repeated, tmp_path, answering={"glue/rte": Sample(seed=1)}).splitlines()
    assert len(model.seen) == 39
    assert [json.loads(line)["prediction"].rpartition(" ")[2] for line in lines] == [str(i) for i in range(39)]


@pytest.mark.parametrize("options", [{"batch_tokens": 9}, {"limit": 3}])
def test_other_settings_are_refused(data: Path, tmp_path: Path, options: dict[str, int]) -> None:
    evaluate(WordModel(), data, tmp_path)
    with pytest.raises(RunError, match=f"made with another {next(iter(options))}; give another --out"):
        evaluate(WordModel(), data, tmp_path, **options)


def test_a_run_older_than_the_choice_of_a_method_goes_on(data: Path, tmp_path: Path) -> None:
    evaluate(WordModel(), data, tmp_path / "whole", batch_tokens=300)
    with pytest.raises(Interrupted):
        evaluate(WordModel(stop_after=8), data, tmp_path / "old", batch_tokens=300)
    for path in (tmp_path / "old").rglob("*.meta.json"):
        path.write_text(json.dumps({k: v for k, v in json.loads(path.read_text()).items() if k != "decode"}))
    with pytest.raises(RunError, match="made with another decode; give another --out"):
        evaluate(WordModel(), data, tmp_path / "old", batch_tokens=300, answering={"glue/rte": Rank(("a", "b"))})
    evaluate(WordModel(), data, tmp_path / "old", batch_tokens=300)
    whole, old = files(tmp_path / "whole"), files(tmp_path / "old")
    assert all(whole[name] == old[name] for name in whole if not name.endswith(".meta.json"))


def test_changed_data_is_refused(data: Path, tmp_path: Path) -> None:
    evaluate(WordModel(), data, tmp_path / "run")
    changed = tmp_path / "data"
    for path in (p for p in data.rglob("*") if p.is_file()):
        put(changed, str(path.relative_to(data / "glue")), path.read_bytes().replace(b"word", b"ward", 1))
    with pytest.raises(RunError, match="made with another data; give another --out"):
        evaluate(WordModel(), changed, tmp_path / "run")


def test_a_limit(data: Path, tmp_path: Path) -> None:
    model = WordModel()
    document = evaluate(model, data, tmp_path, limit=3)
    assert sum(model.batches) == 3 * 3 + 2
    rte = document["results"]["glue/rte"]["validation"]
    assert (rte["n"], rte["limit"]) == (3, 3)
    assert rte["data"]["examples"] == 71  # all of it was read: its hash belongs to the result


def test_progress_is_told(data: Path, tmp_path: Path) -> None:
    from contextlib import contextmanager

    told: list[tuple[str, int, int]] = []

    @contextmanager
    def progress(name: str) -> Any:
        yield lambda done, total: told.append((name, done, total))

    with pytest.raises(Interrupted):
        evaluate(WordModel(stop_after=3), data, tmp_path, batch_tokens=300, progress=progress)
    dones = [done for name, done, _ in told if name == "glue/rte validation"]
    assert len(dones) == 4
    assert dones == sorted(dones)
    assert dones[0] == 0
    before = dones[-1]
    told.clear()
    evaluate(WordModel(), data, tmp_path, batch_tokens=300, progress=progress)
    assert told[0] == ("glue/rte validation", before, 71)  # where the first process stopped
    assert [t for t in told if t[1] == t[2]] == [
        ("glue/rte validation", 71, 71),
        ("glue/rte test", 70, 70),
        ("glue/mnli_matched validation", 30, 30),
        ("glue/ax test", 2, 2),
    ]


def test_a_metric_that_does_not_suit_is_found_before_the_model_is_asked(data: Path, tmp_path: Path) -> None:
    import dataclasses

    wrong = dataclasses.replace(task_specs.get("glue/ax"), metrics=("f1",), task_score=("f1",))
    model = WordModel()
    chosen = [*splits(data), Split(wrong, "test", data, with_labels=True)]
    with pytest.raises(UserError, match="metric 'f1' does not suit its answers"):
        evaluate_splits(model, chosen, tmp_path, RunSettings("test", "words"))
    assert model.batches == []


def test_a_model_that_loses_an_answer_is_an_error(data: Path, tmp_path: Path) -> None:
    class Forgetful(WordModel):
        def generate(self, batch: Sequence[Prepared], max_new_tokens: int, decode: Decode) -> list[Generation]:
            return super().generate(batch, max_new_tokens, decode)[1:]

    with pytest.raises(UserError, match=r"gives \d+ answers to \d+ inputs; it must give one to each"):
        evaluate(Forgetful(), data, tmp_path)


class Writer(WordModel):
    """A model that writes one text, and whose vocabulary nobody knows."""

    def generate(self, batch: Sequence[Prepared], max_new_tokens: int, decode: Decode) -> list[Generation]:
        return [Generation("été", hit_limit=False) for _ in batch]


class AsciiWriter(Writer):
    """One whose vocabulary is ASCII."""

    def count_unwritable(self, texts: Sequence[str]) -> int:
        return sum(not text.isascii() for text in texts)


def test_references_that_the_model_cannot_write_are_counted(tmp_path: Path) -> None:
    (tmp_path / "wmt" / "en-fr").mkdir(parents=True)
    for language, text in {"en": "one\ntwo\nthree\n", "fr": "été\ndeux\nnoël\n"}.items():
        (tmp_path / "wmt" / "en-fr" / f"newstest2014.{language}").write_text(text, encoding="utf-8")
    split = open_split(task_specs.get("wmt14/en-fr"), "test", tmp_path, with_labels=True)
    line = "2 of 3 references have characters that the model's vocabulary cannot write"
    for model, expected in ((AsciiWriter("ascii"), [line]), (Writer(), [])):
        (result,), _ = evaluate_splits(model, [split], tmp_path / model.name, RunSettings("test", "words"))
        assert [cause for cause in result.score.causes if "vocabulary" in cause] == expected
