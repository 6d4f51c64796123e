"""ION v3: customers and cloud profiles. The only writes ION's public API has are create and update of a customer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

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
from clients.wire.shape import ShapeError, day, flag, items, mapping, required_text, text, words
from clients.wire.transport import Answer, AuthorizedTransport, Call, join
from clients.words import PROFILE_STATUSES, UNSPECIFIED
from schemas.kinds.mail_domains import unicode_domain
from schemas.kinds.normal import normal
from schemas.model.fields import ION, RemoteField, nested, value_at

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
            data = mapping(self._get(call).data, "answer")
            found = [
                self._customer(item, f"customers[{n}]")
                for n, item in enumerate(items(data.get("customers"), "customers"))
            ]
            return found, text(data, "nextPageToken")

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
        return self._shaped("customers.get", lambda: self._customer(mapping(answer.data, "answer"), "answer"))

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

        def read() -> list[CloudProfile]:
            data = mapping(answer.data, "answer")
            rows = items(data.get("customerCloudProfiles"), "customerCloudProfiles")
            return [_profile(row, f"customerCloudProfiles[{number}]") for number, row in enumerate(rows)]

        return self._shaped("cloudProfiles.get", read)

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
        return self._shaped("cloudProfile.get", lambda: _legacy(mapping(answer.data, "answer")))

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

        def read() -> str | None:
            for number, plan in enumerate(items(mapping(answer.data, "answer").get("plans"), "plans")):
                if currency := text(plan, "pricebookCurrency", f"plans[{number}]"):
                    return currency.upper()
            return None

        return self._shaped("products.pricing", read)

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
            data = mapping(answer.data, "answer")
            user = data.get("user")
            if isinstance(user, dict) and isinstance(user.get("password"), str):
                SECRETS.add(user["password"])
            return self._customer(data, "answer")
        except ShapeError as error:
            # It was done, only we cannot read what: a look-up decides, never a second write.
            raise UnknownOutcome(replace(_shape_problem(call.operation, error), status=answer.status)) from None

    def _customer(self, data: Mapping[str, Any], where: str) -> IonCustomer:
        name = required_text(data, "name", where)
        match = _NAME.fullmatch(name)
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
            **fields_of({field.path: _held(data, field, where) for field in ION}),
            id=match.group(2),
            account=match.group(1),
            status=text(data, "customerStatus", where),
            uid=text(data, "uid", where),
            created=text(data, "createTime", where),
            updated=text(data, "updateTime", where),
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


def _held(data: Mapping[str, Any], field: RemoteField, where: str) -> str | None:
    """The text of a field of a customer. None: an answer without a member that no page names tells nothing of it."""
    parent, _, member = field.name.rpartition(".")
    if parent:
        data, where = mapping(data.get(parent), f"{where}.{parent}"), parent
    return text(data, member, where) if field.documented or member in data else None


def _body(fields: IonCustomerFields) -> dict[str, Any]:
    """The full body. An optional member that is empty is left out."""
    values = [(field, value_at(fields, field.path)) for field in ION]
    return nested((field.name, text) for field, text in values if text or not field.optional)


def _profile(row: Mapping[str, Any], where: str) -> CloudProfile:
    return CloudProfile(
        provider_id=text(row, "providerId", where),
        display_name=text(row, "displayName", where) or text(row, "shortName", where),
        enabled=flag(row, "enabled", where),
        tenant_id=text(row, "customerTenantId", where).lower(),
        domain=text(row, "customerDomain", where).lower(),
        agreement_status=text(row, "agreementStatus", where),
        gdap_status=text(row, "gdapStatus", where),
        raw=dict(row),
    )


def _legacy(data: Mapping[str, Any]) -> LegacyProfile:
    company = mapping(data.get("companyProfile"), "companyProfile")
    billing = mapping(data.get("billingProfile"), "billingProfile")
    return LegacyProfile(
        tenant_id=text(company, "tenantId", "companyProfile").lower(),
        domain=text(company, "domain", "companyProfile").lower(),
        custom_domains=words(data, "customDomains"),
        company_name=text(company, "companyName", "companyProfile"),
        culture=text(billing, "culture", "billingProfile"),
        agreement_status=text(data, "agreementStatus"),
        agreements=tuple(
            LegacyAgreement(
                first_name=text(entry, "firstName", where),
                last_name=text(entry, "lastName", where),
                email=text(entry, "email", where),
                phone_number=text(entry, "phoneNumber", where),
                template_id=text(entry, "templateId", where),
                date_agreed=day(entry, "dateAgreed", where),
                type=text(entry, "type", where),
                link=text(entry, "agreementLink", where),
            )
            for where, entry in (
                (f"agreements[{number}]", entry)
                for number, entry in enumerate(items(data.get("agreements"), "agreements"))
            )
        ),
    )
