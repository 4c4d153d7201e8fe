"""What is fuzzed: valid files of every kind, and how each is read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w

import leaderboards
import t5eval
import task_specs
from keras_model.data.record_shards import write_shard
from keras_model.data.records import (
    Examples,
    RecordError,
    RecordSet,
    check_records,
    read_manifest,
    shard_file,
    write_manifest,
)
from keras_model.files.model_folder import CheckpointError
from keras_model.tokenizers.loading import load_tokenizer
from keras_model.tokenizers.sentencepiece import T5Tokenizer
from keras_model.training_run.run_checkpoints import STATE_FILE, Progress, read_progress
from t5eval.comparison.sides import Side
from t5eval.data import open_split
from t5eval.evaluation.rerun import recorded_run
from t5eval.reports.markdown import markdown_report
from t5eval.reports.reported_run import read_run
from t5eval.runs.folder import predictions_path, write_config
from t5eval.runs.prediction import Prediction
from t5eval.runs.prediction_store import PredictionStore
from t5eval.runs.results import read_results
from t5eval.scoring.prediction_files import read_predictions
from t5eval.scoring.score import judge, score_split
from t5eval.training.config import read_config, resolve
from task_specs.schema import read_row
from task_specs.support.plain import to_plain
from tests.keras_model.tokenizers.test_tokenizer_files import tokenizer_json
from tests.leaderboards.conftest import FILES as GLUE_FILES
from tests.leaderboards.super_glue_files import FILES as SUPER_GLUE_FILES
from tests.leaderboards.super_glue_files import IDS as SUPER_GLUE_IDS

Read = Callable[[Path], Any]


@dataclass(frozen=True)
class Subject:
    """A kind of file.

    Attributes:
        folder: the folder that holds valid files.
        files: those that are mutated, one at a time, relative to it.
        read: reads a copy of the folder.
        refusals: exceptions by which a reader refuses, besides user errors; whoever calls it makes those one line.
        expected: what sound files give; None where any value that counts as true will do.
        writes: whether `read` changes the folder.
    """

    folder: Path
    files: tuple[str, ...]
    read: Read
    refusals: tuple[type[Exception], ...] = ()
    expected: Any = None
    writes: bool = False


def written(folder: Path, files: Mapping[str, str | bytes]) -> tuple[str, ...]:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return tuple(files)


def of_data(official: Path) -> dict[str, Subject]:
    """Every task's splits in their official files, with few rows."""
    found = {}
    for spec in task_specs.all_tasks():
        for split in spec.source.splits:
            try:
                opened = open_split(spec, split, official)
                list(opened)
            except task_specs.UserError:
                continue  # the miniature has not this set
            files = tuple(name for name in opened.summary.files if (official / name).is_file())
            if files and files not in [subject.files for subject in found.values()]:

                def read(folder: Path, spec: Any = spec, split: str = split) -> list[str]:
                    rows = open_split(spec, split, folder)
                    return [pair.inputs for example in rows for pair in spec.pairs(example)]

                found[f"{spec.name} {split}"] = Subject(official, files, read)
    return found


def of_predictions(folder: Path) -> dict[str, Subject]:
    ids = ["0", "1", "2", "3"]
    texts = ["entailment", "not_entailment", "x é", ""]
    rows = [json.dumps({"id": i, "prediction": text}) for i, text in zip(ids, texts, strict=True)]
    files = {
        "a.jsonl": "\n".join(rows) + "\n",
        "a.json": json.dumps(dict(zip(ids, texts, strict=True))),
        "a.txt": "\n".join(texts) + "\n",
    }
    spec = task_specs.get("glue/rte")
    examples = [
        task_specs.Example(i, {"sentence1": "A.", "sentence2": "B.", "label": int(i) % 2, "idx": int(i)}) for i in ids
    ]

    def reader(name: str) -> Read:
        def read(folder: Path) -> Any:
            found = read_predictions(folder / name, ids)
            return score_split(spec, "validation", judge(spec, examples, found), intervals=False).scores

        return read

    written(folder, files)
    return {f"predictions {name}": Subject(folder, (name,), reader(name)) for name in files}


MADE_BY = {"model": "0" * 64, "specification": "1" * 64, "data": "2" * 64, "decode": {"method": "greedy"}}


def of_runs(folder: Path, results: Mapping[str, Any]) -> dict[str, Subject]:
    """A run's records, and what reads them."""
    store = predictions_path(folder, "glue/rte", "validation")
    store.parent.mkdir(parents=True)
    store.write_bytes(b"".join(Prediction(str(i), "entailment", truncated=i == 1).line() for i in range(4)))
    store.with_suffix(".meta.json").write_text(json.dumps({**MADE_BY, "ran_on": "cpu"}))
    (folder / "results.json").write_text(json.dumps(results))
    write_config(folder, "evaluate", {"model": "m", "task": ["glue/rte"], "data_dir": "d", "batch_tokens": 10})
    names = {path.name: str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}

    def report(run: Path) -> Any:
        return markdown_report([read_run(run, "run", None)], [])

    def repeated(run: Path) -> Any:
        return recorded_run(run)

    def compared(run: Path) -> Any:
        side = Side("A", run)
        return side.settings("glue/rte", "validation"), side.data_dir, side.recorded

    def resumed(run: Path) -> Any:
        with PredictionStore(run, "glue/rte", "validation", MADE_BY) as store:
            store.finish(list(store.predictions))
            return store.predictions

    def configured(run: Path) -> Any:
        write_config(run, "train", {"out": "x"})
        return read_results(run)

    return {
        "report of results.json": Subject(folder, (names["results.json"],), report),
        "rerun of results.json": Subject(folder, (names["results.json"],), repeated),
        "comparison of results.json": Subject(folder, (names["results.json"],), compared),
        "rerun of config.toml": Subject(folder, (names["config.toml"],), repeated),
        "comparison of config.toml": Subject(folder, (names["config.toml"],), compared),
        "config.toml": Subject(folder, (names["config.toml"],), configured, writes=True),
        "store": Subject(folder, (names["validation.jsonl"],), resumed, writes=True),
        "meta.json of a store": Subject(folder, (names["validation.meta.json"],), resumed, writes=True),
        "meta.json of a side": Subject(folder, (names["validation.meta.json"],), compared),
    }


TRAINING = {
    "task": ["glue/rte", "glue/cola"],
    "data_dir": "data",
    "out": "run",
    "model": "folder",
    "steps": 10,
    "learning_rate": 0.001,
    "pack": [64, 16],
    "rates": {"glue/rte": 1.0, "glue/cola": 2},
}


def of_configurations(folder: Path) -> dict[str, Subject]:
    row = to_plain(task_specs.get("glue/rte")) | {"name": "mine/rte", "aliases": []}
    mixture = {"name": "mine/mix", "members": [{"name": "glue/rte", "rate": 1.0}, "glue/cola"]}
    files = {
        "train.toml": tomli_w.dumps({"train": TRAINING}),
        "task.toml": tomli_w.dumps(row),
        "mixture.toml": tomli_w.dumps(mixture),
    }
    written(folder, files)

    def config(folder: Path) -> Any:
        return resolve(read_config(folder / "train.toml", {}), "train.toml").mixture

    return {
        "training configuration": Subject(folder, ("train.toml",), config),
        "task's row": Subject(folder, ("task.toml",), lambda folder: read_row(folder / "task.toml")),
        "mixture's row": Subject(folder, ("mixture.toml",), lambda folder: read_row(folder / "mixture.toml")),
    }


def of_submissions(folder: Path) -> dict[str, Subject]:
    """Every file of the five leaderboards' submissions."""
    boards: dict[str, dict[str, str | bytes]] = {
        "glue": dict(GLUE_FILES),
        "super_glue": dict(SUPER_GLUE_FILES),
        "squad": {"predictions.json": json.dumps({f"{i:024x}": "an answer" for i in range(5)})},
        "cnn_dailymail": {"test.hypo": "One .\nTwo .\n", "test.ids": "a0\nb1\n"},
    }
    found = {}

    def checked(board: str, name: str) -> Read:
        def read(folder: Path) -> Any:
            place = folder if board == "cnn_dailymail" else folder / name
            verdict = leaderboards.get(board).check(place, SUPER_GLUE_IDS if board == "super_glue" else None)
            assert all(line.isprintable() for line in leaderboards.lines(verdict))
            return verdict

        return read

    del boards["glue"]["QQP.tsv"]  # as the others, but with 390,965 ids that are missing
    for board, files in boards.items():
        written(folder / board, files)
        for name in files:
            found[f"{board} {name}"] = Subject(folder / board, (name,), checked(board, name))
    lines = "".join(f'<seg id="{i}">Satz {i} &amp; mehr.</seg>\n' for i in range(1, 4))
    sgml = (
        '<tstset setid="newstest2014" srclang="en" trglang="de">\n<doc docid="d" sysid="s" genre="news">\n'
        f"<p>\n{lines}</p>\n</doc>\n</tstset>\n"
    )
    hyp = "".join(f'<seg id="{i}">Satz {i}</seg>' for i in range(1, 4))
    xml = (
        '<?xml version="1.0" encoding="utf-8"?>\n<dataset id="newstest2014"><doc id="d" origlang="en">'
        f'<hyp system="s" language="de"><p>{hyp}</p></hyp></doc></dataset>\n'
    )
    wmt = {"newstest2014.en-de.txt": "Eins.\nZwei.\n", "newstest2014.en-de.sgm": sgml, "newstest2014.en-de.xml": xml}
    written(folder / "wmt", wmt)
    for name in wmt:

        def read(folder: Path, name: str = name) -> Any:
            return leaderboards.get("wmt").check(folder / name)

        found[f"wmt {name}"] = Subject(folder / "wmt", (name,), read)
    return found


WORDS = ["the ferry to Orm cost three fifty in the year", "Mira keeps bees and gave a thousand jars of honey"]
TEXTS = [*WORDS, "", " a  b<extra_id_3>", "日本 é"]


def of_models(folder: Path) -> dict[str, Subject]:
    """Vocabularies, prepared records and the state of a training run."""
    from safetensors.numpy import save

    folder.mkdir(parents=True)
    tokenizer = T5Tokenizer.train(WORDS * 4, folder / "spiece.model", 40, extra_ids=10)
    written(folder, {**tokenizer.files(), "json/tokenizer.json": json.dumps(tokenizer_json(tokenizer))})
    examples = Examples.from_sequences([[5, 6, 1], [7, 1]], [[8, 1], [9, 10, 1]])
    shard = write_shard(folder / "prepared", shard_file("set", 0), examples)
    about = {"data": {"files": {"a": "b"}, "notes": []}, "truncated": {"inputs": 0}, "left_out": {}}
    write_manifest(folder / "prepared", [RecordSet("set", (shard,), about)])
    progress = json.dumps({"step": 3, "fixed": {"steps": 10}, "scores": {"3": {"glue/rte": 50.0}}})
    state = save({"optimizer.00000": np.zeros(2, np.float32)}, metadata={"progress": progress})
    written(folder, {f"step-3/{STATE_FILE}": state})

    def records(folder: Path) -> Any:
        sets = read_manifest(folder / "prepared")
        for made in sets.values():
            check_records(folder / "prepared", made)
        return [(len(made), made.fingerprint) for made in sets.values()]

    def encoded(name: str) -> Read:
        return lambda folder: load_tokenizer(folder / name).encode(TEXTS)

    ids, stood = tokenizer.encode(TEXTS), Progress(3, {"steps": 10}, {3: {"glue/rte": 50.0}})
    return {
        **{
            f"vocabulary {file}": Subject(folder, (file,), encoded("."), (CheckpointError,), ids)
            for file in ("spiece.model", "tokenizer_config.json")
        },
        "tokenizer.json": Subject(folder, ("json/tokenizer.json",), encoded("json"), (CheckpointError,), ids),
        "manifest": Subject(folder, ("prepared/manifest.json",), records, (RecordError,)),
        "training state": Subject(
            folder, (f"step-3/{STATE_FILE}",), lambda f: read_progress(f / "step-3"), (CheckpointError,), stood
        ),
    }


def results_of(folder: Path) -> dict[str, Any]:
    """The results.json of a run over answers of the embedded suite."""
    (folder / "answers").mkdir(parents=True)
    spec = task_specs.get("glue/rte")
    ids = [example.id for example in open_split(spec, "validation", t5eval.suite_folder())]
    path = predictions_path(folder / "answers", "glue/rte", "validation")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"".join(Prediction(i, "entailment").line() for i in ids))
    model = f"predictions:{folder / 'answers'}"
    t5eval.evaluate(model, "glue/rte", splits="validation", data=t5eval.suite_folder(), out=folder / "run")
    found: dict[str, Any] = json.loads((folder / "run" / "results.json").read_text())
    return found
