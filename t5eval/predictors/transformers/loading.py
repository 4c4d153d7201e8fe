"""A folder as transformers reads it, and what is looked at before it is used: special ids, sizes, numbers."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from t5eval.predictors.halving import is_out_of_memory
from t5eval.support.errors import MissingPackage
from task_specs.support.errors import UserError

WRITES = ("ForCausalLM", "LMHeadModel", "ForConditionalGeneration")
"""How the names of models end that go on with a text."""


def is_causal(config: Any) -> bool:
    """Returns whether a model is a decoder alone, by its configuration."""
    names = config.architectures or ()
    return not config.is_encoder_decoder or any(name.endswith(WRITES[:2]) for name in names)


def load_tokenizer(folder: Path, name: str) -> tuple[Any, Any]:
    """Returns a folder's configuration and tokenizer.

    Raises:
        UserError: transformers cannot load one of them, or is not installed.
    """
    with _named(name):
        from transformers import AutoConfig, AutoTokenizer

        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    if is_causal(config):
        tokenizer.truncation_side = "left"
    return config, tokenizer


def load_model(folder: Path, name: str, dtype: str, config: Any, tokenizer: Any) -> Any:
    """Returns a folder's model, on a GPU if there is one, or on several if the package accelerate can share it out.

    Raises:
        UserError: transformers cannot load it, or it is not whole, or not the tokenizer's.
    """
    causal, architectures = is_causal(config), config.architectures or ()
    if causal and architectures and not any(a.endswith(WRITES) for a in architectures):
        raise UserError(f"{name}: a {', '.join(architectures)} by its config.json, which writes no text")
    with _named(name):
        import torch
        from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM

        shared = torch.cuda.device_count() > 1 and find_spec("accelerate") is not None
        kind: Any = AutoModelForCausalLM if causal else AutoModelForSeq2SeqLM
        model, found = kind.from_pretrained(
            folder,
            dtype=getattr(torch, dtype),
            local_files_only=True,
            trust_remote_code=False,
            output_loading_info=True,
            **({"device_map": "auto"} if shared else {}),
        )
    if missing := sorted(found["missing_keys"]):
        raise UserError(f"{name}: its weights lack {len(missing):,} tensors of the model, the first {missing[0]}")
    _require_finite(model, name)
    _require_ids_of(model, tokenizer, name, causal)
    return model.eval() if shared else placed(model.eval(), "cuda" if torch.cuda.is_available() else "cpu", name)


def placed(model: Any, device: str, name: str) -> Any:
    """Returns a model on a device.

    Raises:
        UserError: it does not fit.
    """
    try:
        return model.to(device)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        raise UserError(
            f"{name}: its weights do not fit on one device; with the package accelerate they are laid over all GPUs "
            "here, and --dtype bfloat16 halves them"
        ) from None


def _require_finite(model: Any, name: str) -> None:
    for tensor, value in model.named_parameters():
        wrong = int((~value.isfinite()).sum())
        if wrong:
            raise UserError(
                f"{name}: tensor {tensor} holds NaN or infinity in {wrong:,} of {value.numel():,} numbers; the "
                "checkpoint is damaged, or its training diverged"
            )


def _require_ids_of(model: Any, tokenizer: Any, name: str, causal: bool) -> None:
    """Raises an error if a tokenizer has more ids than a model has embeddings, or other special ids."""
    rows = model.get_input_embeddings().num_embeddings
    if len(tokenizer) > rows:
        raise UserError(
            f"{name}: its tokenizer has {len(tokenizer):,} ids, more than its model's {rows:,} embeddings; the two do "
            "not belong together"
        )
    # Where a decoder alone pads is hidden from it, so that any id will do.
    for key in ("eos_token_id",) if causal else ("eos_token_id", "pad_token_id"):
        said = [getattr(place, key, None) for place in (model.config, model.generation_config)]
        lists = [value if isinstance(value, list) else [value] for value in said if value is not None]
        ids = {int(i) for several in lists for i in several}
        own = getattr(tokenizer, key)
        if ids and own is not None and own not in ids:
            raise UserError(
                f"{name}: its configuration says {key}={min(ids)}, its tokenizer has {own} for that; the two do not "
                "belong together"
            )


@contextmanager
def _named(name: str) -> Iterator[None]:
    with quiet():
        try:
            yield
        except ModuleNotFoundError as error:
            raise MissingPackage(f"hf: needs {error.name}: pip install 't5eval[hf]'") from None
        except Exception as error:
            raise UserError(f"{name}: transformers cannot load it: {type(error).__name__}: {error}") from None


@contextmanager
def quiet() -> Iterator[None]:
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
