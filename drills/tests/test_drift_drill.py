"""The drift drill at a size for every run of the suite; `python -m drills.reading.drift` measures 1,000 customers."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import BaseModel

import schemas
from drills.reading import drift
from drills.seed.changes import generate
from drills.seed.estate import Profile
from drills.seed.sorts import LOST, SORTS
from onboarding.drift.run import look
from onboarding.drift.verdict import Judged, judge
from onboarding.readiness.blind import UNOBSERVED
from schemas.model.traits import LocalOnly, WriteOnly, has_trait, models_of

ONLY_IN_RECORDS = ("identity.contact.phone", "identity.direct_customer")
LISTS = 20
"""Calls of a look that do not depend on the number of customers: tokens, list pages, activity log."""


@pytest.mark.parametrize("strict", [False, True], ids=["usual", "strict"])
@pytest.mark.parametrize("profile", ["reseller", "provider"])
def test_every_change_is_found_and_nothing_else(profile: Profile, strict: bool, tmp_path: Path) -> None:
    with drift.bench(70, profile, tmp_path, strict=strict) as bench:
        before, cold = bench.look()
        quiet, warm = bench.look()
        changes = generate(bench.generated, 55, strict=strict)
        bench.apply(changes)
        after, _ = bench.look(fresh=True)
    assert not before.not_checked
    assert not after.not_checked
    assert [f for f in (*before.findings, *quiet.findings) if f.kind in ("drift", "progress")] == []
    result = drift.compare(before, after, changes)
    assert not result.missed
    assert not result.false
    assert len({change.name for change in changes}) >= 30
    assert cold <= drift.COLD[profile] * 70 + LISTS
    assert warm <= drift.WARM
    assert before.exit_code() == 0
    assert after.exit_code() == 7
    unseen = {change.name for change in changes if change.unseen}
    assert bool(unseen) == (strict and profile == "reseller")


@pytest.mark.parametrize("profile", ["reseller", "provider"])
def test_a_state_alone_tells_the_same(profile: Profile, tmp_path: Path) -> None:
    with drift.bench(45, profile, tmp_path, seed=3) as bench:
        states = bench.states()
        before, _ = bench.look(states=states)
        bench.forget()
        changes = generate(bench.generated, 30, seed=3)
        bench.apply(changes)
        after, _ = bench.look(states=states)
    result = drift.compare(before, after, changes)
    # What only a tenant's own record shows is in no state: without the memory nobody knows that it was seen.
    assert [v for v in result.missed if v[0] != LOST or v[2] not in ONLY_IN_RECORDS] == []
    assert not result.false


def test_the_two_systems_contradict_each_other(tmp_path: Path) -> None:
    # ION may go on calling an agreement accepted that is too old for Microsoft: nobody published its words.
    reading = {"ion.cloud-profiles.old-agreement": "Accepted"}
    with drift.bench(24, "provider", tmp_path, endpoint=False, behaviours=reading) as bench:
        report, _ = bench.look()
    old = {made.key for made in bench.generated.customers if made.situation == "old agreement"}
    told = [finding for finding in report.of("inconsistent") if finding.customer]
    assert {finding.customer for finding in told} == old
    assert all("ION says Accepted, Partner Center says of 2022-06-14" in finding.seen for finding in told)
    assert report.of("drift") == []


def test_another_account_is_not_looked_at(tmp_path: Path) -> None:
    with drift.bench(12, "provider", tmp_path) as bench:
        states = bench.states()
        moved = {**states["c00001"], "Customer": {**states["c00001"]["Customer"], "account": "99"}}
        report, _ = bench.look(states={**states, "c00001": moved})
    assert list(report.not_checked) == ["c00001"]
    assert "belongs to account 99" in report.not_checked["c00001"]
    assert report.exit_code() == UNOBSERVED


def test_a_reseller_that_may_no_longer_transact_is_told_once(tmp_path: Path) -> None:
    reports = []
    with drift.bench(12, "provider", tmp_path) as bench:
        for partner_id in ("", "1", "1"):
            with bench.session() as session:
                session.reseller_partner_id = partner_id or session.reseller_partner_id
                reports.append(look(bench.estate, {"us": session}, {}, datetime.now(UTC)))
            if len(reports) == 2:
                bench.forget()
    good, report, never = reports
    assert good.of("drift") == []
    assert [(f.customer, f.field, f.declared) for f in report.of("drift")] == [("", "reseller", "may transact")]
    assert never.of("drift") == []


def test_changes_are_applied_all_or_none(tmp_path: Path) -> None:
    with drift.bench(1, "provider", tmp_path) as bench:
        token = {"Authorization": f"Bearer {bench.sandbox.ready['token']}"}
        renamed = {"do": "profile", "customer": "it@c00001.example", "set": {"organization": "Renamed"}}
        for wrong in (
            {"do": "profile", "customer": "nobody@x.example", "set": {"phone": "1"}},
            {"do": "profile", "customer": "it@c00001.example", "set": {"shoe_size": "1"}},
            {"do": "end_relationship", "tenant": "nowhere.onmicrosoft.com", "account": "10501"},
            {"do": "relate", "tenant": "c00001corp.onmicrosoft.com", "account": "1"},
            {"do": "link", "customer": "it@c00001.example", "tenant": "nowhere.onmicrosoft.com"},
            {"do": "billing", "tenant": "c00001corp.onmicrosoft.com", "set": {"company_name": "X", "shoe.size": "1"}},
            {"do": "billing", "tenant": "c00001corp.onmicrosoft.com", "set": {"email": "x@x.example"}, "account": "1"},
            {"do": "reseller", "tenant": "c00001corp.onmicrosoft.com", "account": "10502"},
            {"do": "explode"},
        ):
            where = f"{bench.sandbox.ready['admin']}/changes"
            answer = httpx.post(where, json=[renamed, wrong], headers=token, trust_env=False)
            assert answer.status_code == 400, wrong
        report, _ = bench.look()
        with bench.session() as session:
            assert session.partner_center is not None
            billing = session.partner_center.billing_profile(bench.generated.customers[0].tenant_id)
    assert report.of("drift") == []
    assert (billing.company_name == "X", billing.email) == (False, "it@c00001.example")


def test_the_generator_knows_enough_sorts() -> None:
    for role in ("provider", "reseller"):
        names = {one.name for one in SORTS if role in one.roles}
        assert len(names) >= 20


COMPARED_AS = {
    "identity.domain_prefix": "identity.tenant",
    "identity.tenant_id": "identity.tenant",
    "attestation.signatory.email": "attestation.signatory",
}
"""Declared field -> the field of a report that tells about it, where the two have different names."""
NEVER_REMOTE = {
    "key": "names the customer here",
    "connection": "names our account",
    "identity.method": "the way that was taken, not a value",
    "identity.global_admin.name": "the addressee of a mail",
    "identity.global_admin.email": "the addressee of a mail",
    "attestation.signatory.first_name": "a person is recognised by the e-mail",
    "attestation.signatory.last_name": "a person is recognised by the e-mail",
    "attestation.signatory.phone": "a person is recognised by the e-mail",
    "profile.address.suite": "named by no customer of the drill; compared as the rest of the address",
    "identity.address.suite": "named by no customer of the drill; compared as the rest of the address",
}


def declared_fields(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Every declared field that is more than a setting of this tool."""
    for name, info in model.model_fields.items():
        if has_trait(model, name, LocalOnly) or has_trait(model, name, WriteOnly):
            continue
        inner = [one for one in models_of(info.annotation) if one is not schemas.Confirmation]
        if not inner:
            yield f"{prefix}{name}"
        for one in inner:
            yield from declared_fields(one, f"{prefix}{name}.")


def test_every_declared_field_is_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: set[str] = set()

    def watch(*arguments: Any) -> Iterator[Judged]:
        for judged in judge(*arguments):
            seen.add(judged.path)
            yield judged

    monkeypatch.setattr("onboarding.drift.run.judge", watch)
    with drift.bench(36, "provider", tmp_path) as bench:
        bench.look()
    fields = set(declared_fields(schemas.Customer))
    assert {name for name in fields - NEVER_REMOTE.keys() if COMPARED_AS.get(name, name) not in seen} == set()
