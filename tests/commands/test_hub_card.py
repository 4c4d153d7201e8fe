"""What a run says on its model's page at the Hugging Face hub, read back by huggingface_hub's own classes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from t5eval import report
from tests.t5eval.reports.made_runs import split_entry, write_run

huggingface_hub = pytest.importorskip("huggingface_hub", minversion="1.4")

OLD = """---
language: en
license: apache-2.0
model-index:
- name: their-name
  results:
  - task: {type: text-classification}
    dataset: {name: glue/rte, type: nyu-mll/glue, config: rte, split: validation}
    metrics:
    - {type: accuracy, value: 1.5, name: accuracy}
  - task: {type: text-classification}
    dataset: {name: imdb, type: stanfordnlp/imdb}
    metrics:
    - {type: accuracy, value: 90.5}
---

# Their model

Dear text.
"""


def made_run(folder: Path) -> Path:
    """A run with two scores of a whole split, one with a warning, and one of a part of a split."""
    mrpc = {"f1": (87.5, (85.0, 90.0)), "accuracy": (82.25, (79.0, 85.0))}
    return write_run(
        folder,
        split_entry("glue/mrpc", "validation", mrpc),
        split_entry("glue/rte", "validation", {"accuracy": (62.0, (56.0, 68.0))}, unreadable=3),
        split_entry("glue/cola", "validation", {"matthews": (40.0, None)}, n=7, limit=7, examples=1043),
        split_entry("wmt14/en-de", "test", {"bleu": (28.5, (27.0, 29.0))}),
    )


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return made_run(tmp_path / "run")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Sequence[str]]:
    """The folder that `report --hub-card` wrote beside a run, where an earlier one was, and its notes."""
    folder = made_run(tmp_path_factory.mktemp("hub") / "run")
    (folder / "hub_card" / ".eval_results").mkdir(parents=True)
    (folder / "hub_card" / ".eval_results" / "glue_sst2.yaml").write_text("of an earlier report")
    return folder / "hub_card", report(folder, hub_card=True, digits=1).notes


def test_the_metadata_has_the_scores_of_whole_splits(written: tuple[Path, Sequence[str]]) -> None:
    folder, notes = written
    assert "not in the hub's metadata: glue/cola validation: a part of the split, 7 of 1,043 examples" in notes
    results = huggingface_hub.ModelCard((folder / "README.md").read_text(encoding="utf-8")).data.eval_results
    found = {(r.dataset_type, r.dataset_config, r.dataset_split, r.metric_type): r for r in results}
    assert {key: r.metric_value for key, r in found.items()} == {
        ("nyu-mll/glue", "mrpc", "validation", "f1"): 87.5,
        ("nyu-mll/glue", "mrpc", "validation", "accuracy"): 82.25,
        ("nyu-mll/glue", "rte", "validation", "accuracy"): 62.0,
        ("wmt/wmt14", "de-en", "test", "sacrebleu"): 28.5,
    }
    rte = found["nyu-mll/glue", "rte", "validation", "accuracy"]
    assert rte.metric_args["cautions"] == ["3 of 277 answers (1.1 %) are unreadable"]
    assert rte.metric_args["ci95"] == [56.0, 68.0]
    assert {r.task_type for r in results} == {"text-classification", "translation"}


def test_the_records_have_the_leaderboards_score_of_each_task(written: tuple[Path, Sequence[str]]) -> None:
    entries = {}
    for path in (written[0] / ".eval_results").iterdir():
        (entries[path.name],) = huggingface_hub.parse_eval_result_entries(yaml.safe_load(path.read_text()))
    assert {name: (e.dataset_id, e.task_id, e.value) for name, e in entries.items()} == {
        "glue_mrpc.yaml": ("nyu-mll/glue", "mrpc", (87.5 + 82.25) / 2),
        "glue_rte.yaml": ("nyu-mll/glue", "rte", 62.0),
        "wmt14_en-de.yaml": ("wmt/wmt14", "de-en", 28.5),
    }
    assert entries["glue_mrpc.yaml"].notes.startswith("f1 and accuracy on validation, t5eval ")
    assert entries["glue_rte.yaml"].notes.endswith("; 3 of 277 answers (1.1 %) are unreadable")


def test_the_section_has_the_part_of_a_split_too_with_its_note(written: tuple[Path, Sequence[str]]) -> None:
    text = (written[0] / "README.md").read_text(encoding="utf-8")
    assert "| glue/cola | validation | matthews | 7 | 40.0<sup>" in text
    assert "a part of the split" in text
    assert "`accuracy|n:277|t5eval:test`" in text
    assert str(written[0].parent) not in text


class Hub:
    """The hub, as far as `push` asks it."""

    def __init__(self, folder: Path, readme: str | None) -> None:
        self.folder, self.readme = folder, readme
        self.commits: list[dict[str, str]] = []

    def __call__(self) -> Hub:
        return self

    def model_info(self, repository: str, timeout: float) -> None:
        assert repository == "somebody/model"

    def hf_hub_download(self, repository: str, name: str) -> str:
        if self.readme is None:
            raise huggingface_hub.errors.EntryNotFoundError("no such file")
        (self.folder / name).write_text(self.readme, encoding="utf-8")
        return str(self.folder / name)

    def create_commit(self, repository: str, operations: list[Any], commit_message: str) -> Any:
        self.commits.append({one.path_in_repo: one.path_or_fileobj.decode() for one in operations})
        self.readme = self.commits[-1]["README.md"]
        return SimpleNamespace(commit_url="https://hub.example/commit/1")


@pytest.mark.parametrize("before", [None, OLD])
def test_push_sends_one_commit_and_keeps_what_is_there(
    t5eval: Any, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str | None
) -> None:
    hub = Hub(tmp_path, before)
    monkeypatch.setattr(huggingface_hub, "HfApi", hub)
    for _ in range(2):  # the second time, its own section and results are there
        done = t5eval("report", run, "--push", "somebody/model")
        assert done.status == 0, done.err
    assert "sent to the hub: https://hub.example/commit/1" in done.out
    assert len(hub.commits) == 2
    assert hub.commits[0] == hub.commits[1]
    assert set(hub.commits[0]) == {
        "README.md", ".eval_results/glue_mrpc.yaml", ".eval_results/glue_rte.yaml", ".eval_results/wmt14_en-de.yaml"
    }  # fmt: skip
    card = huggingface_hub.ModelCard(hub.commits[0]["README.md"])
    values = [result.metric_value for result in card.data.eval_results]
    assert sorted(values) == [28.5, 62.0, 82.25, 87.5, *([90.5] if before else [])]
    assert card.text.count("## Evaluation") == 1
    if before:
        assert (card.data.license, card.data.model_name) == ("apache-2.0", "their-name")
        assert "# Their model\n\nDear text." in card.text


def test_offline_nothing_is_done(t5eval: Any, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    done = t5eval("report", run, "--push", "somebody/model")
    assert (done.status, done.out) == (2, "")
    assert done.err == "t5eval: --push somebody/model: nothing was sent: HF_HUB_OFFLINE is set; unset it to send\n"
    assert [path.name for path in run.iterdir()] == ["results.json"]


def test_a_hub_out_of_reach_is_one_line(t5eval: Any, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://127.0.0.1:9")  # where nothing listens
    monkeypatch.setattr(huggingface_hub.hf_api.constants, "ENDPOINT", "http://127.0.0.1:9")
    done = t5eval("report", run, "--push", "somebody/model")
    assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)
    assert "--push somebody/model: nothing was sent: the hub cannot be reached (" in done.err
    assert [path.name for path in run.iterdir()] == ["results.json"]


def test_a_card_is_of_one_run(t5eval: Any, run: Path) -> None:
    done = t5eval("report", run, run, "--hub-card")
    assert (done.status, done.err) == (2, "t5eval: a model card is of one run, and 2 are named\n")
