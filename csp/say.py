"""How commands print. Whatever is in a text, `say` prints one line; values from elsewhere need no other care.

Output is UTF-8 whatever the caller's locale says, so that a name in another script stops no command.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import typer

from schemas.plain import as_json, block, plain
from schemas.plain import count as count

if TYPE_CHECKING:
    from rich.text import Text

_COMMAND, _NO_BREAK = re.compile("`[^`]+`"), "\N{NO-BREAK SPACE}"


def say(text: object = "", *, err: bool = False) -> None:
    """One line on stdout, or on stderr; on a terminal folded between words."""
    line = plain(text)
    if len(line) > (width := shutil.get_terminal_size().columns) and (sys.stderr if err else sys.stdout).isatty():
        indent = " " * (len(line) - len(line.lstrip()))
        line = "\n".join(folded(line.lstrip(), width, indent, f"{indent}  "))
    typer.echo(line, err=err)


def folded(text: str, width: int, first: str = "", rest: str = "") -> list[str]:
    """A harmless line as lines of at most `width`, the first after `first`, the others after `rest`. No word is broken,
    however long, and a command stays on one line, so that it can be pasted."""
    kept = _COMMAND.sub(lambda found: found[0].replace(" ", _NO_BREAK), text)
    lines = textwrap.wrap(
        kept, width, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )
    return [line.replace(_NO_BREAK, " ") for line in lines]


def say_block(text: object, indent: str = "", *, err: bool = False) -> None:
    """A text of several lines, such as a ticket or a mail: each of them is one line."""
    typer.echo(block(text, indent), err=err)


def say_json(value: Any) -> None:
    """A document for programs."""
    typer.echo(as_json(value))


def say_document(text: str) -> None:
    """A document whose own form (HTML, markdown, YAML, a mail) takes care of what is in it. Ends with one line end."""
    typer.echo(text.rstrip("\n"))


def cell(text: object, style: str = "") -> Text:
    """For tables of rich: no markup, no emoji code, no highlighting; no `::`, at which a narrow column may begin a
    line."""
    from rich.text import Text  # most commands print no table

    return Text(plain(text).replace("::", r"\x3a:"), style=style)


def use_utf8() -> None:
    """Make stdin, stdout and stderr UTF-8, here and in every Python that is started from here.

    What is no text at all (a lone surrogate) is printed as its escape.
    """
    os.environ |= {"PYTHONUTF8": "1", "PYTHONIOENCODING": "utf-8:backslashreplace"}
    for stream, errors in (
        (sys.stdin, "surrogateescape"),
        (sys.stdout, "backslashreplace"),
        (sys.stderr, "backslashreplace"),
    ):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors=errors)
