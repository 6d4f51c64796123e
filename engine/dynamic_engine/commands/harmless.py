"""Text from elsewhere (programs, plugins, remote systems, state) on its way to a terminal or a log: never obeyed.

Names and messages may hold escape sequences of terminals, marks that turn the reading direction, line breaks, or
commands for the runner of a pipeline (``::error ...``, ``##vso[...]``).
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

_RUNNER = re.compile(r"#(?=#(?:\[|[a-z]+\[))")
_WORKFLOW = re.compile(r"^(\s*):(?=:)")


def line(text: object) -> str:
    """One line. What cannot be seen or would act stands as its escape: ``\\n``, ``\\x1b``, ``\\u202e``."""
    told = str(text)
    if not told.isprintable():
        told = "".join(one if _shows(one) else _escape(one) for one in told)
    return _WORKFLOW.sub(r"\1\\x3a", _RUNNER.sub(r"\\x23", told))


def block(text: object, indent: str = "") -> str:
    """The same for a text that may have several lines: the first as it is, the others behind *indent*."""
    first, *others = (line(one) for one in re.split(r"\r\n|\n", str(text).rstrip()))
    return "\n".join([first, *(f"{indent}{one}" for one in others)])


def dumps(value: Any, indent: int | None) -> str:
    """JSON that loses nothing: readable in all scripts; what is not printable, or would act, stands as ``\\uXXXX``."""
    told = json.dumps(value, indent=indent, ensure_ascii=False)
    if not all(one.isprintable() for one in told.split("\n")):
        told = "".join(one if one == "\n" or _shows(one) else json.dumps(one)[1:-1] for one in told)
    return _RUNNER.sub(r"\\u0023", told)


def _shows(one: str) -> bool:
    return one.isprintable() or unicodedata.category(one) == "Zs"


def _escape(one: str) -> str:
    named = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}.get(one)
    return named or (json.dumps(one)[1:-1] if ord(one) >= 0x100 else f"\\x{ord(one):02x}")
