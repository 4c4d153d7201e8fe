"""Which benchmarks' data is at hand, and the folders in which libraries keep models and datasets."""

import os
from pathlib import Path

from t5eval.api.doctor.machine import Finding, ok_if
from task_specs.support.errors import UserError

NAMED = 3  # tasks that a line names; `t5eval show TASK` says which splits there are


def check_data(data_dir: str | None) -> list[Finding]:
    """Returns which tasks' splits are at hand, one finding per benchmark; whether they are whole is not looked at."""
    try:
        import task_specs
        from t5eval.data import data_source
        from t5eval.data.source import DATA_DIR_VARIABLE

        named = data_dir or os.environ.get(DATA_DIR_VARIABLE)
        try:
            data = data_source(data_dir)
            at_hand = {spec: data.splits(spec) for spec in task_specs.all_tasks()}
        except UserError as error:
            do = "name a folder with --data-dir; `t5eval demo` needs none"
            return [Finding("data", "fault" if named else "warning", str(error), do)]
    except ImportError as error:
        return [Finding("data", "fault", f"no data can be read: {error}", "pip install --upgrade t5eval")]
    found, absent = [], []
    for benchmark in dict.fromkeys(spec.benchmark for spec in at_hand):
        specs = [spec for spec in at_hand if spec.benchmark == benchmark]
        missing = [
            f"{spec.name} ({', '.join(gone)})"
            for spec in specs
            if (gone := [split for split in spec.source.splits if split not in at_hand[spec]])
        ]
        there = sum(bool(at_hand[spec]) for spec in specs)
        name, text = f"data {benchmark}", f"{there} of {len(specs)} tasks in {data.option}"
        if not there:
            absent.append(benchmark)
        elif missing:
            more = f"; and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
            advice = "t5eval data get fetches official files; see docs/data.md"
            found.append(Finding(name, "warning", f"{text}; not there: {'; '.join(missing[:NAMED])}{more}", advice))
        else:
            found.append(Finding(name, "ok", f"{text}, with every split"))
    if absent:
        nothing = f"nothing in {data.option} of {', '.join(absent)}"
        found.append(ok_if(bool(found), "data", nothing, "t5eval data get fetches official files; see docs/data.md"))
    return found


def check_caches() -> list[Finding]:
    """Returns where Hugging Face's hub and TensorFlow Datasets keep what they downloaded, and whether they can."""
    from t5eval.data.tfds import default_folder

    home = Path(os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface")
    hub = Path(os.environ.get("HF_HUB_CACHE") or home / "hub").expanduser()
    return [_cache("cache hub", hub, "HF_HOME"), _cache("cache tfds", default_folder(), "TFDS_DATA_DIR")]


def _cache(name: str, folder: Path, variable: str) -> Finding:
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    if not there.is_dir() or not os.access(there, os.W_OK):
        return Finding(name, "warning", f"{folder} cannot be written", f"export {variable}=FOLDER of your own")
    if there != folder:
        return Finding(name, "ok", f"{folder} is not there yet")
    entries = sum(entry.is_dir() and not entry.name.startswith(".") for entry in folder.iterdir())
    return Finding(name, "ok", f"{folder}, {entries:,} folders")
