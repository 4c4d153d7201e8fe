"""A T5 whose padding and end of sequence are not T5's, trained, saved and evaluated through the harness."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path

import pytest
import sentencepiece

import t5eval
from keras_model import load_tokenizer, save_model
from keras_model.files.model_folder import read_config
from keras_model.tokenizers.added_tokens import AddedToken
from keras_model.tokenizers.sentencepiece import T5Tokenizer
from tests.keras_model.models import V1_1, make_model

pytestmark = pytest.mark.tensorflow


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Unknown at 0, padding at 1, end at 2, as in MADLAD-400; and a token that a fine-tuning added."""
    lines = (t5eval.suite_folder() / "glue/RTE/train.tsv").read_text(encoding="utf-8").split("\n")
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=model, vocab_size=200, hard_vocab_limit=False, minloglevel=2,
        unk_id=0, bos_id=1, eos_id=2, pad_id=-1,
    )  # fmt: skip
    size = T5Tokenizer(model.getvalue(), 4, pad_id=1).vocab_size
    tokenizer = T5Tokenizer(model.getvalue(), 4, pad_id=1, added={size: AddedToken("sentence2:")})
    ids = {"pad_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 0, "vocab_size": size + 1}
    config = dataclasses.replace(V1_1, num_layers=1, num_decoder_layers=1, **ids)
    save_model(make_model(config), tmp_path / "first", tokenizer)
    return tmp_path / "first"


def test_ids_are_kept_in_training_saving_and_decoding(folder: Path, tmp_path: Path) -> None:
    before = load_tokenizer(folder)
    data = str(t5eval.suite_folder())
    settings = {"steps": 4, "batch_size": 4, "validate_limit": 4, "learning_rate": 1e-3}
    done = t5eval.train(task="glue/rte", data_dir=data, out=str(tmp_path / "run"), model=str(folder), **settings)
    assert done.result.loss is not None
    assert 0 < done.result.loss < 100
    after, config = load_tokenizer(done.model), read_config(done.model / "config.json")
    assert after.fingerprint == before.fingerprint
    assert (config.pad_token_id, config.eos_token_id, config.decoder_start_token_id) == (1, 2, 0)
    [ids] = after.encode(["rte sentence1: a sentence2: b"])
    assert ids.count(after.vocab_size - 1) == 1
    run = t5eval.evaluate(done.model, "glue/rte", data=data, out=tmp_path / "scores", splits="validation", limit=6)
    assert run.splits[0].score.n == 6
    t5eval.convert(done.model, tmp_path / "copy")
    assert load_tokenizer(tmp_path / "copy").fingerprint == before.fingerprint
