"""POST /v1/customers: a tenant, a relationship and an administrator in one call.

Source: partner-center.md 2.1-2.3, 3.4, 3.5, 6.2.
"""

from __future__ import annotations

import re

from pydantic import BaseModel, ConfigDict, Field

from csp_sandbox import microsoft
from csp_sandbox.ledger import rule, switch
from csp_sandbox.partner_center import addresses, bodies, countries, errors, properties, views
from csp_sandbox.partner_center.bodies import Body
from csp_sandbox.partner_center.system import caller, is_guid, operation
from csp_sandbox.serving.web import Answer, Call, RefusalError
from csp_sandbox.situation.model import Account, Address, Person

_CREATE = "partner-center.md 2.1"
_CODES = "partner-center.md 6.2"

CREATE = rule(
    "pc.customers.create",
    "Makes tenant, relationship and administrator; 201 with the one-time password. Names in any case.",
    source=_CREATE,
)
GDAP = rule(
    "pc.customers.create.gdap",
    "enableGDAPByDefault true or left out: default GDAP; false: none. Never DAP.",
    source="partner-center.md 2.2",
)
DIRECT = rule(
    "pc.customers.create.direct",
    "Without associatedPartnerId an indirect provider gets a direct customer.",
    source="partner-center.md 2.3",
)
RESELLER_BY_USER = rule(
    "pc.customers.create.reseller-by-user",
    "associatedPartnerId with an app-only token: 403, code 900329.",
    source="partner-center.md 1.7",
)
RESELLER_UNKNOWN = rule(
    "pc.customers.create.reseller-unknown",
    "An associatedPartnerId that is no reseller of the provider: 400, code 900154.",
    source=_CODES,
    confidence="inferred",
)
RESELLER_MPA = rule(
    "pc.customers.create.reseller-mpa",
    "A reseller without the Microsoft Partner Agreement: 403, code 900123.",
    source=_CODES,
)
PASSWORD = rule(
    "pc.customers.create.password",
    "userCredentials with a password in the request: 400, code 3000.",
    source=_CREATE,
    confidence="inferred",
)
DOMAIN = rule(
    "pc.customers.create.domain",
    "The domain is 17 to 43 characters: a prefix of at most 27 and .onmicrosoft.com: 400, code 3000.",
    source="partner-center.md 3.4",
    confidence="seen in client code",
)
HYPHEN = switch(
    "pc.customers.create.hyphen",
    "Whether a domain prefix may hold hyphens (not at its ends).",
    source="partner-center.md 3.4",
    choices={"allowed": "accepted", "refused": "400, code 3000"},
    default="allowed",
    strict="refused",
)
TAKEN = switch(
    "pc.customers.create.taken",
    "The status for a domain that exists already; the body is shape B with code 600002.",
    source="partner-center.md 2.10",
    choices={"400": "bad request", "409": "conflict"},
    default="400",
    strict="409",
)
COUNTRY = rule(
    "pc.customers.create.country", "A customer outside the partner's country: 403, code 2030.", source=_CODES
)
NO_COUNTRY = rule(
    "pc.customers.create.no-country",
    "A country without validation rules: 400, code 3000.",
    source=_CODES,
    confidence="inferred",
)
ADDRESS = rule(
    "pc.customers.create.address",
    "An address that is not verified: 400, code 2007 with a JSON document inside the description.",
    source="partner-center.md 3.2, V8",
)
CULTURE = rule(
    "pc.customers.create.culture",
    "A culture the country does not support: 400, code 3000. Its case is normalised in the answer, the "
    "language is echoed.",
    source="partner-center.md 2.1, V1, V2",
    confidence="inferred",
)
NUMBER_MISSING = rule(
    "pc.customers.create.number-missing",
    "Registration number missing where the country demands it: 400, code 600049.",
    source=_CODES,
)
NUMBER_FORM = rule(
    "pc.customers.create.number-form",
    "Registration number of a wrong form: 400, code 600050 with the expected pattern.",
    source=_CODES,
)
NUMBER_UNWANTED = rule(
    "pc.customers.create.number-unwanted",
    "Registration number where the country has none: 400, code 600002.",
    source="partner-center.md 3.5",
)
PHONE_MISSING = rule(
    "pc.customers.create.phone-missing", "Phone missing where the country demands it: 400, code 600051.", source=_CODES
)
LIMIT = rule(
    "pc.customers.create.sandbox-limit",
    "The 76th customer of an integration sandbox: 400, code 800018.",
    source="partner-center.md 7.1",
)


class AddressBody(BaseModel):
    """defaultAddress."""

    model_config = ConfigDict(extra="allow")
    AddressLine1: str = Field(min_length=1, max_length=200)
    AddressLine2: str | None = None
    City: str
    State: str | None = None
    PostalCode: str | None = None
    Country: str = Field(min_length=2, max_length=2)
    FirstName: str
    LastName: str
    PhoneNumber: str | None = None


class BillingBody(BaseModel):
    """billingProfile."""

    model_config = ConfigDict(extra="allow")
    CompanyName: str
    Email: str
    Culture: str
    Language: str
    FirstName: str | None = None
    LastName: str | None = None
    DefaultAddress: AddressBody


class CompanyBody(BaseModel):
    """companyProfile."""

    model_config = ConfigDict(extra="allow")
    Domain: str
    OrganizationRegistrationNumber: str | None = None


class CustomerBody(BaseModel):
    """A new customer. Property names are taken in any case."""

    model_config = ConfigDict(extra="allow")
    enableGDAPByDefault: bool | None = None  # noqa: N815
    AssociatedPartnerId: str | None = None
    CompanyProfile: CompanyBody
    BillingProfile: BillingBody


@operation("customers.create", "POST", "/customers", rule=CREATE, body=CustomerBody, status=201, refusals=(400, 409))
def create_customer(call: Call) -> Answer:
    """Create a customer: tenant, relationship and administrator."""
    who, body, world = caller(call), bodies.read(call), call.world
    reseller = _reseller(call, body)
    new = _new_tenant(call, body, who.account)
    _check_suffix(call, new)
    gdap = bodies.flag(body, "enableGDAPByDefault") is not False
    if who.account.sandbox and len(world.store.relationships.find("provider", who.tenant)) >= 75:
        raise errors.shape_a(LIMIT, 400, 800018, "The sandbox limit of 75 customers is met.")
    if microsoft.domain_taken(world.store, new.domain):
        world.recorder.count("duplicate_creates")
        text = f"The domain '{new.domain}' is already in use."
        raise errors.shape_b(TAKEN, int(world.choice(TAKEN)), 600002, text, "DomainNotAvailable")
    now = world.clock.now()
    tenant, password = microsoft.create_tenant(world.store, now, new)
    related = microsoft.relate(world.store, now, tenant, who.tenant, reseller, gdap=gdap)
    if not reseller and who.account.role == "indirect-provider":
        world.recorder.count("direct_customers")
    answer = views.created(tenant, related, password)
    microsoft.audit_change(
        world.store, now, who.tenant, "add_customer", tenant, user=who.user_name, app=who.app, new=answer
    )
    return Answer(201, answer)


def _check_suffix(call: Call, new: microsoft.NewTenant) -> None:
    """What a create meets late: an e-mail whose top-level domain does not exist. Then the domain may be gone."""
    try:
        properties.check_suffix(new.contact.email)
    except RefusalError:
        if call.world.choice(properties.SUFFIX) == "half-made" and not microsoft.domain_taken(
            call.world.store, new.domain
        ):
            tenant, _ = microsoft.create_tenant(call.world.store, call.world.clock.now(), new)
            tenant.locked = True
            call.world.store.tenants.put(tenant)
        raise


def _reseller(call: Call, body: Body) -> str:
    value = bodies.text(body, "associatedPartnerId")
    if not value:
        return ""
    who = caller(call)
    if not who.user:
        raise errors.shape_a(RESELLER_BY_USER, 403, 900329, "The resource does not support app-only authentication.")
    if not is_guid(value):
        raise errors.invalid("associatedPartnerId", "It must be the tenant id of the reseller.")
    accounts = call.world.store.accounts.find("reseller_tenant", value.lower())
    account = next((a for a in accounts if a.partner_tenant.lower() == who.tenant), None)
    if account is None:
        raise errors.shape_a(
            RESELLER_UNKNOWN, 400, 900154, "The partner is not linked to an active CSP indirect reseller tenant."
        )
    if not account.partner_agreement_signed:
        raise errors.shape_a(
            RESELLER_MPA, 403, 900123, "The reseller has not accepted the Microsoft Partner Agreement."
        )
    return value.lower()


def _new_tenant(call: Call, body: Body, account: Account) -> microsoft.NewTenant:
    company, billing = bodies.section(body, "companyProfile"), bodies.section(body, "billingProfile")
    place = bodies.section(billing, "defaultAddress")
    if bodies.section(body, "userCredentials").get("password"):
        raise errors.shape_a(
            PASSWORD, 400, 3000, "Invalid property: 'UserCredentials.Password'.", "PartnerApiServiceControllers"
        )
    domain = _domain(call, company, account)
    country = bodies.text(place, "country", required=True).upper()
    if not countries.known(country):
        raise errors.shape_a(NO_COUNTRY, 400, 3000, f"Invalid property: 'Country'. '{country}' is not supported.")
    if country != account.country.upper():
        raise errors.shape_a(COUNTRY, 403, 2030, f"The partner is not onboarded to sell in the country '{country}'.")
    contact = Person(
        first_name=bodies.text(place, "firstName", most=50) or bodies.text(billing, "firstName", most=50),
        last_name=bodies.text(place, "lastName", most=50) or bodies.text(billing, "lastName", most=50),
        email=bodies.text(billing, "email", required=True),
        phone=bodies.text(place, "phoneNumber"),
    )
    name = bodies.text(billing, "companyName", required=True)
    properties.check_company(name)
    properties.check_person(contact)
    properties.check_email(account, contact.email)
    properties.check_phone(contact.phone, country)
    number = _registration(company, countries.rules(country), contact.phone)
    return microsoft.NewTenant(
        domain=domain,
        company=name,
        contact=contact,
        address=verified_address(place, country),
        culture=supported_culture(bodies.text(billing, "culture", required=True), country),
        language=bodies.text(billing, "language", required=True),
        registration_number=number,
    )


def _domain(call: Call, company: Body, account: Account) -> str:
    domain = bodies.text(company, "domain", required=True)
    prefix, dot, suffix = domain.partition(".")
    allowed = ("onmicrosoft.com", "ccsctp.net") if account.sandbox else ("onmicrosoft.com",)
    good = dot and suffix.lower() in allowed and re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,25}[a-z0-9])?", prefix, re.I)
    if not good:
        raise errors.shape_a(
            DOMAIN, 400, 3000, f"Invalid property: 'Domain'. '{domain}' is not a valid initial domain."
        )
    if "-" in prefix and call.world.choice(HYPHEN) == "refused":
        raise errors.shape_a(HYPHEN, 400, 3000, f"Invalid property: 'Domain'. '{domain}' holds a hyphen.")
    return domain


def _registration(company: Body, rules: Body, phone: str) -> str:
    number = bodies.text(company, "organizationRegistrationNumber")
    pattern = rules.get("customerOrganizationRegistrationNumberRegex")
    if not pattern:
        if number:
            text = "Organization registration id is not supported for the country."
            raise errors.shape_b(NUMBER_UNWANTED, 400, 600002, text, "BadInput")
        return ""
    if not number:
        raise errors.shape_b(
            NUMBER_MISSING, 400, 600049, "Organization registration id is missing.", "OrganizationRegistrationIdMissing"
        )
    if not re.fullmatch(pattern, number):
        text = f"Organization registration id is not valid. The expected format is {pattern}"
        raise errors.shape_b(NUMBER_FORM, 400, 600050, text, "OrganizationRegistrationIdInvalid")
    if not phone:
        raise errors.shape_b(PHONE_MISSING, 400, 600051, "Phone number is missing.", "PhoneNumberMissing")
    return number


def verified_address(place: Body, country: str) -> Address:
    """The address of a billing profile; the legacy refusal 2007 when Microsoft would not take it."""
    address = Address(
        street=bodies.text(place, "addressLine1", required=True, most=200),
        suite=bodies.text(place, "addressLine2", most=200),
        city=bodies.text(place, "city"),
        state=bodies.text(place, "state") or bodies.text(place, "region"),
        zip=bodies.text(place, "postalCode"),
        country=country,
    )
    asked = addresses.Address(address.street, address.suite, address.city, address.state, address.zip, country)
    verdict = addresses.validate(asked)
    if not verdict.usable:
        raise errors.shape_a(ADDRESS, 400, 2007, addresses.legacy_rejection(asked, verdict))
    return address


def supported_culture(culture: str, country: str) -> str:
    """A culture in the spelling of the country's rules."""
    for known in countries.rules(country)["supportedCulturesList"]:
        if str(known).casefold() == culture.casefold():
            return str(known)
    raise errors.shape_a(
        CULTURE, 400, 3000, f"Invalid property: 'Culture'. '{culture}' is not supported in '{country}'."
    )
