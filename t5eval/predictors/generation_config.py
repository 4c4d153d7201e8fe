"""What a model's own files say of how it generates, read without transformers, and how little of it T5's way keeps."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from t5eval.support.strict_json import parse_json
from task_specs.support.errors import UserError, quoted

FILE = "generation_config.json"
IDS = ("bos_token_id", "decoder_start_token_id", "eos_token_id", "pad_token_id")
"""Keys that belong to the model as its vocabulary does: no text can be generated without them."""
OF_METHOD = {"do_sample": ("temperature", "top_k", "top_p"), "num_beams": ("length_penalty",)}
METHOD = tuple(key for needed, others in OF_METHOD.items() for key in (needed, *others))
"""Keys that choose among greedy decoding, beam search and sampling; see `DecodingOptions.as_model_says`."""
SHAPES_NOTHING = (
    "_from_model_config", "cache_implementation", "max_length", "max_new_tokens", "output_attentions",
    "output_hidden_states", "output_logits", "output_scores", "return_dict_in_generate", "transformers_version",
    "use_cache",
)  # fmt: skip
"""Keys that do not matter to a text, and the lengths, which are always the task's or `--max-new-tokens`."""
IN_CONFIG = (
    "bad_words_ids", "begin_suppress_tokens", "diversity_penalty", "early_stopping", "encoder_no_repeat_ngram_size",
    "exponential_decay_length_penalty", "forced_bos_token_id", "forced_eos_token_id", "min_length", "min_new_tokens",
    "no_repeat_ngram_size", "num_beam_groups", "remove_invalid_values", "renormalize_logits", "repetition_penalty",
    "suppress_tokens", *METHOD,
)  # fmt: skip
"""Keys of config.json that transformers takes for generation where there is no generation_config.json."""
NEUTRAL = {
    "encoder_repetition_penalty": 1, "length_penalty": 1, "num_beam_groups": 1, "num_beams": 1,
    "repetition_penalty": 1, "temperature": 1, "top_k": None, "top_p": 1,
}  # fmt: skip
"""Values that change nothing; of other keys these are null, false, 0 and what is empty."""


def generation_settings(folder: Path) -> dict[str, Any]:
    """Returns the settings of a folder that shape a generated text, the ids of special tokens among them.

    Raises:
        UserError: its file cannot be read.
    """
    own = folder / FILE
    file = own if own.is_file() else folder / "config.json"
    try:
        found = parse_json(file.read_bytes())
        if not isinstance(found, dict):
            raise ValueError("not a JSON object")
    except (OSError, ValueError) as error:
        raise UserError(f"{file}: cannot be read: {error}") from None
    keys = sorted(found.keys() - set(SHAPES_NOTHING) if file == own else found.keys() & set(IN_CONFIG))
    settings = {key: found[key] for key in keys if not _neutral(key, found[key])}
    for key in METHOD:
        if not isinstance(settings.get(key, 0), int | float):
            raise UserError(f"{file}: {key} must be a number, got {quoted(repr(found[key]))}")
    for needed, keys_of_it in OF_METHOD.items():
        if needed not in settings:
            settings = {key: value for key, value in settings.items() if key not in keys_of_it}
    return settings


def _neutral(key: str, value: Any) -> bool:
    return value is None or (key not in IDS and (value == NEUTRAL[key] if key in NEUTRAL else not value))


def token_ids(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Returns those of a model's settings that hold whatever decodes it."""
    return {key: settings[key] for key in IDS if key in settings}


def beyond_rows(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Returns those of a model's settings that would make another text than the row's way of decoding."""
    return {key: value for key, value in settings.items() if key not in IDS}


def plain_generation(own: Any) -> Any:
    """Returns a transformers GenerationConfig that has of another one the ids of special tokens alone."""
    return type(own)(**{key: getattr(own, key, None) for key in IDS})
