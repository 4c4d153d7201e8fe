"""A sequence-to-sequence model that transformers runs: its tokenizer, its `generate`, its beam search."""

import hashlib
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

from t5eval.predictors.generation_config import generation_settings
from t5eval.predictors.model_name import ModelOptions, NamedModel
from t5eval.predictors.predictor import Answering, Generation, Predictor, Prepared, Rank, Sample
from t5eval.runs.prediction import Ranking
from t5eval.support.errors import MissingPackage
from t5eval.support.unchanged import Unchanged
from task_specs import Decode
from task_specs.errors import UserError

MODEL_FILES = ("config.json", "generation_config.json", "*.safetensors", "*.safetensors.index.json", "*.bin", "*.bin.*")


class TransformersPredictor(Predictor):
    """A model folder that transformers' AutoModelForSeq2SeqLM and AutoTokenizer read, on a GPU if there is one.

    What the folder's generation_config.json says applies, but for what decides the method: sampling, the number of
    beams and the length penalty.

    Args:
        dtype: of weights and arithmetic, `float32` or `bfloat16`.
    """

    def __init__(self, folder: Path, dtype: str = "float32") -> None:
        self.folder = folder
        self.dtype = dtype
        if not (folder / "config.json").is_file():
            raise UserError(f"hf:{folder}: no folder with a config.json; transformers is given local folders alone")

    @cached_property
    def identity(self) -> Mapping[str, str]:
        """Hashes of the model's files and of all others, the tokenizer's; the precision; the versions that run it."""
        files = {path for path in self.folder.iterdir() if path.is_file() and not path.name.startswith(".")}
        self._hashed = Unchanged(f"hf:{self.folder}", sorted(files))
        model = {path for pattern in MODEL_FILES for path in files if path.match(pattern)}
        return {
            "model": _hash_of(model),
            "vocabulary": _hash_of(files - model),
            "dtype": self.dtype,
            "library": " ".join(f"{name} {version(name)}" for name in ("transformers", "torch")),
        }

    def decoding(self, answering: Answering) -> Mapping[str, Any]:
        """Returns how answers come about, the folder's own settings of generation included.

        transformers' length penalty is another than T5's ((5 + n) / 6) ** alpha.
        """
        if isinstance(answering, Rank):
            return asdict(answering)
        own = generation_settings(self.folder)
        found = {**asdict(answering), **({"generation_config": own} if own else {})}
        return found | ({"length_penalty": "transformers: length ** alpha"} if answering.method == "beam" else {})

    @cached_property
    def _loaded(self) -> tuple[Any, Any]:
        """The model and its tokenizer."""
        self.identity  # noqa: B018  (what is loaded has to be what is hashed)
        with _quiet():
            try:
                import torch
                from transformers import AutoModelForSeq2SeqLM, AutoTokenizer
            except ModuleNotFoundError as error:
                raise MissingPackage(f"hf: needs {error.name}: pip install 't5eval[hf]'") from None
            try:
                tokenizer = AutoTokenizer.from_pretrained(self.folder, local_files_only=True, trust_remote_code=False)
                model = AutoModelForSeq2SeqLM.from_pretrained(
                    self.folder, dtype=getattr(torch, self.dtype), local_files_only=True, trust_remote_code=False
                )
            except Exception as error:
                raise UserError(
                    f"hf:{self.folder}: transformers cannot load it: {type(error).__name__}: {error}"
                ) from None
            self._hashed.require()
            rows = model.get_input_embeddings().num_embeddings
            if len(tokenizer) > rows:
                raise UserError(
                    f"hf:{self.folder}: its tokenizer has {len(tokenizer):,} ids, more than its model's {rows:,} "
                    "embeddings; the two do not belong together"
                )
            return model.eval().to("cuda" if torch.cuda.is_available() else "cpu"), tokenizer

    def count_unwritable(self, texts: Sequence[str]) -> int | None:
        """See `Predictor.count_unwritable`; a model that is not needed is not loaded for it."""
        if "_loaded" not in self.__dict__:
            return None
        tokenizer = self._loaded[1]
        with _quiet():
            return sum(tokenizer.unk_token_id in ids for ids in tokenizer(list(texts))["input_ids"]) if texts else 0

    def device(self) -> str | None:
        """Returns the device that PyTorch ran on, None if the model was not needed."""
        return str(self._loaded[0].device) if "_loaded" in self.__dict__ else None

    def prepare(self, texts: Sequence[str], max_tokens: int) -> list[Prepared]:
        """See `Predictor.prepare`."""
        tokenizer = self._loaded[1]
        with _quiet():
            whole = tokenizer(list(texts))["input_ids"] if texts else []
            # The tokenizer cuts itself, since it knows which special tokens must stay.
            long = [i for i, ids in enumerate(whole) if len(ids) > max_tokens]
            cut = (
                tokenizer([texts[i] for i in long], max_length=max_tokens, truncation=True)["input_ids"] if long else []
            )
        given = dict(zip(long, cut, strict=True))
        return [Prepared(given.get(i, ids), len(given.get(i, ids)), i in given) for i, ids in enumerate(whole)]

    def _tensors(self, sequences: Sequence[Sequence[int]], padding: int) -> tuple[Any, Any]:
        """Returns ids and a mask, int64 [rows, longest], of which 0 in the mask says that the id is padding."""
        import torch

        longest = max(map(len, sequences))
        device = self._loaded[0].device
        ids = torch.full((len(sequences), longest), padding, device=device)
        mask = torch.zeros_like(ids)
        for row, sequence in enumerate(sequences):
            ids[row, : len(sequence)] = torch.tensor(sequence, device=device)
            mask[row, : len(sequence)] = 1
        return ids, mask

    def _inputs(self, batch: Sequence[Prepared]) -> dict[str, Any]:
        ids, mask = self._tensors([prepared.payload for prepared in batch], self._padding)
        return {"input_ids": ids, "attention_mask": mask}

    @property
    def _padding(self) -> int:
        padding = self._loaded[0].config.pad_token_id
        return 0 if padding is None else padding

    def generate(self, batch: Sequence[Prepared], max_new_tokens: int, decode: Decode | Sample) -> list[Generation]:
        """See `Predictor.generate`."""
        import torch

        if isinstance(decode, Sample):
            raise UserError("transformers models are not sampled from here yet; decode greedily or by beam search")
        model, tokenizer = self._loaded
        options: dict[str, Any] = {"length_penalty": decode.alpha} if decode.method == "beam" else {}
        with _quiet(), torch.inference_mode():
            found = model.generate(
                **self._inputs(batch),
                max_new_tokens=max_new_tokens,
                do_sample=False,
                num_beams=decode.beam_size,
                **options,
            )
        settings = model.generation_config
        ends = settings.eos_token_id
        ends = {*ends} if isinstance(ends, list) else {ends}
        unwritten = {settings.pad_token_id, settings.bos_token_id, settings.decoder_start_token_id}
        unwritten |= {settings.forced_bos_token_id}
        texts, ended = [], []
        for ids in found[:, 1:].tolist():  # the first is the decoder's start
            end = next((i for i, token in enumerate(ids) if token in ends), None)
            ended.append(end is not None)
            texts.append([token for token in ids[:end] if token not in unwritten])
        # Special tokens that the model wrote, such as T5's sentinels, stay: they are its answer.
        decoded = tokenizer.batch_decode(texts, skip_special_tokens=False, clean_up_tokenization_spaces=False)
        return [Generation(text, not end) for text, end in zip(decoded, ended, strict=True)]

    def rank(self, batch: Sequence[Prepared], answers: Sequence[str]) -> list[Ranking]:
        """See `Predictor.rank`; the encoder runs once for each input, the decoder once for each answer."""
        import torch

        model, tokenizer = self._loaded
        with _quiet(), torch.inference_mode():
            inputs = self._inputs(batch)
            encoded = model.get_encoder()(**inputs, return_dict=True)
            ids = tokenizer(text_target=list(answers))["input_ids"]
            columns = []
            for answer in ids:
                labels = torch.tensor([answer] * len(batch), device=model.device)  # [batch, tokens]
                logits = model(
                    attention_mask=inputs["attention_mask"],
                    encoder_outputs=encoded,
                    decoder_input_ids=model.prepare_decoder_input_ids_from_labels(labels),
                ).logits
                probabilities = logits.float().log_softmax(-1)  # [batch, tokens, vocabulary]
                columns.append(probabilities.gather(-1, labels[..., None])[..., 0].sum(-1))
            sums = torch.stack(columns, dim=1).tolist()
        tokens = tuple(map(len, ids))
        return [Ranking(tuple(row), tokens) for row in sums]


def _hash_of(files: set[Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(f"{path.name}\n".encode(errors="surrogateescape"))
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps back what transformers says of its own settings, and its progress bars."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            from transformers.utils import logging
        except ModuleNotFoundError:
            yield
            return
        level = logging.get_verbosity()
        logging.set_verbosity_error()
        logging.disable_progress_bar()
        try:
            yield
        finally:
            logging.set_verbosity(level)


def open_transformers(folder: str, options: ModelOptions) -> NamedModel:
    """Returns the model in a folder, run by transformers.

    Raises:
        UserError: there is no model folder, or a vocabulary was named.
    """
    options.refuse("a transformers model", "vocab", "strategy")
    path = Path(folder)
    return NamedModel(TransformersPredictor(path, options.dtype or "float32"), f"hf:{path.resolve()}")
