"""ION v3: customers and cloud profiles. The only writes ION's public API has are create and update of a customer."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar

from pydantic import BaseModel, Field, create_model

from clients.errors import ClientError, NotFound, OurBug, Problem, UnknownOutcome, WrongAccount
from clients.ion.errors import RULES, describe
from clients.ion.models import (
    MICROSOFT_PROVIDER_ID,
    CloudProfile,
    IonCustomer,
    IonCustomerFields,
    LegacyAgreement,
    LegacyProfile,
    fields_of,
)
from clients.redact import SECRETS
from clients.wire.listing import read_all
from clients.wire.rules import classify
from clients.wire.shape import CAMEL, Items, Lower, Needed, Part, Rows, ShapeError, Text, Words, read, rows
from clients.wire.transport import Answer, AuthorizedTransport, Call, join
from clients.words import PROFILE_STATUSES, UNSPECIFIED
from schemas.dotted import nested, value_at
from schemas.kinds.mail_domains import unicode_domain
from schemas.kinds.normal import normal
from schemas.model.fields import ION

_PAGE_SIZE = "500"
# Microsoft 365 Business Basic: a product that every Microsoft pricebook holds; asking for its price buys nothing.
_PROBE = "CFQ7TTC0LH18"
_NAME = re.compile(r"accounts/([^/]+)/customers/([^/]+)")
T = TypeVar("T")


class IonClient:
    """One ION account. Thread-safe."""

    def __init__(self, base_url: str, account: str, transport: AuthorizedTransport) -> None:
        self.account = account
        self._transport = transport
        self._root = join(base_url, "api", "v3", "accounts", account)

    # --- customers

    def customers(self, *, status: str = "ACTIVE", email: str = "") -> list[IonCustomer]:
        """All customers of one status, complete or an error. `filter.customerStatus` is always sent: without it the
        vendor warns of wrong results, and how filters match is not stated, so every hit is checked again here.

        UNSPECIFIED is also ION's word for "no filter": it gives those whose status is neither of the other two."""
        query = {"pageSize": _PAGE_SIZE, "filter.customerStatus": status}
        if email:
            query["filter.customerEmail"] = email

        def page(token: str) -> tuple[list[IonCustomer], str]:
            call = Call(
                "customers.list",
                "GET",
                self._url("customers"),
                params={**query, **({"pageToken": token} if token else {})},
            )
            data = read(_Page, self._get(call).data)
            found = [self._customer(item, f"customers[{n}]") for n, item in enumerate(data.customers)]
            return found, data.next_page_token

        def again(customer_id: str) -> IonCustomer | None:
            try:
                return self.customer(customer_id)
            except NotFound:
                return None

        found = self._shaped("customers.list", lambda: read_all(page, key=lambda customer: customer.id, again=again))
        return [
            customer
            for customer in found
            if _of_status(customer.status, status) and (not email or same_email(customer.email, email))
        ]

    def find_by_email(self, email: str) -> IonCustomer | None:
        """The customer with this e-mail, ACTIVE before all others; None when this account shows none."""
        local, _, domain = email.rpartition("@")
        # ION may hold the domain in either form, and how its filter compares is not stated.
        spellings = dict.fromkeys((email, f"{local}@{unicode_domain(domain)}"))
        for status in PROFILE_STATUSES:
            for spelling in spellings:
                for customer in self.customers(status=status, email=spelling):
                    return customer
        return None

    def customer(self, customer_id: str) -> IonCustomer:
        """Raises NotFound."""
        answer = self._get(
            Call("customers.get", "GET", self._url("customers", customer_id), scope=self._scope(customer_id))
        )
        return self._shaped("customers.get", lambda: self._customer(answer.data, "answer"))

    def create_customer(self, fields: IonCustomerFields) -> IonCustomer:
        """Not idempotent: look up by e-mail first, and again after UnknownOutcome. The portal user's password in the
        answer is dropped: the way in is "Forgot password"."""
        call = Call("customers.create", "POST", self._url("customers"), write=True, json=_body(fields))
        return self._written(call)

    def update_customer(self, customer_id: str, fields: IonCustomerFields) -> IonCustomer:
        """A full PUT; build `fields` from a fresh `customer(...)`, or unmanaged members may be cleared."""
        call = Call(
            "customers.update",
            "PUT",
            self._url("customers", customer_id),
            write=True,
            json=_body(fields),
            scope=self._scope(customer_id),
        )
        try:
            return self._written(call)
        except OurBug as error:
            if error.problem.code == "ALREADY_EXISTS":  # "no changes found" (2.6): what we want is already there
                return self.customer(customer_id)
            raise

    # --- what ION shows of the Microsoft side

    def cloud_profiles(self, customer_id: str) -> list[CloudProfile]:
        """Rows of Cloud Providers as far as ION shows them. An empty list is *not visible*, not *absent*."""
        call = Call(
            "cloudProfiles.get",
            "GET",
            self._url("customers", customer_id, "cloudProfiles"),
            scope=self._scope(customer_id),
        )
        answer = self._get(call)

        def profiles() -> list[CloudProfile]:
            found = read(_Profiles, answer.data).customer_cloud_profiles
            return list(rows(CloudProfile, found, "customerCloudProfiles"))

        return self._shaped("cloudProfiles.get", profiles)

    def agreement_evidence(self, customer_id: str) -> LegacyProfile | None:
        """The deprecated singular cloudProfile; None where it does not answer. Evidence, never the only path."""
        call = Call(
            "cloudProfile.get",
            "GET",
            self._url("customers", customer_id, "cloudProfile"),
            params={"providerId": MICROSOFT_PROVIDER_ID},
            scope=self._scope(customer_id),
        )
        try:
            answer = self._get(call)
        except ClientError as error:
            if error.problem.status in (400, 403, 404):
                return None
            raise
        return self._shaped("cloudProfile.get", lambda: _legacy(answer.data))

    def price_currency(self, customer_id: str) -> str | None:
        """The currency in which ION serves this customer a price (a read, although a POST); None where no price is
        served. It proves the currency of the pricebook, never its name."""
        call = Call(
            "products.pricing",
            "POST",
            self._url("products:pricing"),
            json={
                "priceBookCustomerId": int(customer_id) if customer_id.isdigit() else customer_id,
                "externalProductWithProvider": [{"provider": "AZURE", "externalProducts": [_PROBE]}],
            },
            # 503 says that there is no pricebook (2.6): an answer, not a reason to try again.
            expected=frozenset((400, 403, 404, 412, 501, 503)),
            scope=self._scope(customer_id),
        )
        answer = self._get(call)
        if not answer.ok:
            return None

        def currency() -> str | None:
            named = (plan.pricebook_currency for plan in read(_Prices, answer.data).plans)
            return next((one.upper() for one in named if one), None)

        return self._shaped("products.pricing", currency)

    # --- inside

    def _url(self, *segments: str) -> str:
        return join(self._root, *segments)

    def _scope(self, customer_id: str) -> str:
        return f"ion-{self.account}-{re.sub(r'[^A-Za-z0-9-]', '_', customer_id)}"

    def _get(self, call: Call) -> Answer:
        answer = self._transport.send(call)
        if answer.ok or answer.status in call.expected:
            return answer
        raise classify(RULES, describe(call, answer))

    def _written(self, call: Call) -> IonCustomer:
        answer = self._get(call)
        try:
            user = answer.data.get("user") if isinstance(answer.data, dict) else None
            if isinstance(user, dict) and isinstance(user.get("password"), str):
                SECRETS.add(user["password"])
            return self._customer(answer.data, "answer")
        except ShapeError as error:
            # It was done, only we cannot read what: a look-up decides, never a second write.
            raise UnknownOutcome(replace(_shape_problem(call.operation, error), status=answer.status)) from None

    def _customer(self, data: object, where: str) -> IonCustomer:
        found: Any = read(_customer_body(), data, where)
        match = _NAME.fullmatch(found.name)
        if match is None:
            raise ShapeError(f"{where}.name is not accounts/ACCOUNT/customers/CUSTOMER")
        if match.group(1) != self.account:
            problem = Problem(
                "ion",
                "customers",
                None,
                "other-account",
                f"the answer is of account {match.group(1)}, not {self.account}",
            )
            raise WrongAccount(problem)
        return IonCustomer(
            **fields_of({one.path: attrgetter(one.name)(found) for one in ION}),
            id=match.group(2),
            account=match.group(1),
            status=found.customerStatus,
            uid=found.uid,
            created=found.createTime,
            updated=found.updateTime,
        )

    @staticmethod
    def _shaped(operation: str, read: Callable[[], T]) -> T:
        try:
            return read()
        except ShapeError as error:
            raise OurBug(_shape_problem(operation, error)) from None


def same_email(one: str, other: str) -> bool:
    """Mail servers may tell local parts apart by case, ION's uniqueness does not seem to; we never treat two spellings
    as two customers."""
    return normal("email", one) == normal("email", other)


def _of_status(word: str, status: str) -> bool:
    if status == UNSPECIFIED:
        return word.upper() not in PROFILE_STATUSES[:2]
    return word.upper() == status.upper()


def _shape_problem(operation: str, error: ShapeError) -> Problem:
    return Problem("ion", operation, None, "bad-answer", f"the answer does not have the documented shape: {error}")


@dataclass(frozen=True)
class _Page:
    """A page of customers."""

    __pydantic_config__ = CAMEL
    customers: Items = field(default_factory=list)
    next_page_token: Text = ""


@dataclass(frozen=True)
class _Profiles:
    __pydantic_config__ = CAMEL
    customer_cloud_profiles: Items = field(default_factory=list)


@dataclass(frozen=True)
class _Plan:
    __pydantic_config__ = CAMEL
    pricebook_currency: Text = ""


@dataclass(frozen=True)
class _Prices:
    plans: Rows[_Plan] = ()


@dataclass(frozen=True)
class _Company:
    __pydantic_config__ = CAMEL
    tenant_id: Lower = ""
    domain: Lower = ""
    company_name: Text = ""


@dataclass(frozen=True)
class _Billing:
    culture: Text = ""


@dataclass(frozen=True)
class _Legacy:
    """The deprecated cloudProfile."""

    __pydantic_config__ = CAMEL
    company_profile: Part[_Company] = _Company()
    billing_profile: Part[_Billing] = _Billing()
    custom_domains: Words = ()
    agreement_status: Text = ""
    agreements: Rows[LegacyAgreement] = ()


@cache
def _customer_body() -> type[BaseModel]:
    """A customer of an answer: what identifies it, and the fields of the catalogue as ION nests them."""
    groups: dict[str, dict[str, Any]] = {}
    for one in ION:
        parent, _, member = one.name.rpartition(".")
        # An answer without a member that no page names tells nothing of it.
        groups.setdefault(parent, {})[member] = (Text, "" if one.documented else None)
    top: dict[str, Any] = {
        "name": (Needed, ...),
        **dict.fromkeys(("customerStatus", "uid", "createTime", "updateTime"), (Text, "")),
    }
    for parent, members in groups.items():
        if parent:
            made = create_model(parent, **members)
            top[parent] = (Part[made], Field(default_factory=made))
    body: type[BaseModel] = create_model("Customer", **groups.get("", {}), **top)
    return body


def _body(fields: IonCustomerFields) -> dict[str, Any]:
    """The full body. An optional member that is empty is left out."""
    values = [(one, value_at(fields, one.path)) for one in ION]
    return nested((one.name, text) for one, text in values if text or not one.optional)


def _legacy(data: object) -> LegacyProfile:
    found = read(_Legacy, data, "")
    company = found.company_profile
    return LegacyProfile(
        tenant_id=company.tenant_id,
        domain=company.domain,
        custom_domains=found.custom_domains,
        company_name=company.company_name,
        culture=found.billing_profile.culture,
        agreement_status=found.agreement_status,
        agreements=found.agreements,
    )
