"""Who does what next about a one-time password, and what closes it."""

from __future__ import annotations

from typing import Any

import pytest

from clients.handover import Entry
from equipment.told import as_told
from onboarding import steps
from onboarding.readiness import credentials
from onboarding.readiness.states import ResourceState
from tests.onboarding.test_readiness import customer, estate

CONTACT = {"first_name": "Cora", "last_name": "Toso", "email": "cora@contoso.example"}
NEW = {"method": "new", "domain_prefix": "contoso", "contact": CONTACT, "credentials_recipient": "Cora, by phone"}


def entry(**changes: str) -> Entry:
    values = {"reference": "r-1", "customer": "contoso", "user_name": "admin", "kind": "age", "created": "1"}
    return Entry(**{**values, **changes})


def tenant(told: str = "", **outputs: Any) -> ResourceState:
    memory = {"memory": {"credentials": told}} if told else {}
    values = {"status": "ready", "since": "2026-11-01T00:00:00Z", "tenant_id": "t"} | memory | outputs
    return ResourceState("TenantIdentity", "contoso", values)


@pytest.mark.parametrize(
    ("told", "entries", "expected"),
    [
        ("", [], "nobody has said where"),
        ("contoso-1", [], None),  # the store of another machine has it
        ("lost", [], "Reset it"),
        ("contoso-1", [entry()], "csp handover deliver contoso"),
        ("contoso-1", [entry(opened="2", delivered_to="Cora", delivered_by="ben")], "--nothing-arrived"),
        ("contoso-1", [entry(opened="2", delivered="3")], None),
        ("", [entry(kind="elsewhere", elsewhere="vault")], None),
        ("contoso-1", [entry(opened="2", delivered="3", lost="4")], "Reset it"),
        ("lost", [entry(kind="none", lost="2", replaced="3"), entry(reference="r-2", created="3")], "deliver"),
        ("lost", [entry(kind="elsewhere", elsewhere="reset by the client")], None),
    ],
)
def test_next_step(told: str, entries: list[Entry], expected: str | None) -> None:
    step = credentials.next_step(customer(identity=NEW), tenant(told), entries)
    assert (step is None) == (expected is None)
    if step is not None and expected is not None:
        assert expected in as_told(step)["action"]
        assert step.owner == "us"


def test_before_there_is_a_tenant_nothing_is_asked() -> None:
    assert credentials.next_step(customer(identity=NEW), None, []) is None
    assert credentials.next_step(customer(identity=NEW), tenant(tenant_id=""), []) is None
    assert credentials.next_step(customer(), tenant(), []) is None  # its own tenant: nobody makes a password


def test_the_reset_step_of_the_state_goes_when_the_store_knows_better() -> None:
    states = {"contoso": {"TenantIdentity": tenant("lost", next_step=steps.reset_password(key="contoso").as_dict())}}
    assert credentials.closed(states, {}) == states
    assert credentials.closed(states, {"contoso": [entry(lost="2")]}) == states
    after = credentials.closed(states, {"contoso": [entry(kind="elsewhere", elsewhere="vault")]})
    assert after["contoso"]["TenantIdentity"].next_step is None
    assert after["contoso"]["TenantIdentity"].outputs["memory"] == {"credentials": "r-1"}


def test_the_list_names_the_recipient() -> None:
    declared = customer(identity=NEW)
    states = {"contoso": {"TenantIdentity": tenant("r-1")}}
    [item] = credentials.todo(estate(declared), states, {"contoso": [entry()]})
    assert as_told(item.step)["values"]["Recipient"] == "Cora, by phone"
    assert (item.customer, item.about, item.since) == ("contoso", "credentials", "1")
    assert credentials.todo(estate(customer(identity=NEW, lifecycle="leaving")), states, {"contoso": [entry()]}) == []
