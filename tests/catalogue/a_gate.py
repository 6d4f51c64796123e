"""Run on a copy of the tree that has a gate `support` (test_one_place.py): it is asked for, shown, asked about in a
ticket, and closed by a person's confirmation."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

import schemas
from clients.ion.models import CloudProfile
from onboarding.core import state
from onboarding.core.catalogue import CLAIMS
from onboarding.core.contract import Facts, Field, Known, Outcome
from onboarding.drift.resources import Seen
from onboarding.drift.verdict import judge
from onboarding.look.snapshot import IonLook, Look
from onboarding.readiness import confirmed, live, ticket
from onboarding.readiness.states import ResourceState
from onboarding.readiness.table import COLUMNS, table_rows
from onboarding.readiness.verdicts import Readiness, readiness
from onboarding.resources import provider_association
from onboarding.steps import text
from onboarding.steps.model import Instructions
from schemas import generate
from tests.onboarding.test_readiness import NOW, customer, states
from tests.onboarding.world import World, ion_customer

COPY = Path(sys.argv[1])
FILE = """key: contoso
cloud_provider:
  pricebook: US Standard
"""


def main() -> None:
    assert Path(schemas.__file__).is_relative_to(COPY), "this is not the copy"
    world, declared = World(role="indirect-reseller", api=False), customer()
    before = verdict(world, declared)
    assert before.blockers == ["support", "cloud_provider", "pricebook"]
    assert before.gates["support"].unseen
    assert dict(zip(COLUMNS, table_rows([before])[0], strict=True))["Support"] == "open"
    assert "Which support plan does" in ticket.text(declared, before, world.connection)
    pages = {path.name: text for path, text in generate.outputs().items()}
    assert "| `support` | a support plan is booked |" in pages["readiness.md"]
    told_what_to_do()
    told_of_an_account()
    file = COPY / "contoso.yaml"
    file.write_text(FILE, "utf-8")
    assert schemas.confirm(file, "support", "kim", dt.date(2026, 11, 20), None, of=declared)
    given = {"fields": ["support"], "by": "kim", "on": "2026-11-20", "values": {"support": "US Standard"}}
    assert "support: US Standard" in file.read_text("utf-8")
    told = customer(cloud_provider={**declared.cloud_provider.model_dump(), "confirmed": given})
    assert verdict(world, told).gates["support"].state == "confirmed"
    estate = schemas.Estate("test", COPY, (told,), {"us": world.connection})
    counted = confirmed.counted({"contoso": before.resources}, estate)  # before the next run
    assert readiness(told, counted["contoso"], NOW).gates["support"].state == "confirmed"


def told_what_to_do() -> None:
    """The row is there, and its pricebook confirmed: `csp todo` names the command, `csp drift` the field."""
    world = World(role="indirect-reseller", api=False)
    world.profiles["7"] = CloudProfile("30", "Legacy Azure", True, "t-1", "c.onmicrosoft.com", "Accepted", "")
    values = {"pricebook": "US Standard", "provider_currency": "USD", "invoice_currency": "USD"}
    given = {"fields": list(values), "by": "kim", "on": "2026-11-20", "values": values}
    declared = customer(cloud_provider={**values, "portal_access": True, "confirmed": given})
    found = verdict(world, declared)
    assert (found.blockers, found.gates["support"].unseen) == (["support"], True)
    assert found.next_step is not None
    assert "confirm contoso support" in text_of(found.next_step)
    assert "support" in CLAIMS
    outputs = found.resources["ProviderAssociation"].outputs
    facts = Facts(fields={name: Field(**one) for name, one in outputs["facts"].items()})
    seen = Seen("ProviderAssociation", Known(), facts, Outcome("waiting", facts), "")
    assert ("cloud_provider.support", "not_visible") in [(one.path, one.verdict) for one in judge(seen, {}, {})]
    # Where the resource itself waits for nothing, the gate has a step all the same.
    states = dict(found.resources)
    ready = {**outputs, "status": "ready", "waiting_on": "", "next_step": None}
    states["ProviderAssociation"] = ResourceState("ProviderAssociation", "contoso", ready)
    left = readiness(declared, states, NOW).next_step
    assert left is not None
    assert "Look whether a support plan is booked: no system shows it." in text_of(left)


def told_of_an_account() -> None:
    """`csp status --live` has the gate, and calls an order unclear."""
    found = World(role="indirect-reseller", api=False)
    found.profiles["7"] = CloudProfile("30", "Legacy Azure", True, "t-1", "c.onmicrosoft.com", "Accepted", "")
    look = IonLook(found)  # type: ignore[arg-type]
    look._ion_customers = lambda: [ion_customer()]  # type: ignore[method-assign]
    (shown,) = live.verdicts(look, live.look_at_account(look), NOW)
    assert shown.gates["support"].unseen
    assert live.only_unseen(shown)


def text_of(step: Instructions) -> str:
    return text.action(step)


def verdict(world: World, declared: schemas.Customer) -> Readiness:
    """Of a customer whose row is looked at, everything else being as it should."""
    desired = provider_association.Inputs(key="contoso", ion_customer_id="7", cloud_provider=declared.cloud_provider)
    facts = provider_association.observe(desired, Known(), Look(world))  # type: ignore[arg-type]
    outcome = provider_association.assess(desired, Known(), facts, world)  # type: ignore[arg-type]
    outs = state.outputs(desired.model_dump(), Known(), outcome, account=("", ""), carried=(), converged=True)
    kept = dict(states({})["contoso"])
    kept["ProviderAssociation"] = ResourceState("ProviderAssociation", "contoso", outs)
    return readiness(declared, kept, NOW)


if __name__ == "__main__":
    main()
