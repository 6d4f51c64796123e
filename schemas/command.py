"""Commands of ours inside texts for people: one function writes them, one makes them true for whoever reads them.

A command is written in backticks, `csp confirm contoso tenant` (by `command`, or as it stands), wherever it is known
what is to be done: in a next step that goes into state, in an error of a client, in a finding. Which stack it is about,
and how `csp` is started, is known only where the text is read, so `shown` puts both in at every output.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

NAME = "csp"
START = "CSP_STARTED_AS"
"""Variable: how the reader of a run's output starts `csp`, for the processes that the engine starts."""
_ENGINE = ("up", "preview", "refresh", "destroy", "env", "cancel")
_LOOK = ("validate", "status", "todo", "evidence", "drift")
OF_A_STACK = frozenset((*_ENGINE, *_LOOK, "adopt", "confirm", "retry", "handover", "invite"))
"""Verbs that work on one stack."""
OF_A_CONNECTION = frozenset(("auth",))
"""Verbs that work on one connection."""
NO_STACK = ("-s", "--stack", "--live")
"""A command with one of these has its stack, or needs none."""

_WRITTEN = re.compile(rf"`((?:[A-Z_]+=[^\s`]+ )?){NAME} ([^`\n]+)`")
_OF_0_1_0 = re.compile(
    rf"`[^`\n]*`|(?<![\w/]){NAME} (?P<line>(?:confirm [a-z0-9][a-z0-9-]* [a-z_]+|retry [a-z0-9][a-z0-9-]*"
    r"|(?:handover|invite) [a-z]+ [a-z0-9][a-z0-9-]*)(?: --(?:arrived|nothing-arrived|by-hand|format eml))*)(?![\w`-])"
)
"""Commands in the state that the first release wrote, without backticks; or something in backticks, which it skips."""


def command(*words: str, stack: str = "", connection: str = "", before: str = "", **options: str | bool) -> str:
    """A command in backticks: verb and arguments, then the stack or connection, then the other options as given.

    `words` and values are quoted for a shell. `options`: name with _ for -, True for a flag, "" and False left out; a
    name of one letter is a short option. `before`: a variable that it needs, `NAME=value`.
    """
    parts = [*words, *(("-s", stack) if stack else ()), *(("-c", connection) if connection else ())]
    for name, value in options.items():
        if value is not False and value != "":
            parts.append(f"-{name}" if len(name) == 1 else f"--{name.replace('_', '-')}")
            parts += [] if value is True else [str(value)]
    return f"`{before + ' ' if before else ''}{NAME} {shlex.join(parts)}`"


def shown(text: str, *, stack: str = "", connection: str = "", start: str = "") -> str:
    """`text` with every command of ours as its reader can paste it: with the stack or connection, and started so.

    A command that names its own stack or connection keeps it. `start`: default `started()`.
    """

    def put(variable: str, rest: str) -> str:
        line = with_place(rest, stack=stack, connection=connection)
        return f"`{variable}{start or started()} {line}`"

    text = _WRITTEN.sub(lambda found: put(found[1], found[2]), text)
    return _OF_0_1_0.sub(lambda found: put("", found["line"]) if found["line"] else found[0], text)


def written(text: str) -> list[str]:
    """The commands of ours in a text that has not been shown yet, each once, in backticks."""
    return list(dict.fromkeys(found[0] for found in _WRITTEN.finditer(text)))


def for_connection(text: str, connection: str) -> str:
    """`text` whose commands about a connection name it; the rest of them stays to be filled in by `shown`."""
    return _WRITTEN.sub(lambda found: f"`{found[1]}{NAME} {with_place(found[2], connection=connection)}`", text)


def with_place(line: str, *, stack: str = "", connection: str = "") -> str:
    """A command line without its first word, with stack or connection where its verb needs one and has none."""
    words = line.split(" ")
    place: list[str] = []
    if words[0] in OF_A_STACK and stack and not any(word in words for word in NO_STACK):
        place = ["-s", shlex.quote(stack)]
    elif words[0] in OF_A_CONNECTION and connection and "-c" not in words:
        place = ["-c", shlex.quote(connection)]
    first_option = next((at for at, word in enumerate(words) if word.startswith("-")), len(words))
    return " ".join([*words[:first_option], *place, *words[first_option:]])


def started(environment: Mapping[str, str] | None = None) -> str:
    """How the reader starts `csp`, from the folder in which they are: as they just did, shell-quoted.

    `csp` where PATH finds this one, `uv run csp` below `uv run`, else the path of the script beside this interpreter.
    """
    environment = os.environ if environment is None else environment
    if environment.get(START):
        return environment[START]
    if environment.get("UV_RUN_RECURSION_DEPTH"):
        return f"uv run {NAME}"
    script = Path(sys.executable).parent / NAME
    if not script.is_file():
        return f"{shlex.quote(sys.executable)} -m csp.main"
    found = shutil.which(NAME, path=environment.get("PATH", ""))
    if found and Path(found).samefile(script):
        return NAME
    return shlex.quote(min(os.path.relpath(script), str(script), key=len))
