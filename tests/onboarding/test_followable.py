"""Steps that can be followed: nothing asked twice, nothing done twice, nothing missing in a sentence."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import pytest

import schemas
from drills.harness import Pipeline
from equipment.told import as_told
from equipment.workspace import ROOT
from onboarding.core.catalogue import RESOURCES
from onboarding.readiness import confirmed, ticket
from onboarding.readiness.states import ResourceState, States
from onboarding.readiness.verdicts import Readiness, readiness
from onboarding.steps import files
from schemas.model.gates import confirmed_values

HOLE = re.compile(r"\b(?:on|of|by|to|for|since|until|from|with|named|says?) *[;,.:)]|\(\)|  |\bNone\b|\{\w*\}")
"""Where a value should stand and none does. Placeholders of steps are filled in before anybody reads them."""


@pytest.fixture(scope="module")
def worked() -> Iterator[Pipeline]:
    """The reseller estate after its people have done what the steps say, none of which an API shows."""
    pipeline = Pipeline.example("reseller")
    pipeline.up()
    todo = [{"customer": key, **as_told(v.next_step)} for key, v in verdicts(pipeline).items() if v.next_step]
    pipeline.remote.act(todo)
    pipeline.up()
    yield pipeline
    pipeline.remove()


def states(pipeline: Pipeline) -> dict[str, dict[str, ResourceState]]:
    return {
        key: {k: ResourceState(k, key, pipeline.state[key, k].outputs) for k in RESOURCES if (key, k) in pipeline.state}
        for key in pipeline.declared
    }


def verdicts(pipeline: Pipeline, found: States | None = None) -> dict[str, Readiness]:
    found = found or states(pipeline)
    return {key: readiness(one, found[key], pipeline.remote.now()) for key, one in pipeline.declared.items()}


def confirm(pipeline: Pipeline, key: str, *gates: str) -> schemas.Customer:
    """The customer as `csp confirm` leaves its file."""
    data = pipeline.declared[key].model_dump(mode="json", exclude_none=True)
    for gate in gates:
        values = confirmed_values(pipeline.declared[key], gate)
        section = schemas.GATES[gate].confirmed_in
        given = {"by": "kim", "on": dt.date(2026, 11, 22).isoformat(), "fields": list(values), "values": values}
        before = data[section].get("confirmed")
        data[section]["confirmed"] = {**before, "also": [*before.get("also", []), given]} if before else given
    return schemas.Customer.model_validate(data)


def counted(pipeline: Pipeline, *customers: schemas.Customer) -> States:
    estate = schemas.Estate("reseller", ROOT, customers, pipeline.connections)
    return confirmed.counted(states(pipeline), estate)


def test_what_is_done_is_recorded_and_not_done_again(worked: Pipeline) -> None:
    step = as_told(verdicts(worked)["adatum"].next_step)
    assert step["action"].startswith("The row is there: look whether it has pricebook")
    assert step["action"].endswith("When it is done, or was done before, run `csp confirm adatum pricebook`.")


def test_what_was_just_confirmed_is_asked_nowhere(worked: Pipeline) -> None:
    before = verdicts(worked)["adatum"]
    assert before.blockers == ["pricebook", "relationship"]
    customer = confirm(worked, "adatum", "pricebook", "relationship")
    after = readiness(customer, counted(worked, customer)["adatum"], worked.remote.now())
    assert (after.blockers, after.next_step) == ([], None)
    assert "kim on 2026-11-22" in after.gates["pricebook"].why
    told = ticket.text(customer, after, worked.connections[customer.connection])
    assert "Nothing to ask" in told


def test_of_several_gates_only_the_open_ones_are_asked(worked: Pipeline) -> None:
    customer = confirm(worked, "wingtip", "relationship", "tenant")
    found = counted(worked, customer)["wingtip"]
    verdict = readiness(customer, found, worked.remote.now())
    assert verdict.blockers == ["agreement"]
    assert verdict.next_step is not None
    assert "csp confirm wingtip agreement" in as_told(verdict.next_step)["action"]
    assert "csp confirm wingtip tenant" not in as_told(verdict.next_step)["action"]
    asked = ticket.text(customer, verdict, worked.connections[customer.connection]).partition("We see:")[0]
    assert "agreement" in asked.lower()
    assert "related to your Partner Center" not in asked


def test_a_confirmation_of_another_value_counts_for_nothing(worked: Pipeline) -> None:
    customer = confirm(worked, "adatum", "pricebook")
    data = customer.model_dump(mode="json", exclude_none=True)
    data["cloud_provider"]["pricebook"] = "Another"
    other = schemas.Customer.model_validate(data)
    assert "pricebook" in readiness(other, counted(worked, other)["adatum"], worked.remote.now()).blockers


def test_no_sentence_has_a_hole() -> None:
    """Every step and ticket of both estates, from the first run to the last, and after something went wrong."""
    for stack in ("reseller", "provider"):
        pipeline = Pipeline.example(stack)
        try:
            for _ in range(3):
                pipeline.up()
                _look_for_holes(pipeline)
                steps = [{"customer": k, **as_told(v.next_step)} for k, v in verdicts(pipeline).items() if v.next_step]
                pipeline.remote.act(steps)
            pipeline.remote.sleep(40 * 86400.0)
            pipeline.up()
            _look_for_holes(pipeline)
        finally:
            pipeline.remove()


def _look_for_holes(pipeline: Pipeline) -> None:
    for key, verdict in verdicts(pipeline).items():
        declared = pipeline.declared[key]
        texts: list[Any] = [ticket.text(declared, verdict, pipeline.connections[declared.connection])]
        texts += [gate.why for gate in verdict.gates.values()]
        texts += [str(one.outputs.get("reason") or "") for one in verdict.resources.values()]
        if verdict.next_step:
            step = as_told(verdict.next_step)
            texts += [step["where"], step["action"], *step["values"].values()]
        for text in texts:
            for line in str(text).splitlines():
                assert not HOLE.search(line.strip()), (key, line)


def test_a_line_of_a_file_is_named(tmp_path: Any) -> None:
    file = tmp_path / "stacks" / "customers" / "a.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(
        "connection: us\nunknown:\n  - cloud_provider.pricebook\n  - attestation.signatory\nidentity:\n"
        "  method: new\n  domain_prefix: a\n",
        "utf-8",
    )
    for field, line in (
        ("identity.domain_prefix", 7),
        ("identity.confirm_new_tenant", 5),
        ("cloud_provider.pricebook", 3),
        ("attestation.signatory", 4),
        ("profile.phone", 0),
    ):
        assert files.line_of(file, tmp_path, tuple(field.split("."))) == line, field
