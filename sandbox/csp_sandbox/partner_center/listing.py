"""GET /v1/customers: pages by seek, filters by prefix.

Source: partner-center.md 2.5, 12 (rows 2.5). A page costs what it shows; only a filter by a short prefix, and a
seek that is not Next or First, walk the list.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from pydantic import BaseModel, Field

from csp_sandbox import microsoft
from csp_sandbox.ledger import rule, switch
from csp_sandbox.partner_center import bodies, errors, views
from csp_sandbox.partner_center.system import caller, operation
from csp_sandbox.serving.web import Answer, Call
from csp_sandbox.situation.model import Relationship, Tenant

LIST = rule(
    "pc.customers.list",
    "Related customers in order of creation, at most 500 a page; new ones appear after the lag.",
    source="partner-center.md 2.5, 6.5",
)
PAGES = rule(
    "pc.customers.list.pages",
    "links.next, and links.previous behind the first page, name the uri and the MS-ContinuationToken header to send "
    "with it. The token stands for the page it came with, with its size and filter.",
    source="partner-center.md 2.5",
)
SEEK = rule(
    "pc.customers.list.seek",
    "seekOperation next, previous, first, last or pageIndex (any case, or 0 to 4) moves from the page of the token; "
    "pageIndex counts from 0 and is the number in the query parameter pageIndex. A token alone means next; first, last "
    "and pageIndex need none.",
    source="partner-center.md 2.5, 12 (words and integers); where the number of pageIndex stands is inferred",
    confidence="inferred",
)
BAD_SEEK = rule(
    "pc.customers.list.bad-seek",
    "Another seekOperation, next or previous without a continuation token, or a pageIndex that is no number: 400, code "
    "2000.",
    source="partner-center.md 2.5",
    confidence="inferred",
)
BAD_TOKEN = rule(
    "pc.customers.list.bad-token",
    "A continuation token that is not ours: 400, code 2000.",
    source="partner-center.md 2.5",
    confidence="inferred",
)
BAD_FILTER = rule(
    "pc.customers.list.bad-filter",
    "An unknown field or operator in the filter: 400, code 2000.",
    source="partner-center.md 2.10",
)
RESELLER_FILTER = rule(
    "pc.customers.list.reseller-filter",
    "The IndirectReseller filter with an app-only token: 403, code 900329.",
    source="partner-center.md 1.7",
)
NEXT_URI = switch(
    "pc.customers.list.next-uri",
    "Whether links.next.uri begins with /v1.",
    source="partner-center.md 2.5",
    choices={"plain": "/customers?...", "versioned": "/v1/customers?..."},
    default="plain",
    strict="versioned",
)
LARGEST = 500
_SEEKS = ("next", "previous", "first", "last", "pageindex")
_FIELDS = {
    "companyname": "name",
    "displayname": "name",
    "domain": "domain",
    "defaultdomainname": "domain",
    "indirectreseller": "reseller",
}


class ListQuery(BaseModel):
    """Query of the list."""

    size: int = Field(default=0, ge=0, description="0 is the server's default, 500")
    filter: str = Field(default="", description='{"Field": ..., "Value": ..., "Operator": "starts_with"}')
    seekOperation: str = Field(default="", description="next, previous, first, last, pageIndex; or 0 to 4")  # noqa: N815
    pageIndex: int = Field(default=0, ge=0, description="With seekOperation=pageIndex: counts from 0")  # noqa: N815


@dataclass(frozen=True, slots=True)
class _Page:
    """What a continuation token stands for: a page by the sequence numbers of its first and last customer."""

    first: int
    last: int
    size: int
    wish: str

    def token(self) -> str:
        return base64.urlsafe_b64encode(json.dumps([self.first, self.last, self.size, self.wish]).encode()).decode()


Rows = list[tuple[Relationship, Tenant]]


@operation("customers.list", "GET", "/customers", rule=LIST, query=ListQuery, refusals=(400, 429))
def list_customers(call: Call) -> Answer:
    """A page of customers."""
    token = call.headers.get("ms-continuationtoken", "")
    seek = _seek(call)
    at = _resume(token) if token else None
    if at is None and seek in ("next", "previous"):
        raise errors.shape_a(BAD_SEEK, 400, 2000, "The continuation token is missing.")
    size = at.size if at else _size(call.query.get("size", ""))
    wish = at.wish if at else call.query.get("filter", "")
    field, value = _filter(call, wish)
    if seek in ("", "next", "first"):
        after = at.last if at and seek != "first" else 0
        rows: Rows = list(islice(_matching(call, field, value, after), size + 1))
        before, more = after > 0, len(rows) > size
        rows = rows[:size]
    else:
        every = list(_matching(call, field, value, 0))
        start, end = _cut(call, seek, every, size, at)
        rows, before, more = every[start:end], start > 0, end < len(every)
    body = views.collection(
        [views.list_item(tenant) for _, tenant in rows],
        links={"self": {"uri": "/customers", "method": "GET", "headers": []}},
    )
    if rows:
        token = _Page(rows[0][0].seq, rows[-1][0].seq, size, wish).token()
        if before:
            body["links"]["previous"] = _link(call, "Previous", size, token)
        if more:
            body["links"]["next"] = _link(call, "Next", size, token)
            body["continuationToken"] = token
    return Answer(200, body)


def _link(call: Call, seek: str, size: int, token: str) -> dict[str, object]:
    prefix = "/v1" if call.world.choice(NEXT_URI) == "versioned" else ""
    return {
        "uri": f"{prefix}/customers?size={size}&seekOperation={seek}",
        "method": "GET",
        "headers": [{"key": "MS-ContinuationToken", "value": token}],
    }


def _seek(call: Call) -> str:
    """The wished move in lower case, "" when none is named. Raises the refusal of an unknown one."""
    wish = next((text for name, text in call.query.items() if name.lower() == "seekoperation"), "").strip().lower()
    if wish.isdigit() and int(wish) < len(_SEEKS):
        wish = _SEEKS[int(wish)]
    if wish and wish not in _SEEKS:
        raise errors.shape_a(BAD_SEEK, 400, 2000, f"The seek operation '{wish}' is not valid.")
    return wish


def _cut(call: Call, seek: str, every: Rows, size: int, at: _Page | None) -> tuple[int, int]:
    """Start and end of the wished page in the whole list; never beyond its end."""
    if seek == "last":
        start = max(0, len(every) - 1) // size * size
    elif seek == "pageindex":
        number = call.query.get("pageIndex", "0")
        if not (number.isascii() and number.isdigit() and len(number) < 10):
            raise errors.shape_a(BAD_SEEK, 400, 2000, "The page index is not valid.")
        start = int(number) * size
    else:  # previous: the customers that stood before the page of the token
        assert at is not None
        end = sum(row.seq < at.first for row, _ in every)
        return max(0, end - size), end
    return min(start, len(every)), min(start + size, len(every))


def _size(text: str) -> int:
    if not text:
        return LARGEST
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise errors.invalid("size")
    return min(int(text), LARGEST) or LARGEST


def _resume(token: str) -> _Page:
    try:
        first, last, size, wish = json.loads(base64.urlsafe_b64decode(token.encode("ascii", "replace")))
        return _Page(int(first), int(last), max(1, min(int(size), LARGEST)), str(wish))
    except (ValueError, TypeError, binascii.Error):
        raise errors.shape_a(BAD_TOKEN, 400, 2000, "The continuation token is not valid.") from None


def _filter(call: Call, wish: str) -> tuple[str, str]:
    if not wish:
        return "", ""
    refusal = errors.shape_a(BAD_FILTER, 400, 2000, "The filter is not valid.")
    named, operator, value = bodies.field_filter(wish) or ("", "", "")
    field = _FIELDS.get(named, "")
    if not field or operator != "startswith":
        raise refusal
    if field == "reseller" and not caller(call).user:
        raise errors.shape_a(RESELLER_FILTER, 403, 900329, "The resource does not support app-only authentication.")
    return field, value


def _matching(call: Call, field: str, value: str, after: int) -> Iterator[tuple[Relationship, Tenant]]:
    store, now, provider = call.world.store, call.world.clock.now(), caller(call).tenant
    if field == "domain" and value.endswith(".onmicrosoft.com"):
        # A complete initial domain: nothing else can begin with it, so the index answers.
        found = store.tenants.first("domain", value)
        row = microsoft.relationship(store, found.id, provider) if found else None
        rows: Iterator[Relationship] = iter([row] if row and row.seq > after else [])
    elif field == "reseller":
        rows = (row for row in store.relationships.after("reseller", value, after) if row.provider_tenant == provider)
    else:
        rows = store.relationships.after("provider", provider, after)
    for row in rows:
        tenant = store.tenants.get(row.tenant_id)
        if tenant is None or not microsoft.is_visible(tenant, now):
            continue
        if field == "name" and not tenant.company_name.casefold().startswith(value):
            continue
        if field == "domain" and not tenant.initial_domain.casefold().startswith(value):
            continue
        yield row, tenant
