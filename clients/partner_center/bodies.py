"""Bodies of Partner Center in both directions. Requests use the casing of Microsoft's samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clients.partner_center.models import (
    AddressVerdict,
    Agreement,
    AgreementTemplate,
    AuditRecord,
    BillingProfile,
    CountryRules,
    NewTenant,
    PcAddress,
    PcCustomer,
    Reseller,
    ResellerVerdict,
)
from clients.wire.shape import ShapeError, day, flag, items, mapping, moment, number, required_text, text, words

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


def address(data: Mapping[str, Any], where: str) -> PcAddress:
    return PcAddress(**{ours: text(data, theirs, where) for ours, theirs in _ADDRESS.items()})


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


def billing_profile(data: Mapping[str, Any], where: str = "billingProfile") -> BillingProfile:
    return BillingProfile(
        id=text(data, "id", where),
        company_name=text(data, "companyName", where),
        email=text(data, "email", where),
        culture=text(data, "culture", where),
        language=text(data, "language", where),
        first_name=text(data, "firstName", where),
        last_name=text(data, "lastName", where),
        address=address(mapping(data.get("defaultAddress"), f"{where}.defaultAddress"), f"{where}.defaultAddress"),
        etag=text(mapping(data.get("attributes"), f"{where}.attributes"), "etag", f"{where}.attributes"),
        raw=dict(data),
    )


def billing_body(profile: BillingProfile) -> dict[str, Any]:
    """The full resource of a PUT: the body as read, overlaid with the fields of `profile`."""
    fresh = address(mapping(profile.raw.get("defaultAddress"), "defaultAddress"), "defaultAddress")
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


def customer(data: Mapping[str, Any], where: str) -> PcCustomer:
    company = mapping(data.get("companyProfile"), f"{where}.companyProfile")
    billing = data.get("billingProfile")
    tenant = text(data, "id", where) or text(company, "tenantId", f"{where}.companyProfile")
    if not tenant:
        raise ShapeError(f"{where}.id is missing")
    profile = (
        billing_profile(mapping(billing, f"{where}.billingProfile"), f"{where}.billingProfile") if billing else None
    )
    return PcCustomer(
        id=tenant.lower(),
        domain=text(company, "domain", f"{where}.companyProfile").lower(),
        company_name=text(company, "companyName", f"{where}.companyProfile")
        or (profile.company_name if profile else ""),
        relationship_to_partner=text(data, "relationshipToPartner", where),
        commerce_id=text(data, "commerceId", where),
        associated_partner_id=text(data, "associatedPartnerId", where).lower(),
        allow_delegated_access=flag(data, "allowDelegatedAccess", where),
        custom_domains=words(data, "customDomains", where),
        billing=profile,
    )


def address_verdict(data: Mapping[str, Any]) -> AddressVerdict:
    """Six of the eight status words are shown with spaces, so spaces and case do not count (3.2)."""
    word = required_text(data, "status")
    plain = "".join(word.split()).lower()
    status = next((known for known in _STATUSES if known.lower() == plain), "".join(word.split()))
    suggestions = tuple(
        address(entry, f"suggestedAddresses[{n}]")
        for n, entry in enumerate(items(data.get("suggestedAddresses"), "suggestedAddresses"))
    )
    ok = True if plain in _ACCEPTED else None if plain == _NOT_CHECKED else False
    return AddressVerdict(status=status, ok=ok, suggestions=suggestions, message=text(data, "validationMessage"))


def legacy_address_refusal(description: Mapping[str, Any]) -> AddressVerdict:
    """The answer of before mid 2021: HTTP 400, code 2007, a JSON document inside the description (3.2, 6.1 shape E)."""
    corrected = mapping(description.get("corrected_address"), "corrected_address")
    suggestion = PcAddress(
        address_line1=text(corrected, "address_line1"),
        city=text(corrected, "city"),
        state=text(corrected, "region"),
        postal_code=text(corrected, "postal_code"),
        country=text(corrected, "country"),
    )
    return AddressVerdict(
        status=text(description, "reason").partition(" ")[0] or "None",
        ok=False,
        suggestions=(suggestion,) if corrected else (),
        message=text(description, "reason"),
    )


def country_rules(data: Mapping[str, Any], country: str) -> CountryRules:
    """The live shape of 2021 and the older one of the samples (`states.value`), see partner-center.md 3.3."""
    states = words(data, "supportedStatesList")
    if not states and "states" in data:
        states = words(mapping(data["states"], "states"), "value", "states")
    registration = "customerOrganizationRegistrationNumber"
    return CountryRules(
        country=text(data, "iso2Code") or country,
        default_culture=text(data, "defaultCulture"),
        cultures=words(data, "supportedCulturesList"),
        languages=words(data, "supportedLanguagesList"),
        state_required=bool(flag(data, "isStateRequired")),
        states=states,
        city_required=bool(flag(data, "isCityRequired")),
        postal_code_required=bool(flag(data, "isPostalCodeRequired")),
        postal_code_regex=text(data, "postalCodeRegex"),
        phone_required=bool(flag(data, "customerOrganizationPhoneNumberRequired")),
        phone_regex=text(data, "phoneNumberRegex"),
        calling_codes=words(data, "countryCallingCodesList"),
        registration_number_required=bool(flag(data, f"{registration}Required")),
        registration_number_regex=text(data, f"{registration}Regex"),
        registration_number_sample=text(data, f"{registration}Sample"),
    )


def reseller(data: Mapping[str, Any], where: str) -> Reseller:
    return Reseller(
        tenant_id=required_text(data, "id", where).lower(),
        name=text(data, "name", where),
        partner_id=text(data, "mpnId", where),
        state=text(data, "state", where),
        location=text(data, "location", where),
    )


def reseller_verdict(data: Mapping[str, Any], where: str) -> ResellerVerdict:
    return ResellerVerdict(
        partner_id=required_text(data, "partnerId", where),
        valid=bool(flag(data, "isValidPartnerIdOnRecord", where)),
        code=text(data, "errorCode", where),
        message=text(data, "errorDescription", where),
    )


def agreement_template(data: Mapping[str, Any], where: str) -> AgreementTemplate:
    return AgreementTemplate(
        template_id=required_text(data, "templateId", where),
        type=text(data, "agreementType", where),
        link=text(data, "agreementLink", where),
        version_rank=number(data, "versionRank", where) or 0,
    )


def agreement(data: Mapping[str, Any], where: str) -> Agreement:
    contact = mapping(data.get("primaryContact"), f"{where}.primaryContact")
    return Agreement(
        template_id=text(data, "templateId", where),
        type=text(data, "type", where),
        date_agreed=day(data, "dateAgreed", where),
        first_name=text(contact, "firstName", f"{where}.primaryContact"),
        last_name=text(contact, "lastName", f"{where}.primaryContact"),
        email=text(contact, "email", f"{where}.primaryContact"),
        phone_number=text(contact, "phoneNumber", f"{where}.primaryContact"),
        link=text(data, "agreementLink", where),
    )


def audit_record(data: Mapping[str, Any], where: str) -> AuditRecord:
    pairs = items(data.get("customizedData"), f"{where}.customizedData")
    return AuditRecord(
        operation_type=text(data, "operationType", where),
        operation_status=text(data, "operationStatus", where),
        date=moment(data, "operationDate", where),
        customer_id=text(data, "customerId", where).lower(),
        customer_name=text(data, "customerName", where),
        customized={text(pair, "key", where): text(pair, "value", where) for pair in pairs},
        user=text(data, "userPrincipalName", where) or text(data, "applicationId", where),
    )
