"""Options that several commands share, and who gives them."""

import getpass
import shutil
import subprocess
from typing import Annotated

import typer

Stack = Annotated[str, typer.Option("--stack", "-s", help="The stack: stacks/Pulumi.STACK.yaml.")]
OptionalStack = Annotated[str, typer.Option("--stack", "-s", help="The stack: stacks/Pulumi.STACK.yaml.")]


def whoami() -> str:
    """Who runs the command, for a record that others read: the e-mail in Git's settings, else this machine's user."""
    git = shutil.which("git")
    if git:
        asked = subprocess.run(
            [git, "config", "user.email"], capture_output=True, text=True, encoding="utf-8", check=False
        )
        if email := asked.stdout.strip():
            return email
    return getpass.getuser()
