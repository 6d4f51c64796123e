"""How a declared value and a seen value are compared. Which rule a field has is a trait of the field in `schemas`.

A rule is a function text -> canonical text. Two values are equal when their canonical texts are. The canonical text is
also what `seen` keeps, so that a change of form in a remote system (capitals, spaces, punctuation of a phone) is never
progress nor drift.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from babel.core import get_global

import schemas
from onboarding.contract import NOT_VISIBLE, Field
from schemas.traits import CaseInsensitive, ComparedAs, fields_with, traits_of
from schemas.values import countries

Rule = Callable[[str], str]

ONMICROSOFT = ".onmicrosoft.com"


def plain(text: str) -> str:
    """Spaces at the ends and repeated spaces do not count."""
    return " ".join(text.split())


def caseless(text: str) -> str:
    """Capitals do not count either."""
    return plain(text).casefold()


def email(text: str) -> str:
    """E-mail: the platform keeps capitals but finds regardless of them."""
    return caseless(text)


def country(text: str) -> str:
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


def digits(text: str) -> str:
    """Phone: digits only. "00" and "+" say the same; "(0)" is dialled inside the country alone; a leading +1 of North
    America is optional in practice."""
    kept = re.sub(r"\D", "", text.replace("(0)", ""))
    if kept.startswith("00"):
        kept = kept[2:]
    return kept[1:] if len(kept) == 11 and kept.startswith("1") else kept


def postal_code(text: str) -> str:
    """Postal code without spaces; the +4 of a US code is an addition of the post office, not another place."""
    kept = caseless(text).replace(" ", "")
    return kept[:5] if re.fullmatch(r"\d{5}-?\d{4}", kept) else kept


def domain(text: str) -> str:
    """Domain name in lower case without a final dot."""
    return caseless(text).rstrip(".")


def same_domain(one: str, other: str) -> bool | None:
    """Whether two domains of one tenant agree; None when that cannot be told. A tenant has an initial domain
    (x.onmicrosoft.com) beside its primary one, so that only two of a kind can contradict each other."""
    left, right = domain(one), domain(other)
    if left == right:
        return True
    return False if left.endswith(ONMICROSOFT) and right.endswith(ONMICROSOFT) else None


FORMS: dict[str, Rule] = {
    "spaces": plain,
    "phone": digits,
    "country": country,
    "postal_code": postal_code,
    "domain": domain,
    "email": email,
}
"""Form of the `ComparedAs` trait -> rule."""


def _rules_of_traits() -> dict[str, Rule]:
    """Name of a field within its section of the customer file -> the rule that its traits ask for."""
    rules: dict[str, Rule] = {_name(path): caseless for path in fields_with(schemas.Customer, CaseInsensitive)}
    for path in fields_with(schemas.Customer, ComparedAs):
        rules |= {_name(path): FORMS[t.form] for t in traits_of(schemas.Customer, path) if isinstance(t, ComparedAs)}
    return rules


def _name(path: str) -> str:
    return path.partition(".")[2]


RULES: dict[str, Rule] = _rules_of_traits() | {
    # What is compared without being one field of the file.
    "portal_access": caseless,
    "tenant": caseless,
    "relationship": caseless,
    "reseller": caseless,
    "signatory": email,
}


def canonical(name: str, text: str) -> str:
    """The canonical text of a value of field `name` (fields without a rule of their own: `plain`)."""
    return RULES.get(name, plain)(text)


def same(name: str, one: str, other: str) -> bool:
    """True when both mean the same value of field `name`."""
    return canonical(name, one) == canonical(name, other)


def field(name: str, declared: str, seen: str | None, where: str, confirmed: str = "") -> Field:
    """Compare; `seen` None means that no system shows it."""
    if seen is None:
        return Field("not_visible", declared, NOT_VISIBLE, where, confirmed)
    return Field("match" if same(name, declared, seen) else "mismatch", declared, seen, where, confirmed)
