"""Tasks in Python: a built-in one asked in another way, once for each wording."""

from dataclasses import replace

import task_specs
from t5eval import register
from task_specs import Fields

RTE = task_specs.get("glue/rte")

for name, prefix in {"follows": "does it follow", "entails": "entailment"}.items():
    text = Fields(prefix, RTE.text.fields)
    register(replace(RTE, name=f"mine/{name}", benchmark="mine", aliases=(), text=text, submission=None))
