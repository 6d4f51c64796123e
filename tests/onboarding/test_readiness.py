"""Verdict, blockers, one next step: computed from states alone."""

import itertools
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import schemas
from clients.partner_center.models import PcCustomer
from equipment.told import as_told
from onboarding.core import state
from onboarding.core.catalogue import RESOURCES
from onboarding.core.contract import Known
from onboarding.look.snapshot import Look
from onboarding.readiness import counts
from onboarding.readiness.states import ResourceState, states_from_export
from onboarding.readiness.table import COLUMNS, can_order_text, footer, table_rows
from onboarding.readiness.verdicts import Readiness, all_readiness, readiness
from onboarding.resources import inputs
from schemas.distributor import DISTRIBUTOR
from schemas.model.gates import GATES
from tests.onboarding.world import World

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SEEN_AT = "2026-11-22T11:00:00Z"


def customer(key: str = "contoso", **changes: Any) -> schemas.Customer:
    return schemas.Customer.model_validate(
        {
            "key": key,
            "connection": "us",
            "profile": {
                "organization": "Contoso Ltd",
                "email": "it@contoso.example",
                "contact_name": "Cora Toso",
                "address": {"street": "1 Way", "city": "Redmond", "state": "WA", "zip": "98052", "country": "US"},
            },
            "cloud_provider": {"pricebook": "US Standard", "provider_currency": "USD", "invoice_currency": "USD"},
            "identity": {"method": "existing", "domain": "contoso.onmicrosoft.com"},
            "attestation": {"signatory": {"first_name": "Cora", "last_name": "Toso", "email": "cora@contoso.example"}},
            **changes,
        }
    )


def estate(*customers: schemas.Customer) -> schemas.Estate:
    return schemas.Estate("test", Path(), customers, {})


FIELDS = {gate.key: (gate.resource, gate.facts) for gate in GATES.values()}
HELD = {"declared": "x", "seen": "x", "state": "match", "where": "ION"}
ABSENT = {"declared": "x", "seen": "absent", "state": "mismatch", "where": "ION"}
WRONG = {"declared": "x", "seen": "y", "state": "mismatch", "where": "ION"}
HIDDEN = {"declared": "x", "seen": "not visible", "state": "not_visible", "where": "no API"}
CONFIRMED = HIDDEN | {"confirmed": "kim on 2026-11-02"}


def states(
    facts: dict[str, dict[str, str]], key: str = "contoso", **outputs: dict[str, Any]
) -> dict[str, dict[str, ResourceState]]:
    """States in which every gate is seen, apart from `facts` (gate -> fact); `outputs`: kind -> further outputs."""
    held: dict[str, dict[str, Any]] = {kind: {} for kind in RESOURCES}
    for gate, (kind, names) in FIELDS.items():
        for name in names:
            held[kind][name] = facts.get(gate, HELD)
    return {
        key: {
            kind: ResourceState(
                kind, key, {"status": "ready", "facts": found, "observed_at": SEEN_AT, **outputs.get(kind, {})}
            )
            for kind, found in held.items()
        }
    }


def verdict(facts: dict[str, dict[str, str]], **outputs: dict[str, Any]) -> Readiness:
    return readiness(customer(), states(facts, **outputs)["contoso"], NOW)


@pytest.mark.parametrize("open_gates", [g for n in range(8) for g in itertools.combinations(GATES, n)], ids="-".join)
def test_all_128_combinations(open_gates: tuple[str, ...]) -> None:
    found = verdict(dict.fromkeys(open_gates, ABSENT))
    assert found.blockers == list(open_gates)
    assert found.can_order == (not open_gates)


@pytest.mark.parametrize(
    ("fact", "state", "passes"),
    [
        (HELD, "seen", True),
        (ABSENT, "open", False),
        (WRONG, "wrong", False),
        (HIDDEN, "open", False),
        (CONFIRMED, "confirmed", True),
    ],
)
def test_words_of_a_gate(fact: dict[str, str], state: str, passes: bool) -> None:
    gate = verdict({"pricebook": fact}).gates["pricebook"]
    assert (gate.state, gate.passed, gate.age) == (state, passes, 3600)


def test_what_no_api_shows_is_said_so() -> None:
    assert "cannot be seen" in verdict({"pricebook": HIDDEN}).gates["pricebook"].why


def test_confirmations_are_counted_in_the_verdict() -> None:
    found = verdict({"pricebook": CONFIRMED, "agreement": CONFIRMED})
    assert can_order_text(found) == "yes (2 gates on confirmation)"


def test_a_customer_that_was_never_looked_at_cannot_order() -> None:
    found = readiness(customer(), {}, NOW)
    assert found.blockers == list(GATES)
    assert found.waiting_on == "not checked"
    assert found.unobserved
    assert can_order_text(found) == "not checked"
    assert footer([found]) == "0 can order, 0 cannot, 1 not checked"


def test_could_not_look_keeps_the_last_verdict_and_says_so() -> None:
    found = verdict({}, Customer={"status": "unobserved", "unobserved": {"status": "ready", "reason": "busy"}})
    assert found.can_order
    assert found.unobserved
    assert not found.stopped
    assert can_order_text(found) == "yes, not checked"
    assert footer([found]) == "1 can order, 0 cannot (1 as last seen, not checked since)"


def waits(owner: str, where: str, action: str, values: dict[str, str], **more: Any) -> dict[str, Any]:
    """A resource that waits, with its step as a state of 0.1.0 holds it."""
    step = {"owner": owner, "where": where, "action": action, "values": values, "link": "", "confirm": [], **more}
    return {"status": "waiting", "waiting_on": owner, "since": "2026-11-20T00:00:00Z", "next_step": step}


_MENU = f"{DISTRIBUTOR.console}: Customer > {{customer}} > Cloud Billing > Cloud Providers"
ROW, EDIT = f"{_MENU} > Add > Legacy Azure", f"{_MENU} > Legacy Azure"


def test_one_ion_screen_is_one_next_step() -> None:
    found = verdict(
        {"cloud_provider": HIDDEN, "tenant": ABSENT, "agreement": ABSENT},
        ProviderAssociation=waits(
            "us", ROW, "Add the row.", {"Pricebook": "US Standard", "Customer": "{customer}"}, confirm=("pricebook",)
        ),
        TenantIdentity=waits("us", EDIT, "Choose.", {"Microsoft ID": "t-1"}),
        Attestation=waits("us", EDIT, "Fill in.", {}, confirm=("agreement",)),
    )
    step = as_told(found.next_step)
    assert step["owner"] == "us"
    assert "Customer > Contoso Ltd > Cloud Billing > Cloud Providers > Add > Legacy Azure" in step["where"]
    assert step["action"].startswith("Add the row. Choose. Fill in.")
    assert "`csp confirm contoso pricebook` and `csp confirm contoso agreement`" in step["action"]
    assert step["values"] == {"Pricebook": "US Standard", "Microsoft ID": "t-1", "Customer": "Contoso Ltd"}
    assert list(step["values"]) == ["Customer", "Pricebook", "Microsoft ID"], "in the order of the form"
    assert set(step) > {"action", "link", "owner", "values", "where"}
    (screen,) = step["screens"]
    assert screen["menu"] == ["Customer", "Contoso Ltd", "Cloud Billing", "Cloud Providers", "Add", "Legacy Azure"]
    assert screen["actions"] == ["Add the row.", "Choose.", "Fill in."]
    assert step["commands"][0][-3:] == ["confirm", "contoso", "pricebook"]


def test_a_toggle_that_was_switched_off_is_the_only_step() -> None:
    off = {"facts": {"portal_access": {"declared": "on", "seen": "off", "state": "mismatch", "where": "ION"}}}
    tenant = waits("us", EDIT, "Choose.", {"Microsoft ID": "t-1"})
    parts = {
        "ProviderAssociation": waits("us", EDIT, "Open the row.", {"Pricebook": "US Standard"}) | off,
        "Attestation": waits("us", EDIT, "Fill in.", {}),
    }
    linked = verdict({}, TenantIdentity=tenant | {"memory": {"domain": "contoso.onmicrosoft.com"}}, **parts)
    never = verdict({}, TenantIdentity=tenant, **parts)
    assert linked.next_step is not None
    assert as_told(linked.next_step)["action"] == "Open the row."
    assert never.next_step is not None
    assert as_told(never.next_step)["action"].startswith("Open the row. Choose. Fill in.")


def test_what_stops_a_customer_comes_first() -> None:
    stopped = waits("distributor", "support", "Open a ticket.", {}) | {"status": "blocked"}
    found = verdict(
        {"pricebook": HIDDEN, "tenant": WRONG},
        ProviderAssociation=waits("us", ROW, "Add.", {}),
        TenantIdentity=stopped,
    )
    assert found.next_step is not None
    assert (found.next_step.owner, found.waiting_on, found.stopped) == ("distributor", "distributor", True)


def test_the_next_run_needs_nobody() -> None:
    soon = {"status": "waiting", "waiting_on": "next run", "since": SEEN_AT}
    found = verdict({"agreement": ABSENT}, Attestation=soon)
    assert found.next_step is None
    assert found.waiting_on == "next run"
    assert table_rows([found])[0][-1] == "Next run"


def test_lost_credentials_are_a_step_although_the_customer_can_order() -> None:
    reset = waits("us", "Microsoft 365 admin center", "Reset it for {customer}.", {}) | {"status": "ready"}
    found = verdict({}, TenantIdentity=reset | {"memory": {"credentials": "lost"}})
    assert found.can_order
    assert found.next_step is not None
    assert as_told(found.next_step)["action"] == "Reset it for Contoso Ltd."
    told = found.as_dict()["resources"]["TenantIdentity"]
    assert told["credentials"] == "lost"
    assert told["credentials_step"]["action"] == "Reset it for Contoso Ltd."


def test_report_todo_footer_and_table() -> None:
    older = waits("customer", "Microsoft", "Accept.", {}) | {"since": "2026-11-13T00:00:00Z"}
    all_states = (
        states({}, "ready")
        | states({"agreement": ABSENT}, "waits", Attestation=older)
        | states({"cloud_provider": ABSENT}, "ours", ProviderAssociation=waits("us", ROW, "Add.", {}))
    )
    declared = estate(customer("ready"), customer("waits"), customer("ours"), customer("gone", lifecycle="left"))
    report = counts.report(all_readiness(all_states, declared, NOW))
    assert [c["key"] for c in report["customers"]] == ["ours", "ready", "waits"]
    assert set(report["customers"][0]) >= {"key", "can_order", "gates", "blockers", "next_step", "resources"}
    assert report["counts"]["can_order"] == 1
    assert [one.customer for one in counts.todo(all_readiness(all_states, declared, NOW))] == ["waits", "ours"]
    assert [one.customer for one in counts.todo(all_readiness(all_states, declared, NOW), "us")] == ["ours"]
    verdicts = all_readiness(all_states, declared, NOW)
    assert footer(verdicts) == "1 can order, 2 cannot: 1 waits for us, 1 for the customer"
    assert all(len(row) == len(COLUMNS) for row in table_rows(verdicts))


def test_states_are_found_in_an_export() -> None:
    resource = {
        "type": "pulumi-python:dynamic/csp:Customer",
        "urn": "urn:pulumi:dev::p::csp:index:OnboardedCustomer$pulumi-python:dynamic/csp:Customer::contoso",
        "outputs": {"status": "ready"},
    }
    others = [{"type": "pulumi:pulumi:Stack", "urn": "urn:x"}, resource | {"delete": True}]
    found = states_from_export({"deployment": {"resources": [resource, *others]}})
    assert found["contoso"]["Customer"].status == "ready"
    assert states_from_export({"deployment": {}}) == {}


def test_a_row_of_a_kind_that_this_release_does_not_know_stands_beside_the_microsoft_row() -> None:
    def row(name: str, seen: str) -> dict[str, Any]:
        outputs = {"facts": {"provider": {"declared": "x", "seen": seen, "state": "match", "where": "ION"}}}
        kind = RESOURCES["ProviderAssociation"].type
        return {"type": kind, "urn": f"urn:pulumi:s::p::x${kind}::{name}", "outputs": outputs}

    found = states_from_export({"resources": [row("contoso", "Microsoft"), row("contoso.google", "Google")]})
    assert {key: [one.fact("provider")["seen"] for one in kinds.values()] for key, kinds in found.items()} == {
        "contoso": ["Microsoft"]
    }


def test_without_an_ion_connection_its_gates_stand_in_nobodys_way() -> None:
    world = World()
    world.ion = None
    world.account = ""
    world.tenants["t-1"] = PcCustomer("t-1", "contoso.onmicrosoft.com", "Contoso Ltd", "reseller")
    world.direct.add("t-1")
    declared, found, carried = customer(), dict[str, ResourceState](), dict[str, str]()
    for kind in RESOURCES.values():
        wanted = inputs.inputs_of(declared)[kind.name] | {n: carried.get(n, "") for n in kind.from_others}
        desired = kind.thing.Inputs.model_validate(wanted)
        facts = kind.thing.observe(desired, Known(), Look(world))  # type: ignore[arg-type]
        outcome = kind.thing.assess(desired, Known(), facts, world)
        carried |= outcome.carried
        outs = state.outputs(wanted, Known(), outcome, account=("", "p"), carried=kind.thing.CARRIED, converged=True)
        found[kind.name] = ResourceState(kind.name, "contoso", outs)
    assert readiness(declared, found, NOW).blockers == []
