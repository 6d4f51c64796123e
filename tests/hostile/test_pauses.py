"""A server that asks to wait, and a disk that takes no note of it: nobody is called early, nobody stops for ever."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from clients.errors import RetryLater
from clients.wire.pace import LONGEST_PAUSE, Pauses
from clients.wire.transport import Call
from equipment.virtual import VirtualClock, transport


@pytest.mark.parametrize(
    ("told", "kept"),
    [("30", 30), ("3700", 3700), ("7200", 7200), ("86400", 86400), ("86401", 86400), ("9" * 400, 86400)],
)
def test_a_long_wait_holds_for_the_next_run_too(told: str, kept: int, tmp_path: Path) -> None:
    """More than an hour was written down and not read again."""
    sent: list[float] = []
    clock = VirtualClock()

    def answer(_request: httpx.Request) -> httpx.Response:
        sent.append(clock.monotonic())
        return httpx.Response(429 if len(sent) == 1 else 200, headers={"Retry-After": told}, json={})

    call = Call("customers.list", "GET", "https://ion.example/customers")
    began = clock.monotonic()
    for _ in range(2):  # two runs: each with a transport of its own
        if len(sent) < 2:
            try:
                transport(answer, clock=clock, folder=tmp_path).send(call)
            except RetryLater:
                assert len(sent) == 1
    assert all(moment - began >= kept for moment in sent[1:])
    clock.sleep(max(0.0, began + kept + 2 - clock.monotonic()))
    assert transport(answer, clock=clock, folder=tmp_path).send(call).ok


def folder_in_its_place(path: Path) -> None:
    path.mkdir()


def words(path: Path) -> None:
    path.write_text("soon", "utf-8")


def no_text(path: Path) -> None:
    path.write_bytes(b"\xff\xfe")


def for_ever(path: Path) -> None:
    path.write_text("inf", "utf-8")


def loop(path: Path) -> None:
    path.symlink_to(path.name)


@pytest.mark.parametrize("spoil", [folder_in_its_place, words, no_text, for_ever, loop])
def test_a_spoiled_note_stops_nobody(spoil: Callable[[Path], None], tmp_path: Path) -> None:
    spoil(tmp_path / "ion.pause")
    assert Pauses(tmp_path, VirtualClock()).remaining("ion") == 0.0


def test_without_a_disk_this_process_waits_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "ion.pause").mkdir()
    pauses = Pauses(tmp_path, VirtualClock())
    pauses.hold("ion", 7200)
    assert 7200 <= pauses.remaining("ion") <= LONGEST_PAUSE
    assert [path.name for path in tmp_path.iterdir()] == ["ion.pause"], "no draft is left"


def test_a_clock_that_was_set_back_stops_nobody_for_days(tmp_path: Path) -> None:
    clock = VirtualClock()
    (tmp_path / "ion.pause").write_text(str(clock.now().timestamp() + 40 * 86400), "utf-8")
    assert Pauses(tmp_path, clock).remaining("ion") == 0.0
