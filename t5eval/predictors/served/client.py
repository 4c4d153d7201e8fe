"""One client for all requests to a server: time-outs, tries, and what the server's refusals mean."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from time import monotonic, time
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from t5eval.predictors.served.pace import Pace
from t5eval.support.errors import MissingPackage
from task_specs.support.errors import UserError, quoted

if TYPE_CHECKING:
    import aiohttp

T = TypeVar("T")
Read = Callable[[Any], T]
"""Makes something of a reply's JSON; a ValueError and the like says that the reply is not whole."""

TRIES = 8
"""Of one request. No reply in time counts as `LATE` of them."""
LATE = 3
IN_A_ROW = 8
"""When so many requests were given up without an answer between them, the rest is not asked."""
CONNECT_SECONDS = 10.0
REPLY_SECONDS = 30.0
"""The least that a reply may take: four times the slowest one so far, and twice as long after each time-out."""
BACK_OFF_SECONDS = 0.5
"""The first pause, twice as long after each failure up to 16 times, and half or all of that by chance."""
LONGEST_PAUSE = 300.0
"""A server that asks for a longer one has no answer."""
LARGEST = 2**24
"""Bytes of a reply."""
BUSY = (429, 503, 529)
PASSING = (408, 409, 425, 429)
"""Statuses that another try may change, besides 500 and above."""
FINAL = (401, 402, 403, 404, 405, 501)
"""Statuses that no other request would change."""


class GivenUp(Exception):
    """A request has no answer, for the reason that this says; its status is 0 where no reply had one."""

    def __init__(self, reason: str, status: int) -> None:
        super().__init__(reason)
        self.status = status
        self.refused = 400 <= status < 500 and status not in PASSING


class Refused(UserError):
    """The server refuses in a way that holds for every request."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class _Failed(Exception):
    """One try failed.

    Attributes:
        said: why.
        status: the reply's; 0 if there was none.
        cost: how many tries that takes.
        pause: the seconds that the server asks to wait.
        busy: whether the server may have too much to do.
    """

    said: str
    status: int = 0
    cost: int = 1
    pause: float = 0.0
    busy: bool = False


class Client:
    """Asks a server, as an asynchronous context.

    Args:
        url: the server's base URL, without credentials.
        authorization: what the header of this name says; None for no header. No message or file ever holds it.
        places: how many requests are on their way at once, at most.
    """

    def __init__(self, url: str, authorization: str | None, places: int) -> None:
        self.url = url
        self.places = places
        self._authorization = authorization
        self._pace = Pace(places)
        self._slowest = 0.0
        self._reached = False
        self._session: aiohttp.ClientSession

    async def __aenter__(self) -> Client:
        try:
            import aiohttp
        except ModuleNotFoundError:
            raise MissingPackage("openai: needs aiohttp: pip install 't5eval[serve]'") from None
        headers = {"Content-Type": "application/json"}
        if self._authorization is not None:
            headers["Authorization"] = self._authorization
        split = urlsplit(self.url)
        # A proxy carries what is encrypted; it would read the key of what is not.
        tunnel = split.scheme == "https" and not proxy_bypass(split.hostname or "")
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            headers=headers,
            proxy=getproxies().get("https") if tunnel else None,
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def ask(self, path: str, body: Mapping[str, Any] | None, read: Read[T], tries: int = TRIES) -> T:
        """Returns what `read` makes of a reply.

        Args:
            path: what is asked, such as `/models`.
            body: what is posted; None to get.
            read: see `Read`.
            tries: how often, at most.

        Raises:
            GivenUp: no try succeeded, or none would.
            UserError: no other request would succeed either.
        """
        data = None if body is None else json.dumps(body).encode()
        spent = late = 0
        while True:
            async with self._pace as since:
                seconds = max(REPLY_SECONDS, 4 * self._slowest) * 2**late
                try:
                    found = await self._try(path, data, seconds, read)
                except _Failed as error:
                    failed = error
                else:
                    self._slowest = max(self._slowest, monotonic() - since)
                    self._pace.answered()
                    return found
                if failed.busy:
                    self._pace.too_busy(since)
            pause = failed.pause + BACK_OFF_SECONDS * 2 ** min(spent, 4) * random.uniform(0.5, 1)
            spent += failed.cost
            late += failed.cost == LATE
            if spent >= tries or failed.pause > LONGEST_PAUSE:
                raise GivenUp(failed.said, failed.status)
            await asyncio.sleep(pause)

    async def _try(self, path: str, data: bytes | None, seconds: float, read: Read[T]) -> T:
        import aiohttp

        timeout = aiohttp.ClientTimeout(total=seconds, sock_connect=CONNECT_SECONDS)
        method, url = ("GET" if data is None else "POST"), self.url + path
        try:
            async with self._session.request(method, url, data=data, timeout=timeout, allow_redirects=False) as reply:
                content = b""
                while part := await reply.content.readany():
                    content += part
                    if len(content) > LARGEST:
                        raise _Failed(f"its reply has more than {LARGEST:,} bytes", cost=TRIES)
        except aiohttp.ConnectionTimeoutError:
            raise _Failed(f"no connection within {CONNECT_SECONDS:.0f} s") from None
        except TimeoutError:
            raise _Failed(f"no reply within {seconds:.1f} s", cost=LATE, busy=True) from None
        except aiohttp.ClientConnectorError as error:
            cause = getattr(error, "os_error", error)  # a certificate's error has none
            said = f"it cannot be reached: {getattr(cause, 'strerror', None) or cause}"
            if not self._reached:
                raise UserError(f"openai:{self.url}: {said}; start the server, or correct the address") from None
            raise _Failed(said) from None
        except ValueError as error:  # of a header that HTTP does not allow, or an impossible address
            raise UserError(f"openai:{self.url}: {self._hidden(str(error))}") from None
        except (aiohttp.ClientError, OSError) as error:
            raise _Failed(f"its reply ends early ({type(error).__name__})") from None
        self._reached = True
        if reply.status != 200:
            raise self._refusal(path, reply.status, reply.headers, content)
        try:
            return read(json.loads(content))
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            said = quoted(self._hidden(content.decode(errors="replace")))
            raise _Failed(f"its reply is not what {path} answers: {said}") from None

    def _refusal(self, path: str, status: int, headers: Mapping[str, str], content: bytes) -> _Failed | Refused:
        said = f"HTTP {status} from {path}: {quoted(self._hidden(_message(content)), 300)}"
        if status in FINAL or 300 <= status < 400 or (status == 429 and b"insufficient_quota" in content):
            hint = {
                401: "; the key is taken from OPENAI_API_KEY, which is "
                + ("set" if self._authorization else "not set"),
                404: "; BASE_URL ends in /v1 with most servers, and #MODEL is a name that /models lists",
            }.get(status, "; redirects are not followed" if status < 400 else "")
            return Refused(f"openai:{self.url}: {said}{hint}", status)
        again = status >= 500 or status in PASSING
        return _Failed(said, status, 1 if again else TRIES, _seconds(headers.get("Retry-After")), status in BUSY)

    def _hidden(self, text: str) -> str:
        """Returns a text of the server's without the key, if it has that."""
        secret = (self._authorization or "").partition(" ")[2]
        return text.replace(secret, "***") if secret else text


def _message(content: bytes) -> str:
    """Returns what an error's body says, in the forms that servers have."""
    text = content.decode(errors="replace").strip()
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return text
    for key in ("error", "message", "detail"):
        if isinstance(found, dict) and key in found:
            found = found[key]
    return found if isinstance(found, str) else text


def _seconds(header: str | None) -> float:
    """Returns how long `Retry-After` says to wait: seconds, or a date."""
    try:
        return max(0.0, float(header or 0))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(str(header)).timestamp() - time())
    except ValueError:
        return 0.0


async def ask_each(
    client: Client,
    inputs: Mapping[int, tuple[Any, ...]],
    ask: Callable[..., Awaitable[Any]],
    put: Callable[[tuple[int, Any]], None],
) -> None:
    """Calls `ask` with each input, as often at once as the client has places, and hands over key and outcome.

    What is handed over is the answer, or the `GivenUp` that says why there is none.

    Raises:
        GivenUp: too many in a row had no answer; what is not handed over was not asked.
        UserError: no other request would succeed either.
    """
    rest = iter(inputs.items())
    in_a_row = 0

    async def work() -> None:
        nonlocal in_a_row
        for key, given in rest:
            try:
                answer = await ask(*given)
            except GivenUp as error:
                put((key, error))
                in_a_row += 1
                if in_a_row >= IN_A_ROW:
                    raise
            else:
                put((key, answer))
                in_a_row = 0

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(client.places, len(inputs))):
                group.create_task(work())
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from None
