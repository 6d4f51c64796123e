"""The Microsoft Customer Agreement as partners see it: metadata, what is on record, the two ways to attest.

Source: partner-center.md 5. The plain way is retired since 2026-01-05 on the sandbox's clock; before that day it
works.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict

from csp_sandbox import microsoft
from csp_sandbox.ledger import rule, switch
from csp_sandbox.partner_center import bodies, errors, properties, views
from csp_sandbox.partner_center.attestations import finished
from csp_sandbox.partner_center.bodies import Body
from csp_sandbox.partner_center.customers import related
from csp_sandbox.partner_center.system import caller, operation
from csp_sandbox.serving.web import Answer, Call
from csp_sandbox.situation.model import Agreement, Person, Tenant

_AGREEMENTS = "partner-center.md 5"

METADATA = rule(
    "pc.agreements.metadata",
    "Templates by agreementType; left out it means the old MicrosoftCloudAgreement, * means all.",
    source="partner-center.md 5.1",
)
LIST = rule(
    "pc.agreements.list",
    "Partner attestations of one type, without zone on the date and without userId; direct acceptance is not shown.",
    source="partner-center.md 5.3, V13",
)
DIRECT = rule(
    "pc.agreements.direct-signed",
    "Whether the customer accepted the MCA directly; neither who nor when.",
    source="partner-center.md 5.5",
)
DOCUMENT = rule(
    "pc.agreements.document",
    "Links to the text; the language falls back to en-US, the download link changes at every call.",
    source="partner-center.md 5.7",
)
CREATE = rule(
    "pc.agreements.create",
    "With the id of an accepted attestation and an app-only token: 201 and the agreement.",
    source="partner-center.md 5.6",
    confidence="inferred",
)
LEGACY = rule(
    "pc.agreements.create.legacy",
    "Without an attestation id and before 2026-01-05: 201, App+User only.",
    source="partner-center.md 5.4",
)
RETIRED = switch(
    "pc.agreements.create.retired",
    "A partner's plain statement since 2026-01-05. No public page shows the answer.",
    source="partner-center.md 5.4, 11 (2)",
    choices={"refused": "400, code 900127", "gone": "410, code 900127", "taken": "still works"},
    default="refused",
    strict="gone",
)
EXISTS = rule(
    "pc.agreements.create.exists",
    "The recorded contact again: 400, code 600061. One changed field is enough.",
    source="partner-center.md 5.4, V12b",
)
FUTURE = rule(
    "pc.agreements.create.future",
    "dateAgreed later than the server's day: 400, code 600002.",
    source="partner-center.md 5.4",
)
TEMPLATE = rule(
    "pc.agreements.create.template",
    "A template that is not the type's: 400, code 600002; the Cloud Agreement is no longer supported.",
    source="partner-center.md 5.1, 5.4",
    confidence="seen in client code",
)
WHO = rule(
    "pc.agreements.create.token",
    "An attestation id needs an app-only token (403, 900308), a plain statement App+User (403, 900329).",
    source="partner-center.md 1.7, 5.6",
    confidence="inferred",
)
NO_TYPE = rule(
    "pc.agreements.bad-type",
    "An unknown agreementType: 400, code 2000.",
    source="partner-center.md 5.1",
    confidence="inferred",
)
NO_TEMPLATE = rule(
    "pc.agreements.document.unknown",
    "An unknown template (case-sensitive): 404, code 1000.",
    source="partner-center.md 5.7",
    confidence="inferred",
)
LAG = switch(
    "pc.agreements.lag",
    "When a new agreement appears in the list.",
    source="partner-center.md 6.5 (the bulk tool: within four hours)",
    choices={"none": "at once", "five-minutes": "after five minutes"},
    default="none",
    strict="five-minutes",
)

_LINKS = {
    microsoft.MCA: "https://aka.ms/customeragreement",
    microsoft.CLOUD_AGREEMENT: "https://aka.ms/CloudAgreement",
}
_DOCUMENT_LANGUAGES = {
    "US": ("en-US",), "CA": ("en-US", "fr-CA"), "DE": ("en-US", "de-DE"), "FR": ("en-US", "fr-FR"),
    "BR": ("en-US", "pt-BR"),
    "MX": ("en-US", "es-ES"), "PT": ("en-US", "pt-PT"), "PL": ("en-US", "pl-PL"), "SE": ("en-US", "sv-SE"),
}  # fmt: skip


class ContactBody(BaseModel):
    """The person who agreed."""

    model_config = ConfigDict(extra="allow")
    firstName: str  # noqa: N815
    lastName: str  # noqa: N815
    email: str
    phoneNumber: str | None = None  # noqa: N815


class AgreementBody(BaseModel):
    """A new agreement."""

    model_config = ConfigDict(extra="allow")
    primaryContact: ContactBody  # noqa: N815
    templateId: str  # noqa: N815
    dateAgreed: str  # noqa: N815
    type: str
    attestationId: str | None = None  # noqa: N815


class TypeQuery(BaseModel):
    """Query of metadata and list."""

    agreementType: str = microsoft.CLOUD_AGREEMENT  # noqa: N815


def _types(call: Call) -> list[str]:
    wish = call.query.get("agreementType") or microsoft.CLOUD_AGREEMENT
    if wish == "*":
        return list(_LINKS)
    found = [name for name in _LINKS if name.casefold() == wish.casefold()]
    if not found:
        raise errors.shape_a(
            NO_TYPE, 400, 2000, f"The agreement type '{wish}' is not valid.", "PartnerApiServiceControllers"
        )
    return found


def _template(call: Call, kind: str) -> str:
    return microsoft.mca_template(call.world.store) if kind == microsoft.MCA else microsoft.CLOUD_TEMPLATE


@operation("agreements.metadata", "GET", "/agreements", rule=METADATA, auth="user", query=TypeQuery, refusals=(400,))
def list_templates(call: Call) -> Answer:
    """Agreement templates."""
    return Answer(
        200,
        views.collection(
            [
                {
                    "templateId": _template(call, name),
                    "agreementType": name,
                    "agreementLink": _LINKS[name],
                    "versionRank": 0,
                }
                for name in _types(call)
            ]
        ),
    )


@operation(
    "agreements.list",
    "GET",
    "/customers/{tenant}/agreements",
    rule=LIST,
    auth="user",
    query=TypeQuery,
    refusals=(400, 404, 429),
)
def list_agreements(call: Call) -> Answer:
    """Agreements that partners confirmed for a customer."""
    tenant, _ = related(call, even_if_new=True)
    types, store = _types(call), call.world.store
    visible_until = call.world.clock.now()
    if call.world.choice(LAG) == "five-minutes":
        visible_until -= timedelta(minutes=5)
    rows = [
        row
        for row in store.agreements.find("tenant", tenant.id)
        if row.kind == "attested" and row.type in types and (row.created_at is None or row.created_at <= visible_until)
    ]
    return Answer(200, views.collection([_shown(row) for row in rows]))


def _shown(row: Agreement) -> dict[str, Any]:
    return {
        "primaryContact": _contact(row.contact or Person()),
        "templateId": row.template_id or microsoft.MCA_TEMPLATE,
        "dateAgreed": f"{row.date.isoformat()}T00:00:00",
        "type": row.type,
        "agreementLink": _LINKS.get(row.type, ""),
    }


def _contact(person: Person) -> dict[str, str]:
    body = {"firstName": person.first_name, "lastName": person.last_name, "email": person.email}
    return body | ({"phoneNumber": person.phone} if person.phone else {})


@operation(
    "agreements.direct_signed",
    "GET",
    "/customers/{tenant}/directSignedMicrosoftCustomerAgreementStatus",
    rule=DIRECT,
    auth="user",
    refusals=(400, 404, 429),
)
def get_direct_signed(call: Call) -> Answer:
    """Whether the customer accepted the MCA directly."""
    tenant, _ = related(call, even_if_new=True)
    return Answer(200, {"isSigned": microsoft.directly_signed(call.world.store, tenant.id)})


@operation(
    "agreements.create",
    "POST",
    "/customers/{tenant}/agreements",
    rule=CREATE,
    body=AgreementBody,
    status=201,
    refusals=(400, 404, 409, 410),
)
def create_agreement(call: Call) -> Answer:
    """Record the agreement of a customer."""
    tenant, _ = related(call, even_if_new=True)
    who, body, now = caller(call), bodies.read(call), call.world.clock.now()
    attestation_id = bodies.text(body, "attestationId")
    if attestation_id and who.user:
        raise errors.shape_a(WHO, 403, 900308, "Insufficient privileges: the operation needs an app-only token.")
    if not attestation_id:
        _plain_statement(call)
    contact, agreed = _statement(call, body, now)
    if attestation_id:
        attestation = finished(call, attestation_id, tenant)
        assert attestation.accepted_at is not None
        # What counts is when the signatory accepted and who it was, not what the partner writes.
        agreed, contact = attestation.accepted_at, attestation.signatory
    _not_recorded_yet(call, tenant, contact)
    store = call.world.store
    row = microsoft.attest(
        store,
        now,
        tenant.id,
        agreed.date(),
        contact,
        partner=who.tenant,
        user=who.user or call.world.named_guid("partner-user"),
        by=attestation_id,
    )
    shown = _shown(row) | {"userId": row.user_id}
    microsoft.audit_change(
        store,
        now,
        who.tenant,
        "create_agreement",
        tenant,
        user=who.user_name,
        app=who.app,
        resource="Agreement",
        new=shown,
    )
    return Answer(201, shown)


def _plain_statement(call: Call) -> None:
    if not caller(call).user:
        raise errors.shape_a(WHO, 403, 900329, "The resource does not support app-only authentication.")
    reading = call.world.choice(RETIRED)
    if call.world.clock.now().date() >= microsoft.ATTESTATION_RETIRED and reading != "taken":
        text = "The operation is not supported: partner attestation is replaced by the enhanced attestation."
        raise errors.shape_a(RETIRED, 410 if reading == "gone" else 400, 900127, text)
    call.rule = LEGACY.id


def _statement(call: Call, body: Body, now: datetime) -> tuple[Person, datetime]:
    person = bodies.section(body, "primaryContact")
    contact = Person(
        first_name=bodies.text(person, "firstName", required=True),
        last_name=bodies.text(person, "lastName", required=True),
        email=bodies.text(person, "email", required=True),
        phone=bodies.text(person, "phoneNumber"),
    )
    properties.check_person(contact, "firstName", "lastName")
    properties.check_email(caller(call).account, contact.email, "email")
    properties.check_suffix(contact.email, "email")
    kind, template = bodies.text(body, "type", required=True), bodies.text(body, "templateId", required=True)
    if kind != microsoft.MCA or template != _template(call, kind):
        text = (
            "The agreement template is no longer supported." if kind in _LINKS else "The agreement type is not valid."
        )
        raise errors.shape_b(TEMPLATE, 400, 600002, text, "BadInput")
    agreed = bodies.day(body, "dateAgreed")
    if agreed is None:
        raise errors.invalid("dateAgreed", "It is required.")
    if agreed > now.date():
        raise errors.shape_b(
            FUTURE, 400, 600002, "Date of agreement cannot be greater than the current date", "BadInput"
        )
    return contact, datetime(agreed.year, agreed.month, agreed.day, tzinfo=UTC)


def _not_recorded_yet(call: Call, tenant: Tenant, contact: Person) -> None:
    for row in call.world.store.agreements.find("tenant", tenant.id):
        # An agreement from before 2023-04-01 has to be renewed, so it cannot stand in the way of its successor.
        if row.kind == "attested" and row.contact == contact and row.date >= microsoft.AGREEMENT_VALID_FROM:
            text = "A partner confirmed agreement already exists for the customer."
            raise errors.shape_b(EXISTS, 400, 600061, text, "PartnerConfirmedAgreementAlreadyExists")


@operation(
    "agreements.document", "GET", "/agreementtemplates/{template}/document", rule=DOCUMENT, auth="user", refusals=(404,)
)
def get_document(call: Call) -> Answer:
    """Where the text of an agreement can be read."""
    template = call.params["template"]
    old_and_new = (microsoft.MCA_TEMPLATE, *(_template(call, kind) for kind in _LINKS))
    if template not in old_and_new:
        raise errors.shape_a(NO_TEMPLATE, 404, 1000, f"The agreement template '{template}' was not found.")
    country = call.query.get("country", "US")
    country = country if country in _DOCUMENT_LANGUAGES else "US"
    language = call.query.get("language", "en-US")
    language = language if language in _DOCUMENT_LANGUAGES[country] else "en-US"
    place = f"https://docs.microsoft.com/legal/agreement/{template}/{quote(country)}/{language}"
    stamp = int(call.world.clock.timestamp() * 1000)
    return Answer(
        200,
        {
            "displayUri": place,
            "downloadUri": f"{place}.docx?expires={stamp + 300_000}",
            "language": language,
            "country": country,
        },
    )
