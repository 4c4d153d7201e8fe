"""`t5eval.clean`: C4's rules over text, into shards of JSON lines."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from t5eval.api.arguments import PathName, names_of
from t5eval.preparation.cleaning.local import clean_locally
from t5eval.preparation.cleaning.on_beam import clean_on_beam
from t5eval.preparation.cleaning.rules import RULES, Counts, Rules, bad_words_of, is_english, sentence_splitter
from t5eval.preparation.cleaning.stages import shards_for
from t5eval.runs.environment import threads
from t5eval.support.beam_runners import require_beam, require_one_engine
from t5eval.support.data_frames import Table
from t5eval.support.stages import stage
from task_specs.support.errors import UserError, did_you_mean

SUMMARY_FILE = "cleaned.json"


@dataclass(frozen=True)
class Cleaning(Table):
    """What a cleaning did.

    Attributes:
        path: the folder of the shards, as it was named.
        shards: their names, `text-00000.jsonl.gz` and so on.
        counts: by `pages/RULE`, `lines/RULE` and `sentences/RULE` what each rule took away; `read` and `kept` besides.
        about: the rules, and what they depend on.
    """

    COLUMNS = ("what", "number")

    path: str
    shards: tuple[str, ...]
    counts: dict[str, int]
    about: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Returns what `t5eval data clean --json` prints."""
        return {"path": self.path, "shards": list(self.shards), **self.about, "counts": self.counts}

    def rows(self) -> list[tuple[str, int]]:
        """Returns a row for each count."""
        return list(self.counts.items())


def clean(
    files: PathName | Sequence[PathName],
    *,
    out: PathName,
    without: Sequence[str] = (),
    duplicates: str = "lines",
    bad_words: PathName | None = None,
    workers: int | None = None,
    runner: str | None = None,
    runner_options: Sequence[str] = (),
) -> Cleaning:
    """Applies C4's rules to text; the result depends on neither the order of the files nor on who does the work.

    Args:
        files: plain text with a page a line, JSON lines with `text` and perhaps `url` and `timestamp`, WET or WARC.
        out: the folder of the shards; there must be nothing in it.
        without: rules that do not hold, keys of `t5eval.preparation.cleaning.rules.RULES`.
        duplicates: what is kept once in the set: `lines`, as in C4, or `sentences`, three in a row, as in the paper.
        bad_words: a file with a word a line; pages that have one are left out.
        workers: processes; one per core if None.
        runner: clean on Apache Beam, with this runner.
        runner_options: `KEY=VALUE` for Beam or its runner.

    Raises:
        UserError: a file cannot be read or has no page, a rule is unknown, or the folder is not empty.
        MissingPackage: a rule or a file needs a package that is not installed.

    >>> import pathlib, tempfile
    >>> import t5eval
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> page = "A goat stood on the hill. It ate all of the grass. Nobody had asked it to do so."
    >>> _ = (folder / "a.txt").write_text(page + "\\nshort\\n")
    >>> made = t5eval.clean(folder / "a.txt", out=folder / "out", without=["language"])
    >>> made.counts["pages/kept"], made.counts["lines/end_marks"]
    (1, 1)
    """
    paths, folder = [Path(name) for name in names_of(files)], Path(out)
    if not paths:
        raise UserError("nothing to clean: name a file")
    require_one_engine(runner, runner_options, workers)
    if runner == "dask":
        raise UserError("--runner dask cannot clean: of a pipeline with several results Beam's runner makes one alone")
    if runner:
        require_beam(runner_options)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder}: there is something in it; name a new folder")
    rules, shards = _rules(without, duplicates, bad_words), shards_for(paths)
    about = {
        "rules": [name for name in RULES if name in rules.names],
        "duplicates": rules.duplicates if "duplicates" in rules.names else None,
        "bad_words": len(rules.bad_words),
        "sentences": sentence_splitter() if _counts_sentences(rules) else None,
    }

    def work(temporary: Path, between: Path) -> Counts:
        if runner:
            return clean_on_beam(paths, rules, shards, between, temporary, runner, runner_options)
        with stage("cleaning", "pages") as advance:
            return clean_locally(
                paths, rules, shards, between, temporary, workers or threads(), lambda done: advance(done, done)
            )

    from keras_model.files.atomic import new_folder

    try:
        with new_folder(folder) as temporary:
            between = temporary / "between"
            between.mkdir()
            counts = {key: count for key, count in sorted(work(temporary, between).items()) if count}
            shutil.rmtree(between)
            names = tuple(sorted(path.name for path in temporary.iterdir()))
            made = Cleaning(os.fspath(out), names, counts, about)
            summary = json.dumps({**about, "shards": list(names), "counts": counts}, indent=2)
            (temporary / SUMMARY_FILE).write_text(summary + "\n", encoding="utf-8")
    except OSError as error:
        raise UserError(f"{folder}: cannot be written: {error.strerror or error}") from error
    return made


def _rules(without: Sequence[str], duplicates: str, bad_words: PathName | None) -> Rules:
    """Returns the rules that hold, once what they need is there."""
    for name in without:
        if name not in RULES:
            raise UserError(f"no rule {name!r}.{did_you_mean(name, list(RULES))} The rules are {', '.join(RULES)}")
    names = frozenset(RULES) - set(without) - ({"bad_words"} if bad_words is None else set())
    words: tuple[str, ...] = ()
    if bad_words is not None:
        try:
            words = bad_words_of(Path(bad_words).read_text(encoding="utf-8").splitlines())
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"{bad_words}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
        if not words:
            raise UserError(f"{bad_words}: there is no word in it")
    rules = Rules(names, words, duplicates)
    if "language" in names:
        is_english("a text")
    return rules


def _counts_sentences(rules: Rules) -> bool:
    return "few_sentences" in rules.names or ("duplicates" in rules.names and rules.duplicates == "sentences")
