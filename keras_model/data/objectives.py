"""Learning from plain text: the objectives of T5's study, and UL2's mixture of denoisers. NumPy only.

Raffel et al. 2020, section 3.3, composed as there: noise, what the source shows of it, what the target holds. Texts
become sources and targets of ids, each ending in EOS; what is random follows from a generator that the caller seeds.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from keras_model.data.batches import Examples, RaggedIds
from keras_model.data.denoising import (
    SpecialIds,
    Writer,
    assembled,
    dropped,
    everything,
    mask_tokens,
    of_the_rest,
    permuted,
    sentinel_per_span,
)
from keras_model.data.noise import AllNoise, IidNoise, NoiseMask, SpanNoise, SuffixNoise
from keras_model.tokenizers.tokenizer import EOS_ID, PAD_ID, Tokenizer

SHORTEST_CHUNK = 2
"""Ids: one to read and one to write."""


@dataclasses.dataclass(frozen=True)
class Denoiser:
    """One way to make an example of a text.

    Attributes:
        noise: which ids are noise.
        source: what the source shows.
        target: what the target holds.
        mode: a text that the source begins with; UL2's mode tokens.
    """

    noise: NoiseMask
    source: Writer
    target: Writer
    mode: str = ""

    @property
    def shows_nothing(self) -> bool:
        """Whether every source is empty, as a language model's."""
        return isinstance(self.noise, AllNoise) and self.source is dropped

    def chunk_length(self, room: int) -> int:
        """The ids of a text whose source has `room` ids and EOS: as many as just fit, or, if that is random, `room`."""
        if not isinstance(self.noise, SpanNoise):
            return room
        length = SHORTEST_CHUNK
        while self._source_length(length + 1) <= room:
            length += 1
        # As T5's random_spans_helper, for which the lengths are published: no target longer than its source.
        return length - (self.noise.rate == 0.5 and self.noise.most(length, True) > self._source_length(length))

    def _source_length(self, length: int) -> int:
        return length - self.noise.most(length, False) + self.noise.most(length, True) - self.noise.most(length, False)

    def target_length(self, length: int) -> int:
        """The ids of the target of a text, EOS included: at most, if not rarely."""
        if self.target is everything:
            return length + 1
        return self.noise.most(length, self.target is SENTINELS_AND_NOISE) + 1


SENTINELS_AND_NOISE = of_the_rest(sentinel_per_span)
NOISE_ALONE = of_the_rest(dropped)


@dataclasses.dataclass(frozen=True)
class Recipe:
    """What an objective's name stands for.

    Attributes:
        denoisers: made of a noise density and a mean span; text i is of denoiser i modulo their number.
        joins_documents: whether a text goes on with the next document where one ends, so that all are full.
        noise_density: its default; None where there is none to choose.
        mean_span: the same.
    """

    denoisers: Callable[[float, float], Sequence[Denoiser]]
    joins_documents: bool = True
    noise_density: float | None = None
    mean_span: float | None = None


def _spans(rate: float, mean: float, mode: str = "") -> Denoiser:
    return Denoiser(SpanNoise(rate, mean), sentinel_per_span, SENTINELS_AND_NOISE, mode)


def _iid(source: Writer, target: Writer) -> Callable[[float, float], Sequence[Denoiser]]:
    return lambda rate, _: [Denoiser(IidNoise(rate), source, target)]


def _ul2(_: float, __: float) -> Sequence[Denoiser]:
    """Seven denoisers: regular, extreme and sequential (Tay et al. 2022, section 3.1), with the released modes."""
    return [
        *(_spans(0.15, mean, "[NLU]") for mean in (3, 8)),
        *(_spans(rate, mean, "[NLG]") for rate, mean in ((0.5, 3), (0.5, 8), (0.15, 64), (0.5, 64))),
        Denoiser(SuffixNoise(0.25), dropped, NOISE_ALONE, "[S2S]"),
    ]


OBJECTIVES: Mapping[str, Recipe] = {
    "spans": Recipe(lambda rate, mean: [_spans(rate, mean)], noise_density=0.15, mean_span=3.0),
    "iid": Recipe(_iid(sentinel_per_span, SENTINELS_AND_NOISE), noise_density=0.15),
    "bert": Recipe(_iid(mask_tokens(random_share=0.1), everything), noise_density=0.15),
    "mass": Recipe(_iid(mask_tokens(), everything), noise_density=0.15),
    "drop": Recipe(_iid(dropped, NOISE_ALONE), noise_density=0.15),
    "deshuffle": Recipe(lambda _, __: [Denoiser(AllNoise(), permuted, everything)], joins_documents=False),
    "prefix_lm": Recipe(lambda _, __: [Denoiser(SuffixNoise(), dropped, NOISE_ALONE)], joins_documents=False),
    "lm": Recipe(lambda _, __: [Denoiser(AllNoise(), dropped, NOISE_ALONE)]),
    "ul2": Recipe(_ul2),
}
"""T5's names in its released code: spans `span_3_15_u_u`, iid `iid_15_u_u`, bert `iid_15_r10s90_f`, mass `iid_15_m_f`,
drop `iid_15_d_d`, deshuffle `all_permute`, prefix_lm and lm the same."""


@dataclasses.dataclass(frozen=True)
class Objective:
    """How texts become examples.

    Attributes:
        denoisers: text i is of denoiser i modulo their number.
        chunk_lengths: the ids of a full text of each denoiser.
        inputs: the most ids of a source, EOS included.
        joins_documents: whether a text goes on with the next document where one ends.
        special: what noise is replaced by.
        modes: of each denoiser, the ids that a source begins with.
    """

    denoisers: tuple[Denoiser, ...]
    chunk_lengths: tuple[int, ...]
    inputs: int
    joins_documents: bool
    special: SpecialIds
    modes: tuple[np.ndarray, ...]
    eos_id: int = EOS_ID
    pad_id: int = PAD_ID

    @classmethod
    def of(
        cls,
        name: str,
        tokenizer: Tokenizer,
        inputs: int = 512,
        noise_density: float | None = None,
        mean_span: float | None = None,
    ) -> Objective:
        """An objective with a tokenizer's sentinels.

        Args:
            name: a key of `OBJECTIVES`.
            tokenizer: whose ids the texts are in.
            inputs: the most ids of a source, EOS included.
            noise_density: the share of the ids that is noise, between 0 and 1; the objective's own if None.
            mean_span: the mean length of a run of noise, at least 1; the objective's own if None.

        Raises:
            ValueError: the objective has no such setting, the inputs are too few, or the vocabulary has no sentinels.
        """
        recipe = OBJECTIVES[name]
        settings = {"noise_density": noise_density, "mean_span": mean_span}
        for key, value in settings.items():
            if value is not None and getattr(recipe, key) is None:
                raise ValueError(f"objective {name} has no {key}")
        rate = recipe.noise_density if noise_density is None else noise_density
        mean = recipe.mean_span if mean_span is None else mean_span
        if rate is not None and not 0 < rate < 1:
            raise ValueError(f"noise_density is between 0 and 1, without these. Received: {rate}")
        if mean is not None and not mean >= 1:
            raise ValueError(f"mean_span is at least 1. Received: {mean}")
        denoisers = tuple(recipe.denoisers(rate or 0, mean or 0))
        modes = tuple(_mode_ids(tokenizer, denoiser.mode) for denoiser in denoisers)
        least = SHORTEST_CHUNK + 1 + max(map(len, modes))
        if inputs < least:
            raise ValueError(f"inputs must be at least {least} for objective {name}. Received: {inputs}")
        chunks = tuple(d.chunk_length(inputs - 1 - len(mode)) for d, mode in zip(denoisers, modes, strict=True))
        return cls(
            denoisers,
            chunks,
            inputs,
            recipe.joins_documents,
            _special_ids(tokenizer, denoisers, chunks),
            modes,
            tokenizer.eos_id,
            tokenizer.pad_id,
        )

    @property
    def sources(self) -> int:
        """The most ids of a source, EOS included: `inputs`, or where nothing of a text is shown the mode and EOS."""
        nothing = (denoiser.shows_nothing for denoiser in self.denoisers)
        return max(len(mode) + 1 if empty else self.inputs for mode, empty in zip(self.modes, nothing, strict=True))

    @property
    def targets(self) -> int:
        """The most ids of a target, EOS included: exact for `spans`; where noise is random few targets are longer."""
        return max(d.target_length(length) for d, length in zip(self.denoisers, self.chunk_lengths, strict=True))

    def chunk_length(self, number: int) -> int:
        """The ids of text `number` (from 0) where it is full."""
        return self.chunk_lengths[number % len(self.denoisers)]

    def examples(self, texts: Sequence[np.ndarray], first: int, generator: np.random.Generator) -> Examples:
        """The sources and targets of texts; a target of more than `targets` ids is cut, as by T5.

        Args:
            texts: ids, int32, each shape [from SHORTEST_CHUNK to `chunk_length`], without EOS and sentinels.
            first: the number of the first one.
        """
        sources: list[np.ndarray] = [np.zeros(0)] * len(texts)
        targets = sources.copy()
        for kind in range(len(self.denoisers)):
            chosen = range((kind - first) % len(self.denoisers), len(texts), len(self.denoisers))
            if chosen:
                pairs = self._pairs(kind, RaggedIds.from_sequences([texts[i] for i in chosen]), generator)
                if len(self.denoisers) == 1:
                    return Examples(*pairs, pad_id=self.pad_id)
                for i, source, target in zip(chosen, pairs[0], pairs[1], strict=True):
                    sources[i], targets[i] = source, target
        return Examples.from_sequences(sources, targets, self.pad_id)

    def _pairs(self, kind: int, texts: RaggedIds, generator: np.random.Generator) -> tuple[RaggedIds, RaggedIds]:
        denoiser, nothing = self.denoisers[kind], np.zeros(0, np.int32)
        noise = denoiser.noise.draw(texts.lengths, generator)
        source = denoiser.source(texts, noise, self.special, generator)
        target = denoiser.target(texts, noise, self.special, generator)
        limit = denoiser.target_length(self.chunk_lengths[kind])
        return (
            assembled(texts, source, self.modes[kind], self.eos_id, self.inputs),
            assembled(texts, target, nothing, self.eos_id, limit),
        )


def _mode_ids(tokenizer: Tokenizer, mode: str) -> np.ndarray:
    return np.array(tokenizer.encode([mode])[0][len(tokenizer.prefix) : -1] if mode else [], np.int32)


def _special_ids(tokenizer: Tokenizer, denoisers: Sequence[Denoiser], chunks: Sequence[int]) -> SpecialIds:
    """As many sentinels as a text can have runs of noise or of what is none, where an objective writes any."""
    needed = [0]
    for denoiser, length in zip(denoisers, chunks, strict=True):
        writers = {denoiser.source, denoiser.target}
        if writers & {sentinel_per_span, SENTINELS_AND_NOISE}:
            needed.append(denoiser.noise.runs(length))
        elif writers - {dropped, permuted, everything, NOISE_ALONE}:
            needed.append(1)
    reserved = [i for i in (tokenizer.pad_id, tokenizer.eos_id, tokenizer.unknown_id) if i is not None]
    ordinary = np.setdiff1d(np.arange(tokenizer.vocab_size, dtype=np.int32), reserved)
    return SpecialIds(np.array(tokenizer.sentinels(max(needed)), np.int32), ordinary)
