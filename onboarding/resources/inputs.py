"""The inputs that a declaration gives to each resource of a customer.

The program (through `providers.component`), adoption (which writes state without a program) and drift read this, so
that they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import schemas


def inputs_of(declared: schemas.Customer) -> dict[str, dict[str, Any]]:
    """Resource -> inputs, without the values that come from other resources. What the file does not name is absent."""
    dumped = declared.model_dump(mode="json", exclude_none=True)
    ending = {} if declared.lifecycle == "active" else {"lifecycle": declared.lifecycle}

    def parts(*names: str) -> dict[str, Any]:
        return {"key": declared.key, **{name: dumped[name] for name in names}}

    return {
        "Customer": parts("profile", "lifecycle", "adopt", "recreate", "on_remove"),
        "ProviderAssociation": parts("cloud_provider", "adopt") | ending,
        "TenantIdentity": parts("identity", "adopt", "on_remove") | _tenant(declared, dumped) | ending,
        "Attestation": parts("attestation")
        | {"route": declared.attestation_route, "company": declared.legal_entity, "country": place(declared).country}
        | {"language": _spoken(declared)}
        | ending,
    }


def place(declared: schemas.Customer) -> schemas.Address:
    """The address of the legal entity."""
    identity = declared.identity
    named = identity.address if isinstance(identity, schemas.NewIdentity) else None
    return named or declared.profile.address


def _tenant(declared: schemas.Customer, dumped: Mapping[str, Any]) -> dict[str, Any]:
    """The company name, because a rename reaches the billing profile. Address and signatory only for a new tenant: an
    edit elsewhere must not show here."""
    more: dict[str, Any] = {"company": declared.company}
    if isinstance(declared.identity, schemas.InviteIdentity):
        more["language"] = _spoken(declared)
    if isinstance(declared.identity, schemas.NewIdentity):
        more["address"] = place(declared).model_dump(mode="json", exclude_none=True)
        if declared.identity.attest_first:
            more |= {"attestation": dumped["attestation"], "language": _spoken(declared)}
    return more


def _spoken(declared: schemas.Customer) -> str:
    """The language of the customer's people, in which they get their mails."""
    return declared.profile.language.lower()
