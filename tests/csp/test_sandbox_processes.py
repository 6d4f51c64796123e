"""Sandboxes in the background: found by their file, started once, stopped by pid, a dead one forgotten."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from csp import first_run, sandbox
from csp.errors import CommandError
from csp.project import Project


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    for profile in sandbox.PROFILES:
        sandbox.stop(tmp_path, profile)


def dead_pid() -> int:
    """The pid of a process that has just ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_started_once_found_again_and_stopped(home: Path) -> None:
    first = sandbox.start(home, "empty")
    assert sandbox.start(home, "empty").pid == first.pid
    assert sandbox.stop(home, "empty")
    assert sandbox.find(home, "empty") is None
    assert not sandbox.stop(home, "empty")


def test_the_port_of_the_last_run_is_taken_again_unless_it_is_busy(home: Path) -> None:
    address = sandbox.start(home, "empty").ready["admin"]
    sandbox.stop(home, "empty")
    assert sandbox.start(home, "empty").ready["admin"] == address
    sandbox.stop(home, "empty")
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", int(address.split(":")[2].split("/")[0])))
        busy.listen()
        assert sandbox.start(home, "empty").ready["admin"] != address


@pytest.mark.parametrize("content", ["", "{}", "not json", '{"pid": 0}'])
def test_a_file_that_tells_nothing_is_removed(home: Path, content: str) -> None:
    file = sandbox.ready_file(home, "empty")
    file.parent.mkdir(parents=True)
    file.write_text(content, "utf-8")
    assert sandbox.find(home, "empty") is None
    assert not file.exists()


def test_a_dead_pid_is_forgotten_and_a_stranger_is_left_alone(home: Path) -> None:
    file = sandbox.ready_file(home, "empty")
    file.parent.mkdir(parents=True)
    for pid in (dead_pid(), os.getpid()):  # the second is alive, but no sandbox answers for it
        file.write_text(json.dumps({"pid": pid, "admin": "http://127.0.0.1:9/_sandbox"}), "utf-8")
        assert sandbox.find(home, "empty") is None
        assert not file.exists()


def test_what_stops_a_start_is_told_in_one_line(home: Path) -> None:
    (home / "sandbox" / "empty.db").mkdir(parents=True)
    with pytest.raises(CommandError, match="did not start") as told:
        sandbox.start(home, "empty")
    assert "\n" not in str(told.value)


class Recorded:
    """Stands for an engine: keeps what it was asked."""

    def __init__(self, home: Path) -> None:
        self.stack, self.asked = "provider", list[tuple[str, ...]]()
        self.project = Project(home)

    def capture(self, *arguments: str) -> None:
        self.asked.append(arguments)


@pytest.mark.parametrize("alive", [False, True])
def test_only_the_lock_of_a_dead_run_is_removed(home: Path, alive: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CSP_HOME", str(home))
    lock = home / "state" / ".pulumi" / "locks" / "organization" / "csp-onboarding" / "provider" / "x.json"
    lock.parent.mkdir(parents=True)
    lock.write_text(json.dumps({"pid": os.getpid() if alive else dead_pid()}), "utf-8")
    engine = Recorded(home)
    first_run._clear_dead_lock(engine)  # type: ignore[arg-type]
    assert bool(engine.asked) != alive
