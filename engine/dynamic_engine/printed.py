"""Commands of this engine inside its own lines, so that whoever reads one can paste it."""

from __future__ import annotations

import os
import shlex
import sys

STARTED_AS = "DYNAMIC_ENGINE_STARTED_AS"
"""Variable: how the reader starts this engine, where another program started it with an environment of its own."""


def command(*words: str, stack: str) -> str:
    """The command of *words* for *stack* in backticks: started as the variable says, else by this interpreter."""
    program = min(os.path.relpath(sys.executable), sys.executable, key=len)
    start = os.environ.get(STARTED_AS) or f"{shlex.quote(program)} -m dynamic_engine"
    return f"`{start} {shlex.join([*words, '--stack', stack])}`"
