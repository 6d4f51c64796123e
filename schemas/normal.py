"""One normal form for each kind of value: two spellings mean the same when their normal forms are equal.

The form is for comparing and for what `seen` keeps in state. What is sent is the declared spelling, unless a kind says
otherwise. Which kind a field has is a trait of the field (`schemas.traits`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import cache
from typing import Any

from babel.core import get_global

from schemas.values import countries

Form = Callable[[str, str], str]
"""(text, country) -> normal form. ``country``: the customer's, two letters, "" where it is not known."""


def normal(kind: str, text: str, *, country: str = "") -> str:
    """The normal form of ``text``. ``kind``: a form of the ``ComparedAs`` trait, or "caseless".

    ``country`` (two letters) is that of the customer; kinds whose meaning depends on it read it, the others do not.
    Raises ``KeyError`` for a kind that nobody knows.
    """
    return FORMS[kind](text, country)


def nfc(text: str) -> str:
    """One code point where Unicode has one for a letter with its accent: what keyboards write and systems store."""
    return unicodedata.normalize("NFC", text)


def composed(data: Any) -> Any:
    """Plain data with every text in NFC, keys too; the same object where nothing changes."""
    if isinstance(data, str):
        return data if data.isascii() else nfc(data)
    if isinstance(data, dict):
        pairs = {composed(key): composed(value) for key, value in data.items()}
        return pairs if any(k not in data or data[k] is not value for k, value in pairs.items()) else data
    if isinstance(data, list):
        items = [composed(item) for item in data]
        return items if any(one is not other for one, other in zip(items, data, strict=True)) else data
    return data


def spaces(text: str, _country: str = "") -> str:
    """Spaces at the ends and repeated spaces do not count."""
    return " ".join(nfc(text).split())


def caseless(text: str, _country: str = "") -> str:
    """Capitals do not count either."""
    return nfc(spaces(text).casefold())


def country_code(text: str, _country: str = "") -> str:
    """Country: its two-letter code in small letters, whether written as that, with three letters or by English name."""
    kept = caseless(text)
    if len(kept) == 2:
        return kept
    return _country_codes().get(kept, kept)


@cache
def _country_codes() -> dict[str, str]:
    """Three-letter code or English name -> two-letter code, all in small letters."""
    known = countries()
    names = {name.casefold(): code.lower() for code, name in known.items()}
    aliases = get_global("territory_aliases").items()
    return names | {old.casefold(): new[0].lower() for old, new in aliases if len(old) == 3 and new[0] in known}


def phone(text: str, _country: str = "") -> str:
    """Phone: digits only. "00" and "+" say the same; "(0)" is dialled inside the country alone; a leading +1 of North
    America is optional in practice."""
    kept = re.sub(r"\D", "", text.replace("(0)", ""))
    if kept.startswith("00"):
        kept = kept[2:]
    return kept[1:] if len(kept) == 11 and kept.startswith("1") else kept


def postal_code(text: str, _country: str = "") -> str:
    """Postal code without spaces; the +4 of a US code is an addition of the post office, not another place."""
    kept = caseless(text).replace(" ", "")
    return kept[:5] if re.fullmatch(r"\d{5}-?\d{4}", kept) else kept


def domain(text: str, _country: str = "") -> str:
    """Domain name in lower case without a final dot."""
    return caseless(text).rstrip(".")


FORMS: dict[str, Form] = {
    "spaces": spaces,
    "caseless": caseless,
    "phone": phone,
    "country": country_code,
    "postal_code": postal_code,
    "domain": domain,
    "email": caseless,  # the platform keeps capitals but finds regardless of them
}
