"""transformers' own server, with a tiny random model: the same texts as from transformers in this process."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from t5eval.data import open_split
from t5eval.demo.demo import suite_folder
from t5eval.evaluation.settings import RunSettings
from t5eval.evaluation.splits import evaluate_splits
from t5eval.predictors import ModelOptions, open_model
from t5eval.predictors.chat import Chat, Turn
from t5eval.scoring.score import evaluation_pair
from task_specs import Decode, get
from task_specs.errors import UserError

pytestmark = [pytest.mark.parity, pytest.mark.filterwarnings("ignore")]

RTE = get("glue/rte")
LIMIT = 4
TEMPLATE = "{% for m in messages %}[{{ m.role }}] {{ m.content }}\n{% endfor %}[assistant]"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama of random weights, a byte-level vocabulary and a form for conversations."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("llama")
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer, bpe.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(special_tokens=["</s>"], initial_alphabet=alphabet, show_progress=False)
    bpe.train_from_iterator([], trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bpe, eos_token="</s>", pad_token="</s>", chat_template=TEMPLATE
    )
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    shape = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    ids = {"eos_token_id": 0, "pad_token_id": 0, "bos_token_id": None}
    config = LlamaConfig(vocab_size=len(tokenizer), initializer_range=1.0, **shape, **ids)
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    """The base URL of a server that serves the model."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "transformers.cli.transformers",
        "serve",
        folder,
        "--device",
        "cpu",
        "--port",
        port,
    ]
    with subprocess.Popen([*map(str, command), "--host", "127.0.0.1"], stderr=subprocess.PIPE, text=True) as server:
        try:
            for _ in range(600):
                if server.poll() is not None:
                    pytest.fail(f"the server ended: {server.stderr and server.stderr.read()[-2000:]}")
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/health").close()
                    break
                except urllib.error.URLError:
                    time.sleep(0.2)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            server.kill()


@pytest.fixture(scope="module")
def generated(folder: Path) -> Any:
    """What transformers in this process writes behind token ids, greedily, and how many tokens that are."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.set_num_threads(1)
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)

    def write(given: str | list[dict[str, str]]) -> tuple[str, int]:
        text = given if isinstance(given, str) else tokenizer.apply_chat_template(given, tokenize=False)
        ids = torch.tensor([tokenizer(text)["input_ids"]])
        found = model.generate(ids, do_sample=False, max_new_tokens=RTE.lengths.targets)[0, ids.shape[1] :]
        return tokenizer.decode(found, skip_special_tokens=True), len(found)

    return write


def test_the_same_texts_as_transformers(url: str, folder: Path, generated: Any, tmp_path: Path) -> None:
    opened = open_model(f"openai:{url}#{folder}", ModelOptions(concurrency=2))
    split = open_split(RTE, "validation", suite_folder(), with_labels=True)
    _, document = evaluate_splits(opened.predictor, [split], tmp_path, RunSettings("test", opened.name, limit=LIMIT))
    lines = (tmp_path / "predictions/glue/rte/validation.jsonl").read_text(encoding="utf-8").splitlines()
    expected = [generated(evaluation_pair(RTE, example).inputs) for example in list(split)[:LIMIT]]
    assert [json.loads(line)["prediction"] for line in lines] == [text for text, _ in expected]
    assert len({text for text, _ in expected}) > 1
    assert document["results"]["glue/rte"]["validation"]["usage"]["completion_tokens"] == sum(n for _, n in expected)


def test_the_same_conversation_as_transformers(url: str, folder: Path, generated: Any) -> None:
    predictor = open_model(f"openai:{url}#{folder}").predictor
    chat = Chat((Turn("system", "Be brief."), Turn("user", "Is it so?")))
    given = predictor.prepare_chats([chat], 512)
    (found,) = predictor.generate(given, RTE.lengths.targets, Decode())
    text, tokens = generated([{"role": turn.role, "content": turn.text} for turn in chat.turns])
    assert (found.text, found.usage and found.usage.completion_tokens) == (text, tokens)


def test_a_server_without_log_probabilities_says_so(url: str, folder: Path) -> None:
    predictor = open_model(f"openai:{url}#{folder}").predictor
    with pytest.raises(UserError, match="--decode rank needs log-probabilities of texts, which this server does not"):
        predictor.rank(predictor.prepare(["x"], 512), RTE.answer.choices)
