"""Run on a copy of the tree that has a gate `support` (test_one_place.py): it is asked for, shown, asked about in a
ticket, and closed by a person's confirmation."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

import schemas
from onboarding.core import state
from onboarding.core.contract import Known
from onboarding.look.snapshot import Look
from onboarding.readiness import confirmed, ticket
from onboarding.readiness.states import ResourceState
from onboarding.readiness.table import COLUMNS, table_rows
from onboarding.readiness.verdicts import Readiness, readiness
from onboarding.resources import provider_association
from schemas import generate
from tests.onboarding.test_readiness import NOW, customer, states
from tests.onboarding.world import World

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
