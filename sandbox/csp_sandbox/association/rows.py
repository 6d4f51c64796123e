"""Read and write the Microsoft row of a customer. The contract is docs/provider-association-api.md."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from csp_sandbox import microsoft
from csp_sandbox.association.system import ASSOCIATION
from csp_sandbox.ion.system import INVALID, IonRefusal, account_of, customer_of, object_of, wrong_type
from csp_sandbox.ledger import OURS, rule
from csp_sandbox.serving.web import Answer, Call, RefusalError
from csp_sandbox.situation.model import IonCustomer, ProviderRow, Tenant

_PATH = "/accounts/{account}/customers/{customer}/providers/30"
_TEXTS = ("provider", "pricebook", "provider_currency", "invoice_currency")


def _failed(code: str, reference: str, text: str, message: str) -> IonRefusal:
    row = rule(f"association.error.{code}", text, source=OURS)
    return IonRefusal(row, 412, "FAILED_PRECONDITION", message, referenceEntity=reference, code=code)


_NO_ROW = IonRefusal(
    rule("association.error.no-row", "A customer without a Microsoft row: 404.", source=OURS),
    404,
    "NOT_FOUND",
    "resource '{}/providers/30' not found",
)
_PROVIDER = _failed(
    "CSP-AS-001", "provider", "Only the provider Legacy Azure is known.", "The provider '{}' is not known."
)
_PRICEBOOK = _failed(
    "CSP-AS-002", "pricebook", "The pricebook must exist in the account.", "The pricebook '{}' does not exist."
)
_CURRENCY = _failed(
    "CSP-AS-003",
    "provider_currency",
    "A pricebook belongs to one provider currency.",
    "The pricebook '{}' is in {}, not in {}.",
)
_NO_TENANT = _failed(
    "CSP-AS-004",
    "tenant_id",
    "A tenant is refused before it is related to the account's Partner Center tenant through the account's reseller.",
    "The tenant '{}' has no relationship with the partner tenant of this account.",
)
_LINKED = _failed(
    "CSP-AS-005",
    "tenant_id",
    "A linked tenant cannot be replaced or removed: that is a support ticket.",
    "The tenant '{}' is linked already and cannot be replaced.",
)
_TAKEN = _failed(
    "CSP-AS-006",
    "tenant_id",
    "A tenant belongs to one ION customer.",
    "The tenant '{}' is linked to another customer.",
)
_DOMAIN = _failed(
    "CSP-AS-007", "domain", "The domain must be one of the tenant's.", "The domain '{}' does not belong to the tenant."
)
_INACTIVE = _failed("CSP-AS-008", "customer", "An INACTIVE customer cannot be changed.", "The customer is not active.")


class RowBody(BaseModel):
    """The whole row."""

    model_config = ConfigDict(extra="forbid")

    provider: str
    pricebook: str
    provider_currency: str
    invoice_currency: str
    portal_access: bool
    tenant_id: str | None
    domain: str | None


def _render(row: ProviderRow) -> dict[str, Any]:
    return {
        "provider": row.name,
        "pricebook": row.pricebook,
        "provider_currency": row.provider_currency,
        "invoice_currency": row.invoice_currency,
        "portal_access": row.portal_access,
        "tenant_id": row.tenant_id,
        "domain": row.domain,
    }


@ASSOCIATION.operation(
    "association.get",
    "GET",
    _PATH,
    answer=RowBody,
    refusals=(400, 401, 403, 404),
    rule=rule("association.get", "The row with everything that the console shows.", source=OURS),
)
def get_row(call: Call) -> Answer:
    """The Microsoft row of a customer."""
    customer = customer_of(call)
    row = customer.microsoft()
    if row is None:
        raise _NO_ROW(call, f"accounts/{customer.account}/customers/{customer.id}")
    return Answer(200, _render(row))


@ASSOCIATION.operation(
    "association.put",
    "PUT",
    _PATH,
    body=RowBody,
    answer=RowBody,
    refusals=(400, 401, 403, 404, 412),
    rule=rule(
        "association.put",
        "The full body makes or replaces the row; tenant_id null leaves a row unlinked. Repeating it is safe.",
        source=OURS,
    ),
)
def put_row(call: Call) -> Answer:
    """Make or replace the Microsoft row of a customer."""
    customer = customer_of(call)
    body = _read(call)
    if customer.status != "ACTIVE":
        raise _INACTIVE(call)
    if body["provider"] != "Legacy Azure":
        raise _PROVIDER(call, body["provider"])
    currency = account_of(call).pricebooks.get(body["pricebook"])
    if currency is None:
        raise _PRICEBOOK(call, body["pricebook"])
    if currency != body["provider_currency"]:
        raise _CURRENCY(call, body["pricebook"], currency, body["provider_currency"])
    row = customer.microsoft()
    tenant = _tenant(call, customer, row, body["tenant_id"])
    domain = body["domain"]
    if domain is not None and (tenant is None or domain.casefold() not in _domains(tenant)):
        raise _DOMAIN(call, domain)
    if row is None:
        row = ProviderRow()
        customer.rows.append(row)
    row.pricebook = body["pricebook"]
    row.provider_currency = body["provider_currency"]
    row.invoice_currency = body["invoice_currency"]
    row.portal_access = body["portal_access"]
    if tenant is not None:
        row.tenant_id = tenant.id
        row.domain = domain or tenant.initial_domain
    call.world.store.customers.put(customer)
    return Answer(200, _render(row))


def _domains(tenant: Tenant) -> set[str]:
    return {name.casefold() for name in [tenant.initial_domain, *tenant.domains]}


def _tenant(call: Call, customer: IonCustomer, row: ProviderRow | None, wanted: str | None) -> Tenant | None:
    """The tenant to link, or None when none is asked for. Raises the refusals of the contract."""
    linked = row.tenant_id if row is not None else None
    if linked is not None and (wanted or "").lower() != linked.lower():
        raise _LINKED(call, linked)
    store, account = call.world.store, account_of(call)
    if linked is not None:  # nothing is linked anew, so that the other members can be corrected at any time
        return store.tenants.get(linked)
    if wanted is None:
        return None
    tenant = store.tenants.get(wanted.lower())
    if tenant is None or not microsoft.is_related(store, tenant.id, account.partner_tenant, account.reseller_tenant):
        raise _NO_TENANT(call, wanted)
    if any(other.id != customer.id for other in store.customers.find("tenant", tenant.id)):
        raise _TAKEN(call, wanted)
    return tenant


def _read(call: Call) -> dict[str, Any]:
    body = object_of(call)
    for name in RowBody.model_fields:
        if name not in body:
            raise INVALID(call, f"must have required property '{name}'")
    for name in body:
        if name not in RowBody.model_fields:
            raise INVALID(call, f"must NOT have additional property '{name}'")
    for name in _TEXTS:
        _check(call, name, isinstance(body[name], str), "string")
    for name in ("tenant_id", "domain"):
        _check(call, name, body[name] is None or isinstance(body[name], str), "string or null")
    _check(call, "portal_access", isinstance(body["portal_access"], bool), "boolean")
    return body


def _check(call: Call, name: str, fits: bool, kind: str) -> None:
    if not fits:
        error: RefusalError = wrong_type(call, name, kind)
        raise error
