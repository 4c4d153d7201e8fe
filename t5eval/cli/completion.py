"""`t5eval completion`: what a shell needs to complete commands, options and names."""

import click
from click.shell_completion import get_completion_class

VARIABLE = "_T5EVAL_COMPLETE"  # click's own name for it


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print the script that completes t5eval's commands, options, tasks, mixtures and leaderboards in SHELL.

    \b
    bash: echo 'eval "$(t5eval completion bash)"' >> ~/.bashrc
    zsh:  echo 'eval "$(t5eval completion zsh)"' >> ~/.zshrc
    fish: t5eval completion fish > ~/.config/fish/completions/t5eval.fish
    """
    kind = get_completion_class(shell)
    assert kind is not None
    # Not `source()`, which runs bash to ask its version.
    completion = kind(context.find_root().command, {}, "t5eval", VARIABLE)
    click.echo(completion.source_template % completion.source_vars())
