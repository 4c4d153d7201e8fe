"""Writes the demo's miniature suite: `python -m tools.demo_suite [FOLDER]`, by default over the package's own."""

import sys
from pathlib import Path

from t5eval.demo import suite_folder
from tools.demo_suite.suite import suite_files

if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else suite_folder()
    for path, content in suite_files().items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
