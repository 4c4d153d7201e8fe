"""T5Config: what a config.json says is understood or refused, and the presets are the published models."""

import json

import pytest

from keras_model.config import ConfigError, T5Config

# Parameters of the published checkpoints.
PUBLISHED_PARAMETERS = {
    "t5-small": 60_506_624,
    "t5-base": 222_903_552,
    "t5-large": 737_668_096,
    "t5-3b": 2_851_598_336,
    "t5-11b": 11_307_321_344,
    "t5-v1_1-small": 76_961_152,
    "t5-v1_1-base": 247_577_856,
    "t5-v1_1-large": 783_150_080,
    "t5-v1_1-xl": 2_849_757_184,
    "t5-v1_1-xxl": 11_135_332_352,
    "google/t5-small-lm-adapt": 76_961_152,
    "flan-t5-base": 247_577_856,
    "mt5-small": 300_176_768,
    "mt5-base": 582_401_280,
    "mt5-large": 1_229_581_312,
    "byt5-small": 299_637_760,
    "byt5-base": 581_653_248,
}


def parameters(config):
    attention = 4 * config.d_model * config.num_heads * config.d_kv
    gated = config.feed_forward_proj == "gated-gelu"
    feed_forward = (3 if gated else 2) * config.d_model * config.d_ff
    encoder_block = attention + feed_forward + 2 * config.d_model
    decoder_block = 2 * attention + feed_forward + 3 * config.d_model
    tables = 2 * config.relative_attention_num_buckets * config.num_heads
    embeddings = (1 if config.tie_word_embeddings else 2) * config.vocab_size * config.d_model
    blocks = config.num_layers * encoder_block + config.num_decoder_layers * decoder_block
    return embeddings + tables + blocks + 2 * config.d_model


@pytest.mark.parametrize(("name", "published"), PUBLISHED_PARAMETERS.items())
def test_presets_have_the_published_number_of_parameters(name, published):
    assert parameters(T5Config.preset(name)) == published


def test_an_unknown_preset_is_refused_with_the_list():
    with pytest.raises(ConfigError, match=r"t5-small, t5-base.*'t5-huge'"):
        T5Config.preset("t5-huge")


def test_defaults_are_t5_small():
    assert T5Config() == T5Config.preset("t5-small")
    assert T5Config.from_dict({}) == T5Config()


@pytest.mark.parametrize(
    ("values", "tied", "scaled"),
    [
        ({}, True, True),
        ({"feed_forward_proj": "gated-gelu"}, True, True),
        ({"tie_word_embeddings": True}, True, True),
        ({"tie_word_embeddings": False}, False, False),
        # transformers 5 writes both, and the first always true.
        ({"tie_word_embeddings": True, "scale_decoder_outputs": False}, True, False),
        ({"tie_word_embeddings": None}, True, True),
    ],
)
def test_the_tie_flag_decides_tying_and_scaling(values, tied, scaled):
    config = T5Config.from_dict(values)
    assert (config.tie_word_embeddings, config.scale_decoder_outputs) == (tied, scaled)


def test_from_dict_takes_a_config_json_with_names_it_does_not_need():
    values = {
        "model_type": "t5",
        "architectures": ["T5ForConditionalGeneration"],
        "dense_act_fn": "gelu_new",
        "is_gated_act": True,
        "feed_forward_proj": "gated-gelu",
        "num_layers": 3,
        "n_positions": 512,
        "task_specific_params": {"summarization": {"num_beams": 4}},
        "torch_dtype": "bfloat16",
        "pad_token_id": 5,
    }
    config = T5Config.from_dict(values)
    assert config == T5Config(
        feed_forward_proj="gated-gelu", num_layers=3, num_decoder_layers=3, pad_token_id=5, decoder_start_token_id=5
    )


@pytest.mark.parametrize("name", PUBLISHED_PARAMETERS)
def test_to_dict_survives_json(name):
    config = T5Config.preset(name)
    assert T5Config.from_dict(json.loads(json.dumps(config.to_dict()))) == config


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"model_type": "bert"}, "model_type must be one of t5, mt5, umt5. Received: 'bert'"),
        ({"is_encoder_decoder": False}, "is_encoder_decoder must be true"),
        (
            {"feed_forward_proj": "gated-tanh"},
            "must be one of relu, gelu, gelu_new, silu, or one of them after 'gated-'. Received: 'gated-tanh'",
        ),
        ({"feed_forward_proj": "relu", "dense_act_fn": "gelu_new"}, "dense_act_fn='gelu_new' contradicts"),
        ({"feed_forward_proj": "gated-gelu", "dense_act_fn": "gelu"}, "dense_act_fn='gelu' contradicts"),
        ({"d_model": 0}, "d_model must be an integer of at least 1. Received: 0"),
        ({"d_model": "512"}, "d_model must be an integer of at least 1. Received: '512'"),
        ({"num_heads": True}, "num_heads must be an integer"),
        ({"num_decoder_layers": -1}, "num_decoder_layers must be an integer"),
        ({"eos_token_id": [1, 2]}, "eos_token_id must be an integer"),
        ({"eos_token_id": 32128}, "eos_token_id must be less than vocab_size=32128"),
        ({"relative_attention_num_buckets": 7}, "relative_attention_num_buckets must be even"),
        ({"relative_attention_max_distance": 16}, "relative_attention_max_distance must be more than half"),
        ({"dropout_rate": 1.0}, r"dropout_rate must be in \[0, 1\). Received: 1.0"),
        ({"dropout_rate": "0.1"}, "dropout_rate must be a number"),
        ({"layer_norm_epsilon": 0}, "layer_norm_epsilon must be positive"),
        ({"initializer_factor": float("nan")}, "initializer_factor must be positive"),
        ({"tie_word_embeddings": "false"}, "tie_word_embeddings must be true or false. Received: 'false'"),
    ],
)
def test_what_is_not_a_t5_is_refused_by_name(values, message):
    with pytest.raises(ConfigError, match=message):
        T5Config.from_dict(values)
