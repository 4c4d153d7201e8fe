"""What a transformers folder says of how its model generates, read without transformers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from t5eval.support.strict_json import parse_json
from task_specs.errors import UserError

DECIDED = (
    "do_sample", "num_beams", "length_penalty", "max_length", "max_new_tokens", "temperature", "top_k", "top_p",
    "_from_model_config", "transformers_version",
)  # fmt: skip
"""Keys of generation_config.json that shape no text: the harness decides them, or they are for sampling."""
IN_CONFIG = (
    "bad_words_ids", "begin_suppress_tokens", "diversity_penalty", "early_stopping", "encoder_no_repeat_ngram_size",
    "exponential_decay_length_penalty", "forced_bos_token_id", "forced_eos_token_id", "min_length", "min_new_tokens",
    "no_repeat_ngram_size", "num_beam_groups", "remove_invalid_values", "renormalize_logits", "repetition_penalty",
    "suppress_tokens",
)  # fmt: skip
"""Keys of config.json that transformers takes for generation where there is no generation_config.json."""


def generation_settings(folder: Path) -> dict[str, Any]:
    """Returns the settings of a folder that shape a generated text besides what the harness decides.

    Raises:
        UserError: its file cannot be read.
    """
    own = folder / "generation_config.json"
    file = own if own.is_file() else folder / "config.json"
    try:
        found = parse_json(file.read_bytes())
        if not isinstance(found, dict):
            raise ValueError("not a JSON object")
    except (OSError, ValueError) as error:
        raise UserError(f"{file}: cannot be read: {error}") from None
    if file == own:
        return {key: value for key, value in sorted(found.items()) if key not in DECIDED}
    return {key: found[key] for key in IN_CONFIG if found.get(key) is not None}
