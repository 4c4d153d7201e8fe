"""A Hugging Face hub on 127.0.0.1, as far as huggingface_hub asks one."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit


class FakeHub:
    """Models by name and commit, and the requests that came.

    Attributes:
        files: contents by model, commit and file name.
        refs: commits by model and by branch or tag.
        gated: models whose files are kept from who has not accepted their terms.
        broken: the status of every answer, or "silent" for none at all; None for a hub that works.
        requests: `METHOD path` of everything that was asked.
    """

    def __init__(self) -> None:
        self.files: dict[str, dict[str, dict[str, bytes]]] = {}
        self.refs: dict[str, dict[str, str]] = {}
        self.gated: set[str] = set()
        self.broken: int | str | None = None
        self.requests: list[str] = []
        self.endpoint = ""

    def commit(self, model: str, files: dict[str, bytes], ref: str = "main") -> str:
        """Puts files under a branch; returns the commit."""
        commit = hashlib.sha1(repr((model, sorted(files.items()))).encode()).hexdigest()
        self.files.setdefault(model, {})[commit] = files
        self.refs.setdefault(model, {})[ref] = commit
        return commit

    def fetched(self) -> set[str]:
        """Names of the files whose content was asked for."""
        return {
            request.rpartition("/")[2]
            for request in self.requests
            if request.startswith("GET") and "/resolve/" in request
        }

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body."""
        parts = [unquote(part) for part in urlsplit(path).path.strip("/").split("/")]
        is_api = parts[:2] == ["api", "models"]
        parts = parts[2:] if is_api else parts
        model, kind, revision, rest = "/".join(parts[:2]), parts[2], parts[3], "/".join(parts[4:])
        if model not in self.files:
            return 404, {"X-Error-Code": "RepoNotFound"}, b"{}"
        commit = self.refs[model].get(revision, revision)
        files = self.files[model].get(commit)
        if files is None:
            return 404, {"X-Error-Code": "RevisionNotFound"}, b"{}"
        if kind == "revision":
            siblings = [{"rfilename": name} for name in files]
            return 200, {}, json.dumps({"id": model, "sha": commit, "siblings": siblings}).encode()
        if kind == "tree":
            tree = [
                {"type": "file", "path": name, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}
                for name, content in files.items()
            ]
            return 200, {}, json.dumps(tree).encode()
        if model in self.gated:
            return 403, {"X-Error-Code": "GatedRepo"}, b"{}"
        if rest not in files:
            return 404, {"X-Error-Code": "EntryNotFound"}, b"{}"
        return 200, {"ETag": f'"{hashlib.sha1(files[rest]).hexdigest()}"', "X-Repo-Commit": commit}, files[rest]


@contextlib.contextmanager
def running_hub() -> Iterator[FakeHub]:
    """A hub that answers while the block runs."""
    hub = FakeHub()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hub.requests.append(f"{self.command} {self.path}")
            if hub.broken == "silent":
                time.sleep(3)
                return
            status, headers, body = hub.answer(self.path) if hub.broken is None else (int(hub.broken), {}, b"{}")
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hub.endpoint = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


def folder_content(folder: Path) -> dict[str, bytes]:
    """The files of a folder by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}
