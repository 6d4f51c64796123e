"""Who else on this machine can get at CSP_HOME: tokens, one-time credentials, state, names and e-mails are below it."""

import stat
from collections.abc import Iterator
from pathlib import Path

from csp.check import Check

PUBLIC = frozenset(("tool",))
"""Folders that hold nothing of ours: uv, as it was installed."""


def open_places(home: Path) -> list[tuple[Path, str]]:
    """Folders that others may read, or the home that others may write, with their modes; sorted. What is deeper is
    behind them."""
    found = []
    if home.is_dir() and _mode(home) & 0o022:  # whoever can write here can put another folder in the place of one
        found.append((home, f"{_mode(home):04o}"))
    for folder in sorted(home.iterdir()) if home.is_dir() else ():
        if folder.name not in PUBLIC and folder.is_dir() and _mode(folder) & 0o077:
            found.append((folder, f"{_mode(folder):04o}"))
    return found


def mode_check(home: Path) -> Iterator[Check]:
    """The doctor's line."""
    loose = open_places(home)
    if not loose:
        yield Check("machine", "modes", "pass", f"nobody else can read what is below {home}")
        return
    # What others can change, or read of tokens and passwords, is a failure; the rest names customers.
    bad = any(int(mode, 8) & 0o022 or place.name in ("tokens", "handover") for place, mode in loose)
    told = ", ".join(f"{place} (mode {mode})" for place, mode in loose)
    fix = f"chmod go= {' '.join(str(place) for place, _ in loose)}"
    yield Check("machine", "modes", "fail" if bad else "warn", f"others on this machine can get at {told}", fix)


def _mode(folder: Path) -> int:
    return stat.S_IMODE(folder.stat().st_mode)
