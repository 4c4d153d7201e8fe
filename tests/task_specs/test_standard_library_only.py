"""The registry must be importable anywhere: no package beyond the standard library, nothing of the harness."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
before = set(sys.modules)
import task_specs
from task_specs import schema, registry
for spec in task_specs.all_tasks():
    spec.fingerprint
task_specs.resolve(["all"])
try:
    task_specs.get("glue/cola2")
except task_specs.SpecError:
    pass
loaded = {name.split(".")[0] for name in set(sys.modules) - before}
print("\\n".join(sorted(loaded - set(sys.stdlib_module_names))))
"""


def test_task_specs_imports_the_standard_library_alone() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    # Editable installs put a finder of their own among the modules.
    assert [name for name in done.stdout.split() if not name.startswith("__editable__")] == ["task_specs"]
    assert done.stderr == ""
