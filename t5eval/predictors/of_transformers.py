"""A model that transformers runs, encoder-decoder or decoder alone: its tokenizer, its `generate`, its beam search."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

from keras_model.files.model_folder import pointer_fault
from keras_model.tokenizers.tokenizer import UNKNOWN, known
from t5eval.predictors.chat import Chat
from t5eval.predictors.checkpoint_name import HUB
from t5eval.predictors.generation_config import METHOD, beyond_rows, generation_settings, plain_generation, token_ids
from t5eval.predictors.model_name import ModelOptions, NamedModel
from t5eval.predictors.predictor import Answering, Generation, Predictor, Prepared, Rank, Sample, same_ids
from t5eval.predictors.transformers.drawing import drawing
from t5eval.predictors.transformers.loading import is_causal, load_model, load_tokenizer, quiet
from t5eval.predictors.transformers.ranking import rank_by_decoder, rank_continuations
from t5eval.runs.prediction import Ranking
from t5eval.support.unchanged import Unchanged
from task_specs import Decode
from task_specs.support.errors import UserError

GAP = " "
"""What stands between a prompt and an answer that a decoder alone is asked to rank."""
MODEL_FILES = ("config.json", "generation_config.json", "*.safetensors", "*.safetensors.index.json", "*.bin", "*.bin.*")


class TransformersPredictor(Predictor):
    """A model folder that transformers reads, as AutoModelForCausalLM or AutoModelForSeq2SeqLM by its config.json.

    Args:
        dtype: of weights and arithmetic, `float32` or `bfloat16`.
        own_generation: whether what its generation_config.json says applies, such as a shortest length; how it is
            decoded (greedily, by beams or sampled) is said at each call.
    """

    def __init__(self, folder: Path, dtype: str = "float32", own_generation: bool = False) -> None:
        self.folder = folder
        self.dtype = dtype
        self.own_generation = own_generation
        if not (folder / "config.json").is_file():
            raise UserError(f"hf:{folder}: no folder with a config.json; a model at the hub is hf:OWNER/NAME")

    @cached_property
    def identity(self) -> Mapping[str, str]:
        """Hashes of the model's files and of all others, the tokenizer's; the precision; the versions that run it."""
        files = {path for path in self.folder.iterdir() if path.is_file() and not path.name.startswith(".")}
        if fault := next(filter(None, map(pointer_fault, sorted(files))), ""):
            raise UserError(f"hf:{fault}")
        self._hashed = Unchanged(f"hf:{self.folder}", sorted(files))
        model = {path for pattern in MODEL_FILES for path in files if path.match(pattern)}
        return {
            "model": _hash_of(model),
            "vocabulary": _hash_of(files - model),
            "dtype": self.dtype,
            "library": " ".join(f"{name} {version(name)}" for name in ("transformers", "torch")),
        }

    def decoding(self, answering: Answering) -> Mapping[str, Any]:
        """Returns how answers come about, with those of the folder's own settings of generation that apply.

        transformers' length penalty is another than T5's ((5 + n) / 6) ** alpha.
        """
        if isinstance(answering, Rank):
            return asdict(answering) | ({"gap": GAP} if self._causal else {})
        own = generation_settings(self.folder)
        own = {k: v for k, v in own.items() if k not in METHOD} if self.own_generation else token_ids(own)
        found = {**asdict(answering), **({"generation_config": own} if own else {})}
        found |= {"generation": "model"} if self.own_generation else {}
        return found | ({"length_penalty": "transformers: length ** alpha"} if answering.method == "beam" else {})

    @property
    def _name(self) -> str:
        return f"hf:{self.folder}"

    @cached_property
    def _read(self) -> tuple[Any, Any]:
        """The configuration and the tokenizer."""
        self.identity  # noqa: B018  (what is loaded has to be what is hashed)
        return load_tokenizer(self.folder, self._name)

    @property
    def _tokenizer(self) -> Any:
        return self._read[1]

    @cached_property
    def _causal(self) -> bool:
        return is_causal(self._read[0])

    @cached_property
    def _model(self) -> Any:
        config, tokenizer = self._read
        model = load_model(self.folder, self._name, self.dtype, config, tokenizer)
        self._hashed.require()
        if not self.own_generation:
            model.generation_config = plain_generation(model.generation_config)
        return model

    @cached_property
    def _padding(self) -> int:
        """The id of padding; where there is none, that of the end."""
        settings, tokenizer = self._model.generation_config, self._tokenizer
        ids = (self._model.config.pad_token_id, settings.pad_token_id, tokenizer.pad_token_id, tokenizer.eos_token_id)
        return next((i for i in ids if i is not None), 0)

    def device(self) -> str | None:
        """Returns the device that PyTorch ran on, or several; None if the model was not needed."""
        if "_model" not in self.__dict__:
            return None
        return ", ".join(dict.fromkeys(str(weights.device) for weights in self._model.parameters()))

    def count_unwritable(self, texts: Sequence[str]) -> int | None:
        """See `Predictor.count_unwritable`; a tokenizer that is not needed is not loaded for it."""
        if "_read" not in self.__dict__ or self._tokenizer.unk_token_id is None:
            return None
        with quiet():
            ids = self._tokenizer(list(texts))["input_ids"] if texts else []
        return sum(self._tokenizer.unk_token_id in row for row in ids)

    def prepare(self, texts: Sequence[str], max_tokens: int) -> list[Prepared]:
        """See `Predictor.prepare`; a decoder alone keeps the end of a text that is too long, others the beginning."""
        tokenizer = self._tokenizer
        with quiet():
            whole = tokenizer(list(texts))["input_ids"] if texts else []
            # The tokenizer cuts itself, since it knows which special tokens must stay.
            long = [i for i, ids in enumerate(whole) if len(ids) > max_tokens]
            cut = (
                tokenizer([texts[i] for i in long], max_length=max_tokens, truncation=True)["input_ids"] if long else []
            )
        given = dict(zip(long, cut, strict=True))
        rows = [self._prompt(given.get(i, ids)) if self._causal else given.get(i, ids) for i, ids in enumerate(whole)]
        return [Prepared(ids, len(ids), i in given, same=same_ids(ids)) for i, ids in enumerate(rows)]

    def _prompt(self, ids: list[int]) -> list[int]:
        """Returns what a decoder alone goes on with: not ended, and at least a start."""
        tokenizer = self._tokenizer
        ids = ids[:-1] if len(ids) > 1 and ids[-1] == tokenizer.eos_token_id else ids
        start = tokenizer.eos_token_id if tokenizer.bos_token_id is None else tokenizer.bos_token_id
        return ids or [start]

    def prepare_chats(self, chats: Sequence[Chat], max_tokens: int) -> list[Prepared]:
        """See `Predictor.prepare_chats`; by the tokenizer's template; of too long a one the end is kept."""
        tokenizer = self._tokenizer
        if not tokenizer.chat_template:
            raise UserError(f"{self._name}: its tokenizer has no chat template; leave out --chat")
        rows = []
        for chat in chats:
            turns = [{"role": turn.role, "content": turn.text} for turn in chat.turns]
            try:
                ids = tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_dict=False)
            except Exception as error:  # the template's own, or of Jinja
                raise UserError(f"{self._name}: its chat template refuses a conversation: {error}") from None
            kept = ids[-max_tokens:]
            rows.append(Prepared(kept, len(kept), len(ids) > max_tokens, same=same_ids(kept)))
        return rows

    def _inputs(self, batch: Sequence[Prepared]) -> dict[str, Any]:
        """Returns ids and a mask, int64 [rows, longest], of which 0 in the mask says that the id is padding."""
        import torch

        longest = max(prepared.length for prepared in batch)
        ids = torch.full((len(batch), longest), self._padding)
        mask = torch.zeros_like(ids)
        for row, prepared in enumerate(batch):
            # A decoder goes on where its prompt ends.
            place = slice(longest - prepared.length, longest) if self._causal else slice(prepared.length)
            ids[row, place], mask[row, place] = torch.tensor(prepared.payload), 1
        return {"input_ids": ids.to(self._model.device), "attention_mask": mask.to(self._model.device)}

    def generate(self, batch: Sequence[Prepared], max_new_tokens: int, decode: Decode | Sample) -> list[Generation]:
        """See `Predictor.generate`."""
        import torch

        model = self._model
        inputs = self._inputs(batch)
        start = inputs["input_ids"].shape[1] if self._causal else 1  # the prompt, or the decoder's first id
        self._require_room(start + max_new_tokens)
        options: dict[str, Any] = {"num_beams": 1}
        if isinstance(decode, Sample):
            options["logits_processor"] = drawing(decode, [p.number for p in batch], max_new_tokens, start)
        elif decode.method == "beam":
            options = {"num_beams": decode.beam_size, "length_penalty": decode.alpha}
        with quiet(), torch.inference_mode():
            found = model.generate(
                **inputs, max_new_tokens=max_new_tokens, do_sample=False, pad_token_id=self._padding, **options
            )
        return self._texts(found[:, start:].tolist())

    def _texts(self, rows: Sequence[Sequence[int]]) -> list[Generation]:
        """Returns the texts of generated ids, each up to its end."""
        settings = self._model.generation_config
        ends = settings.eos_token_id
        ends = {*ends} if isinstance(ends, list) else {ends}
        unwritten = {settings.pad_token_id, settings.bos_token_id, settings.forced_bos_token_id}
        texts, ended = [], []
        for ids in rows:
            end = next((i for i, token in enumerate(ids) if token in ends), None)
            ended.append(end is not None)
            texts.append([token for token in ids[:end] if token not in unwritten])
        found = zip(_decoded(self._tokenizer, texts), ended, strict=True)
        return [Generation(text, not end) for text, end in found]

    def _target(self, ids: list[int]) -> list[int]:
        """Returns what a decoder writes of a tokenized answer: without the start that it is given, and with an end."""
        settings, end = self._model.generation_config, self._tokenizer.eos_token_id
        start = settings.bos_token_id if settings.decoder_start_token_id is None else settings.decoder_start_token_id
        ids = ids[1:] if start != end and ids[:1] == [start] else ids
        return ids if ids[-1:] == [end] else [*ids, end]

    def _require_room(self, tokens: int) -> None:
        """Raises an error if a decoder alone has fewer positions than prompt and answer have tokens."""
        room = getattr(self._model.config.get_text_config(), "max_position_embeddings", None)
        if self._causal and room is not None and tokens > room:
            raise UserError(
                f"{self._name}: prompt and answer have {tokens:,} tokens, more than the model's {room:,} positions; "
                "take fewer new tokens, or shorter inputs"
            )

    def rank(self, batch: Sequence[Prepared], answers: Sequence[str]) -> list[Ranking]:
        """See `Predictor.rank`; a decoder alone ranks what goes on with a prompt, after a blank and without an end."""
        import torch

        with quiet(), torch.inference_mode():
            inputs, model = self._inputs(batch), self._model
            if self._causal:
                ids = self._tokenizer([f"{GAP}{answer}" for answer in answers], add_special_tokens=False)["input_ids"]
                self._require_room(inputs["input_ids"].shape[1] + max(map(len, ids)))
                sums = rank_continuations(model, inputs, ids, self._padding)
            else:
                ids = list(map(self._target, self._tokenizer(text_target=list(answers))["input_ids"]))
                sums = rank_by_decoder(model, inputs, ids)
        tokens = tuple(map(len, ids))
        return [Ranking(tuple(row), tokens) for row in sums.tolist()]


def _decoded(tokenizer: Any, sequences: Sequence[Sequence[int]]) -> list[str]:
    """Returns the texts of token ids, the unknown one written as T5 does.

    Special tokens that the model wrote, such as T5's sentinels, stay: they are its answer.
    """
    unknown = tokenizer.unk_token_id
    if unknown is not None:
        sequences = [known(ids, len(tokenizer), unknown) for ids in sequences]
    if type(tokenizer).__name__.startswith("ByT5"):  # as T5 reads bytes, an id that is none is no text
        sequences = [[i for i in ids if i != unknown] for ids in sequences]
    texts = tokenizer.batch_decode(sequences, skip_special_tokens=False, clean_up_tokenization_spaces=False)
    return [
        text.replace(tokenizer.unk_token, UNKNOWN) if unknown in ids else text
        for text, ids in zip(texts, sequences, strict=True)
    ]


def _hash_of(files: set[Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(f"{path.name}\n".encode(errors="surrogateescape"))
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def open_transformers(folder: str, options: ModelOptions) -> NamedModel:
    """Returns the model in a folder, or at Hugging Face where there is no such folder, run by transformers.

    Raises:
        UserError: there is no model folder, or a vocabulary was named.
    """
    from keras_model.checkpoints.hub_names import is_hub_name

    options.refuse("a transformers model", "vocab", "strategy")
    path, name = Path(folder), f"hf:{Path(folder).resolve()}"
    if is_hub_name(folder):
        path, pinned = _fetched(folder)
        name = f"hf:{pinned.removeprefix(HUB)}"
    predictor = TransformersPredictor(path, options.dtype or "float32", options.generation == "model")
    return NamedModel(predictor, name, beyond_rows(generation_settings(path)))


def _fetched(name: str) -> tuple[Path, str]:
    """Returns the folder in the cache of a repository at Hugging Face, and its pinned name."""
    from keras_model.checkpoints.hub_names import SAFETENSORS, resolve

    try:
        return resolve(HUB + name, SAFETENSORS, of_t5=False)
    except ValueError as error:
        raise UserError(f"hf:{name}: no such folder, and at the hub: {error}") from None
