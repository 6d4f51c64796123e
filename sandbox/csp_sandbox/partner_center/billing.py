"""The billing profile: read it, and send all of it back.

Source: partner-center.md 2.6, 12 (row 2.6).
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from csp_sandbox import microsoft
from csp_sandbox.ledger import rule, switch
from csp_sandbox.partner_center import bodies, errors, properties, views
from csp_sandbox.partner_center.create import supported_culture, verified_address
from csp_sandbox.partner_center.customers import log_change, related
from csp_sandbox.partner_center.system import caller, operation
from csp_sandbox.serving.web import Answer, Call
from csp_sandbox.situation.model import Account, Person, Tenant

BILLING = rule("pc.customers.billing.get", "The billing profile with its etag.", source="partner-center.md 2.6")
UPDATE = rule(
    "pc.customers.billing.update",
    "PUT of the full billing profile; answers it with a new etag.",
    source="partner-center.md 2.6",
)
KEPT = rule(
    "pc.customers.billing.update.kept",
    "What a PUT leaves as GET showed it is not checked again, so that every profile can be sent back as it was read. "
    "A part that is on record cannot be emptied.",
    source="partner-center.md 2.6 (build the PUT from a fresh GET)",
    confidence="inferred",
)
IF_MATCH = rule(
    "pc.customers.billing.if-match",
    "If-Match holds one etag or several; * stands for whatever is there. It wins over the etag in the body; a weak one "
    "(W/) never matches.",
    source="RFC 9110, 13.1.1; partner-center.md 1.6, 2.6",
)
STALE = switch(
    "pc.customers.billing.stale",
    "A stale etag, in If-Match or in the body.",
    source="partner-center.md 2.6",
    choices={"400": "400, code 2055", "412": "412, code 2055"},
    default="400",
    strict="412",
)
NO_ETAG = switch(
    "pc.customers.billing.no-etag",
    "A PUT with an etag neither in If-Match nor in the body.",
    source="partner-center.md 12, row 2.6",
    choices={"taken": "the last writer wins", "refused": "400, code 2055"},
    default="taken",
    strict="refused",
)


class BillingProfileBody(BaseModel):
    """The full billing profile."""

    model_config = ConfigDict(extra="allow")
    companyName: str  # noqa: N815
    email: str
    culture: str
    language: str
    defaultAddress: dict[str, str | None]  # noqa: N815


@operation(
    "customers.billing.get", "GET", "/customers/{tenant}/profiles/billing", rule=BILLING, refusals=(400, 404, 429)
)
def get_billing(call: Call) -> Answer:
    """The billing profile of a customer."""
    return Answer(200, views.billing_profile(related(call)[0]))


@operation(
    "customers.billing.update",
    "PUT",
    "/customers/{tenant}/profiles/billing",
    rule=UPDATE,
    body=BillingProfileBody,
    refusals=(400, 404, 412),
)
def update_billing(call: Call) -> Answer:
    """Replace the billing profile of a customer."""
    tenant, _ = related(call)
    body = bodies.read(call)
    _check_etag(call, tenant, bodies.text(bodies.section(body, "attributes"), "etag"))
    before = views.billing_profile(tenant)
    place, shown = bodies.section(body, "defaultAddress"), before["defaultAddress"]
    country = _given(place, "country", shown).upper()
    if country != shown["country"].upper():
        raise errors.invalid("Country", "It cannot be changed.")
    company, email = _given(body, "companyName", before), _given(body, "email", before)
    culture, language = _given(body, "culture", before), _given(body, "language", before)
    if culture != before.get("culture", ""):
        culture = supported_culture(culture, country)
    if _moved(place, shown):
        tenant.address = verified_address(place, country)
    contact = Person(
        first_name=bodies.text(place, "firstName") or bodies.text(body, "firstName"),
        last_name=bodies.text(place, "lastName") or bodies.text(body, "lastName"),
        email=email,
        phone=bodies.text(place, "phoneNumber"),
    )
    _check_changed(caller(call).account, tenant, company, contact, country)
    tenant.company_name, tenant.email, tenant.culture, tenant.language = company, email, culture, language
    tenant.contact = contact
    tenant.etag = microsoft.etag(tenant.id, tenant.etag)
    call.world.store.tenants.put(tenant)
    after = views.billing_profile(tenant)
    log_change(call, "update_customer_billing_profile", tenant, old=before, new=after)
    return Answer(200, after)


def _check_changed(account: Account, tenant: Tenant, company: str, contact: Person, country: str) -> None:
    """Raises the refusal of a name, e-mail or phone number that is not the one on record."""
    before = tenant.contact
    if company != tenant.company_name:
        properties.check_company(company)
    if (contact.first_name, contact.last_name) != (before.first_name, before.last_name):
        properties.check_person(contact)
    if contact.email != (tenant.email or before.email):  # what GET shows
        properties.check_email(account, contact.email)
        properties.check_suffix(contact.email)
    if contact.phone != before.phone:
        properties.check_phone(contact.phone, country)


def _given(body: bodies.Body, name: str, shown: dict[str, Any]) -> str:
    """A text of a PUT; it may be empty only where nothing is on record (:data:`KEPT`)."""
    return bodies.text(body, name, required=bool(shown.get(name)))


def _moved(place: bodies.Body, shown: dict[str, Any]) -> bool:
    """Whether the address of a PUT is another one than the shown one."""
    names = ("addressLine1", "addressLine2", "city", "postalCode")
    state = bodies.text(place, "state") or bodies.text(place, "region")
    return state != shown.get("state", "") or any(bodies.text(place, name) != shown.get(name, "") for name in names)


def _check_etag(call: Call, tenant: Tenant, in_body: str) -> None:
    header = call.headers.get("if-match", "").strip()
    given = [tag.strip().strip('"') for tag in header.split(",")] if header else [in_body] if in_body else []
    if header == "*" or (not given and call.world.choice(NO_ETAG) == "taken"):
        return
    if (tenant.etag or "0") not in given:
        row = STALE if given else NO_ETAG
        status = int(call.world.choice(STALE)) if given else 400
        raise errors.shape_a(row, status, 2055, "The ETag is no longer valid.")
