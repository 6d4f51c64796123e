"""The customer file: one customer with a provider association, a tenant identity and an attestation."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.model import values as v
from schemas.model.base import Address, Confirmation, Declared, Person
from schemas.model.traits import (
    CaseInsensitive,
    ComparedAs,
    FixedRemotely,
    LocalOnly,
    NaturalKey,
    OnIon,
    OnPartnerCenter,
    Unmanaged,
    WriteOnly,
)

Ending = Literal["leaving", "left"]
"""The lifecycle of a customer who leaves."""
Lifecycle = Literal["active", Ending]
OnRemove = Literal["keep", "end-relationship"]
Route = Literal["customer", "partner"]
"""How the agreement is accepted: directly by the customer, or attested by the partner."""


class Profile(Declared):
    """The ION customer profile."""

    organization: Annotated[v.Text, ComparedAs("spaces"), OnIon("customerOrganization")]
    """Company name."""
    email: Annotated[v.Email, NaturalKey(), CaseInsensitive(), ComparedAs("email"), OnIon("customerEmail")]
    """Customer e-mail. ION knows a customer by it: one e-mail, one customer."""
    contact_name: Annotated[v.Text, ComparedAs("spaces"), OnIon("customerName")]
    """Name of the admin contact."""
    title: Annotated[v.Text | None, Unmanaged(), ComparedAs("spaces"), OnIon("customerTitle", optional=True)] = None
    """Title of the admin contact."""
    phone: Annotated[v.Phone | None, Unmanaged(), ComparedAs("phone"), OnIon("customerPhone", optional=True)] = None
    """Phone number, quoted, best with + and country code ("+1 425 555 0101")."""
    website: Annotated[
        v.Text | None,
        Unmanaged(),
        CaseInsensitive(),
        OnIon("customerWebsite", optional=True, documented=False),
    ] = None
    """The company's website. No page of ION's API names the member: where ION shows none, it cannot be seen."""
    language: Annotated[v.IonLanguage, CaseInsensitive(), OnIon("languageCode")] = "EN"
    """ION's language code, two upper-case letters ("EN", "FR")."""
    address: Annotated[Address, OnIon("customerAddress")]
    """Postal address."""


class CloudProvider(Declared):
    """The Microsoft row of the customer's Cloud Providers in ION."""

    provider: Annotated[v.Text, CaseInsensitive()] = "Legacy Azure"
    """The row as ION names it."""
    pricebook: Annotated[str, ComparedAs("spaces")] = ""
    """Pricebook. Default: the connection's, when it has only one."""
    provider_currency: Annotated[str, CaseInsensitive()] = ""
    """Provider currency (ISO 4217). Default: the pricebook's."""
    invoice_currency: Annotated[str, CaseInsensitive()] = ""
    """Invoice currency (ISO 4217). Default: the provider currency."""
    portal_access: v.Flag = False
    """"Enable provider in customer portal": true lets the customer buy and manage subscriptions by itself."""
    confirmed: Annotated[Confirmation | None, LocalOnly()] = None
    """A person's confirmation of what no API shows (provider, pricebook, currencies)."""


class GlobalAdmin(Declared):
    """The administrator (Global or Billing Administrator) who accepts the relationship link."""

    name: v.Text
    """Full name."""
    email: Annotated[v.Email, CaseInsensitive()]
    """E-mail address that the invitation is sent to."""


class NewIdentity(Declared):
    """A new Microsoft tenant is made. This cannot be undone."""

    method: Literal["new"]
    """`new`."""
    domain_prefix: Annotated[v.DomainPrefix, NaturalKey(), FixedRemotely(), CaseInsensitive()]
    """Prefix of `<prefix>.onmicrosoft.com`: 1 to 27 lower-case letters and digits, for ever."""
    confirm_new_tenant: Annotated[str | None, LocalOnly()] = None
    """Repeats the domain prefix. Nothing is created before it does."""
    csp_credentials: Annotated[v.Text | None, WriteOnly()] = None
    """Entry of ION's "Select CSP Credentials". Default: the connection's."""
    company_name: Annotated[v.Text | None, FixedRemotely()] = None
    """Company name of the tenant. Default: the profile's organization."""
    address: Annotated[Address | None, FixedRemotely(), OnPartnerCenter()] = None
    """Address of the tenant. Default: the profile's."""
    contact: Annotated[Person, FixedRemotely(), OnPartnerCenter()]
    """Billing contact of the tenant."""
    culture: Annotated[v.Culture, WriteOnly(), CaseInsensitive(), OnPartnerCenter(("culture",))] = "en-US"
    """Culture of messages and formats ("en-US", "fr-CA")."""
    language: Annotated[v.Language, WriteOnly(), OnPartnerCenter(("language",))] = "en"
    """Language of the tenant ("en", "fr")."""
    organization_registration_number: Annotated[v.Text | None, WriteOnly()] = None
    """Only for countries that ask for it."""
    enable_gdap: Annotated[v.Flag, WriteOnly()] = False
    """Microsoft's `enableGDAPByDefault`; always sent."""
    direct_customer: Annotated[v.Flag, FixedRemotely()] = False
    """True makes a direct customer of the provider, without a reseller. Hard to undo."""
    attest_first: Annotated[v.Flag, LocalOnly()] = False
    """Ask the signatory for the agreement before the tenant is made."""
    credentials_recipient: Annotated[str | None, LocalOnly()] = None
    """Named person who receives the one-time password of the tenant's administrator."""
    confirmed: Annotated[Confirmation | None, LocalOnly()] = None
    """A person's confirmation of what no API shows (relationship, tenant)."""

    @property
    def initial_domain(self) -> str:
        """``<prefix>.onmicrosoft.com``, lower case."""
        return self.domain_prefix.lower() + v.TENANT_SUFFIX


class ExistingIdentity(Declared):
    """The customer has a tenant that is already related to TD SYNNEX's Partner Center."""

    method: Literal["existing"]
    """`existing`."""
    domain: Annotated[v.Domain | None, FixedRemotely(), CaseInsensitive(), ComparedAs("domain")] = None
    """A domain of the tenant (`contoso.com` or `contoso.onmicrosoft.com`)."""
    tenant_id: Annotated[v.TenantId | None, FixedRemotely(), CaseInsensitive()] = None
    """Microsoft ID (tenant id, a GUID)."""
    confirmed: Annotated[Confirmation | None, LocalOnly()] = None
    """A person's confirmation of what no API shows (relationship, tenant)."""


class InviteIdentity(Declared):
    """The customer has a tenant; an administrator of it accepts the relationship link first."""

    method: Literal["invite"]
    """`invite`."""
    domain: Annotated[v.Domain | None, FixedRemotely(), CaseInsensitive(), ComparedAs("domain")] = None
    """A domain of the tenant, where known."""
    tenant_id: Annotated[v.TenantId | None, FixedRemotely(), CaseInsensitive()] = None
    """Microsoft ID (tenant id, a GUID), where known."""
    global_admin: GlobalAdmin
    """Who accepts."""
    sent_on: Annotated[v.Date | None, LocalOnly()] = None
    """The day a person sent the invitation by hand (YYYY-MM-DD)."""
    declined_on: Annotated[v.Date | None, LocalOnly()] = None
    """The day the administrator said no (YYYY-MM-DD). No system shows it; remove the line to invite again."""
    contact_copy: Annotated[v.Email | None, LocalOnly()] = None
    """Who gets a copy of the invitation."""
    confirmed: Annotated[Confirmation | None, LocalOnly()] = None
    """A person's confirmation of what no API shows (relationship, tenant)."""


Identity = Annotated[NewIdentity | ExistingIdentity | InviteIdentity, Field(discriminator="method")]


class Attestation(Declared):
    """Who accepts the Microsoft Customer Agreement, and by which way."""

    signatory: Person | None = None
    """The customer's person who may sign, never someone of the reseller. Required, unless `unknown` names it."""
    route: Annotated[Route | None, LocalOnly()] = None
    """`customer`: accepted directly by the customer; `partner`: attested by the partner. Default: `customer` for an
    invitation (its link asks for it), else `partner`."""
    legal_entity: Annotated[v.Text | None, LocalOnly()] = None
    """The legal entity that accepts. Default: the company name. Another value asks for the agreement again; a new
    `profile.organization` alone is a rename and does not."""
    agreed_on: Annotated[v.Date | None, LocalOnly()] = None
    """The day the signatory agreed, for the form in ION (YYYY-MM-DD)."""
    language: Annotated[v.Culture | None, WriteOnly()] = None
    """Language of the agreement ("en-US"). Default: the country's."""
    confirmed: Annotated[Confirmation | None, LocalOnly()] = None
    """A person's confirmation of the agreement where no API shows it."""

    def entity(self, company: str) -> str:
        """The legal entity that Microsoft is asked for, and that accepts: the one rule for everybody who names it.

        `company`: the company name of the tenant (`Customer.company`)."""
        return self.legal_entity or company


class Customer(Declared):
    """One customer."""

    key: v.Key = ""
    """Name of the customer in plans and state; never changes (see `previously`). Default: the file's name."""
    connection: str = ""
    """Which of our accounts serves the customer (stacks/connections/NAME.yaml)."""
    group: Annotated[v.Text | None, LocalOnly()] = None
    """Several tenants of one company are several files with one group."""
    previously: Annotated[tuple[str, ...], LocalOnly()] = ()
    """Former keys of this customer."""
    lifecycle: Annotated[Lifecycle, LocalOnly()] = "active"
    """`active`, `leaving` or `left`."""
    adopt: Annotated[v.Flag, LocalOnly()] = False
    """Take over what is already there with different values."""
    recreate: Annotated[v.Flag, LocalOnly()] = False
    """Create again what was there and is gone."""
    on_remove: Annotated[OnRemove, LocalOnly()] = "keep"
    """What a removal of this file means. `end-relationship` must be applied before the removal."""
    unknown: Annotated[tuple[str, ...], LocalOnly()] = ()
    """Fields of an adopted customer that no system shows and nobody has filled in yet
    (`cloud_provider.pricebook`, `attestation.signatory`, ...). They are not compared."""
    as_found: Annotated[tuple[str, ...], LocalOnly()] = ()
    """Fields of an adopted customer whose value a system holds although it would refuse it today (`profile.phone`).
    They are warnings; correct the value and take the name out."""
    profile: Profile
    """The ION customer profile."""
    cloud_provider: CloudProvider = CloudProvider.model_construct()
    """The Microsoft row of Cloud Providers."""
    identity: Identity
    """The Microsoft tenant: `new`, `existing` or `invite`."""
    attestation: Attestation = Attestation.model_construct()
    """The Microsoft Customer Agreement."""

    @property
    def company(self) -> str:
        """The company name of the tenant."""
        named = self.identity.company_name if isinstance(self.identity, NewIdentity) else None
        return named or self.profile.organization

    @property
    def legal_entity(self) -> str:
        """The legal entity that accepts the agreement."""
        return self.attestation.entity(self.company)

    @property
    def attestation_route(self) -> Route:
        """The declared route, or the default by method."""
        return self.attestation.route or ("customer" if self.identity.method == "invite" else "partner")


PROGRAM_ACCESS = ("program_access",)
"""What a person may confirm in a connection file."""

UNKNOWN_ALLOWED = (
    "cloud_provider.pricebook",
    "cloud_provider.provider_currency",
    "cloud_provider.invoice_currency",
    "cloud_provider.portal_access",
    "identity.tenant_id",
    "attestation.signatory",
)
"""What an adopted customer may leave open, because no system shows it."""
