"""What ION's v3 customer and cloud-profile calls carry (reference: ion.md 2.2, 2.3, 3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

MICROSOFT_PROVIDER_ID = "30"


@dataclass(frozen=True, slots=True)
class Address:
    """`state` is the short form of the country ("VA"), `country` two letters. "" when absent."""

    street: str
    suite: str
    city: str
    state: str
    zip: str
    country: str


@dataclass(frozen=True, slots=True)
class IonCustomerFields:
    """The body of create and update, which are the same. `None` means: leave the member out of the body.

    ION's update is a full PUT, so build it from a fresh read: `dataclasses.replace(client.customer(id).fields(), ...)`.
    """

    organization: str
    address: Address
    name: str
    email: str
    language: str
    title: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class IonCustomer:
    """A customer profile as ION answers it; every text is "" when absent. `created`, `updated` are RFC 3339, UTC."""

    id: str
    account: str
    organization: str
    address: Address
    name: str
    email: str
    title: str
    phone: str
    language: str
    status: str
    uid: str
    created: str
    updated: str

    def fields(self) -> IonCustomerFields:
        """The writable part, as the starting point of a full PUT."""
        return IonCustomerFields(
            organization=self.organization,
            address=self.address,
            name=self.name,
            email=self.email,
            language=self.language,
            title=self.title,
            phone=self.phone,
        )


@dataclass(frozen=True, slots=True)
class CloudProfile:
    """One row of `cloudProfiles`. `enabled` is None when the answer does not tell; ION shows full details only while
    "Enable provider in customer portal" is on, so an empty text is *not visible*, never *absent*."""

    provider_id: str
    display_name: str
    enabled: bool | None
    tenant_id: str
    domain: str
    agreement_status: str
    gdap_status: str
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def is_microsoft(self) -> bool:
        return self.provider_id == MICROSOFT_PROVIDER_ID


@dataclass(frozen=True, slots=True)
class LegacyAgreement:
    """One entry of `agreements[]` of the deprecated singular cloudProfile. Personal data: never print it whole."""

    first_name: str
    last_name: str
    email: str
    phone_number: str
    template_id: str
    date_agreed: date | None
    type: str
    link: str


@dataclass(frozen=True, slots=True)
class LegacyProfile:
    """The deprecated singular cloudProfile: optional evidence, never the only path."""

    tenant_id: str
    domain: str
    custom_domains: tuple[str, ...]
    company_name: str
    culture: str
    agreement_status: str
    agreements: tuple[LegacyAgreement, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class AssociationRow:
    """The Cloud Provider row as the association endpoint carries it (docs/provider-association-api.md; the contract is
    ours, ION does not offer it). `tenant_id` and `domain` are "" when no tenant is linked."""

    provider: str
    pricebook: str
    provider_currency: str
    invoice_currency: str
    portal_access: bool
    tenant_id: str
    domain: str
