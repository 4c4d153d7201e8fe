"""Reading parallel text, and the documents that a submission keeps of a test set."""

import re
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from pathlib import Path

from leaderboards.forms.documents import Frame, Segment
from t5eval.data.bounded_lines import LineFile
from t5eval.data.parallel_files import Files, candidates, find_set, needs_target
from t5eval.data.summary import Summary
from t5eval.data.test_sets import parse_sgml, parse_xml_set, read_bounded
from t5eval.support.errors import DataError, MissingFile
from task_specs import Example, TaskSpec
from task_specs.sources.parallel import ParallelText
from task_specs.support.errors import quoted

_ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_ENTITY = re.compile(rf"&({'|'.join(_ENTITIES)});")


def resolve_entities(text: str) -> str:
    """Returns a text with XML's five entities resolved; an `&` that begins none stays."""
    return _ENTITY.sub(lambda found: _ENTITIES[found.group(1)], text)


def read_parallel_text(
    spec: TaskSpec, split: str, data_dir: Path, summary: Summary, with_labels: bool
) -> Iterator[Example]:
    """Yields a split's segments in file order, and fills `summary`.

    An example's id is its 0-based line, `SET/LINE` where the split joins sets. In training, a line that is empty on
    either side is dropped and leaves its number unused, as in TensorFlow Datasets.

    Raises:
        DataError: a file is damaged, or the two sides do not belong together; the message names file and line.
    """
    source = spec.source
    assert isinstance(source, ParallelText)
    for part, name in source.parts(split).items():
        files = find_set(source, name, data_dir, needs_target(split))
        if files is None:
            first = candidates(source, name)[0]
            raise MissingFile(f"{data_dir / first.source}: no such file; {spec.name} needs it for its {split} split")
        if files.note:
            summary.notes.append(files.note)
        if source.translators and files.form != "xml":
            summary.notes.append(f"{files.target}: one translation of each segment; the row asks for several, of XML")
        dropped = 0
        for line, (original, translation, slices) in enumerate(_pairs(source, files, data_dir, summary)):
            if split == "train" and not (original and translation):
                dropped += 1
                continue
            features = {source.source: original, source.target: translation}
            yield Example(f"{part}/{line}" if part else str(line), features, slices)
        if dropped:
            summary.dropped += dropped
            summary.notes.append(f"{files.source}: {dropped:,} lines that are empty on one side dropped")


def _pairs(
    source: ParallelText, files: Files, data_dir: Path, summary: Summary
) -> Iterator[tuple[str, str | tuple[str, ...] | None, Mapping[str, str]]]:
    """Yields a set's segments with their translations, None where there are none, and their document."""
    if files.form == "plain":
        yield from ((*pair, {}) for pair in plain_pairs(files, data_dir, summary))
        return
    data, digest = read_bounded(data_dir / files.source)
    summary.files[files.source] = digest
    if files.form == "xml":
        found = parse_xml_set(data_dir / files.source, data, source.source, source.target, source.translators)
        if found.note:
            summary.notes.append(found.note)
        originals = _placed(found.frame)
        if found.target is None:
            yield from ((segment.text, None, place) for segment, place in originals)
            return
        for (segment, place), several in zip(originals, found.target, strict=True):
            yield segment.text, several[0] if len(several) == 1 else several, place
        return
    segments = _placed(parse_sgml(data_dir / files.source, data))
    if not files.target:
        yield from ((segment.text, None, place) for segment, place in segments)
        return
    data, digest = read_bounded(data_dir / files.target)
    summary.files[files.target] = digest
    translated = list(parse_sgml(data_dir / files.target, data).segments)
    if len(segments) != len(translated):
        raise DataError(
            f"{data_dir / files.target}: has {len(translated):,} segments, {files.source} has {len(segments):,}; "
            f"they must belong together"
        )
    for number, ((segment, place), other) in enumerate(zip(segments, translated, strict=True), start=1):
        if segment.id != other.id:
            raise DataError(
                f"{data_dir / files.target}: segment {number:,} has id {quoted(other.id)}, that of {files.source} has "
                f"{quoted(segment.id)}; they must belong together: take both files from one distribution"
            )
        yield segment.text, other.text, place


def _placed(frame: Frame) -> list[tuple[Segment, Mapping[str, str]]]:
    """Returns the segments, each with the document that it stands in, as scores are divided by it."""
    documents = ((one, {"document": one.id, "origlang": one.origlang}) for one in frame.documents)
    return [(segment, place) for one, place in documents for segment in one.segments]


def plain_pairs(files: Files, data_dir: Path, summary: Summary) -> Iterator[tuple[str, str | None]]:
    """Yields the lines of two files that belong together, None for the second where there is none.

    Raises:
        DataError: one has more lines than the other, or a line is not UTF-8.
    """
    original = LineFile(data_dir / files.source)
    translation = LineFile(data_dir / files.target) if files.target else None
    uneven = False
    if translation is None:
        yield from ((original.text(line), None) for line in original)
    else:
        for line, translated in zip_longest(original, translation):
            uneven = uneven or line is None or translated is None
            if not uneven:  # count on to the end, for the message
                yield original.text(line), translation.text(translated)
    if translation is not None and uneven:
        raise DataError(
            f"{translation.path}: has {translation.line:,} lines, {original.path.name} has {original.line:,}; they "
            f"must belong together line by line"
        )
    if not original.line:
        raise original.fault("the file has no lines", 1)
    summary.files[files.source] = original.sha256.hexdigest()
    if translation is not None:
        summary.files[files.target] = translation.sha256.hexdigest()


def read_frame(spec: TaskSpec, split: str, data_dir: Path) -> Frame:
    """Returns the documents of a split's source, from the SGML or XML of its test set.

    Raises:
        MissingFile: neither is at hand.
        DataError: it is damaged, or its segments are not those of the split.
    """
    source = spec.source
    assert isinstance(source, ParallelText)
    (name,) = source.sets[split]
    marked_up = [files for files in candidates(source, name) if files.form != "plain"]
    found = next((files for files in marked_up if (data_dir / files.source).is_file()), None)
    if found is None:
        raise MissingFile(
            f"{data_dir / marked_up[0].source}: no such file; the documents of the test set, which this form of a "
            f"submission keeps, stand in the SGML or XML that WMT distributes. Plain text (.txt) needs none"
        )
    path = data_dir / found.source
    data, _ = read_bounded(path)
    if found.form == "xml":
        frame = parse_xml_set(path, data, source.source, source.target).frame
    else:
        frame = parse_sgml(path, data, resolve_entities)
    _check_agreement(spec, split, data_dir, path, frame)
    return frame


def _check_agreement(spec: TaskSpec, split: str, data_dir: Path, path: Path, frame: Frame) -> None:
    """Raises an error if a frame's texts are not those of the split: it would put translations under wrong ids."""
    source = spec.source
    assert isinstance(source, ParallelText)
    texts = (e.features[source.source] for e in read_parallel_text(spec, split, data_dir, Summary(), False))
    for number, (segment, text) in enumerate(zip_longest(frame.segments, texts), start=1):
        if segment is None or text is None:
            raise DataError(f"{path}: has another number of segments than {spec.name} {split}")
        if _comparable(segment.text) != _comparable(text):
            raise DataError(
                f"{path}: segment {number:,} is {quoted(segment.text)}, {spec.name} {split} has {quoted(text)}; the "
                f"documents are not those of this data"
            )


def _comparable(text: str) -> str:
    return " ".join(resolve_entities(text).split())
