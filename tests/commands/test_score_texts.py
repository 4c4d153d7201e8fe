"""score: several references, standard input, a tokenizer, and a folder with a whole benchmark's predictions."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pytest
import sacrebleu
import tomli_w

import task_specs
from tests.commands.conftest import Command

SAID = ["the cat sat on the mat today", "green tea is what we like", "he goes home late"]
SETS = [
    ["the cat sat on a mat today", "we like green tea very much", "he goes home late"],
    ["a cat was sitting on the mat", "green tea is what we love", "late he goes home now"],
]


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Predictions, and two files of references."""
    paths = [tmp_path / name for name in ("said", "first", "second")]
    for path, texts in zip(paths, [SAID, *SETS], strict=True):
        path.write_text("\n".join(texts) + "\n")
    return paths


def test_several_references_of_one_option_or_of_two(t5eval: Command, files: list[Path]) -> None:
    said, first, second = files
    together = t5eval("score", "wmt14/de-en", "--references", first, second, "--predictions", said, "--json")
    twice = ("--references", first, f"--references={second}")
    apart = t5eval("score", "wmt14/de-en", *twice, "--predictions", said, "--json")
    assert together.json == apart.json
    scores = together.json["scores"]
    assert scores["bleu"]["value"] == sacrebleu.corpus_bleu(SAID, SETS, force=True).score
    assert scores["chrf"]["value"] == sacrebleu.corpus_chrf(SAID, SETS).score
    alone = t5eval("score", "wmt14/de-en", "--references", second, "--predictions", said, "--json").json["scores"]
    assert alone["bleu"]["value"] != scores["bleu"]["value"]


def test_scores_and_tokenizer_asked_for(t5eval: Command, files: list[Path]) -> None:
    said, first, _ = files
    shared = ("score", "wmt14/de-en", "--references", first, "--predictions", said, "--json")
    scores = t5eval(*shared, "--metric", "ter", "chrf++", "--tokenize", "char").json["scores"]
    assert list(scores) == ["bleu", "chrf", "bleu_t5", "ter", "chrf++"]
    assert scores["bleu"]["value"] == sacrebleu.corpus_bleu(SAID, SETS[:1], tokenize="char").score
    assert scores["ter"]["value"] == sacrebleu.corpus_ter(SAID, SETS[:1]).score
    assert scores["chrf++"]["value"] == sacrebleu.corpus_chrf(SAID, SETS[:1], word_order=2).score
    assert "|tok:char|" in scores["bleu"]["signature"]
    for more, message in (
        (("--metric", "tre"), "unknown metric 'tre'. Did you mean 'ter'"),
        (("--metric", "accuracy"), "'accuracy'"),
        (("--tokenize", "14a"), "'14a' is not one of '13a'"),
    ):
        done = t5eval(*shared, *more)
        assert (done.status, done.out) == (2, "")
        assert message in done.err
    for option in (["--tokenize", "zh"], ["--sentence-marks"]):
        done = t5eval("score", "glue/rte", "--split", "validation", "--predictions", said, *option)
        assert f"glue/rte: {option[0]} is for free texts, its answers are of kind 'label'" in done.err
    done = t5eval(*shared, "--format", "csv")
    assert "line 1: expected a header with one of prediction, " in done.err
    assert f"got {SAID[0]!r}" in done.err


def test_standard_input(t5eval: Command, files: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    said, first, second = files
    by_file = t5eval("score", "wmt14/de-en", "--references", first, "--predictions", said, "--json").json
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(said.read_bytes())))
    by_pipe = t5eval("score", "wmt14/de-en", "--references", first, "--predictions", "-", "--json").json
    assert by_pipe == by_file
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(second.read_bytes())))
    found = t5eval("score", "wmt14/de-en", "--references", first, "-", "--predictions", said, "--json").json
    assert found["scores"]["bleu"]["value"] == sacrebleu.corpus_bleu(SAID, SETS, force=True).score
    done = t5eval("score", "wmt14/de-en", "--references", "-", "--predictions", "-")
    assert (done.status, "--references and --predictions are both -" in done.err) == (2, True)


def test_a_benchmark_in_one_call(t5eval: Command, suite: Path, perfect_run: Path, tmp_path: Path) -> None:
    names = [name for name in task_specs.BENCHMARKS["glue"].tasks if name != "glue/ax"]
    shared = ("--data-dir", suite, "--json")
    asked = ("score", "glue", "--split", "validation", "--predictions")
    whole = t5eval(*asked, perfect_run, *shared)
    assert whole.status == 0
    assert list(whole.json["results"]) == names
    for name in names:
        file = perfect_run / "predictions" / name / "validation.jsonl"
        alone = t5eval("score", name, "--split", "validation", "--predictions", file, *shared).json
        assert whole.json["results"][name]["validation"] == alone
    average = whole.json["benchmarks"]["glue"]["validation"]
    assert average["average"] is None
    assert average["missing"]["glue/cola"] == "90 of 1,043 examples"
    folder = tmp_path / "mine"
    for name in names[:2]:
        shutil.copytree(perfect_run / "predictions" / name, folder / name)
    done = t5eval("score", "glue", "--predictions", folder, *shared)
    assert {name: [*splits] for name, splits in done.json["results"].items()} == {n: ["validation"] for n in names[:2]}
    left_out = "\n".join(done.json["left_out"])
    assert "glue/cola test is left out: has no labels here" in left_out
    rest = [name for name in task_specs.BENCHMARKS["glue"].tasks if name not in names[:2]]
    assert f"left out, without a file {folder}/TASK/SPLIT.jsonl: {', '.join(rest)}" in left_out
    lines = t5eval("score", "glue", "--predictions", folder, "--data-dir", suite).out
    assert "glue validation average: incomplete, for want of " in lines


def test_a_folder_that_says_nothing(t5eval: Command, tmp_path: Path) -> None:
    for message, *asked in (
        ("'glue' is a benchmark: --predictions is then a folder", "glue", "--predictions", __file__),
        ("nothing to score; left out, without a file ", "glue", "--predictions", tmp_path),
    ):
        done = t5eval("score", *asked, "--data-dir", tmp_path)
        assert (done.status, done.out) == (2, "")
        assert message in done.err


def test_references_of_several_translators_in_xml(t5eval: Command, tmp_path: Path) -> None:
    texts = {
        "en": ["Where is the green house?", "Here."],
        "A": ["Wo ist das grüne Haus?", "Hier."],
        "C": ["Wo steht das Haus, das grüne?", "Da."],
    }
    segments = {k: "".join(f'<seg id="{i}">{t}</seg>' for i, t in enumerate(v, start=1)) for k, v in texts.items()}
    refs = "".join(f'<ref lang="de" translator="{k}"><p>{segments[k]}</p></ref>' for k in "AC")
    document = f'<doc id="d" origlang="en"><src lang="en"><p>{segments["en"]}</p></src>{refs}</doc>'
    (tmp_path / "wmt" / "dev").mkdir(parents=True)
    (tmp_path / "wmt" / "dev" / "newstest2021.en-de.xml").write_text(f"<dataset id='s'>{document}</dataset>")
    row = task_specs.get("wmt19/en-de").to_dict()
    said = ["Wo steht das grüne Haus?", "Hier."]
    (tmp_path / "said").write_text("\n".join(said))

    def bleu(*translators: str) -> tuple[float, str]:
        source = {"kind": "parallel_text", "folder": "wmt", "source": "en", "target": "de"}
        source |= {"sets": {"test": ["newstest2021"]}, "translators": list(translators)}  # type: ignore[dict-item]
        keep = {key: row[key] for key in ("text", "answer", "metrics", "lengths", "decode")}
        document = {"name": "mine/2021", "benchmark": "mine", "sizes": {"test": 2}, "source": source, **keep}
        (tmp_path / "row.toml").write_text(tomli_w.dumps(document))
        options = ("--split", "test", "--data-dir", tmp_path, "--predictions", tmp_path / "said", "--json")
        done = t5eval("score", tmp_path / "row.toml", *options)
        assert done.status == 0, done.err
        return done.json["scores"]["bleu"]["value"], done.err

    both = sacrebleu.corpus_bleu(said, [texts["A"], texts["C"]], force=True).score
    assert bleu("A", "C")[0] == both
    assert bleu("C")[0] == sacrebleu.corpus_bleu(said, [texts["C"]], force=True).score
    value, notes = bleu()
    assert value == sacrebleu.corpus_bleu(said, [texts["A"]], force=True).score
    assert "of several translations the first is taken" in notes
    with pytest.raises(AssertionError, match="no translation by 'B', but by 'A', 'C'"):
        bleu("B")
