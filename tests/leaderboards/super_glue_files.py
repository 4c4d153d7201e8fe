"""A miniature SuperGLUE submission: answers, and the files that they make."""

from __future__ import annotations

from typing import Any

# In no order; MultiRC's paragraph 10 follows 9 as a number, and its questions run on.
ANSWERS: dict[str, dict[str, Any]] = {
    "super_glue/axg": {"0": 0, "1": 1},
    "super_glue/boolq": {"1": 1, "0": 0},
    "super_glue/cb": {"0": 2, "2": 0, "1": 1},
    "super_glue/copa": {"500": 1, "0": 0},
    "super_glue/multirc": {"10/4/7": 0, "9/3/6": 1, "9/2/5": 0, "9/2/4": 1},
    "super_glue/record": {"7/11": "the “Bank”\u2028of\nX", "3/9": "", "7/10": "Ann"},
    "super_glue/rte": {"0": 1},
    "super_glue/wic": {"0": 1},
    "super_glue/wsc": {"0": 1, "1": 0},
    "super_glue/axb": {"0": 0},
}
FILES = {
    "BoolQ.jsonl": '{"idx": 0, "label": "false"}\n{"idx": 1, "label": "true"}\n',
    "CB.jsonl": '{"idx": 0, "label": "neutral"}\n{"idx": 1, "label": "contradiction"}\n'
    '{"idx": 2, "label": "entailment"}\n',
    "COPA.jsonl": '{"idx": 0, "label": 0}\n{"idx": 500, "label": 1}\n',
    "MultiRC.jsonl": '{"idx": 9, "passage": {"questions": [{"idx": 2, "answers": [{"idx": 4, "label": 1}, '
    '{"idx": 5, "label": 0}]}, {"idx": 3, "answers": [{"idx": 6, "label": 1}]}]}}\n'
    '{"idx": 10, "passage": {"questions": [{"idx": 4, "answers": [{"idx": 7, "label": 0}]}]}}\n',
    "ReCoRD.jsonl": '{"idx": 9, "label": ""}\n{"idx": 10, "label": "Ann"}\n'
    '{"idx": 11, "label": "the \\u201cBank\\u201d\\u2028of\\nX"}\n',
    "RTE.jsonl": '{"idx": 0, "label": "not_entailment"}\n',
    "WiC.jsonl": '{"idx": 0, "label": "true"}\n',
    "WSC.jsonl": '{"idx": 0, "label": "True"}\n{"idx": 1, "label": "False"}\n',
    "AX-b.jsonl": '{"idx": 0, "label": "entailment"}\n',
    "AX-g.jsonl": '{"idx": 0, "label": "entailment"}\n{"idx": 1, "label": "not_entailment"}\n',
}
ROWS = {name: text.count("\n") for name, text in FILES.items()}
IDS = {task: list(values) for task, values in ANSWERS.items()}
