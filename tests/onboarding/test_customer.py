"""The customer profile: what its scenarios (tests/scenarios/onboarding/customer.yaml) do not say."""

from dataclasses import replace
from typing import Any

import pytest

from clients.errors import OurBug, UnknownOutcome
from equipment.told import as_told
from onboarding.core.contract import NEXT_RUN, Known, Outcome
from onboarding.look.snapshot import Look
from onboarding.resources import customer
from tests.onboarding.world import World, ion_customer, problem

PROFILE = {
    "organization": "Contoso Ltd",
    "email": "it@contoso.example",
    "contact_name": "Cora Toso",
    "language": "EN",
    "address": {"street": "One Microsoft Way", "city": "Redmond", "state": "WA", "zip": "98052", "country": "US"},
}


def run(world: World, outputs: dict[str, Any] | None = None, switches: Any = None, **changes: Any) -> Outcome:
    desired = customer.Inputs.model_validate({"key": "contoso", "profile": {**PROFILE, **changes}, **(switches or {})})
    known = Known(outputs or {})
    facts = customer.observe(desired, known, Look(world))  # type: ignore[arg-type]
    return customer.converge(desired, known, facts, world)  # type: ignore[arg-type]


OURS = {"ion_customer_id": "7", "account": "10501"}


def with_customer(**changes: Any) -> World:
    return World(customers={"7": ion_customer(**changes)})


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("INACTIVE", "The profile is INACTIVE, so nothing"),
        ("CUSTOMER_STATUS_UNSPECIFIED", "The profile is CUSTOMER_STATUS_UNSPECIFIED, so nothing"),
        ("SUSPENDED", 'has the status "SUSPENDED"'),
        ("", 'has the status ""'),
    ],
)
def test_a_status_word_is_told_and_an_unknown_one_is_asked_about(word: str, told: str) -> None:
    stopped = run(with_customer(status=word))
    assert (stopped.status, stopped.waiting_on) == ("blocked", "distributor")
    assert stopped.next_step is not None
    assert told in as_told(stopped.next_step)["values"]["Ticket text"]


def test_status_words_have_no_case_and_can_be_taught() -> None:
    assert run(with_customer(status="active")).status == "ready"
    assert run(World(customers={"7": ion_customer(status="Enabled")}, words={"enabled": "active"})).status == "ready"


def test_other_values_need_adopt_and_each_difference_is_told() -> None:
    world = with_customer(organization="Other Inc", phone="111")
    stopped = run(world, phone="222")
    assert stopped.status == "blocked"
    assert "organization" in stopped.reason
    assert "phone" in stopped.reason
    assert stopped.next_step is not None
    assert "adopt: true" in as_told(stopped.next_step)["action"]
    assert run(world, switches={"adopt": True}, phone="222").status == "ready"
    assert world.writes == ["update_customer"]


def test_what_the_file_does_not_name_survives_a_correction() -> None:
    world = with_customer(title="CIO", phone="111", organization="Old", address={"suite": "5"})
    assert run(world, OURS).status == "ready"
    now = world.customers["7"]
    assert (now.title, now.phone, now.address.suite, now.organization) == ("CIO", "111", "5", "Contoso Ltd")


def test_a_website_is_sent_where_it_is_named_and_seen_where_ion_shows_it() -> None:
    world = World()
    assert run(world, website="https://contoso.example").status == "ready"
    (made,) = world.customers.values()
    assert made.website == "https://contoso.example"
    ours = {"ion_customer_id": made.id}
    assert run(world, ours, website="HTTPS://Contoso.example").facts.fields["website"].state == "match"
    assert run(world, ours, website="https://contoso.test").status == "ready"
    assert world.customers[made.id].website == "https://contoso.test"
    assert "website" not in run(world, ours).facts.fields


def test_an_ion_that_shows_no_website_is_not_written_to_for_it() -> None:
    world = with_customer(website=None)  # what the client reads of an answer without the member
    found = run(world, OURS, website="https://contoso.example")
    assert (found.status, found.facts.fields["website"].state, world.writes) == ("ready", "not_visible", [])


def test_a_changed_form_is_no_difference() -> None:
    world = with_customer(phone="(425) 555-0101", email="IT@Contoso.example", address={"zip": "98052-1234"})
    assert run(world, OURS, phone="+14255550101").status == "ready"
    assert world.writes == []


@pytest.mark.parametrize(
    ("code", "told"), [("CUS-CR-001", "another ION customer uses"), ("CUS-CR-002", "language code")]
)
def test_refusals_are_told_in_our_words(code: str, told: str) -> None:
    world = World(fail={"create_customer": (OurBug(problem("create", code, 412)), False)})
    outcome = run(world)
    assert outcome.status == "blocked"
    assert told in outcome.reason
    assert outcome.final


HONG_KONG = {"street": "1 Queen's Road Central", "city": "Central", "country": "HK"}


def test_a_country_without_states_and_postal_codes_gets_empty_texts() -> None:
    world = World()
    assert run(world, address=HONG_KONG, phone="2345 6789").status == "ready"
    (made,) = world.customers.values()
    assert (made.address.state, made.address.zip, made.phone) == ("", "", "+85223456789")


@pytest.mark.parametrize("part", ["state", "zip"])
def test_ion_that_wants_a_part_all_the_same_names_the_way_out(part: str) -> None:
    wanted = replace(problem("create", "INVALID_REQUEST"), message=f"must have required property '{part}'")
    outcome = run(World(fail={"create_customer": (OurBug(wanted), False)}), address=HONG_KONG)
    assert outcome.status == "blocked"
    assert outcome.reason.startswith(f"ION wants a {part}, although HK has none")
    assert outcome.next_step is not None
    assert f"profile.address.{part}" in as_told(outcome.next_step)["action"]


@pytest.mark.parametrize(
    ("held", "declared"),
    [
        ({"phone": "020 7946 0000"}, {"phone": "+44 (0)20 7946 0000"}),
        ({"phone": "442079460000"}, {"phone": "+44 (0)20 7946 0000 ext. 9"}),
        ({"address": {"country": "United Kingdom"}}, {}),
        ({"address": {"country": "England"}}, {}),
        ({"address": {"zip": "ec1y8sy"}}, {}),
    ],
)
def test_one_value_in_another_spelling_is_no_difference(held: dict[str, Any], declared: dict[str, Any]) -> None:
    place = {"street": "1 High Street", "city": "London", "zip": "EC1Y 8SY", "country": "GB"}
    world = with_customer(**held | {"address": place | {"state": ""} | held.get("address", {})})
    assert run(world, OURS, address=place, **declared).status == "ready"
    assert world.writes == []


def test_a_lost_answer_without_effect_is_tried_by_the_next_run() -> None:
    world = World(fail={"create_customer": (UnknownOutcome(problem("create")), False)})
    outcome = run(world)
    assert (outcome.waiting_on, outcome.again) == (NEXT_RUN, True)
    assert run(world).status == "ready"
    assert len(world.customers) == 1
