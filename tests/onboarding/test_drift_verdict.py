"""What a difference means, as a table: field now, what the state says, what earlier looks saw, and the verdict."""

from typing import Any

import pytest

from onboarding.contract import ABSENT, Facts, Field, Known, Outcome
from onboarding.drift_resources import ATTESTATION, CUSTOMER, Seen
from onboarding.drift_verdict import judge, moved

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
    ("a changed value, nothing known", "phone", DIFFERS, None, None, {}, "", "", "drift", False),
    ("nothing there, nothing known", "phone", GONE, None, None, {}, "", "", "pending", False),
    ("a claim that never held", "agreement", DIFFERS, None, None, {}, "", "", "pending", False),
    ("a claim that held", "agreement", DIFFERS, None, None, {}, "accepted-not", "", "pending", False),
    ("gone, seen before", "phone", GONE, None, None, {}, "a", "", "drift", False),
    ("held with another wish", "title", GONE, None, None, {}, "another", "", "pending", False),
    ("changed since the run", "phone", DIFFERS, MATCH, {}, {"phone": "b"}, "", "", "drift", False),
    ("made a step by the run", "phone", DIFFERS, MATCH, {"phone": "b"}, {"phone": "b"}, "", "", "pending", False),
    ("still open after the run", "phone", DIFFERS, DIFFERS, {"phone": "b"}, {"phone": "b"}, "a", "", "pending", False),
    ("refreshed, not handled", "phone", DIFFERS, DIFFERS, {}, {"phone": "b"}, "", "", "drift", False),
    ("the file was edited", "phone", DIFFERS, OTHER_WISH, {}, {"phone": "b"}, "", "", "pending", False),
    ("not sent yet", "status", GONE, GONE, {"again": "yes"}, {"profile": ABSENT}, "", "", "pending", False),
    ("reached, told by the state", "phone", MATCH, DIFFERS, {"phone": "b"}, {}, "", "", "progress", False),
    ("reached and handled", "phone", MATCH, DIFFERS, {}, {}, "", "", "match", False),
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
    ("reached, told by an earlier look", "phone", MATCH, None, None, {}, "", "a", "progress", False),
    ("as before", "phone", MATCH, None, None, {}, "a", "", "match", False),
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
    if name == "phone":  # digits only: the canonical text of these letters is empty
        now = Field(now.state, "+1 425 555 0100", "+1 425 555 0199" if now.seen == "B" else now.seen, WHERE)
        before = before and Field(before.state, "4255550100" if before.declared == "A" else "1", before.seen, WHERE)
        canonical = {key: "4255550100"} if held else {}
        unsettled = "4255550100" if unsettled else ""
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
