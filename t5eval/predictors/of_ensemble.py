"""Several Keras T5s of one vocabulary as one model, whose logits are averaged at every step.

Raffel et al. 2020, section 3.6, so ensembled four models that were trained alike.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from t5eval.data import Split
from t5eval.predictors.of_keras import KerasGenerator, KerasPredictor, tensorflow_devices
from t5eval.predictors.of_training_run import BestCheckpoints
from t5eval.predictors.predictor import Generation, Predictor, Prepared, Sample
from t5eval.runs.prediction import Ranking
from t5eval.support.strategy import open_strategy
from t5eval.support.tensorflow_import import import_keras_model
from task_specs import Decode
from task_specs.support.errors import UserError

if TYPE_CHECKING:
    from keras_model.t5 import T5

Member = KerasPredictor | BestCheckpoints


class EnsemblePredictor(Predictor):
    """Checkpoints whose logits are averaged; of a training run, the one that answers the split begun.

    Args:
        members: what is averaged, by the name that finds it again; at least two.
        strategy: where they run, as `--strategy` names it.
    """

    def __init__(self, members: Mapping[str, Member], strategy: str = "none") -> None:
        self._members = members
        self._strategy = strategy
        self._networks: dict[KerasPredictor, T5] = {}
        self._generator: KerasGenerator | None = None

    @cached_property
    def identity(self) -> Mapping[str, str]:
        """The hash over all members, each member's own, and the vocabulary and precision that they share.

        Raises:
            UserError: one cannot be read, is there twice, or has other ids than the others.
        """
        found = {name: member.identity for name, member in self._members.items()}
        self._require_one_vocabulary(found)
        names: dict[str, str] = {}
        for name, identity in found.items():
            before = names.setdefault(identity["model"], name)
            if before != name:
                raise UserError(f"ensemble: {before} and {name} are the same model, which would count twice")
        return _joint(list(found.values()))

    def _require_one_vocabulary(self, identities: Mapping[str, Mapping[str, str]]) -> None:
        from keras_model.config import require_one_vocabulary

        first, *others = identities
        for name in others:
            if identities[name]["vocabulary"] != identities[first]["vocabulary"]:
                raise UserError(f"ensemble: {first} and {name} have different vocabularies; logits of one are averaged")
        stated = {name: member.current.stated_config for name, member in self._members.items()}
        try:
            require_one_vocabulary({name: config for name, config in stated.items() if config is not None})
        except ValueError as error:
            raise UserError(f"ensemble: {error}") from None

    def expect(self, splits: Sequence[Split]) -> None:
        """See `Predictor.expect`."""
        for member in self._members.values():
            member.expect(splits)

    def begin(self, split: Split) -> None:
        """See `Predictor.begin`; each training run turns to the checkpoint of the split's task."""
        for member in self._members.values():
            member.begin(split)

    def cache_identity(self) -> Mapping[str, str]:
        """See `Predictor.cache_identity`."""
        return _joint([member.current.identity for member in self._members.values()])

    @property
    def _loaded(self) -> KerasGenerator:
        self.identity  # noqa: B018  (what cannot be averaged is said before it is loaded)
        current = [member.current for member in self._members.values()]
        if self._generator is None or list(self._networks) != current:
            self._generator = None
            self._networks = {p: network for p, network in self._networks.items() if p in current}  # frees memory first
            import_keras_model()  # before a strategy is opened
            strategy = open_strategy(self._strategy)
            self._networks = {p: self._networks.get(p) or p.load(strategy) for p in current}
            self._generator = self._averaging(list(self._networks.values()), current[0])
        return self._generator

    def _averaging(self, networks: Sequence[T5], first: KerasPredictor) -> KerasGenerator:
        from keras_model.decoding.ensemble import Ensemble
        from keras_model.decoding.generator import Generator

        try:
            ensemble = Ensemble(networks)
        except ValueError as error:
            raise UserError(f"ensemble: {error}") from None
        return KerasGenerator(Generator(ensemble, emit_limit=first.tokenizer.vocab_size), first.tokenizer)

    @property
    def _first(self) -> KerasPredictor:
        return next(iter(self._members.values())).current

    def prepare(self, texts: Sequence[str], max_tokens: int) -> list[Prepared]:
        """See `Predictor.prepare`; the members have one tokenizer."""
        return self._first.prepare(texts, max_tokens)

    def compiles_shapes(self) -> bool:
        """See `Compiling.compiles_shapes`."""
        return self._loaded.compiles_shapes()

    def generate(self, batch: Sequence[Prepared], max_new_tokens: int, decode: Decode | Sample) -> list[Generation]:
        """See `Predictor.generate`."""
        return self._loaded.generate(batch, max_new_tokens, decode)

    def rank(self, batch: Sequence[Prepared], answers: Sequence[str]) -> list[Ranking]:
        """See `Predictor.rank`."""
        return self._loaded.rank(batch, answers)

    def count_unwritable(self, texts: Sequence[str]) -> int:
        """See `Predictor.count_unwritable`."""
        return self._first.count_unwritable(texts)

    def device(self) -> str | None:
        """See `Predictor.device`."""
        return tensorflow_devices() if self._generator is not None else None


def _joint(identities: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """Returns the identity of members together, in their order, by which sums of floats may differ in a last digit."""
    hashes = [identity["model"] for identity in identities]
    joint = hashlib.sha256("\n".join(hashes).encode()).hexdigest()
    return {**identities[0], "model": joint, "members": " ".join(hashes)}
