"""Text from elsewhere (remote systems, files, environments) on its way to a reader: shown as it is, never obeyed.

A company may be called `Contoso [uk] Ltd` or hold a line break, an escape sequence of terminals, a mark that turns the
reading direction, or a command for the runner of a pipeline. `plain` makes one harmless line of any text; the other
functions do the same for one form of output each. Nothing that another system or a file said is printed without them.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

_BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\u2800")
"""Letters and marks that show nothing: two names would look the same."""
_NAMED = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
_RUNNER = re.compile(r"#(?=#(?:\[|[a-z]+\[))")
"""`##[...]`, `##vso[...]`, `##teamcity[...]`: commands to the runners of Azure, GitHub (old form) and TeamCity, at any
place of a line."""
_WORKFLOW = re.compile(r"(?<!\S):(?=:)")
"""`::error ...` at the start of a line: a command to GitHub's runner. At the start of any word, since a line may be
folded there."""
_MARKS = re.compile(r"([\\`*\[\]|~$]|(?<![^\W_])_|_(?![^\W_]))")
_COMMAND = re.compile(
    r"(?<!`)(`(?:[A-Z_]+=[^\s`\\|]+ )?(?:[\w./~-]*/|uv run |[\w./~-]+ -m )?csp(?:\.main)? [^`\\|]+`)(?!`)"
)
"""As `schemas.command` writes it, however its reader starts csp."""
_AT_START = re.compile(r"^(\d{0,9})([-+=#.)])(?=[-=#\s]|$)")
_REFERENCE = re.compile(r"(?<!\w)([@#])(?=\w)")
_LINK = re.compile(r"(?i)(https?|ftp|mailto|xmpp):|(www)\.")


def plain(text: object) -> str:
    """One printable line. What cannot be seen or would act is written as its escape: `\\n`, `\\x1b`, `\\u202e`.

    Letters of all scripts, spaces of all widths and punctuation stay as they are.
    """
    told = visible(str(text))
    if "##" in told:
        told = _RUNNER.sub(r"\\x23", told)
    return _WORKFLOW.sub(r"\\x3a", told) if "::" in told else told


def block(text: object, indent: str = "") -> str:
    """The same for a text that may have several lines: each of them is plain. Without a line end at its end."""
    return "\n".join(f"{indent}{plain(line)}" for line in re.split(r"\r\n|\n", str(text).rstrip("\r\n")))


def count(number: int, noun: str, more: str = "") -> str:
    """`1 customer`, `2 customers`; `more`: the plural where it is another word."""
    return f"{number} {noun if number == 1 else more or f'{noun}s'}"


def some(names: Sequence[str], most: int) -> str:
    """The first `most` of many, and how many more there are."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if names[most:] else "")


def markdown(text: object) -> str:
    """Plain, and without a meaning in CommonMark and its GitHub form, in a paragraph, a heading or a cell of a table.

    No link, no picture, no HTML, no emphasis, no mention of a person. A command of ours in backticks stays code.
    """
    parts = _COMMAND.split(plain(text).strip(" \u00a0"))
    return "".join(part if number % 2 else _harmless(part, number == 0) for number, part in enumerate(parts))


def _harmless(text: str, first: bool) -> str:
    told = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    told = _MARKS.sub(r"\\\1", told)
    told = _AT_START.sub(r"\1\\\2", told) if first else told
    told = _REFERENCE.sub(r"\1<!-- -->", told)
    return _LINK.sub(lambda found: f"{found[1]}&#58;" if found[1] else f"{found[2]}&#46;", told)


def markdown_block(text: object) -> str:
    """The same for a text of several lines, as one paragraph or cell."""
    return "<br>".join(markdown(line) for line in block(text).split("\n"))


def message(text: object) -> str:
    """For the text of a SARIF message: plain, without a link (`[words](target)`) in it."""
    return plain(text).replace("](", "]\\(")


def as_json(value: Any) -> str:
    """JSON for a reader and for a program: loses nothing, readable in all scripts, and nothing in it acts on a terminal
    or a runner, since what is not printable stands as `\\uXXXX`."""
    told = json.dumps(value, indent=2, ensure_ascii=False)
    if not all(line.isprintable() for line in told.split("\n")) or not _BLANKS.isdisjoint(told):
        told = "".join(one if one == "\n" or _shows(one) else json.dumps(one)[1:-1] for one in told)
    return _RUNNER.sub(r"\\u0023", told)


def visible(text: str, keep: str = "") -> str:
    """The text with every character that shows nothing, or acts, as its escape; those of `keep` stay."""
    if text.isprintable() and _BLANKS.isdisjoint(text):
        return text
    return "".join(one if one in keep or _shows(one) else _escape(one) for one in text)


def _escape(one: str) -> str:
    number = ord(one)
    short = f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"
    return _NAMED.get(one) or (short if number < 0x10000 else f"\\U{number:08x}")


def _shows(one: str) -> bool:
    """Letters, marks, signs and spaces; no control, format, surrogate or unassigned character, no blank letter."""
    return one not in _BLANKS and (one.isprintable() or unicodedata.category(one) == "Zs")
