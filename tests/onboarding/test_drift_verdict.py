"""What a difference means, as a table: field now, what the state says, what earlier looks saw, and the verdict."""

from typing import Any

import pytest

from onboarding.core.contract import ABSENT, Facts, Field, Known, Outcome
from onboarding.drift.resources import ATTESTATION, CUSTOMER, Seen
from onboarding.drift.verdict import judge, moved

WHERE = "a system"


def fact(state: str, declared: str = "A", seen: str = "B", confirmed: str = "") -> Field:
    return Field(state, declared, seen, WHERE, confirmed)  # type: ignore[arg-type]


def seen_of(
    name: str,
    now: Field,
    known: dict[str, Any],
    seen: dict[str, str],
    *,
    resource: str = CUSTOMER,
    status: Any = "waiting",
) -> Seen:
    facts = Facts(fields={name: now}, seen=seen)
    return Seen(resource, Known(known), facts, Outcome(status, facts), "2026-11-22T10:00:00Z")


def state(field: Field | None, name: str, handled: dict[str, str] | None) -> dict[str, Any]:
    outputs: dict[str, Any] = {} if field is None else {"facts": {name: field.as_dict()}}
    return outputs if handled is None else outputs | {"handled": handled}


MATCH, DIFFERS, HIDDEN = fact("match", "A", "A"), fact("mismatch"), fact("not_visible", "A", "")
GONE = fact("mismatch", "A", ABSENT)
OTHER_WISH = fact("match", "Z", "Z")

# name, now, in state, handled, seen now, held by an earlier look, unsettled in an earlier look, verdict, lost
CASES = [
    ("a changed value, nothing known", "contact_name", DIFFERS, None, None, {}, "", "", "drift", False),
    ("nothing there, nothing known", "contact_name", GONE, None, None, {}, "", "", "pending", False),
    ("a claim that never held", "agreement", DIFFERS, None, None, {}, "", "", "pending", False),
    ("a claim that held", "agreement", DIFFERS, None, None, {}, "accepted-not", "", "pending", False),
    ("gone, seen before", "contact_name", GONE, None, None, {}, "A", "", "drift", False),
    ("held with another wish", "title", GONE, None, None, {}, "another", "", "pending", False),
    ("changed since the run", "contact_name", DIFFERS, MATCH, {}, {"contact_name": "b"}, "", "", "drift", False),
    (
        "made a step by the run",
        "contact_name",
        DIFFERS,
        MATCH,
        {"contact_name": "b"},
        {"contact_name": "b"},
        "",
        "",
        "pending",
        False,
    ),
    (
        "still open after the run",
        "contact_name",
        DIFFERS,
        DIFFERS,
        {"contact_name": "b"},
        {"contact_name": "b"},
        "A",
        "",
        "pending",
        False,
    ),
    ("refreshed, not handled", "contact_name", DIFFERS, DIFFERS, {}, {"contact_name": "b"}, "", "", "drift", False),
    ("the file was edited", "contact_name", DIFFERS, OTHER_WISH, {}, {"contact_name": "b"}, "", "", "pending", False),
    ("not sent yet", "status", GONE, GONE, {"again": "yes"}, {"profile": ABSENT}, "", "", "pending", False),
    (
        "reached, told by the state",
        "contact_name",
        MATCH,
        DIFFERS,
        {"contact_name": "b"},
        {},
        "",
        "",
        "progress",
        False,
    ),
    ("reached and handled", "contact_name", MATCH, DIFFERS, {}, {}, "", "", "match", False),
    (
        "a person had confirmed it",
        "tenant",
        MATCH,
        fact("not_visible", confirmed="kim"),
        {},
        {"x": "y"},
        "",
        "",
        "match",
        False,
    ),
    ("reached, told by an earlier look", "contact_name", MATCH, None, None, {}, "", "A", "progress", False),
    ("as before", "contact_name", MATCH, None, None, {}, "A", "", "match", False),
    ("never visible", "pricebook", HIDDEN, None, None, {}, "", "", "not_visible", False),
    ("out of sight", "pricebook", HIDDEN, None, None, {}, "A", "", "not_visible", True),
    ("out of sight, told by the state", "pricebook", HIDDEN, MATCH, {}, {}, "", "", "not_visible", True),
]


@pytest.mark.parametrize(
    ("name", "now", "before", "handled", "seen", "held", "unsettled", "verdict", "lost"),
    [pytest.param(*case[1:], id=case[0]) for case in CASES],
)
def test_verdict(
    name: str,
    now: Field,
    before: Field | None,
    handled: dict[str, str] | None,
    seen: dict[str, str],
    held: str,
    unsettled: str,
    verdict: str,
    lost: bool,
) -> None:
    key = f"{CUSTOMER}.{name}"
    canonical = {key: held} if held else {}
    one = seen_of(name, now, state(before, name, handled), seen)
    (judged,) = judge(one, canonical, {key: unsettled} if unsettled else {})
    assert (judged.verdict, judged.lost) == (verdict, lost)


def test_what_the_file_leaves_open_is_not_compared() -> None:
    one = seen_of("pricebook", DIFFERS, {}, {}, resource="ProviderAssociation")
    assert list(judge(one, {}, {}, ("cloud_provider.pricebook",))) == []
    assert [judged.verdict for judged in judge(one, {}, {})] == ["drift"]


def test_a_step_within_a_wait_is_told() -> None:
    known = state(None, "agreement", {"agreement": ABSENT, "attestation": "created"})
    one = seen_of("agreement", GONE, known, {"agreement": ABSENT, "attestation": "accepted"}, resource=ATTESTATION)
    assert moved(one) == "attestation: created -> accepted"
    settled = seen_of(
        "agreement", MATCH, known, {"agreement": "attested 2026-11-01"}, resource=ATTESTATION, status="ready"
    )
    assert moved(settled) == ""


def test_coming_into_sight_is_no_step() -> None:
    known = state(None, "tenant", {"linked": "not visible"})
    assert moved(seen_of("tenant", GONE, known, {"linked": ABSENT}, resource="TenantIdentity")) == ""
