"""The four resources of a customer: their names in state, and the inputs that a declaration gives to each.

Both the program (through `providers.component`) and adoption (which writes state without a program) read this, so that
they cannot disagree. docs/state.md fixes the names; `tests/providers/test_state_format.py` compares them with what
Pulumi makes of the classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import schemas
from onboarding.resources import attestation, customer, provider_association, tenant_identity


@dataclass(frozen=True, slots=True)
class Kind:
    """One resource of a customer. `thing`: its module of the domain. `reference`: what `__provider` holds for ever.

    from_others: input -> carried output of an earlier resource of the same customer.
    """

    name: str
    thing: Any
    reference: str
    from_others: Mapping[str, str]

    @property
    def type(self) -> str:
        """The type token."""
        return f"pulumi-python:dynamic/csp:{self.name}"


_ION = {"ion_customer_id": "Customer"}
KINDS = (
    Kind("Customer", customer, "gASVJgAAAAAAAACMEnByb3ZpZGVycy5jdXN0b21lcpSMCHByb3ZpZGVylJOUKVKULg==", {}),
    Kind(
        "ProviderAssociation",
        provider_association,
        "gASVMgAAAAAAAACMHnByb3ZpZGVycy5wcm92aWRlcl9hc3NvY2lhdGlvbpSMCHByb3ZpZGVylJOUKVKULg==",
        _ION,
    ),
    Kind(
        "TenantIdentity",
        tenant_identity,
        "gASVLQAAAAAAAACMGXByb3ZpZGVycy50ZW5hbnRfaWRlbnRpdHmUjAhwcm92aWRlcpSTlClSlC4=",
        _ION,
    ),
    Kind(
        "Attestation",
        attestation,
        "gASVKQAAAAAAAACMFXByb3ZpZGVycy5hdHRlc3RhdGlvbpSMCHByb3ZpZGVylJOUKVKULg==",
        _ION | {"tenant_id": "TenantIdentity", "attestation_id": "TenantIdentity"},
    ),
)
"""The resources in the order in which each gives values to the next."""


def inputs_of(declared: schemas.Customer) -> dict[str, dict[str, Any]]:
    """Kind -> inputs, without the values that come from other resources. What the file does not name is absent."""
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
