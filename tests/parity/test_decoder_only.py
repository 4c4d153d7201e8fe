"""Decoders alone through `hf:`: what they write, draw and rank, against transformers and the definition."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from t5eval.predictors import open_model
from t5eval.predictors.chat import Chat, Turn
from t5eval.predictors.predictor import Predictor, Prepared, Sample
from task_specs import Decode
from task_specs.support.errors import UserError
from tests.parity.test_tokenizer import real_texts

pytestmark = [pytest.mark.parity, pytest.mark.filterwarnings("ignore")]

TEMPLATE = (
    "{% for m in messages %}{% if m.role == 'system' and not loop.first %}{{ raise_exception('system first') }}"
    "{% endif %}[{{ m.role }}]{{ m.content }}{% endfor %}{% if add_generation_prompt %}[answer]{% endif %}"
)


def write_causal(kind: str, folder: Path, lines: list[str]) -> Path:
    """A tiny random GPT-2, which has no padding and no start, or Llama, which has a start and a chat template."""
    import tokenizers
    import torch
    import transformers

    special = ["<|endoftext|>"] if kind == "gpt2" else ["<unk>", "<s>", "</s>"]
    pairs = tokenizers.ByteLevelBPETokenizer(add_prefix_space=False)
    pairs.train_from_iterator(lines, vocab_size=600, special_tokens=special, show_progress=False)
    names = {"eos_token": special[-1], "bos_token": special[0 if kind == "gpt2" else 1]}
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=pairs._tokenizer, **names)
    torch.manual_seed(1)
    ids = {"eos_token_id": tokenizer.eos_token_id, "bos_token_id": tokenizer.bos_token_id}
    if kind == "gpt2":
        shape = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 128, "initializer_range": 0.4}
        model = transformers.GPT2LMHeadModel(transformers.GPT2Config(vocab_size=len(tokenizer), **shape, **ids))
    else:
        tokenizer._tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
            single="<s> $A", special_tokens=[("<s>", 1)]
        )
        tokenizer.chat_template = TEMPLATE
        shape = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
        config = transformers.LlamaConfig(vocab_size=len(tokenizer), initializer_range=0.4, **shape, **ids)
        model = transformers.LlamaForCausalLM(config)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def texts(shared_data: Path) -> list[str]:
    return [text for text in real_texts(shared_data)[::50] if text][:400]


@pytest.fixture(scope="module", params=["gpt2", "llama"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> Path:
    return write_causal(request.param, tmp_path_factory.mktemp("causal"), texts)


@pytest.fixture(scope="module")
def predictor(folder: Path) -> Predictor:
    return open_model(f"hf:{folder}").predictor


def reference(folder: Path) -> tuple[Any, Any]:
    import transformers

    read = transformers.AutoModelForCausalLM, transformers.AutoTokenizer
    model, tokenizer = (kind.from_pretrained(folder) for kind in read)
    return model.eval(), tokenizer


def numbered(prepared: list[Prepared]) -> list[Prepared]:
    from dataclasses import replace

    return [replace(one, number=i) for i, one in enumerate(prepared)]


@pytest.mark.parametrize("decode", [Decode(), Decode("beam", beam_size=3, alpha=0.6)], ids=["greedy", "beam"])
def test_texts_go_on_with_the_prompt(decode: Decode, folder: Path, predictor: Predictor, texts: list[str]) -> None:
    """A row at a time without padding, where nothing can hide what padding does to a batch."""
    import torch

    model, tokenizer = reference(folder)
    prepared = predictor.prepare(texts[:12], 60)
    found = predictor.generate(prepared, 10, decode)
    for one, generation in zip(prepared, found, strict=True):
        ids = torch.tensor([one.payload])
        options = {"num_beams": decode.beam_size, "length_penalty": decode.alpha} if decode.beam_size > 1 else {}
        whole = model.generate(
            ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=10, pad_token_id=0, **options
        )
        answer = whole[0, ids.shape[1] :].tolist()
        ended = tokenizer.eos_token_id in answer
        answer = answer[: answer.index(tokenizer.eos_token_id)] if ended else answer
        assert generation.text == tokenizer.decode(answer)
        assert generation.hit_limit is not ended
    assert len({generation.text for generation in found}) > 6


def test_the_end_of_a_long_prompt_is_kept(folder: Path, predictor: Predictor) -> None:
    _, tokenizer = reference(folder)
    text = "first " + "word " * 300 + "last?"
    short, long, empty = predictor.prepare(["a", text, ""], 20)
    assert (short.truncated, long.truncated, long.length) == (False, True, 20)
    assert tokenizer.decode(long.payload).endswith("word last?")
    assert "first" not in tokenizer.decode(long.payload)
    assert empty.payload == [tokenizer.bos_token_id]
    assert short.payload == tokenizer("a")["input_ids"]
    if tokenizer.chat_template:
        assert long.payload[0] == tokenizer.bos_token_id


def test_ranks_are_the_sums_of_the_definition(folder: Path, predictor: Predictor, texts: list[str]) -> None:
    import torch

    model, tokenizer = reference(folder)
    answers = ["yes", "no, not at all", "entailment"]
    prepared = predictor.prepare(texts[:7], 50)
    for one, ranking in zip(prepared, predictor.rank(prepared, answers), strict=True):
        for answer, total, tokens in zip(answers, ranking.sums, ranking.tokens, strict=True):
            ids = tokenizer(f" {answer}", add_special_tokens=False)["input_ids"]
            with torch.no_grad():
                logits = model(torch.tensor([[*one.payload, *ids]])).logits[0].log_softmax(-1)
            expected = sum(float(logits[one.length - 1 + i, token]) for i, token in enumerate(ids))
            assert (total, tokens) == (pytest.approx(expected, rel=1e-4), len(ids))


def test_draws_follow_from_seed_and_number(predictor: Predictor, texts: list[str]) -> None:
    prepared = numbered(predictor.prepare(texts[:8], 60))
    sample = Sample(temperature=0.9, top_k=50, top_p=0.95, seed=3)
    together = [one.text for one in predictor.generate(prepared, 8, sample)]
    alone = [predictor.generate([one], 8, sample)[0].text for one in reversed(prepared)]
    assert together == alone[::-1]
    assert together != [one.text for one in predictor.generate(prepared, 8, Sample(0.9, 50, 0.95, seed=4))]


def test_draws_have_the_models_probabilities(folder: Path, predictor: Predictor) -> None:
    import torch
    from scipy.stats import chisquare

    model, tokenizer = reference(folder)
    [one] = predictor.prepare(["The cat"], 9)
    with torch.no_grad():
        logits = model(torch.tensor([one.payload])).logits[0, -1].double() / 0.7
    kept = logits.topk(5)
    expected = 2000 * kept.values.softmax(-1).numpy()
    drawn = predictor.generate(numbered([one] * 2000), 1, Sample(temperature=0.7, top_k=5, seed=1))
    shares = Counter()
    for i, share in zip(kept.indices.tolist(), expected, strict=True):  # two halves of a character are one text
        shares["" if i == tokenizer.eos_token_id else tokenizer.decode([i])] += share
    counts = Counter(one.text for one in drawn)
    assert counts.keys() == shares.keys()
    assert chisquare([counts[text] for text in shares], list(shares.values())).pvalue > 1e-4


def test_conversations(folder: Path, predictor: Predictor) -> None:
    _, tokenizer = reference(folder)
    chat = Chat((Turn("system", "Be short."), Turn("user", "Is it so?")))
    if not tokenizer.chat_template:
        with pytest.raises(UserError, match="has no chat template; leave out --chat"):
            predictor.prepare_chats([chat], 50)
        return
    whole, cut = predictor.prepare_chats([chat], 50)[0], predictor.prepare_chats([chat], 5)[0]
    assert tokenizer.decode(whole.payload) == "[system]Be short.[user]Is it so?[answer]"
    assert (cut.payload, cut.truncated, whole.truncated) == (whole.payload[-5:], True, False)
    with pytest.raises(UserError, match="its chat template refuses a conversation: system first"):
        predictor.prepare_chats([Chat((*chat.turns, *chat.turns))], 50)


def test_too_few_positions_are_one_line(folder: Path, predictor: Predictor) -> None:
    if "gpt2" in json.loads((folder / "config.json").read_text())["model_type"]:
        prepared = predictor.prepare(["word " * 200], 120)
        with pytest.raises(UserError, match="130 tokens, more than the model's 128 positions"):
            predictor.generate(prepared, 10, Decode())
