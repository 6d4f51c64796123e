"""Options that several commands share, and who gives them."""

import shutil
import subprocess
from typing import Annotated, Any

import typer

from csp.errors import CommandError
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


def one_of(value: str, *allowed: str) -> Any:
    """The value of an option that knows some words only. Raises CommandError for any other."""
    if value not in allowed:
        raise CommandError(f"{value!r} is not one of: {', '.join(a for a in allowed if a)}", 2)
    return value
