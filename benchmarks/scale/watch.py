"""Runs a command and watches it and every process below it: seconds, and peak memory by kind of process."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

POLL_SECONDS = 0.05
KINDS = (
    ("program", ("runner.py", "pulumi-language-python-exec")),
    ("plugin", ("pulumi.dynamic",)),
    ("csp", ("csp.main",)),
    ("engine", ("dynamic_engine",)),
)
"""Kind of process -> what its command line holds; the first that fits."""


@dataclass
class Watched:
    """Seconds by the clock; seconds of processor and peak MB by kind of process, of which the largest counts."""

    seconds: float
    processor: dict[str, float]
    memory: dict[str, float]
    said: str


def run(command: Sequence[str], folder: Path, environment: Mapping[str, str], codes: Sequence[int] = (0,)) -> Watched:
    """Run one command to its end. Raises RuntimeError when its exit code is none of `codes`."""
    processor: dict[int, tuple[str, float]] = {}
    memory: dict[str, float] = {}
    with tempfile.TemporaryFile() as out:
        began = time.monotonic()
        process = subprocess.Popen(
            list(command), cwd=folder, env=dict(environment), stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
        root = psutil.Process(process.pid)
        try:
            while process.poll() is None:
                for one in [root, *_below(root)]:
                    _note(one, processor, memory)
                time.sleep(POLL_SECONDS)
        finally:
            if process.poll() is None:
                _end(root)
                process.wait()
        seconds = time.monotonic() - began
        out.seek(0)
        said = out.read().decode("utf-8", "replace")
    if process.returncode not in codes:
        raise RuntimeError(f"{' '.join(command)}: exit code {process.returncode}\n{said[-3000:]}")
    spent: dict[str, float] = {}
    for kind, used in processor.values():
        spent[kind] = round(spent.get(kind, 0.0) + used, 2)
    return Watched(round(seconds, 3), spent, {kind: round(peak, 1) for kind, peak in memory.items()}, said)


def _end(root: psutil.Process) -> None:
    """Somebody stopped the bench: what it started ends with it."""
    for one in [*_below(root), root]:
        with contextlib.suppress(psutil.Error):
            one.kill()


def _below(root: psutil.Process) -> list[psutil.Process]:
    try:
        found: list[psutil.Process] = root.children(recursive=True)
    except psutil.Error:
        return []
    return found


def _note(process: psutil.Process, processor: dict[int, tuple[str, float]], memory: dict[str, float]) -> None:
    try:
        kind = _kind(process.cmdline())
        times = process.cpu_times()
        peak = _peak(process)
    except (psutil.Error, OSError):
        return  # it ended between two looks
    if kind:
        processor[process.pid] = (kind, times.user + times.system)
        memory[kind] = max(memory.get(kind, 0.0), peak)


def _kind(words: Sequence[str]) -> str:
    said = " ".join(words[:4])
    return next((kind for kind, signs in KINDS if any(sign in said for sign in signs)), "")


def _peak(process: psutil.Process) -> float:
    """MB. The kernel's own mark where there is one (Linux), else what is held at this moment."""
    file = Path(f"/proc/{process.pid}/status")
    if os.path.exists(file):  # noqa: PTH110 - cheap, many times a second
        for line in file.read_text("utf-8").splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
    return float(process.memory_info().rss) / 2**20
