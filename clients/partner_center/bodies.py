"""Bodies of Partner Center in both directions. Requests use the casing of Microsoft's samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from clients.partner_center.models import (
    AddressVerdict,
    Agreement,
    AuditRecord,
    BillingProfile,
    CountryRules,
    NewTenant,
    PcAddress,
    PcCustomer,
    Reseller,
)
from clients.wire.shape import (
    CAMEL,
    Day,
    Flag,
    Lower,
    Moment,
    Needed,
    Object,
    Part,
    Rows,
    ShapeError,
    Text,
    Words,
    mapping,
    read,
)

_ADDRESS = {
    "address_line1": "addressLine1",
    "address_line2": "addressLine2",
    "city": "city",
    "state": "state",
    "postal_code": "postalCode",
    "country": "country",
    "region": "region",
    "first_name": "firstName",
    "last_name": "lastName",
    "phone_number": "phoneNumber",
}
_VALIDATED = ("address_line1", "address_line2", "city", "state", "postal_code", "country")
_ACCEPTED = frozenset(("verified", "verifiedshippable"))
_NOT_CHECKED = "notvalidated"
_STATUSES = (
    "VerifiedShippable",
    "Verified",
    "InteractionRequired",
    "StreetPartial",
    "PremisesPartial",
    "Multiple",
    "None",
    "NotValidated",
)


def address_body(value: PcAddress, *, only: tuple[str, ...] = tuple(_ADDRESS)) -> dict[str, str]:
    """camelCase members; empty ones are left out."""
    return {_ADDRESS[name]: getattr(value, name) for name in only if getattr(value, name)}


def validated_address_body(value: PcAddress) -> dict[str, str]:
    """Body of `POST /validations/address`: the postal members only."""
    return address_body(value, only=_VALIDATED)


def _pascal(body: Mapping[str, str]) -> dict[str, str]:
    return {name[:1].upper() + name[1:]: value for name, value in body.items()}


def new_tenant_body(new: NewTenant) -> dict[str, Any]:
    """`enableGDAPByDefault` is always sent: since November 2023 leaving it out grants a default GDAP (2.2)."""
    billing: dict[str, Any] = {
        "Email": new.email,
        "Culture": new.culture,
        "Language": new.language,
        "CompanyName": new.company_name,
        "DefaultAddress": _pascal(address_body(new.address)),
    }
    if new.first_name:
        billing["FirstName"] = new.first_name
    if new.last_name:
        billing["LastName"] = new.last_name
    company: dict[str, Any] = {"Domain": new.domain, "CompanyName": new.company_name}
    if new.organization_registration_number:
        company["OrganizationRegistrationNumber"] = new.organization_registration_number
    body: dict[str, Any] = {
        "enableGDAPByDefault": new.enable_gdap_by_default,
        "CompanyProfile": company,
        "BillingProfile": billing,
    }
    if new.associated_partner_id:
        body["AssociatedPartnerId"] = new.associated_partner_id
    return body


@dataclass(frozen=True)
class _Attributes:
    etag: Text = ""


@dataclass(frozen=True)
class _Billing:
    __pydantic_config__ = CAMEL
    id: Text = ""
    company_name: Text = ""
    email: Text = ""
    culture: Text = ""
    language: Text = ""
    first_name: Text = ""
    last_name: Text = ""
    default_address: Part[PcAddress] = field(default_factory=PcAddress)
    attributes: Part[_Attributes] = field(default_factory=_Attributes)


def billing_profile(data: object, where: str = "billingProfile") -> BillingProfile:
    found = read(_Billing, data, where)
    return BillingProfile(
        id=found.id,
        company_name=found.company_name,
        email=found.email,
        culture=found.culture,
        language=found.language,
        first_name=found.first_name,
        last_name=found.last_name,
        address=found.default_address,
        etag=found.attributes.etag,
        raw=dict(mapping(data, where)),
    )


def billing_body(profile: BillingProfile) -> dict[str, Any]:
    """The full resource of a PUT: the body as read, overlaid with the fields of `profile`."""
    fresh = read(PcAddress, profile.raw.get("defaultAddress"), "defaultAddress")
    place = dict(mapping(profile.raw.get("defaultAddress"), "defaultAddress"))
    for ours, theirs in _ADDRESS.items():
        if getattr(profile.address, ours) != getattr(fresh, ours):
            place[theirs] = getattr(profile.address, ours)
    body = dict(profile.raw)
    for name, value in (
        ("companyName", profile.company_name),
        ("email", profile.email),
        ("culture", profile.culture),
        ("language", profile.language),
        ("firstName", profile.first_name),
        ("lastName", profile.last_name),
    ):
        if value or name in body:
            body[name] = value
    body["defaultAddress"] = place
    attributes = dict(mapping(profile.raw.get("attributes"), "attributes"))
    # Microsoft's SDK sends no If-Match here and relies on the etag in the body; we send both (2.6).
    body["attributes"] = {**attributes, "etag": profile.etag, "objectType": "CustomerBillingProfile"}
    return body


@dataclass(frozen=True)
class _Company:
    __pydantic_config__ = CAMEL
    tenant_id: Text = ""
    domain: Lower = ""
    company_name: Text = ""


@dataclass(frozen=True)
class _Customer:
    __pydantic_config__ = CAMEL
    id: Text = ""
    company_profile: Part[_Company] = _Company()
    billing_profile: Object = field(default_factory=dict)
    relationship_to_partner: Text = ""
    commerce_id: Text = ""
    associated_partner_id: Lower = ""
    allow_delegated_access: Flag = None
    custom_domains: Words = ()


def customer(data: object, where: str) -> PcCustomer:
    found = read(_Customer, data, where)
    company = found.company_profile
    tenant = found.id or company.tenant_id
    if not tenant:
        raise ShapeError(f"{where}.id is missing")
    billed = found.billing_profile
    profile = billing_profile(billed, f"{where}.billingProfile") if billed else None
    return PcCustomer(
        id=tenant.lower(),
        domain=company.domain,
        company_name=company.company_name or (profile.company_name if profile else ""),
        relationship_to_partner=found.relationship_to_partner,
        commerce_id=found.commerce_id,
        associated_partner_id=found.associated_partner_id,
        allow_delegated_access=found.allow_delegated_access,
        custom_domains=found.custom_domains,
        billing=profile,
    )


@dataclass(frozen=True)
class _Verdict:
    __pydantic_config__ = CAMEL
    status: Needed
    suggested_addresses: Rows[PcAddress] = ()
    validation_message: Text = ""


def address_verdict(data: object) -> AddressVerdict:
    """Six of the eight status words are shown with spaces, so spaces and case do not count (3.2)."""
    found = read(_Verdict, data, "")
    word = "".join(found.status.split())
    plain = word.lower()
    status = next((known for known in _STATUSES if known.lower() == plain), word)
    ok = True if plain in _ACCEPTED else None if plain == _NOT_CHECKED else False
    return AddressVerdict(status, ok, found.suggested_addresses, found.validation_message)


@dataclass(frozen=True)
class _Corrected:
    address_line1: Text = ""
    city: Text = ""
    region: Text = ""
    postal_code: Text = ""
    country: Text = ""


@dataclass(frozen=True)
class _Refusal:
    corrected_address: Object = field(default_factory=dict)
    reason: Text = ""


def legacy_address_refusal(description: Mapping[str, Any]) -> AddressVerdict:
    """The answer of before mid 2021: HTTP 400, code 2007, a JSON document inside the description (3.2, 6.1 shape E)."""
    found = read(_Refusal, description, "")
    better = read(_Corrected, found.corrected_address, "corrected_address")
    suggestion = PcAddress(
        address_line1=better.address_line1,
        city=better.city,
        state=better.region,
        postal_code=better.postal_code,
        country=better.country,
    )
    return AddressVerdict(
        status=found.reason.partition(" ")[0] or "None",
        ok=False,
        suggestions=(suggestion,) if found.corrected_address else (),
        message=found.reason,
    )


@dataclass(frozen=True)
class _States:
    value: Words = ()


@dataclass(frozen=True)
class _OlderRules:
    states: Part[_States] = _States()


def country_rules(data: object, country: str) -> CountryRules:
    """The live shape of 2021 and the older one of the samples (`states.value`), see partner-center.md 3.3."""
    found = read(CountryRules, data, "")
    states = found.states or read(_OlderRules, data, "").states.value
    return replace(found, country=found.country or country, states=states)


def reseller(data: object, where: str) -> Reseller:
    found = read(Reseller, data, where)
    return replace(found, tenant_id=found.tenant_id.lower())


@dataclass(frozen=True)
class _Contact:
    __pydantic_config__ = CAMEL
    first_name: Text = ""
    last_name: Text = ""
    email: Text = ""
    phone_number: Text = ""


@dataclass(frozen=True)
class _Agreement:
    __pydantic_config__ = CAMEL
    template_id: Text = ""
    type: Text = ""
    date_agreed: Day = None
    primary_contact: Part[_Contact] = _Contact()
    agreement_link: Text = ""


def agreement(data: object, where: str) -> Agreement:
    found = read(_Agreement, data, where)
    contact = found.primary_contact
    return Agreement(
        template_id=found.template_id,
        type=found.type,
        date_agreed=found.date_agreed,
        first_name=contact.first_name,
        last_name=contact.last_name,
        email=contact.email,
        phone_number=contact.phone_number,
        link=found.agreement_link,
    )


@dataclass(frozen=True)
class _Pair:
    key: Text = ""
    value: Text = ""


@dataclass(frozen=True)
class _Audit:
    __pydantic_config__ = CAMEL
    operation_type: Text = ""
    operation_status: Text = ""
    operation_date: Moment = None
    customer_id: Lower = ""
    customer_name: Text = ""
    customized_data: Rows[_Pair] = ()
    user_principal_name: Text = ""
    application_id: Text = ""


def audit_record(data: object, where: str) -> AuditRecord:
    found = read(_Audit, data, where)
    return AuditRecord(
        operation_type=found.operation_type,
        operation_status=found.operation_status,
        date=found.operation_date,
        customer_id=found.customer_id,
        customer_name=found.customer_name,
        customized={pair.key: pair.value for pair in found.customized_data},
        user=found.user_principal_name or found.application_id,
    )
