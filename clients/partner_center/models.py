"""What the Partner Center calls of this package carry. Texts are "" and values None when absent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import Field

from clients.wire.shape import CAMEL, Needed, Off, Rank, Text, Words


@dataclass(frozen=True, slots=True)
class PcAddress:
    """An address. Line 1 has 1 to 200 characters, names 1 to 50 (partner-center.md 2.1); `country` has two letters;
    `region` holds the state in company profiles (partner-center.md 2.7)."""

    __pydantic_config__ = CAMEL
    address_line1: Text = ""
    address_line2: Text = ""
    city: Text = ""
    state: Text = ""
    postal_code: Text = ""
    country: Text = ""
    region: Text = ""
    first_name: Text = ""
    last_name: Text = ""
    phone_number: Text = ""


@dataclass(frozen=True, slots=True)
class BillingProfile:
    """`raw` is the body as read: a full PUT starts from it, so members unknown to us survive."""

    id: str
    company_name: str
    email: str
    culture: str
    language: str
    first_name: str
    last_name: str
    address: PcAddress
    etag: str = field(default="", compare=False)
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class PcCustomer:
    """`id` is the Entra tenant id ("Microsoft ID"). List items carry only id, domain, company_name and
    relationship_to_partner; `billing` is None there."""

    id: str
    domain: str
    company_name: str
    relationship_to_partner: str
    commerce_id: str = ""
    associated_partner_id: str = ""
    allow_delegated_access: bool | None = None
    custom_domains: tuple[str, ...] = ()
    billing: BillingProfile | None = None


@dataclass(frozen=True, slots=True)
class NewTenant:
    """Body of `POST /v1/customers`. `domain` is the full initial domain (`prefix.onmicrosoft.com`).

    `associated_partner_id` is the indirect reseller's tenant GUID. Without it Microsoft makes a *direct* customer,
    which is hard to undo: the client refuses an empty one unless `direct_customer` is True.
    """

    domain: str
    company_name: str
    email: str
    culture: str
    language: str
    address: PcAddress
    associated_partner_id: str
    enable_gdap_by_default: bool = False
    direct_customer: bool = False
    first_name: str = ""
    last_name: str = ""
    organization_registration_number: str = ""


@dataclass(frozen=True, slots=True)
class OneTimeCredentials:
    """Shown once by Microsoft. The value never appears in repr, logs or errors."""

    user_name: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CreatedTenant:
    """`credentials` is None when the answer holds no password (a replayed request): they are lost."""

    customer: PcCustomer
    credentials: OneTimeCredentials | None


@dataclass(frozen=True, slots=True)
class AddressVerdict:
    """`status` in Microsoft's words without spaces; `ok` for Verified and VerifiedShippable, None where Microsoft could
    not validate (a warning, not a refusal; partner-center.md 3.2)."""

    status: str
    ok: bool | None
    suggestions: tuple[PcAddress, ...]
    message: str


@dataclass(frozen=True, slots=True)
class CountryRules:
    """Rules of one country (partner-center.md 3.3). A regex is "" when Microsoft gives none."""

    country: Annotated[Text, Field(alias="iso2Code")] = ""
    default_culture: Annotated[Text, Field(alias="defaultCulture")] = ""
    cultures: Annotated[Words, Field(alias="supportedCulturesList")] = ()
    languages: Annotated[Words, Field(alias="supportedLanguagesList")] = ()
    state_required: Annotated[Off, Field(alias="isStateRequired")] = False
    states: Annotated[Words, Field(alias="supportedStatesList")] = ()
    city_required: Annotated[Off, Field(alias="isCityRequired")] = False
    postal_code_required: Annotated[Off, Field(alias="isPostalCodeRequired")] = False
    postal_code_regex: Annotated[Text, Field(alias="postalCodeRegex")] = ""
    phone_required: Annotated[Off, Field(alias="customerOrganizationPhoneNumberRequired")] = False
    phone_regex: Annotated[Text, Field(alias="phoneNumberRegex")] = ""
    calling_codes: Annotated[Words, Field(alias="countryCallingCodesList")] = ()
    registration_number_required: Annotated[Off, Field(alias="customerOrganizationRegistrationNumberRequired")] = False
    registration_number_regex: Annotated[Text, Field(alias="customerOrganizationRegistrationNumberRegex")] = ""
    registration_number_sample: Annotated[Text, Field(alias="customerOrganizationRegistrationNumberSample")] = ""


@dataclass(frozen=True, slots=True)
class Reseller:
    """An indirect reseller of this provider. `state` and `location` are "" where read for one customer."""

    tenant_id: Annotated[Needed, Field(alias="id")]
    name: Text = ""
    partner_id: Annotated[Text, Field(alias="mpnId")] = ""
    state: Text = ""
    location: Text = ""


@dataclass(frozen=True, slots=True)
class ResellerVerdict:
    """Answer of `validateresellers` for one partner id."""

    partner_id: Annotated[Needed, Field(alias="partnerId")]
    valid: Annotated[Off, Field(alias="isValidPartnerIdOnRecord")] = False
    code: Annotated[Text, Field(alias="errorCode")] = ""
    message: Annotated[Text, Field(alias="errorDescription")] = ""


@dataclass(frozen=True, slots=True)
class AgreementTemplate:
    template_id: Annotated[Needed, Field(alias="templateId")]
    type: Annotated[Text, Field(alias="agreementType")] = ""
    link: Annotated[Text, Field(alias="agreementLink")] = ""
    version_rank: Annotated[Rank, Field(alias="versionRank")] = 0


@dataclass(frozen=True, slots=True)
class Agreement:
    """A partner attestation of the MCA. Direct acceptance is not listed here: ask `directly_signed`."""

    template_id: str
    type: str
    date_agreed: date | None
    first_name: str
    last_name: str
    email: str
    phone_number: str
    link: str


@dataclass(frozen=True, slots=True)
class AttestationRequest:
    """Request of an enhanced attestation; the JSON names are a setting of the connection (partner-center.md 5.6)."""

    country: str
    language: str
    company_name: str
    signatory_first_name: str
    signatory_last_name: str
    signatory_email: str
    signatory_phone: str = ""


@dataclass(frozen=True, slots=True)
class AttestationState:
    """`status` is a meaning of `clients.words.ATTESTATION` or `unknown`, `word` is Microsoft's own; `link` goes to the
    signatory and is never opened by us."""

    id: str
    status: str
    link: str = field(repr=False)
    accepted: datetime | None = None
    expires: datetime | None = None
    created: datetime | None = None
    word: str = ""


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """`customized` holds the name/value pairs of `customizedData`, e.g. PrimaryDomainName. `user` is the sign-in name
    of whoever acted, or the id of the application that did, "" where Microsoft names neither."""

    operation_type: str
    operation_status: str
    date: datetime | None
    customer_id: str
    customer_name: str
    customized: Mapping[str, str]
    user: str = ""
