"""Commands of ours in a text: found, and tried against the command line as it is. For tests of code, docs, outputs."""

from __future__ import annotations

import re
import shlex
from typing import Any

import typer

from csp.main import app
from schemas.command import NAME, OF_A_CONNECTION, OF_A_STACK

IN_BACKTICKS = re.compile(r"`((?:[A-Z_]+=\S+ )?(?:\S*/|uv run |\S+ -m )?csp(?:\.main)? [^`\n]+)`")
"""A command, as it is started by somebody."""
OF_THE_ENGINE = re.compile(r"`([^`\n]*(?:-m dynamic_engine|\bpulumi) [^`\n]+)`")
VERBS = sorted({*OF_A_STACK, *OF_A_CONNECTION, "doctor", "sandbox"})
BARE = re.compile(rf"(?<![\w/.`-])csp (?:{'|'.join(VERBS)})\b(?! [a-z]+ing\b)")
"""A command without backticks: nobody sees where it ends, and no output completes it."""
PLACEHOLDER = re.compile(r"\b(?:KEY|STACK|CUSTOMER|CONNECTION|NAME|FILE)\b|\.\.\.|<\w+>")


def found(text: str) -> list[str]:
    """The commands in a text, each once, in order."""
    return list(dict.fromkeys(IN_BACKTICKS.findall(text)))


def of_the_engine(text: str) -> list[str]:
    """The commands of an engine in a text, each once, in order."""
    return list(dict.fromkeys(OF_THE_ENGINE.findall(text)))


def arguments(line: str) -> list[str]:
    """What stands behind the way to start csp."""
    words = shlex.split(line)
    at = next(i for i, word in enumerate(words) if word.rsplit("/", 1)[-1] in (NAME, "csp.main"))
    return words[at + 1 :]


def wrong(line: str) -> str:
    """Why the command line does not take a command; "" when it does. Nothing is run."""
    words = arguments(line)
    order = [word for word in words if word in ("-s", "-c", "-k")]
    first_long = next((i for i, word in enumerate(words) if word.startswith("--")), len(words))
    if any(word in ("-s", "-c") for word in words[first_long:]):
        return "the stack or connection stands behind other options"
    if order != sorted(order, key=["-s", "-c", "-k"].index):
        return f"options in another order: {order}"
    command: Any = typer.main.get_command(app)
    context: Any = None
    try:
        while True:
            context = command.make_context(words[0] if words else NAME, list(words), parent=context)
            if not hasattr(command, "resolve_command"):
                return ""
            rest = [*context._protected_args, *context.args]
            if not rest:
                return "no verb"
            _, command, words = command.resolve_command(context, rest)
    except Exception as error:
        if type(error).__name__ in ("Exit", "NoArgsIsHelpError"):
            return "it shows help only"
        if not hasattr(error, "format_message"):
            raise
        return str(error.format_message()) or type(error).__name__
