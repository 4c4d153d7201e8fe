"""A web server on this machine that stands in for the official addresses, and misbehaves as it is told."""

from __future__ import annotations

import hashlib
import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Fault = str | int


class FileServer(ThreadingHTTPServer):
    """Files by path.

    Attributes:
        files: path to content.
        faults: path to what goes wrong, one entry for each answer: a status, `cut` for half of the bytes, `whole` for
            an answer to a range that has everything, or a path that it is redirected to.
        asked: how often each path was asked for.
        sent: how many bytes of each path were sent.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.faults: dict[str, list[Fault]] = {}
        self.asked: Counter[str] = Counter()
        self.sent: Counter[str] = Counter()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: FileServer

    def do_GET(self) -> None:
        path = self.path
        self.server.asked[path] += 1
        faults = self.server.faults.get(path, [])
        fault = faults.pop(0) if faults else None
        body = self.server.files.get(path)
        if isinstance(fault, int) or body is None:
            self.send_response(fault if isinstance(fault, int) else 404)
            self.send_header("Content-Length", "0")
            self.send_header("Retry-After", "0")
            self.end_headers()
            return
        if fault and fault.startswith("/"):
            self.send_response(302)
            self.send_header("Location", fault)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        tag = f'"{hashlib.sha256(body).hexdigest()[:8]}"'
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(asked[1]) if asked and self.headers.get("If-Range") == tag and fault != "whole" else 0
        self.send_response(206 if start else 200)
        self.send_header("ETag", tag)
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        part = body[start : start + (len(body) - start) // 2] if fault == "cut" else body[start:]
        with suppress(ConnectionError):  # a client that has seen enough
            self.wfile.write(part)
        self.server.sent[path] += len(part)
        self.close_connection = fault == "cut"

    def log_message(self, *arguments: object) -> None:
        """Says nothing."""


@contextmanager
def serving() -> Iterator[FileServer]:
    """Runs a server as long as the block does."""
    with FileServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
