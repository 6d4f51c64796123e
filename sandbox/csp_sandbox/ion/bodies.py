"""Shapes of ION's requests and answers, for the OpenAPI document. Source: ion.md 1 to 5."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model


class Shape(BaseModel):
    """An answer: nothing that is not listed."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class Loose(BaseModel):
    """A request: unknown members are ignored."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)


#: A required text: blank counts as missing.
Text = Annotated[str, Field(pattern=r"\S")]


class TokenForm(Loose):
    """Form of /oauth/token."""

    grant_type: str = "refresh_token"
    refresh_token: str


class ValidateForm(Loose):
    """Form of /oauth/validateAccess."""

    access_token: str


class Tokens(Shape):
    """Answer of /oauth/token."""

    access_token: str
    expires_in: int
    refresh_token: str
    token_type: str


class AccessLife(Shape):
    """Answer of /oauth/validateAccess, in seconds."""

    access_expires_in: int
    refresh_expires_in: int


class AddressShape(Loose):
    """customerAddress."""

    street: Text
    suite: str | None = None
    city: Text
    state: Text
    zip: Text
    country: Text


#: Members of a customer that a body may leave out: ours -> ION's.
EXTRAS = {"title": "customerTitle", "phone": "customerPhone", "website": "customerWebsite"}
#: Those that no page of ION names: the switch `ion.customers.undocumented` decides.
UNDOCUMENTED = ("website",)

_Extras: Any = {name: (str | None, Field(default=None, alias=member)) for name, member in EXTRAS.items()}
_Shown: Any = {
    name: (str, Field(default="", alias=member)) if name in UNDOCUMENTED else (str, Field(alias=member))
    for name, member in EXTRAS.items()
}
_BodyExtras = create_model("_BodyExtras", __base__=Loose, **_Extras)
_CustomerExtras = create_model("_CustomerExtras", __base__=Shape, **_Shown)


class CustomerBody(_BodyExtras):
    """Body of create and update."""

    customer_organization: Text = Field(alias="customerOrganization")
    customer_address: AddressShape = Field(alias="customerAddress")
    customer_name: Text = Field(alias="customerName")
    customer_email: Text = Field(alias="customerEmail")
    language_code: Literal["EN", "FR", "DE", "SE"] = Field(alias="languageCode", description="Others: CUS-CR-002")


class AddressAnswer(Shape):
    """customerAddress as it comes back."""

    street: str
    suite: str
    city: str
    state: str
    zip: str
    country: str


class Customer(_CustomerExtras):
    """A customer; ``name`` is accounts/A/customers/C, there is no id field."""

    name: str
    customer_organization: str = Field(alias="customerOrganization")
    customer_address: AddressAnswer = Field(alias="customerAddress")
    customer_name: str = Field(alias="customerName")
    customer_email: str = Field(alias="customerEmail")
    create_time: str = Field(alias="createTime")
    update_time: str = Field(alias="updateTime")
    language_code: str = Field(alias="languageCode")
    uid: str
    customer_status: str = Field(alias="customerStatus")


class DefaultUser(Shape):
    """The portal user that a create makes; the password is in this answer only."""

    name: str
    user_name: str = Field(alias="userName")
    email: str
    user_status: str = Field(alias="userStatus")
    password: str
    create_time: str = Field(alias="createTime")
    update_time: str = Field(alias="updateTime")


class CreatedCustomer(Customer):
    """Answer of create."""

    user: DefaultUser


class CustomerPage(Shape):
    """Answer of list; the last page has an empty token."""

    customers: list[Customer]
    next_page_token: str = Field(alias="nextPageToken")


class ListQuery(Loose):
    """Query of list."""

    page_size: int | None = Field(default=None, alias="pageSize", ge=1, le=1000)
    page_token: str | None = Field(default=None, alias="pageToken")
    email: str | None = Field(default=None, alias="filter.customerEmail")
    name: str | None = Field(default=None, alias="filter.customerName")
    language: str | None = Field(default=None, alias="filter.languageCode")
    status: Literal["CUSTOMER_STATUS_UNSPECIFIED", "ACTIVE", "INACTIVE"] | None = Field(
        default=None, alias="filter.customerStatus"
    )


class ProfilesQuery(Loose):
    """Query of cloudProfiles."""

    provider_id: str | None = Field(default=None, alias="providerId")
    enabled_only: bool | None = Field(default=None, alias="enabledOnly")


class LegacyQuery(Loose):
    """Query of the deprecated cloudProfile."""

    provider_id: str | None = Field(default=None, alias="providerId")
    refresh: bool | None = None


class Profiles(Shape):
    """Answer of cloudProfiles; which members an entry has depends on the portal toggle."""

    customer_id: str = Field(alias="customerId")
    customer_organization: str = Field(alias="customerOrganization")
    customer_cloud_profiles: list[dict[str, Any]] = Field(alias="customerCloudProfiles")


class ProviderProducts(Loose):
    """Products of one provider."""

    provider: str
    external_products: list[str] = Field(alias="externalProducts")


class PricingBody(Loose):
    """Body of products:pricing."""

    price_book_customer_id: int = Field(alias="priceBookCustomerId")
    external_product_with_provider: list[ProviderProducts] = Field(alias="externalProductWithProvider")


class Pricing(Shape):
    """Answer of products:pricing."""

    plans: list[dict[str, Any]]


class TemplatesQuery(Loose):
    """Query of provisionTemplates."""

    vendor: str | None = None
    action: str | None = None
    provider: str | None = None
