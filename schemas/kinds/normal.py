"""One normal form for each kind of value: two spellings mean the same when their normal forms are equal.

The form is for comparing and for what `seen` keeps in state. What is sent is the declared spelling, unless a kind says
otherwise. Which kind a field has is a trait of the field (`schemas.model.traits`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

from schemas.kinds import countries, mail_domains, phones, places

COMPOSED = "composed"
"""Validation context of pydantic: the whole of the data was looked at, no model inside needs to look again."""

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
    return data if is_composed(data) else _composed(data)


def is_composed(data: Any) -> bool:
    """Whether every text of plain data is in NFC. Most data is, and looking costs a fifth of building it again."""
    if isinstance(data, str):
        return data.isascii() or unicodedata.is_normalized("NFC", data)
    if isinstance(data, dict):
        for key, value in data.items():
            if not (is_composed(key) and is_composed(value)):
                return False
    elif isinstance(data, list):
        for item in data:
            if not is_composed(item):
                return False
    return True


def _composed(data: Any) -> Any:
    if isinstance(data, str):
        return nfc(data)
    if isinstance(data, dict):
        return {_composed(key): _composed(value) for key, value in data.items()}
    return [_composed(item) for item in data] if isinstance(data, list) else data


def spaces(text: str, _country: str = "") -> str:
    """Spaces at the ends and repeated spaces do not count."""
    return " ".join(nfc(text).split())


def caseless(text: str, _country: str = "") -> str:
    """Capitals do not count either."""
    return nfc(spaces(text).casefold())


def country_code(text: str, _country: str = "") -> str:
    """Country: its two-letter code in small letters, whether written as that, with three letters or by name."""
    return countries.same_or_text(nfc(text))


def phone(text: str, country: str = "") -> str:
    """Phone: country code and number in digits, as the library reads them; what it cannot read, its digits.

    Where the country is not known, the +1 of North America counts as left out: it often is."""
    digits = phones.digits_of(text, country.upper()) or re.sub(r"\D", "", text) or spaces(text)
    return digits[1:] if not country and len(digits) == 11 and digits.startswith("1") else digits


def state(text: str, country: str = "") -> str:
    """State or province: one text for its code and its names."""
    return places.area_form(nfc(text), country.upper())


def postal_code(text: str, country: str = "") -> str:
    """Postal code without spaces, hyphens, the country's prefix and the +4 of the US."""
    return places.zip_form(nfc(text), country.upper())


def domain(text: str, _country: str = "") -> str:
    """Domain name in ASCII form, lower case, without a final dot."""
    return mail_domains.ascii_domain(spaces(text))


def email(text: str, _country: str = "") -> str:
    """E-mail: the platform keeps capitals but finds regardless of them; the domain in ASCII form."""
    return caseless(mail_domains.ascii_email(spaces(text)))


FORMS: dict[str, Form] = {
    "spaces": spaces,
    "caseless": caseless,
    "phone": phone,
    "country": country_code,
    "state": state,
    "postal_code": postal_code,
    "domain": domain,
    "email": email,
}
