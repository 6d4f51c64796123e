"""A customer who leaves: nothing new is begun, portal access goes off, three steps are told, one who left is told no
more."""

from __future__ import annotations

from typing import Any

import pytest

import schemas
from clients.ion.models import AssociationRow
from clients.partner_center.models import PcCustomer
from equipment.told import as_told
from onboarding.core.contract import Known, Outcome
from onboarding.look.snapshot import Look
from onboarding.readiness import counts, ticket
from onboarding.readiness.states import ResourceState
from onboarding.readiness.table import can_order_text
from onboarding.readiness.verdicts import Readiness, all_readiness
from onboarding.resources import attestation, leaving, provider_association, tenant_identity
from onboarding.resources.inputs import inputs_of
from tests.onboarding.test_readiness import NOW, customer, estate, states
from tests.onboarding.world import World, ion_customer, profile

TENANT = "aaaaaaaa-0000-0000-0000-000000000009"


def world(*, portal: bool = True, **more: Any) -> World:
    made = World(tenants={TENANT: PcCustomer(TENANT, "contoso.onmicrosoft.com", "Contoso Ltd", "reseller")}, **more)
    made.customers["7"] = ion_customer(phone="+14255550100")
    made.rows["7"] = AssociationRow("Legacy Azure", "Other Book", "EUR", "EUR", portal, "", "")
    return made


def run(kind: str, thing: Any, there: World, **changes: Any) -> Outcome:
    inputs = inputs_of(customer(**changes))[kind]
    more = {"ion_customer_id": "7"} | ({"tenant_id": TENANT} if kind == "Attestation" else {})
    desired = thing.Inputs.model_validate(inputs | more)
    facts = thing.observe(desired, Known(), Look(there))  # type: ignore[arg-type]
    outcome: Outcome = thing.converge(desired, Known(), facts, there)
    return outcome


@pytest.mark.parametrize("lifecycle", ["leaving", "left"])
def test_only_portal_access_is_written(lifecycle: str) -> None:
    there = world()
    row = run("ProviderAssociation", provider_association, there, lifecycle=lifecycle)
    tenant = run("TenantIdentity", tenant_identity, there, lifecycle=lifecycle)
    agreement = run("Attestation", attestation, there, lifecycle=lifecycle)
    assert [one.status for one in (row, tenant, agreement)] == ["ready"] * 3
    assert there.writes == ["put_row"]
    assert there.rows["7"] == AssociationRow("Legacy Azure", "Other Book", "EUR", "EUR", False, "", "")
    assert there.mails == []


def test_nobody_is_invited_and_nothing_is_made() -> None:
    contact = {"first_name": "Cora", "last_name": "Toso", "email": "cora@contoso.example"}
    new = {"method": "new", "domain_prefix": "contosonew", "confirm_new_tenant": "contosonew", "contact": contact}
    invite = {"method": "invite", "global_admin": {"name": "Cora Toso", "email": "cora@contoso.example"}}
    for identity in (new, invite):
        there = World()
        outcome = run("TenantIdentity", tenant_identity, there, lifecycle="leaving", identity=identity)
        assert (outcome.status, there.writes, there.mails) == ("ready", [], [])


def test_an_indirect_reseller_switches_it_off_in_the_console() -> None:
    there = World(role="indirect-reseller", api=False, customers={"7": ion_customer()}, profiles={"7": profile()})
    outcome = run("ProviderAssociation", provider_association, there, lifecycle="leaving")
    assert outcome.next_step is not None
    assert as_told(outcome.next_step)["values"]["Enable provider in customer portal"] == "off"
    there.profiles.clear()  # ION no longer shows the row
    assert run("ProviderAssociation", provider_association, there, lifecycle="leaving").status == "ready"


def test_the_state_of_others_does_not_hold_the_word() -> None:
    assert all("lifecycle" not in one for kind, one in inputs_of(customer()).items() if kind != "Customer")


def shown(*, portal: str, related: bool, lifecycle: str, tenant: str = "", asked_for: str = "") -> Readiness | None:
    access = {"declared": "off", "seen": portal, "state": "match" if portal == "off" else "mismatch", "where": "ION"}
    stands = {"declared": "x", "seen": "x", "state": "match" if related else "mismatch", "where": "Partner Center"}
    found = states({})
    outputs: dict[str, dict[str, Any]] = {kind: dict(one.outputs) for kind, one in found["contoso"].items()}
    outputs["ProviderAssociation"]["facts"] = {"portal_access": access}
    outputs["TenantIdentity"] |= {"facts": {"relationship": stands}, "partner_tenant": tenant}
    found["contoso"] = {k: ResourceState(k, "contoso", one) for k, one in outputs.items()}
    verdicts = all_readiness(found, estate(customer(lifecycle=lifecycle)), NOW, asked_for)
    return verdicts[0] if verdicts else None


@pytest.mark.parametrize(
    ("portal", "related", "lifecycle", "steps", "told"),
    [
        ("on", True, "leaving", [leaving.OPEN, leaving.UNSEEN, leaving.OPEN], "Switch portal access off"),
        ("off", True, "leaving", [leaving.DONE, leaving.UNSEEN, leaving.OPEN], "on_remove: end-relationship"),
        ("off", False, "leaving", [leaving.DONE, leaving.UNSEEN, leaving.DONE], "lifecycle: left"),
        ("on", True, "left", [leaving.OPEN, leaving.DONE, leaving.OPEN], "Switch portal access off"),
        ("off", True, "left", None, ""),
    ],
)
def test_three_steps_and_one_next_step(
    portal: str, related: bool, lifecycle: str, steps: list[str] | None, told: str
) -> None:
    verdict = shown(portal=portal, related=related, lifecycle=lifecycle, tenant="t")
    if steps is None:
        assert verdict is None
        return
    assert verdict is not None
    assert [step.state for step in verdict.ending] == steps
    assert verdict.next_step is not None
    assert told in as_told(verdict.next_step)["action"]
    assert "Contoso Ltd is leaving" in as_told(verdict.next_step)["action"]
    assert counts.counts([verdict])["customers"] == 0
    assert can_order_text(verdict) == "leaving"
    assert verdict.as_dict()["leaving"][0]["state"] == steps[0]


def test_an_indirect_reseller_asks_td_synnex() -> None:
    verdict = shown(portal="off", related=True, lifecycle="leaving")
    assert verdict is not None
    assert verdict.next_step is not None
    assert "ask TD SYNNEX" in as_told(verdict.next_step)["action"]


def test_who_left_is_shown_when_asked_for_and_has_no_step() -> None:
    """It is in the files: "no such customer" would be untrue."""
    verdict = shown(portal="off", related=True, lifecycle="left", asked_for="contoso")
    assert verdict is not None
    assert verdict.next_step is None
    assert [step.state for step in verdict.ending] == [leaving.DONE, leaving.DONE, leaving.OPEN]


def test_the_ticket_of_a_leaving_customer_asks_for_the_end_and_not_for_orders() -> None:
    connection = schemas.Connection.model_construct(reseller=None)
    declared = customer(lifecycle="leaving")
    verdict = shown(portal="off", related=True, lifecycle="leaving")
    assert verdict is not None
    asked = ticket.text(declared, verdict, connection)
    assert "please end the relationship of" in asked
    assert "can order" not in asked
    gone = shown(portal="off", related=False, lifecycle="left", asked_for="contoso")
    assert gone is not None
    assert "Nothing to ask: the customer has left." in ticket.text(declared, gone, connection)
