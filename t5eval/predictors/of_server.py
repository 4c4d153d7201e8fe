"""A model that a server serves in OpenAI's form: vLLM, llama.cpp, TGI, transformers' own, or OpenAI itself."""

import base64
import json
import os
import re
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from t5eval.predictors.chat import Chat
from t5eval.predictors.model_name import ModelOptions, NamedModel
from t5eval.predictors.of_transformers import GAP
from t5eval.predictors.predictor import Answering, Generation, Predictor, Prepared, Rank, Sample, Unanswered
from t5eval.predictors.served.client import Client, GivenUp, Refused, ask_each
from t5eval.predictors.served.replies import (
    CHAT,
    COMPLETIONS,
    NoLogProbabilities,
    ScoredText,
    answer_score,
    generation,
    models,
    request,
    scored_text,
    scoring_request,
)
from t5eval.predictors.served.streaming import as_they_come, at_once
from t5eval.runs.prediction import Ranking, Usage
from task_specs import Decode
from task_specs.support.errors import UserError, some

KEY = "OPENAI_API_KEY"
PLACES = 16
"""Requests that are on their way at once, where --concurrency does not say."""
CHARACTERS_OF_A_TOKEN = 4
NO_LIST = (404, 405, 500, 501)
"""What servers without `/models` answer there; transformers' own says 500 where nothing is in its cache."""
ADDRESS = re.compile(
    r"(https?://)(?:([^/\s]*)@)?((?:[\w.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?(?:/[^\s?#]*)?)"  # scheme, user, place
)
REPORTED = ("owned_by", "root", "parent", "max_model_len", "meta")
"""What `/models` may say of a model and says again the next time; `created` is the time of asking with most servers."""


class ServedModel(Predictor):
    """A model at a server. It is asked in as many requests at once as it bears, and its answers are there as they come.

    Args:
        url: the base URL, with `user:password@` where the server asks for that.
        model: the model's name there; None for the only one.
        places: how many requests are on their way at once, at most.
    """

    def __init__(self, url: str, model: str | None = None, places: int = PLACES) -> None:
        found = ADDRESS.fullmatch(url.rstrip("/"))
        if found is None:
            shown = re.sub(r"//[^/]*@", "//", url)
            raise UserError(f"--model openai:{shown}: write openai:BASE_URL[#MODEL], as openai:http://HOST:PORT/v1")
        scheme, user, place = found.groups()
        self.url = scheme + place
        key = os.environ.get(KEY, "").strip()
        basic = base64.b64encode(unquote(user or "").encode()).decode()
        self._authorization = f"Bearer {key}" if key else f"Basic {basic}" if user else None
        self.places = places
        self._named = model

    def _client(self) -> Client:
        return Client(self.url, self._authorization, self.places)

    @cached_property
    def listed(self) -> list[dict[str, Any]]:
        """What `/models` says of each model; nothing where the server has no such list, and a name was given."""

        async def ask() -> list[dict[str, Any]]:
            async with self._client() as client:
                return await client.ask("/models", None, models, tries=3)

        try:
            return at_once(ask)
        except (Refused, GivenUp) as error:
            if error.status in NO_LIST and self._named:
                return []
            raise error if isinstance(error, UserError) else UserError(f"openai:{self.url}: {error}") from None

    @cached_property
    def model(self) -> str:
        """The model's name at the server.

        Raises:
            UserError: none was given, and there is not just one; or the server does not say.
        """
        names = [self._named] if self._named else [entry["id"] for entry in self.listed]
        if len(names) != 1:
            raise UserError(
                f"openai:{self.url}: it serves {', '.join(names) or 'no model'}; name one as openai:{self.url}#MODEL"
            )
        return names[0]

    @cached_property
    def identity(self) -> Mapping[str, str]:
        """Where it is served, under which name, and what the server says of it; the weights cannot be seen."""
        entry = next((entry for entry in self.listed if entry["id"] == self.model), {})
        said = {key: entry[key] for key in REPORTED if entry.get(key) is not None}
        return {"model": self.model, "server": self.url, "reported": json.dumps(said, sort_keys=True)}

    def decoding(self, answering: Answering) -> Mapping[str, Any]:
        """See `Predictor.decoding`.

        Raises:
            UserError: it is beam search.
        """
        if answering.method == "beam":
            raise UserError(
                f"openai:{self.url}: a server's models have no beam search; "
                "write --decode greedy, without --beam-size and --alpha"
            )
        return asdict(answering) | ({"gap": GAP} if isinstance(answering, Rank) else {})

    def prepare(self, texts: Sequence[str], max_tokens: int) -> list[Prepared]:
        """Returns the texts as they are, whole: only the server knows their tokens."""
        return [Prepared(text, len(text) // CHARACTERS_OF_A_TOKEN + 1, None) for text in texts]

    def prepare_chats(self, chats: Sequence[Chat], max_tokens: int) -> list[Prepared]:
        """Returns the conversations as they are, whole."""
        lengths = [sum(len(turn.text) for turn in chat.turns) for chat in chats]
        return [Prepared(c, n // CHARACTERS_OF_A_TOKEN + 1, None) for c, n in zip(chats, lengths, strict=True)]

    def answers(
        self, asked: Mapping[int, tuple[Prepared, Answering]], max_new_tokens: int
    ) -> Generator[Mapping[int, Generation]]:
        """See `AsTheyCome.answers`."""
        reasons: dict[int, str] = {}
        missing = dict.fromkeys(asked)
        stopped = False

        async def ask_all(put: Callable[[tuple[int, Generation | GivenUp]], None]) -> None:
            async with self._client() as client:

                async def ask(given: Prepared, answering: Answering) -> Generation:
                    if isinstance(answering, Rank):
                        return await self._ranked(client, given.payload, answering.choices)
                    path = CHAT if isinstance(given.payload, Chat) else COMPLETIONS
                    body = request(self.model, given, max_new_tokens, answering)
                    return await client.ask(path, body, generation)

                await ask_each(client, asked, ask, put)

        with closing(as_they_come(ask_all)) as coming:
            try:
                for some in coming:
                    found = {key: answer for key, answer in some if isinstance(answer, Generation)}
                    reasons |= {key: str(why) for key, why in some if isinstance(why, GivenUp)}
                    for key in found:
                        del missing[key]
                    yield found
            except GivenUp:
                stopped = True
        if missing:
            raise Unanswered([*missing], f"openai:{self.url}: {next(iter(reasons.values()))}", stopped)

    async def _ranked(self, client: Client, given: str | Chat, choices: Sequence[str]) -> Generation:
        """Returns how probable the choices are behind a text, from one request for the text alone and one for each.

        Raises:
            UserError: the server does not say, or the input is a conversation.
        """
        lacks = f"openai:{self.url}: --decode rank needs log-probabilities of texts, "
        if isinstance(given, Chat):
            raise UserError(f"{lacks}which no server has for conversations; leave out --chat or --decode rank")
        scored: list[ScoredText] = []
        try:
            for text in (given, *(f"{given}{GAP}{choice}" for choice in choices)):
                scored.append(await client.ask(COMPLETIONS, scoring_request(self.model, text), scored_text))
            sums, tokens = zip(*(answer_score(scored[0], whole) for whole in scored[1:]), strict=True)
        except NoLogProbabilities:
            raise UserError(f"{lacks}which this server does not give; leave out --decode rank") from None
        except GivenUp as error:
            if error.refused and not scored:
                raise UserError(f"{lacks}which this server refuses: {error}; leave out --decode rank") from None
            raise
        return Generation("", False, Ranking(sums, tokens), Usage.sum([text.usage for text in scored]))

    def _all(self, batch: Sequence[Prepared], max_new_tokens: int, answering: Answering) -> list[Generation]:
        found: dict[int, Generation] = {}
        for part in self.answers({i: (given, answering) for i, given in enumerate(batch)}, max_new_tokens):
            found |= part
        return [found[number] for number in range(len(batch))]

    def generate(self, batch: Sequence[Prepared], max_new_tokens: int, decode: Decode | Sample) -> list[Generation]:
        """See `Predictor.generate`."""
        return self._all(batch, max_new_tokens, decode)

    def rank(self, batch: Sequence[Prepared], answers: Sequence[str]) -> list[Ranking]:
        """See `Predictor.rank`; the end of the answer is not counted, since no server tells its probability."""
        return [found.ranking for found in self._all(batch, 1, Rank(tuple(answers))) if found.ranking]


def open_served(name: str, options: ModelOptions) -> NamedModel:
    """Returns the model that `BASE_URL[#MODEL]` serves, under a name without credentials.

    Raises:
        UserError: the server cannot be asked, no model is named and it has several, or an option was given that the
            server decides.
    """
    options.refuse("a served model", "dtype", "vocab", "strategy", "generation")
    url, _, model = name.partition("#")
    found = ServedModel(url, model or None, options.concurrency or PLACES)
    named = f"openai:{found.url}#{found.model}"
    listed = [entry["id"] for entry in found.listed]
    if not listed or found.model in listed:
        return NamedModel(found, named)
    lists = f"the server lists {some(listed)} and no such model"
    return NamedModel(found, named, note=f"{named}: {lists}; some answer by the one they have, whatever is named")
