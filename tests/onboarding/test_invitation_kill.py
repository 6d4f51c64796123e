"""A run that is killed between the send of an invitation and its save: one mail, and an honest word about it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from drills.harness import Pipeline
from drills.remote import Killed
from equipment.told import as_told

KEY = "maplegrove"
IDENTITY = (KEY, "TenantIdentity")


@pytest.fixture
def pipeline() -> Iterator[Pipeline]:
    """The provider estate's invited customer alone."""
    one = Pipeline.example("provider")
    one.declared = {KEY: one.declared[KEY]}
    yield one
    one.remove()


def kill_at(pipeline: Pipeline, moment: str, name: str) -> None:
    def hook(now: str, call: str) -> None:
        if (now, call) == (moment, name):
            raise Killed

    pipeline.hook = hook
    with pytest.raises(Killed):
        pipeline.up()
    pipeline.hook = lambda _moment, _name: None


def invited(pipeline: Pipeline) -> str:
    state: str = pipeline.state[IDENTITY].outputs["memory"]["invitation"]["state"]
    return state.split(" ")[0]


@pytest.mark.parametrize(("moment", "mails"), [("before", 0), ("after", 1)])
def test_a_kill_around_the_send(pipeline: Pipeline, moment: str, mails: int) -> None:
    kill_at(pipeline, moment, "mail")
    assert len(pipeline.remote.world.store.mails) == mails
    pipeline.up()
    pipeline.up()
    assert len(pipeline.remote.world.store.mails) == mails, "nobody knows, so nobody sends it again"
    outputs = pipeline.state[IDENTITY].outputs
    assert invited(pipeline) == "maybe"
    assert outputs["reason"].startswith("the invitation to admin@maplegrove.example may have been sent on")
    assert (outputs["waiting_on"], outputs["next_step"]["owner"]) == ("us", "us")
    assert as_told(outputs["next_step"])["action"].startswith(
        "Ask admin@maplegrove.example whether the mail of 2026-11-22 arrived"
    )
    assert pipeline.preview() == pipeline.preview(refresh=False) == []

    pipeline.remote.sleep(60)
    pipeline.environment["CSP_RENEW_INVITATION"] = KEY
    pipeline.up()
    del pipeline.environment["CSP_RENEW_INVITATION"]
    assert (len(pipeline.remote.world.store.mails), invited(pipeline)) == (mails + 1, "sent")
    pipeline.settle()
    assert invited(pipeline) == "accepted"
    assert pipeline.state[IDENTITY].outputs["status"] == "ready"
    assert pipeline.remote.twice() == []


def test_a_kill_of_a_renewal_sends_it_once(pipeline: Pipeline) -> None:
    pipeline.up()
    pipeline.remote.sleep(3600)
    pipeline.environment["CSP_RENEW_INVITATION"] = KEY
    kill_at(pipeline, "after", "mail")
    pipeline.up()
    assert len(pipeline.remote.world.store.mails) == 2, "the order was carried out before the kill"
    assert invited(pipeline) == "maybe"


def test_weeks_of_waiting_ask_for_nothing_but_reads(pipeline: Pipeline) -> None:
    pipeline.up()
    writes = pipeline.remote.writes()
    for _ in range(4):
        pipeline.remote.sleep(7 * 86400)
        assert pipeline.up() == [] or invited(pipeline) == "expired"
        assert pipeline.preview(refresh=False) == []
    assert pipeline.remote.writes() == writes
    pipeline.remote.sleep(3 * 86400)
    assert pipeline.up() == [f"{KEY} TenantIdentity: update"], "the expiry shows once"
    assert invited(pipeline) == "expired"
    assert pipeline.up() == []
    pipeline.settle()
    assert invited(pipeline) == "accepted", "a late acceptance is as good"
