"""An exception of any kind while one customer is handled is that customer's one line; the others go on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import BaseModel

import schemas
from clients.errors import ClientError, NotFound, Problem, Unexpected, contained
from clients.wire import clock
from csp.commands import adopt_import
from drills.harness import Pipeline
from drills.remote import START
from onboarding.adoption import read as adoption_read
from onboarding.adoption.read import read_account
from onboarding.core.remedy import Trouble
from onboarding.drift import record as drift_record
from onboarding.drift import run as drift
from onboarding.look.snapshot import EstateLook, IonLook
from onboarding.readiness import evidence, live
from onboarding.readiness.states import ResourceState
from onboarding.readiness.verdicts import all_readiness
from onboarding.resources import attestation, customer, provider_association, tenant_identity
from providers import sessions

ODD = UnicodeEncodeError("ascii", "ü", 0, 1, "ordinal\nnot in range")
THINGS = {
    "Customer": customer,
    "ProviderAssociation": provider_association,
    "TenantIdentity": tenant_identity,
    "Attestation": attestation,
}


@pytest.fixture
def pipeline() -> Iterator[Pipeline]:
    made = Pipeline.example("reseller")
    yield made
    made.remove()


def odd_for(key: str, verb: Any) -> Any:
    """The verb, which fails for one customer in a way that nobody foresaw."""

    def wrapped(desired: Any, *rest: Any) -> Any:
        if desired.key == key:
            raise ODD
        return verb(desired, *rest)

    return wrapped


@pytest.mark.parametrize("kind", THINGS)
@pytest.mark.parametrize("verb", ["observe", "converge"])
def test_a_run_moves_the_others(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, kind: str, verb: str) -> None:
    monkeypatch.setattr(THINGS[kind], verb, odd_for("contoso", getattr(THINGS[kind], verb)))
    pipeline.up()
    assert {key for key, _ in pipeline.state} == set(pipeline.declared)
    outputs = pipeline.state["contoso", kind].outputs
    assert (outputs["status"], outputs["waiting_on"]) == ("blocked", "us")
    assert "UnicodeEncodeError" in outputs["reason"]
    assert "test_contained.py:" in outputs["reason"], "where it comes from"
    assert len(outputs["reason"].splitlines()) == 1
    odd = [address for address, one in pipeline.state.items() if "UnicodeEncodeError" in one.outputs["reason"]]
    assert odd == [("contoso", kind)]
    monkeypatch.undo()
    pipeline.up()
    assert "UnicodeEncodeError" not in pipeline.state["contoso", kind].outputs["reason"], "the next run tries again"


def test_a_live_look_shows_the_others(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline.up()
    with pipeline._process() as names:
        session = sessions.session(next(iter(names.values())))
        assert session.ion is not None
        first, *_ = session.ion.customers()
        asked = session.ion.cloud_profiles

        def odd(customer_id: str) -> Any:
            if customer_id == first.id:
                raise ODD
            return asked(customer_id)

        monkeypatch.setattr(session.ion, "cloud_profiles", odd)
        look = IonLook(session)
        verdicts = live.verdicts(look, live.look_at_account(look), START)
        blind = [one for one in verdicts if one.unobserved]
        assert [one.key for one in blind] == [first.email.casefold()]
        assert len(verdicts) > 1
        candidates = read_account(EstateLook(session))
        assert ["UnicodeEncodeError" in candidate.trouble for candidate in candidates].count(True) <= 1


def test_a_live_verdict_hides_no_other(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline.up()
    with pipeline._process() as names:
        session = sessions.session(next(iter(names.values())))
        look = IonLook(session)
        candidates = live.look_at_account(look)
        made = live._observed

        def odd(kind: str, declared: Any, candidate: live.Candidate, look: IonLook) -> Any:
            if candidate is candidates[0]:
                raise ODD
            return made(kind, declared, candidate, look)

        monkeypatch.setattr(live, "_observed", odd)
        verdicts = live.verdicts(look, candidates, START)
    assert [one.unobserved for one in verdicts] == [True] + [False] * (len(candidates) - 1)
    assert "UnicodeEncodeError" in verdicts[0].resources["Customer"].outputs["unobserved"]["reason"]
    assert not verdicts[0].can_order
    assert live.report(verdicts)["counts"]["unobserved"] == 1


def test_a_tenant_that_cannot_be_found_by_domain_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    tenants = {"a.example": "T1", "c.example": "T3"}

    def discovered(domain: str) -> str:
        if domain == "b.example":
            raise ODD
        return tenants[domain]

    look: Any = SimpleNamespace(
        discovered_tenant=discovered,
        related_tenants=lambda: {
            tenant.lower(): SimpleNamespace(domain=f"{tenant}.com") for tenant in tenants.values()
        },
        session=SimpleNamespace(
            connection=SimpleNamespace(name="us", status_words={}, limits=SimpleNamespace(concurrency=2))
        ),
    )

    def agreed(_look: Any, candidate: adoption_read.Candidate) -> adoption_read.Candidate:
        if candidate.tenant == "t3":
            raise ODD
        return candidate

    monkeypatch.setattr(adoption_read, "_agreed", agreed)
    candidates = [
        adoption_read.Candidate(SimpleNamespace(id=name, email=f"it@{name}.example", status="ACTIVE"))  # type: ignore[arg-type]
        for name in "abc"
    ]
    one, two, three = adoption_read._by_domain(look, candidates)
    assert (one.tenant, one.domain, one.trouble) == ("t1", "T1.com", "")
    assert "UnicodeEncodeError" in two.trouble
    assert "UnicodeEncodeError" in three.trouble


def test_a_record_that_cannot_be_compared_hides_no_other() -> None:
    def record(_tenant: str) -> Any:
        raise ODD

    eyes: Any = SimpleNamespace(
        watch=lambda: None, record=record, session=SimpleNamespace(connection=SimpleNamespace(name="us"))
    )
    told = drift_record._look(eyes, SimpleNamespace(tenant="t", declared=SimpleNamespace(key="contoso")))  # type: ignore[arg-type]
    assert isinstance(told, Trouble)
    assert (told.connection, told.customer) == ("us", "contoso")
    assert "UnicodeEncodeError" in told


def test_drift_compares_the_others(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline.up()
    seen = drift.look_at

    def odd(declared: schemas.Customer, *rest: Any) -> Any:
        if declared.key == "contoso":
            raise ODD
        return seen(declared, *rest)

    monkeypatch.setattr(drift, "look_at", odd)
    estate = SimpleNamespace(customers=tuple(pipeline.declared.values()), sources={})
    with pipeline._process() as names:
        opened = {name: sessions.session(at) for name, at in names.items()}
        report = drift.look(estate, opened, {}, START + timedelta(hours=1))  # type: ignore[arg-type]
    assert list(report.not_checked) == ["contoso"]
    assert "UnicodeEncodeError" in report.not_checked["contoso"]
    assert report.customers == len([one for one in pipeline.declared.values() if one.lifecycle == "active"])


def test_adoption_puts_the_others_into_state(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline.up()

    def odd(declared: schemas.Customer, _look: EstateLook) -> Any:
        if declared.key == "contoso":
            raise ODD
        return adopt_import.Adopted(declared, (), "")

    monkeypatch.setattr(adopt_import, "adopted", odd)
    with pipeline._process() as names:
        look = EstateLook(sessions.session(next(iter(names.values()))))
        ready, left = adopt_import.as_state(list(pipeline.declared.values()), look, set())
    assert list(left) == ["contoso"]
    assert len(ready) == len(pipeline.declared) - 1


@pytest.mark.parametrize(
    "outputs",
    [
        {"facts": "none"},
        {"facts": {"a": 1}},
        {"next_step": 7},
        {"memory": [1]},
        {"unobserved": 7},
        {"reason": [1]},
        {"since": 5},
    ],
)
def test_a_state_that_nobody_can_read_hides_nobody_else(pipeline: Pipeline, outputs: dict[str, Any]) -> None:
    kinds = {kind: ResourceState(kind, "contoso", {"status": "waiting", **outputs}) for kind in THINGS}
    estate = SimpleNamespace(customers=tuple(pipeline.declared.values()), connections=pipeline.connections)
    verdicts = all_readiness({"contoso": kinds}, estate, clock.now())  # type: ignore[arg-type]
    assert {one.key for one in verdicts} == set(pipeline.declared)
    assert not next(one for one in verdicts if one.key == "contoso").can_order
    records = evidence.records({"contoso": kinds}, estate)  # type: ignore[arg-type]
    assert {one["customer"] for one in records} == set(pipeline.declared)


def test_our_own_failures_pass_as_they_are_and_ctrl_c_is_none() -> None:
    with pytest.raises(NotFound), contained():
        raise NotFound(Problem("ion", "customers.get", 404, "", "gone"))
    with pytest.raises(KeyboardInterrupt), contained():
        raise KeyboardInterrupt


class Model(BaseModel):
    """Something with a secret in it."""

    password: int


def test_the_line_of_a_refused_model_does_not_repeat_the_value() -> None:
    with pytest.raises(Unexpected) as told, contained():
        Model.model_validate({"password": "hunter2"})
    assert isinstance(told.value, ClientError)
    assert "password" in str(told.value)
    assert "hunter2" not in str(told.value)
