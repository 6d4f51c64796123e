"""The step of every resource: how often it looks, what a lost answer and a refusal become."""

from __future__ import annotations

from typing import Any

import pytest

import schemas
from clients.errors import ClientError, OurBug, PersonMustAct, RetryLater, UnknownOutcome
from clients.ion.models import AssociationRow
from onboarding.core.contract import Known, Outcome
from onboarding.look.snapshot import Look
from onboarding.resources import customer, provider_association
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
    assert stopped.next_step.values["action"] == "give the API user a role"
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
