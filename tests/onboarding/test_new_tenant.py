"""A new tenant is for ever: what is checked before, and what is said of a create that ended half-way."""

from __future__ import annotations

from typing import Any

import pytest

from clients.errors import UnknownOutcome
from equipment.told import as_told
from onboarding.core import contract, state
from onboarding.core.contract import Known, Outcome
from onboarding.look.snapshot import Look
from onboarding.resources import tenant_identity
from onboarding.resources.tenant_identity import new
from tests.onboarding.world import World, problem

NEW: dict[str, Any] = {
    "key": "contoso",
    "ion_customer_id": "7",
    "company": "Contoso Ltd",
    "address": {"street": "One Microsoft Way", "city": "Redmond", "state": "WA", "zip": "98052", "country": "US"},
    "identity": {
        "method": "new",
        "domain_prefix": "contosonew",
        "confirm_new_tenant": "contosonew",
        "contact": {"first_name": "Cora", "last_name": "Toso", "email": "it@contoso.example"},
    },
}


def run(world: World, known: Known) -> tuple[Outcome, Known]:
    desired = tenant_identity.Inputs.model_validate(NEW)
    facts = tenant_identity.observe(desired, known, Look(world))  # type: ignore[arg-type]
    outcome = tenant_identity.converge(desired, known, facts, world)  # type: ignore[arg-type]
    inputs = desired.model_dump(mode="json", exclude_none=True)
    outs = state.outputs(inputs, known, outcome, account=("1", ""), carried=tenant_identity.CARRIED, converged=True)
    return outcome, Known(outs)


@pytest.fixture
def world() -> World:
    world = World(api=False)
    world.customers = {}
    return world


def test_a_half_made_tenant_blocks_its_prefix_and_is_told_with_the_next_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contract, "now", lambda: "2026-11-01T12:00:00Z")
    world.fail["create_tenant"] = (UnknownOutcome(problem("create_tenant")), False)
    outcome, known = run(world, Known())
    assert outcome.again
    world.taken.add("contosonew.onmicrosoft.com")
    outcome, known = run(world, known)
    assert (outcome.waiting_on, "does not show the tenant yet" in outcome.reason) == (contract.NEXT_RUN, True)
    monkeypatch.setattr(contract, "now", lambda: "2026-11-01T12:30:00Z")
    outcome, known = run(world, known)
    assert (outcome.status, outcome.waiting_on) == ("blocked", "distributor")
    assert outcome.reason.startswith(
        "contosonew.onmicrosoft.com is half made: a create of 2026-11-01T12:00 got no answer"
    )
    step = as_told(outcome.next_step)
    assert step is not None
    assert "contosonew2" in step["action"]
    assert "csp retry contoso" in step["action"]
    assert "release the domain" in step["values"]["Ticket text"]
    assert world.writes == [], "nothing was made, and nothing is tried again"


@pytest.mark.parametrize(
    ("gone", "suggested"),
    [
        (1, ", for example contosonew2,"),
        (2, ", for example contosonew3,"),
        (5, ", for example contosonew6,"),
        (6, " (with the next numbers behind it, it is taken too)"),
    ],
)
def test_a_prefix_that_is_gone_is_told_with_the_next_free_one(world: World, gone: int, suggested: str) -> None:
    prefixes = ["contosonew", *(f"contosonew{number}" for number in range(2, gone + 1))]
    world.taken |= {f"{prefix}.onmicrosoft.com" for prefix in prefixes}
    outcome, _ = run(world, Known())
    assert (outcome.status, world.writes) == ("blocked", [])
    assert "contosonew.onmicrosoft.com is taken (or left over from a create that failed half-way)" in outcome.reason
    assert outcome.next_step is not None
    assert as_told(outcome.next_step)["action"] == (
        f"Choose another prefix{suggested} and confirm it in identity.confirm_new_tenant."
    )


def test_a_create_of_another_prefix_says_nothing_about_this_one(world: World) -> None:
    world.taken.add("contosonew.onmicrosoft.com")
    outcome, _ = run(world, Known({"memory": {"create_sent": "2026-11-01T12:00:00Z contosoold.onmicrosoft.com"}}))
    assert "is taken" in outcome.reason


def test_without_an_agreement_to_accept_no_tenant_is_made(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world, "agreement_templates", list)
    outcome, _ = run(world, Known())
    assert (outcome.status, world.writes) == ("blocked", [])
    assert "no current agreement template" in outcome.reason


@pytest.mark.parametrize(
    ("prefix", "following"), [("contoso", "contoso2"), ("contoso9", "contoso10"), ("a" * 27, "a" * 26 + "2")]
)
def test_the_next_prefix_fits(prefix: str, following: str) -> None:
    assert new.next_prefix(prefix) == following
