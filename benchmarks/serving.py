"""A served model's client: how busy it keeps a server, and what a request takes of processor time and memory.

    python -m benchmarks.serving [--requests 2000 10000 100000] [--places 64] [--milliseconds 50]

The server runs in a process of its own and answers each request after a pause. A place is busy from when the server
has the request until it answers. Predicted is as `t5eval evaluate` does it: answers are stored as they come.
"""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.request import urlopen

from benchmarks import frame

TEXT = "rte sentence1: " + "No Weapons of Mass Destruction Found in Iraq Yet. " * 4 + "sentence2: They were found."


class Pausing(asyncio.Protocol):
    """Answers each request on a connection after a pause, in seconds, and a GET with how long all pauses were."""

    pause = busy = 0.0
    choice = {"index": 0, "text": "entailment", "finish_reason": "stop"}
    content = json.dumps({"choices": [choice], "usage": {"prompt_tokens": 60, "completion_tokens": 3}}).encode()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport, self.received = transport, b""

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, found, rest = self.received.partition(b"\r\n\r\n")
        if self.received.startswith(b"GET"):
            self.send(str(Pausing.busy).encode())
        elif found and len(rest) == int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]):
            self.received = b""
            asyncio.get_running_loop().call_later(self.pause, self.answer, time.perf_counter())

    def answer(self, since: float) -> None:
        Pausing.busy += time.perf_counter() - since
        self.send(self.content)

    def send(self, content: bytes) -> None:
        self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(content), content))


async def serve(milliseconds: int) -> None:
    """Prints the port, and serves until the process is ended."""
    Pausing.pause = milliseconds / 1000
    server = await asyncio.get_running_loop().create_server(Pausing, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def measure(port: int, requests: int, places: int) -> None:
    """Prints seconds, those of busy places, processor seconds and peak MB of asking and storing so often."""
    from t5eval.evaluation.batches import generate_all
    from t5eval.predictors.of_server import ServedModel
    from t5eval.runs.prediction_store import PredictionStore
    from task_specs import Decode, TextPair, get

    def busy() -> float:
        with urlopen(f"http://127.0.0.1:{port}/") as reply:
            return float(reply.read())

    model = ServedModel(f"http://127.0.0.1:{port}/v1", "tiny", places)
    spec = get("glue/rte")
    pairs = [TextPair(str(number), TEXT, "") for number in range(requests)]
    with tempfile.TemporaryDirectory() as run, PredictionStore(Path(run), spec.name, "test", {}) as store:
        list(generate_all(model, spec, pairs[:places], Decode()))  # imports, and connections once
        before, began, used = busy(), time.perf_counter(), time.process_time()
        for some in generate_all(model, spec, pairs, Decode()):
            store.append(some)
        seconds, processor = time.perf_counter() - began, time.process_time() - used
    print(json.dumps([seconds, busy() - before, processor, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))


def main() -> None:
    """Runs each number of requests in a process of its own, and prints the table."""
    given = frame.arguments(__doc__, requests=[2000, 10_000, 100_000], places=64, milliseconds=50)
    code = f"import asyncio; from benchmarks.serving import serve; asyncio.run(serve({given.milliseconds}))"
    rows = []
    with subprocess.Popen([sys.executable, "-c", code], cwd=frame.ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        try:
            for requests in given.requests:
                code = f"from benchmarks.serving import measure; measure({port}, {requests}, {given.places})"
                seconds, busy, processor, peak = json.loads(frame.run("-c", code)[1])
                share = busy / given.places / seconds
                rows.append(
                    (
                        f"{requests:,}",
                        f"{seconds:.1f}",
                        f"{share:.1%}",
                        f"{1000 * processor / requests:.2f}",
                        f"{peak:.0f}",
                    )
                )
        finally:
            server.terminate()
    heads = ("requests", "seconds", "places busy", "processor ms a request", "peak MB")
    frame.print_table(f"{given.places} places, {given.milliseconds} ms", heads, rows)


if __name__ == "__main__":
    main()
