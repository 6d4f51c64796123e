"""Our own write endpoint: docs/provider-association-api.md."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Box
from .test_ion import BODY

ROW: dict[str, Any] = {
    "provider": "Legacy Azure",
    "pricebook": "US Standard",
    "provider_currency": "USD",
    "invoice_currency": "USD",
    "portal_access": True,
    "tenant_id": None,
    "domain": None,
}


def call(box: Box, method: str, number: str, **more: Any) -> Any:
    path = f"/ion/csp-association/v1/accounts/{box.account}/customers/{number}/providers/30"
    return box.http.request(method, path, headers={"Authorization": f"Bearer {box.ion_token()}"}, **more)


def customer(box: Box, email: str = "c@a.test") -> str:
    made = box.ion("POST", "/customers", box.ion_token(), json={**BODY, "customerEmail": email})
    return str(made.json()["name"].split("/")[-1])


def tenant(box: Box, domain: str) -> str:
    found = box.world.store.tenants.first("domain", domain)
    assert found is not None
    return found.id


def test_off_unless_the_flag_is_on(boxes: Callable[..., Box]) -> None:
    assert call(boxes("reseller"), "GET", "300001").status_code == 404


def test_put_makes_the_row_and_get_shows_it(box: Box) -> None:
    number = customer(box)
    assert call(box, "GET", number).status_code == 404
    assert call(box, "PUT", number, json=ROW).json() == ROW
    linked = {
        **ROW,
        "tenant_id": tenant(box, "adventureworks.onmicrosoft.com"),
        "domain": "adventureworks.onmicrosoft.com",
    }
    assert call(box, "PUT", number, json={**linked, "domain": None}).json() == linked
    assert call(box, "PUT", number, json=linked).json() == call(box, "GET", number).json() == linked


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"provider": "AWS"}, "CSP-AS-001"),
        ({"pricebook": "Nope"}, "CSP-AS-002"),
        ({"pricebook": "US Euro"}, "CSP-AS-003"),
        ({"tenant_id": "00000000-0000-0000-0000-000000000000"}, "CSP-AS-004"),
        ({"domain": "x.test"}, "CSP-AS-007"),
    ],
)
def test_refusals(box: Box, change: dict[str, Any], code: str) -> None:
    answer = call(box, "PUT", customer(box), json={**ROW, **change})
    assert (answer.status_code, answer.json()["details"][0]["code"]) == (412, code)


@pytest.mark.parametrize("body", [{}, {**ROW, "more": 1}, {**ROW, "portal_access": "on"}, {**ROW, "tenant_id": 5}])
def test_shape_errors_are_400(box: Box, body: dict[str, Any]) -> None:
    assert call(box, "PUT", customer(box), json=body).status_code == 400


def test_a_tenant_is_refused_before_it_is_related(box: Box) -> None:
    wanted = tenant(box, "maplegrove.onmicrosoft.com")
    answer = call(box, "PUT", customer(box), json={**ROW, "tenant_id": wanted})
    assert answer.json()["details"][0]["code"] == "CSP-AS-004"


def test_a_linked_tenant_cannot_be_replaced_removed_or_shared(box: Box) -> None:
    number, linked = customer(box), tenant(box, "adventureworks.onmicrosoft.com")
    assert call(box, "PUT", number, json={**ROW, "tenant_id": linked}).status_code == 200
    assert call(box, "PUT", number, json=ROW).json()["details"][0]["code"] == "CSP-AS-005"
    shared = call(box, "PUT", customer(box, "d@a.test"), json={**ROW, "tenant_id": linked})
    assert shared.json()["details"][0]["code"] == "CSP-AS-006"
