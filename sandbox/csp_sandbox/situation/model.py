"""What the sandbox remembers: plain records, kept by the store.

Records hold facts, not answers: what ION or Partner Center would say about them is decided by the handlers. All times
are aware and in UTC.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Record(BaseModel):
    """A part of an entity."""

    model_config = ConfigDict(extra="forbid")


class Entity(Record):
    """Something with an id of its own. ``seq`` is the order of creation, given by the store."""

    id: str
    seq: int = 0


class Address(Record):
    """A postal address with ION's field names."""

    street: str = ""
    suite: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""
    country: str = ""


class Person(Record):
    """A contact or signatory."""

    first_name: str = ""
    last_name: str = ""
    email: str = ""
    phone: str = ""


class Admin(Record):
    """A Global Administrator of a tenant."""

    name: str
    email: str


class AccountUser(Record):
    """A user of the reseller in ION's console."""

    id: str
    name: str
    email: str
    role: Literal["OWNER", "OPS", "SALES", "USER"] = "OWNER"


class Account(Entity):
    """One ION account and the Partner Center tenant behind it. ``id`` is the ION account id.

    ``partner_tenant`` is TD SYNNEX's tenant of that country: the one that API calls are made for. ``pricebooks`` maps
    the pricebooks an operator can choose to their currency.
    """

    country: str
    currency: str
    role: Literal["indirect-provider", "indirect-reseller", "direct-bill"]
    onboarded: Literal["scm-migrated", "ion-onboarded"] = "ion-onboarded"
    organization: str = ""
    partner_tenant: str
    partner_domain: str = ""
    partner_name: str = ""
    client_id: str = ""
    client_secret: str = ""
    reseller_tenant: str = ""
    reseller_domain: str = ""
    reseller_name: str = ""
    reseller_partner_id: str = ""
    program_authorized: bool = True
    partner_agreement_signed: bool = True
    sandbox: bool = False  # an integration sandbox: customers can be deleted
    pricebooks: dict[str, str] = Field(default_factory=dict)
    csp_credentials: list[str] = Field(default_factory=list)
    users: list[AccountUser] = Field(default_factory=list)
    key: str = ""  # "us" or "ca": its name in the ready line


class AttestedBy(Record):
    """What the attestation form of a provider row holds."""

    date: date
    contact: Person


class ProviderRow(Record):
    """One row of a customer's Cloud Providers table in ION. Provider 30 is Microsoft."""

    provider_id: str = "30"
    name: str = "Legacy Azure"
    pricebook: str = ""
    provider_currency: str = ""
    invoice_currency: str = ""
    portal_access: bool = False
    tenant_id: str | None = None
    domain: str | None = None
    attested: AttestedBy | None = None


class ProfileExtras(Record):
    """What a customer profile in ION may leave out. `csp_sandbox.ion.bodies` has ION's names."""

    title: str = ""
    phone: str = ""
    website: str = ""


class IonCustomer(ProfileExtras, Entity):
    """A customer profile in ION."""

    account: str
    organization: str
    address: Address
    name: str
    email: str
    language: str = "EN"
    status: Literal["ACTIVE", "INACTIVE", "CUSTOMER_STATUS_UNSPECIFIED"] = "ACTIVE"
    uid: str = ""
    create_time: datetime
    update_time: datetime
    rows: list[ProviderRow] = Field(default_factory=list)

    def microsoft(self) -> ProviderRow | None:
        """The Microsoft row, if an operator added one."""
        return next((row for row in self.rows if row.provider_id == "30"), None)


class Tenant(Entity):
    """A Microsoft Entra tenant. ``id`` is its GUID; ``domains`` holds the initial domain and all custom ones."""

    initial_domain: str
    domains: list[str] = Field(default_factory=list)
    company_name: str
    country: str = "US"
    email: str = ""
    culture: str = "en-US"
    language: str = "en"
    contact: Person = Field(default_factory=Person)
    address: Address = Field(default_factory=Address)
    registration_number: str = ""
    commerce_id: str = ""
    billing_id: str = ""
    etag: str = ""
    global_admins: list[Admin] = Field(default_factory=list)
    created_at: datetime
    admin_password_hash: str = ""  # the password itself is shown once and never kept
    visible_from: datetime | None = None  # reads answer 404 before this moment
    account_status: str = "Allowed"  # of validationStatus
    locked: bool = False  # half-created: the prefix is taken and the tenant cannot be used


class Relationship(Entity):
    """A tenant is a customer of a provider, through a reseller or directly (``reseller_tenant`` None)."""

    tenant_id: str
    provider_tenant: str
    reseller_tenant: str | None = None
    created_at: datetime
    gdap: bool = False
    gdap_status: str = ""


class Agreement(Entity):
    """An agreement on record. ``direct``: accepted by the customer; ``attested``: confirmed by a partner."""

    tenant_id: str
    kind: Literal["direct", "attested"]
    type: str = "MicrosoftCustomerAgreement"
    template_id: str = ""
    date: date
    contact: Person | None = None
    attestation_id: str | None = None
    partner_tenant: str | None = None
    user_id: str = ""
    created_at: datetime | None = None


class Attestation(Entity):
    """An enhanced attestation: asked for by the partner, accepted by the signatory on Microsoft's page."""

    partner_tenant: str
    country: str
    language: str
    company: str
    signatory: Person
    template_id: str = ""
    status: Literal["created", "accepted", "declined", "expired"] = "created"
    created_at: datetime
    accepted_at: datetime | None = None
    expires_at: datetime
    used_for: str | None = None


class Mail(Entity):
    """A mail in somebody's mailbox."""

    to: list[str]
    cc: list[str] = Field(default_factory=list)
    sender: str = ""
    subject: str = ""
    text: str = ""
    html: str = ""
    message_id: str = ""
    received_at: datetime
    read_by: list[str] = Field(default_factory=list)
    handled_by: list[str] = Field(default_factory=list)


class AuditRecord(Entity):
    """One line of Partner Center's activity log."""

    partner_tenant: str
    at: datetime
    operation: str
    resource_type: str = "Customer"
    customer_id: str = ""
    customer_name: str = ""
    user: str = ""
    application_id: str = ""
    old_value: str = ""
    new_value: str = ""
    customized: dict[str, str] = Field(default_factory=dict)
    status: str = "succeeded"


class RefreshToken(Entity):
    """A refresh token of ION or Entra; ``id`` is its value. ION's are spent by their first use."""

    system: Literal["ion", "entra"]
    owner: str  # ION account id or partner tenant
    chain: str
    issued_at: datetime
    expires_at: datetime
    spent: bool = False
    revoked: bool = False
    mfa: bool = True
    user: str = ""
    client_id: str = ""


class AccessToken(Entity):
    """An opaque access token of ION; ``id`` is its value. Microsoft's are JWTs and need no record."""

    account: str
    chain: str
    expires_at: datetime
    revoked: bool = False


class DeviceLogin(Entity):
    """A device code that waits for a person; ``id`` is the device code."""

    tenant: str
    client_id: str
    user_code: str
    expires_at: datetime
    polled: int = 0
    done: bool = False


class AuthCode(Entity):
    """An authorization code that waits to be redeemed; ``id`` is the code. ``resource`` is the scope in v2."""

    client_id: str
    redirect_uri: str
    resource: str = ""
    nonce: str = ""
    challenge: str = ""
    plain: bool = False
    expires_at: datetime
    used: bool = False


class Replay(Entity):
    """The kept answer of a write, replayed for the same MS-RequestId. ``id`` is partner tenant and request id."""

    operation: str
    body_hash: str
    status: int
    answer: dict[str, Any]
    headers: dict[str, str] = Field(default_factory=dict)
    at: datetime


class Note(Entity):
    """Free-form memory of the people and of handlers that need a fact of their own; ``id`` names it."""

    value: dict[str, Any] = Field(default_factory=dict)
