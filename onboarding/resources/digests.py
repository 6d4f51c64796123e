"""What the guard knows of a customer's file: a digest, in a form that stays the same from release to release.

Form 2 ("2:...") covers what the file says, with its stack's defaults and what follows from the connection, and nothing
that a release adds: fields that no file names, and their defaults, are not in it. Form 1 is that of release 0.1.0,
which covered every field of its models with its default; it is made again here, so that a state of 0.1.0 is compared in
its own form.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

import schemas

PORTAL, ENDS = "+portal", "+end"
"""Suffixes: portal access is declared on; a removal ends the relationship."""
FORM = "2:"
_CONFIRMED = {"cloud_provider": {"confirmed"}, "identity": {"confirmed"}, "attestation": {"confirmed"}}
_SIZE = 16

_PERSON = {"first_name": "", "last_name": "", "email": "", "phone": None}
_ADDRESS = {"street": "", "suite": None, "city": "", "state": "", "zip": "", "country": ""}
_IDENTITIES: dict[str, dict[str, Any]] = {
    "new": {
        "method": "new",
        "domain_prefix": "",
        "confirm_new_tenant": None,
        "csp_credentials": None,
        "company_name": None,
        "address": (None, _ADDRESS),
        "contact": _PERSON,
        "culture": "en-US",
        "language": "en",
        "organization_registration_number": None,
        "enable_gdap": False,
        "direct_customer": False,
        "attest_first": False,
        "credentials_recipient": None,
    },
    "existing": {"method": "existing", "domain": None, "tenant_id": None},
    "invite": {
        "method": "invite",
        "domain": None,
        "tenant_id": None,
        "global_admin": {"name": "", "email": ""},
        "sent_on": None,
        "declined_on": None,
        "contact_copy": None,
    },
}
_FIRST: dict[str, Any] = {
    "key": "",
    "connection": "",
    "group": None,
    "previously": [],
    "lifecycle": "active",
    "adopt": False,
    "recreate": False,
    "on_remove": "keep",
    "unknown": [],
    "profile": {
        "organization": "",
        "email": "",
        "contact_name": "",
        "title": None,
        "phone": None,
        "language": "EN",
        "address": _ADDRESS,
    },
    "cloud_provider": {
        "provider": "Legacy Azure",
        "pricebook": "",
        "provider_currency": "",
        "invoice_currency": "",
        "portal_access": False,
    },
    "identity": _IDENTITIES,
    "attestation": {
        "signatory": (None, _PERSON),
        "route": None,
        "legal_entity": None,
        "agreed_on": None,
        "language": None,
    },
}
"""Every field of a customer file in 0.1.0, in its order, with its default. A pair: default, and fields when given."""


def digest(customer: schemas.Customer) -> str:
    """What the file says of a customer, without confirmations."""
    said = customer.model_dump(mode="json", exclude_unset=True, exclude=_CONFIRMED)
    for name in ("key", "previously"):  # what the customer is called is no content: a rename is seen by it
        said.pop(name, None)
    return FORM + _short(json.dumps(said, sort_keys=True, ensure_ascii=False)) + _suffixes(customer)


def first_digests(customer: schemas.Customer) -> list[str]:
    """What 0.1.0 would have kept of the same file: one text, or two where letters can be written in two ways, which it
    told apart."""
    said = customer.model_dump(mode="json", exclude_unset=True, exclude=_CONFIRMED)
    text = json.dumps(_filled(_FIRST, said), separators=(",", ":"), ensure_ascii=False)
    spellings = dict.fromkeys((text, unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text)))
    return [_short(one) + _suffixes(customer) for one in spellings]


def unchanged(old: Mapping[str, str], new: Mapping[str, str], first: Mapping[str, list[str]]) -> Iterator[str]:
    """The keys whose file says what it said. `first`: key -> digests in the form of 0.1.0."""
    for key, now in new.items():
        before = old.get(key)
        if before is not None and (before == now or (not before.startswith(FORM) and before in first.get(key, ()))):
            yield key


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_SIZE]


def _suffixes(customer: schemas.Customer) -> str:
    return (PORTAL if customer.cloud_provider.portal_access else "") + (
        ENDS if customer.on_remove == "end-relationship" else ""
    )


def _filled(fields: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """What is said, with the defaults of 0.1.0, in its order, and nothing that it did not know."""
    found: dict[str, Any] = {}
    for name, default in fields.items():
        value = said.get(name)
        if default is _IDENTITIES:
            found[name] = _filled(_IDENTITIES[value["method"]] if value else {}, value or {})
        elif isinstance(default, Mapping):
            found[name] = _filled(default, value or {})
        elif isinstance(default, tuple):
            found[name] = default[0] if value is None else _filled(default[1], value)
        else:
            found[name] = value if name in said else default
    return found
