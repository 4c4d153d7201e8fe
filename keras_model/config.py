"""The one configuration object of a T5, under the names of Hugging Face's `config.json`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

MODEL_TYPES: dict[str, dict[str, Any]] = {
    "t5": {},
    "mt5": {"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False},
    "umt5": {"feed_forward_proj": "gated-gelu"},
}
"""Supported values of `model_type`, each with what its config.json may leave out and means otherwise than a T5's."""

ACTIVATIONS = {
    "relu": ("relu",),
    "gelu": ("gelu",),
    "gelu_new": ("gelu_new", "gelu_pytorch_tanh"),
    "silu": ("silu", "swish"),
}
"""Activations of the feed-forward layer, each with all its names."""

ENCODER_DECODER, SHARED, LANGUAGE_MODEL, PREFIX_LM = "encoder_decoder", "shared", "language_model", "prefix_lm"
ARCHITECTURES = (ENCODER_DECODER, SHARED, LANGUAGE_MODEL, PREFIX_LM)
"""Of Raffel et al. 2020, section 3.2: see `T5Config.architecture`."""


class ConfigError(ValueError):
    """A configuration that is not a T5's, or that contradicts itself."""


@dataclasses.dataclass(frozen=True)
class T5Config:
    """Everything that fixes the shape and the arithmetic of a T5; the defaults are those of t5-small.

    Raises:
        ConfigError: a value is out of range or of the wrong type; the message names the field.
    """

    model_type: str = "t5"
    """`t5` (byT5 too), `mt5` (a T5 v1.1 with another vocabulary) or `umt5` (a position bias in every layer)."""
    vocab_size: int = 32128
    """Rows of the embedding: the 32,100 ids of the vocabulary, padded to a multiple of 128."""
    d_model: int = 512
    """Size of an embedding, and of what goes from layer to layer."""
    d_kv: int = 64
    """Size of one attention head; `num_heads * d_kv` need not be `d_model`."""
    d_ff: int = 2048
    """Inner size of the feed-forward layers."""
    architecture: str = ENCODER_DECODER
    """`encoder_decoder`, T5's; `shared`, in which the decoder has the encoder's weights and its own cross-attention;
    or a decoder alone, which reads source and target as one sequence: `language_model`, in which a token sees those
    before it, or `prefix_lm`, in which the tokens of the source see one another as well."""
    num_layers: int = 6
    """Blocks of the encoder, or of the decoder where that is alone."""
    num_decoder_layers: int | None = None
    """Blocks of the decoder; None stands for `num_layers`, and is replaced by that number."""
    num_heads: int = 8
    """Heads of each attention layer."""
    relative_attention_num_buckets: int = 32
    """Ranges of distances between two tokens, each of which has a position bias of its own."""
    relative_attention_max_distance: int = 128
    """Tokens: all distances from here on have one bias."""
    dropout_rate: float = 0.1
    """Share of the activations that training sets to 0."""
    layer_norm_epsilon: float = 1e-6
    """Added to the mean square before its root is taken."""
    feed_forward_proj: str = "relu"
    """`relu` (v1.0) or `gated-gelu` (v1.1), in general an activation with or without `gated-`. As everywhere in
    Hugging Face's files, `gated-gelu` has the tanh approximation of GELU, `gelu` the exact one."""
    tie_word_embeddings: bool = True
    """Whether the output head is the embedding (v1.0) or a matrix of its own (v1.1)."""
    scale_decoder_outputs: bool | None = None
    """Whether the decoder's output is multiplied by d_model^-0.5 before the head. None stands for the value of
    `tie_word_embeddings`, as everywhere but in files that transformers 5 wrote, and is replaced by it."""
    pad_token_id: int = 0
    """Fills a row behind its text."""
    eos_token_id: int = 1
    """Ends a text."""
    decoder_start_token_id: int = 0
    """What the decoder reads before the first token of a target."""
    initializer_factor: float = 1.0
    """Factor on the standard deviation of every initialiser."""

    def __post_init__(self) -> None:
        if self.num_decoder_layers is None:
            object.__setattr__(self, "num_decoder_layers", self.num_layers)
        if self.scale_decoder_outputs is None:
            object.__setattr__(self, "scale_decoder_outputs", self.tie_word_embeddings)
        if not isinstance(self.model_type, str) or self.model_type not in MODEL_TYPES:
            raise ConfigError(
                f"model_type must be one of {', '.join(MODEL_TYPES)}. Received: {self.model_type!r}, "
                "a model that is not built here; hf:FOLDER runs it with transformers."
            )
        if self.architecture not in ARCHITECTURES:
            raise ConfigError(
                f"architecture must be one of {', '.join(ARCHITECTURES)}. Received: {self.architecture!r}"
            )
        for name in _POSITIVE_INTEGERS:
            _check_integer(name, getattr(self, name), least=1)
        if self.architecture != ENCODER_DECODER and self.num_decoder_layers != self.num_layers:
            raise ConfigError(
                f"with architecture={self.architecture!r} there is one number of layers: num_decoder_layers must be "
                f"num_layers={self.num_layers}. Received: {self.num_decoder_layers}"
            )
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
        if self.activation not in ACTIVATIONS:
            raise ConfigError(
                f"feed_forward_proj must be one of {', '.join(ACTIVATIONS)}, or one of them after 'gated-'. "
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
    def has_encoder(self) -> bool:
        """Whether the source is read by an encoder; else the decoder reads it before the target."""
        return self.architecture in (ENCODER_DECODER, SHARED)

    @property
    def inner_dim(self) -> int:
        """Size of all heads together, `num_heads * d_kv`."""
        return self.num_heads * self.d_kv

    @property
    def is_gated(self) -> bool:
        """Whether the feed-forward layer multiplies by a second, linear projection, as v1.1's does."""
        return str(self.feed_forward_proj).startswith("gated-")

    @property
    def activation(self) -> str:
        """The activation of the feed-forward layer, a key of `ACTIVATIONS`; as written where it is not known."""
        name = str(self.feed_forward_proj).removeprefix("gated-")
        if self.feed_forward_proj == "gated-gelu":
            return "gelu_new"
        return next((key for key, names in ACTIVATIONS.items() if name in names), name)

    @property
    def position_bias_per_layer(self) -> bool:
        """Whether every layer has a position bias of its own, instead of one for a whole stack."""
        return self.model_type == "umt5"

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> T5Config:
        """Reads the content of a `config.json`.

        Args:
            values: mapping of names to values. Names that do not bear on the arithmetic are ignored; a name that is
                absent gets its model type's default, which for `tie_word_embeddings` in a T5 is true whatever the
                activation.

        Raises:
            ConfigError: another model type, an unknown activation, an encoder alone, or a value out of range.
        """
        if "architecture" not in values and values.get("is_encoder_decoder", True) is not True:
            raise ConfigError("is_encoder_decoder must be true: an encoder or a decoder alone puts out no text.")
        names = [field.name for field in dataclasses.fields(cls)]
        given = {name: values[name] for name in names if values.get(name) is not None}
        if "architecture" in given and isinstance(given.get("model_type"), str):
            given["model_type"] = given["model_type"].removesuffix(f"-{given['architecture']}")
        defaults = MODEL_TYPES.get(str(given.get("model_type", "t5")), {})
        activation, gated = values.get("dense_act_fn"), values.get("is_gated_act")
        if "feed_forward_proj" not in given and isinstance(activation, str) and isinstance(gated, bool):
            given["feed_forward_proj"] = f"gated-{activation}" if gated else activation
        config = cls(**{**defaults, **given})
        if isinstance(gated, bool) and gated != config.is_gated:
            raise ConfigError(
                f"is_gated_act={str(gated).lower()} contradicts feed_forward_proj={config.feed_forward_proj!r}."
            )
        if activation is not None and activation not in ACTIVATIONS[config.activation]:
            raise ConfigError(
                f"dense_act_fn={activation!r} contradicts feed_forward_proj={config.feed_forward_proj!r}, "
                f"whose activation is {config.activation!r}."
            )
        if "decoder_start_token_id" not in values:
            config = dataclasses.replace(config, decoder_start_token_id=config.pad_token_id)
        return config

    def to_dict(self) -> dict[str, Any]:
        """The content of a `config.json` that transformers reads as the same model; `from_dict` inverts it.

        Of another architecture than T5's it is one that transformers refuses, by its `model_type`.
        """
        values = dataclasses.asdict(self)
        if self.architecture != ENCODER_DECODER:
            # Else transformers would take it for a T5, and draw the weights that are missing at random.
            return {**values, "model_type": f"{self.model_type}-{self.architecture}"}
        del values["architecture"]
        name = f"{_CLASSES[self.model_type]}ForConditionalGeneration"
        return {"architectures": [name], "is_encoder_decoder": True, **values}

    def stated(self) -> dict[str, Any]:
        """The fields that say something of their own, as for a configuration in which some of them become others.

        What None stands for is left out where it is that: a model of half the layers has half of them in both stacks.
        """
        values = dataclasses.asdict(self)
        for name, standing_for in (
            ("num_decoder_layers", "num_layers"),
            ("scale_decoder_outputs", "tie_word_embeddings"),
        ):
            if values[name] == values[standing_for]:
                del values[name]
        return values

    @classmethod
    def preset(cls, name: str) -> T5Config:
        """The configuration of a published model, by its name at Hugging Face, with or without the owner.

        `t5-small`, `t5-v1_1-xl`, `t5-base-lm-adapt`, `flan-t5-large`, `mt5-xxl`, `umt5-base`, `byt5-small`, ...

        Raises:
            ConfigError: no model of this name; the message lists those there are.
        """
        found = _PRESETS.get(name.rpartition("/")[2])
        if found is None:
            raise ConfigError(f"No T5 preset of this name; there are {', '.join(_PRESETS)}. Received: {name!r}")
        return found


def preset_names() -> tuple[str, ...]:
    """Returns the names that `T5Config.preset` knows, without their owners."""
    return tuple(_PRESETS)


_CLASSES = {"t5": "T5", "mt5": "MT5", "umt5": "UMT5"}
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


def require_one_vocabulary(configs: Mapping[str, T5Config]) -> None:
    """Looks whether models, by what a message calls them, have as many ids and the same special ones.

    Raises:
        ConfigError: two of them do not.
    """
    for name in ("vocab_size", "pad_token_id", "eos_token_id", "decoder_start_token_id"):
        found = {model: getattr(config, name) for model, config in configs.items()}
        if len(set(found.values())) > 1:
            said = ", ".join(f"{value} in {model}" for model, value in found.items())
            raise ConfigError(f"logits are averaged over the same ids alone; {name} is {said}.")
    if len({config.has_encoder for config in configs.values()}) > 1:
        raise ConfigError("an ensemble is of models with an encoder or of decoders alone, not of both.")


def _check_integer(name: str, value: object, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ConfigError(f"{name} must be an integer of at least {least}. Received: {value!r}")


def _check_number(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ConfigError(f"{name} must be a number. Received: {value!r}")


def _v1_0(d_model: int, layers: int, heads: int, d_ff: int, d_kv: int = 64) -> T5Config:
    return T5Config(d_model=d_model, num_layers=layers, num_heads=heads, d_ff=d_ff, d_kv=d_kv)


def _v1_1(d_model: int, layers: int, heads: int, d_ff: int, decoder_layers: int | None = None) -> T5Config:
    return T5Config(
        d_model=d_model,
        num_layers=layers,
        num_decoder_layers=decoder_layers,
        num_heads=heads,
        d_ff=d_ff,
        feed_forward_proj="gated-gelu",
        tie_word_embeddings=False,
    )


# Raffel et al. 2020, section 3.7, for v1.0; the released configurations for the others.
_V1_0 = {
    "small": _v1_0(512, 6, 8, 2048),
    "base": _v1_0(768, 12, 12, 3072),
    "large": _v1_0(1024, 24, 16, 4096),
    "3b": _v1_0(1024, 24, 32, 16384, d_kv=128),
    "11b": _v1_0(1024, 24, 128, 65536, d_kv=128),
}
_V1_1 = {
    "small": _v1_1(512, 8, 6, 1024),
    "base": _v1_1(768, 12, 12, 2048),
    "large": _v1_1(1024, 24, 16, 2816),
    "xl": _v1_1(2048, 24, 32, 5120),
    "xxl": _v1_1(4096, 24, 64, 10240),
}
_BYT5 = {
    "small": _v1_1(1472, 12, 6, 3584, decoder_layers=4),
    "base": _v1_1(1536, 18, 12, 3968, decoder_layers=6),
    "large": _v1_1(1536, 36, 16, 3840, decoder_layers=12),
    "xl": _v1_1(2560, 36, 32, 6720, decoder_layers=12),
    "xxl": _v1_1(4672, 36, 64, 12352, decoder_layers=12),
}
_PRESETS = {
    **{f"t5-{size}": config for size, config in _V1_0.items()},
    **{f"t5-v1_1-{size}": config for size, config in _V1_1.items()},
    **{f"t5-{size}-lm-adapt": config for size, config in _V1_1.items()},
    **{f"flan-t5-{size}": config for size, config in _V1_1.items()},
    **{
        f"mt5-{size}": dataclasses.replace(config, model_type="mt5", vocab_size=250_112)
        for size, config in _V1_1.items()
    },
    **{
        f"umt5-{size}": dataclasses.replace(_V1_1[size], model_type="umt5", vocab_size=256_384)
        for size in ("small", "base", "xl", "xxl")
    },
    **{f"byt5-{size}": dataclasses.replace(config, vocab_size=384) for size, config in _BYT5.items()},
}
