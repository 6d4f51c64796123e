"""What a run will read is asked for ahead: each question once, as many at a time as the connection allows."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import schemas
from clients.errors import NotFound, Problem, RetryLater
from onboarding.look import ahead
from onboarding.look.snapshot import EstateLook

ASKED = {"live": [(ahead.AGREEMENTS, f"t{n}") for n in range(12)] + [(ahead.ROW, "c1"), (ahead.DIRECT, "t99")]}


class Systems:
    """ION and Partner Center that know how many calls they had at once, and answer from the moment when they had
    `several`, or when `answering` is set."""

    def __init__(self, refuse: Callable[[str], Exception | None] = lambda _whom: None, several: int = 1) -> None:
        self.answering = threading.Event()
        self.asked: list[str] = []
        self.most = self._now = 0
        self._lock = threading.Lock()
        self._refuse = refuse
        self._several = several

    def _answer(self, whom: str) -> list[Any]:
        with self._lock:
            self.asked.append(whom)
            self._now += 1
            self.most = max(self.most, self._now)
        if self.most >= self._several:
            self.answering.set()
        assert self.answering.wait(10)
        with self._lock:
            self._now -= 1
        if why := self._refuse(whom):
            raise why
        return []

    agreements = cloud_profiles = directly_signed = _answer

    def look(self, concurrency: int) -> EstateLook:
        limits = SimpleNamespace(concurrency=concurrency)
        session: Any = SimpleNamespace(
            ion=self, partner_center=self, association=None, connection=SimpleNamespace(limits=limits)
        )
        return EstateLook(session)


def quiet() -> None:
    """Wait until no thread asks ahead any more."""
    for thread in threading.enumerate():
        if thread.name == "ahead":
            thread.join(10)
            assert not thread.is_alive()


def test_every_question_is_asked_once_and_many_at_a_time(tmp_path: Path) -> None:
    systems = Systems(several=3)
    look = systems.look(6)
    ahead.write(tmp_path, "live", ASKED)
    ahead.begin(look, tmp_path, "live", "live")
    for _what, whom in ASKED["live"][:12]:
        assert look.agreements(whom) == []
    quiet()
    assert sorted(systems.asked) == sorted(whom for _, whom in ASKED["live"])
    assert 2 < systems.most <= 7  # the reader is one more


@pytest.mark.parametrize(("why", "left"), [("gone", 0), ("down", 1)])
def test_a_refusal_that_others_may_get_ends_it(tmp_path: Path, why: str, left: int) -> None:
    problem = Problem("Partner Center", "agreements", 503, "", why)
    error = NotFound(problem) if why == "gone" else RetryLater(problem)
    systems = Systems(lambda whom: error if whom == "t0" else None)
    look = systems.look(1)
    ahead.write(tmp_path, "live", ASKED)
    ahead.begin(look, tmp_path, "live", "live")
    quiet()
    assert len(systems.asked) == (1 if left else len(ASKED["live"]))
    with pytest.raises(type(error)):
        look.agreements("t0")
    assert systems.asked.count("t0") == 1


def test_a_write_ends_it(tmp_path: Path) -> None:
    systems = Systems(several=2)  # which never come: the answer comes after the write
    look = systems.look(1)
    ahead.write(tmp_path, "live", ASKED)
    ahead.begin(look, tmp_path, "live", "live")
    look.forget()
    systems.answering.set()
    quiet()
    assert len(systems.asked) <= 1


@pytest.mark.parametrize("content", ["", "[]", '{"live": 3}', '{"live": [["row"]]}', '{"other": []}'])
def test_a_file_that_cannot_be_read_is_none(tmp_path: Path, content: str) -> None:
    ahead.write(tmp_path, "live", ASKED)
    (tmp_path / "runs" / "live.ahead.json").write_text(content, "utf-8")
    systems = Systems()
    ahead.begin(systems.look(4), tmp_path, "live", "live")
    quiet()
    assert not systems.asked


def test_what_is_asked_follows_from_the_state() -> None:
    def customer(key: str, lifecycle: str = "active") -> Any:
        return SimpleNamespace(key=key, lifecycle=lifecycle, connection="live")

    customers = (customer("new"), customer("row"), customer("signed"), customer("direct"), customer("left", "left"))
    estate: Any = SimpleNamespace(customers=customers)
    row = {"ProviderAssociation": {"ion_customer_id": "c1"}, "Attestation": {"tenant_id": ""}}
    signed = {"Attestation": {"tenant_id": "t1", "memory": {"kind": "attested"}}}
    direct = {"Attestation": {"tenant_id": "t2", "memory": {"kind": "direct"}}}
    states = {"row": row, "signed": signed, "direct": direct, "left": row}
    assert ahead.questions(states, estate) == {"live": [("row", "c1"), ("agreements", "t1"), ("direct", "t2")]}
    assert schemas.Customer.model_fields["lifecycle"].default == "active"
