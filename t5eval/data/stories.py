"""Reading CNN/DailyMail: JSON lines, two files line by line, or the stories as they were collected."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import IO, Any

from t5eval.data.bounded_lines import LineFile
from t5eval.data.json_lines import JsonFile, Line
from t5eval.data.parallel_files import Files
from t5eval.data.parallel_text import plain_pairs
from t5eval.data.story_archive import MAX_STORY, StoryArchive
from t5eval.data.summary import Summary
from t5eval.support.errors import DataError, MissingFile
from task_specs import Example, TaskSpec
from task_specs.sources.summaries import Stories
from task_specs.support.errors import quoted

PUBLISHERS = ("cnn", "dailymail")
NAMED = 3  # so many stories stand in a message

# A line that ends otherwise is a caption or a heading, and gets a stop.
_SENTENCE_ENDS = frozenset(".!?'`\")\u2019\u201d")
_HIGHLIGHT = "@highlight"


def _forms(source: Stories, split: str) -> Iterator[tuple[str, list[str]]]:
    """Yields the forms that a split may have, each with the files that it needs."""
    for name in source.names[split]:
        yield "jsonl", [f"{source.folder}/{name}.jsonl"]
    for name in source.names[split]:
        yield "lines", [f"{source.folder}/{name}.source", f"{source.folder}/{name}.target"]
    if split == "test":
        for name in source.names[split]:
            yield "lines", [f"{source.folder}/{name}.source"]
    for name in source.names[split]:
        urls = f"{source.folder}/all_{name}.txt"
        yield "archives", [urls, *(f"{source.folder}/{publisher}_stories.tgz" for publisher in PUBLISHERS)]
        yield "folders", [urls, *(f"{source.folder}/{publisher}/stories" for publisher in PUBLISHERS)]


def _find(source: Stories, split: str, data_dir: Path) -> tuple[str, list[str]] | None:
    for form, files in _forms(source, split):
        if all((data_dir / file).exists() for file in files):
            return form, files
    return None


def story_files(spec: TaskSpec, split: str, data_dir: Path) -> list[str]:
    """Returns the files that a split needs, relative to the data directory; the preferred one if none is there."""
    source = spec.source
    assert isinstance(source, Stories)
    found = _find(source, split, data_dir)
    if found is None:
        return [f"{source.folder}/{source.names[split][0]}.jsonl"]
    form, files = found
    return files[:1] if form == "folders" else files


def story_otherwise(spec: TaskSpec, split: str) -> str:
    """Returns which other files would do, for a message that a split is not there."""
    source = spec.source
    assert isinstance(source, Stories)
    name = source.names[split][0]
    return (
        f"{name}.source and {name}.target, or all_{name}.txt with cnn_stories.tgz and dailymail_stories.tgz or the "
        f"folders cnn/stories and dailymail/stories"
    )


def read_stories(spec: TaskSpec, split: str, data_dir: Path, summary: Summary, with_labels: bool) -> Iterator[Example]:
    """Yields a split's articles in file order (of stories: of the list of URLs), and fills `summary`.

    An example's id is the story's; without one, the 0-based row.
    """
    source = spec.source
    assert isinstance(source, Stories)
    found = _find(source, split, data_dir)
    if found is None:
        missing = data_dir / story_files(spec, split, data_dir)[0]
        raise MissingFile(f"{missing}: no such file; {spec.name} needs it for its {split} split")
    form, files = found
    if form == "jsonl":
        yield from _json_lines(files[0], split, data_dir, summary)
    elif form == "lines":
        pairs = plain_pairs(Files("plain", files[0], files[1] if len(files) > 1 else ""), data_dir, summary)
        for row, (article, highlights) in enumerate(pairs):
            yield Example(str(row), {"article": article, "highlights": highlights})
    else:
        yield from _collected(form, files, data_dir, summary)


def _json_lines(shown: str, split: str, data_dir: Path, summary: Summary) -> Iterator[Example]:
    file = JsonFile(shown, data_dir, summary)
    has_ids: bool | None = None
    seen: dict[str, int] = {}
    for row, line in enumerate(file.lines()):
        features: dict[str, Any] = {"article": line.text(line.value, "article")}
        unlabelled = split == "test" and line.value.get("highlights") is None
        features["highlights"] = None if unlabelled else line.text(line.value, "highlights")
        if has_ids is None:
            has_ids = "id" in line.value
        if ("id" in line.value) != has_ids:
            raise line.fault("some lines have an id and some have none; all must have one, or none")
        example_id = _story_id(line) if has_ids else str(row)
        if example_id in seen:
            raise line.fault(f"id {quoted(example_id)} comes again; it came first on line {seen[example_id]}")
        seen[example_id] = line.number
        yield Example(example_id, features)


def _story_id(line: Line) -> str:
    if type(line.value["id"]) is int:
        return str(line.number_at(line.value, "id"))
    example_id = line.text(line.value, "id")
    if not example_id or not example_id.isprintable():
        raise line.fault(f"id must be a text without control characters, got {quoted(example_id)}")
    return example_id


def story_id(url: str) -> str:
    """Returns a story's id: the SHA-1 of its URL."""
    return hashlib.sha1(url.encode("utf-8"), usedforsecurity=False).hexdigest()


def parse_story(text: str) -> tuple[str, str]:
    """Returns a story's article and its highlights, one a line.

    Lines lose the whitespace around them and get a stop where they end without a mark; empty ones vanish. What
    follows the first `@highlight` is highlights.

    Source: See et al. 2017's preparation of the data, as in TensorFlow Datasets 3.4.0 (cased).
    """
    article: list[str] = []
    highlights: list[str] = []
    within = article
    for raw in text.split("\n"):
        line = raw.strip()
        if not line:
            continue
        if line.startswith(_HIGHLIGHT):
            within = highlights
            continue
        stopped = _HIGHLIGHT in line or line[-1] in _SENTENCE_ENDS
        within.append(line if stopped else f"{line}.")
    return " ".join(article), "\n".join(highlights)


def _read_urls(shown: str, data_dir: Path, summary: Summary) -> dict[str, int]:
    """Returns the ids of a list of URLs, in its order, each with its line; a URL that comes again counts once."""
    file = LineFile(data_dir / shown)
    ids: dict[str, int] = {}
    for line in file:
        url = file.text(line).strip()
        if url:
            ids.setdefault(story_id(url), file.line)
    if not ids:
        raise file.fault("the list has no URLs", 1)
    summary.files[shown] = file.sha256.hexdigest()
    return ids


def _collected(form: str, files: list[str], data_dir: Path, summary: Summary) -> Iterator[Example]:
    """Yields the stories of a list of URLs; those without article or highlights are dropped, as TFDS does."""
    urls, *places = files
    ids = _read_urls(urls, data_dir, summary)
    with ExitStack() as stack:
        if form == "archives":
            # The archives have an order of their own, and all stories together may not fit into memory.
            spool = stack.enter_context(tempfile.TemporaryFile())
            stories = _of_archives(spool, places, ids, data_dir, summary)
        else:
            stories = _of_folders(places, ids, data_dir, summary)
        missing = [example_id for example_id in ids if example_id not in stories]
        if missing:
            lines = ", ".join(f"line {ids[example_id]:,}" for example_id in missing[:NAMED])
            raise DataError(
                f"{data_dir / urls}: {len(missing):,} of {len(ids):,} stories are in neither {' nor '.join(places)}: "
                f"{lines}{', ...' if len(missing) > NAMED else ''}"
            )
        dropped = 0
        for example_id in ids:
            try:
                text = stories[example_id]().decode("utf-8")
            except UnicodeDecodeError as error:
                byte = error.object[error.start]
                raise DataError(f"{data_dir / urls}: story {example_id}: not UTF-8: byte 0x{byte:02x}") from None
            article, highlights = parse_story(text)
            if article and highlights:
                yield Example(example_id, {"article": article, "highlights": highlights})
            else:
                dropped += 1
        if dropped:
            summary.dropped += dropped
            summary.notes.append(f"{urls}: {dropped:,} stories without an article or highlights dropped")


_Readers = dict[str, Callable[[], bytes]]  # a story's id to what reads it


def _of_archives(
    spool: IO[bytes], archives: list[str], wanted: dict[str, int], data_dir: Path, summary: Summary
) -> _Readers:
    """Puts the stories that are wanted into one temporary file."""
    found: _Readers = {}
    for shown in archives:
        archive = StoryArchive(data_dir / shown)
        for example_id, story in archive:
            if example_id in wanted and example_id not in found:
                found[example_id] = partial(_read_spooled, spool, spool.tell(), len(story))
                spool.write(story)
        summary.files[shown] = archive.sha256
    return found


def _read_spooled(spool: IO[bytes], start: int, size: int) -> bytes:
    spool.seek(start)
    return spool.read(size)


def _of_folders(folders: list[str], wanted: dict[str, int], data_dir: Path, summary: Summary) -> _Readers:
    """Finds the stories that are wanted; a folder's hash is of their ids and hashes, in the order of the list."""
    found: _Readers = {}
    for folder in folders:
        sha256 = hashlib.sha256()
        summary.files[folder] = sha256.hexdigest()
        for example_id in wanted:
            path = data_dir / folder / f"{example_id}.story"
            if example_id not in found and path.is_file():
                found[example_id] = partial(_read_file, path, folder, sha256, summary)
    return found


def _read_file(path: Path, folder: str, sha256: hashlib._Hash, summary: Summary) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_STORY + 1)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    if len(data) > MAX_STORY:
        raise DataError(f"{path}: has more than {MAX_STORY:,} bytes; no story has")
    sha256.update(f"{path.stem} {hashlib.sha256(data).hexdigest()}\n".encode())
    summary.files[folder] = sha256.hexdigest()
    return data
