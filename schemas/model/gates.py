"""Gates of a purchase that a person may confirm: where the confirmation stands and which values it is bound to."""

from __future__ import annotations

from typing import Literal

from schemas.model.base import Confirmation
from schemas.model.connection import Connection
from schemas.model.customer import Customer

Gate = Literal["reseller", "profile", "cloud_provider", "pricebook", "relationship", "tenant", "agreement"]
GATES: tuple[Gate, ...] = (
    "reseller",
    "profile",
    "cloud_provider",
    "pricebook",
    "relationship",
    "tenant",
    "agreement",
)
"""All gates, in the order of the readiness table."""

SECTIONS: dict[str, str] = {
    "cloud_provider": "cloud_provider",
    "pricebook": "cloud_provider",
    "relationship": "identity",
    "tenant": "identity",
    "agreement": "attestation",
}
"""Gate -> section of the customer file that holds its confirmation. (`reseller` is confirmed in the connection file;
`profile` is always seen.)"""


def confirmed_values(customer: Customer, gate: str) -> dict[str, str]:
    """The declared values that a confirmation of ``gate`` is bound to: field -> value, in file order.

    A value that is not declared is left out. Raises ``KeyError`` for a gate that a customer file cannot confirm.
    """
    section = SECTIONS[gate]
    row = customer.cloud_provider
    if gate == "cloud_provider":
        values = {"provider": row.provider}
    elif gate == "pricebook":
        values = {name: getattr(row, name) for name in ("pricebook", "provider_currency", "invoice_currency")}
    elif section == "identity":
        values = {gate: declared_tenant(customer)}
    else:
        signatory = customer.attestation.signatory
        values = {"agreement": signatory.email if signatory else ""}
    return {name: value for name, value in values.items() if value}


def declared_tenant(customer: Customer) -> str:
    """Tenant id where declared, else the domain (of a new tenant: its initial domain); empty when neither is known."""
    identity = customer.identity
    if identity.method == "new":
        return identity.initial_domain
    return (identity.tenant_id or identity.domain or "").lower()


def confirmation_of(customer: Customer, gate: str) -> Confirmation | None:
    """The confirmation that covers every declared value of ``gate``; None when there is none or a value has changed."""
    if gate not in SECTIONS:
        return None
    given: Confirmation | None = getattr(customer, SECTIONS[gate]).confirmed
    values = confirmed_values(customer, gate)
    covering = [given.of(field, value) for field, value in values.items()] if given else []
    if not covering or None in covering:
        return None
    return covering[0]


def program_access_value(connection: Connection) -> str:
    """What a confirmation of the connection's program access is bound to: the account."""
    if connection.sandbox is not None:
        return f"sandbox {connection.sandbox.profile} {connection.sandbox.account}"
    return connection.ion.account_id if connection.ion else connection.name


def program_access_of(connection: Connection) -> Confirmation | None:
    """The confirmation of the connection's program access, when it is for the declared account."""
    given = connection.program_access
    return given.of("program_access", program_access_value(connection)) if given else None
