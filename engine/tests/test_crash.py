"""Whatever ends a run, the file on disk knows every operation that was begun and all that anybody was told of."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from dynamic_engine.state.checkpoint import Pending, Snapshot
from dynamic_engine.state.journal import Journal
from dynamic_engine.state.resource import State
from workbench import Workbench

THINGS = 60
PROGRAM = f"""
import os
from pathlib import Path
def note(made):
    with (Path(os.environ["THINGS_REMOTE"]) / "told.log").open("a") as file:
        file.write(made + "\\n")
for n in range({THINGS}):
    Thing(f"n{{n}}", {{"color": "red"}}).id.apply(note)
"""


class Disk:
    """Every file that was ever on the disk. A crash leaves the last one."""

    def __init__(self, seconds: float) -> None:
        self.files: list[tuple[set[str], set[str]]] = [(set(), set())]  # names of resources, names under way
        self._seconds = seconds

    @staticmethod
    def text(states: Sequence[State], pending: Sequence[Pending]) -> list[bytes]:
        return [json.dumps([[one.name for one in states], [one.state.name for one in pending]]).encode()]

    def store(self, text: Sequence[bytes]) -> None:
        time.sleep(self._seconds)
        resources, under_way = json.loads(text[0])
        self.files.append((set(resources), set(under_way)))


def state(name: str) -> State:
    return State(urn=f"urn:pulumi:dev::p::t:t:T::{name}", custom=True, type="t:t:T", id=name)


@pytest.mark.parametrize("seconds", [0.0, 0.002])
def test_a_write_holds_all_that_was_recorded_before_it(seconds: float) -> None:
    disk, dice, lost = Disk(seconds), random.Random(7), []
    journal = Journal(Snapshot(), disk.text, disk.store)
    slots = threading.Semaphore(6)
    pauses = [dice.random() / 500 for _ in range(120)]

    def work(number: int) -> None:
        name = f"n{number}"
        with slots:
            pending = journal.begin("creating", state(name))
            if name not in disk.files[-1][1]:
                lost.append(f"{name}: begun, and not on disk")
            time.sleep(pauses[number])
            write = journal.finish(pending, new=state(name))
        write.wait()
        if name not in disk.files[-1][0]:
            lost.append(f"{name}: told, and not on disk")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(pauses))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.close()
    assert lost == []
    for (made, under_way), (made_later, under_way_later) in zip(disk.files, disk.files[1:], strict=False):
        assert made <= made_later, "what a file had, the next one has"
        assert under_way <= under_way_later | made_later
    assert all(len(under_way) <= 6 for _, under_way in disk.files), "only what has a slot is under way"
    if seconds:
        assert len(disk.files) < 1.5 * len(pauses), "ends and beginnings share their writes"


def test_a_deleted_one_is_under_way_until_it_is_gone() -> None:
    disk = Disk(0.0)
    rows = [state("a"), state("b")]
    journal = Journal(Snapshot(rows), disk.text, disk.store)
    pending = journal.begin("deleting", rows[0])
    assert disk.files[-1] == ({"a", "b"}, {"a"})
    journal.finish(pending, done=rows[0]).wait()
    journal.close()
    assert disk.files[-1] == ({"b"}, set())


def test_the_thread_that_writes_ends_with_the_run() -> None:
    def writers() -> list[threading.Thread]:
        return [one for one in threading.enumerate() if one.name == "state-writer"]

    before, disk = writers(), Disk(0.0)
    journal = Journal(Snapshot(), disk.text, disk.store)
    journal.flush()
    assert writers() != before
    journal.close()
    assert writers() == before
    # A call that was under way when the run was given up is recorded still.
    journal.finish(None, new=state("late")).wait()
    assert disk.files[-1] == ({"late"}, set())
    journal.close()
    assert writers() == before


def test_killed_at_any_moment(tmp_path: Path) -> None:
    """The engine and its plugin die in the middle of an update and of a destroy, again and again."""
    bench = Workbench(tmp_path)
    bench.case(PROGRAM)
    dice = random.Random(12)
    made: set[str] = set()
    for _ in range(3):
        begun = _kill(bench, "up", "create", dice.randint(3, 17))
        under_way, made = _on_disk(bench)
        told = (bench.remote / "told.log").read_text("utf-8").split() if (bench.remote / "told.log").exists() else []
        assert {name.removeprefix("id-") for name in told} <= made, "the program was told of it"
        assert begun <= made | under_way, "it was begun"
        assert {path.stem.removeprefix("id-") for path in bench.remote.glob("id-*.json")} <= made | under_way
    bench.must("up", "--yes", "--skip-preview")
    bench.must("refresh", "--yes", "--skip-preview", "--clear-pending-creates")
    assert len(_on_disk(bench)[1]) == THINGS
    begun = _kill(bench, "destroy", "delete", dice.randint(5, 40))
    under_way, left = _on_disk(bench)
    assert {f"n{n}" for n in range(THINGS)} - begun <= left, "nobody deleted it"
    assert {path.stem.removeprefix("id-") for path in bench.remote.glob("id-*.json")} <= left
    bench.must("destroy", "--yes", "--skip-preview")
    assert _on_disk(bench) == (set(), set())
    assert bench.things() == {}


def _kill(bench: Workbench, verb: str, call: str, after: int) -> set[str]:
    """Run *verb* and kill everything after *after* provider calls; the names that a call was begun for."""
    bench.calls()
    seen: list[dict[str, Any]] = []
    process = bench.start(verb, "--yes", "--skip-preview")
    until = time.monotonic() + 60
    while sum(one["call"] == call for one in seen) < after:
        assert time.monotonic() < until
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)
        seen += bench.calls()
    plugins = {json.loads(line)["pid"] for line in (bench.remote / "calls.log").read_text("utf-8").splitlines()[-3:]}
    bench.kill(process)
    for pid in plugins:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    bench.must("cancel", "--yes")
    seen += bench.calls()
    names = [one.get("props", {}).get("name") or one.get("id", "") for one in seen if one["call"] == call]
    return {name.removeprefix("id-") for name in names}


def _on_disk(bench: Workbench) -> tuple[set[str], set[str]]:
    """Names of things under way and of those that are there."""
    state = bench.export()
    pending = [item["resource"]["urn"] for item in state.get("pending_operations", [])]
    there = [row["urn"] for row in state.get("resources", []) if row["type"].endswith(":Thing")]
    return {urn.rpartition("::")[2] for urn in pending}, {urn.rpartition("::")[2] for urn in there}
