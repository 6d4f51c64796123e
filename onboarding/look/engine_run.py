"""Which run of an engine this process belongs to, and what the engine was asked for."""

from __future__ import annotations

import functools
import os
import subprocess
from pathlib import Path

from onboarding.look.run_notes import RUN

UP = frozenset({"up", "update", "deploy"})
_VERBS = UP | {"preview", "pre", "refresh", "destroy", "import", "watch"}
_WITH_VALUE = frozenset({"-s", "--stack", "-C", "--cwd", "--config-file", "--color", "--tracing", "--profiling"})


@functools.cache
def name() -> str:
    """The same in all processes of one run: what `csp` says, else the engine process with the moment of its start."""
    return os.environ.get(RUN) or _engine()[0]


@functools.cache
def verb() -> str:
    """What the engine was started for ("up", "preview", ...), "" where that cannot be told."""
    words = _engine()[1]
    for before, word in zip(["", *words], words, strict=False):
        if word in _VERBS and before not in _WITH_VALUE:
            return word
    return ""


@functools.cache
def _engine() -> tuple[str, list[str]]:
    """`<pid>-<start>` and the command line of the engine: the Pulumi CLI behind its wrapper scripts, or our parent.

    The moment of the start is in it because numbers of processes come again.
    """
    parent = pid = os.getppid()
    for _ in range(6):
        started, command, above = _process(pid)
        if not started:
            break
        if command.startswith("pulumi") and not command.startswith(("pulumi-resource", "pulumi-language")):
            return started, _arguments(pid)
        pid = above
    return _process(parent)[0] or str(parent), _arguments(parent)


def _process(pid: int) -> tuple[str, str, int]:
    """`<pid>-<start>`, name and parent of a process; ("", "", 0) where the system does not tell."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return _process_by_ps(pid)
    command, _, rest = text.partition("(")[2].rpartition(")")
    fields = rest.split()
    return f"{pid}-{fields[19]}", command, int(fields[1])


def _process_by_ps(pid: int) -> tuple[str, str, int]:
    """The same without /proc (macOS)."""
    above, started, command = (_ps(pid, what) for what in ("ppid=", "lstart=", "comm="))
    if not above.isdigit() or not started:
        return "", "", 0
    return f"{pid}-{'-'.join(started.replace(':', ' ').split())}", Path(command).name, int(above)


def _arguments(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")[1:]
    except OSError:
        return _ps(pid, "args=").split()[1:]


def _ps(pid: int, what: str) -> str:
    try:
        answer = subprocess.run(
            ["ps", "-o", what, "-p", str(pid)], capture_output=True, text=True, encoding="utf-8", check=False
        )
    except OSError:
        return ""
    return answer.stdout.strip()
