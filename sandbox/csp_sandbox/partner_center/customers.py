"""Reading and changing customers, and ending the relationship with one.

Source: partner-center.md 2.4-2.9, 6.5.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

from csp_sandbox import microsoft
from csp_sandbox.ledger import rule
from csp_sandbox.partner_center import bodies, errors, views
from csp_sandbox.partner_center.system import caller, is_guid, operation
from csp_sandbox.serving.web import Answer, Call
from csp_sandbox.situation.model import Relationship, Tenant

_CODES = "partner-center.md 6.2"

GET = rule(
    "pc.customers.get",
    "Shows a related customer; address, e-mail and custom domains only with GDAP.",
    source="partner-center.md 2.4",
)
COMPANY = rule(
    "pc.customers.company.get",
    "The company profile; region holds the state. App+User only.",
    source="partner-center.md 2.7",
)
END = rule(
    "pc.customers.end-relationship",
    "PATCH relationshipToPartner none; the answer is PascalCase and null but for one field.",
    source="partner-center.md 2.8, V10",
)
DELETE = rule(
    "pc.customers.delete",
    "Purges tenant and relationship in an integration sandbox; 204.",
    source="partner-center.md 2.9",
)
VALIDATION = rule(
    "pc.customers.validation-status",
    "type, status and lastUpdateDateTime of type=account.",
    source="partner-center.md 2.1",
    confidence="inferred",
)
ORGANIZATION = rule(
    "pc.customers.organization", "Organization and custom domains need a GDAP role.", source="partner-center.md 2.7"
)

BAD_ID = rule("pc.customers.bad-id", "A customer id that is no GUID: 400, code 900118.", source=_CODES)
UNKNOWN = rule(
    "pc.customers.unknown",
    "No relationship with the tenant: 404, code 60003 with the tenant text.",
    source="partner-center.md 2.10, 6.5",
)
LATER_1 = rule(
    "pc.customers.not-yet-1",
    '0 to 30 s after a create: 404 "A customer with the tenant Id ... was not found."',
    source="partner-center.md 6.5",
    confidence="seen in client code",
)
LATER_2 = rule(
    "pc.customers.not-yet-2",
    '30 to 90 s after a create: 404 "No company was found to be associated with tenant Id".',
    source="partner-center.md 6.5",
    confidence="seen in client code",
)
NO_GDAP = rule(
    "pc.customers.no-gdap",
    "Without GDAP: 403, code 900308.",
    source="partner-center.md 2.7, 6.2",
    confidence="inferred",
)
NOT_A_SANDBOX = rule(
    "pc.customers.delete.production",
    "DELETE in production: 400, code 900127.",
    source="partner-center.md 2.9, 6.2",
    confidence="inferred",
)
ONLY_NONE = rule(
    "pc.customers.patch.only-none",
    "PATCH with another value than none: 400, code 3000.",
    source="partner-center.md 2.8",
    confidence="inferred",
)


class RelationshipBody(BaseModel):
    """Ends a relationship."""

    relationshipToPartner: str  # noqa: N815


def related(call: Call, *, even_if_new: bool = False) -> tuple[Tenant, Relationship]:
    """The customer named in the path. `even_if_new` is for calls that do not suffer from the replication lag."""
    tenant_id = call.params["tenant"].lower()
    if not is_guid(tenant_id):
        raise errors.shape_a(BAD_ID, 400, 900118, "Invalid customer id.", "PartnerApiServiceControllers")
    store, now = call.world.store, call.world.clock.now()
    tenant = store.tenants.get(tenant_id)
    link = microsoft.relationship(store, tenant_id, caller(call).tenant)
    if tenant is None or link is None:
        raise errors.shape_a(UNKNOWN, 404, 60003, f"A customer with the tenant Id '{tenant_id}' was not found.")
    if not even_if_new and not microsoft.is_visible(tenant, now):
        if (now - tenant.created_at).total_seconds() < 30:
            raise errors.shape_a(LATER_1, 404, 1000, f"A customer with the tenant Id '{tenant_id}' was not found.")
        raise errors.shape_a(
            LATER_2, 404, 60003, f"No company was found to be associated with tenant Id: '{tenant_id}'."
        )
    return tenant, link


@operation("customers.get", "GET", "/customers/{tenant}", rule=GET, refusals=(400, 404, 429))
def get_customer(call: Call) -> Answer:
    """One customer by tenant id."""
    return Answer(200, views.customer(*related(call)))


@operation(
    "customers.company.get",
    "GET",
    "/customers/{tenant}/profiles/company",
    rule=COMPANY,
    auth="user",
    refusals=(400, 404, 429),
)
def get_company(call: Call) -> Answer:
    """The company profile of a customer."""
    return Answer(200, views.company_profile(related(call)[0]))


@operation(
    "customers.end_relationship",
    "PATCH",
    "/customers/{tenant}",
    rule=END,
    auth="user",
    body=RelationshipBody,
    refusals=(400, 404),
)
def end_relationship(call: Call) -> Answer:
    """End the reseller relationship with a customer."""
    tenant, link = related(call)
    if bodies.text(bodies.read(call), "relationshipToPartner").lower() != "none":
        raise errors.shape_a(
            ONLY_NONE, 400, 3000, "Invalid property: 'RelationshipToPartner'.", "PartnerApiServiceControllers"
        )
    call.world.store.relationships.remove(link.id)
    log_change(call, "remove_partner_customer_relationship", tenant)
    if caller(call).account.sandbox:  # there it calls the delete (2.9)
        call.world.store.tenants.remove(tenant.id)
    empty = (
        "Id",
        "CommerceId",
        "CompanyProfile",
        "BillingProfile",
        "AllowDelegatedAccess",
        "UserCredentials",
        "CustomDomains",
    )
    body: dict[str, Any] = dict.fromkeys((*empty, "AssociatedPartnerId"))
    return Answer(200, {**body, "RelationshipToPartner": "none", "Attributes": {"ObjectType": "Customer"}})


@operation("customers.delete", "DELETE", "/customers/{tenant}", rule=DELETE, status=204, refusals=(400, 404))
def delete_customer(call: Call) -> Answer:
    """Delete a customer of an integration sandbox."""
    tenant, link = related(call)
    if not caller(call).account.sandbox:
        raise errors.shape_a(NOT_A_SANDBOX, 400, 900127, "The operation is not supported in this environment.")
    store = call.world.store
    store.relationships.remove(link.id)
    for agreement in store.agreements.find("tenant", tenant.id):
        store.agreements.remove(agreement.id)
    store.tenants.remove(tenant.id)
    log_change(call, "delete_tip_customer", tenant)
    return Answer(204)


@operation(
    "customers.validation_status",
    "GET",
    "/customers/{tenant}/validationStatus",
    rule=VALIDATION,
    auth="user",
    refusals=(400, 404, 429),
)
def get_validation_status(call: Call) -> Answer:
    """Whether a customer is still under review."""
    tenant, _ = related(call)
    kind = call.query.get("type", "")
    if kind.lower() != "account":
        raise errors.invalid("type", "It must be account.")
    at = tenant.created_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return Answer(200, {"type": "account", "status": tenant.account_status, "lastUpdateDateTime": at})


def _with_gdap(show: Callable[[Tenant], dict[str, Any]]) -> Callable[[Call], Answer]:
    def handle(call: Call) -> Answer:
        tenant, link = related(call)
        if not link.gdap:
            raise errors.shape_a(NO_GDAP, 403, 900308, "Insufficient privileges to complete the operation.")
        return Answer(200, show(tenant))

    handle.__doc__ = show.__doc__
    return handle


def _organization(tenant: Tenant) -> dict[str, Any]:
    """The Entra organization of a customer."""
    return {"id": tenant.id, "displayName": tenant.company_name, "countryLetterCode": tenant.country}


def _custom_domains(tenant: Tenant) -> dict[str, Any]:
    """The domains of a customer's tenant."""
    return views.collection([{"name": name, "isInitial": name == tenant.initial_domain} for name in tenant.domains])


operation(
    "customers.organization", "GET", "/customers/{tenant}/organization", rule=ORGANIZATION, refusals=(400, 404, 429)
)(_with_gdap(_organization))
operation(
    "customers.custom_domains", "GET", "/customers/{tenant}/customDomains", rule=ORGANIZATION, refusals=(400, 404, 429)
)(_with_gdap(_custom_domains))


def log_change(
    call: Call, what: str, tenant: Tenant, old: dict[str, Any] | None = None, new: dict[str, Any] | None = None
) -> None:
    """A line of the activity log about a change by the caller."""
    who = caller(call)
    now = call.world.clock.now()
    microsoft.audit_change(
        call.world.store, now, who.tenant, what, tenant, user=who.user_name, app=who.app, old=old, new=new
    )
