"""`--runner`: the bytes of one process, by Beam's direct runner and by worker processes of Dask, one of them killed."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from keras_model.tokenizers.byte_tokenizer import ByteTokenizer
from t5eval.predictors.served import client
from tests.commands.batched_model import die_once
from tests.commands.conftest import Command
from tests.commands.test_merge_command import MODEL, answering, made, refusing
from tests.t5eval.predictors.faulty_server import Body, FaultyServer, completion
from tests.t5eval.preparation.test_preparation import write_sst2

pytest.importorskip("apache_beam", reason="Apache Beam is not installed (make beam)")
WORKERS = 3


@pytest.fixture
def small_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    from t5eval.evaluation import beam_worker, on_beam

    monkeypatch.setattr(on_beam, "SHARE_EXAMPLES", 8)
    monkeypatch.setattr(beam_worker, "_models", {})  # of what ran in this process before


@pytest.fixture
def counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which each model that is opened leaves the number of its process."""
    folder = tmp_path / "models"
    folder.mkdir()
    monkeypatch.setenv("BATCHED_MODELS", str(folder))
    return folder


@pytest.fixture
def cluster() -> Iterator[Callable[[], str]]:
    """Starts worker processes, which have the environment of that moment; returns the scheduler's address."""
    distributed = pytest.importorskip("distributed", reason="Dask is not installed (make beam)")
    started: list[Any] = []

    def start() -> str:
        started.append(
            distributed.LocalCluster(
                n_workers=WORKERS, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
            )
        )
        return f"dask_client_address={started[0].scheduler_address}"

    yield start
    for one in started:
        one.close()


@pytest.fixture
def evaluate(t5eval: Command, official: Path, tmp_path: Path) -> Callable[..., Any]:
    def call(out: str, *more: str, model: str = MODEL) -> Any:
        tasks = ["--task", "glue/rte", "glue/stsb", "super_glue/multirc", "--batch-tokens", "60"]
        given = ["evaluate", "--model", model, *tasks, "--data-dir", official, "--out", tmp_path / out, *more]
        done = t5eval(*given)
        assert done.status == 0, done.err
        return made(tmp_path / out)

    return call


def alike(found: dict[str, bytes]) -> dict[str, bytes]:
    """Returns a run's files without what config.toml says of the runner."""
    config = b"\n".join(line for line in found["config.toml"].splitlines() if not line.startswith(b"runner"))
    return {**found, "config.toml": config}


@pytest.mark.usefixtures("small_shares")
def test_beams_direct_runner_answers_the_same(evaluate: Any, counted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = evaluate("whole")
    before = len(list(counted.iterdir()))
    direct = evaluate("direct", "--runner", "direct")
    assert alike(direct) == alike(whole)
    assert len(list(counted.iterdir())) == before + 2  # where the pipeline starts, and the one worker
    # Of a finished run nothing is asked again.
    monkeypatch.setenv("BATCHED_FAILS_AFTER", "0")
    assert evaluate("direct", "--runner", "direct") == direct


@pytest.mark.usefixtures("small_shares")
def test_a_beam_pipeline_that_died_goes_on(evaluate: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = evaluate("whole")
    monkeypatch.setenv("BATCHED_FAILS_AFTER", "5")
    with pytest.raises(AssertionError, match="the power went"):
        evaluate("cut", "--runner", "direct")
    monkeypatch.delenv("BATCHED_FAILS_AFTER")
    stored = [p for p in (tmp_path / "cut/shards").rglob("validation.jsonl") if p.stat().st_size]
    assert stored
    assert alike(evaluate("cut", "--runner", "direct")) == alike(whole)
    assert not (tmp_path / "cut/shards").exists()


@pytest.mark.usefixtures("small_shares")
def test_a_server_that_refuses_some_on_beam(evaluate: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """All others are stored, whichever share they are in, and only the rest is asked for again."""
    monkeypatch.setattr(client, "BACK_OFF_SECONDS", 0.005)
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    with FaultyServer(refusing) as server:
        more = ["--decode", "greedy", "--runner", "direct"]
        with pytest.raises(AssertionError, match="has not finished glue/rte validation"):
            evaluate("run", *more, model=f"openai:{server.url}")
        server.answer = answering
        evaluate("run", *more, model=f"openai:{server.url}")
        given = [n for prompt, n in server.answered.items() if isinstance(refusing({"prompt": prompt}), dict)]
        assert len(given) > 100
        assert set(given) == {1}  # nothing that was answered is asked again


@pytest.mark.usefixtures("small_shares")
def test_dasks_workers_answer_the_same_on_beam(
    evaluate: Any, cluster: Any, counted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = evaluate("whole")
    deaths = tmp_path / "deaths"
    deaths.mkdir()
    monkeypatch.setenv("BATCHED_DIES_IN", str(deaths))
    monkeypatch.setenv("BATCHED_DIES_AFTER", "35")
    for path in counted.iterdir():
        path.unlink()
    address = cluster()
    monkeypatch.delenv("BATCHED_DIES_IN")
    assert alike(evaluate("dask", "--runner", "dask", "--runner-option", address)) == alike(whole)
    assert (deaths / "killed").exists()
    assert len(list(deaths.iterdir())) > 60  # batches, of which the 36th was the last of one worker
    models = Counter(path.name.partition("-")[0] for path in counted.iterdir())
    assert len(models) >= WORKERS + 1  # this process, and the workers'
    assert set(models.values()) == {1}  # each process opens one


@pytest.mark.usefixtures("small_shares")
def test_dasks_workers_ask_a_server_on_beam(evaluate: Any, cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")

    def answer(body: Body) -> Body:
        return completion(("entailment", "2.0", "True")[hashlib.sha256(body["prompt"].encode()).digest()[0] % 3])

    with FaultyServer(answer) as server:
        model = f"openai:{server.url}"
        whole = evaluate("whole", "--decode", "greedy", model=model)
        before = server.answered.total()
        dask = evaluate("dask", "--decode", "greedy", "--runner", "dask", "--runner-option", cluster(), model=model)
    assert alike(dask) == alike(whole)
    assert server.answered.total() == 2 * before


class Deadly(ByteTokenizer):
    """Kills the process that tokenises, once, after several have."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def encode_with_lengths(self, *arguments: Any) -> Any:
        die_once(self.folder, after=12)
        return super().encode_with_lengths(*arguments)


def test_dasks_workers_prepare_the_same_on_beam(
    cluster: Any, suite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from t5eval.data import OfficialFiles, open_split
    from t5eval.preparation import blocks
    from t5eval.preparation.beam import on_beam
    from t5eval.preparation.record_folder import in_lines
    from t5eval.preparation.task_records import in_processes, prepare
    from task_specs import get

    monkeypatch.setattr(blocks, "SHARD_BYTES", 2_500_000)
    data = tmp_path / "data"
    for name in ("RTE", "WNLI"):
        shutil.copytree(suite / "glue" / name, data / "glue" / name)
    write_sst2(data, 3210)

    def splits() -> list[Any]:
        return [open_split(get(name), "train", OfficialFiles(data)) for name in ("glue/sst2", "glue/rte", "glue/wnli")]

    prepare(splits(), ByteTokenizer(), tmp_path / "whole", in_processes(1, in_lines(print)))
    deaths = tmp_path / "deaths"
    deaths.mkdir()
    prepare(splits(), Deadly(deaths), tmp_path / "dask", on_beam("dask", [cluster()]))
    assert (deaths / "killed").exists()
    assert len(list(deaths.iterdir())) > 20  # calls
    whole = made(tmp_path / "whole")
    assert len(whole) == 1 + 4 + 1 + 1
    assert made(tmp_path / "dask") == whole
