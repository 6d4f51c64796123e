"""The Microsoft Customer Agreement: plain statements, direct acceptance, the enhanced attestation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from csp_sandbox import mailbox

from .conftest import Box
from .partner import Partner

MCA = "MicrosoftCustomerAgreement"
TEMPLATE = "117a77b0-9360-443b-8795-c6dedc750cf9"
CONTACT = {"firstName": "Tania", "lastName": "Carr", "email": "tania@adventure.example", "phoneNumber": "1234567890"}
REQUEST = {
    "country": "US",
    "language": "en-US",
    "companyName": "Adventure Works",
    "signatoryFirstName": "Tania",
    "signatoryLastName": "Carr",
    "signatoryEmail": "tania@adventure.example",
}


@pytest.fixture
def partner(box: Box) -> Partner:
    return Partner(box)


@pytest.fixture
def tenant(partner: Partner) -> str:
    return str(partner.call("GET", "/customers").json()["items"][0]["id"])


def statement(**changes: Any) -> dict[str, Any]:
    return {
        "primaryContact": CONTACT,
        "templateId": TEMPLATE,
        "dateAgreed": "2026-11-20T00:00:00.000Z",
        "type": MCA,
    } | changes


def test_metadata_defaults_to_the_old_agreement(partner: Partner) -> None:
    answer = partner.call("GET", f"/agreements?agreementType={MCA}").json()  # V11
    assert answer["items"] == [
        {
            "templateId": TEMPLATE,
            "agreementType": MCA,
            "agreementLink": "https://aka.ms/customeragreement",
            "versionRank": 0,
        }
    ]
    assert partner.call("GET", "/agreements").json()["items"][0]["agreementType"] == "MicrosoftCloudAgreement"
    assert len(partner.call("GET", "/agreements?agreementType=*").json()["items"]) == 2
    assert partner.call("GET", "/agreements?agreementType=x").status_code == 400


def test_a_plain_statement_worked_until_january_2026(box: Box, partner: Partner, tenant: str) -> None:
    path = f"/customers/{tenant}/agreements"
    refused = partner.call("POST", path, json=statement())
    assert (refused.status_code, refused.json()["code"]) == (400, 900127)
    box.admin("POST", "/clock", json={"now": "2025-12-01T12:00:00Z", "frozen": True})
    before = Partner(box)
    body = statement(dateAgreed="2025-11-30T00:00:00.000Z")
    made = before.call("POST", path, json=body)
    assert (made.status_code, made.json()["dateAgreed"]) == (201, "2025-11-30T00:00:00")
    assert made.json()["userId"]
    again = before.call("POST", path, json=body)
    assert (again.status_code, again.json()) == (
        400,
        {
            "code": 600061,
            "message": "A partner confirmed agreement already exists for the customer.",
            "description": "A partner confirmed agreement already exists for the customer.",
            "errorName": "PartnerConfirmedAgreementAlreadyExists",
            "isRetryable": False,
            "parameters": {},
            "errorMessageExtended": "InternalErrorCode=600061",
        },
    )
    other = before.call("POST", path, json=body | {"primaryContact": CONTACT | {"firstName": "Tom"}})
    assert other.status_code == 201
    assert before.call("GET", f"{path}?agreementType={MCA}").json()["totalCount"] == 2
    assert before.call("GET", path).json()["totalCount"] == 0  # the type was left out
    future = before.call("POST", path, json=statement(dateAgreed="2025-12-02T00:00:00Z"))
    assert (future.json()["code"], future.json()["message"]) == (
        600002,
        "Date of agreement cannot be greater than the current date",
    )


def test_enhanced_attestation_from_request_to_agreement(box: Box, partner: Partner, tenant: str) -> None:
    asked = partner.call("POST", "/attestations/enhanced", json=REQUEST, user=False)
    assert (asked.status_code, asked.json()["status"]) == (201, "created")
    number = asked.json()["attestationId"]
    assert "acceptanceUrl" not in asked.json(), "clients build the link from the id"
    link = f"https://cdn.partner.microsoft.com/mca/?attestationid={number}"
    path = f"/customers/{tenant}/agreements"
    early = partner.call("POST", path, json=statement(attestationId=number), user=False)
    assert (early.status_code, early.json()["code"]) == (400, 3000)
    mailbox.write(
        box.world, sender="us@reseller.example", to=CONTACT["email"], subject="Agreement", text=f"Please: {link}"
    )
    box.world.clock.advance(121)
    seen = partner.call("GET", f"/attestations/enhanced/{number}", user=False).json()
    assert (seen["status"], "acceptedDate" in seen) == ("accepted", True)
    by_user = partner.call("POST", path, json=statement(attestationId=number))
    assert (by_user.status_code, by_user.json()["code"]) == (403, 900308)
    made = partner.call("POST", path, json=statement(attestationId=number), user=False)
    assert (made.status_code, made.json()["dateAgreed"]) == (201, "2026-11-22T00:00:00")
    again = partner.call("POST", path, json=statement(attestationId=number), user=False)
    assert again.json()["code"] == 600061
    listed = partner.call("GET", f"{path}?agreementType={MCA}").json()["items"]
    assert [item["primaryContact"]["email"] for item in listed] == [CONTACT["email"]]
    assert partner.call("GET", f"/customers/{tenant}/directSignedMicrosoftCustomerAgreementStatus").json() == {
        "isSigned": False
    }


def test_a_link_lives_seven_days_at_most(box: Box, partner: Partner) -> None:
    number = partner.call("POST", "/attestations/enhanced", json=REQUEST, user=False).json()["attestationId"]
    box.world.clock.advance(7 * 86_400)
    late = Partner(box)
    assert late.call("GET", f"/attestations/enhanced/{number}", user=False).json()["status"] == "expired"
    assert late.call("GET", "/attestations/enhanced/x", user=False).status_code == 404


@pytest.mark.parametrize("minutes", [4, 10_081, "60", True])
def test_a_life_out_of_the_limits_is_named_in_data_alone(partner: Partner, minutes: object) -> None:
    body = REQUEST | {"linkExpiryInMinutes": minutes}
    refused = partner.call("POST", "/attestations/enhanced", json=body, user=False)
    assert refused.status_code == 400
    told = refused.json()
    assert (told["code"], told["data"]) == (27002, ["linkExpiryInMinutes"])
    assert "linkExpiry" not in told["description"]


@pytest.mark.parametrize(
    ("words", "spoken"),
    [
        ("plain", ["created", "accepted", "accepted"]),
        ("link", ["linkgenerated", "customeraccepted", "agreementcreated"]),
        ("signature", ["pending", "valid", "valid"]),
        ("unheard", ["In Review"] * 3),
    ],
)
def test_status_words(box: Box, partner: Partner, tenant: str, words: str, spoken: list[str]) -> None:
    box.world.choose({"pc.attestations.words": words, "pc.attestations.link": "answer"})
    asked = partner.call("POST", "/attestations/enhanced", json=REQUEST | {"linkExpiryInMinutes": 5}, user=False).json()
    number = asked["attestationId"]
    mailbox.write(
        box.world, sender="us@reseller.example", to=CONTACT["email"], subject="A", text=f"Do: {asked['acceptanceUrl']}"
    )
    box.world.clock.advance(121)
    seen = [asked["status"], partner.call("GET", f"/attestations/enhanced/{number}", user=False).json()["status"]]
    made = partner.call("POST", f"/customers/{tenant}/agreements", json=statement(attestationId=number), user=False)
    assert made.status_code == 201
    seen.append(partner.call("GET", f"/attestations/enhanced/{number}", user=False).json()["status"])
    assert seen == spoken


def test_old_agreements_do_not_count(boxes: Callable[..., Box]) -> None:
    box = boxes("reseller")

    def blockers(email: str) -> list[str]:
        query = {"account": "20501", "customer": email}
        return list(box.admin("GET", "/checkout", params=query).json()["blockers"])

    assert blockers("it@tailspin.example") == ["agreement"]
    assert blockers("it@contoso.example") == []


def test_document_links(partner: Partner) -> None:
    answer = partner.call("GET", f"/agreementtemplates/{TEMPLATE}/document?language=fr-CA&country=CA").json()
    assert (answer["language"], answer["country"]) == ("fr-CA", "CA")
    assert partner.call("GET", f"/agreementtemplates/{TEMPLATE}/document?language=xx").json()["language"] == "en-US"
    assert partner.call("GET", "/agreementtemplates/x/document").status_code == 404
