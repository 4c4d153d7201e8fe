"""How many requests are on their way at once: half as many when the server is too busy, and slowly more again."""

import asyncio
import time
from collections import deque


class Pace:
    """Places for requests, one of which `async with` takes.

    Args:
        most: how many places there are at the beginning; there are never more.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.places = float(most)
        self._taken = 0
        self._halved = float("-inf")
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def __aenter__(self) -> float:
        """Waits for a place, and returns when it was taken."""
        while self._taken >= int(self.places):
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            await turn
        self._taken += 1
        return time.monotonic()

    async def __aexit__(self, *raised: object) -> None:
        self._taken -= 1
        for _ in range(min(len(self._waiting), int(self.places) - self._taken)):
            turn = self._waiting.popleft()
            if not turn.done():  # it was cancelled
                turn.set_result(None)

    def answered(self) -> None:
        """Adds a place once as many answers have come as there are places."""
        self.places = min(self.most, self.places + 1 / self.places)

    def too_busy(self, since: float) -> None:
        """Halves the places for a request that took its place at `since`.

        Those that were on their way together are refused together, which counts once.
        """
        if since >= self._halved:
            self.places = max(1.0, self.places / 2)
            self._halved = time.monotonic()
