"""The table of corruptions: what is done to a valid submission, the verdict that it must get, and what is said."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import leaderboards
from leaderboards import Leaderboard
from leaderboards.cnn_dailymail import CNN_DAILYMAIL
from leaderboards.wmt import WMT
from task_specs import UserError
from tests.leaderboards import conftest as glue_files
from tests.leaderboards import corruptions as c
from tests.leaderboards import super_glue_files
from tests.leaderboards.corruptions import Edit, Files
from tests.leaderboards.test_squad_submission import ANSWERS as SQUAD_ANSWERS
from tests.leaderboards.test_wmt_submission import FRAME

DATA = "valid for this data, not for the leaderboard"
REFUSED = "refused"  # nothing that could be judged: an error instead of a verdict
GLUE_IDS = {
    leaderboards.get("glue").files[file].name: [row.split("\t")[0] for row in text.splitlines()[1:]]
    for file, text in glue_files.FILES.items()
}
SQUAD_IDS = {"squad/v1.1": ["a1", "b2", "c3"], "squad/v2.0": ["a1", "b2", "n4", "n5"]}
SQUAD_2 = {"a1": "x", "b2": "", "n4": "y", "n5": ""}
WMT_TEXTS = {"0": "Eins zwei.", "1": "Drei & vier", "2": "Fünf <b>", "3": "Sechs"}
CNN_TEXTS = {"f0": "One . Two .", "e1": "Three .", "d2": "Ünï .", "c3": "Five ."}
LONG_IDS = {"wmt14/en-de": list(WMT_TEXTS)}


class Case(NamedTuple):
    """A corruption: its name, what is done to the files or to the zip of them, the status, a part of what is said."""

    name: str
    edit: Edit | Callable[[Files], bytes]
    status: str = "invalid"
    message: str = ""


class Valid(NamedTuple):
    """A valid submission: its leaderboard, the ids, and how it is written (the name of a file, a folder or a zip)."""

    board: Leaderboard
    ids: dict[str, list[str]]
    answers: dict[str, dict[str, Any]]
    name: str
    kept: dict[str, Any] = {}


def _glue_answers() -> dict[str, dict[str, Any]]:
    board = leaderboards.get("glue")
    answers: dict[str, dict[str, Any]] = {}
    for task, ids in GLUE_IDS.items():
        number = task == "glue/stsb"
        answers[task] = {example_id: 2.5 if number else int(example_id) % 2 for example_id in ids}
    assert set(answers) == {spec.name for spec in board.tasks}
    return answers


VALID = {
    "glue": Valid(leaderboards.get("glue"), GLUE_IDS, _glue_answers(), "s.zip"),
    "super_glue": Valid(leaderboards.get("super_glue"), super_glue_files.IDS, super_glue_files.ANSWERS, "s.zip"),
    "squad 1.1": Valid(leaderboards.get("squad"), SQUAD_IDS, {"squad/v1.1": SQUAD_ANSWERS}, "p.json"),
    "squad 2.0": Valid(leaderboards.get("squad"), SQUAD_IDS, {"squad/v2.0": SQUAD_2}, "folder"),
    "wmt txt": Valid(WMT, LONG_IDS, {"wmt14/en-de": WMT_TEXTS}, "wmt14.en-de.txt", {"wmt14/en-de": FRAME}),
    "wmt sgm": Valid(WMT, LONG_IDS, {"wmt14/en-de": WMT_TEXTS}, "wmt14.en-de.sgm", {"wmt14/en-de": FRAME}),
    "wmt xml": Valid(WMT, LONG_IDS, {"wmt14/en-de": WMT_TEXTS}, "wmt14.en-de.xml", {"wmt14/en-de": FRAME}),
    "cnn": Valid(CNN_DAILYMAIL, {"cnn_dailymail": list(CNN_TEXTS)}, {"cnn_dailymail": CNN_TEXTS}, "s.zip"),
    "cnn pyrouge": Valid(
        CNN_DAILYMAIL,
        {"cnn_dailymail": list(CNN_TEXTS)},
        {"cnn_dailymail": CNN_TEXTS},
        "x.pyrouge",
        {"cnn_dailymail": ["R ."] * 4},
    ),
}


def rows_of(file: str, header: int, form: str) -> list[Case]:
    """Returns what can be done to any file of rows; `form` is what is said of a line of another form."""
    first = header + 1
    return [
        Case("is empty", c.content(file, b""), message=f"{file}: is empty"),
        Case("is blank", c.content(file, b" \n\n"), message=f"{file}: is empty"),
        Case("byte order mark", c.changed(file, c.marked), message=f"{file}:1: begins with a byte order mark"),
        Case("UTF-16", c.changed(file, c.utf16), message="not UTF-8"),
        Case("a byte of Latin-1", c.changed(file, c.latin1), message="not UTF-8 (byte 0xe9)"),
        Case(
            "a blank line inside", c.lines(file, lambda rows: [*rows[:first], "", *rows[first:]]), message="lank line"
        ),
        Case("a blank line at the end", c.changed(file, lambda data: data + b"\n"), message="blank line"),
        Case("a line lost", c.lines(file, lambda rows: rows[:-1]), message="missing"),
        Case("the first row lost", c.lines(file, lambda rows: [*rows[:header], *rows[first:]]), message="missing"),
        Case("a row twice", c.repeated(file, header), message="comes again; it came first on line"),
        Case("line ends of old Macs", c.changed(file, c.old_mac), message=f"{file}:1: {form}"),
        Case("a Git LFS pointer", c.content(file, c.POINTER), message=f"{file}:1: {form}"),
        Case("a page of HTML", c.content(file, c.HTML), message=f"{file}:1: {form}"),
        Case("gzipped", c.changed(file, c.gzipped), message="not UTF-8"),
        Case("torn", c.changed(file, c.torn), message=f"{file}: 1 of 3"),
    ]


ZIPS = [
    Case("a damaged entry", c.damaged, message="cannot be unpacked, the zip is damaged"),
    Case("an encrypted entry", c.encrypted, message="encrypted; the leaderboard cannot open it"),
    Case("a link", c.linked, message="a link or a special file"),
    Case("a name twice", c.doubled, message="comes twice in the zip"),
    Case("another method", c.compressed_otherwise, message="packed by method 12; use deflate"),
    Case("a zip within the zip", c.zipped_twice, message="a zip within the zip"),
    Case("a path that leads out", c.added("../x.tsv"), message="a path that leads out of the archive"),
    Case("an absolute path", c.added("/etc/passwd"), message="an absolute path"),
    Case("the end cut off", c.cut, message="not a zip, or one that is damaged or cut off"),
    Case("no zip", c.no_zip, message="not a zip, or one that is damaged or cut off"),
]

RTE, MNLI, STSB = "RTE.tsv", "MNLI-m.tsv", "STS-B.tsv"
GLUE = [
    *rows_of(RTE, 1, "expected the header"),
    *ZIPS,
    Case("a file lost", c.without(RTE), "partial", "RTE.tsv absent"),
    Case("two files lost", c.without(RTE, "AX.tsv"), "partial", "RTE.tsv, AX.tsv absent"),
    Case("all files lost but one", c.without(*[f for f in glue_files.FILES if f != RTE]), "partial", "AX.tsv absent"),
    Case("a name in lower case", c.renamed(RTE, "rte.tsv"), message="Did you mean 'RTE.tsv'?"),
    Case("a name of the task", c.renamed(MNLI, "MNLI.tsv"), message="MNLI.tsv: not a file of this leaderboard"),
    Case("in a folder", c.within("submission"), message="the leaderboard wants its files at the zip's root"),
    Case("a second copy in a folder", c.added("old/RTE.tsv"), message="in the folder old"),
    Case("another ending", c.renamed(RTE, "RTE.csv"), "partial", "not looked at: RTE.csv"),
    Case("no header", c.lines(RTE, lambda rows: rows[1:]), message="the file has no header"),
    Case("another header", c.replaced(RTE, "index\tprediction", "id\tlabel"), message="expected the header"),
    Case("a header with commas", c.replaced(RTE, "index\tprediction", "index,prediction"), message="expected the h"),
    Case("the header twice", c.lines(RTE, lambda rows: [rows[0], *rows]), message="'index' is not a whole number"),
    Case("commas for tabs", c.everywhere(RTE, "\t", ","), message="got 1: '0,entailment'"),
    Case("spaces for tabs", c.everywhere(RTE, "\t", "  "), message="expected 2 columns"),
    Case("a third column", c.replaced(RTE, "0\tentailment", "0\tentailment\t0.9"), message="got 3"),
    Case("columns exchanged", c.replaced(RTE, "0\tentailment", "entailment\t0"), message="'entailment' is not a whole"),
    Case("an index too large", c.replaced(RTE, "0\tent", "9\tent"), message="index '9' is unknown"),
    Case("an index of the same row twice", c.replaced(RTE, "1\tnot", "0\tnot"), message="index 0 comes again"),
    Case("a negative index", c.replaced(RTE, "0\tent", "-1\tent"), message="'-1' is not a whole number"),
    Case("an index with a point", c.replaced(RTE, "0\tent", "0.0\tent"), message="'0.0' is not a whole number"),
    Case("an index with a zero", c.replaced(RTE, "1\tnot", "01\tnot"), message="'01' is not a whole number"),
    Case("an index with a space", c.replaced(RTE, "1\tnot", " 1\tnot"), message="' 1' is not a whole number"),
    Case("an index with a plus", c.replaced(RTE, "1\tnot", "+1\tnot"), message="'+1' is not a whole number"),
    Case("an index of a word", c.replaced(RTE, "1\tnot", "one\tnot"), message="'one' is not a whole number"),
    Case("an index in quotes", c.replaced(RTE, "1\tnot", '"1"\tnot'), message="is not a whole number"),
    Case("a label in capitals", c.replaced(RTE, "0\tent", "0\tEnt"), message="Write 'entailment': case"),
    Case("a label with a space", c.replaced(RTE, "entailment\n", "entailment \n"), message="Write 'entailment'"),
    Case("a label in quotes", c.replaced(RTE, "0\tentailment", '0\t"entailment"'), message="Write 'entailment'"),
    Case("a label that is a class index", c.replaced(RTE, "0\tentailment", "0\t0"), message="label '0' is not one of"),
    Case("a label of three-way tasks", c.replaced(RTE, "0\tentailment", "0\tneutral"), message="label 'neutral'"),
    Case("a label with a hyphen", c.replaced(RTE, "not_entailment", "not-entailment"), message="'not-entailment'"),
    Case("no label", c.replaced(RTE, "0\tentailment", "0\t"), message="label '' is not one of"),
    Case("T5's mark of no label", c.replaced(RTE, "0\tentailment", "0\t<unk>"), message="label '<unk>'"),
    Case("a NUL", c.replaced(RTE, "0\tentailment", "0\tentailment\0"), message="\\x00' is not one of"),
    Case("a name for a digit", c.replaced("CoLA.tsv", "0\t0", "0\tunacceptable"), message="Write '0'"),
    Case("a float for a digit", c.replaced("SST-2.tsv", "1\t1", "1\t1.0"), message="Write '1'"),
    Case("-1 for a digit", c.replaced("WNLI.tsv", "1\t1", "1\t-1"), message="label '-1' is not one of 0, 1"),
    Case("a third class", c.replaced("MRPC.tsv", "1\t1", "1\t2"), message="label '2' is not one of 0, 1"),
    Case("True for a digit", c.replaced("QQP.tsv", "0\t0", "0\tFalse"), message="label 'False' is not one of 0, 1"),
    Case("a hole of the data filled", c.lines("QQP.tsv", lambda r: [*r[:2], "1\t0", *r[2:]]), message="index '1' is"),
    Case("a number out of range", c.replaced(STSB, "0\t2.500", "0\t5.001"), message="'5.001' is out of range"),
    Case("a negative number", c.replaced(STSB, "0\t2.500", "0\t-0.02"), message="'-0.02' is out of range"),
    Case("not a number", c.replaced(STSB, "0\t2.500", "0\tnan"), message="'nan' is not finite"),
    Case("infinity", c.replaced(STSB, "0\t2.500", "0\tinf"), message="'inf' is not finite"),
    Case("a decimal comma", c.replaced(STSB, "0\t2.500", "0\t2,5"), message="with a point and no spaces"),
    Case("a word for a number", c.replaced(STSB, "0\t2.500", "0\tsimilar"), message="'similar' is not a number"),
    Case("AX of RTE's labels", c.replaced("AX.tsv", "neutral", "not_entailment"), message="label 'not_entailment'"),
]  # fmt: skip
CB, BOOLQ, WSC, COPA, MULTIRC, RECORD = (f"{n}.jsonl" for n in ("CB", "BoolQ", "WSC", "COPA", "MultiRC", "ReCoRD"))
SUPER_GLUE = [
    *rows_of(CB, 0, "not JSON"),
    *ZIPS,
    Case("a file lost", c.without(CB), "partial", "CB.jsonl absent"),
    Case("a name in lower case", c.renamed(CB, "cb.jsonl"), message="Did you mean 'CB.jsonl'?"),
    Case("a name without a hyphen", c.renamed("AX-b.jsonl", "AXb.jsonl"), message="Did you mean 'AX-b.jsonl'?"),
    Case("the ending .json", c.renamed(CB, "CB.json"), "partial", "CB.jsonl absent"),
    Case("a copy in a folder", c.added(f"old/{CB}"), message="comes twice in the zip"),
    Case("one list of all", c.changed(CB, lambda d: b"[" + d.replace(b"}\n{", b"},\n{") + b"]"),
         message="CB.jsonl:1: not JSON"),
    Case("a comma after each", c.everywhere(CB, "}\n", "},\n"), message="not JSON (Extra data"),
    Case("single quotes", c.everywhere(CB, '"', "'"), message="not JSON (Expecting property name"),
    Case("a file of TSV", c.content(CB, "index\tprediction\n0\tneutral\n1\tneutral\n2\tneutral\n"),
         message="not JSON ("),
    Case("NaN", c.replaced(CB, '"neutral"', "NaN"), message="NaN is not JSON"),
    Case("a key twice", c.replaced(CB, '{"idx": 0', '{"idx": 0, "idx": 0'), message="the key 'idx' comes twice"),
    Case("no idx", c.replaced(CB, '"idx": 0, ', ""), message="has no idx"),
    Case("no label", c.replaced(CB, ', "label": "neutral"', ""), message="has no label"),
    Case("another key for the label", c.replaced(CB, '"label"', '"prediction"'), message="has no label"),
    Case("another key for the idx", c.replaced(CB, '"idx"', '"index"'), message="has no idx"),
    Case("an idx in quotes", c.replaced(CB, '"idx": 0', '"idx": "0"'), message="a whole number without quotes"),
    Case("an idx with a point", c.replaced(CB, '"idx": 0', '"idx": 0.0'), message="idx must be a whole number"),
    Case("a negative idx", c.replaced(CB, '"idx": 0', '"idx": -1'), message="idx must be a whole number"),
    Case("an idx of true", c.replaced(CB, '"idx": 1', '"idx": true'), message="idx must be a whole number"),
    Case("an idx that is no other's", c.replaced(CB, '"idx": 0', '"idx": 3'), message="idx 3 is unknown"),
    Case("an idx twice", c.replaced(CB, '"idx": 0', '"idx": 1'), message="idx 1 comes again"),
    Case("a label in capitals", c.replaced(CB, "neutral", "Neutral"), message='Write "neutral"'),
    Case("a label that is a class index", c.replaced(CB, '"neutral"', "2"), message="label 2 is not one of"),
    Case("a list of labels", c.replaced(CB, '"neutral"', '["neutral"]'), message='label ["neutral"] is not one of'),
    Case("null", c.replaced(CB, '"neutral"', "null"), message="label null is not one of"),
    Case("a boolean of BoolQ", c.replaced(BOOLQ, '"false"', "false"), message='Write "false"'),
    Case("capitals of BoolQ", c.replaced(BOOLQ, '"false"', '"False"'), message='Write "false"'),
    Case("small letters of WSC", c.replaced(WSC, '"True"', '"true"'), message='Write "True"'),
    Case("choice1 of COPA", c.replaced(COPA, '"label": 0', '"label": "choice1"'), message="Write 0"),
    Case("a text of COPA", c.replaced(COPA, '"label": 1', '"label": "1"'), message="Write 1"),
    Case("a boolean of COPA", c.replaced(COPA, '"label": 1', '"label": true'), message="label true is not one of"),
    Case("an entity's index for ReCoRD", c.replaced(RECORD, '"Ann"', "3"), message="label 3 is not a text"),
    Case("a list for ReCoRD", c.replaced(RECORD, '"Ann"', '["Ann"]'), message='label ["Ann"] is not a text'),
    Case("half a character", c.replaced(RECORD, '"Ann"', '"\\ud800"'), message="half a surrogate pair"),
    Case("a passage's id for a query's", c.replaced(RECORD, '"idx": 10', '"idx": 7'), message="idx 7 is unknown"),
    Case("queries plus 5,000,000", c.everywhere(RECORD, '"idx": ', '"idx": 5000'), message="is unknown"),
    Case("flat rows of MultiRC", c.content(MULTIRC, '{"idx": 9, "label": 1}\n' * 2),
         message="has no passage with a list"),
    Case("a paragraph lost", c.lines(MULTIRC, lambda rows: rows[:1]), message="1 of 4 answers are missing: 10/4/7"),
    Case("a paragraph twice", c.repeated(MULTIRC, 0), message="paragraph 9 comes again"),
    Case("paragraphs plus 1,000", c.replaced(MULTIRC, '{"idx": 9,', '{"idx": 1009,'), message="paragraph 1009 is not"),
    Case("questions anew", c.replaced(MULTIRC, '"idx": 4, "answers"', '"idx": 0, "answers"'),
         message="question 10/0 is"),
    Case("answers anew", c.replaced(MULTIRC, '"idx": 7', '"idx": 0'), message="answer 10/4/0 is not in the data"),
    Case("an answer lost", c.replaced(MULTIRC, ', {"idx": 5, "label": 0}', ""), message="are missing: 9/2/5"),
    Case("an answer without a label", c.replaced(MULTIRC, ', "label": 0', ""), message="an answer has no label"),
    Case("a text of MultiRC", c.replaced(MULTIRC, '"label": 0', '"label": "0"'), message="Write 0"),
    Case("no list of answers", c.replaced(MULTIRC, '"answers"', '"answer"'),
         message="a question has no list of answers"),
]  # fmt: skip
P = "p.json"
SQUAD_1 = [
    Case("is empty", c.content(P, b""), message="is empty"),
    Case("byte order mark", c.changed(P, c.marked), message="begins with a byte order mark"),
    Case("UTF-16", c.changed(P, c.utf16), message="not UTF-8"),
    Case("a byte of Latin-1", c.changed(P, c.latin1), message="not UTF-8 (byte 0xe9)"),
    Case("gzipped", c.changed(P, c.gzipped), message="not UTF-8"),
    Case("torn", c.changed(P, c.torn), message="not JSON"),
    Case("a Git LFS pointer", c.content(P, c.POINTER), message="expected one JSON object of id and answer"),
    Case("a page of HTML", c.content(P, c.HTML), message="expected one JSON object of id and answer"),
    Case("a question lost", c.as_json(P, lambda d: {"a1": d["a1"], "b2": "x"}),
         message="1 of 3 questions are missing: c3"),
    Case("a foreign question", c.as_json(P, lambda d: {**d, "z9": "x"}), message="id 'z9' is none of the 3 questions"),
    Case("an id in capitals", c.replaced(P, '"a1"', '"A1"'), message="id 'A1' is none of the 3 questions"),
    Case("an id twice", c.replaced(P, '"b2"', '"a1"'), message="id 'a1' comes again"),
    Case("a number", c.replaced(P, '"$3.50"', "3.5"), message="an answer is a string, got '3.5'"),
    Case("null", c.replaced(P, '"$3.50"', "null"), message="an answer is a string, got 'null'"),
    Case("a list", c.as_json(P, lambda d: {k: [v] for k, v in d.items()}), message="an answer is a string, got"),
    Case("n-best lists", c.as_json(P, lambda d: {k: [{"text": v}] for k, v in d.items()}),
         message="an answer is a string"),
    Case("a list of objects", c.as_json(P, lambda d: [{"id": k, "prediction_text": v} for k, v in d.items()]),
         message="expected one JSON object of id and answer"),
    Case("JSON lines", c.content(P, '{"id": "a1", "answer": "x"}\n' * 3), message="takes one object, not JSON lines"),
    Case("several objects", c.changed(P, lambda d: d + d), message="the object ends before the file does"),
    Case("one level too deep", c.as_json(P, lambda d: {"predictions": d}), message="id 'predictions'"),
    Case("the data itself", c.as_json(P, lambda d: {"version": "1.1", "data": []}), message="none of the 3 questions"),
    Case("half a character", c.replaced(P, "$3.50", "\\ud800"), message="half a surrogate pair"),
    Case("NaN", c.replaced(P, '"$3.50"', "NaN"), message="NaN is not JSON"),
    Case("a comma at the end", c.replaced(P, '"\n}', '",\n}'), message="expected an id in double quotes"),
    Case("single quotes", c.everywhere(P, '"', "'"), message="expected an id in double quotes"),
    Case("another ending", c.renamed(P, "p.txt"), REFUSED, "not a submission; give a zip, a folder, or one .json file"),
]  # fmt: skip
PREDICTIONS, PROBABILITIES = "predictions.json", "na_probs.json"
SQUAD_2_CASES = [
    Case("a question lost", c.as_json(PREDICTIONS, lambda d: {k: d[k] for k in ("a1", "b2", "n4")}),
         message="missing: n5"),
    Case("a probability lost", c.as_json(PROBABILITIES, lambda d: {"a1": 0, "b2": 0, "n4": 0}), message="missing: n5"),
    Case("a probability in quotes", c.replaced(PROBABILITIES, "0.0", '"0.0"'), message="a probability is a number"),
    Case("an infinite probability", c.replaced(PROBABILITIES, "0.0", "1e999"), message="a finite number, got inf"),
    Case("NaN for a probability", c.replaced(PROBABILITIES, "0.0", "NaN"), message="NaN is not JSON"),
    Case("false for a probability", c.replaced(PROBABILITIES, "0.0", "false"), message="a probability is a number"),
    Case("the two exchanged", c.exchanged(PREDICTIONS, PROBABILITIES), message="an answer is a string, got"),
    Case("the answers lost", c.without(PREDICTIONS), "partial", "predictions.json absent"),
    Case("another name", c.renamed(PREDICTIONS, "preds.json"), message="Did you mean 'predictions.json'?"),
    Case("probabilities with version 1.1",
         c.as_json(PREDICTIONS, lambda d: dict.fromkeys(SQUAD_IDS["squad/v1.1"], "x")),
         message="goes with squad/v2.0; these are answers to squad/v1.1"),
]  # fmt: skip
TXT, SGM, XML = (f"wmt14.en-de.{form}" for form in ("txt", "sgm", "xml"))
WMT_TXT = [
    Case("is empty", c.content(TXT, b""), message="is empty"),
    Case("byte order mark", c.changed(TXT, c.marked), message="begins with a byte order mark"),
    Case("UTF-16", c.changed(TXT, c.utf16), message="not UTF-8"),
    Case("a byte of Latin-1", c.changed(TXT, c.latin1), message="not UTF-8 (byte 0xe9)"),
    Case("gzipped", c.changed(TXT, c.gzipped), message="not UTF-8"),
    Case("a segment lost", c.lines(TXT, lambda rows: rows[1:]), message="3 segments, wmt14/en-de has 4"),
    Case("a segment more", c.repeated(TXT, 0), message="5 segments, wmt14/en-de has 4"),
    Case("a blank line at the end", c.changed(TXT, lambda data: data + b"\n"), message="an empty segment"),
    Case("an empty segment", c.replaced(TXT, "Sechs", ""), message=f"{TXT}:4: an empty segment"),
    Case("a tab", c.replaced(TXT, "Eins ", "Eins\t"), message="a tab, after which sacrebleu reads a second system"),
    Case("a line separator", c.replaced(TXT, "Eins ", "Eins\u2028"), message="the character U+2028"),
    Case("a carriage return", c.replaced(TXT, "Eins ", "Eins\r"), message="the character U+000D"),
    Case("a NUL", c.replaced(TXT, "Eins ", "Eins\0"), message="the character U+0000"),
    Case("line ends of old Macs", c.changed(TXT, c.old_mac), message="1 segments, wmt14/en-de has 4"),
    Case("another set's name", c.renamed(TXT, "wmt14.en-fr.txt"), message="4 segments, wmt14/en-fr has 3,003"),
    Case("SGML in plain text", c.content(TXT, b"<tstset>\n<doc>\n</doc>\n"), message="3 segments, wmt14/en-de has 4"),
    Case("another ending", c.renamed(TXT, "wmt14.en-de.de"), REFUSED, "not a submission; give a zip, a folder, or one"),
]
MARKUP = [
    Case("is empty", lambda file: c.content(file, b""), message="not well-formed"),
    Case("torn", lambda file: c.changed(file, c.torn), message="not well-formed"),
    Case("a bare &", lambda file: c.everywhere(file, "&amp;", "&"), message="write &amp; for &"),
    Case("a bare <", lambda file: c.replaced(file, "Sechs", "a < b"), message="not well-formed"),
    Case("upper case", lambda file: c.changed(file, bytes.upper), message="not well-formed"),
    Case("an empty segment", lambda file: c.replaced(file, "Sechs", ""), message="an empty segment"),
    Case("a tab", lambda file: c.replaced(file, "Eins ", "Eins\t"), message="a tab, after which sacrebleu"),
    Case("a tag in a segment", lambda file: c.replaced(file, "Sechs", "<b>Sechs</b>"), message="<b> in <seg>"),
    Case("a declaration of a type", lambda file: c.changed(file, lambda d: b"<!DOCTYPE a>" + d),
         message="declares a document type"),
]  # fmt: skip
WMT_SGM = [
    *[case._replace(edit=case.edit(SGM)) for case in MARKUP],  # type: ignore[call-arg, arg-type]
    Case("a second system", c.replaced(SGM, 'sysid="Our system" docid="d&quot;2&quot;"', 'sysid="B" docid="x"'),
         message="a second system, 'B'"),
    Case("a document twice", c.replaced(SGM, 'docid="d&quot;2&quot;"', 'docid="d &amp; 1"'),
         message="document 'd & 1' comes"),
    Case("another language", c.replaced(SGM, 'trglang="de"', 'trglang="fr"'), message="its target language is 'fr'"),
    Case("another source", c.replaced(SGM, 'srclang="any"', 'srclang="cs"'), message="its source language is 'cs'"),
    Case("a segment's id twice", c.replaced(SGM, 'id="3"', 'id="2"'), message="segment 2 comes again"),
    Case("a headline", c.changed(SGM, lambda d: d.replace(b"<p>", b"<hl>", 1).replace(b"</p>", b"</hl>", 1)),
         message="<hl> in"),
    Case("a segment lost", c.lines(SGM, lambda rows: [r for r in rows if "Sechs" not in r]), message="3 segments"),
    Case("the source's frame", c.changed(SGM, lambda d: d.replace(b"tstset", b"srcset")), message="expected <tstset>"),
]  # fmt: skip
WMT_XML = [
    *[case._replace(edit=case.edit(XML)) for case in MARKUP],  # type: ignore[call-arg, arg-type]
    Case("a second system", c.changed(XML, lambda d: b"B".join(d.rsplit(b"Our system", 1))),
         message="a second system, 'B'"),
    Case("another language", c.everywhere(XML, 'lang="de"', 'lang="fr"'), message="its target language is 'fr'"),
    Case("a segment's id of 0", c.everywhere(XML, 'id="3"', 'id="0"'), message="id '0' is not a whole number from 1"),
    Case("no translation", c.everywhere(XML, "hyp", "ref"), message="<doc> has 0 <hyp>"),
    Case("the translation first", c.everywhere(XML, "src", "ref"), message="<doc> has 0 <src>"),
    Case("no language", c.everywhere(XML, ' lang="de"', ""), message="<hyp> has no attribute lang"),
    Case("SGML in XML", c.changed(XML, lambda d: d.replace(b"dataset", b"tstset")), message="expected <dataset>"),
]  # fmt: skip
HYPO, STORY_IDS = "test.hypo", "test.ids"
CNN = [
    *ZIPS,
    Case("is empty", c.content(HYPO, b""), message="test.hypo: is empty"),
    Case("byte order mark", c.changed(HYPO, c.marked), message="begins with a byte order mark"),
    Case("UTF-16", c.changed(HYPO, c.utf16), message="not UTF-8"),
    Case("a byte of Latin-1", c.changed(HYPO, c.latin1), message="not UTF-8 (byte 0xe9)"),
    Case("a summary lost", c.lines(HYPO, lambda rows: rows[1:]), message="3 summaries for 4 articles"),
    Case("a summary more", c.repeated(HYPO, 0), message="5 summaries for 4 articles"),
    Case("a line separator", c.replaced(HYPO, "One ", "One\u2028"), message="the character U+2028"),
    Case("an id lost", c.lines(STORY_IDS, lambda rows: rows[1:]), message="1 of 4 ids are missing: f0"),
    Case("an id twice", c.replaced(STORY_IDS, "c3", "f0"), message="id 'f0' comes again; it came first on line 1"),
    Case("a foreign id", c.replaced(STORY_IDS, "c3", "zz"), message="id 'zz' is none of the data's"),
    Case("ids of URLs", c.everywhere(STORY_IDS, "3", "3.story"), message="id 'c3.story' is none of the data's"),
    Case("the two exchanged", c.exchanged(HYPO, STORY_IDS), message="is none of the data's"),
    Case("another name", c.renamed(HYPO, "tset.hypo"), message="Did you mean 'test.hypo'?"),
]
PYROUGE = [
    Case("a file lost", c.without("decoded/000001_decoded.txt"), message="and no 000001_decoded.txt"),
    Case("an empty file", c.content("decoded/000001_decoded.txt", b""), message="is empty; write '.'"),
    Case("HTML", c.content("decoded/000001_decoded.txt", b"<b>x</b>\n"), message="a < or >, which breaks the HTML"),
    Case("not UTF-8", c.content("decoded/000001_decoded.txt", b"\xe9\n"), message="not UTF-8 (byte 0xe9)"),
    Case("a control character", c.content("decoded/000001_decoded.txt", b"a\x0cb\n"), message="a control character"),
    Case("a reference lost", c.without("reference/000003_reference.txt"), message="3 references for 4 summaries"),
    Case("a file more", c.added("decoded/000004_decoded.txt"), message="5 summaries for 4 articles"),
    Case(
        "another numbering", c.renamed("decoded/000003_decoded.txt", "decoded/3.txt"), message="not a file of this fold"
    ),
    Case("an id lost", c.content("test.ids", b"f0\ne1\nd2\n"), message="1 of 4 ids are missing: c3"),
]
BROKEN = {
    "glue": GLUE,
    "super_glue": SUPER_GLUE,
    "squad 1.1": SQUAD_1,
    "squad 2.0": SQUAD_2_CASES,
    "wmt txt": WMT_TXT,
    "wmt sgm": WMT_SGM,
    "wmt xml": WMT_XML,
    "cnn": CNN,
    "cnn pyrouge": PYROUGE,
}

JUNK = [
    Case("junk of a Mac", c.added("__MACOSX/._RTE.tsv"), DATA),
    Case("junk of a desktop", c.added(".DS_Store"), DATA),
    Case("a note beside", c.added("README.md"), DATA, "not looked at: README.md"),
    Case("not compressed", c.stored, DATA),
    Case("a comment of the zip", c.with_comment, DATA),
]
HARMLESS = {
    "glue": [
        *JUNK,
        Case("CRLF", c.changed(RTE, c.crlf), DATA),
        Case("no last newline", c.changed(RTE, c.unended), DATA),
        Case("another order", c.swapped(RTE, 1, 3), DATA),
        Case("more digits", c.replaced(STSB, "0\t2.500", "0\t2.50000"), DATA),
        Case("an exponent", c.replaced(STSB, "0\t2.500", "0\t25e-1"), DATA),
        Case("names with a dot before", c.renamed(RTE, "./RTE.tsv"), DATA),
    ],
    "super_glue": [
        *JUNK,
        Case("CRLF", c.changed(CB, c.crlf), DATA),
        Case("no last newline", c.changed(CB, c.unended), DATA),
        Case("another order", c.swapped(CB, 0, 2), DATA),
        Case("in a folder", c.within("my submission"), DATA),
        Case(
            "keys in another order",
            c.replaced(CB, '{"idx": 0, "label": "neutral"}', '{"label": "neutral", "idx": 0}'),
            DATA,
        ),
        Case("a key more", c.replaced(CB, '"idx": 0', '"score": 0.5, "idx": 0'), DATA),
        Case("spaces of JSON", c.everywhere(CB, ": ", "  :   "), DATA),
        Case("no spaces", c.everywhere(CB, ": ", ":"), DATA),
        Case("escapes", c.replaced(CB, "neutral", "n\\u0065utral"), DATA),
        Case("paragraphs in another order", c.swapped(MULTIRC, 0, 1), DATA),
    ],
    "squad 1.1": [
        Case("another order", c.as_json(P, lambda d: dict(reversed(d.items()))), DATA),
        Case("one line", c.as_json(P, lambda d: d), DATA),
        Case("indented", c.changed(P, lambda d: json.dumps(json.loads(d), indent=4).encode()), DATA),
        Case("CRLF", c.changed(P, c.crlf), DATA),
        Case("no last newline", c.changed(P, c.unended), DATA),
        Case("another name", c.renamed(P, "dev.json"), DATA),
    ],
    "squad 2.0": [
        Case("without probabilities", c.without(PROBABILITIES), DATA),
        Case("whole numbers", c.everywhere(PROBABILITIES, "1.0", "1"), DATA),
        Case("a probability above 1", c.replaced(PROBABILITIES, "1.0", "7"), DATA, "1 values are above 1"),
    ],
    "wmt txt": [
        Case("CRLF", c.changed(TXT, c.crlf), DATA),
        Case("no last newline", c.changed(TXT, c.unended), DATA),
        Case("another name", c.renamed(TXT, "mine.txt"), DATA),
    ],
    "wmt sgm": [
        Case("CRLF", c.changed(SGM, c.crlf), DATA),
        Case("blank lines", c.everywhere(SGM, "<p>\n", "<p>\n\n"), DATA),
        Case("a declaration of XML", c.changed(SGM, lambda d: b'<?xml version="1.0" encoding="UTF-8"?>\n' + d), DATA),
        Case("a reference to a character", c.replaced(SGM, "Sechs", "&#83;echs"), DATA),
    ],
    "wmt xml": [
        Case("CRLF", c.changed(XML, c.crlf), DATA),
        Case("a comment", c.replaced(XML, "<p>", "<!-- a --><p>"), DATA),
        Case("a language with a country", c.everywhere(XML, 'lang="de"', 'lang="de-AT"'), DATA),
    ],
    "cnn": [
        *JUNK,
        Case("CRLF", c.changed(HYPO, c.crlf), DATA),
        Case("no last newline", c.changed(HYPO, c.unended), DATA),
        Case("ids with CRLF", c.changed(STORY_IDS, c.crlf), DATA),
        Case("without ids", c.without(STORY_IDS), DATA),
    ],
    "cnn pyrouge": [
        Case("without references", c.without(*[f"reference/{i:06}_reference.txt" for i in range(4)]), DATA),
        Case("a hidden file", c.added("decoded/.DS_Store"), DATA),
        Case("no last newline", c.changed("decoded/000001_decoded.txt", c.unended), DATA),
    ],
}


def build(valid: Valid, folder: Path) -> Files:
    """Returns the files of a valid submission."""
    out = folder / ("all.zip" if valid.name.endswith(".zip") else valid.name)
    if valid.name == "folder":
        out.mkdir()
    valid.board.write_keeping(out, valid.answers, valid.kept, "Our system")
    if out.suffix == ".zip":
        with zipfile.ZipFile(out) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    if out.is_dir():
        return {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    return {out.name: out.read_bytes()}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Files, Any]]:
    """Of each valid submission its files, and what is read from it."""
    found: dict[str, tuple[Files, Any]] = {}
    for name, valid in VALID.items():
        files = build(valid, tmp_path_factory.mktemp("valid"))
        path = put(valid, files, tmp_path_factory.mktemp("again"))
        assert valid.board.check(path, valid.ids).status == DATA, name
        found[name] = files, valid.board.read(path, valid.ids)
    return found


def put(valid: Valid, files: Files | bytes, folder: Path) -> Path:
    """Writes files as the submission that they were, a file alone under its own name, and returns where it is."""
    if isinstance(files, bytes) or valid.name.endswith(".zip"):
        (folder / "s.zip").write_bytes(files if isinstance(files, bytes) else c.packed(files))
        return folder / "s.zip"
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder / next(iter(files)) if "." in valid.name and valid.name != "x.pyrouge" else folder


def corrupted(files: Files, edit: Any) -> Files | bytes:
    """Returns what an edit makes of a copy of the files."""
    copy = dict(files)
    made = edit(copy)
    return made if isinstance(made, bytes) else copy


def table(cases: dict[str, list[Case]]) -> list[Any]:
    return [pytest.param(name, case, id=f"{name}: {case.name}") for name, found in cases.items() for case in found]


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(("name", "case"), table(BROKEN))
def test_a_broken_submission_is_named(built: Any, tmp_path: Path, name: str, case: Case) -> None:
    valid = VALID[name]
    path = put(valid, corrupted(built[name][0], case.edit), tmp_path)
    if case.status == REFUSED:
        with pytest.raises(UserError) as caught:
            valid.board.check(path, valid.ids)
        assert case.message in str(caught.value)
        return
    verdict = valid.board.check(path, valid.ids)
    shown = leaderboards.lines(verdict)
    assert verdict.status == case.status, shown
    assert any(case.message in line for line in shown), shown
    assert all(line.isprintable() for line in shown)
    assert (verdict.status == "invalid") == bool(verdict.faults)
    if verdict.status == "invalid":
        with pytest.raises(UserError, match=f"`t5eval check {valid.board.name}` lists every fault"):
            valid.board.read(path, valid.ids)


@pytest.mark.parametrize(("name", "case"), table(HARMLESS))
def test_what_does_no_harm_reads_back_the_same(built: Any, tmp_path: Path, name: str, case: Case) -> None:
    valid = VALID[name]
    files, values = built[name]
    changed = corrupted(files, case.edit)
    assert changed != files
    path = put(valid, changed, tmp_path)
    verdict = valid.board.check(path, valid.ids)
    shown = leaderboards.lines(verdict)
    assert verdict.status == case.status, shown
    assert any(case.message in line for line in shown), shown
    assert valid.board.read(path, valid.ids) == values


def test_the_table_is_as_large_as_it_should_be() -> None:
    assert sum(map(len, BROKEN.values())) >= 130
    assert sum(map(len, HARMLESS.values())) >= 20
    assert {VALID[name].board.name for name in BROKEN} == set(leaderboards.names())
    for found in (*BROKEN.values(), *HARMLESS.values()):
        assert len({case.name for case in found}) == len(found)
