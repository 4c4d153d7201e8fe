"""The one configuration object of a T5, under the names of Hugging Face's `config.json`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

FEED_FORWARD_ACTIVATIONS = {"relu": ("relu",), "gated-gelu": ("gelu_new", "gelu_pytorch_tanh")}
"""Supported values of `feed_forward_proj`, each with the names that `dense_act_fn` may give its activation."""


class ConfigError(ValueError):
    """A configuration that is not a T5's, or that contradicts itself."""


@dataclasses.dataclass(frozen=True)
class T5Config:
    """Everything that fixes the shape and the arithmetic of a T5; the defaults are those of t5-small.

    Raises:
        ConfigError: a value is out of range or of the wrong type; the message names the field.
    """

    vocab_size: int = 32128
    """Rows of the embedding: the 32,100 ids of the vocabulary, padded to a multiple of 128."""
    d_model: int = 512
    d_kv: int = 64
    """Size of one attention head; `num_heads * d_kv` need not be `d_model`."""
    d_ff: int = 2048
    num_layers: int = 6
    """Blocks of the encoder."""
    num_decoder_layers: int | None = None
    """Blocks of the decoder; None stands for as many as the encoder has, and is replaced by that number."""
    num_heads: int = 8
    relative_attention_num_buckets: int = 32
    relative_attention_max_distance: int = 128
    dropout_rate: float = 0.1
    layer_norm_epsilon: float = 1e-6
    feed_forward_proj: str = "relu"
    """`relu` (v1.0) or `gated-gelu` (v1.1; the tanh approximation of GELU)."""
    tie_word_embeddings: bool = True
    """Whether the output head is the embedding (v1.0) or a matrix of its own (v1.1)."""
    scale_decoder_outputs: bool | None = None
    """Whether the decoder's output is multiplied by d_model^-0.5 before the head; None, as everywhere but in files
    that transformers 5 wrote, stands for the value of `tie_word_embeddings`, and is replaced by it."""
    pad_token_id: int = 0
    eos_token_id: int = 1
    decoder_start_token_id: int = 0
    initializer_factor: float = 1.0
    """Factor on the standard deviation of every initialiser."""

    def __post_init__(self) -> None:
        if self.num_decoder_layers is None:
            object.__setattr__(self, "num_decoder_layers", self.num_layers)
        if self.scale_decoder_outputs is None:
            object.__setattr__(self, "scale_decoder_outputs", self.tie_word_embeddings)
        for name in _POSITIVE_INTEGERS:
            _check_integer(name, getattr(self, name), least=1)
        for name in ("pad_token_id", "eos_token_id", "decoder_start_token_id"):
            _check_integer(name, getattr(self, name), least=0)
            if getattr(self, name) >= self.vocab_size:
                raise ConfigError(
                    f"{name} must be less than vocab_size={self.vocab_size}. Received: {getattr(self, name)}"
                )
        # Halved once for the two directions of the encoder and once more for the exact and the logarithmic buckets.
        if self.relative_attention_num_buckets < 4 or self.relative_attention_num_buckets % 2:
            raise ConfigError(
                "relative_attention_num_buckets must be even and at least 4. "
                f"Received: {self.relative_attention_num_buckets}"
            )
        if self.relative_attention_max_distance <= self.relative_attention_num_buckets // 2:
            raise ConfigError(
                "relative_attention_max_distance must be more than half of relative_attention_num_buckets="
                f"{self.relative_attention_num_buckets}. Received: {self.relative_attention_max_distance}"
            )
        if self.feed_forward_proj not in FEED_FORWARD_ACTIVATIONS:
            raise ConfigError(
                f"feed_forward_proj must be one of {', '.join(FEED_FORWARD_ACTIVATIONS)}. "
                f"Received: {self.feed_forward_proj!r}"
            )
        for name in ("tie_word_embeddings", "scale_decoder_outputs"):
            if not isinstance(getattr(self, name), bool):
                raise ConfigError(f"{name} must be true or false. Received: {getattr(self, name)!r}")
        _check_number("dropout_rate", self.dropout_rate)
        if not 0 <= self.dropout_rate < 1:
            raise ConfigError(f"dropout_rate must be in [0, 1). Received: {self.dropout_rate}")
        for name in ("layer_norm_epsilon", "initializer_factor"):
            _check_number(name, getattr(self, name))
            if not 0 < getattr(self, name) < float("inf"):
                raise ConfigError(f"{name} must be positive and finite. Received: {getattr(self, name)}")

    @property
    def decoder_layers(self) -> int:
        """Blocks of the decoder, as a plain integer."""
        assert self.num_decoder_layers is not None  # __post_init__ filled it in
        return self.num_decoder_layers

    @property
    def inner_dim(self) -> int:
        """Size of all heads together, `num_heads * d_kv`."""
        return self.num_heads * self.d_kv

    @property
    def is_gated(self) -> bool:
        """Whether the feed-forward layer is the gated one of v1.1."""
        return self.feed_forward_proj == "gated-gelu"

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> T5Config:
        """Reads the content of a `config.json`.

        Args:
            values: mapping of names to values. Names that do not bear on the arithmetic are ignored; a name that is
                absent gets T5's default, which for `tie_word_embeddings` is true whatever the activation.

        Raises:
            ConfigError: another model type, an unknown activation, an encoder alone, or a value out of range.
        """
        model_type = values.get("model_type", "t5")
        if model_type != "t5":
            raise ConfigError(f"model_type must be 't5'. Received: {model_type!r}, a model that is not built here.")
        if values.get("is_encoder_decoder", True) is not True:
            raise ConfigError("is_encoder_decoder must be true: an encoder or a decoder alone puts out no text.")
        names = [field.name for field in dataclasses.fields(cls)]
        config = cls(**{name: values[name] for name in names if values.get(name) is not None})
        activation = values.get("dense_act_fn")
        if activation is not None and activation not in FEED_FORWARD_ACTIVATIONS[config.feed_forward_proj]:
            raise ConfigError(
                f"dense_act_fn={activation!r} contradicts feed_forward_proj={config.feed_forward_proj!r}, "
                f"whose activation is {FEED_FORWARD_ACTIVATIONS[config.feed_forward_proj][0]!r}."
            )
        if "decoder_start_token_id" not in values:
            config = dataclasses.replace(config, decoder_start_token_id=config.pad_token_id)
        return config

    def to_dict(self) -> dict[str, Any]:
        """The content of a `config.json` that transformers reads as the same model; `from_dict` inverts it."""
        return {
            "architectures": ["T5ForConditionalGeneration"],
            "model_type": "t5",
            "is_encoder_decoder": True,
            **dataclasses.asdict(self),
        }

    @classmethod
    def preset(cls, name: str) -> T5Config:
        """The configuration of a published model, by its name at Hugging Face (`t5-small`, `t5-v1_1-xl`, ...).

        Raises:
            ConfigError: no model of this name; the message lists those there are.
        """
        if name not in _PRESETS:
            raise ConfigError(f"No T5 preset of this name; there are {', '.join(_PRESETS)}. Received: {name!r}")
        return _PRESETS[name]


_POSITIVE_INTEGERS = (
    "vocab_size",
    "d_model",
    "d_kv",
    "d_ff",
    "num_layers",
    "num_decoder_layers",
    "num_heads",
    "relative_attention_num_buckets",
    "relative_attention_max_distance",
)


def _check_integer(name: str, value: object, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ConfigError(f"{name} must be an integer of at least {least}. Received: {value!r}")


def _check_number(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ConfigError(f"{name} must be a number. Received: {value!r}")


def _v1_0(d_model: int, layers: int, heads: int, d_ff: int, d_kv: int = 64) -> T5Config:
    return T5Config(d_model=d_model, num_layers=layers, num_heads=heads, d_ff=d_ff, d_kv=d_kv)


def _v1_1(d_model: int, layers: int, heads: int, d_ff: int) -> T5Config:
    return T5Config(
        d_model=d_model,
        num_layers=layers,
        num_heads=heads,
        d_ff=d_ff,
        feed_forward_proj="gated-gelu",
        tie_word_embeddings=False,
    )


# Raffel et al. 2020, section 3.7, for v1.0; the released configurations for v1.1.
_PRESETS = {
    "t5-small": _v1_0(512, 6, 8, 2048),
    "t5-base": _v1_0(768, 12, 12, 3072),
    "t5-large": _v1_0(1024, 24, 16, 4096),
    "t5-3b": _v1_0(1024, 24, 32, 16384, d_kv=128),
    "t5-11b": _v1_0(1024, 24, 128, 65536, d_kv=128),
    "t5-v1_1-small": _v1_1(512, 8, 6, 1024),
    "t5-v1_1-base": _v1_1(768, 12, 12, 2048),
    "t5-v1_1-large": _v1_1(1024, 24, 16, 2816),
    "t5-v1_1-xl": _v1_1(2048, 24, 32, 5120),
    "t5-v1_1-xxl": _v1_1(4096, 24, 64, 10240),
}
