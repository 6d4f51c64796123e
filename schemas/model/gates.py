"""The gates of a purchase, each declared once: what it is called, which facts decide it, who may confirm it.

Readiness, tickets, pages, the confirmations of customer files and the table of docs/readiness.md are made of `GATES`.
A gate stands in no other list: a new one is a row here, and, where no resource observes its facts yet, a line in the
`observe` of its resource.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from schemas.distributor import DISTRIBUTOR
from schemas.model.base import Confirmation
from schemas.model.connection import Connection
from schemas.model.customer import Customer

ResourceName = Literal["Customer", "ProviderAssociation", "TenantIdentity", "Attestation"]
"""The resources of a customer as state names them."""
ConfirmedIn = Literal["", "profile", "cloud_provider", "identity", "attestation", "connection"]
"""Where a person's confirmation stands: a section of the customer file, the connection file, or nowhere."""


@dataclass(frozen=True, slots=True)
class GateType:
    """One precondition of an order.

    key: its name in JSON, commands and files. title, short: in sentences; as the head of a page's narrow column.
    column, narrow: heads in the terminal's table, wide and at 80 columns; "" for a gate without a column of its own.
    beside: key of the gate in whose column it stands, in brackets.
    resource, facts: all of these facts of this resource must hold.
    question: what TD SYNNEX is asked in a ticket while it is open; {tenant} and {row} are filled in.
    confirmed_in: who may say so where no system shows it. bound_to: the declared values that a confirmation holds for
    (default: the facts as the section of the customer file declares them).
    hidden_in_ion: no API of ION shows it, whatever is behind it.
    holds, provider, reseller: for the docs: when it holds, and where a provider and a reseller see it.
    """

    key: str
    title: str
    short: str
    resource: ResourceName
    facts: tuple[str, ...]
    question: str
    holds: str
    provider: str
    reseller: str
    column: str = ""
    narrow: str = ""
    beside: str = ""
    confirmed_in: ConfirmedIn = ""
    bound_to: Callable[[Customer], Mapping[str, str]] | None = None
    hidden_in_ion: bool = False

    @property
    def in_customer_file(self) -> bool:
        """Whether its confirmation stands in the customer file."""
        return self.confirmed_in not in ("", "connection")


def declared_tenant(customer: Customer) -> str:
    """Tenant id where declared, else the domain (of a new tenant: its initial domain); empty when neither is known."""
    identity = customer.identity
    if identity.method == "new":
        return identity.initial_domain
    return (identity.tenant_id or identity.domain or "").lower()


def _signatory(customer: Customer) -> dict[str, str]:
    who = customer.attestation.signatory
    return {"agreement": who.email if who else ""}


_GATES = (
    GateType(
        key="reseller",
        title="Our authorisation",
        short="Our account",
        resource="Customer",
        facts=("reseller",),
        question="Is our account authorised for the Microsoft CSP program?",
        holds="our account may transact",
        provider="Partner Center `validateresellers`",
        reseller="nothing: a person looks (ION > Partners > Programs)",
        confirmed_in="connection",
        hidden_in_ion=True,
    ),
    GateType(
        key="profile",
        title="Customer profile",
        short="Profile",
        resource="Customer",
        facts=("status",),
        question="Please set the customer profile to ACTIVE, or tell us why it is not.",
        holds="the ION profile is ACTIVE",
        provider="ION",
        reseller="ION",
        column="Profile",
        narrow="Profile",
    ),
    GateType(
        key="cloud_provider",
        title="Cloud Provider row",
        short="Cloud Provider",
        resource="ProviderAssociation",
        facts=("provider",),
        question="Is there a Cloud Provider row for Microsoft ({row})?",
        holds="the Microsoft row is there",
        provider="ION `cloudProfiles`",
        reseller="the same, while portal access is on",
        column="Cloud Provider",
        narrow="Row",
        confirmed_in="cloud_provider",
    ),
    GateType(
        key="pricebook",
        title="Pricebook and currencies",
        short="Pricebook",
        resource="ProviderAssociation",
        facts=("pricebook", "provider_currency", "invoice_currency"),
        question="Which pricebook, provider currency and invoice currency does that row have?",
        holds="pricebook and both currencies are as declared",
        provider="nothing (the currency sometimes: ION prices)",
        reseller="the same",
        column="pricebook, currency",
        narrow="price",
        beside="cloud_provider",
        confirmed_in="cloud_provider",
        hidden_in_ion=True,
    ),
    GateType(
        key="relationship",
        title=f"Relationship with {DISTRIBUTOR.name}",
        short="Relationship",
        resource="TenantIdentity",
        facts=("relationship",),
        question="Is the tenant {tenant} related to your Partner Center through us today?",
        holds=f"the tenant is related to {DISTRIBUTOR.name} through us",
        provider="Partner Center customers",
        reseller="nothing: a person looks into the reseller's own Partner Center",
        column="Relationship",
        narrow="Relation",
        confirmed_in="identity",
        bound_to=lambda customer: {"relationship": declared_tenant(customer)},
        hidden_in_ion=True,
    ),
    GateType(
        key="tenant",
        title="Microsoft tenant",
        short="Tenant",
        resource="TenantIdentity",
        facts=("tenant",),
        question="Which Microsoft tenant is linked to the customer? It should be {tenant}.",
        holds="the declared tenant is linked in the row",
        provider="ION `cloudProfiles`",
        reseller="the same, while portal access is on",
        column="Microsoft tenant",
        narrow="Tenant",
        confirmed_in="identity",
        bound_to=lambda customer: {"tenant": declared_tenant(customer)},
    ),
    GateType(
        key="agreement",
        title="Microsoft Customer Agreement",
        short="Agreement",
        resource="Attestation",
        facts=("agreement",),
        question="Is a current Microsoft Customer Agreement on record for {tenant}, and of which day?",
        holds="a current MCA is on record",
        provider="Partner Center",
        reseller="ION, while portal access is on and a tenant is linked",
        column="MCA",
        narrow="MCA",
        confirmed_in="attestation",
        bound_to=_signatory,
    ),
)
GATES: Mapping[str, GateType] = {gate.key: gate for gate in _GATES}
"""All gates by key, in the order of the readiness table."""

CONFIRMABLE: Mapping[str, tuple[str, ...]] = {
    section: tuple(fact for gate in _GATES if gate.confirmed_in == section for fact in gate.facts)
    for section in dict.fromkeys(gate.confirmed_in for gate in _GATES if gate.in_customer_file)
}
"""Section of a customer file -> what a person may confirm there, because some role's APIs do not show it."""

GATE_OF: Mapping[str, str] = {fact: gate.key for gate in _GATES if gate.confirmed_in for fact in gate.facts}
"""Fact -> the gate that a person confirms for it."""


def table() -> str:
    """The gates as the table of docs/readiness.md."""
    head = ["| gate | holds when | seen by a provider in | seen by a reseller in |", "|---|---|---|---|"]
    return "\n".join([*head, *(f"| `{g.key}` | {g.holds} | {g.provider} | {g.reseller} |" for g in _GATES)]) + "\n"


def confirmed_values(customer: Customer, gate: str) -> dict[str, str]:
    """The declared values that a confirmation of ``gate`` is bound to: field -> value, in file order.

    A value that is not declared is left out. Raises ``KeyError`` for a gate that a customer file cannot confirm.
    """
    one = GATES[gate]
    if not one.in_customer_file:
        raise KeyError(gate)
    section = getattr(customer, one.confirmed_in)
    values = one.bound_to(customer) if one.bound_to else {name: getattr(section, name) for name in one.facts}
    return {name: str(value) for name, value in values.items() if value}


def confirmation_of(customer: Customer, gate: str) -> Confirmation | None:
    """The confirmation that covers every declared value of ``gate``; None when there is none or a value has changed."""
    if gate not in GATES or not GATES[gate].in_customer_file:
        return None
    given: Confirmation | None = getattr(customer, GATES[gate].confirmed_in).confirmed
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
