"""`t5eval doctor`: what works here, and what to do where something does not."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from t5eval import doctor
from t5eval.cli.options import data_dir_option, json_option, print_json
from t5eval.doctor_data import check_caches, check_data


@click.command()
@data_dir_option
@json_option
def command(data_dir: str | None, as_json: bool) -> int:
    """Check the installation, the machine, and which data is at hand.

    Every line is ok, a warning (something that t5eval does will not work here) or a fault (scoring itself will not),
    with what to do. The exit status is 2 with a fault, else 0.
    """
    found = [
        *doctor.check_installation(),
        *doctor.check_plugins(),
        doctor.check_tensorflow(),
        doctor.check_memory(),
        doctor.check_disk(Path.cwd()),
        *check_data(data_dir),
        *check_caches(),
        doctor.check_locale(),
    ]
    faults = sum(finding.state == "fault" for finding in found)
    if as_json:
        print_json({"faults": faults, "findings": [dataclasses.asdict(finding) for finding in found]})
    else:
        for finding in found:
            advice = f" -> {finding.advice}" if finding.advice else ""
            line = " ".join(f"{finding.found}{advice}".splitlines())
            click.echo(f"{finding.state:8} {finding.name:16} {line}")
    return 2 if faults else 0
