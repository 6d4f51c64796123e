"""How a declared value and a seen value are compared. Which kind of value a field has is a trait of the field in
`schemas`; the normal form of each kind is in `schemas.kinds.normal`.

Two values are equal when their normal forms are. The normal form is also what `seen` keeps, so that a change of form in
a remote system (capitals, spaces, punctuation of a phone) is never progress nor drift.
"""

from __future__ import annotations

import schemas
from onboarding.core.contract import NOT_VISIBLE, Field
from schemas.kinds.normal import normal
from schemas.model.traits import CaseInsensitive, ComparedAs, fields_with, traits_of

ONMICROSOFT = ".onmicrosoft.com"


def plain(text: str) -> str:
    """Spaces at the ends and repeated spaces do not count."""
    return normal("spaces", text)


def email(text: str) -> str:
    """The normal form of an e-mail address."""
    return normal("email", text)


def domain(text: str) -> str:
    """The normal form of a domain name."""
    return normal("domain", text)


def same_domain(one: str, other: str) -> bool | None:
    """Whether two domains of one tenant agree; None when that cannot be told. A tenant has an initial domain
    (x.onmicrosoft.com) beside its primary one, so that only two of a kind can contradict each other."""
    left, right = domain(one), domain(other)
    if left == right:
        return True
    return False if left.endswith(ONMICROSOFT) and right.endswith(ONMICROSOFT) else None


def _kinds_of_traits() -> dict[str, str]:
    """Name of a field within its section of the customer file -> the kind of value that its traits name."""
    kinds = {_name(path): "caseless" for path in fields_with(schemas.Customer, CaseInsensitive)}
    for path in fields_with(schemas.Customer, ComparedAs):
        kinds |= {_name(path): t.form for t in traits_of(schemas.Customer, path) if isinstance(t, ComparedAs)}
    return kinds


def _name(path: str) -> str:
    return path.partition(".")[2]


KINDS: dict[str, str] = _kinds_of_traits() | {
    # What is compared without being one field of the file.
    "portal_access": "caseless",
    "tenant": "caseless",
    "relationship": "caseless",
    "reseller": "caseless",
    "signatory": "email",
}


def kind_of(name: str) -> str:
    """The kind of value of field `name` (fields without a rule of their own: "spaces")."""
    return KINDS.get(name, "spaces")


def canonical(name: str, text: str, country: str = "") -> str:
    """The normal form of a value of field `name`. `country`: the customer's, "" where it is not known."""
    return normal(kind_of(name), text, country=country)


def same(name: str, one: str, other: str, country: str = "") -> bool:
    """True when both mean the same value of field `name`."""
    return one == other or canonical(name, one, country) == canonical(name, other, country)


def field(name: str, declared: str, seen: str | None, where: str, confirmed: str = "", country: str = "") -> Field:
    """Compare; `seen` None means that no system shows it."""
    if seen is None:
        return Field("not_visible", declared, NOT_VISIBLE, where, confirmed)
    return Field("match" if same(name, declared, seen, country) else "mismatch", declared, seen, where, confirmed)
