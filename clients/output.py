"""The last place before output leaves this process: no known secret passes, whoever wrote the line.

What a server echoes is taken out where it arrives (transport.py) and where a state is handed over (providers). This is
for all that is left: prints, logs, warnings, tracebacks.
"""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterator

from clients.redact import leaving

_CLEAR = False


class GuardedStream(io.TextIOWrapper):
    """A text stream that hides known secrets in whatever is written to it. `covered`: the stream whose place it takes,
    kept because it would close the bytes below when nobody holds it any more."""

    covered: io.TextIOWrapper

    def write(self, text: str, /) -> int:
        super().write(text if _CLEAR else leaving(text))
        return len(text)


def guard_output() -> None:
    """Put guarded streams in the place of stdout and stderr. Once a process; streams without bytes below stay."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if not isinstance(stream, io.TextIOWrapper) or isinstance(stream, GuardedStream):
            continue
        stream.flush()
        guarded = GuardedStream(
            stream.buffer,
            encoding=stream.encoding,
            errors=stream.errors,
            line_buffering=stream.line_buffering,
            write_through=stream.write_through,
        )
        guarded.covered = stream
        setattr(sys, name, guarded)


@contextlib.contextmanager
def in_clear() -> Iterator[None]:
    """Inside, a secret may be written: a person asked for exactly that one (`csp handover deliver`)."""
    global _CLEAR
    _CLEAR = True
    try:
        yield
    finally:
        _CLEAR = False
