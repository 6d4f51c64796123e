"""The Microsoft Customer Agreement: templates, what is accepted, and the enhanced attestation (partner-center.md 5).

Several names of the enhanced attestation are not on any page that could be read. They are settings of the connection
and were never tried against the live service.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import quote

from clients.partner_center import bodies
from clients.partner_center.models import Agreement, AgreementTemplate, AttestationRequest, AttestationState
from clients.partner_center.wire import Wire
from clients.wire.shape import Moment, Needed, Said, ShapeError, Text, member, read
from clients.wire.transport import Call, join
from clients.words import ATTESTATION, meaning
from schemas.kinds.hosts import is_loopback, not_microsofts

MCA = "MicrosoftCustomerAgreement"
_OUR_WORDS = {
    "country": "country",
    "language": "language",
    "company_name": "company",
    "signatory_first_name": "first_name",
    "signatory_last_name": "last_name",
    "signatory_email": "email",
    "signatory_phone": "phone",
}
_ID_NAMES = ("attestationId", "id")
_STATUS_NAMES = ("status", "attestationStatus")
_LINK_NAMES = ("attestationLink", "link", "url", "acceptanceUrl")


@dataclass(frozen=True, slots=True)
class AttestationSettings:
    """`fields`: our word -> name in the request; `link_template` with `{id}` for answers without a link. `expiry` is
    sent, in minutes, only where `fields` names its member. `words`: status words that the connection knows."""

    path: str = "/v1/attestations/enhanced"
    fields: Mapping[str, str] = field(default_factory=dict)
    link_template: str = ""
    link_minutes: int = 10_080
    words: Mapping[str, str] = field(default_factory=dict)


class AgreementCalls:
    def __init__(self, wire: Wire, attestations: AttestationSettings) -> None:
        self._wire = wire
        self._attestations = attestations

    def agreement_templates(self) -> list[AgreementTemplate]:
        """Current templates of the MCA. The type is always sent: without it the service answers for the retired Cloud
        Agreement."""
        call = Call("agreements.metadata", "GET", self._wire.url("agreements"), params={"agreementType": MCA})
        found = self._wire.collection(call, lambda entry, where: read(AgreementTemplate, entry, where))
        return [one for one in found if one.type == MCA]

    def agreements(self, tenant_id: str) -> list[Agreement]:
        """Attestations by partners. Direct acceptance is not among them."""
        call = Call(
            "agreements.list",
            "GET",
            self._wire.url("customers", tenant_id, "agreements"),
            params={"agreementType": MCA},
            scope=self._wire.scope(tenant_id),
        )
        return self._wire.collection(call, bodies.agreement)

    def directly_signed(self, tenant_id: str) -> bool:
        """Whether the customer accepted the MCA itself; the service tells neither who nor when."""
        call = Call(
            "agreements.directSigned",
            "GET",
            self._wire.url("customers", tenant_id, "directSignedMicrosoftCustomerAgreementStatus"),
            scope=self._wire.scope(tenant_id),
        )
        answer = self._wire.get(call)

        signed: bool = self._wire.shaped(call, lambda: member(Said, answer.data, "isSigned"))
        return signed

    def request_attestation(self, request: AttestationRequest, *, request_id: str) -> AttestationState:
        """App-only. Makes an attestation for the signatory to accept on Microsoft's page; a tenant need not exist."""
        body: dict[str, str | int] = {
            self._attestations.fields.get(word, word): value
            for ours, word in _OUR_WORDS.items()
            if (value := getattr(request, ours))
        }
        if expiry := self._attestations.fields.get("expiry"):
            body[expiry] = self._attestations.link_minutes
        call = Call("attestations.create", "POST", self._attestation_url(), write=True, json=body)
        answer = self._wire.write(call, request_id, app_only=True)
        return self._wire.shaped(call, lambda: self._state(answer.data, "", "created"))

    def attestation(self, attestation_id: str) -> AttestationState:
        """Raises NotFound."""
        call = Call("attestations.get", "GET", self._attestation_url(attestation_id))
        answer = self._wire.get(call, app_only=True)
        return self._wire.shaped(call, lambda: self._state(answer.data, attestation_id))

    def create_agreement(
        self,
        tenant_id: str,
        *,
        attestation_id: str,
        template_id: str,
        first_name: str,
        last_name: str,
        email: str,
        date_agreed: date,
        request_id: str,
        phone_number: str = "",
    ) -> Agreement:
        """App-only. Finishes an accepted attestation. Code 600061 (OurBug) says that one exists: read and decide."""
        contact = {"firstName": first_name, "lastName": last_name, "email": email}
        if phone_number:
            contact["phoneNumber"] = phone_number
        call = Call(
            "agreements.create",
            "POST",
            self._wire.url("customers", tenant_id, "agreements"),
            write=True,
            json={
                "primaryContact": contact,
                "templateId": template_id,
                "dateAgreed": f"{date_agreed.isoformat()}T00:00:00.000Z",
                "type": MCA,
                "attestationId": attestation_id,
            },
            scope=self._wire.scope(tenant_id),
        )
        answer = self._wire.write(call, request_id, app_only=True)
        return self._wire.shaped(call, lambda: bodies.agreement(answer.data, "answer"))

    def agreement_document(self, template_id: str, language: str, country: str) -> str:
        """The display link. The download link expires after five minutes and is not returned."""
        call = Call(
            "agreementDocument.get",
            "GET",
            self._wire.url("agreementtemplates", template_id, "document"),
            params={"language": language, "country": country.upper()},
        )
        answer = self._wire.get(call)
        link: str = self._wire.shaped(call, lambda: member(Needed, answer.data, "displayUri"))
        return link

    def _attestation_url(self, *segments: str) -> str:
        return join(self._wire.base_url + "/" + self._attestations.path.strip("/"), *segments)

    def _state(self, data: Any, known_id: str, without: str = "") -> AttestationState:
        """`without`: the status of an answer that names none."""

        def first(kind: Any, names: Iterable[str]) -> Any:
            return next((value for name in names if (value := member(kind, data, name))), None)

        found = first(Text, _ID_NAMES) or known_id
        if not found:
            raise ShapeError("the attestation id is missing")
        link = first(Text, _LINK_NAMES) or ""
        if not link and self._attestations.link_template:
            link = self._attestations.link_template.replace("{id}", quote(found, safe=""))
        of_a_sandbox = is_loopback(self._wire.base_url) and is_loopback(link)
        if link and not of_a_sandbox and (wrong := not_microsofts(link)):
            raise ShapeError(f"acceptance link: {wrong}")
        word = first(Text, _STATUS_NAMES) or ""
        return AttestationState(
            id=found,
            status=meaning(ATTESTATION, word or without, self._attestations.words),
            link=link,
            accepted=first(Moment, ("acceptedDate", "acceptedAt")),
            expires=first(Moment, ("expirationDate", "expiresAt")),
            created=first(Moment, ("createdDate", "createdAt")),
            word=word,
        )
