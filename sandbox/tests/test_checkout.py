"""All 128 situations of the seven gates, made on record, and what the checkout says of each."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest
from csp_sandbox import checkout
from csp_sandbox.situation.model import Account, IonCustomer

from .conftest import Box, make_box

EMAIL = "it@contoso.example"


@pytest.fixture(scope="module")
def shared() -> Iterator[Box]:
    made = make_box("reseller")
    yield made
    made.http.close()
    made.world.store.close()


def situation(box: Box, open_gates: frozenset[str]) -> tuple[Account, IonCustomer]:
    """The ready customer of the profile with some gates opened; everything else is as it was."""
    store = box.world.store
    account, customer = store.accounts.get("20501"), store.customers.first("email", EMAIL)
    tenant = store.tenants.first("domain", "contosoltd.onmicrosoft.com")
    assert account is not None
    assert customer is not None
    assert tenant is not None
    account = account.model_copy(update={"program_authorized": "reseller" not in open_gates})
    row = customer.rows[0].model_copy(deep=True)
    row.pricebook = "US Euro" if "pricebook" in open_gates else "US Standard"
    row.tenant_id = None if "tenant" in open_gates else tenant.id
    customer = customer.model_copy(
        update={
            "status": "INACTIVE" if "profile" in open_gates else "ACTIVE",
            "rows": [] if "cloud_provider" in open_gates else [row],
        }
    )
    link = store.relationships.first("tenant", tenant.id)
    agreement = store.agreements.first("tenant", tenant.id)
    assert link is not None
    assert agreement is not None
    link.reseller_tenant = None if "relationship" in open_gates else account.reseller_tenant
    agreement.date = agreement.date.replace(year=2022 if "agreement" in open_gates else 2026)
    return account, customer


COMBINATIONS = [
    frozenset(gate for gate, is_open in zip(checkout.GATES, choice, strict=True) if is_open)
    for choice in product((False, True), repeat=len(checkout.GATES))
]


@pytest.mark.parametrize("open_gates", COMBINATIONS, ids=lambda gates: "+".join(sorted(gates)) or "none")
def test_every_combination(shared: Box, open_gates: frozenset[str]) -> None:
    account, customer = situation(shared, open_gates)
    verdict = checkout.check(shared.world.store, account, customer)
    # Without a row there is neither a pricebook nor a linked tenant.
    expected = open_gates | ({"pricebook", "tenant"} if "cloud_provider" in open_gates else set())
    assert verdict.blockers == tuple(gate for gate in checkout.GATES if gate in expected)
    assert verdict.allowed == (not open_gates)


def test_a_customer_that_ion_does_not_know(box: Box) -> None:
    answer = box.admin("GET", "/checkout", params={"account": "10501", "customer": "nobody@nowhere.example"}).json()
    assert answer["allowed"] is False
    assert answer["blockers"][0] == "profile"
    assert box.admin("GET", "/checkout", params={"account": "1", "customer": "x"}).status_code == 404
    assert box.admin("GET", "/checkout").status_code == 400
