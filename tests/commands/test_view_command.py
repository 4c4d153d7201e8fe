"""view: a server on this machine alone, which reads only, of what lies below its folders, also while a run writes."""

# ruff: noqa: E501  (scripts and addresses of a page stand in one line)

from __future__ import annotations

import http.client
import json
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pytest

import t5eval as api
from t5eval.reports.explorer.server import Server
from tests.commands.conftest import write_predictions
from tests.commands.report_runs import documents, hostile_run


class Client:
    """Asks a server as a browser does."""

    def __init__(self, server: Server) -> None:
        self.address = urlsplit(server.address)
        self.base = self.address.path.removesuffix("report.html")

    def ask(
        self, path: str, *, method: str = "GET", host: str | None = None
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Returns status, headers and content."""
        connection = http.client.HTTPConnection("127.0.0.1", self.address.port, timeout=60)
        try:
            connection.request(method, path, headers={"Host": host} if host else {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def document(self, *names: str, status: int = 200, **query: Any) -> Any:
        """Returns a document."""
        path = f"{self.base}documents/{'/'.join(quote(name, safe='') for name in names)}?{urlencode(query, doseq=True)}"
        found, _, content = self.ask(path)
        assert found == status, content
        return json.loads(content)


@pytest.fixture
def serve(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Starts a server of folders, and ends it after the test."""
    servers: list[Server] = []

    def start(*folders: Path, **options: Any) -> Client:
        server = api.view(list(folders), **options)
        servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return Client(server)

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def runs(t5eval: Any, suite: Path, tmp_path: Path) -> Path:
    """A folder with two evaluated runs, one of them a level down."""
    folder = tmp_path / "runs"
    for name, answers in {"a": ["entailment"] * 80, "deep/b": ["entailment", "not_entailment"] * 40}.items():
        file = write_predictions(tmp_path / "said.jsonl", [(i, text) for i, text in enumerate(answers)])
        done = t5eval(
            "evaluate", "--model", f"predictions:{file}", "--task", "glue/rte", "--split", "validation",
            "--data-dir", suite, "--out", folder / name,
        )  # fmt: skip
        assert done.status == 0, done.err
    return folder


def test_what_it_gives_out_is_what_a_report_holds(t5eval: Any, serve: Any, runs: Path, tmp_path: Path) -> None:
    client = serve(runs)
    index = client.document("index")
    assert [run["name"] for run in index["runs"]] == ["a", "deep/b"]
    assert t5eval("report", runs / "a", runs / "deep" / "b", "--out", tmp_path / "report").status == 0
    written = documents(tmp_path / "report" / "report.html")
    named = {"a": "a", "deep/b": "b"}  # a report calls a run by its folder's last part

    def of_report(document: Any) -> Any:
        text = json.dumps(document)
        for served, own in named.items():
            text = text.replace(json.dumps(served), json.dumps(own))
        return json.loads(text)

    key, page = ("glue/rte", "validation"), written["task", "glue/rte", "validation"]
    for served, own in named.items():
        assert of_report(client.document("run", served)) == written["run", own]
        assert client.document("answers", *key, served) == page["answers"][own]
    assert client.document("split", *key, "a") == page["split"]
    places = ",".join(map(str, range(80)))
    assert of_report(client.document("examples", *key, run=[*named], places=places)) == page["examples"]
    assert of_report(client.document("compare", run=[*named])) == written["compare", "a", "b"]
    untested = client.document("compare", run=[*named], untested=1)
    assert (untested["tested"], untested["pairs"], untested["rows"][0]["values"]) == (False, [], [50.0, 50.0])


def test_words_are_found_in_inputs_targets_answers_and_ids(serve: Any, runs: Path) -> None:
    client = serve(runs)
    key, every = ("glue/rte", "validation"), {"run": ["a", "deep/b"]}
    examples = client.document("examples", *key, places=",".join(map(str, range(80))), **every)
    for words in (["NOT_entailment"], ["not_entailment", examples[3]["input"].split()[5]], ["nowhere to be found"]):
        wanted = [
            example["place"]
            for example in examples
            if all(
                word.lower()
                in "\n".join(
                    [
                        example["id"],
                        example["input"],
                        *example["targets"],
                        *(said["text"] for said in example["answers"].values()),
                    ]
                ).lower()
                for word in words
            )
        ]
        assert client.document("search", *key, word=words, **every) == wanted
    assert client.document("search", *key, word=["not_entailment"], run="a") != client.document(
        "search", *key, word=["not_entailment"], run="deep/b"
    )


def test_it_answers_only_who_knows_the_address_and_only_reads(serve: Any, runs: Path, suite: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in runs.rglob("*")}
    client = serve(runs)
    other = serve(runs)
    assert client.base != other.base
    assert len(client.base) > 30
    index = f"{client.base}documents/index"
    assert client.ask(index)[0] == 200
    assert client.ask(index, host=f"localhost:{client.address.port}")[0] == 200
    for host in ("evil.example", f"evil.example:{client.address.port}", "127.0.0.1:1"):
        assert client.ask(index, host=host)[0] == 403  # another site's name that leads here
    for path in ("/", "/documents/index", f"/{'x' * 32}/documents/index", index.replace(client.base, other.base)):
        assert client.ask(path)[0] == 404
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        assert client.ask(index, method=method)[0] == 501
    assert client.ask(index, method="HEAD")[2] == b""
    _, headers, page = client.ask(f"{client.base}report.html")
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert (headers["X-Content-Type-Options"], headers["Referrer-Policy"]) == ("nosniff", "no-referrer")
    assert headers["Access-Control-Allow-Origin"] is None
    assert b"report_files/explorer.js" in page
    for _ in client.document("index")["runs"]:
        client.document("run", "a")
    assert {path: path.stat().st_mtime_ns for path in runs.rglob("*")} == before


@pytest.mark.parametrize(
    "path",
    [
        "../secret.txt", "%2e%2e/secret.txt", "..%2fsecret.txt", "report_files/../../secret.txt", "report_files/%2e%2e/x",
        "report_files/explorer.py", "report_files/..%2Fserver.py", "documents/run/..", "documents/run/%2Fetc",
        "documents/run/..%2F..%2Fsecret", "documents/answers/..%2F..%2Fx/validation/a", "documents/answers/glue%2Frte/..%2Fx/a",
        "documents/examples/glue%2Frte/validation?run=a&places=-1", "documents/examples/glue%2Frte/validation?run=a&places=1e9",
        "documents/examples/glue%2Frte/validation?places=1", "documents/compare?run=a&run=a", "documents/nothing", "documents",
        "//etc/passwd", "documents/examples/glue%2Frte/validation?run=a&places=" + "1," * 600 + "1",
    ],
)  # fmt: skip
def test_no_path_leads_anywhere_else(serve: Any, runs: Path, path: str) -> None:
    (runs.parent / "secret.txt").write_text("secret words")
    client = serve(runs)
    status, _, content = client.ask(client.base + path)
    assert status == 404
    assert b"secret words" not in content
    assert b"Traceback" not in content


def test_links_that_lead_out_of_the_folder_are_not_followed(serve: Any, runs: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    shutil.copytree(runs / "a", outside)
    for name in ("results.json", "config.toml", "predictions"):
        bad = runs / f"links {name}"
        shutil.copytree(runs / "a", bad)
        shutil.rmtree(bad / name, ignore_errors=True) if name == "predictions" else (bad / name).unlink()
        os.symlink(outside / name, bad / name)
    os.symlink(outside, runs / "whole")
    inside = runs / "inside"
    shutil.copytree(runs / "a", inside)
    (inside / "results.json").unlink()
    os.symlink(runs / "a" / "results.json", inside / "results.json")  # it stays below the folder
    assert [run["name"] for run in serve(runs).document("index")["runs"]] == ["a", "deep/b", "inside"]


def test_a_run_is_seen_while_it_is_written(t5eval: Any, serve: Any, runs: Path, suite: Path) -> None:
    client = serve(runs, data=suite)
    stamp = client.document("stamp")
    assert client.document("stamp") == stamp
    folder = runs / "going-on"
    store = folder / "predictions" / "glue" / "rte"
    store.mkdir(parents=True)
    shutil.copy(runs / "a" / "predictions" / "glue" / "rte" / "validation.meta.json", store)
    lines = (runs / "a" / "predictions" / "glue" / "rte" / "validation.jsonl").read_text().splitlines(keepends=True)
    (store / "validation.jsonl").write_text("".join(lines[7:17]))
    assert client.document("stamp") != stamp
    entry = next(run for run in client.document("index")["runs"] if run["name"] == "going-on")
    assert "fault" not in entry
    assert entry["waiting"] == [["glue/rte", "validation", 10]]
    page = client.document("run", "going-on")
    assert page["waiting"] == [["glue/rte", "validation", 10]]
    assert [(count["n"], count["waiting"]) for count in page["counts"]] == [(10, True)]
    answers = client.document("answers", "glue/rte", "validation", "going-on")
    assert [at for at, flags in enumerate(answers["columns"]["flags"]) if flags is not None] == [*range(7, 17)]
    (store / "validation.jsonl").write_text("".join(lines[7:30]) + lines[30][:9])  # in the middle of a line
    assert client.document("run", "going-on")["waiting"][0][:2] == ["glue/rte", "validation"]
    (store / "validation.jsonl").write_text("".join(lines))
    shutil.copy(runs / "a" / "results.json", folder)
    shutil.copy(runs / "a" / "config.toml", folder)
    page = client.document("run", "going-on")
    assert page["waiting"] == []
    assert page["rows"] == client.document("run", "a")["rows"]
    shutil.rmtree(folder)
    client.document("stamp")
    assert [run["name"] for run in client.document("index")["runs"]] == ["a", "deep/b"]


def test_what_cannot_be_read_is_said_and_the_rest_is_shown(serve: Any, runs: Path) -> None:
    (runs / "a" / "results.json").write_text("{")
    entries = {run["name"]: run for run in serve(runs).document("index")["runs"]}
    assert "not a results file" in entries["a"]["fault"]
    assert entries["deep/b"]["scores"][0]["value"] == 50.0
    assert "not a results file" in serve(runs).document("run", "a", status=404)["fault"]


def test_hostile_texts_are_json(serve: Any, tmp_path: Path) -> None:
    run, data = hostile_run(tmp_path / "all")
    client = serve(tmp_path / "all", data=data)
    found = client.document("examples", "glue/sst2", "validation", run=run.name, places="0,1,2,3,4,5,6,7")
    assert len(found) == 8
    assert not [text for example in found for _, text in example["fields"] if "\x07" in text or "\u202e" in text]


def test_folders_that_hold_no_run_are_one_line(t5eval: Any, tmp_path: Path) -> None:
    for folder, said in ((tmp_path, "no run is in"), (tmp_path / "nowhere", "there is no such folder")):
        done = t5eval("view", folder)
        assert done.status == 2
        assert said in done.err
        assert done.err.count("\n") == 1


def test_the_command_prints_the_address_and_ends(t5eval: Any, runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(self: Server, poll_interval: float = 0.5) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Server, "serve_forever", interrupted)
    done = t5eval("view", runs)
    assert done.status == 0
    assert done.out.startswith("http://127.0.0.1:")
    assert "2 runs" in done.err
