"""CNN/DailyMail in all its forms, hostile archives included."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import task_specs
from t5eval.data import available_splits, open_split, story_archive
from t5eval.data.stories import parse_story, story_id
from t5eval.support.errors import DataError, MissingFile
from task_specs import Example
from task_specs.support.errors import UserError

SPEC = task_specs.get("cnn_dailymail")
URLS = ["http://web.archive.org/web/1/http://edition.cnn.com/a.html", "http://dailymail.co.uk/b", "http://cnn.com/ü"]
IDS = [hashlib.sha1(url.encode()).hexdigest() for url in URLS]
STORIES = [
    "LONDON (CNN) -- A one.\n\nA caption without a stop\n\n@highlight\n\nFirst point\n\n@highlight\n\nSecond point.\n",
    "By . Someone .\n\nHe said 'no'\n\n@highlight\n\nOnly one .",
    "Ça va?\r\n\r\n@highlight\r\n\r\nOui ✓\r\n",
]
READ = [
    ("LONDON (CNN) -- A one. A caption without a stop.", "First point.\nSecond point."),
    ("By . Someone . He said 'no'", "Only one ."),
    ("Ça va?", "Oui ✓."),
]
PLACES = ["cnn", "dailymail", "cnn"]


def write(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    for name, text in files.items():
        path = folder / "cnn_dailymail" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def read(folder: Path, split: str = "test") -> list[Example]:
    return list(open_split(SPEC, split, folder))


def rows(examples: list[Example]) -> list[tuple[str, str, str]]:
    return [(e.id, e.features["article"], e.features["highlights"]) for e in examples]


def tgz(members: Mapping[str, bytes], format: int = tarfile.USTAR_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", format=format) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def archives(order: tuple[int, ...] = (2, 1, 0)) -> dict[str, bytes]:
    """Both archives, their stories in an order of their own."""
    return {
        f"{place}_stories.tgz": tgz(
            {f"{place}/stories/{IDS[i]}.story": STORIES[i].encode() for i in order if PLACES[i] == place}
        )
        for place in ("cnn", "dailymail")
    }


URL_LIST = {"all_test.txt": "\n".join(URLS) + "\n"}
EXPECTED = [(example_id, *texts) for example_id, texts in zip(IDS, READ, strict=True)]


def test_archives_in_the_order_of_the_list(tmp_path: Path) -> None:
    write(tmp_path, {**URL_LIST, **archives()})
    split = open_split(SPEC, "test", tmp_path)
    assert rows(list(split)) == EXPECTED
    assert available_splits(SPEC, tmp_path) == ["test"]
    for name in ("all_test.txt", "cnn_stories.tgz", "dailymail_stories.tgz"):
        data = (tmp_path / "cnn_dailymail" / name).read_bytes()
        assert split.summary.files[f"cnn_dailymail/{name}"] == hashlib.sha256(data).hexdigest()


def test_folders(tmp_path: Path) -> None:
    stories = {f"{PLACES[i]}/stories/{IDS[i]}.story": STORIES[i] for i in range(3)}
    write(tmp_path, {**URL_LIST, **stories})
    split = open_split(SPEC, "test", tmp_path)
    assert rows(list(split)) == EXPECTED
    assert set(split.summary.files) == {
        f"cnn_dailymail/{n}" for n in ("all_test.txt", "cnn/stories", "dailymail/stories")
    }
    before = split.summary.fingerprint
    write(tmp_path, {f"cnn/stories/{IDS[0]}.story": STORIES[0] + "\n"})
    assert len(list(split)) == 3
    assert split.summary.fingerprint != before


def test_other_splits_of_the_same_archives(tmp_path: Path) -> None:
    write(tmp_path, {"all_train.txt": URLS[1] + "\n", "all_val.txt": f"{URLS[2]}\n{URLS[2]}\n", **archives()})
    assert available_splits(SPEC, tmp_path) == ["train", "validation"]
    assert rows(read(tmp_path, "train")) == EXPECTED[1:2]
    assert rows(read(tmp_path, "validation")) == EXPECTED[2:]


def test_stories_without_highlights_are_dropped(tmp_path: Path) -> None:
    files = archives() | {"cnn_stories.tgz": tgz({
        f"cnn/stories/{IDS[0]}.story": b"no highlights", f"cnn/stories/{IDS[2]}.story": b"@highlight\n\nno article"
    })}  # fmt: skip
    write(tmp_path, {**URL_LIST, **files})
    split = open_split(SPEC, "test", tmp_path)
    assert rows(list(split)) == EXPECTED[1:2]
    assert split.summary.dropped == 2
    assert "2 stories without an article or highlights dropped" in split.summary.notes[0]


@pytest.mark.parametrize(
    ("text", "article", "highlights"),
    [
        ("a\n\nb\n\n@highlight\n\nc", "a. b.", "c."),
        ("  a.  \r\n\r\n@highlight\nc!\nd", "a.", "c!\nd."),
        ("a)\nb\u201d\nc\u2019\nd`\n@highlight x\ne?", "a) b\u201d c\u2019 d`", "e?"),
        ("see @highlight here\n@highlight\nx", "see @highlight here", "x."),
        ("a\u2026\n@highlight\n@highlight\nx", "a\u2026.", "x."),
        ("\ufeffa\n", "\ufeffa.", ""),
        ("", "", ""),
    ],
)
def test_stories_are_read_as_tfds_reads_them(text: str, article: str, highlights: str) -> None:
    assert parse_story(text) == (article, highlights)


def test_ids() -> None:
    assert story_id("http://web.archive.org/") == hashlib.sha1(b"http://web.archive.org/").hexdigest()


def test_json_lines(tmp_path: Path) -> None:
    objects = [
        {"article": "a\nb ", "highlights": "c .\nd\u2028e", "id": "x1"},
        {"article": "", "highlights": "", "id": 7},
    ]
    write(tmp_path, {"test.jsonl": "".join(json.dumps(o) + "\n" for o in objects)})
    assert rows(read(tmp_path)) == [("x1", "a\nb ", "c .\nd\u2028e"), ("7", "", "")]
    write(tmp_path, {"test.jsonl": '{"article": "a", "highlights": "b", "publisher": "cnn"}\n'})
    assert rows(read(tmp_path)) == [("0", "a", "b")]
    write(tmp_path, {"test.jsonl": '{"article": "a"}\n', "val.jsonl": '{"article": "a"}\n'})
    assert read(tmp_path)[0].features["highlights"] is None
    with pytest.raises(DataError, match=r"val\.jsonl: line 1: has no highlights"):
        read(tmp_path, "validation")


def test_lines(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"test.source": "a b\nc\n", "test.target": "A . B .\nC\n", "validation.source": "x", "validation.target": "y"},
    )
    assert rows(read(tmp_path)) == [("0", "a b", "A . B ."), ("1", "c", "C")]
    assert rows(read(tmp_path, "validation")) == [("0", "x", "y")]
    (tmp_path / "cnn_dailymail/test.target").unlink()
    assert [e.features["highlights"] for e in read(tmp_path)] == [None, None]


def test_the_order_of_forms(tmp_path: Path) -> None:
    write(tmp_path, {**URL_LIST, **archives()})
    write(tmp_path, {"test.source": "a\n", "test.target": "b\n"})
    assert rows(read(tmp_path)) == [("0", "a", "b")]
    write(tmp_path, {"test.jsonl": '{"article": "j", "highlights": "k"}\n'})
    assert rows(read(tmp_path)) == [("0", "j", "k")]


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(MissingFile) as caught:
        read(tmp_path)
    assert "test.jsonl: no such file" in str(caught.value)
    assert "all_test.txt with cnn_stories.tgz and dailymail_stories.tgz" in str(caught.value)


LINE = '{"article": "a", "highlights": "b", "id": "x"}\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (LINE * 2, "line 2: id 'x' comes again; it came first on line 1"),
        (LINE + '{"article": "a", "highlights": "b"}\n', "line 2: some lines have an id and some have none"),
        ('{"highlights": "b"}\n', "line 1: has no article"),
        ('{"article": ["a"], "highlights": "b"}\n', "line 1: article must be a text"),
        ('{"article": NaN, "highlights": "b"}\n', "line 1: not a JSON object"),
        ('{"article": "a", "highlights": "b", "id": 1e999}\n', "line 1"),
        ('{"article": "a", "highlights": "b", "id": ""}\n', "id must be a text without control characters"),
        ('{"article": "a", "highlights": "b", "id": "a\\nb"}\n', "id must be a text without control characters"),
        ('{"article": "\\ud800", "highlights": "b"}\n', "half a surrogate pair"),
        (LINE[:-9], "the file ends inside this line"),
        ("[]\n", "expected a JSON object"),
        ("", "the file has no rows"),
    ],
)
def test_damaged_json_lines(tmp_path: Path, text: str, message: str) -> None:
    write(tmp_path, {"test.jsonl": text})
    with pytest.raises(DataError, match=r"test\.jsonl: line \d+: ") as caught:
        read(tmp_path)
    assert message in str(caught.value)


def test_missing_and_damaged_stories(tmp_path: Path) -> None:
    write(tmp_path, {**URL_LIST, **archives(order=(1, 0))})
    with pytest.raises(DataError, match=r"all_test\.txt: 1 of 3 stories are in neither .*cnn_stories\.tgz.*: line 3"):
        read(tmp_path)
    write(
        tmp_path,
        {"all_test.txt": URLS[1] + "\n", "dailymail_stories.tgz": tgz({f"dailymail/stories/{IDS[1]}.story": b"\xff"})},
    )
    with pytest.raises(DataError, match=f"story {IDS[1]}: not UTF-8"):
        read(tmp_path)
    write(tmp_path, {"all_test.txt": "\n \n"})
    with pytest.raises(DataError, match="the list has no URLs"):
        read(tmp_path)


STORY = f"cnn/stories/{IDS[0]}.story"


def link(kind: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        info = tarfile.TarInfo(STORY)
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info)
    return buffer.getvalue()


def twice() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for _ in range(2):
            info = tarfile.TarInfo(STORY)
            info.size = 1
            archive.addfile(info, io.BytesIO(b"x"))
    return buffer.getvalue()


def huge_claim() -> bytes:
    info = tarfile.TarInfo(STORY)
    info.size = 8**11 - 1
    return gzip.compress(info.tobuf(tarfile.USTAR_FORMAT))


WHOLE = tgz({STORY: b"x" * 5000})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"no archive", "not a .tgz"),
        (gzip.compress(b"no tar at all" * 100), "not a tar archive, or a damaged one"),
        (gzip.compress(b"\0" * 100), "the archive ends early"),
        (WHOLE[:-20], "cut off"),
        (WHOLE[: len(WHOLE) // 2], "cut off"),
        (huge_claim(), "has 8,589,934,591 bytes; none has over 4,194,304"),
        (twice(), "comes twice"),
        (link(tarfile.SYMTYPE), "are in neither"),
        (link(tarfile.LNKTYPE), "are in neither"),
        (tgz({"../../" + STORY: b"x"}), "are in neither"),
        (tgz({"/" + STORY: b"x"}), "are in neither"),
        (tgz({"x" * 300: b"x"}, tarfile.GNU_FORMAT), "are in neither"),
        (tgz({"ü" * 80: b"x"}, tarfile.PAX_FORMAT), "are in neither"),
    ],
)
def test_hostile_archives(tmp_path: Path, data: bytes, message: str) -> None:
    write(tmp_path, {"all_test.txt": URLS[0] + "\n", **archives(), "cnn_stories.tgz": data})
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(DataError) as caught:
        read(tmp_path)
    assert message in str(caught.value)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_bomb_stops_at_the_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(story_archive, "MAX_TOTAL", 1 << 20)
    bomb = tgz({"zeros": b"\0" * (8 << 20), STORY: b"x"})
    assert len(bomb) < 20_000
    write(tmp_path, {"all_test.txt": URLS[0] + "\n", **archives(), "cnn_stories.tgz": bomb})
    with pytest.raises(DataError, match="unpacks to more than 1,048,576 bytes"):
        read(tmp_path)
    monkeypatch.setattr(story_archive, "MAX_MEMBERS", 2)
    write(tmp_path, {"cnn_stories.tgz": tgz({str(i): b"" for i in range(5)})})
    with pytest.raises(DataError, match="holds more than 2 files"):
        read(tmp_path)


def test_members_of_other_kinds_are_skipped(tmp_path: Path) -> None:
    members = {
        "./._cnn": b"mac",
        "cnn/readme": b"x" * 2000,
        f"./{STORY}": STORIES[0].encode(),
        "cnn/stories/x.story": b"",
    }
    for format in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        write(
            tmp_path,
            {"all_test.txt": URLS[0] + "\n", **archives(), "cnn_stories.tgz": tgz(members, format) + b"\0" * 99},
        )
        split = open_split(SPEC, "test", tmp_path)
        assert rows(list(split)) == EXPECTED[:1]
        data = (tmp_path / "cnn_dailymail/cnn_stories.tgz").read_bytes()
        assert split.summary.files["cnn_dailymail/cnn_stories.tgz"] == hashlib.sha256(data).hexdigest()


@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_damage_is_an_error_or_a_result(tmp_path: Path, data: st.DataObject) -> None:
    packed = data.draw(st.booleans())
    raw = bytearray(WHOLE if packed else gzip.decompress(tgz({STORY: STORIES[0].encode(), "b": b"y" * 700})))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(raw)))
        raw[start : start + data.draw(st.integers(0, 600))] = data.draw(st.binary(max_size=8))
    write(tmp_path, {"all_test.txt": URLS[0] + "\n", **archives()})
    write(tmp_path, {"cnn_stories.tgz": bytes(raw) if packed else gzip.compress(bytes(raw), 1)})
    try:
        examples = read(tmp_path)
    except UserError as error:
        message = str(error)
    else:
        message = ""
    if message:
        assert str(tmp_path) in message
        return
    assert [e.id for e in examples] in ([], [IDS[0]])


OBJECTS = st.dictionaries(
    st.sampled_from(["article", "highlights", "id", "publisher"]),
    st.one_of(st.text(max_size=5), st.none(), st.integers(), st.floats(), st.lists(st.text(max_size=2)), st.booleans()),
)


@given(lines=st.lists(OBJECTS.map(json.dumps) | st.text(max_size=20), max_size=4))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_json_is_an_error_or_a_result(tmp_path: Path, lines: list[str]) -> None:
    write(tmp_path, {"test.jsonl": "\n".join(lines).encode("utf-8", "surrogatepass")})
    try:
        examples = read(tmp_path)
    except UserError as error:
        message = str(error)
    else:
        message = ""
    if message:
        assert "test.jsonl: line " in message
        return
    assert len({e.id for e in examples}) == len(examples)
    for example in examples:
        (pair,) = SPEC.pairs(example)
        assert (pair.inputs + pair.targets).encode()
