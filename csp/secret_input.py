"""Where a command takes a secret from: a hidden prompt, standard input or the environment; never an argument."""

import os
import sys
from dataclasses import dataclass

import typer

from clients.redact import SECRETS
from csp.errors import CommandError


@dataclass(frozen=True, slots=True)
class Source:
    """`stdin`: the first line of standard input; `variable`: the name of an environment variable; neither: ask."""

    stdin: bool = False
    variable: str = ""

    @property
    def given(self) -> bool:
        return self.stdin or bool(self.variable)


def check(source: Source) -> None:
    """Before a person is told to do what shows a secret once: there is a way to take it. Raises CommandError."""
    if source.stdin and source.variable:
        raise CommandError("name one source of the secret, not two", 2)
    if not source.given and not sys.stdin.isatty():
        raise CommandError("there is no terminal to ask at: give the secret with --stdin or --from-env", 2)


def read(prompt: str, source: Source, what: str = "token") -> str:
    """The secret without surrounding spaces, known to redaction. Raises CommandError when there is none."""
    check(source)
    if source.stdin:
        secret = sys.stdin.readline()
    elif source.variable:
        secret = os.environ.get(source.variable, "")
    else:
        secret = str(typer.prompt(prompt, hide_input=True, default="", show_default=False))
    secret = secret.strip()
    if not secret:
        where = f"the variable {source.variable} is empty" if source.variable else "nothing was entered"
        raise CommandError(f"{where}; nothing was stored", 2)
    if any(character.isspace() for character in secret):
        raise CommandError(f"a {what} holds no spaces: copy it alone and whole; nothing was stored", 2)
    SECRETS.add(secret)
    return secret
