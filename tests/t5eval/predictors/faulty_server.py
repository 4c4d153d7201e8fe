"""A server in OpenAI's form, in this process, that refuses, fails, hangs, cuts replies short and dies when told."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

Body = dict[str, Any]
Fault = Callable[[int], bool]
"""Told the number of a request that asks for a text, from 1 on, says whether this one fails."""


def every(n: int) -> Fault:
    return lambda number: number % n == 0


def completion(text: str, finish: str = "stop") -> Body:
    """A reply, with as many tokens as the text has words."""
    choice = {"index": 0, "text": text, "message": {"role": "assistant", "content": text}, "finish_reason": finish}
    return {"choices": [choice], "usage": {"prompt_tokens": 10, "completion_tokens": len(text.split())}}


class FaultyServer:
    """Listens as long as the context lasts.

    Args:
        answer: makes the reply to a body.
        faults: `429`, `500`, `hang`, `cut`, `json` or `empty` to when it happens.
        dies_after: answers so many, then is gone.
        models: what `/models` lists; None for a server without that.
        key: refuses requests without it.

    Attributes:
        requests: path, headers and body of all requests.
        answered: the prompt, or the last turn, of each answer that was sent whole.
    """

    def __init__(
        self,
        answer: Callable[[Body], Body | tuple[int, Body]],
        faults: Mapping[str, Fault] | None = None,
        dies_after: int | None = None,
        models: list[Body] | None = None,
        key: str | None = None,
    ) -> None:
        self.answer, self.faults, self.dies_after, self.key = answer, faults or {}, dies_after, key
        self.models = [{"id": "tiny", "created": 0, "owned_by": "me"}] if models is None else models
        self.requests: list[tuple[str, dict[str, str], Body]] = []
        self.answered: Counter[str] = Counter()
        self.most_at_once = 0
        self._now = self._asked = 0
        self._open: set[asyncio.StreamWriter] = set()

    def __enter__(self) -> FaultyServer:
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in self._open:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                first, *lines = head.decode().split("\r\n")[:-2]
                headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
                content = await reader.readexactly(int(headers.get("content-length", 0)))
                path = first.split()[1].removeprefix("/v1")
                body = json.loads(content) if content else {}
                self.requests.append((path, headers, body))
                if not await self._reply(writer, path, headers, body):
                    break
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()

    async def _reply(self, writer: asyncio.StreamWriter, path: str, headers: dict[str, str], body: Body) -> bool:
        """Answers one request; returns whether the connection stays."""
        if self.key is not None and headers.get("authorization") != f"Bearer {self.key}":
            return self._send(writer, 401, {"error": {"message": f"wrong key: {headers.get('authorization')}"}})
        if path == "/models":
            return self._send(writer, 200, {"data": self.models})
        self._asked += 1
        number = self._asked
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        try:
            await asyncio.sleep(0.002)
            fault = next((name for name, happens in self.faults.items() if happens(number)), None)
            if fault == "hang":
                await asyncio.sleep(3600)
        finally:
            self._now -= 1
        if fault in ("429", "500"):
            return self._send(writer, int(fault), {"error": {"message": "not now"}}, "Retry-After: 0.01\r\n")
        if fault in ("json", "empty"):
            return self._send(writer, 200, {} if fault == "empty" else None)
        if self.dies_after is not None and self.answered.total() >= self.dies_after:
            self._server.close()
            return False
        found = self.answer(body)
        status, reply = found if isinstance(found, tuple) else (200, found)
        if fault == "cut":
            self._send(writer, status, reply, cut=20)
            return False
        self.answered[body["prompt"] if "prompt" in body else body["messages"][-1]["content"]] += 1
        return self._send(writer, status, reply)

    def _send(
        self, writer: asyncio.StreamWriter, status: int, reply: Body | None, headers: str = "", cut: int | None = None
    ) -> bool:
        content = b"{" if reply is None else json.dumps(reply).encode()
        head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(content)}\r\n{headers}\r\n"
        writer.write(head.encode() + content[:cut])
        return True
