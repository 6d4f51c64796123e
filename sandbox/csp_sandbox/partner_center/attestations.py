"""The enhanced attestation: the partner asks, the signatory accepts on Microsoft's page, the partner records it.

Source: partner-center.md 5.6. Much of it is on no public page; those names are inferred and marked so in the
ledger.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict

from csp_sandbox import links, microsoft
from csp_sandbox.ledger import rule, switch
from csp_sandbox.partner_center import bodies, countries, errors, properties
from csp_sandbox.partner_center.system import caller, operation
from csp_sandbox.serving.web import Answer, Call
from csp_sandbox.situation.clock import rfc3339
from csp_sandbox.situation.model import Attestation, Person, Tenant

_ENHANCED = "partner-center.md 5.6"

CREATE = rule(
    "pc.attestations.create",
    "Makes an attestation for a signatory; no tenant is needed yet. App-only tokens alone.",
    source=_ENHANCED,
)
NAMES = rule(
    "pc.attestations.names",
    "companyName, signatoryEmail, signatoryPhoneNumber, linkExpiryInMinutes in the request; attestationId, status, "
    "createdDate, acceptedDate, expirationDate in the answer.",
    source=_ENHANCED,
    confidence="inferred",
)
READ = rule(
    "pc.attestations.get",
    "GET of the id tells the status, in the words of pc.attestations.words.",
    source=_ENHANCED,
    confidence="inferred",
)
COUNTRY = rule(
    "pc.attestations.country",
    "A country without validation rules: 400, code 20000.",
    source="partner-center.md 16 (7)",
    confidence="inferred",
)
UNKNOWN = rule(
    "pc.attestations.unknown",
    "An id that is not the partner's: 404, code 1000 (400, code 3000 when an agreement names it).",
    source=_ENHANCED,
    confidence="inferred",
)
OPEN = rule(
    "pc.attestations.not-accepted",
    "An agreement with an attestation that is not accepted: 400, code 3000.",
    source=_ENHANCED,
    confidence="inferred",
)
USED = rule(
    "pc.attestations.used",
    "An attestation serves one customer: for another one 400, code 3000.",
    source=_ENHANCED,
    confidence="inferred",
)
NO_SIGN_IN = rule(
    "pc.attestations.page",
    "The acceptance page needs no sign-in; the link can be mailed to the signatory.",
    source=_ENHANCED,
    confidence="seen in client code",
)
EXPIRY = switch(
    "pc.attestations.expiry",
    "How long a link lives when the request does not say. It is 7 days at most; the default is on no page.",
    source="partner-center.md 14 (2)",
    choices={"7": "7 days", "1": "1 day"},
    default="7",
    strict="7",
)
LIFE = rule(
    "pc.attestations.life",
    "Whoever asks may choose the life of the link, 5 to 10,080 minutes: another number is 400, code 27002.",
    source="partner-center.md 14 (2)",
    confidence="seen in client code",
)
LINK = switch(
    "pc.attestations.link",
    "Where the acceptance page is told.",
    source="partner-center.md 14 (1)",
    choices={
        "id": "nowhere: clients build https://cdn.partner.microsoft.com/mca/?attestationid= from the id",
        "answer": "acceptanceUrl in the answer, a page of the sandbox",
    },
    default="id",
    strict="id",
)
WORDS = switch(
    "pc.attestations.words",
    "The status words. Microsoft's own are on no public page; three vendors' wrappers show these.",
    source="partner-center.md 14 (3)",
    choices={
        "plain": "created, accepted, declined, expired",
        "link": "linkgenerated, customeraccepted, declined, linkexpired, agreementcreated",
        "signature": "pending, valid, declined, expired",
        "unheard": "In Review for every attestation that nobody declined or let end: a word that no source has",
    },
    default="plain",
    strict="link",
)
_SPOKEN = {
    "plain": {"recorded": "accepted"},
    "link": {
        "created": "linkgenerated",
        "accepted": "customeraccepted",
        "expired": "linkexpired",
        "recorded": "agreementcreated",
    },
    "signature": {"created": "pending", "accepted": "valid", "recorded": "valid"},
    "unheard": {"created": "In Review", "accepted": "In Review", "recorded": "In Review"},
}
_LONGEST = 10_080


class AttestationBody(BaseModel):
    """Asks for an attestation."""

    model_config = ConfigDict(extra="allow")
    country: str
    language: str
    companyName: str  # noqa: N815
    signatoryFirstName: str  # noqa: N815
    signatoryLastName: str  # noqa: N815
    signatoryEmail: str  # noqa: N815
    signatoryPhoneNumber: str | None = None  # noqa: N815
    linkExpiryInMinutes: int | None = None  # noqa: N815


@operation(
    "attestations.create",
    "POST",
    "/attestations/enhanced",
    rule=CREATE,
    auth="app",
    body=AttestationBody,
    status=201,
    refusals=(400,),
)
def create_attestation(call: Call) -> Answer:
    """Ask a signatory to accept the Microsoft Customer Agreement."""
    body, now, world = bodies.read(call), call.world.clock.now(), call.world
    country = bodies.text(body, "country", required=True).upper()
    if not countries.known(country):
        raise errors.shape_a(COUNTRY, 400, 20000, f"The country '{country}' is not supported.")
    signatory = Person(
        first_name=bodies.text(body, "signatoryFirstName", required=True, most=50),
        last_name=bodies.text(body, "signatoryLastName", required=True, most=50),
        email=bodies.text(body, "signatoryEmail", required=True),
        phone=bodies.text(body, "signatoryPhoneNumber"),
    )
    company = bodies.text(body, "companyName", required=True)
    properties.check_company(company, "companyName")
    properties.check_person(signatory, "signatoryFirstName", "signatoryLastName")
    properties.check_email(caller(call).account, signatory.email, "signatoryEmail")
    properties.check_suffix(signatory.email, "signatoryEmail")
    properties.check_phone(signatory.phone, country, "signatoryPhoneNumber")
    minutes = bodies.number(body, "linkExpiryInMinutes", 5, _LONGEST) or int(world.choice(EXPIRY)) * 24 * 60
    attestation = Attestation(
        id=world.guid("attestation"),
        partner_tenant=caller(call).tenant,
        country=country,
        language=bodies.text(body, "language", required=True),
        company=company,
        signatory=signatory,
        template_id=microsoft.mca_template(world.store),
        created_at=now,
        expires_at=now + timedelta(minutes=minutes),
    )
    world.store.attestations.put(attestation)
    return Answer(201, _shown(call, attestation))


@operation("attestations.get", "GET", "/attestations/enhanced/{attestation}", rule=READ, auth="app", refusals=(404,))
def get_attestation(call: Call) -> Answer:
    """The status of an attestation."""
    found = call.world.store.attestations.get(call.params["attestation"].lower())
    if found is None or found.partner_tenant != caller(call).tenant:
        raise errors.shape_a(UNKNOWN, 404, 1000, "The attestation was not found.")
    return Answer(200, _shown(call, found))


def current_status(attestation: Attestation, now: datetime) -> str:
    """The status at a moment: an attestation that nobody answered in time is expired."""
    if attestation.status == "created" and now >= attestation.expires_at:
        return "expired"
    return attestation.status


def _spoken(call: Call, attestation: Attestation) -> str:
    """The status in the words that were chosen."""
    status = "recorded" if attestation.used_for else current_status(attestation, call.world.clock.now())
    return _SPOKEN[call.world.choice(WORDS)].get(status, status)


def _shown(call: Call, attestation: Attestation) -> dict[str, Any]:
    body = {
        "attestationId": attestation.id,
        "status": _spoken(call, attestation),
        "country": attestation.country,
        "language": attestation.language,
        "companyName": attestation.company,
        "templateId": attestation.template_id,
        "createdDate": rfc3339(attestation.created_at),
        "expirationDate": rfc3339(attestation.expires_at),
        "attributes": {"objectType": "EnhancedAttestation"},
    }
    if call.world.choice(LINK) == "answer":
        body["acceptanceUrl"] = links.attestation_page(call.world.console, attestation.id)
    if attestation.accepted_at is not None:
        body["acceptedDate"] = rfc3339(attestation.accepted_at)
    return body


def finished(call: Call, attestation_id: str, tenant: Tenant) -> Attestation:
    """Use an accepted attestation for a customer's agreement."""
    store = call.world.store
    found = store.attestations.get(attestation_id.lower())
    if found is None or found.partner_tenant != caller(call).tenant:
        raise errors.shape_a(UNKNOWN, 400, 3000, "Invalid property: 'attestationId'. It is not known.")
    if current_status(found, call.world.clock.now()) != "accepted":
        raise errors.shape_a(OPEN, 400, 3000, "Invalid property: 'attestationId'. The attestation is not accepted.")
    if found.used_for not in (None, tenant.id):
        raise errors.shape_a(USED, 400, 3000, "Invalid property: 'attestationId'. It is used for another customer.")
    found.used_for = tenant.id
    return store.attestations.put(found)
