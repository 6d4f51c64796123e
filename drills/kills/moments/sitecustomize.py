"""Loaded by every Python process of a run whose PYTHONPATH names this folder: counts its moments, ends it at one.

A moment is just before a file below the given folder is made, opened for writing, renamed or removed, a process is
started, or a request is sent or its answer used. They are counted over all processes of the run in one file. Plugins
of an engine have a life of their own and are left alone.
"""

import os
import signal
import sys
from typing import Any

TALLY = os.environ.get("DRILL_TALLY", "")
"""File with a line of WIDTH bytes a moment."""
BELOW = os.environ.get("DRILL_BELOW", "")
AT = int(os.environ.get("DRILL_AT", "0"))
WHOM = os.environ.get("DRILL_WHOM", "group")
"""Who is killed: the `group` of the run, or the `parent` of the process whose moment it is."""
WIDTH = 120
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
FILES = ("os.rename", "os.remove", "os.mkdir", "os.truncate")
_busy = False


def moment(name: str) -> None:
    global _busy
    _busy = True
    handle = os.open(TALLY, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, f"{name[: WIDTH - 1]:<{WIDTH - 1}}\n".encode())
        number = os.lseek(handle, 0, os.SEEK_CUR) // WIDTH  # of this write, whatever others append
    finally:
        os.close(handle)
        _busy = False
    if number == AT:
        if WHOM == "parent":
            os.kill(os.getppid(), signal.SIGKILL)
        else:
            os.killpg(0, signal.SIGKILL)


def heard(event: str, arguments: tuple[Any, ...]) -> None:
    if _busy:
        return
    if event == "subprocess.Popen":
        moment(f"start {' '.join(str(part).rpartition('/')[2] for part in list(arguments[1])[:5])}")
        return
    if event == "open":
        path, _, flags = arguments
        if isinstance(path, int) or not isinstance(flags, int) or not flags & WRITES:
            return
    elif event in FILES:
        path = arguments[0]
    else:
        return
    name = os.fsdecode(path) if isinstance(path, str | bytes) else ""
    if name.startswith(BELOW) and "__pycache__" not in name:
        moment(f"{event} {name.removeprefix(BELOW)}")


def watch_requests() -> None:
    import httpx

    real = httpx.Client.send

    def send(self: httpx.Client, request: httpx.Request, **more: Any) -> httpx.Response:
        moment(f"send {request.method} {request.url.path}")
        answer = real(self, request, **more)
        moment(f"answer {request.method} {request.url.path}")
        return answer

    httpx.Client.send = send  # type: ignore[method-assign]


if TALLY and "pulumi.dynamic" not in sys.orig_argv:
    sys.addaudithook(heard)
    if "csp.main" in sys.orig_argv or "clients.tokens.renewer" in sys.orig_argv:
        watch_requests()
