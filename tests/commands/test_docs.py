"""The documentation's examples, run as they stand; its links, followed."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from keras_model.config import T5Config
from keras_model.training.step_memory import step_memory
from t5eval.metrics import registry
from t5eval.training.config import resolve
from task_specs.kinds import ANSWERS, SOURCES, SUBMISSION_FILES, TEXT_FORMATS
from task_specs.support.errors import UserError
from tests.forked import Forks
from tests.t5eval.data import test_glue_t5_output as glue
from tests.t5eval.data import test_super_glue_t5_output as super_glue
from tests.t5eval.data import test_text_tasks_t5_output as text_tasks

ROOT = Path(__file__).resolve().parents[2]
MADE = [path.stem.removeprefix("write_") for path in sorted((ROOT / "docs").glob("write_*.py"))]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: str, language: str) -> list[str]:
    """Returns a page's code blocks in one language."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


def test_the_mixture_file_has_shares(t5eval: Any, tmp_path: Path) -> None:
    own, less, config = blocks("docs/mixtures.md", "toml")
    (tmp_path / "mine.toml").write_text(own)
    assert t5eval("show", tmp_path / "mine.toml", "--json").json["members"][1]["factor"] == 0.5
    (tmp_path / "less.toml").write_text(less)
    assert "glue/cola" not in [row["task"] for row in t5eval("show", tmp_path / "less.toml", "--json").json["shares"]]
    (tmp_path / "train.toml").write_text(config.replace('model = "FOLDER"', 'preset = "t5-small"\nvocab = "bytes"'))
    done = t5eval("train", "--config", tmp_path / "train.toml", "--data-dir", tmp_path, "--out", tmp_path / "run")
    assert f"{tmp_path}/glue/RTE/train.tsv: no such file" in done.err


def test_text_becomes_pairs_as_shown(tmp_path: Path) -> None:
    from keras_model.tokenizers.sentencepiece import T5Tokenizer

    (code,) = blocks("docs/text.md", "python")
    (tmp_path / "news.txt").write_text("the goat is in the garden and the rope is there too\n" * 9)
    T5Tokenizer.train(["the goat is in the garden and the rope is there too"], tmp_path / "spiece.model", 40)
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "goat" in done.stdout


@pytest.mark.slow
@pytest.mark.tensorflow
def test_the_model_is_called_as_shown(tensorflow_forks: Forks) -> None:
    (code,) = blocks("docs/training.md", "python")
    given = "import numpy as np\nencoder_ids = np.ones((1, 3), int)\ndecoder_ids = np.zeros((1, 2), int)\n"
    check = "\nassert logits.shape == (1, 2, 32128)\n"
    done = tensorflow_forks.run(["-c", given + code + check])
    assert done.returncode == 0, done.stderr.decode()[-3000:]


@pytest.mark.slow
@pytest.mark.tensorflow
def test_the_model_is_a_keras_model_as_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tensorflow_forks: Forks
) -> None:
    """The page's code, from top to bottom in one program; its model's name is a folder here."""
    *code, scores = blocks("docs/keras.md", "python")
    given = """
import warnings
warnings.simplefilter("error", UserWarning)
from t5eval.demo.demo import suite_folder
data = suite_folder()
import keras_model
keras_model.T5Tokenizer.train(["sst2 sentence: a fine film", "positive", "negative"], "spiece.model", 40)
tokenizer = keras_model.T5Tokenizer("spiece.model")
config = keras_model.T5Config(vocab_size=256, d_model=16, d_kv=8, d_ff=32, num_heads=2, num_layers=1)
keras_model.save_model(keras_model.T5(config), "google-t5/t5-small", tokenizer)
"""
    check = """
assert set(history.history) == {"loss", "token_accuracy", "gradient_norm"}
assert 0 <= accuracy <= 1 and loss > 0
assert len(texts) == 4 and all(isinstance(text, str) for text in texts)
expected = same.generate(sources, max_new_tokens=8)
assert again.generate(sources, max_new_tokens=8) == expected
assert again.preprocessor.encoder_sequence_length == same.preprocessor.encoder_sequence_length == 256
assert [ids.shape, logits.shape] == [(4, 32), (*labels.shape, 256)]
assert (ids[:, :8] == same.generate(inputs["encoder_ids"], max_new_tokens=8)).numpy().all()
assert small.quantized == "int8"
"""
    after = """
assert {"loss", "glue/rte", "glue/rte/accuracy", "glue/mrpc", "glue/mrpc/f1"} <= set(results)
assert len(history.history["val_glue/rte/accuracy"]) == 1
assert set(metric.result()) == {"glue/sst2", "glue/sst2/accuracy"}
"""
    monkeypatch.chdir(tmp_path)
    done = tensorflow_forks.run(["-c", "\n".join([given, *code, check, scores, after])])
    assert done.returncode == 0, done.stderr.decode()[-3000:]


def test_the_page_on_prompts_works_as_it_stands(t5eval: Any, suite: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    code, call = blocks("docs/prompts.md", "python")
    polite, capitals = blocks("docs/prompts.md", "toml")
    (tmp_path / "mine.py").write_text(code)
    page = (ROOT / "docs" / "prompts.md").read_text(encoding="utf-8")
    commands = re.findall(r"^t5eval .*", page, re.MULTILINE)
    assert len(commands) == 6
    for line in commands:
        done = t5eval(*(str(suite) if part == "DATA" else part for part in shlex.split(line)[1:]))
        assert done.status == 0, done.err
    assert "accuracy_strict" in done.out
    (tmp_path / "mine.toml").write_text(polite)
    asked = t5eval("examples", "glue/rte", "--split", "test", "--data-dir", suite, "--prompt", "mine.toml:polite")
    assert 'Say \\"it does\\" or' in asked.out
    (tmp_path / "capitals.toml").write_text(capitals)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "dev.csv").write_text('inputs,targets\n"France, capital?",Paris\n')
    assert len(capitals.splitlines()) == 8
    pairs = t5eval("examples", "capitals.toml", "--split", "validation", "--data-dir", tmp_path)
    assert pairs.out == '{"id": "0", "inputs": "France, capital?", "targets": "Paris"}\n'
    scope: dict[str, Any] = {}
    given = f"{code}\nmodel, data, out = Obliging(), {str(suite)!r}, {str(tmp_path / 'py')!r}\n"
    exec(given + call.rstrip().replace("[result", "said = [result"), scope)
    assert scope["said"] == ["t5", "follows"]


@pytest.mark.parametrize("name", MADE)
def test_a_page_that_is_made_of_the_code_is_current(name: str) -> None:
    written = subprocess.run(
        [sys.executable, "-c", f"import write_{name}; print(write_{name}.page(), end='')"],
        cwd=ROOT / "docs", capture_output=True, text=True, encoding="utf-8", check=True, timeout=60,
    ).stdout  # fmt: skip
    assert (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8") == written, f"run: python docs/write_{name}.py"


@pytest.mark.parametrize("name", MADE)
def test_every_key_has_a_meaning(name: str) -> None:
    lines = (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.endswith("|  |")] == []


def test_the_page_of_training_keys_has_what_a_file_may_say() -> None:
    page = (ROOT / "docs" / "training_keys.md").read_text(encoding="utf-8")
    (table,) = re.findall(r"^## `\[train\]`\n(.*?)^## ", page, re.MULTILINE | re.DOTALL)
    keys = re.findall(r"^\| `(\w+)` \| (\S+) ", table, re.MULTILINE)
    with pytest.raises(UserError, match="the keys are") as refused:
        resolve({"no such key": 1}, "")
    assert sorted(key for key, _ in keys) == sorted(re.findall(r"\w+", str(refused.value).partition("keys are")[2]))
    assert [key for key, flag in keys if flag == "–"] == ["config", "rates", "text"]


def test_the_page_of_kinds_has_every_kind() -> None:
    page = (ROOT / "docs" / "kinds.md").read_text(encoding="utf-8")
    headings = [line.removeprefix('### kind = "').removesuffix('"') for line in page.splitlines() if 'kind = "' in line]
    assert headings == [cls.kind for cls in (*SOURCES, *TEXT_FORMATS, *ANSWERS, *SUBMISSION_FILES)]  # type: ignore[attr-defined]


def test_every_metric_is_defined() -> None:
    page = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    builtin = {name for name, _ in registry._METRICS}
    assert [name for name in sorted(builtin) if f"`{name}`" not in page] == []


def test_every_page_of_the_site_is_in_its_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:")[2]
    pages = {page.name for page in PAGES if page.parent == ROOT / "docs"}
    assert set(re.findall(r": ([\w-]+\.md)$", navigation, re.MULTILINE)) == pages


@pytest.fixture
def reader(shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A reader's folder: the official files, and the published predictions that pages score."""
    for name in ("data", "DATA"):
        (tmp_path / name).symlink_to(shared_data)
    for path in (shared_data / "predictions").glob("*/*"):
        (tmp_path / path.name).symlink_to(path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("reader")
def test_the_readme_shows_what_is_printed(t5eval: Any) -> None:
    (shown,) = (block for block in blocks("README.md", "") if block.startswith("$ t5eval"))
    _, *calls = shown.split("$ t5eval ")
    assert len(calls) == 2
    for call, _, printed in (call.partition("\n") for call in calls):
        done = t5eval(*shlex.split(call))
        assert done.status == 0, done.err
        assert done.out.rstrip() == printed.rstrip()


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("page", ["cnn_dailymail", "squad", "wmt"])
def test_a_benchmarks_page_shows_what_is_printed(t5eval: Any, page: str) -> None:
    """A command that is alone in its block, and behind it what it prints."""
    fenced = blocks(f"docs/{page}.md", "")
    (call, printed), *_ = [(a, b) for a, b in pairwise(fenced) if a.startswith("t5eval score") and "95 %" in b]
    done = t5eval(*shlex.split(call)[1:])
    assert done.status == 0, done.err
    assert done.out == printed


def test_the_readme_counts_the_rows_that_were_compared() -> None:
    tables = (glue.T5, super_glue.T5, text_tasks.T5)
    rows = sum(entry[0] for table in tables for entry in table.values()) + 10_570
    for page in ("README.md", "docs/reproducing.md"):
        assert f" all {rows:,} " in (ROOT / page).read_text(encoding="utf-8")


def test_the_page_on_reproducing_has_the_computed_memory() -> None:
    page = (ROOT / "docs" / "reproducing.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) x \((\d+) \+ (\d+)\), \w+ \| (\d+) \| (.*) \|$", page, re.MULTILINE)
    assert len(rows) == 4
    for *sizes, shown in rows:
        batch, source, target, parts = map(int, sizes)
        peaks = [
            step_memory(T5Config.preset(model), batch, source, target, dtype=dtype, accumulate=parts).peak
            for model in ("t5-small", "t5-base")
            for dtype in ("float32", "mixed_bfloat16")
        ]
        assert shown.split(" | ") == [f"{peak / 1e9:.1f}" for peak in peaks]


def test_the_picture_is_small_and_there() -> None:
    picture = (ROOT / "docs" / "report.png").read_bytes()
    assert picture.startswith(b"\x89PNG\r\n")
    assert len(picture) < 150_000
    first_screen = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n## ")[0]
    assert re.search(r"^!\[[^]]{20,}\]\(docs/report\.png\)$", first_screen, re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_has_a_thousand_words_under_one_heading(page: Path) -> None:
    if page.stem in MADE:
        return
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    parts = re.split(r"^#+ ", text, flags=re.MULTILINE)
    assert max(len(part.split()) for part in parts) < 1000
