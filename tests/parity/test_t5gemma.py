"""T5Gemma and T5Gemma 2 through `hf:` and `keras_hub:`: texts and ranks as the libraries' own calls give them."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import pytest

from t5eval.predictors import open_model
from task_specs import Decode
from task_specs.support.errors import UserError
from tests.parity.test_tokenizer import real_texts

pytestmark = [pytest.mark.parity, pytest.mark.filterwarnings("ignore")]

IDS = {"pad_token_id": 0, "eos_token_id": 1, "bos_token_id": 2}
SIZES = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "head_dim": 8}
STACK = {**IDS, **SIZES, "num_key_value_heads": 2, "sliding_window": 16, "initializer_range": 0.4}


@pytest.fixture(scope="module")
def texts(shared_data: Path) -> list[str]:
    return [text for text in real_texts(shared_data)[::60] if text][:300]


@pytest.fixture(scope="module")
def vocabulary(texts: list[str]) -> bytes:
    import sentencepiece

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts), model_writer=model, vocab_size=500, model_type="bpe", minloglevel=2,
        pad_id=0, eos_id=1, bos_id=2, unk_id=3, pad_piece="<pad>", eos_piece="<eos>", bos_piece="<bos>",
        user_defined_symbols=["<start_of_turn>", "<end_of_turn>"],
    )  # fmt: skip
    return model.getvalue()


def _config(version: str, size: int) -> Any:
    import transformers

    stack = {**STACK, "vocab_size": size, "layer_types": ["sliding_attention", "full_attention"]}
    if version == "T5Gemma":
        return transformers.T5GemmaConfig(encoder=dict(stack), decoder=dict(stack), vocab_size=size)
    vision = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    vision |= {"image_size": 28, "patch_size": 14, "vision_use_head": False}
    encoder = {"text_config": dict(stack), "vision_config": vision, "mm_tokens_per_image": 4, **IDS}
    options = {"image_token_index": size - 1, "eoi_token_index": size - 2}
    return transformers.T5Gemma2Config(encoder=encoder | {"vocab_size": size}, decoder=dict(stack), **options)


@pytest.fixture(scope="module", params=["T5Gemma", "T5Gemma2"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> Path:
    """A tiny random model, written by transformers, with a tokenizer that begins texts as Gemma's does."""
    import tokenizers
    import torch
    import transformers

    if not hasattr(transformers, f"{request.param}ForConditionalGeneration"):
        pytest.skip(f"transformers {transformers.__version__} has no {request.param}")
    path = tmp_path_factory.mktemp(request.param)
    pairs = tokenizers.ByteLevelBPETokenizer()
    special = ["<pad>", "<eos>", "<bos>", "<unk>"]
    pairs.train_from_iterator(texts, vocab_size=600, special_tokens=special, show_progress=False)
    pairs._tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        single="<bos> $A", special_tokens=[("<bos>", 2)]
    )
    names = {"pad_token": "<pad>", "eos_token": "<eos>", "bos_token": "<bos>", "unk_token": "<unk>"}
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=pairs._tokenizer, **names)
    tokenizer.save_pretrained(path)
    torch.manual_seed(0)
    kind = getattr(transformers, f"{request.param}ForConditionalGeneration")
    model = kind(_config(request.param, len(tokenizer) + 2))
    for name, parameter in model.named_parameters():
        if "post_" in name and name.endswith("layernorm.weight"):
            parameter.data.fill_(8.0)  # else the token just read would be the next one
    model.save_pretrained(path)
    return path


def test_through_transformers(folder: Path, texts: list[str]) -> None:
    import torch
    import transformers

    model = transformers.AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    predictor = open_model(f"hf:{folder}").predictor
    prepared = predictor.prepare(texts[:8], 40)
    written = predictor.generate(prepared, 8, Decode())
    assert len({one.text for one in written}) > 3
    for one, found in zip(prepared, written, strict=True):
        ids = model.generate(torch.tensor([one.payload]), do_sample=False, max_new_tokens=8)[0, 1:].tolist()
        ids = ids[: ids.index(1)] if 1 in ids else ids
        assert found.text == tokenizer.decode([i for i in ids if i not in (0, 2)])
    [ranking] = predictor.rank(prepared[:1], ["yes", "not at all"])
    for answer, total, count in zip(("yes", "not at all"), ranking.sums, ranking.tokens, strict=True):
        labels = [*tokenizer(answer, add_special_tokens=False)["input_ids"], 1]
        with torch.no_grad():
            logits = (
                model(
                    input_ids=torch.tensor([prepared[0].payload]), decoder_input_ids=torch.tensor([[2, *labels[:-1]]])
                )
                .logits[0]
                .log_softmax(-1)
            )
        assert count == len(labels)
        assert total == pytest.approx(sum(float(logits[i, token]) for i, token in enumerate(labels)), rel=1e-4)


@pytest.mark.parametrize("version", ["T5Gemma", "T5Gemma2"])
def test_through_keras_hub(version: str, vocabulary: bytes, texts: list[str], tmp_path: Path) -> None:
    import keras
    import keras_hub

    if not hasattr(keras_hub.models, f"{version}Seq2SeqLM"):
        pytest.skip(f"keras_hub {keras_hub.__version__} has no {version}")
    keras.utils.set_random_seed(0)
    names = {"hidden_dim": 32, "intermediate_dim": 64, "num_layers": 2, "num_attention_heads": 4}
    names |= {"num_key_value_heads": 2, "head_dim": 8, "layer_types": ["full_attention"] * 2}
    sides = {f"{side}_{name}": value for side in ("encoder", "decoder") for name, value in names.items()}
    part = {name: getattr(keras_hub.models, f"{version}{name}") for name in ("Backbone", "Tokenizer", "Seq2SeqLM")}
    backbone = part["Backbone"](vocabulary_size=500, initializer_range=0.4, **sides)
    preprocessor = getattr(keras_hub.models, f"{version}Seq2SeqLMPreprocessor")(part["Tokenizer"](proto=vocabulary))
    model = part["Seq2SeqLM"](backbone=backbone, preprocessor=preprocessor)
    model.save_to_preset(str(tmp_path / "preset"))
    model.compile(sampler="greedy")
    predictor = open_model(f"keras_hub:{tmp_path / 'preset'}").predictor
    prepared = predictor.prepare(texts[:2], 64)
    written = [one.text for one in predictor.generate(prepared, 6, Decode())]
    start = predictor._special_tokens[1]
    assert written == [model.generate(text, max_length=start + 6) for text in texts[:2]]
    for ranking in predictor.rank(prepared, ["yes", "no"]):
        assert all(total < 0 and math.isfinite(total) for total in ranking.sums)
    with pytest.raises(UserError, match="take --decode greedy"):
        predictor.decoding(Decode("beam", beam_size=4, alpha=0.6))
