"""The explorer's server: this machine alone, with a token, and reading only."""

import json
import secrets
import sys
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from t5eval.reports.explorer.collection import Collection
from t5eval.reports.explorer.page_files import SERVED_POLICY, entry_page, page_files
from task_specs.support.errors import UserError

HOST = "127.0.0.1"
MOST_PLACES = 500
KINDS = {
    "js": "text/javascript",
    "css": "text/css",
    "html": "text/html",
    "json": "application/json",
    "txt": "text/plain",
}
Query = Mapping[str, Sequence[str]]


class Server(ThreadingHTTPServer):
    """Gives out the documents of a collection.

    Args:
        collection: the runs in view.
        port: 0 for a free one.
    """

    daemon_threads = True

    def __init__(self, collection: Collection, port: int = 0) -> None:
        self.collection = collection
        self.token = secrets.token_urlsafe(24)
        self.files = page_files()
        super().__init__((HOST, port), _Request)

    @property
    def address(self) -> str:
        """Where the explorer is, the token in it."""
        return f"http://{HOST}:{self.server_port}/{self.token}/report.html"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing of a browser that went away."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def hosts(self) -> tuple[str, ...]:
        """What a request's Host may be: another name for this machine would be another site's page asking."""
        return tuple(f"{name}:{self.server_port}" for name in (HOST, "localhost"))


class _Request(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing: the address has the token."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        names = [unquote(part) for part in parts.path.split("/")[1:]]
        if self.headers.get("Host") not in self.server.hosts():
            self._answer(HTTPStatus.FORBIDDEN, b"asked by another name", "txt")
        elif not names or not secrets.compare_digest(names[0].encode(), self.server.token.encode()):
            self._answer(HTTPStatus.NOT_FOUND, b"the address lacks the token that t5eval view printed", "txt")
        elif names[1:2] == ["documents"]:
            self._document(names[2:], parse_qs(parts.query))
        elif names[1:] in ([""], ["report.html"]):
            self._answer(HTTPStatus.OK, entry_page(served=True).encode(), "html")
        elif names[1:2] == ["report_files"] and "/".join(names[2:]) in self.server.files:
            name = "/".join(names[2:])
            self._answer(HTTPStatus.OK, self.server.files[name], name.rpartition(".")[2])
        else:
            self._answer(HTTPStatus.NOT_FOUND, b"nothing here", "txt")

    do_HEAD = do_GET

    def _document(self, names: Sequence[str], query: Query) -> None:
        try:
            found = document(self.server.collection, names, query)
        except (UserError, OSError) as error:
            self._json(HTTPStatus.NOT_FOUND, {"fault": str(error)})
            return
        self._json(HTTPStatus.OK, found)

    def _json(self, status: HTTPStatus, found: Any) -> None:
        text = json.dumps(found, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        self._answer(status, text.encode("utf-8", errors="replace"), "json")

    def _answer(self, status: HTTPStatus, content: bytes, kind: str) -> None:
        self.send_response(status)
        headers = {
            "Content-Type": f"{KINDS.get(kind, KINDS['txt'])}; charset=utf-8",
            "Content-Length": str(len(content)),
            "Content-Security-Policy": SERVED_POLICY,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": "no-store",
        }
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def document(collection: Collection, names: Sequence[str], query: Query) -> Any:
    """Returns the document that a path names.

    Raises:
        UserError: there is none, or it cannot be made.
    """
    makers: dict[tuple[str, int], Callable[..., Any]] = {
        ("stamp", 1): lambda: _stamp(collection),
        ("index", 1): collection.index,
        ("run", 2): collection.run_page,
        ("split", 4): lambda task, split, run: collection.split_page((task, split), run),
        ("answers", 4): lambda task, split, run: collection.answers_page((task, split), run),
        ("examples", 3): lambda task, split: collection.examples((task, split), _runs(query), _places(query)),
        ("search", 3): lambda task, split: collection.search((task, split), _runs(query), query.get("word", ())),
        ("slices", 3): lambda task, split: collection.slices_page((task, split), _runs(query)),
        ("compare", 1): lambda: collection.comparison(_runs(query), tested="untested" not in query),
    }
    make = makers.get((names[0] if names else "", len(names)))
    if make is None:
        raise UserError("there is no such document")
    return make(*names[1:])


def _stamp(collection: Collection) -> str:
    collection.look()
    return collection.stamp


def _runs(query: Query) -> Sequence[str]:
    runs = query.get("run", ())
    if not runs:
        raise UserError("name a run")
    return runs


def _places(query: Query) -> list[int]:
    given = ",".join(query.get("places", ())).split(",")
    if len(given) > MOST_PLACES or not all(place.isascii() and place.isdigit() and len(place) < 12 for place in given):
        raise UserError(f"places are up to {MOST_PLACES} numbers")
    return [int(place) for place in given]
