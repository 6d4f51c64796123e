"""The normal forms of release 0.1.0, as its states hold them in `seen` and `handled`. They never change.

A state that an older release wrote is compared in the form it was written in: a better reading of the same value is no
change of the value. See docs/state.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from onboarding.core import compare
from onboarding.core.contract import Field
from schemas.kinds.normal import country_code


def _plain(text: str) -> str:
    return " ".join(text.split())


def _caseless(text: str) -> str:
    return _plain(text).casefold()


def _digits(text: str) -> str:
    kept = re.sub(r"\D", "", text.replace("(0)", ""))
    if kept.startswith("00"):
        kept = kept[2:]
    return kept[1:] if len(kept) == 11 and kept.startswith("1") else kept


def _postal_code(text: str) -> str:
    kept = _caseless(text).replace(" ", "")
    return kept[:5] if re.fullmatch(r"\d{5}-?\d{4}", kept) else kept


_RULES: dict[str, Callable[[str], str]] = {
    "spaces": _plain,
    "phone": _digits,
    "country": lambda text: _caseless(text) if len(_caseless(text)) == 2 else country_code(text),
    "postal_code": _postal_code,
    "domain": lambda text: _caseless(text).rstrip("."),
}


def canonical(name: str, text: str) -> str:
    """What 0.1.0 kept of a value of field `name`."""
    return _RULES.get(compare.kind_of(name), _caseless)(text)


def renewed(handled: Mapping[str, str], seen: Mapping[str, str], fields: Mapping[str, Field]) -> dict[str, str]:
    """`handled` of an older release in today's forms. `fields`: what is declared and what the system shows now.

    A value that is what it was, read in the old form, is renewed: it takes today's text in `seen`, or goes away where
    it differed in the old form only. A value that changed stays, and so counts as a change.
    """
    result = dict(handled)
    for name, text in handled.items():
        field = fields.get(name)
        if field is None or text == seen.get(name) or text != canonical(name, field.seen):
            continue
        if name in seen:
            result[name] = seen[name]
        elif field.state == "match" and text != canonical(name, field.declared):
            del result[name]
    return result
