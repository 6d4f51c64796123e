"""Commands of ours for people: `command` makes one, `told` and `shown` make it true for whoever reads it.

A command is data (`Command`). Next steps keep it so. In a line (an error of a client, a finding) it stands in
backticks, `csp auth ion login`. Which stack it is about, and how `csp` is started, is known only where it is read, so
both are put in at every output.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

NAME = "csp"
COMPLETE = "_CSP_COMPLETE"
"""Variable with which a shell asks what may come next (`csp completion`)."""
START = "CSP_STARTED_AS"
"""Variable: how the reader of a run's output starts `csp`, for the processes that the engine starts."""
_ENGINE = ("up", "preview", "plan", "refresh", "destroy", "env", "cancel")
_LOOK = ("validate", "status", "todo", "evidence", "drift")
OF_A_STACK = frozenset((*_ENGINE, *_LOOK, "adopt", "confirm", "retry", "handover", "invite"))
"""Verbs that work on one stack."""
OF_A_CONNECTION = frozenset(("auth",))
"""Verbs that work on one connection."""
NO_STACK = ("-s", "--stack", "--live")
"""A command with one of these has its stack, or needs none."""

_IN_BACKTICKS = re.compile(rf"`((?:[A-Z_]+=[^\s`]+ )?{NAME} [^`\n]+)`")


class Command(str):
    """One of our commands as data: a text in backticks where it is part of a line, and the words that it is made of.

    words: verb, arguments and options, each one word for a shell, without `csp`. variable: one that it needs
    (`NAME=value`), or "".
    """

    words: tuple[str, ...]
    variable: str

    def __new__(cls, words: Iterable[str], variable: str = "") -> Command:
        words = tuple(words)
        self = super().__new__(cls, f"`{_line(NAME, words, variable)}`")
        self.words, self.variable = words, variable
        return self

    def at(self, *, stack: str = "", connection: str = "") -> Command:
        """The same command with the stack or connection where its verb needs one and it has none."""
        place: tuple[str, ...] = ()
        if self.words[0] in OF_A_STACK and stack and not any(word in self.words for word in NO_STACK):
            place = ("-s", stack)
        elif self.words[0] in OF_A_CONNECTION and connection and "-c" not in self.words:
            place = ("-c", connection)
        options = next((n for n, word in enumerate(self.words) if word.startswith("-")), len(self.words))
        return Command((*self.words[:options], *place, *self.words[options:]), self.variable)

    def line(self, start: str = "") -> str:
        """For a shell. `start`: how `csp` is started there, shell-quoted; default `started()`."""
        return _line(start or started(), self.words, self.variable)

    def arguments(self, start: str = "") -> list[str]:
        """The same as a list of arguments, for programs."""
        return [*(("env", self.variable) if self.variable else ()), *shlex.split(start or started()), *self.words]


def _line(start: str, words: Iterable[str], variable: str) -> str:
    return f"{variable} " * bool(variable) + f"{start} {shlex.join(words)}"


def command(*words: str, stack: str = "", connection: str = "", before: str = "", **options: str | bool) -> Command:
    """A command: verb and arguments, then the stack or connection, then the other options as given.

    `options`: name with _ for -, True for a flag, "" and False left out; a name of one letter is a short option.
    `before`: a variable that it needs, `NAME=value`.
    """
    parts = [*words, *(("-s", stack) if stack else ()), *(("-c", connection) if connection else ())]
    for name, value in options.items():
        if value is not False and value != "":
            parts.append(f"-{name}" if len(name) == 1 else f"--{name.replace('_', '-')}")
            parts += [] if value is True else [str(value)]
    return Command(parts, before)


Sentence = tuple[str, ...]
"""What somebody is to do, as data: texts and commands that read as one line."""


def sentence(said: str | Sentence) -> Sentence:
    """A text without a command, one command, or a sentence, as a sentence."""
    return (said,) if isinstance(said, str) else said


def named(said: Sentence, connection: str) -> Sentence:
    """The sentence whose commands about a connection name it."""
    return tuple(part.at(connection=connection) if isinstance(part, Command) else part for part in said)


def packed(said: Sentence) -> list[str | list[str]]:
    """The sentence for a file: a text as it is, a command as its list of arguments."""
    return [part.arguments(NAME) if isinstance(part, Command) else part for part in said]


def unpacked(kept: Sequence[str | Sequence[str]]) -> Sentence:
    """The sentence of `packed`."""
    return tuple(part if isinstance(part, str) else _command(part) for part in kept)


def _command(arguments: Sequence[str]) -> Command:
    start = arguments.index(NAME)
    return Command(arguments[start + 1 :], arguments[start - 1] if start else "")


def parts(line: str) -> tuple[str, ...]:
    """A line of ours as data: texts, and a `Command` for each command that it holds in backticks.

    Errors and findings are lines; what a person does next never is one (onboarding.steps).
    """
    found, at = list[str](), 0
    for match in _IN_BACKTICKS.finditer(line):
        found += [line[at : match.start()], _read(match[1])]
        at = match.end()
    return tuple(part for part in (*found, line[at:]) if part)


def _read(written: str) -> str:
    """The command that was written in backticks; the text as it stands where no shell could read it."""
    try:
        words = shlex.split(written)
    except ValueError:
        return f"`{written}`"
    variable = words.pop(0) if words[0] != NAME else ""
    return Command(words[1:], variable) if len(words) > 1 else f"`{written}`"


def told(parts_: Iterable[str], *, stack: str = "", connection: str = "", start: str = "") -> str:
    """Texts and commands as one line, every command as its reader can paste it: with the stack or connection, and
    started so. A command that names its own stack or connection keeps it. `start`: default `started()`."""
    return "".join(
        f"`{part.at(stack=stack, connection=connection).line(start)}`" if isinstance(part, Command) else part
        for part in parts_
    )


def shown(line: str, *, stack: str = "", connection: str = "", start: str = "") -> str:
    """The same of a line that holds its commands in backticks."""
    return told(parts(line), stack=stack, connection=connection, start=start)


def for_connection(line: str, connection: str) -> str:
    """`line` whose commands about a connection name it; the rest of them stays to be filled in by `shown`."""
    return "".join(part.at(connection=connection) if isinstance(part, Command) else part for part in parts(line))


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
