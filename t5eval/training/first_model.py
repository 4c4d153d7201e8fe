"""The model that a training run starts from: a folder's, or a fresh one of a configuration."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from t5eval.predictors.checkpoint_name import find_checkpoint
from t5eval.support.tensorflow_import import import_keras_model
from t5eval.support.unchanged import Unchanged
from t5eval.training.config import TrainConfig
from task_specs.support.errors import UserError, require_known

if TYPE_CHECKING:
    from keras_model.checkpoints.moments import Moments
    from keras_model.config import T5Config
    from keras_model.t5 import T5
    from keras_model.tokenizers.tokenizer import Tokenizer


@dataclasses.dataclass(frozen=True)
class FirstModel:
    """What a run starts from.

    Attributes:
        model: the model to train.
        tokenizer: its tokenizer.
        fingerprint: the hash of the checkpoint that was loaded; None for a fresh model, which follows from its
            configuration and the seed.
        moments: what Adafactor kept when that checkpoint was trained; None where it holds nothing of it, or the run is
            not to go on with it.
    """

    model: T5
    tokenizer: Tokenizer
    fingerprint: str | None
    moments: Moments | None = None


def first_model(config: TrainConfig, strategy: Any) -> FirstModel:
    """Returns the model to train, made under the strategy, with its tokenizer.

    Raises:
        UserError: there is no such model or vocabulary, they do not fit, or the configuration is not possible.
    """
    import_keras_model()
    import keras

    from keras_model.checkpoints import load_tokenizer, open_checkpoint
    from keras_model.checkpoints.fingerprint import base_at, files_of_model, model_fingerprint
    from keras_model.checkpoints.opening import filled
    from keras_model.distribution.strategies import scope
    from keras_model.t5 import T5
    from keras_model.tokenizers.loading import require_ids_of

    keras.utils.set_random_seed(config.settings.seed)
    try:
        found = find_checkpoint(config.model).path if config.model else None
        tokenizer = load_tokenizer(found, config.vocab or None)
        with scope(strategy):
            if found and config.model:
                hashed = Unchanged(config.model, files_of_model(found))
                fingerprint = model_fingerprint(found)
                adaptation = config.trained.adaptation
                base = base_at(found, config.model) if adaptation is not None else None
                checkpoint = open_checkpoint(found)
                if config.dropout_rate is not None:
                    changed = dataclasses.replace(checkpoint.config, dropout_rate=config.dropout_rate)
                    checkpoint = dataclasses.replace(checkpoint, config=changed)
                model = filled(checkpoint, T5, config.settings.dtype)
                everything = adaptation is None and not config.settings.gradual_unfreezing
                goes_on = everything and config.settings.optimizer == "adafactor" and not config.fresh_optimizer
                moments = checkpoint.moments() if goes_on else None
                hashed.require()
                if model.adaptation is not None:
                    raise UserError(f"{config.model}: adapter layers, which are trained in their own run alone")
                if adaptation is not None:
                    model.adapt(adaptation)
                    model.base = base
                require_ids_of(model.config, tokenizer, config.model)
                return FirstModel(model, tokenizer, fingerprint, moments)
            return FirstModel(T5(fresh_config(config, tokenizer), dtype=config.settings.dtype), tokenizer, None)
    except ValueError as error:
        raise UserError(str(error)) from None


def fresh_config(config: TrainConfig, tokenizer: Tokenizer) -> T5Config:
    """Returns the configuration of a model from scratch.

    Raises:
        UserError: a key is unknown, or the values do not fit together.
    """
    from keras_model.config import T5Config

    require_known(config.config, [field.name for field in dataclasses.fields(T5Config)], "[train.config]")
    # The embedding's rows are the vocabulary's, rounded up so that every device divides them.
    rows = -(-tokenizer.vocab_size // 128) * 128
    try:
        base = T5Config.preset(config.preset).stated() if config.preset else {}
        own: dict[str, Any] = {"vocab_size": rows, "pad_token_id": tokenizer.pad_id, "eos_token_id": tokenizer.eos_id}
        if config.dropout_rate is not None:
            own["dropout_rate"] = config.dropout_rate
        return T5Config.from_dict({**base, **own, "decoder_start_token_id": tokenizer.pad_id, **config.config})
    except ValueError as error:
        raise UserError(f"[train.config]: {error}") from None
