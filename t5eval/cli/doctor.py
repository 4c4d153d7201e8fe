"""`t5eval doctor`: what works here, and what to do where something does not."""

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from t5eval.api.doctor.data_folders import check_caches, check_data
from t5eval.api.doctor.machine import (
    Finding,
    check_disk,
    check_installation,
    check_keras_backend,
    check_locale,
    check_memory,
    check_plugins,
    check_tensorflow,
)
from t5eval.cli.options import data_dir_option, json_option, print_result, wrapped
from t5eval.support.stages import stage


@click.command()
@data_dir_option
@json_option
def command(data: str | None) -> int:
    """Check the installation, the machine, and which data is at hand.

    Every line is ok, a warning (something that t5eval does will not work here) or a fault (scoring itself will not),
    with what to do. The exit status is 2 with a fault, else 0.
    """
    with stage("looking at the installation"):
        found = [*check_installation(), *check_plugins()]
    with stage("importing TensorFlow in a process of its own"):
        found += [check_tensorflow(), check_keras_backend()]
    found += [check_memory(), check_disk(Path.cwd())]
    with stage("looking for data"):
        found += [*check_data(data), *check_caches()]
    found.append(check_locale())
    faults = sum(finding.state == "fault" for finding in found)
    document = {"faults": faults, "findings": [dataclasses.asdict(finding) for finding in found]}
    print_result(lambda: document, lambda: _lines(found))
    return 2 if faults else 0


def _lines(found: Sequence[Finding]) -> Iterator[str]:
    for finding in found:
        head = f"{finding.state:8} {finding.name:18} "
        for text in [finding.found, *([f"-> {finding.advice}"] if finding.advice else [])]:
            yield wrapped(" ".join(text.splitlines()), head, " " * len(head))
            head = " " * len(head)
