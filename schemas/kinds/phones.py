"""Phone numbers as phonenumbers (Google's libphonenumber) reads them.

A number is never made by deleting characters: `+44 (0)20 7946 0000` is dialled 442079460000, `1-800-FLOWERS` has
digits, an extension is no part of it, and a number without country code belongs to the customer's country.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

_REASONS = {
    1: "its country code does not exist",  # ValidationResult.INVALID_COUNTRY_CODE
    2: "it is too short",
    3: "it is too long",
    4: "its area code is missing",  # IS_POSSIBLE_LOCAL_ONLY
    5: "no number of its country has that length",
}


_PREFIX = re.compile(r"(?i)^\s*(?:tel|phone|fon|t|m)\s*[.:]\s*")
_EXTENSION = re.compile(r"[^\W\d_]+[.:=\s]*$")
"""The word before an extension, at the end of what stands before it."""


@lru_cache(maxsize=4096)
def digits_of(text: str, country: str = "") -> str:
    """Country code and number in digits ("442079460000"), as it is dialled after the "+"; "" when `text` is no possible
    number. `country`: two letters, where a number without country code belongs to."""
    number, reason = _read(text, country)
    if number is None or reason:
        return ""
    import phonenumbers

    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")


def why_impossible(text: str, country: str = "") -> str:
    """Why no telephone could dial it, as the end of a sentence; "" for a possible number."""
    return _read(text, country)[1]


def letters_in(text: str, country: str = "") -> tuple[bool, str]:
    """Whether a possible number holds letters that it must not hold, and the same number in digits ("" where the
    letters mean none).

    Letters are digits where numbers are given away as words, which no caller pays for as for a usual one:
    1-800-FLOWERS. Elsewhere they are a slip or a placeholder ("425 555 CALL"), and a single one is dropped by the
    library ("425 555 010B8"). An extension ("ext. 12") and a "tel:" are no part of the number."""
    if not any(map(str.isalpha, text)):
        return False, ""
    import phonenumbers

    number, reason = _read(text, country)
    bare = _PREFIX.sub("", text)
    if number is not None and number.extension:
        bare = bare[: bare.rindex(number.extension)]
        bare = _EXTENSION.sub("", bare)
    if number is None or reason or not any(map(str.isalpha, bare)):
        return False, ""
    words = phonenumbers.is_alpha_number(bare.strip())
    kinds = phonenumbers.PhoneNumberType
    paid_otherwise = (kinds.TOLL_FREE, kinds.PREMIUM_RATE, kinds.SHARED_COST, kinds.UAN)
    if words and phonenumbers.number_type(number) in paid_otherwise:
        return False, ""
    form = phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return True, phonenumbers.format_number(number, form) if words else ""


def spellings(text: str, country: str) -> tuple[str, ...]:
    """The ways to write a number for a system that knows the customer's country, best first: digits with country code,
    without it, with "+", with a leading zero. Only those that mean the same number there: the German 4930123456 would
    be a number of the US without its "+". Empty for an impossible number."""
    digits = digits_of(text, country)
    if not digits:
        return ()
    own = national(digits)
    return tuple(form for form in (digits, own, f"+{digits}", f"0{own}") if digits_of(form, country) == digits)


def first_spelling(text: str, country: str) -> str:
    """The best of :func:`spellings`, "" for an impossible number."""
    return next(iter(spellings(text, country)), "")


def national(digits: str) -> str:
    """What :func:`digits_of` gives, without the country code; zeros that belong to the number stay."""
    import phonenumbers

    return phonenumbers.national_significant_number(phonenumbers.parse(f"+{digits}"))


def example(country: str) -> str:
    """A number of the country in international form, "" where the library has none."""
    import phonenumbers

    number = phonenumbers.example_number(country)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL) if number else ""


@lru_cache(maxsize=4096)
def _read(text: str, country: str) -> tuple[PhoneNumber | None, str]:
    import phonenumbers  # its tables take long to load, and a process that only reads connections needs none

    found = _parsed(text, country)
    if "(0)" in text and (found is None or not phonenumbers.is_valid_number(found)):
        # The zero that is dialled inside a country only, in a country whose numbers have none (Slovakia, Portugal).
        without = _parsed(text.replace("(0)", " "), country)
        found = without if without is not None and phonenumbers.is_valid_number(without) else found
    if found is None:
        return None, "it cannot be read as one" if country or text.lstrip().startswith(("+", "00")) else (
            "its country code is missing"
        )
    verdict = int(phonenumbers.is_possible_number_with_reason(found))
    return found, _REASONS.get(verdict, "") if verdict else ""


def _parsed(text: str, country: str) -> PhoneNumber | None:
    import phonenumbers

    bare = text.strip()
    if bare.startswith("00"):  # how most of the world dials "+"; phonenumbers knows it for the customer's country only
        bare = f"+{bare[2:]}"
    try:
        return phonenumbers.parse(bare, country or None)
    except phonenumbers.NumberParseException:
        return None
