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
from task_specs.support.errors import UserError
from tests.t5eval.predictors.faulty_server import Body, FaultyServer

pytestmark = [pytest.mark.parity, pytest.mark.filterwarnings("ignore")]

RTE = get("glue/rte")
LIMIT = 4
TEMPLATE = "{% for m in messages %}[{{ m.role }}] {{ m.content }}\n{% endfor %}[assistant]"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Path:
    """A Llama of random weights, a byte-level vocabulary and a form for conversations."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("llama")
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer, bpe.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=800, special_tokens=["</s>"], initial_alphabet=alphabet, show_progress=False
    )
    lines = (shared_data / "glue/RTE/dev.tsv").read_text(encoding="utf-8").splitlines()
    bpe.train_from_iterator(lines, trainer)
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
def url(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
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
    log = tmp_path_factory.mktemp("server") / "log"  # a pipe that nobody reads would stop the server once it is full
    with (
        log.open("w") as file,
        subprocess.Popen([*map(str, command), "--host", "127.0.0.1"], stdout=file, stderr=file) as server,
    ):
        try:
            for _ in range(600):
                if server.poll() is not None:
                    pytest.fail(f"the server ended: {log.read_text()[-2000:]}")
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


@pytest.mark.parametrize("task", ["glue/rte", "super_glue/cb", "squad/v1.1"])
def test_a_server_and_hf_write_the_same(url: str, folder: Path, shared_data: Path, tmp_path: Path, task: str) -> None:
    written = []
    for name in (f"openai:{url}#{folder}", f"hf:{folder}"):
        split = open_split(get(task), "validation", shared_data, with_labels=True)
        settings = RunSettings("test", name, limit=3, answering={task: Decode()}, max_new_tokens=20)
        evaluate_splits(open_model(name).predictor, [split], tmp_path / name[:2], settings)
        lines = (tmp_path / name[:2] / f"predictions/{task}/validation.jsonl").read_text(encoding="utf-8").splitlines()
        written.append({line["id"]: line["prediction"] for line in map(json.loads, lines)})
    assert written[0] == written[1]
    assert len(written[0]) == 3


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


def test_ranking_is_by_the_log_probabilities_that_a_server_echoes(folder: Path) -> None:
    """A server in OpenAI's form around transformers; expected is the sum over the answer's tokens alone."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)

    def logits(text: str) -> tuple[list[int], Any]:
        ids = tokenizer(text)["input_ids"]
        with torch.inference_mode():
            return ids, model(torch.tensor([ids])).logits[0].log_softmax(-1)

    def echo(body: Body) -> Body:
        ids, found = logits(body["prompt"])
        values = [None, *found[:-1].gather(-1, torch.tensor(ids)[1:, None])[:, 0].tolist()]
        written = int(found[-1].argmax())
        logprobs = {
            "tokens": [tokenizer.decode([i]) for i in (*ids, written)],
            "token_logprobs": [*values, float(found[-1].max())],
        }
        usage = {"prompt_tokens": len(ids), "completion_tokens": 1}
        return {"choices": [{"text": body["prompt"], "logprobs": logprobs}], "usage": usage}

    inputs, answers = ["is it so?", "or not"], RTE.answer.choices
    with FaultyServer(echo) as server:
        predictor = open_model(f"openai:{server.url}#m").predictor
        found = predictor.rank(predictor.prepare(inputs, 512), answers)
    for text, ranking in zip(inputs, found, strict=True):
        start = len(tokenizer(text)["input_ids"])
        for answer, total, tokens in zip(answers, ranking.sums, ranking.tokens, strict=True):
            ids, scores = logits(f"{text} {answer}")
            assert tokens == len(ids) - start
            expected = sum(float(scores[place - 1, ids[place]]) for place in range(start, len(ids)))
            assert total == pytest.approx(expected, rel=1e-5)


def test_a_server_without_log_probabilities_says_so(url: str, folder: Path) -> None:
    predictor = open_model(f"openai:{url}#{folder}").predictor
    with pytest.raises(UserError, match="--decode rank needs log-probabilities of texts, which this server does not"):
        predictor.rank(predictor.prepare(["x"], 512), RTE.answer.choices)
