"""What an error body says, in one line: nothing of it is thrown away, because support and operators need all of it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from typing import Any

from clients.redact import secret_key
from clients.wire.transport import Answer

_MOST = 600
"""Characters of the members beside the sentence; a body can hold a whole document."""
_PLAIN = 200
"""Characters of a body that is no JSON."""
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)


def with_rest(sentence: str, rest: Any) -> str:
    """The sentence of an error, and behind it what other members (any JSON) say: `Invalid data (data: Domain)`."""
    found = [(name, text) for name, text in _parts(rest, "") if not _told(text, sentence)]
    told = "; ".join(dict.fromkeys(f"{name}: {text}" if name else text for name, text in found))
    if len(told) > _MOST:
        told = f"{told[:_MOST].rsplit(' ', 1)[0]} ..."
    if not told:
        return sentence
    return f"{sentence} ({told})" if sentence else told


def _told(text: str, sentence: str) -> bool:
    """Whether the sentence holds the text as words of its own: a limit of 5 is not told by "at most 50"."""
    return re.search(rf"(?<!\w){re.escape(text)}(?!\w)", sentence) is not None


def without_json(answer: Answer) -> str:
    """What a body that is no JSON object says: the title of a page, else the beginning of the text; "" for no body."""
    if answer.data is not None:
        return ""
    page = _TITLE.search(answer.text)
    text = html.unescape(page.group(1)) if page else "" if answer.text.lstrip()[:1] == "<" else answer.text
    return " ".join(text.split())[:_PLAIN]


def _parts(value: Any, name: str) -> Iterator[tuple[str, str]]:
    """Leaves by path, in the order of the body. Members that are empty, or by their name secret, are left out."""
    if isinstance(value, Mapping):
        for key, member in value.items():
            if not secret_key(str(key)):
                yield from _parts(member, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list | tuple):
        plain = [_leaf(one) for one in value if not isinstance(one, Mapping | list | tuple)]
        if any(plain):
            yield name, ", ".join(filter(None, plain))
        for one in value:
            if isinstance(one, Mapping | list | tuple):
                yield from _parts(one, name)
    elif text := _leaf(value):
        yield name, text


def _leaf(value: Any) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return " ".join(html.unescape(str(value)).split())
