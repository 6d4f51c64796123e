"""Profile, row, tenant and agreement: cases are data (tests/scenarios/onboarding/*.yaml), each a world, a declaration
and what each run says.

A case is a list of runs. Before a run, `world` changes what is out there; `declare` changes the file. After it,
`expect` names status, waiting_on, parts of the reason and of the next step, carried values, and the writes and
mails of this run alone. Every case ends with one more run that must write nothing and say the same.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from clients.errors import OurBug, PersonMustAct, RetryLater, UnknownOutcome
from clients.ion.models import AssociationRow
from clients.partner_center.models import Agreement, PcCustomer
from drills.harness import KINDS
from equipment.told import as_told
from onboarding.core import state
from onboarding.core.contract import Known, Outcome
from onboarding.look.snapshot import Look
from onboarding.resources import attestation, customer, provider_association, tenant_identity
from tests.onboarding import world as worlds
from tests.onboarding.world import World

FOLDER = Path(__file__).resolve().parent.parent / "scenarios" / "onboarding"
THINGS: dict[str, Any] = {
    "customer": customer,
    "provider_association": provider_association,
    "tenant_identity": tenant_identity,
    "attestation": attestation,
}
FAILURES = {"unknown": UnknownOutcome, "later": RetryLater, "refused": OurBug}


def cases() -> list[Any]:
    found = []
    for file in sorted(FOLDER.glob("*.yaml")):
        for case in YAML(typ="safe").load(file.read_text("utf-8")):
            found.append(pytest.param(file.stem, case, id=f"{file.stem}: {case['name']}"))
    return found


def change(world: World, changes: Mapping[str, Any]) -> None:
    """Apply the `world` of a run."""
    for name, value in changes.items():
        match name:
            case "customer":
                world.customers["7"] = worlds.ion_customer(**value)
            case "stranger":
                world.customers["8"] = worlds.ion_customer(id="8", **value)
            case "no_customers":
                world.customers.clear()
            case "row":
                row = {"provider": "Legacy Azure", "pricebook": "US Standard", "provider_currency": "USD"}
                row |= {"invoice_currency": "USD", "portal_access": False, "tenant_id": "", "domain": ""}
                world.rows["7"] = AssociationRow(**{**row, **value})
            case "profile":
                world.profiles["7"] = worlds.profile(**value)
            case "legacy":
                world.legacy["7"] = worlds.legacy(value)
            case "related":
                for tenant in value:
                    world.tenants[tenant["id"]] = PcCustomer(
                        tenant["id"],
                        tenant["domain"],
                        tenant.get("company", "Contoso Ltd"),
                        tenant.get("word", "reseller"),
                    )
            case "unrelated":
                world.tenants.clear()
            case "domains" | "direct" | "taken" | "hidden":
                getattr(world, name).update(value)
            case "agreement":
                world.agreements_of[value["tenant"]] = [
                    Agreement("t", "MicrosoftCustomerAgreement", value["date"], "", "", "a@b.example", "", "")
                ]
            case "signatory":
                world.accept(value)
            case "hide_all":
                world.hidden = set(world.tenants) if value else set()
            case "fail":
                for operation, (kind, after) in value.items():
                    failed = worlds.problem(operation, changes.get("code", "X"))
                    world.fail[operation] = (
                        PersonMustAct(failed, owner="us", action="look")
                        if kind == "person"
                        else FAILURES[kind](failed),
                        after == "after",
                    )
            case "code":
                pass
            case _:
                raise ValueError(name)


def one_run(thing: Any, world: World, declared: Mapping[str, Any], known: Known) -> tuple[Outcome, Known]:
    desired = thing.Inputs.model_validate(declared)
    facts = thing.observe(desired, known, Look(world))  # type: ignore[arg-type]
    outcome: Outcome = thing.converge(desired, known, facts, world)
    inputs = desired.model_dump(mode="json", exclude_none=True)
    outs = state.outputs(inputs, known, outcome, account=("10501", ""), carried=thing.CARRIED, converged=True)
    return outcome, Known(outs)


def check(expect: Mapping[str, Any], outcome: Outcome, world: World, wrote: list[str], mailed: list[str]) -> None:
    # complexity: one case a word of the scenario files; there is nothing to understand between them.
    step = outcome.next_step
    shown = as_told(step) if step else {}
    for name, wanted in expect.items():
        match name:
            case "status" | "waiting_on":
                assert getattr(outcome, name) == wanted, outcome.reason
            case "reason":
                assert str(wanted) in outcome.reason
            case "where":
                assert step is not None
                assert wanted in shown["where"]
            case "owner":
                assert step is not None
                assert step.owner == wanted
            case "action":
                assert step is not None
                for part in [wanted] if isinstance(wanted, str) else wanted:
                    assert part in shown["action"]
            case "values":
                assert step is not None
                assert {k: shown["values"].get(k) for k in wanted} == wanted
            case "confirm":
                assert step is not None
                assert shown["confirm"] == wanted
            case "carried":
                assert {k: outcome.carried.get(k, "") for k in wanted} == wanted
            case "memory":
                assert {k: outcome.memory.get(k, "") for k in wanted} == wanted
            case "fields":
                assert {k: outcome.facts.fields[k].state for k in wanted} == wanted
            case "writes":
                assert wrote == wanted
            case "mails":
                assert len(mailed) == wanted, mailed
            case "profile":
                assert {k: getattr(world.customers["7"], k) for k in wanted} == wanted
            case "row":
                assert {k: getattr(world.rows["7"], k) for k in wanted} == wanted
            case _:
                raise ValueError(name)
    assert world.fail == {}


@pytest.mark.parametrize(("thing_name", "case"), cases())
def test_scenario(thing_name: str, case: Mapping[str, Any]) -> None:
    thing = THINGS[thing_name]
    world = World(**case.get("session", {}))
    declared, known = dict(case["declared"]), Known()
    outcome = None
    for run in case["runs"]:
        change(world, run.get("world", {}))
        declared |= run.get("declare", {})
        writes, mails = len(world.writes), len(world.mails)
        outcome, known = one_run(thing, world, declared, known)
        check({"writes": [], "mails": 0, **run["expect"]}, outcome, world, world.writes[writes:], world.mails[mails:])
    assert outcome is not None
    if case.get("settles", True):
        writes, mails = len(world.writes), len(world.mails)
        again, _ = one_run(thing, world, declared, known)
        assert (world.writes[writes:], world.mails[mails:]) == ([], []), "one more run writes nothing"
        assert replace(again.facts, data={}).seen == outcome.facts.seen
        assert again.status == outcome.status


def test_every_resource_has_a_scenario_file() -> None:
    assert {"".join(map(str.title, name.split("_"))) for name in THINGS} == set(KINDS)
    assert {file.stem for file in FOLDER.glob("*.yaml")} == set(THINGS)
