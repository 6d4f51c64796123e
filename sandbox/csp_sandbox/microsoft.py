"""What Microsoft does, whoever asks for it: tenants, relationships, agreements.

Partner Center's handlers, ION's console (through TD SYNNEX's Partner Center) and the customers' pages all come here,
so that a tenant made by any of them is the same tenant. Functions take the store and the moment; they never look at a
clock.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

from csp_sandbox.ledger import rule
from csp_sandbox.situation.model import Address, Admin, Agreement, AuditRecord, Person, Relationship, Tenant
from csp_sandbox.situation.store import Store

MCA = "MicrosoftCustomerAgreement"
MCA_TEMPLATE = "117a77b0-9360-443b-8795-c6dedc750cf9"
CLOUD_AGREEMENT = "MicrosoftCloudAgreement"
CLOUD_TEMPLATE = "998b88de-aa99-4388-a42c-1b3517d49490"
#: An MCA accepted before this day has to be accepted again (partner-center.md 5.5).
AGREEMENT_VALID_FROM = date(2023, 4, 1)
#: From this day on a partner's plain word no longer counts (partner-center.md 0.1).
ATTESTATION_RETIRED = date(2026, 1, 5)
VISIBILITY_LAG = timedelta(seconds=90)

VISIBLE_LATER = rule(
    "microsoft.tenant.visible-later",
    "A tenant cannot be read for 90 s after its create; writes that name its id work at once.",
    source="partner-center.md 6.5",
    confidence="seen in client code",
)
AGREEMENT_CURRENT = rule(
    "microsoft.agreement.current",
    "An agreement counts when it is an MCA dated 2023-04-01 or later. An older direct acceptance no longer "
    "reads as signed.",
    source="partner-center.md 5.5",
    confidence="inferred",
)
ONE_PASSWORD = rule(
    "microsoft.tenant.password-once",
    "The first administrator is admin@<initial domain>; the password is shown once and kept only as a hash.",
    source="partner-center.md 2.1",
)


def mca_template(store: Store) -> str:
    """Id of the template that the MCA is made with now; agreements on record keep theirs."""
    return str(store.meta.get("mca_template", MCA_TEMPLATE))


def guid(*parts: str) -> str:
    """A GUID that depends on its parts alone: the same story gives the same identifiers."""
    return str(uuid5(NAMESPACE_DNS, "/".join(("sandbox", *parts)).casefold()))


def etag(*parts: str) -> str:
    """An etag as Partner Center writes them: a signed 64-bit integer in decimal."""
    digest = hashlib.sha256("/".join(parts).encode()).digest()
    return str(int.from_bytes(digest[:8], "big", signed=True))


@dataclass(slots=True)
class NewTenant:
    """What a new tenant is made from. `domain` is the full initial domain."""

    domain: str
    company: str
    contact: Person
    address: Address
    culture: str = "en-US"
    language: str = "en"
    registration_number: str = ""


def domain_taken(store: Store, domain: str) -> bool:
    """True when any tenant of the world has the domain, ours or not."""
    return store.tenants.first("domain", domain.casefold()) is not None


def create_tenant(store: Store, now: datetime, new: NewTenant) -> tuple[Tenant, str]:
    """Make a tenant and its first administrator. Returns it with the one-time password; the domain must be free."""
    number = str(store.next_seq())
    tenant_id = guid("tenant", new.domain, number)
    password = one_time_password(tenant_id)
    tenant = Tenant(
        id=tenant_id,
        initial_domain=new.domain,
        domains=[new.domain],
        company_name=new.company,
        country=new.address.country.upper(),
        email=new.contact.email,
        culture=new.culture,
        language=new.language,
        contact=new.contact,
        address=new.address,
        registration_number=new.registration_number,
        commerce_id=guid("commerce", tenant_id),
        billing_id=guid("billing", tenant_id),
        etag=etag(tenant_id, "0"),
        global_admins=[Admin(name="admin", email=f"admin@{new.domain.lower()}")],
        created_at=now,
        admin_password_hash=hashlib.sha256(password.encode()).hexdigest(),
        visible_from=now + VISIBILITY_LAG,
    )
    return store.tenants.put(tenant), password


def one_time_password(tenant_id: str) -> str:
    """The password that a new administrator is shown once; derived, so that nobody has to keep it."""
    # Microsoft's own samples ("=;;n.=s9Z", "0Krha*Io") hold characters that shells and naive quoting trip over.
    letters = "abcdefghkmnpqrstuvwxyz"
    digest = hashlib.sha256(f"password/{tenant_id}".encode()).digest()
    middle = "".join(letters[byte % len(letters)] for byte in digest[:8])
    return f"={middle[:4]};*{middle[4:].upper()}{digest[8] % 90 + 10}$"


def is_visible(tenant: Tenant, now: datetime) -> bool:
    """False during the replication lag after a create."""
    return tenant.visible_from is None or now >= tenant.visible_from


def relationship(store: Store, tenant_id: str, provider: str) -> Relationship | None:
    """The relationship of a tenant with one provider's Partner Center."""
    return store.relationships.first("pair", (tenant_id, provider.lower()))


def is_related(store: Store, tenant_id: str, provider: str, reseller: str) -> bool:
    """True when a tenant is the provider's customer through this reseller. `reseller` "" means directly."""
    row = relationship(store, tenant_id, provider)
    return row is not None and (row.reseller_tenant or "").lower() == reseller.lower()


def relate(
    store: Store, now: datetime, tenant: Tenant, provider: str, reseller: str, *, gdap: bool = False
) -> Relationship:
    """Make or change a reseller relationship. `reseller` "" makes a direct customer of the provider."""
    row = relationship(store, tenant.id, provider) or Relationship(
        id=guid("relationship", tenant.id, provider),
        tenant_id=tenant.id,
        provider_tenant=provider.lower(),
        created_at=now,
    )
    row.reseller_tenant = reseller.lower() or None
    row.gdap = row.gdap or gdap
    row.gdap_status = "active" if row.gdap else ""
    return store.relationships.put(row)


def directly_signed(store: Store, tenant_id: str) -> bool:
    """Whether the customer accepted the current MCA directly."""
    return any(row.kind == "direct" and _counts(row) for row in store.agreements.find("tenant", tenant_id))


def agreement_current(store: Store, tenant_id: str) -> bool:
    """Whether an order would pass Microsoft's agreement check."""
    return any(_counts(row) for row in store.agreements.find("tenant", tenant_id))


def _counts(row: Agreement) -> bool:
    return row.type == MCA and row.date >= AGREEMENT_VALID_FROM


def accept_directly(store: Store, now: datetime, tenant: Tenant, person: Person) -> Agreement | None:
    """A Global Admin accepts the MCA; None when it is accepted already."""
    if directly_signed(store, tenant.id):
        return None
    number = str(len(store.agreements.find("tenant", tenant.id)))
    return store.agreements.put(
        Agreement(
            id=guid("agreement", tenant.id, number),
            tenant_id=tenant.id,
            kind="direct",
            template_id=mca_template(store),
            date=now.date(),
            contact=person,
            created_at=now,
        )
    )


def attest(
    store: Store,
    now: datetime,
    tenant_id: str,
    agreed: date,
    contact: Person,
    *,
    partner: str,
    user: str = "",
    by: str = "",
) -> Agreement:
    """Record an agreement that a partner confirmed. `by` is the attestation behind it, "" for a plain statement."""
    number = str(len(store.agreements.find("tenant", tenant_id)))
    return store.agreements.put(
        Agreement(
            id=guid("agreement", tenant_id, number),
            tenant_id=tenant_id,
            kind="attested",
            template_id=mca_template(store),
            date=agreed,
            contact=contact,
            attestation_id=by or None,
            partner_tenant=partner.lower(),
            user_id=user,
            created_at=now,
        )
    )


def audit_change(
    store: Store,
    now: datetime,
    partner: str,
    operation: str,
    tenant: Tenant | None,
    *,
    user: str = "",
    app: str = "",
    resource: str = "Customer",
    old: dict[str, Any] | None = None,
    new: dict[str, Any] | None = None,
) -> None:
    """Add a line to Partner Center's activity log. Passwords in `new` are blanked (V21)."""
    if new and "userCredentials" in new:
        new = {**new, "userCredentials": {**new["userCredentials"], "password": ""}}
    store.audit.put(
        AuditRecord(
            id=guid("audit", partner, str(store.next_seq())),
            partner_tenant=partner.lower(),
            at=now,
            operation=operation,
            resource_type=resource,
            customer_id=tenant.id if tenant else "",
            customer_name=tenant.company_name if tenant else "",
            user=user,
            application_id=app,
            old_value=json.dumps(old) if old else "",
            new_value=json.dumps(new) if new else "",
            customized={"PrimaryDomainName": tenant.initial_domain, "Relationship": "Reseller"} if tenant else {},
        )
    )
