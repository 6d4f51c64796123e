"""One-time credentials: encrypted at birth, delivered once, never readable on the way."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyrage
import pytest

from clients.errors import NotFound, OurBug, PersonMustAct
from clients.handover import HandoverStore, make_local_recipient, newest
from clients.partner_center.models import OneTimeCredentials
from clients.wire.clock import SystemClock
from schemas.write.whole_file import draft_of

SECRET = OneTimeCredentials("admin@contoso.onmicrosoft.com", "=;;n.=s9Z-canary")
LOCAL = ("file:$CSP_HOME/handover/recipient.txt",)


def keep(home: Path, recipients: tuple[str, ...] = LOCAL, scope: str = "us") -> HandoverStore:
    return HandoverStore(home, recipients, clock=SystemClock(), scope=scope)


def values(home: Path) -> list[str]:
    """The references under which an encrypted value is on disk, whatever the file."""
    files = [path for path in (home / "handover").iterdir() if b"BEGIN AGE ENCRYPTED FILE" in path.read_bytes()]
    return [json.loads(path.read_text("utf-8"))["reference"] for path in files]


def test_from_birth_to_delivery(tmp_path: Path) -> None:
    assert make_local_recipient(tmp_path) == make_local_recipient(tmp_path)
    assert (tmp_path / "handover" / "identity.txt").stat().st_mode & 0o077 == 0
    store = keep(tmp_path)
    store.check()
    reference = store.put("Contoso", SECRET)
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or b"canary" not in path.read_bytes()
    entry = store.list()[0]
    assert (entry.customer, entry.user_name, entry.delivered) == ("Contoso", SECRET.user_name, "")
    assert keep(tmp_path, scope="ca").list() == []
    assert store.deliver(reference, to="Anna", by="Ben") == SECRET
    done = store.list("Contoso")[0]
    assert (done.delivered_to, done.delivered_by, bool(done.delivered)) == ("Anna", "Ben", True)
    with pytest.raises(OurBug, match=r"delivered to Anna on 20.*Z by Ben"):
        store.deliver(reference, to="Eve", by="Eve")
    assert values(tmp_path) == []


def test_only_a_recipients_key_opens_it(tmp_path: Path) -> None:
    mine, other = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    store = keep(tmp_path, (str(mine.to_public()),))
    reference = store.put("contoso", SECRET)
    wrong, right = tmp_path / "wrong.txt", tmp_path / "right.txt"
    wrong.write_text(f"# created today\n{other}\n", "utf-8")
    right.write_text(f"{mine}\n", "utf-8")
    with pytest.raises(PersonMustAct, match="does not open"):
        store.deliver(reference, to="Eve", by="Eve", identity_file=wrong)
    with pytest.raises(PersonMustAct, match="cannot read"):
        store.deliver(reference, to="Eve", by="Eve")
    assert store.deliver(reference, to="Anna", by="Ben", identity_file=right) == SECRET


@pytest.mark.parametrize(
    "recipients",
    [(), ("nonsense",), ("file:/nowhere/key.txt",), ("AGE-SECRET-KEY-1CANARY",), ("ssh-ed25519 broken",)],
)
def test_no_recipient_no_credential(tmp_path: Path, recipients: tuple[str, ...]) -> None:
    store = keep(tmp_path, recipients)
    for act in (store.check, lambda: store.put("contoso", SECRET)):
        with pytest.raises(PersonMustAct) as caught:
            act()
        assert "CANARY" not in str(caught.value)
    assert store.list() == []


def test_what_an_operator_keeps_elsewhere_is_recorded_only(tmp_path: Path) -> None:
    store = keep(tmp_path)
    reference = store.record("contoso", SECRET.user_name, "vault item 17", "Ben")
    assert store.list()[0].elsewhere == "vault item 17"
    with pytest.raises(OurBug, match="vault item 17"):
        store.deliver(reference, to="Anna", by="Ben")
    with pytest.raises(NotFound):
        store.deliver("unknown", to="Anna", by="Ben")


class Killed(BaseException):
    """The process is gone."""


def test_a_kill_while_the_value_is_shown_is_not_taken_for_a_delivery_nor_for_none(tmp_path: Path) -> None:
    make_local_recipient(tmp_path)
    store = keep(tmp_path)
    reference = store.put("contoso", SECRET)
    with pytest.raises(Killed), store.delivery(reference, to="Anna", by="Ben"):
        raise Killed
    assert store.list()[0].state == "interrupted"
    with pytest.raises(OurBug, match=r"to Anna on .* by Ben began .* may have been seen"):
        store.deliver(reference, to="Anna", by="Ben")
    with store.delivery(reference, to="Anna", by="Cleo", nothing_arrived=True) as credentials:
        assert credentials == SECRET
    assert (store.list()[0].state, store.list()[0].delivered_by) == ("delivered", "Cleo")
    with pytest.raises(OurBug, match="nobody gets it twice"), store.delivery(reference, to="A", by="B"):
        raise AssertionError
    with (
        pytest.raises(OurBug, match="nobody gets it twice"),
        store.delivery(reference, to="A", by="B", nothing_arrived=True),
    ):
        raise AssertionError


def test_a_key_that_does_not_open_it_begins_no_delivery(tmp_path: Path) -> None:
    make_local_recipient(tmp_path)
    store = keep(tmp_path)
    reference = store.put("contoso", SECRET)
    with pytest.raises(PersonMustAct):
        store.deliver(reference, to="Anna", by="Ben", identity_file=tmp_path / "absent.txt")
    assert store.list()[0].state == "waiting"
    with pytest.raises(OurBug, match="no delivery"):
        store.arrived(reference, by="Ben")


def test_an_interrupted_delivery_that_did_arrive_is_closed_without_showing_the_value(tmp_path: Path) -> None:
    make_local_recipient(tmp_path)
    store = keep(tmp_path)
    reference = store.put("contoso", SECRET)
    with pytest.raises(Killed), store.delivery(reference, to="Anna", by="Ben"):
        raise Killed
    store.arrived(reference, by="Cleo")
    assert (store.list()[0].state, store.list()[0].delivered_to) == ("delivered", "Anna")
    assert values(tmp_path) == []


def test_twenty_deliveries_at_once_give_the_value_once(tmp_path: Path) -> None:
    make_local_recipient(tmp_path)
    store = keep(tmp_path)
    reference = store.put("contoso", SECRET)

    def one(number: int) -> int:
        try:
            return keep(tmp_path).deliver(reference, to=f"person {number}", by="Ben") == SECRET
        except OurBug:
            return 0

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(one, range(20))) == 1


def test_lost_is_closed_by_the_next_value_and_not_by_silence(tmp_path: Path) -> None:
    make_local_recipient(tmp_path)
    store = keep(tmp_path)
    first = store.lose("contoso", "admin@contoso.onmicrosoft.com", by="Ben", why="the screen was closed")
    last = newest(store.list("contoso"))
    assert last is not None
    assert last.state == "lost"
    second = store.put("contoso", SECRET, by="Ben")
    assert {e.reference: e.state for e in store.list()} == {first: "replaced", second: "waiting"}
    with pytest.raises(OurBug, match="was not delivered yet"):
        store.put("contoso", SECRET, by="Ben")
    third = store.put("contoso", SECRET, by="Ben", again=True)
    assert values(tmp_path) == [third]
    assert store.lose("contoso", "", by="Ben", why="sent to the wrong person") == third
    with pytest.raises(OurBug, match="sent to the wrong person"):
        store.deliver(third, to="Anna", by="Ben")
    assert values(tmp_path) == []


def test_a_reset_closes_what_was_lost_after_its_delivery(tmp_path: Path) -> None:
    make_local_recipient(tmp_path)
    store = keep(tmp_path)
    store.deliver(store.put("contoso", SECRET), to="Anna", by="Ben")
    store.lose("contoso", "", by="Ben", why="the wrong Anna")
    store.put("contoso", SECRET, by="Ben")
    assert [entry.state for entry in store.list()] == ["replaced", "waiting"]


def test_an_entry_whose_writer_was_killed_before_the_last_step_counts(tmp_path: Path) -> None:
    make_local_recipient(tmp_path)
    store = keep(tmp_path)
    reference = store.put("contoso", SECRET)
    place = tmp_path / "handover" / f"{reference}.json"
    draft = draft_of(place)
    whole = place.read_bytes()
    place.unlink()
    draft.write_bytes(whole[: len(whole) // 2])
    assert store.list() == [], "half of it opens nothing"
    draft.write_bytes(whole)
    assert [entry.state for entry in store.list("contoso")] == ["waiting"]
    assert store.deliver(reference, to="Anna", by="Ben") == SECRET
    draft.write_bytes(whole)  # as a killed change of it leaves one
    assert [entry.state for entry in store.list()] == ["delivered"]


def test_a_reader_that_takes_over_a_draft_does_not_disturb_its_writer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_local_recipient(tmp_path)
    rename = Path.replace

    def slow(draft: Path, place: Path) -> Path:
        if draft.name.endswith(".json.new"):
            assert len(keep(tmp_path).list()) == 1, "another process looks in between"
        return rename(draft, place)

    monkeypatch.setattr(Path, "replace", slow)
    store = keep(tmp_path)
    assert store.deliver(store.put("contoso", SECRET), to="Anna", by="Ben") == SECRET
