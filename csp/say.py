"""How commands print. Whatever is in a text, `say` prints one line; values from elsewhere need no other care.

Output is UTF-8 whatever the caller's locale says, so that a name in another script stops no command.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Any

import typer
from rich.text import Text

from schemas.plain import as_json, block, plain


def say(text: object = "", *, err: bool = False) -> None:
    """One line on stdout, or on stderr."""
    typer.echo(plain(text), err=err)


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
    """For tables of rich: no markup, no emoji code, no highlighting."""
    return Text(plain(text), style=style)


def count(number: int, noun: str, more: str = "") -> str:
    """`1 customer`, `2 customers`; `more`: the plural where it is another word."""
    return f"{number} {noun if number == 1 else more or f'{noun}s'}"


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
