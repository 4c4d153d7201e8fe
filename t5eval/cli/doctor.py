"""`t5eval doctor`: what works here, and what to do where something does not."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from t5eval.cli.options import data_dir_option, json_option, print_json, say, wrapped
from t5eval.doctor.data_folders import check_caches, check_data
from t5eval.doctor.machine import (
    check_disk,
    check_installation,
    check_locale,
    check_memory,
    check_plugins,
    check_tensorflow,
)
from t5eval.support.stages import stage


@click.command()
@data_dir_option
@json_option
def command(data_dir: str | None, as_json: bool) -> int:
    """Check the installation, the machine, and which data is at hand.

    Every line is ok, a warning (something that t5eval does will not work here) or a fault (scoring itself will not),
    with what to do. The exit status is 2 with a fault, else 0.
    """
    with stage("looking at the installation"):
        found = [*check_installation(), *check_plugins()]
    with stage("importing TensorFlow in a process of its own"):
        found.append(check_tensorflow())
    found += [check_memory(), check_disk(Path.cwd())]
    with stage("looking for data"):
        found += [*check_data(data_dir), *check_caches()]
    found.append(check_locale())
    faults = sum(finding.state == "fault" for finding in found)
    if as_json:
        print_json({"faults": faults, "findings": [dataclasses.asdict(finding) for finding in found]})
    else:
        for finding in found:
            texts = [finding.found, *([f"-> {finding.advice}"] if finding.advice else [])]
            head = f"{finding.state:8} {finding.name:18} "
            for text in texts:
                say(wrapped(" ".join(text.splitlines()), head, " " * len(head)))
                head = " " * len(head)
    return 2 if faults else 0
