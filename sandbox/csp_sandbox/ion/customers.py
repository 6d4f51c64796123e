"""ION's customer profiles: list, create, get, full PUT. Source: ion.md 2."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from typing import Any

from csp_sandbox.ion.bodies import (
    EXTRAS,
    UNDOCUMENTED,
    CreatedCustomer,
    Customer,
    CustomerBody,
    CustomerPage,
    ListQuery,
)
from csp_sandbox.ion.system import (
    INVALID,
    INVALID_ARGUMENT,
    ION,
    IonRefusal,
    account_of,
    customer_of,
    object_of,
    text_of,
    wrong_type,
)
from csp_sandbox.ledger import rule, switch
from csp_sandbox.serving.web import Answer, Call, RefusalError
from csp_sandbox.situation.clock import rfc3339
from csp_sandbox.situation.model import Address, IonCustomer

MAX_PAGE = 1_000
_STATUSES = ("CUSTOMER_STATUS_UNSPECIFIED", "ACTIVE", "INACTIVE")
#: Codes seen in the vendor's samples (EN, SE for Sweden) and the languages ION's console is known in.
LANGUAGES = frozenset(
    ("EN", "FR", "DE", "ES", "IT", "NL", "PT", "SE", "SV", "DA", "DK", "NO", "FI", "PL", "CS", "JA", "KO", "ZH")
)

# required members of a body: name in the body, name that errors use (ion 2.6)
_REQUIRED = (
    ("customerOrganization", "orgName"),
    ("customerName", "primaryContactName"),
    ("customerEmail", "primaryContactEmail"),
    ("languageCode", "languageCode"),
)
_REQUIRED_ADDRESS = ("street", "city", "state", "zip", "country")
_MAY_BE_EMPTY = ("state", "zip")  # where the country has no such part

EMAIL_IN_USE = IonRefusal(
    rule(
        "ion.error.CUS-CR-001",
        "customerEmail is unique in the whole of ION, also across resellers: 412.",
        source="ion 2.6, 2.7",
    ),
    412,
    "FAILED_PRECONDITION",
    "The provided primaryContactEmail is already in use, please provide a different email.",
    referenceEntity="primaryContactEmail",
    code="CUS-CR-001",
)
_LANGUAGE = IonRefusal(
    rule(
        "ion.error.CUS-CR-002",
        "An unknown languageCode: 412. The list of valid codes is not published.",
        source="ion 2.6",
    ),
    412,
    "FAILED_PRECONDITION",
    "The provided language code is not valid",
    referenceEntity="languageCode",
    code="CUS-CR-002",
)
_UPDATE_INCOMPLETE = IonRefusal(
    rule(
        "ion.customers.update.incomplete", "An update without orgName: HTTP 404 whose body says 400.", source="ion 2.6"
    ),
    404,
    "INVALID_REQUEST",
    "must have required property '{}'",
    body_code=400,
)
_NO_CHANGE = IonRefusal(
    rule(
        "ion.error.no-change",
        "409 ALREADY_EXISTS is defined, attached to no operation.",
        source="ion 2.6",
        confidence="inferred",
    ),
    409,
    "ALREADY_EXISTS",
    "no changes found",
)
UNCHANGED = switch(
    "ion.customers.update.unchanged",
    "A PUT that changes nothing.",
    source="ion 2.6",
    choices={"accepted": "200, updateTime stays", "refused": "409 no changes found"},
    default="accepted",
    strict="refused",
)
OMITTED = switch(
    "ion.customers.update.omitted",
    "Optional members that a PUT leaves out.",
    source="ion 2.7, U7",
    choices={"cleared": "become empty", "kept": "stay as they were"},
    default="cleared",
    strict="cleared",
)
EMPTY_PART = switch(
    "ion.customers.empty-address-part",
    "An empty state or zip, for a country that has none. A body without the member is refused in any case.",
    source="ion 2.2 marks both as required; no text speaks of countries without them",
    choices={"accepted": "kept empty", "refused": "400 must have required property"},
    default="accepted",
    strict="refused",
)
MATCHING = switch(
    "ion.customers.list.matching",
    "How filter.customerEmail and filter.customerName match.",
    source="ion 2.1, U8",
    choices={"exact": "the whole text, any case", "partial": "any part, any case"},
    default="exact",
    strict="partial",
)
UNFILTERED = switch(
    "ion.customers.list.no-status",
    "A filter without a valid filter.customerStatus (the vendor warns of unexpected results).",
    source="ion 2.1",
    choices={"all": "customers of every status", "nothing": "no customer at all"},
    default="all",
    strict="nothing",
)


UNDOCUMENTED_MEMBERS = switch(
    "ion.customers.undocumented",
    "A member of a customer that no page of ION names: customerWebsite.",
    source="ion 2.2, 2.3 list every member that is declared, and not this one",
    choices={"kept": "kept, and shown in answers", "ignored": "ignored, and in no answer"},
    default="kept",
    strict="ignored",
)


def _extras(call: Call) -> dict[str, str]:
    """Optional members that this ION knows: ours -> ION's."""
    ignores = call.world.choice(UNDOCUMENTED_MEMBERS) == "ignored"
    return {name: member for name, member in EXTRAS.items() if not (ignores and name in UNDOCUMENTED)}


def render(call: Call, customer: IonCustomer) -> dict[str, Any]:
    """A customer as v3 shows it."""
    extras = {member: getattr(customer, name) for name, member in _extras(call).items()}
    return {
        "name": f"accounts/{customer.account}/customers/{customer.id}",
        "customerOrganization": customer.organization,
        "customerAddress": customer.address.model_dump(),
        "customerName": customer.name,
        "customerEmail": customer.email,
        **extras,
        "createTime": rfc3339(customer.create_time),
        "updateTime": rfc3339(customer.update_time),
        "languageCode": customer.language,
        "uid": customer.uid,
        "customerStatus": customer.status,
    }


@ION.operation(
    "ion.customers.list",
    "GET",
    "/api/v3/accounts/{account}/customers",
    query=ListQuery,
    answer=CustomerPage,
    refusals=(400, 401, 403),
    rule=rule(
        "ion.customers.list",
        "pageSize or pageToken is required; filters by e-mail, contact name (not company), language, status; "
        "an empty nextPageToken ends the list. Page sizes above 1,000 are cut.",
        source="ion 2.1, 13",
    ),
)
def list_customers(call: Call) -> Answer:
    """One page of customers."""
    query = call.query
    if "pageSize" not in query and not query.get("pageToken"):
        raise INVALID(call, "At least one of page_size and page_token must be present")
    size, after = _page(call, query)
    found: list[IonCustomer] = []
    more = False
    for customer in _matching(call, query, after):
        if len(found) == size:
            more = True
            break
        found.append(customer)
    token = _encode(found[-1].seq, size) if more else ""
    return Answer(200, {"customers": [render(call, customer) for customer in found], "nextPageToken": token})


def _page(call: Call, query: dict[str, str]) -> tuple[int, int]:
    """Page size and the place after which the page starts."""
    size, after = MAX_PAGE, 0
    if query.get("pageToken"):
        try:
            kept = json.loads(base64.urlsafe_b64decode(query["pageToken"].encode("ascii")))
            size, after = int(kept["n"]), int(kept["a"])
        except (ValueError, KeyError, TypeError, binascii.Error):
            raise INVALID_ARGUMENT(call, "page_token is not valid") from None
    if "pageSize" in query:
        text = query["pageSize"]
        if not text.isascii() or not text.isdigit() or not 0 < int(text) < 2**31:
            raise INVALID(call, "page_size must be a positive integer")
        size = int(text)
    return min(size, MAX_PAGE), after


def _encode(seq: int, size: int) -> str:
    return base64.urlsafe_b64encode(json.dumps({"a": seq, "n": size}).encode()).decode()


def _matching(call: Call, query: dict[str, str], after: int) -> Iterator[IonCustomer]:
    table, account = call.world.store.customers, account_of(call).id
    status = query.get("filter.customerStatus", "")
    if status and status not in _STATUSES:
        raise INVALID_ARGUMENT(call, f"'{status}' is not a CustomerStatus")
    wanted = status if status in ("ACTIVE", "INACTIVE") else ""
    email = query.get("filter.customerEmail", "").casefold()
    name = query.get("filter.customerName", "").casefold()
    language = query.get("filter.languageCode", "").casefold()
    if (email or name or language) and not wanted and call.world.choice(UNFILTERED) == "nothing":
        return
    exact = call.world.choice(MATCHING) == "exact"
    if email and exact:
        rows = iter([row for row in table.find("email", email) if row.account == account and row.seq > after])
    elif name and exact:
        rows = iter([row for row in table.find("name", (account, name)) if row.seq > after])
    else:
        rows = table.after("account", (account, wanted) if wanted else account, after)
    for row in rows:
        if wanted and row.status != wanted:
            continue
        if language and row.language.casefold() != language:
            continue
        if (email and email not in row.email.casefold()) or (name and name not in row.name.casefold()):
            continue
        yield row


@ION.operation(
    "ion.customers.create",
    "POST",
    "/api/v3/accounts/{account}/customers",
    body=CustomerBody,
    answer=CreatedCustomer,
    refusals=(400, 401, 403, 412),
    rule=rule(
        "ion.customers.create",
        "Answers 200 with the customer, ACTIVE, and its default portal user whose password is shown this once. "
        "No idempotency key: the e-mail is the natural key. Unknown members are ignored.",
        source="ion 2.2 to 2.7",
    ),
)
def create_customer(call: Call) -> Answer:
    """Create a customer."""
    world, account = call.world, account_of(call)
    fields = _fields(call, None)
    if world.store.customers.first("email", fields["email"].casefold()) is not None:
        world.recorder.count("duplicate_creates")
        raise EMAIL_IN_USE(call)
    now = world.clock.now()
    number = str(world.number("ion-customer", 300_001))
    customer = world.store.customers.put(
        IonCustomer(
            id=number,
            account=account.id,
            create_time=now,
            update_time=now,
            uid=world.secret(f"uid/{number}", 24),
            **fields,
        )
    )
    moment = rfc3339(now)
    user = {
        "name": f"accounts/{account.id}/customers/{number}/users/{number}1",
        "userName": "DEFAULT ACCOUNT USER.",
        "email": customer.email,
        "userStatus": "ACTIVE",
        "password": f"Pw-{world.secret(f'portal-password/{number}', 14)}",
        "createTime": moment,
        "updateTime": moment,
    }
    return Answer(200, {**render(call, customer), "user": user})


@ION.operation(
    "ion.customers.get",
    "GET",
    "/api/v3/accounts/{account}/customers/{customer}",
    answer=Customer,
    refusals=(400, 401, 403, 404),
    rule=rule("ion.customers.get", "Never shows the portal user or a password.", source="ion 2.3, 2.5"),
)
def get_customer(call: Call) -> Answer:
    """One customer."""
    return Answer(200, render(call, customer_of(call)))


@ION.operation(
    "ion.customers.update",
    "PUT",
    "/api/v3/accounts/{account}/customers/{customer}",
    body=CustomerBody,
    answer=Customer,
    refusals=(400, 401, 403, 404, 409, 412),
    rule=rule(
        "ion.customers.update",
        "Full body. The own e-mail may be sent again. customerStatus cannot be set. No etag: the last writer wins.",
        source="ion 2.2, 2.7",
    ),
)
def update_customer(call: Call) -> Answer:
    """Replace a customer's fields."""
    world, customer = call.world, customer_of(call)
    fields = _fields(call, customer)
    holder = world.store.customers.first("email", fields["email"].casefold())
    if holder is not None and holder.id != customer.id:
        raise EMAIL_IN_USE(call)
    if all(getattr(customer, name) == value for name, value in fields.items()):
        if world.choice(UNCHANGED) == "refused":
            raise _NO_CHANGE(call)
        return Answer(200, render(call, customer))
    for name, value in fields.items():
        setattr(customer, name, value)
    customer.update_time = world.clock.now()
    world.store.customers.put(customer)
    return Answer(200, render(call, customer))


def _missing(call: Call, name: str, update: bool) -> RefusalError:
    if update:
        return _UPDATE_INCOMPLETE(call, name)
    return INVALID(call, f"must have required property '{name}'")


def _fields(call: Call, old: IonCustomer | None) -> dict[str, Any]:
    """The record's fields from a body. ``old`` is the customer that an update replaces."""
    body = object_of(call)
    for name, inner in _REQUIRED:
        if not text_of(call, body, name):
            raise _missing(call, inner, old is not None)
    address = body.get("customerAddress")
    if address is None:
        raise _missing(call, "address", old is not None)
    if not isinstance(address, dict):
        raise wrong_type(call, "customerAddress", "object")
    for name in _REQUIRED_ADDRESS:
        empty = name in _MAY_BE_EMPTY and name in address and call.world.choice(EMPTY_PART) == "accepted"
        if not text_of(call, address, name) and not empty:
            raise _missing(call, name, old is not None)
    language = text_of(call, body, "languageCode").upper()
    if language not in LANGUAGES:
        raise _LANGUAGE(call)
    kept = old if old is not None and call.world.choice(OMITTED) == "kept" else None

    def optional(source: dict[str, Any], name: str, before: str) -> str:
        return text_of(call, source, name) if name in source or kept is None else before

    return {
        "organization": text_of(call, body, "customerOrganization"),
        "name": text_of(call, body, "customerName"),
        "email": text_of(call, body, "customerEmail"),
        "language": language,
        **{name: optional(body, member, getattr(kept, name) if kept else "") for name, member in _extras(call).items()},
        "address": Address(
            **{name: text_of(call, address, name) for name in _REQUIRED_ADDRESS},
            suite=optional(address, "suite", kept.address.suite if kept else ""),
        ),
    }
