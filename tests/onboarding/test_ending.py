"""Ending a relationship: only when nothing speaks against it, and never twice."""

from typing import Any

import pytest

from clients.errors import OurBug, UnknownOutcome
from clients.ion.models import AssociationRow
from clients.partner_center.models import PcCustomer
from onboarding.core.contract import Known
from onboarding.resources import attestation, customer, provider_association, tenant_identity
from tests.onboarding.world import World, problem

OUTPUTS = {"tenant_id": "t-1", "ion_customer_id": "7", "key": "contoso", "lifecycle": "left"}
KNOWN = Known(OUTPUTS)


def world(*, portal: bool = False) -> World:
    made = World(tenants={"t-1": PcCustomer("t-1", "contoso.onmicrosoft.com", "Contoso Ltd", "reseller")})
    made.rows["7"] = AssociationRow("Legacy Azure", "US Standard", "USD", "USD", portal, "t-1", "")
    return made


def test_ended_once() -> None:
    there = world()
    assert tenant_identity.release(KNOWN, there).status == "ready"  # type: ignore[arg-type]
    assert tenant_identity.release(KNOWN, there).status == "ready"  # type: ignore[arg-type]
    assert there.writes == ["remove_relationship"]


def test_portal_access_speaks_against_it() -> None:
    there = world(portal=True)
    assert "portal access is on" in tenant_identity.release(KNOWN, there).reason  # type: ignore[arg-type]
    assert there.writes == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"lifecycle": "leaving"}, "subscription is settled"),
        ({"lifecycle": None}, "subscription is settled"),
        ({"seen": {"conflict": "the tenant of this customer is t-1, the file now names t-2"}}, "now names t-2"),
    ],
)
def test_what_the_declaration_says_against_it(change: dict[str, Any], told: str) -> None:
    there = world()
    outcome = tenant_identity.release(Known({**OUTPUTS, **change}), there)  # type: ignore[arg-type]
    assert outcome.status == "blocked"
    assert told in outcome.reason
    assert there.writes == []


@pytest.mark.parametrize("failure", [OurBug(problem("remove")), UnknownOutcome(problem("remove"))])
def test_a_refusal_and_a_lost_answer_without_effect_are_told(failure: Exception) -> None:
    there = world()
    there.fail["remove_relationship"] = (failure, False)
    outcome = tenant_identity.release(KNOWN, there)  # type: ignore[arg-type]
    assert outcome.status != "ready"
    assert "remove refused" in outcome.reason


def test_a_lost_answer_with_effect_is_seen() -> None:
    there = world()
    there.fail["remove_relationship"] = (UnknownOutcome(problem("remove")), True)
    assert tenant_identity.release(KNOWN, there).status == "ready"  # type: ignore[arg-type]


@pytest.mark.parametrize("thing", [customer, provider_association, attestation])
def test_nothing_else_is_deleted(thing) -> None:
    there = world()
    assert "stays" in thing.release(KNOWN, there).reason
    assert there.writes == []
