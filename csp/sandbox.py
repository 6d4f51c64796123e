"""Start, find and stop sandboxes: simulated IONs, Partner Centers and people on this machine.

A running sandbox is described by CSP_HOME/sandbox/<profile>.json: its ready line and its pid. Connections that say
`sandbox: {profile: ...}` take their addresses and credentials from there.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from clients.wire.http import httpx
from csp.errors import CommandError
from csp.project import LOCAL
from schemas.read.json_text import json_of
from schemas.write.whole_file import private_folder

PROFILES = ("provider", "reseller", "empty")
START_SECONDS = 30.0
_CHILDREN: list[subprocess.Popen[bytes]] = []
"""Sandboxes that this process started. They outlive it; kept so that Python does not warn about them."""
STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Running:
    """A sandbox that answers. `ready` is its ready line plus `pid`."""

    profile: str
    ready: dict[str, Any]

    @property
    def pid(self) -> int:
        return int(self.ready["pid"])

    def admin(self, method: str, path: str, body: object = None) -> Any:
        """One call to the sandbox's administration; the decoded answer. Raises CommandError when it fails."""
        try:
            answer = httpx.request(
                method,
                f"{self.ready['admin']}/{path}",
                json=body,
                headers={"Authorization": f"Bearer {self.ready.get('token', '')}"},
                timeout=120.0,
                trust_env=False,
            )
        except httpx.HTTPError as error:
            raise CommandError(
                f"the {self.profile} sandbox does not answer at {self.ready['admin']}: {error}"
            ) from None
        if answer.status_code >= 400:
            raise CommandError(f"the {self.profile} sandbox refused {path}: {answer.text.strip()[:300]}")
        return answer.json() if answer.content else None


def ready_file(home: Path, profile: str) -> Path:
    return home / "sandbox" / f"{profile}.json"


def command(home: Path, profile: str, port: int, seed_file: Path | None, db: Path | None, strict: bool) -> list[str]:
    """The command line of a sandbox process that describes itself in CSP_HOME when it is ready.

    Raises CommandError where the sandbox is not installed.
    """
    if not find_spec("csp_sandbox"):
        raise CommandError(f"the sandbox is not installed: {LOCAL}")
    line = [sys.executable, "-m", "csp_sandbox", "--profile", profile, "--port", str(port)]
    line += ["--ready-file", str(ready_file(home, profile))]
    if seed_file:
        line += ["--seed-file", str(seed_file)]
    if db:
        line += ["--db", str(db)]
    if strict:
        line.append("--strict")
    return line


def find(home: Path, profile: str) -> Running | None:
    """The running sandbox of a profile, or None. A description left by a dead process is removed."""
    file = ready_file(home, profile)
    try:
        running = Running(profile, json_of(file.read_text("utf-8")))
        os.kill(running.pid, 0)
        running.admin("GET", "clock")
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, OverflowError, OSError, CommandError):
        # The pid is gone, was given to another program, or never was ours: the file tells nothing any more.
        with contextlib.suppress(OSError):
            file.unlink(missing_ok=True)
        return None
    return running


def start(home: Path, profile: str, port: int = 0) -> Running:
    """A sandbox in the background, its data kept in CSP_HOME; the one that runs already when there is one.

    The port of its last run is taken again when it is free, so that open browser tabs go on working. Raises
    CommandError with the last line of its log when it does not come up.
    """
    if running := find(home, profile):
        return running
    folder = private_folder(home / "sandbox")
    log_file = folder / f"{profile}.log"
    last_port = folder / f"{profile}.port"
    if not port and last_port.is_file():
        port = _free(int(last_port.read_text("ascii") or 0))
    line = command(home, profile, port, None, folder / f"{profile}.db", strict=False)
    with log_file.open("ab") as log:
        process = subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    _CHILDREN.append(process)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if running := find(home, profile):
            last_port.write_text(running.ready["admin"].split(":")[2].split("/")[0], "ascii")
            return running
        if process.poll() is not None:
            break
        time.sleep(0.05)
    process.kill()
    process.wait()
    lines = log_file.read_text("utf-8", "replace").strip().splitlines()
    raise CommandError(f"the {profile} sandbox did not start: {lines[-1] if lines else 'no output'} (log: {log_file})")


def stop(home: Path, profile: str) -> bool:
    """End the sandbox of a profile by its pid. False when none was running."""
    running = find(home, profile)
    if not running:
        return False
    os.kill(running.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline and _alive(running.pid):
        time.sleep(0.05)
    if _alive(running.pid):
        os.kill(running.pid, signal.SIGKILL)
    ready_file(home, profile).unlink(missing_ok=True)
    return True


def _alive(pid: int) -> bool:
    for child in _CHILDREN:
        child.poll()  # our own child stays a zombie until somebody asks
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _free(port: int) -> int:
    """The port if nobody listens on it, else 0 (any free one)."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port
