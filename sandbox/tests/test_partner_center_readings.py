"""The inferred rules of Partner Center under `--strict` and by choice, and that people's refusals name their row."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import csp_sandbox
import pytest

from .conftest import Box
from .partner import Partner, new_customer
from .test_agreements import REQUEST, statement

PACKAGE = Path(csp_sandbox.__file__).parent


@pytest.fixture
def strict(boxes: Callable[..., Box]) -> Box:
    return boxes("provider", strict=True)


def test_a_taken_domain_and_a_hyphen_are_refused_harder(strict: Box) -> None:
    partner = Partner(strict)
    assert partner.create("alpine").status_code == 201
    assert partner.create("alpine").status_code == 409
    assert partner.create("alpine-ski").json()["code"] == 3000
    strict.world.choose({"pc.customers.create.hyphen": "allowed"})
    assert partner.create("alpine-ski").status_code == 201


def test_a_put_without_etag_and_a_stale_one_are_refused(strict: Box) -> None:
    partner = Partner(strict)
    tenant = partner.call("GET", "/customers").json()["items"][0]["id"]
    path = f"/customers/{tenant}/profiles/billing"
    body = partner.call("GET", path).json()
    body.pop("attributes")
    assert partner.call("PUT", path, json=body).json()["code"] == 2055
    assert partner.call("PUT", path, json=body, headers={"If-Match": '"1"'}).status_code == 412


def test_the_next_link_may_begin_with_the_version(strict: Box) -> None:
    partner = Partner(strict)
    partner.create("alpine")
    strict.world.clock.advance(90)
    first = partner.call("GET", "/customers?size=1").json()
    assert first["links"]["next"]["uri"].startswith("/v1/customers?")


def test_the_invitation_ignores_the_reseller(strict: Box) -> None:
    reseller = strict.ready["reseller_tenant_id"]
    url = Partner(strict).call("GET", f"/customers/relationshiprequests?indirectResellerId={reseller}").json()["url"]
    assert "invType=ResellerRelationship" in url


def test_a_plain_statement_is_gone_or_taken(strict: Box) -> None:
    partner = Partner(strict)
    tenant = partner.call("GET", "/customers").json()["items"][0]["id"]
    path = f"/customers/{tenant}/agreements"
    assert partner.call("POST", path, json=statement()).status_code == 410
    strict.world.choose({"pc.agreements.create.retired": "taken"})
    assert partner.call("POST", path, json=statement()).status_code == 201
    listed = f"{path}?agreementType=MicrosoftCustomerAgreement"
    assert partner.call("GET", listed).json()["items"] == []  # five minutes of lag
    strict.world.clock.advance(300)
    assert len(partner.call("GET", listed).json()["items"]) == 1


def test_an_attestation_waits_for_seven_days(strict: Box) -> None:
    made = Partner(strict).call("POST", "/attestations/enhanced", json=REQUEST, user=False).json()
    assert made["expirationDate"] == "2026-11-29T12:00:00Z"


def test_throttling_by_partner_or_never(strict: Box) -> None:
    partner = Partner(strict)
    tenant = partner.call("GET", "/customers").json()["items"][0]["id"]
    for _ in range(250):
        partner.call("GET", f"/customers/{tenant}")
        partner.call("GET", f"/customers/{tenant}/profiles/billing")
    assert partner.call("GET", f"/customers/{tenant}").status_code == 429
    strict.world.choose({"pc.throttle": "off"})
    assert partner.call("GET", f"/customers/{tenant}").status_code == 200


def test_a_replay_can_repeat_the_password(box: Box) -> None:
    box.world.choose({"pc.idempotent.password": "repeated"})
    partner, headers = Partner(box), {"MS-RequestId": "0d9e7c66-6b2d-4d27-9a9d-d6e0d29a1f10"}
    first = partner.call("POST", "/customers", json=new_customer(box, "alpine"), headers=headers).json()
    again = partner.call("POST", "/customers", json=new_customer(box, "alpine"), headers=headers).json()
    assert again == first


def test_every_refusal_of_a_form_or_a_page_names_its_row() -> None:
    loose = []
    for file in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            name = ast.unparse(node.func).rsplit(".", 1)[-1] if isinstance(node, ast.Call) else ""
            if isinstance(node, ast.Call) and name in ("FormError", "CannotAcceptError"):
                row = ast.unparse(node.args[0]).rsplit(".", 1)[-1]
                if not row.isupper():
                    loose.append(f"{file.name}:{node.lineno}")
    assert loose == []
