"""About partners: may this reseller transact, did it sign, whose number is this, what happened.

Source: partner-center.md 13 and 4.4 (5), V19, V21.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from pydantic import BaseModel

from csp_sandbox.ledger import rule
from csp_sandbox.partner_center import bodies, errors, views
from csp_sandbox.partner_center.system import caller, is_guid, operation
from csp_sandbox.serving.web import Answer, Call, RefusalError
from csp_sandbox.situation.model import Account, AuditRecord

VALIDATE = rule(
    "pc.validateresellers",
    "For each partner id whether it is valid on record; 900400 when not.",
    source="partner-center.md 13",
)
VALIDATE_BAD = rule(
    "pc.validateresellers.bad",
    "partnerIds that are not a list of texts: 400, code 2000.",
    source="partner-center.md 13",
    confidence="inferred",
)
COMPLIANCE = rule(
    "pc.compliance",
    "Whether a reseller signed the Microsoft Partner Agreement, by mpnId or tenantId.",
    source="partner-center.md 2.3, V19",
)
COMPLIANCE_BAD = rule(
    "pc.compliance.bad",
    "2001 without exactly one id, 2000 for no GUID, 2200 unknown mpnId, 2205 unknown tenant: 400.",
    source="partner-center.md 2.3, 6.2",
)
MPN = rule(
    "pc.profiles.mpn", "The partner of an id; 400 code 2071 when there is none.", source="partner-center.md 13, 6.2"
)
ORGANIZATION = rule("pc.profiles.organization", "The partner's own company.", source="partner-center.md 1.7")
AUDIT = rule(
    "pc.audit",
    "The activity log from startDate on, oldest first, at most 500 a page; default the last 30 days.",
    source="partner-center.md 4.4 (5), V21",
)
AUDIT_BAD = rule(
    "pc.audit.bad",
    "No startDate that is a date, or a filter on another field: 400, code 2000.",
    source="partner-center.md 4.4 (5)",
    confidence="inferred",
)
PAGE = 500


def _bad(row: Any, text: str, code: int = 2000, source: str = "PartnerApiServiceControllers") -> RefusalError:
    return errors.shape_a(row, 400, code, text, source)


class PartnerIds(BaseModel):
    """Partner location account ids."""

    partnerIds: list[str]  # noqa: N815


@operation(
    "validateresellers",
    "POST",
    "/partners/validateresellers",
    rule=VALIDATE,
    writes=False,
    body=PartnerIds,
    refusals=(400,),
)
def validate_resellers(call: Call) -> Answer:
    """Whether partners may be partner of record."""
    body = call.json_object()
    ids = next((value for key, value in body.items() if key.lower() == "partnerids"), None)
    if not isinstance(ids, list) or not ids or not all(isinstance(item, str) for item in ids):
        raise _bad(VALIDATE_BAD, "The partner ids are not valid.")
    return Answer(200, {"validationResults": [_verdict(call, item) for item in ids]})


def _verdict(call: Call, partner_id: str) -> dict[str, Any]:
    known = _by_partner_id(call, partner_id)
    if known is not None and known.program_authorized and known.partner_agreement_signed:
        return {"partnerId": partner_id, "isValidPartnerIdOnRecord": True}
    text = f"The PLA ID (formerly MPN ID) '{partner_id}' is not valid as partner of record."
    return {"partnerId": partner_id, "isValidPartnerIdOnRecord": False, "errorCode": 900400, "errorDescription": text}


def _by_partner_id(call: Call, partner_id: str) -> Account | None:
    accounts = call.world.store.accounts.find("partner_tenant", caller(call).tenant)
    return next((account for account in accounts if account.reseller_partner_id == partner_id), None)


class ComplianceQuery(BaseModel):
    """Exactly one of them."""

    mpnId: str = ""  # noqa: N815
    tenantId: str = ""  # noqa: N815


@operation(
    "compliance.agreementstatus",
    "GET",
    "/compliance/{program}/agreementstatus",
    rule=COMPLIANCE,
    auth="user",
    query=ComplianceQuery,
    refusals=(400,),
)
def get_agreement_status(call: Call) -> Answer:
    """Whether a reseller signed the Microsoft Partner Agreement."""
    mpn, tenant = call.query.get("mpnId", ""), call.query.get("tenantId", "").lower()
    if bool(mpn) == bool(tenant):
        raise _bad(COMPLIANCE_BAD, "Exactly one of mpnId and tenantId must be given.", 2001, "ComplianceController")
    if tenant and not is_guid(tenant):
        raise _bad(COMPLIANCE_BAD, "Tenant Id must be a GUID.")
    accounts = call.world.store.accounts.find("reseller_tenant", tenant) if tenant else []
    account = accounts[0] if accounts else _by_partner_id(call, mpn)
    if account is None:
        code, text = (2205, "No account was found for the tenant id.") if tenant else (2200, "The MPN id is not valid.")
        raise _bad(COMPLIANCE_BAD, text, code, "ComplianceController")
    return Answer(200, {"isAgreementSigned": account.partner_agreement_signed})


@operation("profiles.mpn", "GET", "/profiles/mpn", rule=MPN, auth="user", refusals=(400,))
def get_mpn_profile(call: Call) -> Answer:
    """The partner behind a partner id."""
    mpn = call.query.get("mpnId", "") or caller(call).account.reseller_partner_id
    account = _by_partner_id(call, mpn)
    if account is None:
        raise _bad(MPN, "The MPN id is not a valid partner.", 2071)
    name = account.reseller_name or account.organization
    links = views.self_link(f"/profiles/mpn?mpnId={mpn}")
    return Answer(
        200, {"mpnId": mpn, "partnerName": name, "links": links, "attributes": {"objectType": "PartnerMpnProfile"}}
    )


@operation("profiles.organization", "GET", "/profiles/organization", rule=ORGANIZATION, auth="user")
def get_organization_profile(call: Call) -> Answer:
    """The partner's own company."""
    account = caller(call).account
    return Answer(
        200,
        {
            "id": caller(call).tenant,
            "companyName": account.partner_name,
            "defaultAddress": {"country": account.country},
            "domain": account.partner_domain,
            "links": views.self_link("/profiles/organization"),
            "attributes": {"objectType": "PartnerOrganizationProfile"},
        },
    )


class AuditQuery(BaseModel):
    """Window and filter."""

    startDate: date | None = None  # noqa: N815
    endDate: date | None = None  # noqa: N815
    filter: str = ""


@operation("audit.list", "GET", "/auditrecords", rule=AUDIT, auth="user", query=AuditQuery, refusals=(400,))
def list_audit_records(call: Call) -> Answer:
    """What happened in the partner's account."""
    first = _day(call, "startDate", call.world.clock.now() - timedelta(days=30))
    last = _day(call, "endDate", call.world.clock.now())
    customer = _customer_filter(call.query.get("filter", ""))
    after = call.headers.get("ms-continuationtoken", "0")
    if not after.isdigit():
        raise _bad(AUDIT_BAD, "The continuation token is not valid.")
    items: list[AuditRecord] = []
    body_links: dict[str, Any] = views.self_link("/auditrecords")
    for record in call.world.store.audit.after("partner", caller(call).tenant, int(after)):
        if not first <= record.at.date() <= last or (customer and record.customer_id != customer):
            continue
        if len(items) == PAGE:
            header = {"key": "MS-ContinuationToken", "value": str(items[-1].seq)}
            body_links["next"] = {"uri": f"/auditrecords?{call.query_string}", "method": "GET", "headers": [header]}
            break
        items.append(record)
    return Answer(200, views.collection([_record(item) for item in items], links=body_links))


def _day(call: Call, name: str, default: datetime) -> date:
    text = call.query.get(name, "")
    if not text:
        return default.date()
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        raise _bad(AUDIT_BAD, f"The {name} is not valid.") from None


def _customer_filter(wish: str) -> str:
    if not wish:
        return ""
    field, _, value = bodies.field_filter(wish) or ("", "", "")
    if field != "customerid":
        raise _bad(AUDIT_BAD, "The filter is not valid.")
    return value


def _record(record: AuditRecord) -> dict[str, Any]:
    body = {
        "partnerId": record.partner_tenant,
        "customerId": record.customer_id,
        "customerName": record.customer_name,
        "userPrincipalName": record.user,
        "applicationId": record.application_id,
        "resourceType": record.resource_type,
        "resourceOldValue": record.old_value,
        "resourceNewValue": record.new_value,
        "operationType": record.operation,
        "operationStatus": record.status,
        "operationDate": record.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "customizedData": [{"key": key, "value": value} for key, value in record.customized.items()],
        "attributes": {"objectType": "AuditRecord"},
    }
    return {key: value for key, value in body.items() if value != ""}
