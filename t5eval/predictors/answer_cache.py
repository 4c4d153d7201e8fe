"""A model's answers, kept across runs: the same model, input and decoding is never asked twice."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, cast

from t5eval.predictors.answering import require_one_each
from t5eval.predictors.chat import Chat
from t5eval.predictors.predictor import Answering, AsTheyCome, Generation, Predictor, Prepared, Rank, Sample, Unanswered
from t5eval.runs.prediction import Ranking, Usage
from task_specs import Decode
from task_specs.support.errors import UserError

FILE = "answers.sqlite"
WAIT = 60
"""Seconds to wait for other processes that write into the same cache."""
TABLE = "CREATE TABLE IF NOT EXISTS answers (key BLOB PRIMARY KEY, answer TEXT NOT NULL) WITHOUT ROWID"


class CachedPredictor:
    """Does what a predictor does, but asks it only for what the cache does not have, and for equal inputs once.

    Args:
        predictor: the model.
        cache: where its answers are kept.

    Raises:
        UserError: its answers do not follow from inputs.
    """

    def __init__(self, predictor: Predictor, cache: AnswerCache) -> None:
        if predictor.cache_identity() is None:
            raise UserError("--cache does not apply to predictions that are there already; leave it out")
        self._predictor = predictor
        self._cache = cache

    def __getattr__(self, name: str) -> Any:
        return getattr(self._predictor, name)

    def prepare(self, texts: Sequence[str], max_tokens: int) -> list[Prepared]:
        """See `Predictor.prepare`."""
        return _keyed(self._predictor.prepare(texts, max_tokens), texts, max_tokens)

    def prepare_chats(self, chats: Sequence[Chat], max_tokens: int) -> list[Prepared]:
        """See `Predictor.prepare_chats`."""
        return _keyed(self._predictor.prepare_chats(chats, max_tokens), list(map(asdict, chats)), max_tokens)

    def compiles_shapes(self) -> bool:
        """Returns False: what is not in the cache comes in any number, and the model need not be loaded for it."""
        return False

    def generate(self, batch: Sequence[Prepared], max_new_tokens: int, decode: Decode | Sample) -> list[Generation]:
        """See `Predictor.generate`."""

        def ask(missing: Sequence[Prepared]) -> list[Generation]:
            found = self._predictor.generate(missing, max_new_tokens, decode)
            require_one_each(found, missing, Generation)
            return found

        return self._answers(batch, self._keys(batch, decode, max_new_tokens), ask)

    def rank(self, batch: Sequence[Prepared], answers: Sequence[str]) -> list[Ranking]:
        """See `Predictor.rank`."""

        def ask(missing: Sequence[Prepared]) -> list[Generation]:
            found = self._predictor.rank(missing, answers)
            require_one_each(found, missing, Ranking)
            return [Generation("", None, ranking) for ranking in found]

        outputs = self._answers(batch, self._keys(batch, Rank(tuple(answers))), ask)
        return [replace(output.ranking, cached=output.cached) for output in outputs if output.ranking]

    def _keys(self, batch: Sequence[Prepared], answering: Answering, *limits: int) -> list[bytes]:
        # Both what is asked for and what the model says that it makes of it, which may leave out a seed.
        asked = [self._predictor.cache_identity(), asdict(answering), self._predictor.decoding(answering), *limits]
        drawn = isinstance(answering, Sample)
        return [_digest([*asked, p.key, p.number if drawn else None]) for p in batch]

    def _answers(
        self,
        batch: Sequence[Prepared],
        keys: Sequence[bytes],
        ask: Callable[[Sequence[Prepared]], list[Generation]],
    ) -> list[Generation]:
        known = self._cache.get(keys)
        missing = {key: prepared for key, prepared in zip(keys, batch, strict=True) if key not in known}
        fresh = dict(zip(missing, ask(list(missing.values())), strict=True)) if missing else {}
        self._cache.put(fresh)
        known |= {key: _again(answer) for key, answer in fresh.items()}
        return [fresh.pop(key, known[key]) for key in keys]  # of equal inputs the first is the one asked for


class CachedAsTheyCome(CachedPredictor):
    """Does the same for a predictor without batches: each answer is kept when it comes."""

    def answers(
        self, asked: Mapping[int, tuple[Prepared, Answering]], max_new_tokens: int
    ) -> Generator[Mapping[int, Generation]]:
        """See `AsTheyCome.answers`."""
        same: dict[bytes, list[int]] = {}  # what is one question for the cache
        for number, (prepared, answering) in asked.items():
            limits = () if isinstance(answering, Rank) else (max_new_tokens,)
            (key,) = self._keys([prepared], answering, *limits)
            same.setdefault(key, []).append(number)
        known = self._cache.get(same)
        if known:
            yield {number: answer for key, answer in known.items() for number in same[key]}
        first = {numbers[0]: key for key, numbers in same.items() if key not in known}
        if not first:
            return
        predictor = cast(AsTheyCome, self._predictor)
        with closing(predictor.answers({number: asked[number] for number in first}, max_new_tokens)) as coming:
            try:
                for some in coming:
                    self._cache.put({first[number]: answer for number, answer in some.items()})
                    again = {n: _again(a) for number, a in some.items() for n in same[first[number]][1:]}
                    yield {**some, **again}
            except Unanswered as error:
                which = [number for n in error.which for number in same[first[int(n)]]]
                raise Unanswered(which, error.reason, error.stopped) from None


def _keyed(prepared: Sequence[Prepared], inputs: Sequence[Any], max_tokens: int) -> list[Prepared]:
    if len(prepared) != len(inputs):
        return list(prepared)  # the caller says what is wrong
    # Equal inputs all come to the cache, which tells those that it answered itself.
    return [
        replace(p, key=_digest([given, max_tokens]).hex(), same=b"") for p, given in zip(prepared, inputs, strict=True)
    ]


def _digest(value: Any) -> bytes:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=dict).encode()).digest()


def _again(answer: Generation) -> Generation:
    """Returns an answer as a cache gives it: nobody was asked, and it took no tokens."""
    return replace(answer, cached=True, usage=None if answer.usage is None else Usage(0, 0))


def _written(answer: Generation) -> str:
    """Returns an answer as JSON, whatever numbers of NumPy's it is made of."""
    return json.dumps(asdict(_again(answer)), default=lambda number: number.item())


def _read(text: str) -> Generation:
    found = json.loads(text)
    parts = {"ranking": Ranking, "usage": Usage}
    return Generation(**{k: parts[k](**v) if v and k in parts else v for k, v in found.items()})


class AnswerCache:
    """Answers by key, in one SQLite file that several processes may use at once and that a killed one leaves sound."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection

    def get(self, keys: Iterable[bytes]) -> dict[bytes, Generation]:
        """Returns the answers that are there to some of the keys."""
        found = {}
        with _named(self.path):
            for key in dict.fromkeys(keys):
                for (answer,) in self._connection.execute("SELECT answer FROM answers WHERE key = ?", (key,)):
                    found[key] = _read(answer)
        return found

    def put(self, answers: Mapping[bytes, Generation]) -> None:
        """Keeps answers; when this returns, they survive the process. What is there already stays."""
        rows = [(key, _written(answer)) for key, answer in answers.items()]
        with _named(self.path), self._connection:
            self._connection.executemany("INSERT OR IGNORE INTO answers VALUES (?, ?)", rows)


@contextmanager
def caching(predictor: Predictor, folder: str | os.PathLike[str] | None) -> Iterator[Predictor]:
    """Puts the cache in a folder, made if it is not there, before a predictor; nothing if the folder is None.

    Raises:
        UserError: the cache cannot be used or is damaged, or the predictor's answers do not follow from inputs.
    """
    if folder is None:
        yield predictor
        return
    with open_cache(Path(folder)) as cache:
        kind = CachedAsTheyCome if isinstance(predictor, AsTheyCome) else CachedPredictor
        yield cast(Predictor, kind(predictor, cache))


@contextmanager
def open_cache(folder: Path) -> Iterator[AnswerCache]:
    """Opens the cache in a folder, made if it is not there.

    Raises:
        UserError: it cannot be used, or is damaged.
    """
    path = folder / FILE
    with _named(path):
        folder.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=WAIT)
    with closing(connection):
        with _named(path):
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            with connection:
                connection.execute(TABLE)
        yield AnswerCache(path, connection)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise UserError(f"--cache {path.parent}: cannot be used: {error}") from None
    except (sqlite3.DatabaseError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path}: a damaged cache ({error}); remove it, and answers are asked for anew") from None
    except OSError as error:
        raise UserError(f"--cache {path.parent}: cannot be used: {error.strerror or error}") from None
