"""Completion, asked as bash asks: in a process, through the variable that click's script sets."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.commands.conftest import Command
from tests.forked import Forks

ASK = """
import sys
sys.argv = ["t5eval"]
from t5eval.cli.main import main
try:
    main()
finally:
    heavy = {"scipy", "sklearn", "tensorflow", "keras", "torch", "rich"} & set(sys.modules)
    print(*sorted(heavy), file=sys.stderr)
"""


def completions(forks: Forks, line: str) -> tuple[set[str], set[str]]:
    """Returns what the last word of a line may become, and the heavy packages that were imported to say so."""
    words = line.split(" ")
    asked = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1), "_T5EVAL_COMPLETE": "bash_complete"}
    done = forks.run(["-c", ASK], {**os.environ, **asked})
    assert done.returncode == 0, done.stderr
    return {entry.partition(",")[2] for entry in done.stdout.decode().split()}, set(done.stderr.decode().split())


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("t5eval sc", {"score"}),
        ("t5eval score glue/r", {"glue/rte"}),
        ("t5eval show super_glue_p", {"super_glue_proportional"}),
        ("t5eval submit super", {"super_glue"}),
        ("t5eval check sq", {"squad"}),
        ("t5eval recipe all_e", {"all_equal"}),
        ("t5eval evaluate --model m --task glue/c", {"glue/cola"}),
        ("t5eval evaluate --task glue/cola glue/r", {"glue/rte"}),
        ("t5eval train --task glue/cola glue_p", {"glue_proportional"}),
        ("t5eval evaluate --task glue/cola --lim", {"--limit"}),
        ("t5eval no-such-command gl", set()),
    ],
)
def test_names_are_completed_without_heavy_imports(forks: Forks, line: str, found: set[str]) -> None:
    names, heavy = completions(forks, line)
    assert names == found
    assert not heavy


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_names_the_command_and_the_variable(t5eval: Command, shell: str) -> None:
    done = t5eval("completion", shell)
    assert (done.status, done.err) == (0, "")
    assert f"_T5EVAL_COMPLETE={shell}_complete" in done.out
    assert "t5eval" in done.out


def test_bash_takes_the_script(t5eval: Command) -> None:
    script = t5eval("completion", "bash").out
    checked = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_another_shell_is_a_user_error(t5eval: Command) -> None:
    done = t5eval("completion", "tcsh")
    assert done.status == 2
    assert "'tcsh'" in done.err
