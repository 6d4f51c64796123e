"""The connection file: one of our accounts, its Partner Center role, and all that is a property of no customer.

Each setting is a line that a plan tells by name when it changes (schemas/check/sensitive.py), unless it is marked
Harmless."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from schemas.kinds.hosts import not_microsofts
from schemas.kinds.nearest import quoted
from schemas.model import values as v
from schemas.model.base import Confirmation, Declared
from schemas.model.traits import Digested, Harmless, NaturalKey

Role = Literal["indirect-reseller", "indirect-provider", "direct-bill"]
Cohort = Literal["scm-migrated", "ion-onboarded"]


class SandboxRef(Declared):
    """A running sandbox of this machine stands in for the live systems."""

    profile: v.Key
    """Sandbox profile (`provider`, `reseller`, `empty`)."""
    account: v.Key = "us"
    """Account of the profile (`us`, `ca`)."""


class Ion(Declared):
    """The StreamOne ION account."""

    base_url: v.Url = "https://ion.tdsynnex.com"
    """Address of ION. Other hosts than the known ones: `CSP_ION_HOSTS` of the machine."""
    account_id: v.Digits
    """ION account id, quoted ("10501")."""


class PartnerCenter(Declared):
    """Partner Center of the role that may call it."""

    base_url: v.Url = "https://api.partnercenter.microsoft.com"
    """Address of the API. Other hosts: `CSP_PARTNER_CENTER_HOSTS` of the machine."""
    tenant_id: v.TenantId
    """The partner's own tenant (GUID)."""
    cloud: Literal["public"] = "public"
    """Microsoft cloud."""
    login: v.Url = "https://login.microsoftonline.com"
    """Address that issues the tokens. Other hosts: `CSP_LOGIN_HOSTS` of the machine."""


class Entra(Declared):
    """OpenID discovery, where it is not Microsoft's public address."""

    base_url: v.Url = "https://login.microsoftonline.com"
    """Address of the discovery documents."""


class Reseller(Declared):
    """The reseller this connection acts for."""

    tenant_id: v.TenantId
    """The reseller's own tenant (GUID); sent as associatedPartnerId."""
    partner_id: v.Digits
    """Partner Location Account id (the former MPN id), quoted."""
    name: v.Text | None = None
    """Our company name, as Microsoft's page and our mails show it."""


class AssociationApi(Declared):
    """A write endpoint for Cloud Provider rows. Its contract is ours; ION does not offer it."""

    base_path: str
    """Path below ION's address ("/csp-association/v1")."""


class RelationshipLink(Declared):
    """A customer relationship link as TD SYNNEX gives it out."""

    partner_center: Annotated[v.Region, NaturalKey()]
    """Partner Center of the link (`us`, `ca`)."""
    cohort: Annotated[Cohort | None, NaturalKey()] = None
    """`scm-migrated` or `ion-onboarded`; absent: for both."""
    url: str
    """The link."""


class Handover(Declared):
    """Where one-time credentials go, encrypted at birth."""

    recipients: Annotated[tuple[str, ...], Digested()] = ()
    """age public keys, or `file:` and a path to one."""
    key_vault: v.Url | None = None
    """Address of an Azure Key Vault as the first place; the recipients are then for the second one, CSP_HOME."""


class Mail(Declared):
    """The mail server that sends invitations and agreement links."""

    host: str = ""
    """Host name. In a sandbox connection: the sandbox's mailbox."""
    port: Annotated[v.Count, Field(ge=1, le=65535)] = 587
    """Port."""
    starttls: v.Flag = True
    """Encrypt with STARTTLS; a server that does not offer it gets no mail."""
    tls: v.Flag = False
    """Encrypted from the first byte (port 465), instead of STARTTLS."""
    sender: Annotated[v.Email, Field(alias="from")]
    """Address the mails come from."""
    copy_to: Annotated[v.Email | None, Field(alias="copy")] = None
    """Address that gets a copy of every mail."""


class TokenStore(Declared):
    """Where the rotating tokens are kept. Default: a file below CSP_HOME."""

    file: str | None = None
    """Path of the token file: below CSP_HOME (`$CSP_HOME/...`) or in no Git work tree."""
    key_vault: v.Url | None = None
    """Address of an Azure Key Vault (`https://NAME.vault.azure.net`, or its national cloud)."""


class Limits(Declared):
    """The budget of one run, shared by all worker threads."""

    concurrency: Annotated[v.Count, Field(ge=1, le=64)] = 8
    """Requests at the same time."""
    requests_per_second: Annotated[v.Number, Field(gt=0, le=1000)] = 20.0
    """Requests a second."""
    deadline_seconds: Annotated[v.Number, Field(gt=0, le=86400)] = 1800.0
    """Seconds after which a run stops sending."""


ATTESTATION_FIELDS: Mapping[str, str] = {
    "country": "country",
    "language": "language",
    "company": "companyName",
    "first_name": "signatoryFirstName",
    "last_name": "signatoryLastName",
    "email": "signatoryEmail",
    "phone": "signatoryPhoneNumber",
}


EXPIRY = "expiry"
"""The one word without a name that a page suggests: it is sent only where the connection names it."""
STATUS_MEANINGS = ("accepted", "created", "declined", "expired", "open", "recorded", "active", "inactive", "related")
"""What a status word can mean; the tables of known words are in clients/words.py."""


def _all_fields(named: Mapping[str, str]) -> Mapping[str, str]:
    for word in named:
        if word not in ATTESTATION_FIELDS and word != EXPIRY:
            known = ", ".join((*ATTESTATION_FIELDS, EXPIRY))
            raise v.wrong("CSP-SHAPE-002", f"unknown word {quoted(word)}", f"known here: {known}")
    return dict(ATTESTATION_FIELDS) | dict(named)


def _page(template: str) -> str:
    if template and "{id}" not in template:
        raise v.wrong("CSP-SHAPE-005", f"{quoted(template)} is no https address with {{id}} in it")
    if template and (wrong := not_microsofts(template)):
        raise v.wrong("CSP-SHAPE-005", wrong, "a page below microsoft.com")
    return template


def _meanings(taught: Mapping[str, str]) -> Mapping[str, str]:
    for word, meaning in taught.items():
        if meaning not in STATUS_MEANINGS and meaning != "not related":
            known = ", ".join((*STATUS_MEANINGS, "not related"))
            raise v.wrong("CSP-SHAPE-004", f"{quoted(word)} cannot mean {quoted(meaning)}", f"one of {known}")
    return taught


class EnhancedAttestation(Declared):
    """Names of Microsoft's enhanced attestation call that its public pages leave open. Never tried on a live system."""

    path: str = "/v1/attestations/enhanced"
    """Path of the call."""
    fields: Annotated[Mapping[str, str], AfterValidator(_all_fields)] = ATTESTATION_FIELDS
    """Our word -> name in the request; what is not named keeps the name that Microsoft's page suggests. `expiry` is
    sent only when it is named here."""
    link_template: Annotated[str, AfterValidator(_page)] = "https://cdn.partner.microsoft.com/mca/?attestationid={id}"
    """Address of the acceptance page with `{id}`, for answers that carry no link. Default: as others build it."""
    link_minutes: Annotated[v.Count, Field(ge=5, le=10_080)] = 10_080
    """Life of a link, at most 7 days; sent as `expiry` where `fields` names it."""


class Connection(Declared):
    """One of our accounts."""

    name: Annotated[v.Key, Harmless()] = ""
    """Name. Default: the file's name."""
    description: Annotated[v.Text | None, Harmless()] = None
    """What it is for."""
    sandbox: SandboxRef | None = None
    """A sandbox of this machine instead of live systems: gives addresses, account ids and credentials."""
    role: Role
    """What we are to Partner Center."""
    partner_center_region: v.Region
    """Partner Center that TD SYNNEX serves the customers from (`us`, `ca`)."""
    cohort: Cohort | None = None
    """How we came to ION; the US has a relationship link for each."""
    ion: Ion | None = None
    """The ION account."""
    partner_center: PartnerCenter | None = None
    """Partner Center; not for an indirect reseller."""
    entra: Entra | None = None
    """OpenID discovery, where it is not Microsoft's public address."""
    reseller: Reseller | None = None
    """The reseller an indirect provider acts for."""
    own_domains: tuple[v.Domain, ...] = ()
    """E-mail domains of our own people. No signatory and no Global Admin may be one of them."""
    csp_credentials: str = ""
    """Text of the entry to choose in ION's "Select CSP Credentials"."""
    countries: Annotated[tuple[v.Country, ...], Field(min_length=1), Harmless()]
    """Countries whose customers this account may serve."""
    currencies: Annotated[tuple[v.Currency, ...], Field(min_length=1), Harmless()]
    """Currencies of the account."""
    pricebooks: Annotated[Mapping[str, v.Currency], Harmless()] = {}
    """Pricebook -> its currency."""
    association_api: AssociationApi | None = None
    """Only where a write endpoint for Cloud Provider rows exists. ION does not offer one."""
    relationship_links: tuple[RelationshipLink, ...] = ()
    """Customer relationship links. None for a Partner Center: invitations there fail validation."""
    handover: Handover | None = None
    """Where one-time credentials go. None: no new tenant is made by API."""
    mail: Mail | None = None
    """Mail server. None: a person sends the mails."""
    follow_up_days: Annotated[tuple[v.Count, ...], Field(min_length=1), Harmless()] = (3, 7, 14)
    """Days after which a wait is followed up."""
    invitation_days: Annotated[v.Count, Field(ge=1, le=365), Harmless()] = 30
    """Days after which an invitation that nobody accepted counts as expired. Microsoft's link itself does not end."""
    mail_templates: str = "stacks/mail"
    """Folder of our own mail templates, below the project. They win over the built-in ones."""
    mail_links: tuple[v.Url, ...] = ()
    """Addresses that our own mail templates may hold, beside the link of the mail and Microsoft's agreement text."""
    program_access: Confirmation | None = None
    """A person's confirmation that the CSP program is approved for this account in ION."""
    agreement_valid_from: v.Date = dt.date(2023, 4, 1)
    """An agreement of an earlier day must be accepted again."""
    enhanced_attestation: EnhancedAttestation = EnhancedAttestation.model_construct()
    """Names of Microsoft's enhanced attestation call."""
    status_words: Annotated[Mapping[str, str], AfterValidator(_meanings)] = {}
    """Status words of ION or Microsoft unknown to this release -> what they mean (`accepted`, `expired` ...)."""
    token_store: TokenStore | None = None
    """Where rotating tokens are kept."""
    coordination: Annotated[Literal["postgresql"] | None, Harmless()] = None
    """Where runners meet that share no folder: locks, pauses, sent markers and what a plan allows once, in the
    PostgreSQL of `CSP_POSTGRESQL`."""
    limits: Annotated[Limits, Harmless()] = Limits.model_construct()
    """Budget of one run."""

    @property
    def calls_partner_center(self) -> bool:
        """Whether this role may call Partner Center at all and the connection says where."""
        return self.role != "indirect-reseller" and (self.partner_center is not None or self.sandbox is not None)

    def relationship_link(self) -> RelationshipLink | None:
        """The link for this connection's Partner Center and cohort, or None."""
        here = {
            link.cohort: link for link in self.relationship_links if link.partner_center == self.partner_center_region
        }
        return here.get(self.cohort) or here.get(None)
