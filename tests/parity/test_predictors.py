"""One tiny checkpoint through the Keras T5, transformers and KerasHub: the same texts, the same log-likelihoods."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from t5eval.data import open_split
from t5eval.demo.demo import suite_folder
from t5eval.evaluation.settings import RunSettings
from t5eval.evaluation.splits import evaluate_splits
from t5eval.predictors import ModelOptions, open_model
from t5eval.predictors.halving import is_out_of_memory
from t5eval.predictors.predictor import Answering, Generation, Rank, Sample
from task_specs import Decode, get
from task_specs.support.errors import UserError
from tests.t5eval.tiny_t5 import write_tiny_t5

pytestmark = [pytest.mark.parity, pytest.mark.filterwarnings("ignore")]

LIBRARIES = ("keras", "transformers", "keras_hub")
OTHERS = LIBRARIES[1:]
RTE = get("glue/rte")


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What `--model` is for each library, given the same weights and vocabulary."""
    from keras_model.checkpoints import load_tokenizer
    from keras_model.checkpoints.formats.keras_hub_writer import save_preset
    from keras_model.t5 import load_model

    folder = tmp_path_factory.mktemp("models")
    t5 = write_tiny_t5(folder / "t5")
    save_preset(load_model(t5), folder / "preset", load_tokenizer(t5))
    return {"keras": str(t5), "transformers": f"hf:{t5}", "keras_hub": f"keras_hub:{folder / 'preset'}"}


def evaluate(name: str, run: Path, answering: Answering, dtype: str | None = None) -> tuple[list[Any], dict[str, Any]]:
    predictor = open_model(name, ModelOptions(dtype)).predictor
    split = open_split(RTE, "validation", suite_folder(), with_labels=True)
    settings = RunSettings("test", name, answering={RTE.name: answering}, batch_tokens=1500)
    _, document = evaluate_splits(predictor, [split], run, settings)
    lines = (run / "predictions/glue/rte/validation.jsonl").read_text(encoding="utf-8").split("\n")[:-1]
    return [json.loads(line) for line in lines], document


def spaced(text: str) -> str:
    """A text without the blanks around sentinels, which transformers leaves out."""
    return re.sub(r" *(<extra_id_\d+>) *", r"\1", text)


@pytest.fixture(scope="module")
def ours(names: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    return evaluate(names["keras"], tmp_path_factory.mktemp("ours"), Decode())[0]


@pytest.mark.parametrize("library", OTHERS)
def test_texts(library: str, names: dict[str, str], ours: list[dict[str, Any]], tmp_path: Path) -> None:
    found, document = evaluate(names[library], tmp_path, Decode())
    assert len({record["prediction"] for record in ours}) > 40
    assert any("hit_limit" in record for record in ours)
    assert [{**r, "prediction": spaced(r["prediction"])} for r in found] == [
        {**r, "prediction": spaced(r["prediction"])} for r in ours
    ]
    assert document["dtype"] == "float32"
    assert document["device"]


@pytest.mark.parametrize("library", OTHERS)
def test_log_likelihoods(library: str, names: dict[str, str], tmp_path: Path) -> None:
    answering = Rank(RTE.answer.choices)
    ours, _ = evaluate(names["keras"], tmp_path / "keras", answering)
    found, document = evaluate(names[library], tmp_path / library, answering)
    assert [r["prediction"] for r in found] == [r["prediction"] for r in ours]
    assert [r["answer_tokens"] for r in found] == [r["answer_tokens"] for r in ours]
    for one, other in zip(found, ours, strict=True):
        assert one["log_likelihoods"] == pytest.approx(other["log_likelihoods"], rel=1e-5)
    assert document["results"]["glue/rte"]["validation"]["decode"]["method"] == "rank"


@pytest.mark.parametrize("library", LIBRARIES)
def test_long_and_empty_inputs(library: str, names: dict[str, str]) -> None:
    predictor = open_model(names[library]).predictor
    prepared = predictor.prepare(["", "A painter.", "word " * 100_000], 512)
    assert [p.truncated for p in prepared] == [False, False, True]
    assert (prepared[0].length, prepared[2].length) == (1, 512)
    together = predictor.generate(prepared, 8, Decode())
    assert [g.text for g in together] == [predictor.generate([p], 8, Decode())[0].text for p in prepared]
    assert all(len(ranking.sums) == 2 for ranking in predictor.rank(prepared, ["yes", ""]))
    assert predictor.prepare([], 512) == []


@pytest.mark.parametrize("library", LIBRARIES)
def test_bfloat16(library: str, names: dict[str, str], tmp_path: Path) -> None:
    answering = Rank(RTE.answer.choices)
    exact, _ = evaluate(names[library], tmp_path / "exact", answering)
    rounded, document = evaluate(names[library], tmp_path / "rounded", answering, "bfloat16")
    assert document["dtype"] == document["model"]["dtype"] == "bfloat16"
    assert [r["log_likelihoods"] for r in exact] != [r["log_likelihoods"] for r in rounded]
    for one, other in zip(exact, rounded, strict=True):
        assert one["log_likelihoods"] == pytest.approx(other["log_likelihoods"], rel=0.1)


def test_the_unknown_id_is_written_as_t5_does(names: dict[str, str], tmp_path: Path) -> None:
    """As SentencePiece's ` ⁇ `, whatever the library."""
    from keras_model.checkpoints import load_tokenizer, save_model
    from keras_model.checkpoints.formats.keras_hub_writer import save_preset
    from keras_model.t5 import load_model

    model, tokenizer = load_model(names["keras"]), load_tokenizer(names["keras"])
    head = model.head.matrix.numpy()
    head[:, 2] *= 4
    model.head.matrix.assign(head)
    save_model(model, tmp_path / "t5", tokenizer)
    save_preset(model, tmp_path / "preset", tokenizer)
    texts = []
    for name in (str(tmp_path / "t5"), f"hf:{tmp_path / 't5'}", f"keras_hub:{tmp_path / 'preset'}"):
        predictor = open_model(name).predictor
        given = predictor.prepare([f"a painter of {i} walls" for i in range(8)], 64)
        texts.append([spaced(found.text) for found in predictor.generate(given, 8, Decode())])
    assert texts[0] == texts[1] == texts[2]
    assert any("⁇" in text and text.replace("⁇", "").strip() for text in texts[0])


def test_ids_that_are_unknown_to_transformers(names: dict[str, str]) -> None:
    from transformers import AutoTokenizer, ByT5Tokenizer

    from keras_model.checkpoints import load_tokenizer
    from keras_model.tokenizers.byte_tokenizer import ByteTokenizer
    from t5eval.predictors.of_transformers import _decoded

    ours = load_tokenizer(names["keras"])
    a, b = ours.encode(["painter the"])[0][:2]
    sequences = [[a, 2, b], [2, a], [a, 2], [2, 2], [a, ours.vocab_size, b], [a, 31_999], [a, b], []]
    assert _decoded(AutoTokenizer.from_pretrained(names["keras"]), sequences) == ours.decode(sequences)
    sequences = [[100, 2, 101], [100, 10_000], [63, 120, 113, 110, 65]]  # the last is the text <unk>
    assert _decoded(ByT5Tokenizer(), sequences) == ByteTokenizer().decode(sequences) == ["ab", "a", "<unk>"]


def test_beam_search(names: dict[str, str], tmp_path: Path) -> None:
    beam = Decode("beam", beam_size=4, alpha=0.6)
    found, document = evaluate(names["transformers"], tmp_path / "transformers", beam)
    assert len(found) == 80
    decode = document["results"]["glue/rte"]["validation"]["decode"]
    assert decode["length_penalty"] == "transformers: length ** alpha"
    with pytest.raises(UserError, match=r"KerasHub's beam search has no length penalty.*take --decode greedy"):
        evaluate(names["keras_hub"], tmp_path / "keras_hub", beam)


def test_a_folders_own_settings_of_generation_apply_only_where_asked(names: dict[str, str], tmp_path: Path) -> None:
    plain = Path(names["transformers"].removeprefix("hf:"))
    hostile = tmp_path / "hostile"
    shutil.copytree(plain, hostile)
    ids = {"decoder_start_token_id": 0, "eos_token_id": 1, "pad_token_id": 0}
    own = {"min_length": 12, "no_repeat_ngram_size": 3, "repetition_penalty": 9.0, "forced_bos_token_id": 7}
    own |= {"num_beams": 4, "do_sample": True, "temperature": 5.0, "suppress_tokens": [3, 5], "num_return_sequences": 1}
    (hostile / "generation_config.json").write_text(json.dumps({**ids, **own}))
    texts = {}
    for name, folder, generation in (("plain", plain, None), ("row", hostile, None), ("model", hostile, "model")):
        predictor = open_model(f"hf:{folder}", ModelOptions(generation=generation)).predictor
        inputs = predictor.prepare([f"rte sentence1: {i} is {i}." for i in range(5)], 64)
        texts[name] = [[g.text for g in predictor.generate(inputs, 16, d)] for d in (Decode(), Decode("beam", 3, 0.6))]
    assert texts["row"] == texts["plain"]
    assert all(a != b for a, b in zip(texts["model"], texts["plain"], strict=True))


@pytest.mark.parametrize("library", OTHERS)
def test_identities(library: str, names: dict[str, str]) -> None:
    one, two = open_model(names[library]).predictor, open_model(names[library]).predictor
    assert one.identity == two.identity
    assert one.identity.keys() == {"model", "vocabulary", "dtype", "library"}
    other = open_model(names[library], ModelOptions("bfloat16")).predictor.identity
    assert other["dtype"] == "bfloat16"


def test_pytorchs_own_error_of_memory() -> None:
    import torch

    with pytest.raises(RuntimeError) as raised:
        torch.empty(1 << 55, dtype=torch.int8)
    assert is_out_of_memory(raised.value)


def test_code_in_a_model_folder_is_not_run(names: dict[str, str], tmp_path: Path) -> None:
    """A folder with `auto_map` asked `[y/N]` whether its code may run, and `yes |` answered it."""
    folder = tmp_path / "model"
    shutil.copytree(names["keras"], folder)
    config = json.loads((folder / "config.json").read_text())
    config["model_type"] = "mine"
    config["auto_map"] = {"AutoConfig": "code.Config", "AutoModelForSeq2SeqLM": "code.Model"}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "code.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').write('x')\n")
    program = (
        "from t5eval.predictors import ModelOptions, open_model\n"
        f"open_model('hf:{folder}', ModelOptions(None)).predictor.prepare(['a'], 8)"
    )
    done = subprocess.run([sys.executable, "-c", program], input="y\n" * 9, capture_output=True, text=True, timeout=200)
    assert done.returncode == 1
    assert "transformers cannot load it" in done.stderr
    assert "[y/N]" not in done.stdout + done.stderr
    assert not (tmp_path / "ran").exists()


def test_the_same_seed_draws_the_same_texts(names: dict[str, str]) -> None:
    """Through transformers as by the Keras T5."""
    sample = Sample(temperature=0.8, top_k=40, top_p=0.95, seed=5)
    found = []
    for library in ("keras", "transformers"):
        predictor = open_model(names[library]).predictor
        prepared = predictor.prepare([f"rte sentence1: A painter sat {i}." for i in range(24)], 64)
        prepared = [dataclasses.replace(one, number=i) for i, one in enumerate(prepared)]
        found.append([spaced(one.text) for one in predictor.generate(prepared, 8, sample)])
    assert found[0] == found[1]
    assert len({*found[0]}) > 12


def answered(name: str) -> list[Generation]:
    predictor = open_model(name).predictor
    return predictor.generate(predictor.prepare(["a"], 8), 4, Decode())


def damaged(folder: Path, change: str) -> None:
    """Makes one thing of a T5's folder wrong."""
    import torch
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    name = "encoder.block.0.layer.1.DenseReluDense.wo.weight"
    if change == "nan":
        weights[name][1, 2] = torch.nan
    if change == "missing":
        del weights[name]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    if change == "ids":
        config = json.loads((folder / "config.json").read_text()) | {"eos_token_id": 7}
        (folder / "config.json").write_text(json.dumps(config))
        (folder / "generation_config.json").unlink(missing_ok=True)
    if change == "pointer":
        (folder / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")


@pytest.mark.parametrize("engine", ["", "hf:"])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("nan", r"tensor encoder.block.0.layer.1.DenseReluDense.wo.weight holds NaN or infinity in 1 of"),
        ("missing", r"encoder.block.0.layer.1.DenseReluDense.wo.weight"),
        ("ids", r"eos_token_id=7, its tokenizer has 1 for that"),
        ("pointer", r"model.safetensors: a Git LFS pointer, not the file itself"),
    ],
)
def test_a_damaged_model_is_one_line(
    engine: str, change: str, message: str, names: dict[str, str], tmp_path: Path
) -> None:
    shutil.copytree(names["keras"], tmp_path / "model")
    damaged(tmp_path / "model", change)
    with pytest.raises(UserError, match=message) as raised:
        answered(f"{engine}{tmp_path / 'model'}")
    assert "\n" not in str(raised.value)


def test_several_gpus_share_a_model(names: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Only where the package accelerate can share it out."""
    import torch
    import transformers

    from t5eval.predictors.transformers import loading

    asked: list[dict[str, Any]] = []

    def from_pretrained(*_: Any, **options: Any) -> Any:
        asked.append(options)
        raise ValueError("enough")

    monkeypatch.setattr(transformers.AutoModelForSeq2SeqLM, "from_pretrained", from_pretrained)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    for installed in (object(), None):
        monkeypatch.setattr(loading, "find_spec", lambda name, found=installed: found)
        with pytest.raises(UserError, match="enough"):
            answered(names["transformers"])
    assert [options.get("device_map") for options in asked] == ["auto", None]
