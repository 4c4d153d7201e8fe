"""Every benchmark in a few rows, in its official layout, and the archives that they are distributed in."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import random
import shutil
import tarfile
import zipfile
from pathlib import Path
from typing import Any

from t5eval.demo.demo import suite_folder

GLUE_ZIPS = ("CoLA", "SST-2", "QQP", "STS-B", "MNLI", "QNLI", "RTE", "WNLI")
SPLITS = (("train", "train"), ("validation", "val"), ("test", "test"))


def _lines(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def _flat(folder: Path, name: str, rows: list[dict[str, Any]], split: str) -> None:
    """Writes objects under indices that are not in order, without labels for a test split."""
    order = list(range(3, 3 + len(rows)))
    random.Random(name).shuffle(order)
    _lines(
        folder / name,
        [
            {k: v for k, v in row.items() if k != "label" or split != "test"} | {"idx": i}
            for row, i in zip(rows, order, strict=True)
        ],
    )


def write_super_glue(folder: Path) -> None:
    """Writes `super_glue/` with all but its real texts: spans to correct, repeated entities, unlabelled tests."""
    classes = {"CB": ("entailment", "contradiction", "neutral"), "RTE": ("entailment", "not_entailment")}
    for split, stem in SPLITS:
        n = 14
        boolq = [{"question": f"is {i} it", "passage": f"“Pass” {i} é.", "label": i % 2 == 0} for i in range(n)]
        _flat(folder / "BoolQ", f"{stem}.jsonl", boolq, split)
        for task, names in classes.items():
            pairs = [{"premise": f"P {i}", "hypothesis": f"H\t{i}", "label": names[i % len(names)]} for i in range(n)]
            _flat(folder / task, f"{stem}.jsonl", pairs, split)
        copa = [
            {"premise": f"P{i}.", "choice1": "a", "choice2": "b", "question": "cause", "label": i % 2} for i in range(n)
        ]
        _flat(folder / "COPA", f"{stem}.jsonl", copa, split)
        wic = [
            {"word": "go", "sentence1": f"go {i}", "sentence2": "I go", "start1": 0, "end1": 2, "start2": 2,
             "end2": 4, "label": i % 2 == 1, "version": 1.1}
            for i in range(n)
        ]  # fmt: skip
        _flat(folder / "WiC", f"{stem}.jsonl", wic, split)
        wsc = [
            {
                "text": f"The cat {i} saw Mark. He ran off.",
                # To be corrected: the case of the first letter, and a full stop.
                "target": {"span1_text": "the cat." if i % 2 else "Mark", "span1_index": 0 if i % 2 else 4,
                           "span2_text": "He", "span2_index": 5},
                "label": i % 2 == 1,
            }
            for i in range(n)
        ]  # fmt: skip
        _flat(folder / "WSC", f"{stem}.jsonl", wsc, split)
        _nested(folder, split, stem)
    diagnostics = [
        {"sentence1": f"S {i}", "sentence2": "T", "label": "entailment" if i % 3 else "not_entailment"}
        for i in range(9)
    ]
    _flat(folder / "AX-b", "AX-b.jsonl", diagnostics, "")
    _flat(
        folder / "AX-g",
        "AX-g.jsonl",
        [{"premise": r["sentence1"], "hypothesis": "T", "label": r["label"]} for r in diagnostics],
        "",
    )


def _nested(folder: Path, split: str, stem: str) -> None:
    """Writes MultiRC, its indices starting anew in each passage, and ReCoRD."""
    hidden = split == "test"
    multirc, record = [], []
    for p in (7, 2, 11):
        questions = []
        for q in range(2):
            answers = [{"text": f"A {a}", "idx": a} | ({} if hidden else {"label": a % 2}) for a in range(3)]
            questions.append({"question": f"Q {p} {q}?", "idx": q, "answers": answers})
        multirc.append(
            {"idx": p, "version": 1.1, "passage": {"text": f"<b>Sent 1</b>: {p}<br>", "questions": questions}}
        )
        text = f"Ann met Bob in Rome {p}.\n@highlight\nAnn left"
        entities = [(8, 10), (0, 2), (15, 18), (33, 35)]
        qas = []
        for q in range(2):
            answers = [{"start": 8, "end": 10, "text": t} for t in ("Rome", "Bob", "Rome")]
            qas.append({"query": f"@placeholder {q}", "idx": 10 * p + q} | ({} if hidden else {"answers": answers}))
        record.append(
            {"idx": p, "passage": {"text": text, "entities": [{"start": s, "end": e} for s, e in entities]}, "qas": qas}
        )
    _lines(folder / "MultiRC" / f"{stem}.jsonl", multirc)
    _lines(folder / "ReCoRD" / f"{stem}.jsonl", record)


def write_squad(folder: Path) -> None:
    """Writes both versions' files."""
    folder.mkdir(parents=True)
    for version, said in (("1.1", "1.1"), ("2.0", "v2.0")):
        for split in ("train", "dev"):
            paragraphs = []
            for p in range(3):
                qas = []
                for q in range(3):
                    impossible = version == "2.0" and q == 2
                    starts = [] if impossible else [0, 6]
                    qas.append(
                        {
                            "id": hashlib.md5(f"{version}{split}{p}{q}".encode()).hexdigest()[:24],
                            "question": f"Who{p}{q}?",
                            "answers": [{"text": "Zürich"[: 3 + s], "answer_start": s} for s in starts],
                        }
                        | ({"is_impossible": impossible} if version == "2.0" else {})
                    )
                paragraphs.append({"context": f"Zürich Zürich {p} “x”\n end", "qas": qas})
            document = {"version": said, "data": [{"title": "Z_ü", "paragraphs": paragraphs}]}
            (folder / f"{split}-v{version}.json").write_text(json.dumps(document), encoding="utf-8")


def write_dpr(folder: Path) -> None:
    """Writes the blocks of definite pronoun resolution."""
    folder.mkdir(parents=True)
    for split, count in (("train", 6), ("test", 4)):
        blocks = [f"Bea {i} asked Tim if he could.\nhe\nBea,Tim\n{'Tim' if i % 3 else 'Bea'}\n\n" for i in range(count)]
        (folder / f"{split}.c.txt").write_text("".join(blocks))


def _sgml(kind: str, language: str, lines: list[str]) -> str:
    segments = "".join(f'<seg id="{i}">{line}</seg>\n' for i, line in enumerate(lines, start=1))
    return (
        f'<{kind} setid="s" srclang="any" trglang="{language}">\n<doc sysid="ref" docid="d" genre="news" '
        f'origlang="en">\n<p>\n{segments}</p>\n</doc>\n</{kind}>\n'
    )


def write_wmt(folder: Path) -> None:
    """Writes the sets of dev.tgz that WMT 14 and 15 have, in English, German and French."""
    dev = folder / "dev"
    dev.mkdir(parents=True)
    for language in ("de", "en", "fr"):
        (dev / f"newstest2013.{language}").write_text("".join(f"{language} line {i} & é\n" for i in range(9)))
    sets = (("newstest2014", "deen"), ("newstest2014", "fren"), ("newsdiscussdev2015", "fren"),
            ("newsdiscusstest2015", "fren"), ("newsdiscusstest2015", "enfr"))  # fmt: skip
    for name, direction in sets:
        for side, language in (("src", direction[:2]), ("ref", direction[2:])):
            lines = [f"{name} {direction} {language} {i} & ü" for i in range(7)]
            kind = {"src": "srcset", "ref": "refset"}[side]
            (dev / f"{name}-{direction}-{side}.{language}.sgm").write_text(_sgml(kind, language, lines))


def write_stories(folder: Path) -> None:
    """Writes CNN/DailyMail's two archives and three lists of URLs."""
    folder.mkdir(parents=True)
    members: dict[str, list[tuple[str, bytes]]] = {"cnn": [], "dailymail": []}
    for split in ("train", "val", "test"):
        urls = [f"http://web.archive.org/{split}/{i}" for i in range(8)]
        (folder / f"all_{split}.txt").write_text("".join(f"{url}\n" for url in urls))
        for i, url in enumerate(urls):
            story = f"Story {i} begins\n\n\nIt’s {split}.\n\n@highlight\n\nFirst {i}\n\n@highlight\n\nSecond.\n"
            name = hashlib.sha1(url.encode()).hexdigest()
            members[("cnn", "dailymail")[i % 2]].append((name, story.encode()))
    for publisher, stories in members.items():
        with (
            gzip.open(folder / f"{publisher}_stories.tgz", "wb") as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive,
        ):
            for name, story in stories:
                info = tarfile.TarInfo(f"{publisher}/stories/{name}.story")
                info.size = len(story)
                archive.addfile(info, io.BytesIO(story))


def write_official(folder: Path) -> Path:
    """Writes a data directory of all benchmarks; GLUE's is the embedded suite's."""
    shutil.copytree(suite_folder() / "glue", folder / "glue")
    write_super_glue(folder / "super_glue")
    write_squad(folder / "squad")
    write_stories(folder / "cnn_dailymail")
    write_wmt(folder / "wmt")
    write_dpr(folder / "dpr")
    return folder


def _zip(path: Path, folder: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, f"{folder.name}/{file.name}")


def _mrpc(glue: Path, folder: Path) -> None:
    """Writes MRPC as it was first distributed: one file for train and validation, and a list of the latter's ids."""
    header, *train = (glue / "MRPC/train.tsv").read_text(encoding="utf-8-sig").splitlines()
    validation = (glue / "MRPC/dev.tsv").read_text(encoding="utf-8-sig").splitlines()[1:]
    _, *test = (glue / "MRPC/test.tsv").read_text(encoding="utf-8-sig").splitlines()
    mixed, ids = [], []
    for i, row in enumerate([*train, *validation]):
        fields = row.split("\t")
        fields[1:3] = [str(i), str(i + 100_000)]
        mixed.append("\t".join(fields))
        if i >= len(train):
            ids.append(f"{i}\t{i + 100_000}\n")
    # Gaps in both splits' numbers: every fifth of the validation rows' places lies among the training rows.
    later = [mixed.pop() for _ in validation][::-1]
    for place, row in enumerate(later):
        mixed.insert(5 * place, row)
    labelled = ["1\t" + row.split("\t", 1)[1] for row in test]
    for name, rows in (("train", mixed), ("test", labelled)):
        text = "".join(f"{row}\n" for row in [header, *rows])
        (folder / f"msr_paraphrase_{name}.txt").write_text(text, encoding="utf-8-sig")
    (folder / "data_mrpc_dev_ids.tsv").write_text("".join(ids))


def write_archives(official: Path, folder: Path) -> Path:
    """Writes the archives of a data directory, each benchmark's in its own folder, under their distributed names."""
    for name in GLUE_ZIPS:
        _zip(folder / "glue" / f"{'QNLIv2' if name == 'QNLI' else name}.zip", official / "glue" / name)
    _mrpc(official / "glue", folder / "glue")
    shutil.copy(official / "glue/diagnostic/diagnostic.tsv", folder / "glue/tsvsWithoutLabels_AX.tsv")
    for task in (official / "super_glue").iterdir():
        _zip(folder / "super_glue" / f"{task.name}.zip", task)
    for name in ("squad", "cnn_dailymail"):
        shutil.copytree(official / name, folder / name)
    shutil.copytree(official / "dpr", folder / "definite_pronoun_resolution")
    (folder / "wmt").mkdir()
    with tarfile.open(folder / "wmt/dev.tgz", "w:gz") as archive:
        archive.add(official / "wmt/dev", "dev")
    return folder
