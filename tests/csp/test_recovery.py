"""Whether the maker of a lock lives, told by real processes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from datetime import UTC, datetime

from csp.engine.recovery import Lock


def lock(pid: int, host: str = "") -> Lock:
    return Lock("id", "me", host or socket.gethostname(), pid, datetime.now(UTC).isoformat().replace("+00:00", "Z"))


def test_a_process_that_runs_lives_and_one_that_ended_does_not() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        assert lock(process.pid).holder_lives() is True
        assert lock(process.pid, "another-machine").holder_lives() is None
    finally:
        process.kill()
    # Killed and not yet waited for: its number is still taken, as in a container whose first process waits for none.
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert lock(process.pid).holder_lives() is False
    process.communicate(timeout=10)
    assert lock(process.pid).holder_lives() is False
