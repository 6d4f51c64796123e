"""What a reviewed plan allows, from what a change may start, and the rules of a stack's policy: without an engine."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import schemas
from clients.ledger import FileLedger
from equipment.workspace import ROOT
from onboarding.allowed import once, reviewed, said
from onboarding.allowed.once import Step
from onboarding.allowed.reviewed import PLAN, Unusable, canonical, digest_of, load, sealed
from onboarding.core import contract
from onboarding.look.run_notes import RUN
from onboarding.plan import intent, policy, starts
from onboarding.plan.preview import Preview
from onboarding.plan.report import Refusal
from onboarding.resources.digests import digest
from schemas.model.policy import Policy


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contract, "now", lambda: "2026-12-24T12:00:00Z")


@pytest.fixture(scope="module")
def estate() -> schemas.Estate:
    return schemas.load_estate(ROOT / "stacks" / "Pulumi.provider.yaml", ROOT)


def write(path: Path, **changes: Any) -> Path:
    document = {
        "stack": "live",
        "made_at": "2026-12-24T11:00:00Z",
        "expires_at": "2026-12-25T11:00:00Z",
        "reviewed": {"intent": {"customers": {}}, "facts": {}},
        "starts": {},
        "allowed": [["contoso", once.TENANT, "contoso.onmicrosoft.com"]],
        "cut": False,
        "refused": [],
    }
    path.write_text(json.dumps(sealed(document | changes)), "utf-8")
    return path


def test_the_digest_is_that_of_canonical_json() -> None:
    assert canonical({"b": [1, True], "a": "é"}) == '{"a":"\\u00e9","b":[1,true]}'
    assert digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1}) != digest_of({"a": 1, "b": "2"})


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"cut": True}, "was cut"),
        ({"expires_at": "2026-12-24T12:00:00Z"}, "expired on 2026-12-24T12:00:00Z"),
        ({"refused": ["policy new_tenants: too many"]}, "was refused"),
    ],
)
def test_a_plan_that_allows_nothing_says_why(tmp_path: Path, changes: dict[str, Any], why: str) -> None:
    assert load(write(tmp_path / "plan.json")).once == [["contoso", once.TENANT, "contoso.onmicrosoft.com"]]
    with pytest.raises(Unusable, match=why):
        load(write(tmp_path / "plan.json", **changes))


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 1, "reviewed": {}, "seal": "x"}', "[" * 100_000])
def test_what_is_no_plan_is_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "plan.json").write_text(text, "utf-8")
    with pytest.raises(Unusable) as told:
        load(tmp_path / "plan.json")
    assert "\n" not in str(told.value)


def test_a_seal_that_somebody_made_for_something_else(tmp_path: Path) -> None:
    for document in (
        {"reviewed": {}},
        {"reviewed": 1, "cut": 0},
        {"reviewed": {"intent": []}, "refused": [], "cut": 0},
    ):
        (tmp_path / "plan.json").write_text(json.dumps(sealed(document)), "utf-8")
        with pytest.raises(Unusable, match="is no plan"):
            load(tmp_path / "plan.json")
    with pytest.raises(Unusable, match="is no plan"):
        load(write(tmp_path / "plan.json", expires_at="never"))


@pytest.mark.parametrize("member", ["expires_at", "allowed", "cut", "starts", "reviewed", "digest", "stack"])
def test_any_member_that_was_changed_is_noticed(tmp_path: Path, member: str) -> None:
    found = json.loads(write(tmp_path / "plan.json").read_text("utf-8"))
    (tmp_path / "plan.json").write_text(json.dumps(found | {member: "other"}), "utf-8")
    with pytest.raises(Unusable, match="changed after it was made"):
        load(tmp_path / "plan.json")


def test_what_cannot_be_undone_is_allowed_by_customer_and_value_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = Step("contoso", once.TENANT, "contoso.onmicrosoft.com")
    session: Any = SimpleNamespace(home=tmp_path, ledger=FileLedger(tmp_path / "locks"))
    monkeypatch.delenv(PLAN, raising=False)
    assert once.refusal(Step("x", once.ENDING, "x"), "x", session) == ""  # without a plan the other guards decide

    monkeypatch.setenv(PLAN, str(write(tmp_path / "plan.json")))
    monkeypatch.setenv(RUN, "this")
    assert once.refusal(step, "first", session) == ""
    assert once.refusal(step, "first", session) == ""  # the same call, repeated
    assert "allows it once" in once.refusal(step, "second", session)
    for other in (
        Step("fabrikam", once.TENANT, "contoso.onmicrosoft.com"),
        Step("contoso", once.TENANT, "other.onmicrosoft.com"),
        Step("contoso", once.ENDING, "contoso"),
        once.mail("contoso", "agreement", "sam@contoso.example"),
    ):
        assert "not in the reviewed plan" in once.refusal(other, "first", session)
    assert len([one for one in said.read(said.folder(tmp_path, "this")) if one["what"] == "held"]) == 5

    # Another plan with the same content counts anew; one that is gone allows nothing.
    monkeypatch.setenv(PLAN, str(write(tmp_path / "next.json", made_at="2026-12-24T11:30:00Z")))
    assert once.refusal(step, "second", session) == ""
    (tmp_path / "next.json").unlink()
    reviewed._kept.cache_clear()
    assert "not done" in once.refusal(step, "second", session)


@pytest.mark.parametrize(
    ("reviewed_", "handled", "seen", "held"),
    [
        ({"profile": "ACTIVE", "phone": "1"}, {}, {"profile": "ACTIVE", "phone": "1"}, []),
        ({"profile": "ACTIVE", "phone": "1"}, {}, {"profile": "ACTIVE"}, []),  # somebody did it
        ({"profile": "ACTIVE", "phone": "1"}, {}, {"profile": "ACTIVE", "phone": "2"}, ["phone"]),
        ({"profile": "ACTIVE"}, {}, {"profile": "ACTIVE", "phone": "2"}, ["phone"]),
        (None, {"profile": "ACTIVE"}, {"profile": "ACTIVE", "phone": "2"}, ["phone"]),
        (None, {"profile": "ACTIVE", "phone": "2"}, {"profile": "ACTIVE", "phone": "2"}, []),
        ({"profile": "absent"}, None, {"profile": "ACTIVE"}, []),
        ({"profile": "ACTIVE"}, None, {"profile": "absent"}, ["profile"]),
        ({"row": "no customer profile"}, None, {"row": "absent"}, []),
        ({"row": "shown"}, None, {"row": "absent"}, ["row"]),
        ({"relationship": "absent", "linked": "absent"}, None, {"relationship": "t1", "linked": "t1"}, []),
        ({"relationship": "t1"}, None, {"relationship": "absent"}, ["relationship"]),
        ({"linked": "t1"}, None, {"linked": "t2"}, ["linked"]),
        (None, {"linked": "t1"}, {"linked": "absent"}, ["linked"]),
        ({"linked": "t1"}, None, {"linked": "not visible"}, []),
        (
            {"agreement": "absent", "attestation": "created"},
            None,
            {"agreement": "absent", "attestation": "accepted"},
            [],
        ),
        ({"agreement": "attested 2026-01-01"}, None, {"agreement": "absent"}, ["agreement"]),
    ],
)
def test_from_what_a_change_may_start(
    reviewed_: dict[str, str] | None, handled: dict[str, str] | None, seen: dict[str, str], held: list[str]
) -> None:
    assert sorted(starts.changed(reviewed_, handled, seen)) == held


def test_the_intent_holds_what_decides_and_nothing_else(estate: schemas.Estate) -> None:
    first = intent.of_estate(estate, {})
    us = estate.connections["us"]
    quiet = us.model_copy(update={"description": "ours", "limits": schemas.Limits(concurrency=1)})
    assert intent.differences(first, intent.of_estate(_with(estate, us=quiet), {})) == []
    asks = us.model_copy(update={"follow_up_days": (1,)})
    (found,) = intent.differences(first, intent.of_estate(_with(estate, us=asks), {}))[:1]
    assert found.about == "connection us"
    assert intent.differences(first, first | {"version": "0.0"})[0].field == "version"
    assert intent.differences(first, first | {"policy": {"new_tenants": "1"}})[0].about == "policy"
    assert "password" not in canonical(first)
    assert json.loads(canonical(first)) == first


def _with(estate: schemas.Estate, **connections: schemas.Connection) -> schemas.Estate:
    return schemas.Estate("provider", ROOT, estate.customers, {**estate.connections, **connections})


def rules(**given: Any) -> Policy:
    return Policy.model_validate(given)


def test_each_rule_refuses_in_one_line_with_the_way_out(
    estate: schemas.Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = {one.key: digest(one) for one in estate.customers}
    facts = policy.about(estate)
    assert policy.declared(rules(), {}, new, facts, running=True) == []

    frozen = rules(freeze=[{"from": "2026-12-20", "to": "2026-12-31", "why": "year end"}])
    (told,) = policy.declared(frozen, new, new, facts, running=True)
    assert "from 2026-12-20 to 2026-12-31 (year end); run it from 2027-01-01 on" in str(told)
    assert policy.declared(frozen, new, new, facts, running=False) == []  # a plan of nothing

    (told,) = policy.declared(rules(new_tenants=1), {}, new, facts, running=False)
    assert "makes 2 new tenants (alpineskihouse.onmicrosoft.com, blueyonderus.onmicrosoft.com), at most 1" in str(told)
    assert policy.declared(rules(new_tenants=2), {}, new, facts, running=False) == []
    steps = [Step(str(n), once.TENANT, f"t{n}") for n in range(3)]
    (seen,) = policy.planned(rules(new_tenants=2), steps)
    ruled = {"ruled": [[told.rule, told.customer, told.text], ["policy freeze", "", "now"]]}
    plan = Preview([{"what": "guard", **ruled}], estate, {})
    assert plan.report([], {}, [seen]).refusals == (Refusal("policy freeze", "", "now"), seen)

    wanted = rules(approvals=[{"environment": "canada", "countries": ["CA"]}])
    (told,) = policy.declared(wanted, {}, new, facts, running=False)
    assert (told.rule, told.customer) == ("policy approvals", "maplegrove")
    assert policy.declared(wanted, new, new, facts, running=True) == []  # it does not change
    monkeypatch.setenv(policy.APPROVED, "finance, canada")
    assert policy.declared(wanted, {}, new, facts, running=False) == []

    on = {key: f"{text}+portal" for key, text in new.items()}
    ready = rules(portal_access="ready")
    assert [told.customer for told in policy.portal(ready, new, on, {"alpine": True})] == [
        "adventure",
        "blueyonder",
        "maplegrove",
    ]
    assert policy.portal(ready, on, on, {}) == policy.portal(rules(), new, on, {}) == []


def test_the_policy_of_a_base_holds_and_a_change_of_it_is_lines(
    estate: schemas.Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = rules(new_tenants=1, freeze=[{"from": "2026-12-20", "to": "2026-12-31", "why": "year end"}])
    monkeypatch.setenv(policy.POLICY, policy.as_json(base))
    assert policy.in_force(estate) == base
    monkeypatch.setenv(policy.POLICY, "{")
    with pytest.raises(ValueError, match="holds no policy"):
        policy.in_force(estate)
    assert base.lines == {
        "new_tenants": "1",
        "freeze.0.from": "2026-12-20",
        "freeze.0.to": "2026-12-31",
        "freeze.0.why": "year end",
    }
    assert rules().lines == {}
    assert policy.from_data({"policy": {"new_tenants": 1}}) == rules(new_tenants=1)
    assert policy.from_data(None) == rules()
