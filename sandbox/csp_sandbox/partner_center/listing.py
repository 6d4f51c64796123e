"""GET /v1/customers: pages by seek, filters by prefix.

Source: partner-center-api.md 2.5, 12 (rows 2.5). A page costs what it shows; only a filter by a short prefix walks
the list.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator

from pydantic import BaseModel, Field

from csp_sandbox import microsoft
from csp_sandbox.ledger import rule, switch
from csp_sandbox.model import Relationship, Tenant
from csp_sandbox.partner_center import errors, views
from csp_sandbox.partner_center.system import caller, operation
from csp_sandbox.web import Answer, Call

LIST = rule(
    "pc.customers.list",
    "Related customers in order of creation, at most 500 a page; new ones appear after the lag.",
    source="partner-center-api.md 2.5, 6.5",
)
PAGES = rule(
    "pc.customers.list.pages",
    "links.next names the uri and the MS-ContinuationToken header to send with it.",
    source="partner-center-api.md 2.5",
)
BAD_TOKEN = rule(
    "pc.customers.list.bad-token",
    "A continuation token that is not ours: 400, code 2000.",
    source="partner-center-api.md 2.5",
    confidence="inferred",
)
BAD_FILTER = rule(
    "pc.customers.list.bad-filter",
    "An unknown field or operator in the filter: 400, code 2000.",
    source="partner-center-api.md 2.10",
)
RESELLER_FILTER = rule(
    "pc.customers.list.reseller-filter",
    "The IndirectReseller filter with an app-only token: 403, code 900329.",
    source="partner-center-api.md 1.7",
)
NEXT_URI = switch(
    "pc.customers.list.next-uri",
    "Whether links.next.uri begins with /v1.",
    source="partner-center-api.md 2.5",
    choices={"plain": "/customers?...", "versioned": "/v1/customers?..."},
    default="plain",
    strict="versioned",
)
LARGEST = 500
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
    seekOperation: str = ""  # noqa: N815


@operation("customers.list", "GET", "/customers", rule=LIST, query=ListQuery, refusals=(400, 429))
def list_customers(call: Call) -> Answer:
    """A page of customers."""
    token = call.headers.get("ms-continuationtoken", "")
    if token and call.query.get("seekOperation", "next").lower() in ("next", "0", ""):
        after, size, wish = _resume(token)
    else:
        after, size, wish = 0, _size(call.query.get("size", "")), call.query.get("filter", "")
    field, value = _filter(call, wish)
    items: list[tuple[int, Tenant]] = []
    more = False
    for row, tenant in _matching(call, field, value, after):
        if len(items) == size:
            more = True
            break
        items.append((row.seq, tenant))
    body = views.collection(
        [views.list_item(tenant) for _, tenant in items],
        links={"self": {"uri": "/customers", "method": "GET", "headers": []}},
    )
    if more:
        token = base64.urlsafe_b64encode(json.dumps([items[-1][0], size, wish]).encode()).decode()
        prefix = "/v1" if call.world.choice(NEXT_URI) == "versioned" else ""
        body["links"]["next"] = {
            "uri": f"{prefix}/customers?size={size}&seekOperation=Next",
            "method": "GET",
            "headers": [{"key": "MS-ContinuationToken", "value": token}],
        }
        body["continuationToken"] = token
    return Answer(200, body)


def _size(text: str) -> int:
    if not text:
        return LARGEST
    if not text.isdigit() or len(text) > 9:
        raise errors.invalid("size")
    return min(int(text), LARGEST) or LARGEST


def _resume(token: str) -> tuple[int, int, str]:
    try:
        after, size, wish = json.loads(base64.urlsafe_b64decode(token.encode("ascii", "replace")))
        return int(after), max(1, min(int(size), LARGEST)), str(wish)
    except (ValueError, TypeError, binascii.Error):
        raise errors.shape_a(BAD_TOKEN, 400, 2000, "The continuation token is not valid.") from None


def _filter(call: Call, wish: str) -> tuple[str, str]:
    if not wish:
        return "", ""
    refusal = errors.shape_a(BAD_FILTER, 400, 2000, "The filter is not valid.")
    try:
        parts = {str(key).lower(): value for key, value in json.loads(wish).items()}
    except (ValueError, AttributeError):
        raise refusal from None
    field = _FIELDS.get(str(parts.get("field", "")).lower(), "")
    operator = str(parts.get("operator", "")).replace("_", "").lower()
    if not field or operator != "startswith" or not isinstance(parts.get("value"), str):
        raise refusal
    if field == "reseller" and not caller(call).user:
        raise errors.shape_a(RESELLER_FILTER, 403, 900329, "The resource does not support app-only authentication.")
    return field, parts["value"].casefold()


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
