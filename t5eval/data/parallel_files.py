"""Where a set of parallel text stands: plain text, or else the SGML of WMT's dev.tgz, or else the newer XML."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from task_specs import TaskSpec
from task_specs.sources.parallel import ParallelText

DEV_FOLDERS = ("dev", "dev/sgm", "dev/xml")  # of dev.tgz, before and since 2021


@dataclass(frozen=True)
class Files:
    """The files of one set, relative to the data directory.

    Attributes:
        form: `plain`, `sgml` or `xml`.
        source: the file of the source language; of both in XML.
        target: the file of the target language, empty where it is not there.
        note: what is doubtful about them, empty if nothing is.
    """

    form: str
    source: str
    target: str
    note: str = ""


def _plain(source: ParallelText, name: str, direction: str) -> Iterator[Files]:
    names = [f"{name}-{direction}", name] if direction else [name]
    folders = [f"{source.source}-{source.target}", f"{source.target}-{source.source}"]
    # The sets up to 2013 are parallel in all languages, and stand as plain text in dev.tgz itself.
    folders += [] if direction else ["dev"]
    for stem in names:
        doubt = f"{stem} does not say its direction and is taken for {name}-{direction}" if stem != names[0] else ""
        for folder in folders:
            path = f"{source.folder}/{folder}/{stem}"
            yield Files("plain", f"{path}.{source.source}", f"{path}.{source.target}", doubt)


def _sgml(source: ParallelText, name: str, direction: str) -> Iterator[Files]:
    own, reverse = source.source + source.target, source.target + source.source
    # The sets up to 2013 have no pair in their names; those of 2014 have one pair for both directions.
    for tag in [f"-{direction}"] if direction else [f"-{own}", f"-{reverse}", ""]:
        for folder in DEV_FOLDERS[:2]:
            path = f"{source.folder}/{folder}/{name}{tag}"
            for side, other in (("src", "ref"), ("ref", "src")):
                for target_side in (other, side):
                    yield Files(
                        "sgml",
                        f"{path}-{side}.{source.source}.sgm",
                        f"{path}-{target_side}.{source.target}.sgm",
                    )


def _xml(source: ParallelText, name: str, direction: str) -> Iterator[Files]:
    pairs = [(source.source, source.target), (source.target, source.source)]
    for first, second in pairs:
        if direction in ("", first + second):
            for folder in (*DEV_FOLDERS, f"{source.source}-{source.target}", f"{source.target}-{source.source}"):
                path = f"{source.folder}/{folder}/{name}.{first}-{second}"
                # With `all`, the systems' translations stand there too.
                for ending in (".xml", ".all.xml"):
                    yield Files("xml", path + ending, path + ending)


def candidates(source: ParallelText, name: str) -> list[Files]:
    """Returns the files in which a set may stand, the best form first."""
    base, direction = source.split_name(name)
    return [*_plain(source, base, direction), *_sgml(source, base, direction), *_xml(source, base, direction)]


def find_set(source: ParallelText, name: str, data_dir: Path, needs_target: bool) -> Files | None:
    """Returns a set's files: the first form that has both languages, else the first that has the source.

    Args:
        needs_target: whether the source alone is not enough.
    """
    known = candidates(source, name)
    if source.translators:  # several references are in XML alone
        known.sort(key=lambda files: files.form != "xml")
    there = [files for files in known if (data_dir / files.source).is_file()]
    whole = [files for files in there if (data_dir / files.target).is_file()]
    if whole:
        return whole[0]
    if needs_target or not there:
        return None
    return Files(there[0].form, there[0].source, "", there[0].note)


def needs_target(split: str) -> bool:
    """Returns whether a split is of no use without translations: only a test set is translated blindly."""
    return split != "test"


def parallel_files(spec: TaskSpec, split: str, data_dir: Path) -> list[str]:
    """Returns the paths that a split needs, relative to the data directory; only the missing ones if any is."""
    source = spec.source
    assert isinstance(source, ParallelText)
    found: list[str] = []
    missing: list[str] = []
    for name in source.sets[split]:
        files = find_set(source, name, data_dir, needs_target(split))
        if files is not None:
            found += [files.source] + ([files.target] if files.target and files.form != "xml" else [])
            continue
        first = candidates(source, name)[0]
        wanted = [first.source] + ([first.target] if needs_target(split) else [])
        missing += [path for path in wanted if not (data_dir / path).is_file()]
    return missing or found


def parallel_otherwise(spec: TaskSpec, split: str) -> str:
    """Returns which other files would do, for a message that a set is not there."""
    source = spec.source
    assert isinstance(source, ParallelText)
    if split == "train":
        return ""
    sgml = next(files for files in candidates(source, source.sets[split][0]) if files.form == "sgml")
    return f"the SGML of WMT's dev.tgz, such as {sgml.source} and {sgml.target}"
