"""A plugin whose engine is gone ends itself, as soon as the calls that it has begun are done.

Nobody ends it otherwise: the SDK waits for a signal that a killed engine cannot send. Its standard output is a pipe to
the engine, also through the CLI's wrapper scripts, so the moment when nobody reads that pipe any more is the engine's
end. A call that has begun is finished, because half a write is worse than a late one (docs/pipelines.md); one that
still waits for its turn is not begun. `plugin_start.pth` begins the watch before the first call, `quiet_tracebacks`
where that file was not installed.
"""

from __future__ import annotations

import contextlib
import functools
import os
import select
import stat
import threading
from collections.abc import Iterator

_calls = threading.Condition()
_running = 0
_gone = False


class EngineGoneError(Exception):
    """The call was not begun: nobody would read its result."""


@functools.cache
def watch(output: int = 1) -> None:
    """End this process once nobody reads `output` and no call is running. Not a pipe: nothing is watched."""
    if hasattr(select, "poll") and stat.S_ISFIFO(os.fstat(output).st_mode):
        threading.Thread(target=_leave_after, args=(output,), name="engine-gone", daemon=True).start()


@contextlib.contextmanager
def call() -> Iterator[None]:
    """Around a call to a system. Raises EngineGoneError."""
    global _running
    with _calls:
        if _gone:
            raise EngineGoneError
        _running += 1
    try:
        yield
    finally:
        with _calls:
            _running -= 1
            _calls.notify_all()


def _leave_after(output: int) -> None:
    global _gone
    waiting = select.poll()
    waiting.register(output, 0)  # errors alone: the reader has closed its end
    waiting.poll()
    with _calls:
        _gone = True
        _calls.wait_for(lambda: not _running)
        # Not sys.exit: the SDK's main thread waits for ever, and gRPC has threads of its own.
        os._exit(0)
