"""The loss of a trained model on the part of its text that was held out, measured as in training."""

from __future__ import annotations

from pathlib import Path

from t5eval.support.tensorflow_import import import_keras_model
from t5eval.training.config import TrainConfig
from t5eval.training.held_out_text import HeldOutText
from t5eval.training.token_ids import held_out_of_run
from task_specs import TEXT
from task_specs.support.errors import UserError


def held_out_loss(model: Path, config: TrainConfig) -> float:
    """Returns the mean cross-entropy of a target's token, in nats, over all of the held-out text.

    Args:
        model: a model's folder.
        config: the run that trained it, whose text is prepared.

    Raises:
        UserError: one of them cannot be read, or no part of the text is held out.
    """
    import_keras_model()
    from keras_model.checkpoints import CheckpointError, load_tokenizer
    from keras_model.decoding.generator import Generator
    from keras_model.t5 import load_model

    examples = held_out_of_run(config)
    if examples is None:
        raise UserError(f"{config.out}: [train.text] does not say with held_out which part of the text is left out")
    try:
        tokenizer = load_tokenizer(model)
        generator = Generator(load_model(model), emit_limit=tokenizer.vocab_size)
    except (CheckpointError, ValueError) as error:
        raise UserError(str(error)) from None
    text = HeldOutText.of(examples, None, tokenizer)
    return text.predicted(generator, lambda done, total: None).scores[f"{TEXT} loss"]
