"""One normal form for each kind of value: two spellings mean the same when their normal forms are equal.

The form is for comparing and for what `seen` keeps in state. What is sent is the declared spelling, unless a kind says
otherwise. Which kind a field has is a trait of the field (`schemas.traits`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

from schemas import countries, mail_domains, phones, places

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
