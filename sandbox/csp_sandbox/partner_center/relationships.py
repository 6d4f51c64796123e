"""Invitations and resellers.

Source: partner-center-api.md 4.1, 4.2, 4.5.
"""

from __future__ import annotations

from typing import Any

from csp_sandbox import links
from csp_sandbox.ledger import rule, switch
from csp_sandbox.model import Account
from csp_sandbox.partner_center import errors, views
from csp_sandbox.partner_center.customers import related
from csp_sandbox.partner_center.system import caller, operation
from csp_sandbox.web import Answer, Call

REQUEST = rule(
    "pc.relationshiprequests",
    "The invitation link of the partner: the same for every customer, without expiry.",
    source="partner-center-api.md 4.1, V9",
)
QUERY = switch(
    "pc.relationshiprequests.reseller",
    "Whether indirectResellerId in the query changes the link to the indirect form.",
    source="partner-center-api.md 4.1, 11 (5)",
    choices={
        "honoured": "the link names reseller, its partner id and the provider",
        "ignored": "the link is the partner's own",
    },
    default="honoured",
    strict="ignored",
)
RESELLERS = rule(
    "pc.relationships.list",
    "The provider's indirect resellers; the type is PascalCase in the query and snake_case in the answer.",
    source="partner-center-api.md 4.5, V17",
)
BAD_TYPE = rule(
    "pc.relationships.bad-type",
    "Another relationship_type: 400, code 2000.",
    source="partner-center-api.md 4.5",
    confidence="inferred",
)
OF_CUSTOMER = rule(
    "pc.customers.relationships",
    "The resellers of one customer, without state and location.",
    source="partner-center-api.md 4.5",
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


@operation("relationships.list", "GET", "/relationships", rule=RESELLERS, auth="user", refusals=(400,))
def list_relationships(call: Call) -> Answer:
    """Indirect resellers of the provider."""
    kind = call.query.get("relationship_type", "").lower()
    if kind not in ("isindirectcloudsolutionproviderof", "isindirectresellerof"):
        raise errors.shape_a(BAD_TYPE, 400, 2000, "The relationship type is not valid.", "PartnerApiServiceControllers")
    # The caller is a provider: it is nobody's reseller, so that list is empty.
    found = _resellers(call) if kind == "isindirectcloudsolutionproviderof" else []
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


def _resellers(call: Call) -> list[Account]:
    accounts = call.world.store.accounts.find("partner_tenant", caller(call).tenant)
    return [account for account in accounts if account.reseller_tenant]


def _item(account: Account) -> dict[str, Any]:
    return {
        "id": account.reseller_tenant.lower(),
        "name": account.reseller_name or account.organization,
        "relationshipType": "is_indirect_cloud_solution_provider_of",
        "mpnId": account.reseller_partner_id,
        "attributes": {"objectType": "PartnerRelationship"},
    }
