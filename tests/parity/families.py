"""Tiny T5s of the families whose tokenizer or special ids are not T5's; random weights, vocabularies of real text."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

SPECIAL = {"pad_token_id": 0, "eos_token_id": 1, "decoder_start_token_id": 0}


def _sentencepiece(lines: list[str], **options: Any) -> bytes:
    import sentencepiece

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=model, vocab_size=900, minloglevel=2, num_threads=1, **options
    )
    return model.getvalue()


def _madlad(folder: Path, lines: list[str]) -> dict[str, int]:
    """Unknown at 0, padding (`<s>`) at 1, end of sequence at 2, and tags for languages."""
    tags = ["<2de>", "<2fr>"]
    model = _sentencepiece(lines, unk_id=0, bos_id=1, eos_id=2, pad_id=-1, user_defined_symbols=tags)
    (folder / "spiece.model").write_bytes(model)
    settings = {"tokenizer_class": "T5Tokenizer", "pad_token": "<s>", "extra_ids": 0}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return {"pad_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 0}


def _code_t5(folder: Path, lines: list[str]) -> dict[str, int]:
    """Pairs of bytes as RoBERTa's, sentinels behind them."""
    import tokenizers

    special = ["<pad>", "<s>", "</s>", "<unk>", "<mask>"]
    pairs = tokenizers.ByteLevelBPETokenizer()
    pairs.train_from_iterator(lines, vocab_size=900, special_tokens=special, show_progress=False)
    pairs.save_model(str(folder))
    size = pairs.get_vocab_size()
    sentinels = {f"<extra_id_{n}>": size + 9 - n for n in range(10)}
    (folder / "added_tokens.json").write_text(json.dumps(sentinels))
    settings = {"tokenizer_class": "RobertaTokenizer", "additional_special_tokens": list(reversed(sentinels))}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return {"pad_token_id": 0, "eos_token_id": 2, "bos_token_id": 1, "decoder_start_token_id": 0}


def _pile_t5(folder: Path, lines: list[str]) -> dict[str, int]:
    """Llama's pieces with bytes for what they lack, in a tokenizer.json; sentinels behind them."""
    import transformers

    options = {"byte_fallback": True, "remove_extra_whitespaces": False, "normalization_rule_name": "identity"}
    (folder / "tokenizer.model").write_bytes(_sentencepiece(lines, model_type="bpe", bos_id=1, eos_id=2, **options))
    added = [f"<extra_id_{n}>" for n in reversed(range(10))]
    tokenizer = transformers.LlamaTokenizer.from_pretrained(
        folder, add_bos_token=False, add_eos_token=True, pad_token="<unk>", additional_special_tokens=added
    )
    tokenizer.save_pretrained(folder)
    return {"pad_token_id": 0, "eos_token_id": 2, "decoder_start_token_id": 0}


def _added_tokens(folder: Path, lines: list[str]) -> dict[str, int]:
    """T5's own kind of vocabulary, to which a fine-tuning added tokens."""
    model = _sentencepiece(lines, pad_id=0, eos_id=1, unk_id=2, bos_id=-1)
    (folder / "spiece.model").write_bytes(model)
    added = {"900": {"content": "<sep>"}, "901": {"content": "[NAME]", "special": False}}
    settings = {"tokenizer_class": "T5Tokenizer", "extra_ids": 0, "added_tokens_decoder": added}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return SPECIAL


def _first_prefix(folder: Path, lines: list[str]) -> dict[str, int]:
    """A tokenizer.json whose first word alone begins with a mark, as FLUX.1's."""
    import transformers

    model = _sentencepiece(lines, pad_id=0, eos_id=1, unk_id=2, bos_id=-1)
    (folder / "spiece.model").write_bytes(model)
    transformers.T5Tokenizer.from_pretrained(folder, extra_ids=10).save_pretrained(folder)
    (folder / "spiece.model").unlink()
    path = folder / "tokenizer.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    document["pre_tokenizer"] = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": True}
    path.write_text(json.dumps(document), encoding="utf-8")
    # transformers 5 makes its T5Tokenizer anew and leaves out what the file says of words.
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "<pad>", "eos_token": "</s>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return SPECIAL


FAMILIES = {
    "MADLAD-400": _madlad,
    "CodeT5": _code_t5,
    "Pile-T5": _pile_t5,
    "added tokens": _added_tokens,
    "tokenizer.json with one prefix": _first_prefix,
}


def write_family(name: str, folder: Path, lines: list[str]) -> Path:
    """Writes a random model with the tokenizer and special ids of a family into a new folder."""
    import torch
    import transformers

    from keras_model import load_tokenizer

    folder.mkdir()
    special = FAMILIES[name](folder, lines)
    torch.manual_seed(0)
    config = transformers.T5Config(
        vocab_size=load_tokenizer(folder).vocab_size, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4, **special
    )
    model = transformers.T5ForConditionalGeneration(config)
    for path, parameter in model.named_parameters():
        if "relative_attention_bias" in path or ".o." in path or ".wo." in path:
            parameter.data *= 20  # else the token just read would be the next one
    model.save_pretrained(folder)
    return folder
