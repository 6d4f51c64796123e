"""The step of every resource: how often it looks, what a lost answer and a refusal become."""

from __future__ import annotations

import re
from typing import Any

import pytest

import schemas
from clients.errors import ClientError, OurBug, PersonMustAct, RetryLater, UnknownOutcome
from clients.ion.models import AssociationRow
from clients.partner_center.models import PcCustomer
from equipment.workspace import ROOT
from onboarding.core.contract import Known, Outcome
from onboarding.look.snapshot import Look
from onboarding.resources import attestation, customer, provider_association
from tests.onboarding.world import World, ion_customer, problem

PROFILE = {
    "organization": "Contoso Ltd",
    "email": "it@contoso.example",
    "contact_name": "Cora Toso",
    "address": {"street": "One Microsoft Way", "city": "Redmond", "state": "WA", "zip": "98052", "country": "US"},
}
ROW = {"pricebook": "US Standard", "provider_currency": "USD", "invoice_currency": "USD"}


class Counting(World):
    """Counts what is asked and when the lock is held."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.asked: list[str] = []

    def find_by_email(self, email: str) -> Any:
        self.asked.append("find")
        return super().find_by_email(email)

    def customer(self, key: str) -> Any:
        self.asked.append("get")
        return super().customer(key)

    def agreements(self, tenant_id: str) -> Any:
        self.asked.append("agreements")
        return super().agreements(tenant_id)

    def before(self, operation: str) -> None:
        self.asked.append(operation)
        super().before(operation)


def profile(world: World, outputs: dict[str, Any] | None = None, **changes: Any) -> Outcome:
    desired = customer.Inputs.model_validate({"key": "contoso", "profile": {**PROFILE, **changes}})
    known = Known(outputs or {})
    facts = customer.observe(desired, known, Look(world))  # type: ignore[arg-type]
    return customer.converge(desired, known, facts, world)  # type: ignore[arg-type]


def row(world: World) -> Outcome:
    desired = provider_association.Inputs(
        key="contoso", ion_customer_id="7", cloud_provider=schemas.CloudProvider.model_validate(ROW)
    )
    facts = provider_association.observe(desired, Known(), Look(world))  # type: ignore[arg-type]
    return provider_association.converge(desired, Known(), facts, world)  # type: ignore[arg-type]


def test_a_create_looks_once_before_the_lock_and_once_under_it() -> None:
    world = Counting()
    assert profile(world).status == "ready"
    assert world.asked == ["find", "find", "create_customer", "get"]  # the last one: what became of it


def test_a_correction_is_built_on_the_look_under_the_lock() -> None:
    world = Counting(customers={"7": ion_customer(title="CIO")})
    assert profile(world, {"ion_customer_id": "7"}, organization="Contoso Inc").status == "ready"
    assert world.asked == ["get", "get", "update_customer", "get"]
    assert world.customers["7"].title == "CIO"


@pytest.mark.parametrize(
    ("failure", "happened", "told"),
    [
        (RetryLater(problem("put", status=503)), False, "not sent: "),
        (UnknownOutcome(problem("put")), False, "no answer came, and the change is not seen yet: "),
        (UnknownOutcome(problem("put")), True, ""),
    ],
)
def test_a_write_without_an_answer_is_looked_into(failure: ClientError, happened: bool, told: str) -> None:
    world = World(fail={"put_row": (failure, happened)})
    after = row(world)
    assert after.reason.startswith(told)
    assert after.again is bool(told)
    assert (after.status == "ready") is happened


def test_who_acts_on_a_refusal_and_how_is_what_the_error_table_says() -> None:
    table = PersonMustAct(problem("put", status=403), owner="microsoft", action="give the API user a role")
    stopped = row(World(fail={"put_row": (table, False)}))
    assert (stopped.status, stopped.waiting_on, stopped.final) == ("blocked", "distributor", True)
    assert stopped.next_step is not None
    assert stopped.next_step.values["action"] == ["give the API user a role"]
    ours = row(World(fail={"put_row": (OurBug(problem("put")), False)}))
    assert (ours.status, ours.waiting_on) == ("blocked", "us")
    assert ours.next_step is not None
    assert ours.next_step.code == "correct_row"


def test_a_row_that_another_run_added_meanwhile_is_not_written_again() -> None:
    world = World()
    looked = provider_association.Inputs(
        key="contoso", ion_customer_id="7", cloud_provider=schemas.CloudProvider.model_validate(ROW)
    )
    facts = provider_association.observe(looked, Known(), Look(world))  # type: ignore[arg-type]
    world.rows["7"] = AssociationRow(**looked.cloud_provider.model_dump(exclude={"confirmed"}), tenant_id="", domain="")
    assert provider_association.converge(looked, Known(), facts, world).status == "ready"  # type: ignore[arg-type]
    assert world.writes == []


def test_a_signatory_is_asked_after_a_look_under_the_lock_and_the_answer_is_the_look_after_it() -> None:
    world = Counting()
    world.tenants["t-1"] = PcCustomer("t-1", "contoso.onmicrosoft.com", "Contoso Ltd", "reseller")
    signatory = {"first_name": "Cora", "last_name": "Toso", "email": "cora@contoso.example"}
    inputs = {"key": "contoso", "tenant_id": "t-1", "attestation": {"signatory": signatory}, "route": "partner"}
    desired = attestation.Inputs.model_validate(inputs | {"company": "Contoso Ltd", "country": "US"})
    facts = attestation.observe(desired, Known(), Look(world))  # type: ignore[arg-type]
    asked = attestation.converge(desired, Known(), facts, world)  # type: ignore[arg-type]
    assert (asked.waiting_on, asked.final) == ("customer", True)
    assert world.asked == ["agreements", "agreements", "request_attestation"]
    assert asked.memory["attestation_id"]


def test_only_the_step_itself_takes_a_lock() -> None:
    """No resource has a sequence of its own (`people.mails` locks a mail, which is no resource)."""
    holding = {
        file.name for file in (ROOT / "onboarding" / "resources").rglob("*.py") if "locks.hold" in file.read_text()
    }
    assert holding == {"reconcile.py"}


def test_what_the_systems_show_is_read_in_one_place() -> None:
    """Members of the answers that mean something are read in `onboarding.look` alone. The resource of a tenant keeps
    the word that Microsoft lists it with, to tell it."""
    words = r"\.(is_microsoft|agreement_status|gdap_status|cloud_profiles|directly_signed|relationship_to_partner)\b"
    reading = {
        str(file.relative_to(ROOT)): sorted(set(found))
        for room in ("onboarding", "csp", "providers")
        for file in (ROOT / room).rglob("*.py")
        if (found := re.findall(words, file.read_text("utf-8"))) and "look" not in file.parts
    }
    assert reading == {"onboarding/resources/tenant_identity/observe.py": ["relationship_to_partner"]}
