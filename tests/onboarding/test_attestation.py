"""The agreement's whole way since 2026, played against the sandbox on virtual time: asked, accepted, put on record, and
everything that can come between. What is left behind as evidence is looked at beside it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from csp_sandbox.people import customers

from drills.harness import Pipeline
from equipment.told import as_told
from onboarding.core.catalogue import RESOURCES
from onboarding.readiness import evidence
from onboarding.readiness.states import ResourceState
from onboarding.readiness.verdicts import readiness
from schemas.model.connection import ATTESTATION_FIELDS

KEY, TENANT = "adventure", "adventureworks.onmicrosoft.com"
DAY, HOUR, MINUTE = 86400.0, 3600.0, 60.0


@pytest.fixture
def asked() -> Iterator[Pipeline]:
    """An existing tenant without agreement, after the first run."""
    pipeline = Pipeline.example("provider")
    pipeline.declared = {KEY: pipeline.declared[KEY]}
    pipeline.up()
    yield pipeline
    pipeline.remove()


@pytest.fixture
def settled(asked: Pipeline) -> Pipeline:
    """The same with the agreement on record, out of the time in which it need not be listed."""
    sign(asked)
    asked.up()
    asked.remote.sleep(5 * HOUR)
    return asked


def agreement(pipeline: Pipeline, key: str = KEY) -> dict[str, Any]:
    return pipeline.state[key, "Attestation"].outputs


def facts(pipeline: Pipeline, key: str = KEY) -> dict[str, str]:
    """The evidence record, fact by fact."""
    declared = pipeline.declared[key]
    states = {
        kind: ResourceState(kind, key, kept.outputs) for (one, kind), kept in pipeline.state.items() if one == key
    }
    found = evidence.record(declared, states, pipeline.connections[declared.connection])
    return {"agreement": found["agreement"]} | {one["fact"]: one["value"] for one in found["facts"]}


def requests(pipeline: Pipeline) -> list[Any]:
    return list(pipeline.remote.world.store.attestations)


def mails(pipeline: Pipeline) -> int:
    """Mails with the page of the agreement."""
    return sum("Customer Agreement" in mail.subject for mail in pipeline.remote.world.store.mails)


def sign(pipeline: Pipeline) -> None:
    """The signatory reads the mail and accepts."""
    pipeline.remote.act([])


def quiet(pipeline: Pipeline) -> None:
    """Neither a run nor an offline preview has anything to do."""
    writes = pipeline.remote.writes()
    assert pipeline.preview() == []
    assert pipeline.preview(refresh=False) == []
    pipeline.up()
    assert pipeline.remote.writes() == writes


def test_asked_accepted_put_on_record(asked: Pipeline) -> None:
    step = as_told(agreement(asked)["next_step"])
    assert (agreement(asked)["waiting_on"], step["owner"]) == ("customer", "customer")
    assert "The page works until 2026-11-29." in step["action"]
    assert step["link"] == f"https://cdn.partner.microsoft.com/mca/?attestationid={requests(asked)[0].id}"
    assert facts(asked)["agreement"] == "not accepted"
    assert facts(asked)["language"] == "en-US", "the country's, as nobody declared one"
    quiet(asked)
    sign(asked)
    asked.up()
    assert agreement(asked)["status"] == "ready"
    told = facts(asked)
    assert told["agreement"] == "accepted"
    assert told["how"] == f"enhanced attestation {requests(asked)[0].id}"
    assert (told["accepted by"], told["accepted on"]) == ("admin@adventure.example", "2026-11-22")
    assert told["asked"] == "2026-11-22"
    assert told["link mailed"] == "2026-11-22 to admin@adventure.example (sent)"
    assert "template replaced by" not in told
    assert (len(requests(asked)), mails(asked)) == (1, 1)
    quiet(asked)


def test_on_record_but_not_listed_yet(asked: Pipeline) -> None:
    asked.remote.world.choose({"pc.agreements.lag": "five-minutes"})
    sign(asked)
    asked.up()
    fact = agreement(asked)["facts"]["agreement"]
    assert (fact["state"], fact["where"]) == ("match", "Partner Center, its answer to our record")
    quiet(asked)
    asked.remote.sleep(10 * MINUTE)
    quiet(asked)
    assert agreement(asked)["facts"]["agreement"]["where"] == "Partner Center agreements"


def test_a_signatory_who_does_not_answer_is_asked_three_times_and_then_we_act(
    asked: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    for times, until in ((2, "2026-12-06"), (3, "2026-12-13")):
        asked.remote.sleep(7 * DAY)
        asked.up()
        assert (len(requests(asked)), mails(asked)) == (times, times)
        assert f"until {until}" in as_told(agreement(asked)["next_step"])["action"]
        quiet(asked)
    asked.remote.sleep(7 * DAY)
    asked.up()
    assert (agreement(asked)["status"], agreement(asked)["waiting_on"]) == ("blocked", "us")
    assert "asked 3 times" in agreement(asked)["reason"]
    assert "`csp retry adventure`" in as_told(agreement(asked)["next_step"])["action"]
    assert (len(requests(asked)), mails(asked)) == (3, 3)
    asked.remote.sleep(30 * DAY)
    quiet(asked)
    monkeypatch.setenv("CSP_RETRY", KEY)
    asked.up()
    monkeypatch.delenv("CSP_RETRY")
    assert (len(requests(asked)), mails(asked)) == (4, 4)
    assert agreement(asked)["waiting_on"] == "customer"
    asked.remote.sleep(7 * DAY)
    asked.up()
    assert len(requests(asked)) == 5, "a person's order begins a new round"
    sign(asked)
    asked.up()
    assert agreement(asked)["status"] == "ready"


def test_a_link_that_ended_early_waits_for_the_follow_up_day(asked: Pipeline) -> None:
    """Microsoft's own life of a link is unknown: its word counts, and the next follow-up day (3)."""
    asked.remote.world.choose({"pc.attestations.words": "link", "pc.attestations.expiry": "1"})
    asked.declare(KEY, {"attestation.signatory.email": "boss@adventure.example"})
    asked.up()
    assert (len(requests(asked)), mails(asked)) == (2, 2)
    asked.remote.sleep(1 * DAY)
    asked.up()
    assert (agreement(asked)["status"], agreement(asked)["waiting_on"]) == ("waiting", "us")
    assert "ended on 2026-11-23 without an answer; asked again on 2026-11-25" in agreement(asked)["reason"]
    assert len(requests(asked)) == 2
    quiet(asked)
    asked.remote.sleep(2 * DAY)
    assert asked.preview() != []
    asked.up()
    assert (len(requests(asked)), mails(asked)) == (3, 3)


def test_the_life_of_the_link_is_sent_where_the_connection_names_the_field(asked: Pipeline) -> None:
    named = {"fields": {**ATTESTATION_FIELDS, "expiry": "linkExpiryInMinutes"}, "link_minutes": 2 * 24 * 60}
    asked.connections = {
        name: one.model_copy(update={"enhanced_attestation": one.enhanced_attestation.model_copy(update=named)})
        for name, one in asked.connections.items()
    }
    asked.declare(KEY, {"attestation.signatory.email": "boss@adventure.example"})
    asked.up()
    last = requests(asked)[-1]
    assert last.expires_at - last.created_at == timedelta(days=2)
    assert "until 2026-11-24" in as_told(agreement(asked)["next_step"])["action"]


@pytest.mark.parametrize("words", ["link", "signature"])
def test_words_that_mean_the_same_lead_to_the_same(asked: Pipeline, words: str) -> None:
    asked.remote.world.choose({"pc.attestations.words": words})
    quiet(asked)
    sign(asked)
    asked.up()
    assert agreement(asked)["status"] == "ready"
    quiet(asked)


def test_a_word_that_nobody_knows_stops_and_is_told(asked: Pipeline) -> None:
    asked.remote.world.choose({"pc.attestations.words": "unheard"})
    sign(asked)
    asked.up()
    assert agreement(asked)["status"] == "blocked"
    assert 'Microsoft says "In Review"' in agreement(asked)["reason"]
    assert len(requests(asked)) == 1
    quiet(asked)


def test_the_link_of_the_answer_wins(asked: Pipeline) -> None:
    asked.remote.world.choose({"pc.attestations.link": "answer"})
    asked.declare(KEY, {"attestation.signatory.email": "boss@adventure.example"})
    asked.up()
    assert "/console/microsoft/attestation/" in as_told(agreement(asked)["next_step"])["link"]


def test_a_refusal_stops_the_customer_until_a_person_asks_again(
    asked: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    customers.decline_attestation(asked.remote.world, requests(asked)[0])
    asked.up()
    assert (agreement(asked)["status"], agreement(asked)["waiting_on"]) == ("blocked", "us")
    assert "csp retry adventure" in as_told(agreement(asked)["next_step"])["action"]
    quiet(asked)
    monkeypatch.setenv("CSP_RETRY", KEY)
    asked.up()
    monkeypatch.delenv("CSP_RETRY")
    assert [one.status for one in requests(asked)] == ["declined", "created"]
    assert agreement(asked)["waiting_on"] == "customer"
    sign(asked)
    asked.up()
    assert agreement(asked)["status"] == "ready"
    quiet(asked)


def test_another_signatory_signs_anew_and_the_old_agreement_counts_meanwhile(settled: Pipeline) -> None:
    boss = {"first_name": "Bo", "last_name": "Ss", "email": "boss@adventure.example"}
    old = facts(settled)["how"]
    settled.declare(KEY, {"attestation.signatory": boss})
    settled.up()
    assert facts(settled)["how"] == old, "what is on record, not what was asked since"
    assert facts(settled)["attestation id"] not in old
    assert "signatory accepted" not in facts(settled)
    assert "signatory or the company changed" in agreement(settled)["reason"]
    states = {kind: ResourceState(kind, KEY, settled.state[KEY, kind].outputs) for kind in RESOURCES}
    verdict = readiness(settled.declared[KEY], states, settled.remote.now())
    assert verdict.can_order, "Microsoft takes orders on the agreement that is on record"
    assert verdict.next_step is not None
    quiet(settled)
    sign(settled)
    settled.up()
    assert agreement(settled)["status"] == "ready"
    assert facts(settled)["accepted by"] == "boss@adventure.example"
    assert facts(settled)["how"] == f"enhanced attestation {facts(settled)['attestation id']}"
    quiet(settled)


def test_a_template_that_microsoft_replaced_is_told_and_changes_nothing(settled: Pipeline) -> None:
    settled.refresh()
    assert agreement(settled)["reason"] == ""
    settled.remote.admin("POST", "changes", [{"do": "template", "template": "0b1e7d2a-0000-4000-8000-000000000002"}])
    settled.refresh()
    assert "which Microsoft has replaced by 0b1e7d2a" in agreement(settled)["reason"]
    assert facts(settled)["template replaced by"] == "0b1e7d2a-0000-4000-8000-000000000002"
    assert agreement(settled)["status"] == "ready"
    quiet(settled)
    settled.declare(KEY, {"attestation.signatory.email": "boss@adventure.example"})
    settled.up()
    sign(settled)
    settled.up()
    assert agreement(settled)["reason"] == "", "the new agreement is made with the new template"
    assert "template replaced by" not in facts(settled)


def test_those_who_may_only_read_say_what_they_cannot_see() -> None:
    pipeline = Pipeline.example("reseller")
    pipeline.declared = {key: pipeline.declared[key] for key in ("contoso", "tailspin", "wingtip")}
    pipeline.up()
    contoso, tailspin, wingtip = (facts(pipeline, key) for key in ("contoso", "tailspin", "wingtip"))
    pipeline.remove()
    assert contoso["agreement"] == "accepted"
    assert contoso["accepted by"] == "another person than declared", "other people's addresses are not ours to keep"
    assert contoso["accepted on"] == "2026-09-03"
    assert (tailspin["agreement"], tailspin["seen"]) == ("not accepted", "of 2022-06-14, too old")
    assert "accepted by" not in tailspin
    assert wingtip["agreement"] == "cannot be seen"


def test_the_evidence_of_an_agreement_that_came_before_its_tenant() -> None:
    estate = Pipeline.example("provider")
    try:
        estate.declared = {"alpine": estate.declared["alpine"]}
        estate.up()
        estate.settle(2)
        told = facts(estate, "alpine")
        assert told["agreement"] == "accepted"
        assert (told["asked"], told["language"]) == ("2026-11-22", "en-US")
        assert told["link mailed"] == "2026-11-22 to it@alpine.example (sent)"
    finally:
        estate.remove()


def test_the_evidence_of_an_indirect_reseller_names_its_own_route() -> None:
    estate = Pipeline.example("reseller")
    try:
        estate.up()
        assert facts(estate, "contoso")["route"] == "the form in ION, or the customer accepts it directly"
    finally:
        estate.remove()


def test_the_evidence_names_the_legal_entity_that_microsoft_was_asked_for(asked: Pipeline) -> None:
    asked.declare(KEY, {"attestation.legal_entity": "Adventure Works Holding"})
    asked.up()
    assert requests(asked)[-1].company == "Adventure Works Holding"
    assert facts(asked)["legal entity"] == "Adventure Works Holding"
    assert facts(asked)["asked for"] == "admin@adventure.example for Adventure Works Holding"
    declared = asked.declared[KEY]
    assert (declared.company, declared.legal_entity) == ("Adventure Works", "Adventure Works Holding")


def test_mail_and_step_say_what_a_missing_agreement_stops(asked: Pipeline) -> None:
    assert "no order, seat change, upgrade, term or billing change" in as_told(agreement(asked)["next_step"])["action"]
    (mail,) = [one for one in asked.remote.world.store.mails if "Customer Agreement" in one.subject]
    for stopped in ("no order", "change of seats", "upgrade", "term", "billing"):
        assert stopped in mail.text
