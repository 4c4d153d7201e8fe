"""Where a model is trained and run: one device, several devices, several machines, or a TPU, each under its name.

| name | TensorFlow's strategy |
|---|---|
| `none` | none |
| `mirrored[:N]` | `MirroredStrategy` on all GPUs, or the first N; without a GPU on N (or 1) logical CPU devices |
| `multiworker` | `MultiWorkerMirroredStrategy`, which finds the other processes in the variable TF_CONFIG |
| `tpu[:ADDRESS]` | `TPUStrategy` on a TPU named so or at `grpc://...`, by default on this machine's or TPU_NAME's |

A model belongs to the strategy in whose scope it is made: `with strategy.scope(): model = load_model(folder)`.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import tensorflow as tf

FORMS = "none, mirrored, mirrored:N, multiworker, tpu, tpu:ADDRESS"
TPU_DEVICES = ("accel*", "vfio/[0-9]*")
"""What a machine with TPUs has in /dev."""
ANSWER_SECONDS = 20.0
"""How long a TPU's server may take to accept a connection."""


class StrategyError(ValueError):
    """A strategy that does not exist or cannot be had here; the message is one line and says what was looked for."""


def parse(name: str) -> tuple[str, str | None]:
    """A strategy's kind and what follows the colon, if anything does.

    Raises:
        StrategyError: the name has none of the forms above.
    """
    kind, colon, argument = name.partition(":")
    takes = {
        "none": False,
        "mirrored": argument.isdecimal() and int(argument) > 0,
        "multiworker": False,
        "tpu": argument,
    }
    if kind not in takes or (colon and not takes[kind]):
        raise StrategyError(f"strategy {name!r} is not known; the strategies are {FORMS}, with N a number from 1 on")
    return kind, argument or None


def open_strategy(name: str) -> tf.distribute.Strategy | None:
    """The strategy of a name, None for `none`.

    Call it before anything else of TensorFlow: logical devices and the connections to other machines have to be there
    first. `multiworker` waits until every worker has called it.

    Raises:
        StrategyError: the name is not known, or there is nothing here that it could run on.
    """
    kind, argument = parse(name)
    if kind == "none":
        return None
    return {"mirrored": _mirrored, "multiworker": _multiworker, "tpu": _tpu}[kind](argument)


def scope(strategy: tf.distribute.Strategy | None) -> AbstractContextManager[Any]:
    """In this context, models are made under the strategy."""
    return nullcontext() if strategy is None else strategy.scope()


def is_chief(strategy: tf.distribute.Strategy | None) -> bool:
    """Whether this process is the one that writes files: with several workers the chief, or else the first of them."""
    return strategy is None or worker_number(strategy) == 0


def worker_number(strategy: tf.distribute.Strategy) -> int:
    """The number of this process among the workers, the chief's being 0."""
    import tensorflow as tf

    if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        return 0
    resolver = strategy.cluster_resolver
    if resolver.task_type in (None, "chief"):
        return 0
    return int(resolver.task_id) + len(resolver.cluster_spec().as_dict().get("chief", []))


def meet(strategy: tf.distribute.Strategy, text: str = "") -> bool:
    """Waits until every worker has called this; whether all of them say the same."""
    import tensorflow as tf

    if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        return True
    own = np.frombuffer(hashlib.sha256(text.encode()).digest(), np.int64)[np.newaxis]
    return bool((np.asarray(strategy.gather(strategy.run(lambda: tf.constant(own)), axis=0)) == own).all())


def _mirrored(count: str | None) -> tf.distribute.Strategy:
    import tensorflow as tf

    kind = "GPU" if tf.config.list_physical_devices("GPU") else "CPU"
    wanted = int(count) if count else None
    if kind == "CPU":
        _make_logical_cpus(wanted or 1)
    there = len(tf.config.list_logical_devices(kind))
    if (wanted or there) > there:
        raise StrategyError(f"mirrored:{wanted}: there are only {there} {kind} devices")
    return tf.distribute.MirroredStrategy([f"{kind}:{i}" for i in range(wanted or there)])


def compiles_shapes(strategy: tf.distribute.Strategy) -> bool:
    """Whether a training step is compiled for every shape of a batch, so that few should be made."""
    import tensorflow as tf

    from keras_model.distribution.xla import compiles_step

    if isinstance(strategy, tf.distribute.TPUStrategy):
        return True
    with strategy.scope():  # which `compiles_step` asks about
        return compiles_step()


def _make_logical_cpus(count: int) -> None:
    """Cuts the CPU into logical devices; it cannot be done anew once TensorFlow has started."""
    import tensorflow as tf

    (cpu, *_) = tf.config.list_physical_devices("CPU")
    made = tf.config.get_logical_device_configuration(cpu)
    if count > 1 and len(made or ()) < count:
        try:
            tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * count)
        except RuntimeError:
            raise StrategyError(
                f"mirrored:{count}: TensorFlow has started with fewer CPU devices in this process; open the strategy "
                "before anything else of TensorFlow is used"
            ) from None


def _multiworker(_: str | None) -> tf.distribute.Strategy:
    cluster = _cluster()
    import tensorflow as tf

    try:
        return tf.distribute.MultiWorkerMirroredStrategy()
    except (tf.errors.OpError, RuntimeError, ValueError) as error:
        raise StrategyError(f"multiworker: {cluster} do not come together: {_first_line(error)}") from None


def _cluster() -> str:
    """The workers' addresses in TF_CONFIG, after looking whether it is complete."""
    form = (
        'it is JSON such as {"cluster": {"worker": ["host1:2222", "host2:2222"]}, '
        '"task": {"type": "worker", "index": 0}}, with an index of its own for each worker'
    )
    text = os.environ.get("TF_CONFIG")
    if not text:
        raise StrategyError(f"multiworker: the environment variable TF_CONFIG is not set; {form}")
    try:
        config = json.loads(text)
        cluster, task = config["cluster"], config["task"]
        addresses = cluster[task["type"]]
        inside = 0 <= int(task["index"]) < len(addresses)
        listed = ", ".join(address for job in ("chief", "worker") for address in cluster.get(job, ()))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise StrategyError(f"multiworker: TF_CONFIG is not complete ({error!r}); {form}") from None
    if not inside:
        raise StrategyError(
            f"multiworker: TF_CONFIG says that this is {task['type']} {task['index']}, but its cluster has "
            f"{len(addresses)} of that type, counted from 0"
        )
    return f"the workers {listed}"


def _tpu(address: str | None) -> tf.distribute.Strategy:
    devices = [path for pattern in TPU_DEVICES for path in Path("/dev").glob(pattern)]
    named = address or ("local" if devices else os.environ.get("TPU_NAME"))
    if named is None:
        raise StrategyError(
            f"tpu: no TPU here: there is no {' or '.join(f'/dev/{pattern}' for pattern in TPU_DEVICES)}, and neither "
            "an address (tpu:ADDRESS) nor the environment variable TPU_NAME names one elsewhere"
        )
    _require_answer(named)
    import tensorflow as tf

    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver(tpu=named)
        tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
        return tf.distribute.TPUStrategy(resolver)
    except Exception as error:  # what is raised depends on where the search ends: in a file, at a server, in the driver
        raise StrategyError(f"tpu: no TPU was found under the name {named!r}: {_first_line(error)}") from None


def _require_answer(address: str) -> None:
    """Tries to reach a server that is named by its address, since TensorFlow would try without end."""
    server = re.fullmatch(r"grpc://\[?([^/]+?)\]?:(\d+)", address)
    if server is None:
        return
    try:
        socket.create_connection((server[1], int(server[2])), timeout=ANSWER_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise StrategyError(f"tpu: no TPU was found under the name {address!r}: {error}") from None


def _first_line(error: Any) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
