"""What customer and connection files share: the strict base model, persons, addresses, confirmations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, model_validator

from schemas.kinds.normal import COMPOSED, composed
from schemas.model import values as v
from schemas.model.traits import CaseInsensitive, ComparedAs, OnIon, OnPartnerCenter, Unmanaged


class Declared(BaseModel):
    """Base of every declared thing: unknown keys are errors, texts are NFC, instances do not change."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, populate_by_name=True, str_strip_whitespace=True, defer_build=True
    )

    @model_validator(mode="before")
    @classmethod
    def _composed(cls, data: Any, info: ValidationInfo) -> Any:
        """Texts in NFC, whoever wrote them: files, old states."""
        return data if info.context is COMPOSED else composed(data)


class Address(Declared):
    """A postal address within Microsoft's limits, because the same address makes the tenant."""

    street: Annotated[v.AddressLine, ComparedAs("spaces"), OnIon("street"), OnPartnerCenter(("address.address_line1",))]
    """Street and number, at most 200 characters."""
    suite: Annotated[
        v.AddressLine | None,
        Unmanaged(),
        ComparedAs("spaces"),
        OnIon("suite", optional=True),
        OnPartnerCenter(("address.address_line2",)),
    ] = None
    """Suite, floor or building, at most 200 characters."""
    city: Annotated[v.Text, ComparedAs("spaces"), OnIon("city"), OnPartnerCenter(("address.city",))]
    """City."""
    state: Annotated[
        v.Text | None,
        Unmanaged(),
        CaseInsensitive(),
        ComparedAs("state"),
        OnIon("state"),
        OnPartnerCenter(("address.state", "address.region")),
    ] = None
    """State, province, emirate ..., by code or name ("WA", "Washington"). Left out where the country has none."""
    zip: Annotated[
        v.Text | None,
        Unmanaged(),
        ComparedAs("postal_code"),
        OnIon("zip"),
        OnPartnerCenter(("address.postal_code",)),
    ] = None
    """Postal code, quoted ("98052"). Left out where the country has none."""
    country: Annotated[v.Country, ComparedAs("country"), OnIon("country"), OnPartnerCenter(("address.country",))]
    """Country, by code (ISO 3166-1) or English name ("SE", "Sweden")."""


class Person(Declared):
    """A person of the customer."""

    first_name: Annotated[v.PersonName, OnPartnerCenter(("first_name", "address.first_name"))]
    """First name, at most 50 characters."""
    last_name: Annotated[v.PersonName, OnPartnerCenter(("last_name", "address.last_name"))]
    """Last name, at most 50 characters."""
    email: Annotated[v.Email, CaseInsensitive(), ComparedAs("email"), OnPartnerCenter(("email",))]
    """E-mail address."""
    phone: Annotated[v.Phone | None, Unmanaged(), ComparedAs("phone"), OnPartnerCenter(("address.phone_number",))] = (
        None
    )
    """Phone number, quoted, best with + and country code ("+1 425 555 0101")."""


class Confirmation(Declared):
    """A person's statement for what no API shows, bound to the values that were true when it was made."""

    fields: Annotated[tuple[str, ...], Field(min_length=1)]
    """What is confirmed."""
    by: v.Text
    """Who confirms it."""
    on: v.Date
    """The day it was looked at (YYYY-MM-DD)."""
    ref: v.Text | None = None
    """Where the evidence is (ticket number, screenshot)."""
    values: Mapping[str, str] = {}
    """The confirmed values; a field whose declared value differs from the one here is no longer confirmed."""
    also: tuple[Confirmation, ...] = ()
    """Confirmations of other fields that another person gave, or on another day."""

    def of(self, field: str, value: str | None) -> Confirmation | None:
        """The confirmation that covers ``field`` at its declared ``value``, or None (not confirmed, or voided)."""
        for one in (self, *self.also):
            if field in one.fields and value is not None and one.values.get(field) == value:
                return one
        return None
