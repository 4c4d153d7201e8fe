"""A callback of training: with `--callback text_log` the loss of every tenth step goes into a file."""

from pathlib import Path

from t5eval import register_callback


def make():
    import keras  # when a run starts: no other command needs it

    class TextLog(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if logs["step"] % 10 == 0:
                with Path("losses.txt").open("a") as file:
                    file.write(f"{logs['step']} {logs['loss']:.3f}\n")

    return TextLog()


register_callback("text_log", make)
