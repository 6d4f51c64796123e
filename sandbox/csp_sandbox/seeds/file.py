"""What a seed file may say. ``seed.schema.json`` is generated from these models.

References are natural: a tenant is named by its initial domain, a customer by its e-mail, an account by its ION id.
Dates are ISO 8601 or relative to the sandbox's clock (``-9d``, ``-4h``, ``+30m``). ``docs/sandbox-seed.md`` explains
the file with an example.
"""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from csp_sandbox.situation import model
from csp_sandbox.situation.clock import parse_instant

#: A date relative to the clock: sign, number, unit.
RELATIVE = re.compile(r"([+-])(\d{1,5})([dhm])")


def _check_moment(text: str) -> str:
    if not RELATIVE.fullmatch(text):
        parse_instant(text)
    return text


Moment = Annotated[str, AfterValidator(_check_moment), Field(description="ISO 8601, or relative: -9d, -4h, +30m")]


class Part(BaseModel):
    """A part of a seed file: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid")


class SeedAccount(Part):
    """One of our ION accounts, with the Partner Center tenant and the reseller behind it."""

    id: str = Field(pattern=r"^\d{1,18}$", description="ION account id")
    key: str = Field(description="Its name in the ready line, for example us")
    country: str
    currency: str
    role: Literal["indirect-provider", "indirect-reseller", "direct-bill"]
    onboarded: Literal["scm-migrated", "ion-onboarded"] = "ion-onboarded"
    organization: str = ""
    partner_domain: str = Field(description="Initial domain of the Partner Center tenant of that country")
    partner_name: str = "TD SYNNEX"
    reseller_domain: str = Field(default="", description="Initial domain of the indirect reseller; none: direct sales")
    reseller_name: str = ""
    reseller_partner_id: str = Field(default="", description="Partner id (PLA, former MPN id) of the reseller")
    pricebooks: dict[str, str] = Field(default_factory=dict, description="Pricebook name to currency")
    csp_credentials: list[str] = Field(default_factory=list, description="Entries of ION's Select CSP Credentials")
    program_authorized: bool = True
    partner_agreement_signed: bool = True
    sandbox: bool = Field(default=False, description="Microsoft integration sandbox: customers can be deleted")


class SeedTenant(Part):
    """A Microsoft Entra tenant."""

    initial_domain: str
    id: str = Field(default="", description="Tenant GUID; made from the domain when absent")
    domains: list[str] = Field(default_factory=list, description="Custom domains")
    company_name: str
    country: str = "US"
    email: str = ""
    culture: str = "en-US"
    language: str = "en"
    address: model.Address = Field(default_factory=model.Address)
    contact: model.Person = Field(default_factory=model.Person)
    global_admins: list[model.Admin] = Field(default_factory=list)
    registration_number: str = ""
    created: Moment = "-400d"
    account_status: str = "Allowed"
    locked: bool = Field(default=False, description="Half-created: its prefix is taken and it cannot be used")


class SeedRelationship(Part):
    """A tenant is a customer of a provider."""

    tenant: str = Field(description="Initial domain or GUID")
    account: str = Field(description="ION account whose Partner Center tenant and reseller are meant")
    provider: str = Field(default="", description="Domain or GUID of another provider instead of the account's")
    reseller: str = Field(default="own", description="own: the account's reseller; none: direct; or a domain or GUID")
    created: Moment = "-100d"
    gdap: bool = False


class SeedAgreement(Part):
    """A Microsoft Customer Agreement on record for a tenant."""

    tenant: str = Field(description="Initial domain or GUID")
    kind: Literal["direct", "attested"] = "attested"
    date: Moment
    contact: model.Person | None = None
    account: str = Field(default="", description="ION account whose partner tenant attested")


class SeedRow(Part):
    """The Microsoft row of a customer's Cloud Providers in ION."""

    pricebook: str = ""
    provider_currency: str = ""
    invoice_currency: str = ""
    portal_access: bool = False
    tenant: str = Field(default="", description="Initial domain or GUID of the linked tenant; none: not linked")


class SeedCustomer(model.ProfileExtras, Part):
    """A customer profile in ION."""

    account: str
    email: str
    organization: str
    name: str = ""
    language: str = "EN"
    address: model.Address = Field(
        default_factory=lambda: model.Address(
            street="One Microsoft Way", city="Redmond", state="WA", zip="98052", country="US"
        )
    )
    status: Literal["ACTIVE", "INACTIVE", "CUSTOMER_STATUS_UNSPECIFIED"] = "ACTIVE"
    created: Moment = "-100d"
    id: str = Field(default="", pattern=r"^\d{0,18}$", description="ION customer id; given in sequence when absent")
    provider_row: SeedRow | None = None


class SeedMail(Part):
    """A mail that lies in somebody's mailbox. ``{{invitation}}`` becomes the account's invitation link."""

    to: list[str]
    cc: list[str] = Field(default_factory=list)
    sender: str = ""
    subject: str
    text: str
    html: str = ""
    account: str = ""
    received: Moment = "-1d"


class SeedFile(Part):
    """A situation. Everything is optional; a seed file adds to the profile."""

    schema_: str = Field(default="", alias="$schema")
    now: str = Field(default="", description="ISO 8601 instant at which the clock starts; absent: the real time")
    association_api: bool | None = Field(default=None, description="Serve our own association write endpoint")
    behaviours: dict[str, str] = Field(default_factory=dict, description="Readings of inferred rules, by rule id")
    people: dict[str, Any] = Field(default_factory=dict, description="mode: auto or hand, and what the people know")
    accounts: list[SeedAccount] = Field(default_factory=list)
    tenants: list[SeedTenant] = Field(default_factory=list)
    relationships: list[SeedRelationship] = Field(default_factory=list)
    agreements: list[SeedAgreement] = Field(default_factory=list)
    customers: list[SeedCustomer] = Field(default_factory=list)
    mailbox: list[SeedMail] = Field(default_factory=list)


def schema() -> dict[str, Any]:
    """The JSON Schema of a seed file."""
    return SeedFile.model_json_schema(by_alias=True)


def read(text: str, where: str) -> SeedFile:
    """Parse a seed. Raises ValueError with one line that names the place."""
    try:
        return SeedFile.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{where}: {place}: {first['msg']}") from error


def dump_schema() -> str:
    """The text of ``seed.schema.json``."""
    return json.dumps(schema(), indent=2) + "\n"
