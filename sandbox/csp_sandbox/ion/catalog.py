"""Prices and provisioning templates: read-only helpers of onboarding. Source: ion.md 4.4, 5."""

from __future__ import annotations

import hashlib
from typing import Any

from csp_sandbox.ion.bodies import Pricing, PricingBody, TemplatesQuery
from csp_sandbox.ion.system import (
    INVALID,
    INVALID_ARGUMENT,
    ION,
    NOT_FOUND,
    IonRefusal,
    account_of,
    object_of,
    wrong_type,
)
from csp_sandbox.ledger import rule
from csp_sandbox.serving.web import Answer, Call
from csp_sandbox.situation.model import ProviderRow

_NO_PRICEBOOK = IonRefusal(
    rule(
        "ion.error.no-pricebook",
        "Pricing without a pricebook on the customer: 503 UNAVAILABLE.",
        source="ion 2.6, 5",
        confidence="inferred",
    ),
    503,
    "UNAVAILABLE",
    "could not retrieve cloud price book v",
)
_VENDORS = ("NOT_SPECIFIED", "MICROSOFT", "GOOGLE", "IBM", "SOPHOS")
_ACTIONS = ("ACTION_NOT_SPECIFIED", "CREATE", "UPDATE")
_PRICING = rule(
    "ion.products.pricing",
    "The customer's effective price and currency of a product, never the pricebook's name. A product that the "
    "pricebook does not hold comes with productAvailability false.",
    source="ion 5; ion.md 14 (1)",
)
_ATTRIBUTES = [
    "domainName",
    "agreementDateAgreed",
    "agreementUserId",
    "agreementEmail",
    "agreementFirstName",
    "agreementLastName",
    "agreementPhoneNumber",
    "customTermEndDate",
    "renewalSetting",
    "operations",
    "statusUpdate",
]


def pricing(call: Call) -> Answer:
    """Prices of products for one customer."""
    body = object_of(call)
    number, wanted = body.get("priceBookCustomerId"), body.get("externalProductWithProvider")
    if number is None:
        raise INVALID(call, "must have required property 'priceBookCustomerId'")
    if isinstance(number, bool) or not isinstance(number, int | str):
        raise wrong_type(call, "priceBookCustomerId", "integer")
    if not isinstance(wanted, list):
        raise INVALID(call, "must have required property 'externalProductWithProvider'")
    customer = call.world.store.customers.get(str(number))
    account = account_of(call)
    if customer is None or customer.account != account.id:
        raise NOT_FOUND(call, f"accounts/{account.id}/customers/{number}")
    row = customer.microsoft()
    if row is None or not row.pricebook:
        raise _NO_PRICEBOOK(call)
    plans = []
    for group in wanted:
        products = group.get("externalProducts") if isinstance(group, dict) else None
        if not isinstance(products, list) or not all(isinstance(product, str) for product in products):
            raise wrong_type(call, "externalProducts", "array of strings")
        plans += [_plan(product, row, customer.address.country) for product in products]
    return Answer(200, {"plans": plans})


def _plan(product: str, row: ProviderRow, market: str) -> dict[str, Any]:
    known = len(product) >= 12 and product.isalnum()
    cents = int(hashlib.sha256(f"{row.pricebook}/{product}".encode()).hexdigest()[:4], 16) % 5_000 + 100
    return {
        "productId": product,
        "pricebookPrice": cents / 100 if known else 0,
        "pricebookCurrency": row.provider_currency if known else "",
        "productAvailability": known,
        "pricebookMasterPrice": cents / 125 if known else 0,
        "pricebookDetails": {
            "SkuDescription": product,
            "Market": market,
            "ProductId": product,
            "SkuId": "0001",
            "UnitOfMeasure": "1 user",
        },
        "supportPlan": "",
    }


ION.operation(
    "ion.products.pricing",
    "POST",
    "/api/v3/accounts/{account}/products:pricing",
    writes=False,
    body=PricingBody,
    answer=Pricing,
    refusals=(400, 401, 403, 404, 503),
    rule=_PRICING,
)(pricing)


def _template(number: str, action: str) -> dict[str, Any]:
    text = {"type": "string"}
    attributes = {
        "type": "array",
        "items": {"$ref": "#/defs/attributes"},
    }
    return {
        "name": f"provisionTemplates/{number}",
        "vendor": "MICROSOFT",
        "action": action,
        "provisioningReference": {
            "id": number,
            "schema": "http://json-schema.org/draft-07/schema#",
            "title": f"Microsoft {action.title()}",
            "description": f"Attributes of a Microsoft {action} order",
            "type": "object",
            "properties": {
                "referenceId": text,
                "displayName": text,
                "orderItems": {"type": "array", "items": {"$ref": "#/defs/orderItems"}},
            },
            "defs": {
                "orderItems": {
                    "type": "object",
                    "properties": {"action": {"enum": [action]}, "attributes": attributes},
                },
                "attributes": {
                    "type": "object",
                    "properties": {"name": {"type": "string", "enum": _ATTRIBUTES}, "value": text},
                },
            },
        },
    }


_TEMPLATES = {
    "provisioningTemplate01": _template("provisioningTemplate01", "CREATE"),
    "provisioningTemplate02": _template("provisioningTemplate02", "UPDATE"),
}


@ION.operation(
    "ion.provisionTemplates.list",
    "GET",
    "/api/v3/accounts/{account}/provisionTemplates",
    query=TemplatesQuery,
    refusals=(400, 401, 403),
    rule=rule(
        "ion.provisionTemplates.list",
        "vendor is required; the answer tells the attribute names of an order. No tenant id is among them.",
        source="ion 4.4, 4.1",
    ),
)
def templates(call: Call) -> Answer:
    """Provisioning templates of a vendor."""
    vendor, action = call.query.get("vendor", ""), call.query.get("action", "")
    if not vendor:
        raise INVALID(call, "must have required property 'vendor'")
    if vendor not in _VENDORS:
        raise INVALID_ARGUMENT(call, f"'{vendor}' is not a vendor")
    if action and action not in _ACTIONS:
        raise INVALID_ARGUMENT(call, f"'{action}' is not an action")
    found = [
        template
        for template in _TEMPLATES.values()
        if vendor in ("NOT_SPECIFIED", template["vendor"]) and action in ("", _ACTIONS[0], template["action"])
    ]
    return Answer(200, {"provisionTemplates": found})


@ION.operation(
    "ion.provisionTemplates.get",
    "GET",
    "/api/v3/accounts/{account}/provisionTemplates/{template}",
    refusals=(400, 401, 403, 404),
    rule=rule("ion.provisionTemplates.get", "One template.", source="ion 4.4"),
)
def template(call: Call) -> Answer:
    """One provisioning template."""
    found = _TEMPLATES.get(call.params["template"])
    if found is None:
        raise NOT_FOUND(call, f"provisionTemplates/{call.params['template']}")
    return Answer(200, found)
