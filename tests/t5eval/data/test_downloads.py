"""Official files from a server of our own: resumed, checked, and nothing half there."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import task_specs
from t5eval.data import downloads, fetching, unpacking
from t5eval.data.downloads import get
from t5eval.support.errors import DataError
from task_specs import TaskSpec
from task_specs.sources.download import Download
from tests.t5eval.data.file_server import FileServer, serving

TRAIN = b"index\tsentence1\tsentence2\tlabel\n" + b"".join(b"%d\ta\tb\tentailment\n" % i for i in range(3000))
DEV = b"index\tsentence1\tsentence2\tlabel\n0\tc\td\tnot_entailment\n"


def zipped(members: Mapping[str, bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return held.getvalue()


RTE_ZIP = zipped({"RTE/train.tsv": TRAIN, "RTE/dev.tsv": DEV, "__MACOSX/RTE/._dev.tsv": b"x", "RTE/README": b"x"})


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts follow each other without a pause."""
    monkeypatch.setattr(fetching, "PAUSE_SECONDS", 0)


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving() as running:
        running.files["/RTE.zip"] = RTE_ZIP
        yield running


def row(server: FileServer, *, name: str = "/RTE.zip", to: str = "glue/RTE", **more: Any) -> TaskSpec:
    """RTE's row with its archive at the server."""
    content = server.files.get(name, b"")
    told = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest(), "keep": ("RTE/*.tsv",), **more}
    return dataclasses.replace(task_specs.get("glue/rte"), downloads=(Download(f"{server.address}{name}", to, **told),))


def files_of(folder: Path) -> set[str]:
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file() and not p.name.endswith(".lock")}


WHOLE = {"glue/RTE/train.tsv", "glue/RTE/dev.tsv", "downloads.json"}


def test_fetched_once(server: FileServer, tmp_path: Path) -> None:
    said: list[str] = []
    progress: list[tuple[int, int]] = []
    spec = row(server, terms="Mind the terms")
    (fetched,) = get([spec, spec], tmp_path, say=said.append, advance=lambda *state: progress.append(state))
    assert fetched.new
    assert set(fetched.files) == WHOLE - {"downloads.json"}
    assert (tmp_path / "glue/RTE/train.tsv").read_bytes() == TRAIN
    assert files_of(tmp_path) == WHOLE
    assert said == ["Mind the terms"]
    assert progress[-1] == (len(RTE_ZIP), len(RTE_ZIP))
    (again,) = get([spec], tmp_path, say=said.append)
    assert (again.new, again.sha256, server.asked["/RTE.zip"], len(said)) == (False, fetched.sha256, 1, 1)
    (tmp_path / "glue/RTE/dev.tsv").unlink()
    assert get([spec], tmp_path)[0].new
    assert files_of(tmp_path) == WHOLE


@pytest.mark.parametrize(
    ("faults", "asked"),
    [
        (["cut"], 2),
        (["cut", "cut", "cut", "cut"], 5),
        (["cut", "whole"], 2),
        ([503, 429], 3),
        (["cut", 416], 3),
        (["/elsewhere.zip"], 1),
    ],
)
def test_what_passes_is_overcome(server: FileServer, tmp_path: Path, faults: list[Any], asked: int) -> None:
    server.files["/elsewhere.zip"] = RTE_ZIP
    server.faults["/RTE.zip"] = faults
    get([row(server)], tmp_path)
    assert (tmp_path / "glue/RTE/train.tsv").read_bytes() == TRAIN
    assert server.asked["/RTE.zip"] == asked


def test_a_break_is_resumed_by_the_next_command(server: FileServer, tmp_path: Path) -> None:
    server.faults["/RTE.zip"] = ["cut", 500, 500, 500, 500]
    with pytest.raises(DataError, match="500 Internal Server Error, 5 times; what came so far is kept"):
        get([row(server)], tmp_path)
    assert not WHOLE & files_of(tmp_path)
    get([row(server)], tmp_path)
    assert files_of(tmp_path) == WHOLE
    assert server.sent["/RTE.zip"] == len(RTE_ZIP)  # no byte twice


def test_a_file_that_changed_meanwhile_begins_anew(server: FileServer, tmp_path: Path) -> None:
    server.faults["/RTE.zip"] = ["cut", 500, 500, 500, 500]
    with pytest.raises(DataError):
        get([row(server, size=None, sha256=None)], tmp_path)
    server.files["/RTE.zip"] = zipped({"RTE/dev.tsv": DEV * 900})
    get([row(server)], tmp_path)
    assert (tmp_path / "glue/RTE/dev.tsv").read_bytes() == DEV * 900


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"name": "/absent.zip"}, r"/absent\.zip: the server answers 404 Not Found"),
        ({"sha256": "0" * 64}, "not the official file: its SHA-256 is [0-9a-f]{64}, not 000"),
        ({"size": 10}, "not the official file: it has more than 10 bytes"),
        ({"size": 10**9}, f"not the official file: it has {len(RTE_ZIP):,} bytes, not 1,000,000,000"),
        ({"keep": ("CB/*.jsonl",)}, r"holds no CB/\*\.jsonl"),
        ({"name": "/text.zip"}, "not an archive, or a damaged one"),
        ({"name": "/twice.zip"}, "'RTE/b/dev.tsv' comes twice"),
    ],
)
def test_what_is_wrong_leaves_nothing(server: FileServer, tmp_path: Path, more: dict[str, Any], message: str) -> None:
    server.files["/text.zip"] = b"<html>moved</html>"
    server.files["/twice.zip"] = zipped({"RTE/a/dev.tsv": b"1", "RTE/b/dev.tsv": b"2"})
    with pytest.raises(DataError, match=message) as caught:
        get([row(server, **more)], tmp_path)
    assert "\n" not in str(caught.value)
    assert not {name for name in files_of(tmp_path) if name.startswith("glue")}


def test_nobodys_file_is_written_over(server: FileServer, tmp_path: Path) -> None:
    (tmp_path / "glue/RTE").mkdir(parents=True)
    (tmp_path / "glue/RTE/dev.tsv").write_bytes(b"mine")
    with pytest.raises(DataError, match=r"dev\.tsv: is there, and is not the official file; move it away"):
        get([row(server)], tmp_path)
    assert (tmp_path / "glue/RTE/dev.tsv").read_bytes() == b"mine"
    assert "glue/RTE/train.tsv" not in files_of(tmp_path)
    (tmp_path / "glue/RTE/dev.tsv").write_bytes(DEV)
    get([row(server)], tmp_path)
    assert (tmp_path / "glue/RTE/train.tsv").read_bytes() == TRAIN


def test_a_file_that_is_there_is_checked(server: FileServer, tmp_path: Path) -> None:
    spec = row(server, to="glue/RTE.zip", keep=())
    (tmp_path / "glue").mkdir()
    (tmp_path / "glue/RTE.zip").write_bytes(RTE_ZIP)
    assert not get([spec], tmp_path)[0].new
    (tmp_path / "glue/RTE.zip").write_bytes(RTE_ZIP[:-1])
    with pytest.raises(DataError, match="is not the official file"):
        get([spec], tmp_path)
    assert not server.asked


def test_a_tar_gives_regular_files_alone(server: FileServer, tmp_path: Path) -> None:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as tar:
        for name, kind in (("./sgm/a.sgm", tarfile.REGTYPE), ("sgm/../../b.sgm", tarfile.REGTYPE)):
            member = tarfile.TarInfo(name)
            member.type, member.size = kind, 3
            tar.addfile(member, io.BytesIO(b"abc"))
        link = tarfile.TarInfo("sgm/c.sgm")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    server.files["/test.tgz"] = held.getvalue()
    get([row(server, name="/test.tgz", to="wmt/dev", keep=("sgm/*.sgm",))], tmp_path / "data")
    assert files_of(tmp_path) == {"data/downloads.json", "data/wmt/dev/a.sgm", "data/wmt/dev/b.sgm"}


def test_archives_are_bounded(server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "MAX_TOTAL", len(TRAIN))
    with pytest.raises(DataError, match=f"unpacks to more than {len(TRAIN):,} bytes"):
        get([row(server)], tmp_path / "a")
    monkeypatch.setattr(unpacking, "MAX_MEMBERS", 3)
    with pytest.raises(DataError, match="holds more than 3 files"):
        get([row(server)], tmp_path / "b")
    monkeypatch.setattr(fetching, "MAX_BYTES", 100)
    with pytest.raises(DataError, match="more than 100 bytes, the most that is taken"):
        get([row(server, size=None, sha256=None)], tmp_path / "c")


def test_a_mirror_has_the_files_under_host_and_path(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.files["/m/dl.fbaipublicfiles.com/glue/data/RTE.zip"] = RTE_ZIP
    monkeypatch.setenv("T5EVAL_MIRROR", f"{server.address}/m/")
    (official,) = task_specs.get("glue/rte").downloads
    checked = dataclasses.replace(official, size=len(RTE_ZIP), sha256=hashlib.sha256(RTE_ZIP).hexdigest())
    get([dataclasses.replace(task_specs.get("glue/rte"), downloads=(checked,))], tmp_path)
    assert files_of(tmp_path) == WHOLE


def test_a_mirror_that_is_no_web_address(server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T5EVAL_MIRROR", "ftp://mirror.example")
    with pytest.raises(DataError, match=r"^ftp://mirror\.example/\S+: an address begins with https:// or http://"):
        get([row(server)], tmp_path)


def test_several_at_once_and_the_first_fault_counts(server: FileServer, tmp_path: Path) -> None:
    names = [f"/{n}.txt" for n in range(9)]
    server.files |= {name: name.encode() * 1000 for name in names}
    spec = task_specs.get("glue/rte")
    wanted = tuple(Download(f"{server.address}{name}", f"some{name}") for name in names)
    found = get([dataclasses.replace(spec, downloads=wanted)], tmp_path)
    assert [f.files for f in found] == [(f"some{name}",) for name in names]
    recorded = json.loads((tmp_path / "downloads.json").read_bytes())
    assert recorded[wanted[3].url]["sha256"] == hashlib.sha256(b"/3.txt" * 1000).hexdigest()
    absent = Download(f"{server.address}/absent", "some/absent")
    with pytest.raises(DataError, match="404"):
        get([dataclasses.replace(spec, downloads=(*wanted, absent))], tmp_path)


def test_one_process_fetches_into_a_folder(server: FileServer, tmp_path: Path) -> None:
    held = downloads.held(tmp_path / ".downloads.lock")
    with held, pytest.raises(DataError, match=r"process \d+ is fetching into it"):
        get([row(server)], tmp_path)


def test_every_benchmarks_row_says_where_its_files_are() -> None:
    for spec in task_specs.resolve(["all", "dpr", "glue/mnli", "squad/v1.1_span"]):
        assert spec.downloads, spec.name
        for download in spec.downloads:
            assert download.to.split("/")[0] == spec.source.folder.split("/")[0]  # type: ignore[attr-defined]
            assert download.terms


def test_mrpc_is_split_as_the_official_files_are(server: FileServer, tmp_path: Path, shared_data: Path) -> None:
    official = shared_data / "glue/MRPC"
    spec = task_specs.get("glue/mrpc")
    for download in spec.downloads:
        server.files[f"/{download.to}"] = (official / download.to.rpartition("/")[2]).read_bytes()
    local = tuple(dataclasses.replace(d, url=f"{server.address}/{d.to}") for d in spec.downloads)  # hashes as pinned
    for _ in range(2):
        get([dataclasses.replace(spec, downloads=local)], tmp_path)
        for name in ("train.tsv", "dev.tsv", "test.tsv"):
            assert (tmp_path / "glue/MRPC" / name).read_bytes() == (official / name).read_bytes()
        (tmp_path / "glue/MRPC/dev.tsv").unlink()  # which is made again
