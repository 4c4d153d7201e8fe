"""`t5eval.check`: is this file what the leaderboard takes?"""

import os
from dataclasses import replace
from pathlib import Path

import leaderboards
from leaderboards.forms.text_causes import UNTRANSLATED
from t5eval.api.arguments import Data, PathName, text_of
from t5eval.data import data_source
from t5eval.data.source import DATA_DIR_VARIABLE
from t5eval.submissions.read_back import data_ids, oddities_in
from t5eval.support.stages import stage


def check(leaderboard: str, file: PathName, *, data: Data = None) -> leaderboards.Verdict:
    """Checks a zip, folder or single file as a leaderboard would.

    Args:
        leaderboard: its name, as `t5eval check` takes it.
        file: what to check, ours or not.
        data: where the examples are, whose ids and counts then decide; the leaderboard's own row counts if None, and
            `T5EVAL_DATA_DIR` is not set either.

    Raises:
        UserError: there is no such leaderboard, or the data cannot be read.

    >>> import pathlib, tempfile
    >>> import t5eval
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "RTE.tsv"
    >>> _ = file.write_text("index\\tprediction\\n0\\tmaybe\\n")
    >>> verdict = t5eval.check("glue", file)
    >>> verdict.status
    'invalid'
    >>> verdict.faults[-1].line
    2
    """
    board = leaderboards.get(leaderboard)
    ids = None
    if data or os.environ.get(DATA_DIR_VARIABLE):
        ids = data_ids(leaderboard, data_source(text_of(data)))
    with stage("checking the submission"):
        verdict = board.check(Path(file), ids)
    if ids is None or verdict.faults:
        return verdict
    odd = oddities_in(Path(file), leaderboard, ids, data_source(text_of(data)))
    if any(UNTRANSLATED in note for note in verdict.notes):  # XML has its own source
        odd = [line for line in odd if UNTRANSLATED not in line]
    return replace(verdict, notes=(*verdict.notes, *odd))
