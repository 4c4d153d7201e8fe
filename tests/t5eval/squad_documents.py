"""A miniature SQuAD of our own, in the form of the official files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PASSAGE = "The ferry to Orm cost $3.50 in 1987; O'Neil-Jones, its captain, ran it until the U.S. line closed."
SECOND = "Mira keeps bees. They gave 1,000 jars of honey."


def answers(*texts: str, context: str = PASSAGE) -> list[dict[str, Any]]:
    """Returns annotators' answers with their places."""
    return [{"text": text, "answer_start": context.index(text)} for text in texts]


def version_1() -> dict[str, Any]:
    """Returns a document of version 1.1: three questions to two passages."""
    first = [
        {"id": "q1", "question": "What did the ferry cost?", "answers": answers("$3.50", "$3.50 in 1987")},
        {"id": "q2", "question": "Who was captain?", "answers": answers("O'Neil-Jones", "O'Neil-Jones, its captain")},
    ]
    second = [{"id": "q3", "question": "How many jars?", "answers": answers("1,000", "1,000 jars", context=SECOND)}]
    paragraphs = [{"context": PASSAGE, "qas": first}, {"context": SECOND, "qas": second}]
    return {"version": "1.1", "data": [{"title": "Orm", "paragraphs": paragraphs}]}


def version_2() -> dict[str, Any]:
    """Returns a document of version 2.0: the same, and two questions without an answer."""
    document = version_1()
    document["version"] = "v2.0"
    paragraphs = document["data"][0]["paragraphs"]
    for paragraph in paragraphs:
        for question in paragraph["qas"]:
            question["is_impossible"] = False
    none = {"answers": [], "is_impossible": True, "plausible_answers": answers("1987")}
    paragraphs[0]["qas"].append({"id": "q4", "question": "Who built the ferry?", **none})
    paragraphs[1]["qas"].append({"id": "q5", "question": "Where does Mira live?", **none})
    return document


def write(folder: Path, document: Any, name: str = "dev-v1.1.json") -> Path:
    """Writes a document into a data directory's `squad/` and returns the data directory."""
    (folder / "squad").mkdir(parents=True, exist_ok=True)
    (folder / "squad" / name).write_text(json.dumps(document), encoding="utf-8")
    return folder
