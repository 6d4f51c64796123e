"""Invitations and resellers.

Source: partner-center.md 4.1, 4.2, 4.5.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from csp_sandbox import links
from csp_sandbox.ledger import rule, switch
from csp_sandbox.partner_center import bodies, errors, views
from csp_sandbox.partner_center.customers import related
from csp_sandbox.partner_center.system import caller, operation
from csp_sandbox.serving.web import Answer, Call
from csp_sandbox.situation.model import Account

REQUEST = rule(
    "pc.relationshiprequests",
    "The invitation link of the partner: the same for every customer, without expiry.",
    source="partner-center.md 4.1, V9",
)
QUERY = switch(
    "pc.relationshiprequests.reseller",
    "Whether indirectResellerId in the query changes the link to the indirect form.",
    source="partner-center.md 4.1, 11 (5)",
    choices={
        "honoured": "the link names reseller, its partner id and the provider",
        "ignored": "the link is the partner's own",
    },
    default="honoured",
    strict="ignored",
)
RESELLERS = rule(
    "pc.relationships.list",
    "The provider's indirect resellers, each once whatever the number of its accounts. The type is PascalCase or "
    "snake_case in the query (or the integer 1 or 2 of the enumeration) and snake_case in the answer.",
    source="partner-center.md 4.5, V17; partner-center.md 16 (9); SWG",
)
NAME_FILTER = rule(
    "pc.relationships.filter",
    "filter keeps those whose Name starts with a text; the operator is starts_with or StartsWith, case does not count.",
    source="partner-center.md 4.5, 12 (row 2.5)",
)
BAD_FILTER = rule(
    "pc.relationships.bad-filter",
    "Another field or operator in the filter: 400, code 2000.",
    source="partner-center.md 4.5",
    confidence="inferred",
)
BAD_TYPE = rule(
    "pc.relationships.bad-type",
    "Another relationship_type: 400, code 2000.",
    source="partner-center.md 4.5",
    confidence="inferred",
)
OF_CUSTOMER = rule(
    "pc.customers.relationships",
    "The resellers of one customer, without state and location.",
    source="partner-center.md 4.5",
)


@operation("relationshiprequests.get", "GET", "/customers/relationshiprequests", rule=REQUEST, auth="user")
def get_relationship_request(call: Call) -> Answer:
    """The link that invites a customer."""
    who = caller(call)
    wanted = call.query.get("indirectResellerId", "").lower()
    reseller = next((a for a in _resellers(call) if a.reseller_tenant.lower() == wanted), None)
    if reseller is not None and call.world.choice(QUERY) == "honoured":
        url = links.invitation_link(reseller)
    else:
        url = links.partner_link(who.tenant)
    return Answer(200, {"url": url, "attributes": {"objectType": "RelationshipRequest"}})


#: Spellings of the two types without case and underscores, and their integers.
_PROVIDER_OF = ("isindirectcloudsolutionproviderof", "2")
_RESELLER_OF = ("isindirectresellerof", "1")


class RelationshipQuery(BaseModel):
    """Query of the list."""

    relationship_type: str
    filter: str = Field(default="", description='{"Field": "Name", "Value": ..., "Operator": "starts_with"}')


@operation(
    "relationships.list",
    "GET",
    "/relationships",
    rule=RESELLERS,
    auth="user",
    query=RelationshipQuery,
    refusals=(400,),
)
def list_relationships(call: Call) -> Answer:
    """Indirect resellers of the provider."""
    kind = call.query.get("relationship_type", "").replace("_", "").lower()
    if kind not in (*_PROVIDER_OF, *_RESELLER_OF):
        raise errors.shape_a(BAD_TYPE, 400, 2000, "The relationship type is not valid.", "PartnerApiServiceControllers")
    start = _name_filter(call)
    # The caller is a provider: it is nobody's reseller, so that list is empty.
    every = _resellers(call) if kind in _PROVIDER_OF else []
    found = [account for account in every if _name(account).casefold().startswith(start)]
    return Answer(
        200, views.collection([_item(account) | {"state": "Active", "location": account.country} for account in found])
    )


@operation(
    "customers.relationships",
    "GET",
    "/customers/{tenant}/relationships",
    rule=OF_CUSTOMER,
    auth="user",
    refusals=(400, 404, 429),
)
def list_customer_relationships(call: Call) -> Answer:
    """Indirect resellers of one customer."""
    _, link = related(call)
    found = [a for a in _resellers(call) if a.reseller_tenant.lower() == (link.reseller_tenant or "").lower()]
    return Answer(200, views.collection([_item(account) for account in found]))


def _name_filter(call: Call) -> str:
    """The beginning of a name in lower case, "" without a filter."""
    wish = call.query.get("filter", "")
    if not wish:
        return ""
    refusal = errors.shape_a(BAD_FILTER, 400, 2000, "The filter is not valid.", "PartnerApiServiceControllers")
    field, operator, value = bodies.field_filter(wish) or ("", "", "")
    if field != "name" or operator != "startswith":
        raise refusal
    return value


def _resellers(call: Call) -> list[Account]:
    """One account of each reseller: several ION accounts may belong to one reseller."""
    accounts = call.world.store.accounts.find("partner_tenant", caller(call).tenant)
    each: dict[str, Account] = {}
    for account in accounts:
        if account.reseller_tenant:
            each.setdefault(account.reseller_tenant.lower(), account)
    return list(each.values())


def _name(account: Account) -> str:
    return account.reseller_name or account.organization


def _item(account: Account) -> dict[str, Any]:
    return {
        "id": account.reseller_tenant.lower(),
        "name": _name(account),
        "relationshipType": "is_indirect_cloud_solution_provider_of",
        "mpnId": account.reseller_partner_id,
        "attributes": {"objectType": "PartnerRelationship"},
    }
