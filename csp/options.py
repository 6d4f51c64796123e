"""Options that several commands share, and who gives them."""

import shutil
import subprocess
from typing import Annotated, Literal

import typer

from csp.project import Project


def stacks(incomplete: str) -> list[str]:
    """For shells: the names of the stacks."""
    return [name for name in Project.find().stacks() if name.startswith(incomplete)]


def connections(incomplete: str) -> list[str]:
    """For shells: the names of the connection files."""
    files = (Project.find().root / "stacks" / "connections").glob("*.yaml")
    return sorted(file.stem for file in files if file.stem.startswith(incomplete))


Stack = Annotated[
    str, typer.Option("--stack", "-s", help="The stack: stacks/Pulumi.STACK.yaml.", autocompletion=stacks)
]
CustomerKey = Annotated[str, typer.Argument(help="Customer key.")]

TextOrJson = Annotated[Literal["text", "json"], typer.Option("--format", help="For people, or for programs.")]


def whoami() -> str:
    """Who runs the command, for a record that others read: the e-mail in Git's settings, else this machine's user."""
    git = shutil.which("git")
    if git:
        asked = subprocess.run(
            [git, "config", "user.email"], capture_output=True, text=True, encoding="utf-8", check=False
        )
        if email := asked.stdout.strip():
            return email
    import getpass

    return getpass.getuser()
