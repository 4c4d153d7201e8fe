"""A study's file: what its cells are, which runs they need, and what is refused before the first step."""

from __future__ import annotations

import gzip
import itertools
import shutil
from pathlib import Path
from typing import Any

import pytest

from keras_model.tokenizers.sentencepiece import T5Tokenizer
from t5eval.api.prepare import prepare
from t5eval.data import open_split
from t5eval.demo.demo import suite_folder
from t5eval.preparation.record_folder import in_lines
from t5eval.preparation.text_records import text_records
from t5eval.studies.checks import require_possible
from t5eval.studies.planned_runs import plan_of
from t5eval.studies.study_file import laid_over, read_study
from t5eval.studies.table import table_of
from task_specs import get
from task_specs.support.errors import UserError

SHIPPED = sorted((Path(__file__).resolve().parents[3] / "examples" / "study").glob("table_*.toml"))
STUDY = """
[study]
seeds = [0, 1]
measures = ["glue/rte", "held_out_loss"]
baseline = {objective = "iid"}

[train]
data_dir = "DATA"
vocab = "VOCAB"
config = {d_model = 16, d_kv = 8, d_ff = 16, num_heads = 2, num_layers = 1}

[runs.pretrain]
task = ["text"]
steps = 8
batch_size = 4
pack = [32, 24]
text = {files = ["TEXT"], objective = "iid", inputs = 32, held_out = 0.2}

[runs.tune]
model = "pretrain"
task = ["glue/rte"]
steps = 4
batch_size = 4

[axes.objective]
iid = {}
spans.runs.pretrain.text.objective = "spans"

[axes.rate]
slow = {}
fast.runs.tune.learning_rate = 0.01
"""


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Data, a vocabulary and a text, which no test changes."""
    folder = tmp_path_factory.mktemp("places")
    rte = get("glue/rte")
    lines = [pair.inputs for e in open_split(rte, "train", suite_folder()) for pair in rte.pairs(e)]
    T5Tokenizer.train(lines, folder / "spiece.model", 300)
    (folder / "text.txt").write_text("\n".join(lines), encoding="utf-8")
    return {"DATA": str(suite_folder()), "VOCAB": str(folder / "spiece.model"), "TEXT": str(folder / "text.txt")}


def written(folder: Path, places: dict[str, str], text: str = STUDY, **changed: str) -> Path:
    """Writes a study, with pieces of its text replaced, into a folder."""
    for place, name in {**places, **changed}.items():
        assert place in text, place
        text = text.replace(place, name)
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_cells_share_the_runs_that_they_have_in_common(tmp_path: Path, places: dict[str, str]) -> None:
    study = read_study(written(tmp_path, places))
    plan = plan_of(study)
    require_possible(plan)
    runs = list(plan.runs.values())
    assert [cell.name for cell in study.cells][:2] == ["objective iid, rate slow", "objective iid, rate fast"]
    assert sorted(run.name for run in runs) == ["pretrain"] * 4 + ["tune"] * 8
    assert study.baseline == {"objective": "iid", "rate": "slow"}
    for place, run in enumerate(runs):  # parents first
        assert {parent.folder for parent in run.parents} <= {other.folder for other in runs[:place]}
    tune = next(run for run in runs if run.name == "tune")
    assert tune.config.model == str(tune.parents[0].folder / "model")
    assert (tune.config.vocab, tune.config.config) == (None, {})
    assert tune.seed == tune.parents[0].seed
    measured = {run.name: [m.name for m in plan.measured[run.folder]] for run in runs}
    assert measured == {"pretrain": ["held_out_loss"], "tune": ["glue/rte"]}
    assert study.out == tmp_path / "mine"


def test_a_run_keeps_its_key_wherever_it_lies_and_whatever_else_changes(tmp_path: Path, places: dict[str, str]) -> None:
    def keys(**changed: str) -> set[str]:
        return {run.key for run in plan_of(read_study(written(tmp_path, places, **changed))).runs.values()}

    before = keys()
    assert keys(**{"seeds = [0, 1]": 'title = "Other"\nruns = "elsewhere"\nseeds = [0, 1]'}) == before
    assert keys(**{"[0, 1]": "[0, 1, 2]"}) > before
    assert not keys(**{"steps = 8": "steps = 9"}) & before  # what comes after a run is another run, too
    assert len(keys(**{"steps = 4": "steps = 5"}) & before) == 4


def test_a_run_with_a_seed_of_its_own_is_shared_by_all_seeds(tmp_path: Path, places: dict[str, str]) -> None:
    path = written(tmp_path, places, **{"steps = 8": "steps = 8\nseed = 7"})
    plan = plan_of(read_study(path))
    assert sorted(run.name for run in plan.runs.values()) == ["pretrain"] * 2 + ["tune"] * 8


def test_an_ensemble_has_models_of_its_own_seeds(tmp_path: Path, places: dict[str, str]) -> None:
    plan = plan_of(
        read_study(written(tmp_path, places, **{"[runs.tune]": "[runs.tune]\nensemble = 3", ', "held_out_loss"': ""}))
    )
    together = [run for run in plan.runs.values() if run.table is None]
    assert len(together) == 8
    assert [run.seed for run in together[1].parents] == [3, 4, 5]
    assert together[1].model.startswith(f"ensemble:best:{together[1].parents[0].folder},best:")
    assert len({run.folder for run in plan.runs.values() if run.name == "tune"}) == 4 * 6


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"seeds =": "seed ="}, "[study]: unknown key 'seed'"),
        ({"[axes.rate]": "[axis.rate]"}, "unknown key 'axis'"),
        ({"steps = 4": "step = 4"}, "[runs.tune]: unknown key 'step'"),
        ({"runs.tune.learning": "runs.tun.learning"}, "[axes.rate.'fast']: runs: unknown key 'tun'"),
        ({"fast.runs.tune": "fast.tune"}, "[axes.rate.'fast']: unknown key 'tune'"),
        ({"num_layers": "layers"}, "pretrain: [train.config]: unknown key 'layers'"),
        ({"learning_rate = 0.01": "learning_rate = 0.001"}, "axis 'rate' changes nothing: with slow and fast"),
        ({"fast.runs.tune.learning_rate = 0.01": "fast = {}"}, "axis 'rate' changes nothing: with slow and fast"),
        ({"fast.runs.tune.learning_rate = 0.01": ""}, "axis 'rate' changes nothing: it needs two values"),
        (
            {"fast.runs.tune": 'slower = {}\nfast.runs.tune'},
            "two cells are the same configuration: objective iid, rate slow, and objective iid, rate slower",
        ),
        ({'model = "pretrain"': 'model = "pretrained"'}, "neither a run of the study (pretrain) nor a model's folder"),
        ({'[runs.pretrain]': '[runs.pretrain]\nmodel = "tune"'}, "in a circle"),
        ({'model = "pretrain"': 'model = "./none/model"'}, "tune: ./none/model: no such file or folder"),
        ({"seeds = [0, 1]": "seeds = [0, 0]"}, "seeds are different whole numbers"),
        ({'"iid"}\n\n[train]': '"idd"}\n\n[train]'}, "baseline: there is no objective 'idd'"),
        ({'"glue/rte", "held': '"glue/rtf", "held'}, "measures: unknown task 'glue/rtf'"),
        ({'"glue/rte", "held': '"glue/rte/f1", "held'}, "measures: glue/rte has no score 'f1'; it has accuracy"),
        ({'"glue/rte", "held': '"glue/cola", "held'}, "glue/cola cannot be measured: no measured run is trained on"),
        ({", held_out = 0.2": ""}, "held_out_loss cannot be measured: no run has a [text] with held_out"),
        ({"pack = [32, 24]": "pack = [32, 8]"}, "a row has room for 32 and 8; say pack = [32, "),
        ({'objective = "spans"': 'objective = "span"'}, "objective is one of spans, iid"),
        ({"steps = 8": 'steps = 8\nmethod = "lora"'}, "[runs.pretrain]: method lora trains beside a model"),
        ({"[runs.tune]": '[runs.tune]\nlike = "tune"'}, "[runs.tune]: like names another run"),
        ({"steps = 4": 'steps = 4\nstrategy = "mirror"'}, "tune: strategy 'mirror' is not known"),
        ({"steps = 4": 'steps = 4\nstrategy = "multiworker"'}, "tune: strategy multiworker trains one run in several"),
        ({"steps = 4": 'steps = 4\ncallbacks = ["mine"]'}, "tune: callback 'mine' is not known"),
        ({"steps = 4": 'steps = 4\nprepared = "./none"'}, "tune: none: holds no prepared records"),
        ({"held_out = 0.2}": 'held_out = 0.2, prepared = "./none"}'}, "pretrain: none: holds no prepared records"),
        ({'model = "pretrain"': 'model = ["pretrain"]'}, "[runs.tune]: model has the wrong type: ['pretrain']"),
        ({"fast.runs.tune.learning_rate =": "fast.runs.tune ="}, "[axes.rate.'fast']: runs: tune must be a table"),
        ({"fast.runs.tune.learning_rate = 0.01": 'fast.study.measured = "tune"'}, "measured is a list of names"),
        ({'baseline = {objective = "iid"}': 'baseline = {objective = ["iid"]}'}, "there is no objective \"['iid']\""),
        ({'baseline = {objective = "iid"}': "size = 3"}, "there is no size '3'; it has no [sizes]"),
        ({'baseline = {objective = "iid"}': "size = [3]"}, "there is no size '[3]'; it has no [sizes]"),
        ({"[axes.rate]": "[[paper]]\nscores = 83.28\n[axes.rate]"}, "[[paper]] has values of axes, and a table of"),
        ({'["glue/rte"]\nsteps': '["glue/rte"]\neach_task = ["glue/rte"]\nsteps'}, "both task and each_task"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_one_line(
    tmp_path: Path, places: dict[str, str], changed: dict[str, str], message: str
) -> None:
    path = written(tmp_path, places, **changed)
    with pytest.raises(UserError) as raised:
        require_possible(plan_of(read_study(path)))
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
    assert [file.name for file in tmp_path.iterdir()] == ["mine.toml"]


def test_a_run_that_starts_from_adapters_is_refused(tmp_path: Path, places: dict[str, str]) -> None:
    """Which are trained beside another base than the model that it would train."""
    text = STUDY.replace('model = "pretrain"', 'model = "between"') + (
        '\n[runs.between]\nmodel = "pretrain"\ntask = ["glue/rte"]\nmethod = "adapters:4"\n'
    )
    with pytest.raises(UserError, match="tune: it starts from between, which trains adapters beside its own base"):
        require_possible(plan_of(read_study(written(tmp_path, places, text))))


def test_prepared_examples_that_are_longer_than_a_packed_row_are_refused(
    tmp_path: Path, places: dict[str, str]
) -> None:
    folder = tmp_path / "prepared"
    path = written(tmp_path, places, **{"steps = 4": f'steps = 4\nprepared = "{folder}"\npack = [16, 16]'})
    prepare("glue/rte", data=places["DATA"], vocab=places["VOCAB"], out=folder, workers=1)
    with pytest.raises(UserError, match=r"tune: pack = \[16, 16\]: .* glue/rte has sources .* say pack = \[\d\d, 16\]"):
        require_possible(plan_of(read_study(path)))


def test_text_that_is_prepared_for_one_seed_is_refused_for_another(tmp_path: Path, places: dict[str, str]) -> None:
    """And needs no files, as in a training."""
    folder = tmp_path / "prepared"
    named = {
        "held_out = 0.2}": f'held_out = 0.2, prepared = "{folder}"}}',
        'spans.runs.pretrain.text.objective = "spans"': "other.runs.pretrain.steps = 9",
    }
    path = written(tmp_path, places, **named)
    text = Path(places["TEXT"])
    config = next(iter(plan_of(read_study(path)).runs.values())).config
    assert config.text_data is not None
    text_records(config.text_data, T5Tokenizer(places["VOCAB"]), 0, in_lines(print)).prepare_or_keep(folder)
    moved = text.rename(tmp_path / "moved.txt")
    try:
        with pytest.raises(UserError, match=r"pretrain: .*prepared: its records are not this run's: seed was 0, now 1"):
            require_possible(plan_of(read_study(path)))
        path.write_text(path.read_text().replace("seeds = [0, 1]", "seeds = [0]"))
        require_possible(plan_of(read_study(path)))
    finally:
        moved.rename(text)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "empty; there is no text in it"), (b"a line\n\x00\x01", "not text"), (b"\xff\xfe\n", "line 1: not UTF-8")],
)
def test_a_text_file_that_is_none_is_refused(
    tmp_path: Path, places: dict[str, str], content: bytes, message: str
) -> None:
    text = tmp_path / "bad.txt"
    text.write_bytes(content)
    plan = plan_of(read_study(written(tmp_path, {**places, "TEXT": str(text)})))
    with pytest.raises(UserError, match=rf"pretrain: {text}: .*{message}"):
        require_possible(plan)


def test_a_line_of_gigabytes_is_refused_from_its_beginning(tmp_path: Path, places: dict[str, str]) -> None:
    """Two gigabytes, packed; what is read of them has to be little."""
    text = tmp_path / "bad.txt.gz"
    block = gzip.compress(b"word " * (1 << 20))
    with text.open("wb") as file:
        file.writelines(itertools.repeat(block, 410))  # members of one file, with no end of line
    plan = plan_of(read_study(written(tmp_path, {**places, "TEXT": str(text)})))
    with pytest.raises(UserError, match=r"line 1: longer than 4,194,304 bytes"):
        require_possible(plan)


def test_missing_data_is_named_before_the_first_step(tmp_path: Path, places: dict[str, str]) -> None:
    data = shutil.copytree(suite_folder() / "glue" / "RTE", tmp_path / "data" / "glue" / "RTE").parents[1]
    (data / "glue/RTE/dev.tsv").unlink()
    path = written(tmp_path, {**places, "DATA": str(data)})
    with pytest.raises(UserError, match="no data of glue/rte validation"):
        require_possible(plan_of(read_study(path)))


def test_a_file_lies_over_its_base_and_a_size_over_both(tmp_path: Path, places: dict[str, str]) -> None:
    size = """
[sizes.short]
runs.pretrain.steps = 2
axes.rate = {fast = "", faster = {runs.tune.learning_rate = 0.1}}
"""
    written(tmp_path, places, STUDY + size)
    over = tmp_path / "over.toml"
    over.write_text('[study]\nbase = "mine.toml"\nseeds = [4]\n[runs.tune]\nsteps = 6\n')
    study = read_study(over, size="short")
    assert (study.seeds, study.out, [*study.axes["rate"]]) == ([4], tmp_path / "over-short", ["slow", "faster"])
    assert {run.name: run.config.settings.steps for run in plan_of(study).runs.values()} == {"pretrain": 2, "tune": 6}
    with pytest.raises(UserError, match="there is no size 'long'; its sizes are short"):
        read_study(over, size="long")
    over.write_text('[study]\nbase = "over.toml"\n')
    with pytest.raises(UserError, match="base names another study's file"):
        read_study(over)


def test_a_table_over_another_one() -> None:
    below: dict[str, Any] = {"a": 1, "b": {"c": 2, "d": 3}, "e": 4}
    above: dict[str, Any] = {"b": {"c": 5, "f": 6}, "e": "", "g": ""}
    assert laid_over(below, above) == {"a": 1, "b": {"c": 5, "d": 3, "f": 6}, "g": ""}
    assert laid_over({"a": {"g": 7}}, {"a": laid_over({}, {"g": ""})}) == {"a": {}}
    assert laid_over(laid_over(below, above), {"g": 8})["g"] == 8


@pytest.mark.parametrize("size", ["tiny", "small", "base"])
@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_studies_can_be(path: Path, size: str, places: dict[str, str]) -> None:
    """Each has its runs, and published numbers of cells that it has, at the paper's size of all of them."""
    study = read_study(path, size=size)
    plan = plan_of(study)
    assert len(study.cells) >= 2
    tokenizer = T5Tokenizer(places["VOCAB"], 300)
    for run in plan.runs.values():
        text = run.config.text_data if run.table else None
        if text and run.config.settings.packing and run.seed == 0:
            text.require_fit(tokenizer, run.config.settings.packing)
    assert study.paper
    cells = [dict(cell.values) for cell in study.cells]
    for row in study.paper:
        values = {axis: value for axis, value in row.items() if axis != "scores"}
        assert size == "tiny" or values in cells
        assert row["scores"]


def test_a_cell_without_pre_training_has_no_held_out_loss(tmp_path: Path, places: dict[str, str]) -> None:
    """The text's run leads to no other one there: it is not done, and its loss is no number of that cell."""
    none = 'spans.runs.pretrain.text.objective = "spans"\nnone.runs.tune.model = ""'
    text = STUDY.replace('spans.runs.pretrain.text.objective = "spans"', none)
    study = read_study(written(tmp_path, places, text[: text.index("[axes.rate]")]))
    cells = {cell.values["objective"]: found for cell, found in zip(study.cells, plan_of(study).cells, strict=True)}
    assert {name: len(found["held_out_loss"]) for name, found in cells.items()} == {"iid": 2, "spans": 2, "none": 0}
    assert {name: len(found["glue/rte"]) for name, found in cells.items()} == dict.fromkeys(cells, 2)
    row = table_of(study, plan_of(study)).markdown().splitlines()[6]
    assert row == "| none | – | – |"


def test_the_study_of_film_reviews_can_be(places: dict[str, str]) -> None:
    """One pre-training for each of five objectives, and three tasks by three seeds from each and from none."""
    runs = plan_of(read_study(SHIPPED[0].with_name("reviews.toml"))).runs.values()
    trained_on_text = [run.config for run in runs if run.config.text_data]
    assert (len(trained_on_text), len(runs)) == (5, 5 + 6 * 3 * 3)
    for config in trained_on_text:
        config.text_data.require_fit(T5Tokenizer(places["VOCAB"], 300), config.settings.packing)


def test_every_table_that_can_be_run_is_shipped() -> None:
    assert [int(path.stem.removeprefix("table_")) for path in SHIPPED] == [1, 2, 4, 5, 6, 7, 9, 10, 11, 12, 13]
