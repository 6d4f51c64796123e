"""`csp completion SHELL`, and what a shell gets that asks what may come next."""

import sys
from typing import Annotated, Literal

import typer

from csp.say import say_document
from schemas.command import COMPLETE, NAME

Shell = Literal["bash", "zsh", "fish", "powershell", "pwsh"]


def register(app: typer.Typer) -> None:
    app.command()(completion)


def completion(shell: Annotated[Shell, typer.Argument()]) -> None:
    """Print what makes a shell complete commands, stacks and connections.

    For bash: source <(csp completion bash), also in ~/.bashrc. It asks the csp that is typed, so each repository
    answers with its own.
    """
    from typer.completion import get_completion_script  # type: ignore[attr-defined]  # its own module is private

    say_document(get_completion_script(prog_name=NAME, complete_var=COMPLETE, shell=shell))


def prepare() -> None:
    """Before a shell is answered: teach typer the shells, and let nothing of ours be printed between its answers (where
    there is no project, or a file is wrong, nothing may come next)."""
    from typer.completion import get_completion_inspect_parameters

    get_completion_inspect_parameters()
    sys.stderr = open("/dev/null", "w", encoding="utf-8")  # noqa: SIM115, PTH123 - until the process ends
