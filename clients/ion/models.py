"""What ION's v3 customer and cloud-profile calls carry (reference: ion.md 2.2, 2.3, 3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Annotated, Any

from pydantic import Field

from clients.wire.shape import CAMEL, Day, Flag, Lower, Text

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
    """What a customer profile holds that can be written: the body of create and update, which are the same. The names
    are ours (`schemas.model.fields.ION`); `None` means that ION does not have it, or is not to be told.

    ION's update is a full PUT, so build it from a fresh read: `dataclasses.replace(client.customer(id).fields(), ...)`.
    """

    organization: str
    address: Address
    contact_name: str
    email: str
    language: str
    title: str | None = None
    phone: str | None = None
    website: str | None = None

    @classmethod
    def of(cls, values: Mapping[str, str | None]) -> IonCustomerFields:
        """From dotted paths. What is missing of the address is ""."""
        parts = fields_of(values)
        return cls(**parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class IonCustomer(IonCustomerFields):
    """A customer profile as ION answers it; a text that it leaves out is "". `created`, `updated` are RFC 3339, UTC."""

    id: str
    account: str
    status: str
    uid: str
    created: str
    updated: str

    def fields(self) -> IonCustomerFields:
        """The writable part, as the starting point of a full PUT."""
        return IonCustomerFields(**{one.name: getattr(self, one.name) for one in fields(IonCustomerFields)})


def fields_of(values: Mapping[str, str | None]) -> dict[str, Any]:
    """The arguments of `IonCustomerFields` from dotted paths ("address.zip")."""
    place = {one.name: values.get(f"address.{one.name}") or "" for one in fields(Address)}
    return {path: value for path, value in values.items() if "." not in path} | {"address": Address(**place)}


@dataclass(frozen=True, slots=True)
class CloudProfile:
    """One row of `cloudProfiles`. `enabled` is None when the answer does not tell; ION shows full details only while
    "Enable provider in customer portal" is on, so an empty text is *not visible*, never *absent*."""

    __pydantic_config__ = CAMEL
    provider_id: Text = ""
    display_name: Text = ""
    enabled: Flag = None
    tenant_id: Annotated[Lower, Field(alias="customerTenantId")] = ""
    domain: Annotated[Lower, Field(alias="customerDomain")] = ""
    agreement_status: Text = ""
    gdap_status: Text = ""
    short_name: Text = ""

    @property
    def is_microsoft(self) -> bool:
        return self.provider_id == MICROSOFT_PROVIDER_ID


@dataclass(frozen=True, slots=True)
class LegacyAgreement:
    """One entry of `agreements[]` of the deprecated singular cloudProfile. Personal data: never print it whole."""

    __pydantic_config__ = CAMEL
    first_name: Text = ""
    last_name: Text = ""
    email: Text = ""
    phone_number: Text = ""
    template_id: Text = ""
    date_agreed: Day = None
    type: Text = ""
    link: Annotated[Text, Field(alias="agreementLink")] = ""


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
