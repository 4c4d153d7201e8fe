"""submit and check: the zip that the leaderboard takes, and what is refused."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest

import task_specs
from t5eval.submissions.submit import submit
from task_specs.support.errors import UserError
from tests.commands.conftest import write_predictions


def test_a_complete_run_becomes_a_zip_that_check_accepts(
    t5eval: Any, suite: Path, perfect_run: Path, tmp_path: Path
) -> None:
    out = tmp_path / "glue.zip"
    submission = submit("glue", perfect_run, suite, out, official_counts=False)
    assert len(submission.files) == 11
    done = t5eval("check", "glue", out, "--data-dir", suite)
    assert done.status == 0
    assert done.out.rstrip().split("\n")[-1] == "valid for this data, not for the leaderboard"
    # Without the data the leaderboard's own counts apply.
    done = t5eval("check", "glue", out)
    assert done.status == 2
    assert done.out.rstrip().split("\n")[-1].startswith("invalid: ")


def test_the_command_refuses_data_with_other_counts_and_writes_nothing(
    t5eval: Any, suite: Path, perfect_run: Path, tmp_path: Path
) -> None:
    out = tmp_path / "glue.zip"
    done = t5eval("submit", "glue", "--run", perfect_run, "--data-dir", suite, "--out", out)
    assert done.status == 2
    assert "glue/qqp: its test data has 80 of the leaderboard's 390,965 rows" in done.err
    assert done.err.count("\n") == 1
    assert not out.exists()


def test_an_unreadable_answer_is_refused_until_a_label_fills_it(suite: Path, perfect_run: Path, tmp_path: Path) -> None:
    file = perfect_run / "predictions" / "glue" / "sst2" / "test.jsonl"
    lines = file.read_text().split("\n")
    lines[4] = '{"id": "4", "prediction": "meh"}'
    del lines[9]
    file.write_text("\n".join(lines))
    out = tmp_path / "glue.zip"
    missing = r"1 of 11 tasks is incomplete: .*1 of 80 examples have no prediction and 1 answers are unreadable .*'meh'"
    with pytest.raises(UserError, match=missing):
        submit("glue", perfect_run, suite, out, official_counts=False)
    assert not out.exists()
    filled = submit("glue", perfect_run, suite, out, fill=["glue_sst2_v002=positive"], official_counts=False)
    assert filled.filled == {"glue/sst2": (1, 1)}
    with zipfile.ZipFile(out) as archive:
        rows = archive.read("SST-2.tsv").decode().split("\n")
    assert (rows[5], rows[10]) == ("4\t1", "9\t1")


@pytest.mark.parametrize(
    ("fill", "message"),
    [
        (["glue/sst2=good"], "its labels are negative, positive, 0, 1"),
        (["sst=positive"], "no task 'sst'"),
        (["a", "b"], "already fills every task"),
        (["glue/sst2=positive", "glue_sst2_v002=negative"], "is given two labels"),
    ],
)
def test_a_fill_that_makes_no_sense_is_refused(
    suite: Path, perfect_run: Path, tmp_path: Path, fill: list[str], message: str
) -> None:
    write_predictions(perfect_run / "predictions/glue/sst2/test.jsonl", [("0", "meh")])
    with pytest.raises(UserError, match=message):
        submit("glue", perfect_run, suite, tmp_path / "glue.zip", fill=fill, official_counts=False)


def test_partial_leaves_out_what_is_incomplete_and_check_says_partial(
    t5eval: Any, suite: Path, perfect_run: Path, tmp_path: Path
) -> None:
    (perfect_run / "predictions" / "glue" / "ax" / "test.jsonl").unlink()
    out = tmp_path / "glue.zip"
    with pytest.raises(UserError, match="glue/ax: there are no predictions"):
        submit("glue", perfect_run, suite, out, official_counts=False)
    written = submit("glue", perfect_run, suite, out, partial=True, official_counts=False)
    assert list(written.left_out) == ["glue/ax"]
    done = t5eval("check", "glue", out, "--data-dir", suite, "--json")
    assert done.status == 2
    assert (done.json["status"], done.json["absent"]) == ("partial", ["AX.tsv"])


def test_similarities_are_clipped_and_the_clips_counted(suite: Path, perfect_run: Path, tmp_path: Path) -> None:
    spec = task_specs.get("glue/stsb")
    rows = [(str(i), text) for i, text in enumerate(["-0.5", "5.5", "2.6"])]
    rows += [(str(i), "3.0") for i in range(3, 78)]
    write_predictions(perfect_run / "predictions" / spec.name / "test.jsonl", rows)
    out = tmp_path / "glue.zip"
    written = submit("glue", perfect_run, suite, out, official_counts=False)
    assert written.clipped["STS-B.tsv"] == 2
    assert {clipped for file, _, clipped in written.rows() if file != "STS-B.tsv"} == {0}
    with zipfile.ZipFile(out) as archive:
        assert archive.read("STS-B.tsv").decode().split("\n")[1:4] == ["0\t0.000", "1\t5.000", "2\t2.600"]


def test_check_names_file_and_line(t5eval: Any, suite: Path, perfect_run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "glue"
    folder.mkdir()
    submit("glue", perfect_run, suite, folder, official_counts=False)
    (folder / "RTE.tsv").write_text((folder / "RTE.tsv").read_text().replace("\n3\tentailment", "\n3\tEntailment"))
    done = t5eval("check", "glue", folder, "--data-dir", suite)
    assert done.status == 2
    lines = done.out.rstrip().split("\n")
    assert lines[0].startswith("RTE.tsv:5: ")
    assert lines[-1] == "invalid: 1 fault"


def test_a_place_where_the_file_would_not_pass_is_one_line(
    t5eval: Any, suite: Path, perfect_run: Path, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="does not pass `t5eval check glue`"):
        submit("glue", perfect_run, suite, tmp_path / "glue.tsv", official_counts=False)
    assert not (tmp_path / "glue.tsv").exists()
    with pytest.raises(UserError, match="names the current folder"):
        submit("glue", perfect_run, suite, Path(""), official_counts=False)


def test_a_damaged_line_of_a_run_is_never_taken_for_plain_text(suite: Path, perfect_run: Path, tmp_path: Path) -> None:
    file = perfect_run / "predictions" / "glue" / "wnli" / "test.jsonl"
    file.write_text(file.read_text()[1:])
    with pytest.raises(UserError, match=r"test\.jsonl: line 1: not a JSON object"):
        submit("glue", perfect_run, suite, tmp_path / "glue.zip", official_counts=False)


def test_an_empty_file_of_a_run_is_filled_like_a_missing_answer(suite: Path, perfect_run: Path, tmp_path: Path) -> None:
    (perfect_run / "predictions" / "glue" / "rte" / "test.jsonl").write_text("")
    written = submit(
        "glue", perfect_run, suite, tmp_path / "g.zip", fill=["glue/rte=entailment"], official_counts=False
    )
    assert written.filled == {"glue/rte": (80, 0)}


@pytest.mark.parametrize("fill", [["glue/sst2=0", "1"], ["1", "glue/sst2=0"]], ids=["task first", "label first"])
def test_a_tasks_own_label_holds_whichever_comes_first(
    suite: Path, perfect_run: Path, tmp_path: Path, fill: list[str]
) -> None:
    for task in ("cola", "sst2"):
        file = perfect_run / "predictions" / "glue" / task / "test.jsonl"
        file.write_text("".join(f"{line}\n" for line in file.read_text().splitlines()[1:]))
    out = tmp_path / "glue.zip"
    written = submit("glue", perfect_run, suite, out, fill=fill, official_counts=False)
    assert written.filled == {"glue/cola": (1, 0), "glue/sst2": (1, 0)}
    with zipfile.ZipFile(out) as archive:
        first = {name: archive.read(f"{name}.tsv").decode().split("\n")[1] for name in ("CoLA", "SST-2")}
    assert first == {"CoLA": "0\t1", "SST-2": "0\t0"}


def test_data_with_more_rows_than_the_leaderboards_is_refused(tmp_path: Path) -> None:
    data, official = tmp_path / "glue" / "WNLI", task_specs.get("glue/wnli").sizes["test"]
    data.mkdir(parents=True)
    rows = [f"{i}\tThe mug fell. It broke.\tThe mug broke.\n" for i in range(official + 1)]
    predictions = [(i, "mug") for i in range(official + 1)]
    write_predictions(tmp_path / "predictions/glue/wnli/test.jsonl", predictions)
    for count, said in ((official + 1, "its test data has 147 of the leaderboard's 146 rows"), (official, "")):
        (data / "test.tsv").write_text("index\tsentence1\tsentence2\n" + "".join(rows[:count]))
        write_predictions(tmp_path / "predictions/glue/wnli/test.jsonl", predictions[:count])
        out = tmp_path / f"{count}.zip"
        if said:
            with pytest.raises(UserError, match=f"glue/wnli: {said}"):
                submit("glue", tmp_path, tmp_path, out)
            assert not out.exists()
        else:
            assert submit("glue", tmp_path, tmp_path, out, partial=True).files == {"WNLI.tsv": official}


def test_check_of_what_is_not_there_is_one_line(t5eval: Any, tmp_path: Path) -> None:
    done = t5eval("check", "glue", tmp_path / "none.zip")
    assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)
    done = t5eval("check", "gleu", tmp_path / "none.zip")
    assert "Did you mean 'glue'" in done.err


def test_a_leaderboard_of_which_nothing_is_complete_is_not_offered_a_part(
    suite: Path, perfect_run: Path, tmp_path: Path
) -> None:
    with pytest.raises(
        UserError, match=r"written, cnn_dailymail: its test data has [0-9]+ of the leaderboard's 11,490 rows$"
    ):
        submit("cnn_dailymail", perfect_run, suite, tmp_path / "summaries")
