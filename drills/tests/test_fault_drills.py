"""Slices of the fault drills for every run of the suite; `make faults` plays all of it."""

from __future__ import annotations

import random
import threading
from pathlib import Path

from drills.faults import long_lists, onboarding
from drills.races import tokens


def test_a_slice_of_faults_at_onboarding() -> None:
    wrong: list[str] = []
    _, played, failed = onboarding.run(every=31, first=7, report=wrong.append)
    assert not wrong
    assert (played > 8, failed) == (True, 0)


def test_lists_of_some_pages_survive_what_happens_in_the_middle() -> None:
    wrong: list[str] = []
    assert long_lists.run(1600, wrong.append) == (2 * len(long_lists.EVENTS), 0)
    assert not wrong


def test_a_few_races(tmp_path: Path) -> None:
    server = tokens.TokenServer(random.Random(7))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    chance = random.Random(8)
    for number in range(4):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert tokens.race(server, folder, chance, kill_renewer=number == 3) == ""
    server.shutdown()
    server.server_close()
    thread.join(5)
