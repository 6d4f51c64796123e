"""Who else on this machine can get at CSP_HOME: tokens, one-time credentials, state, names and e-mails are below it."""

import shlex
import stat
from collections.abc import Iterator
from pathlib import Path

from csp.diagnosis.check import Check

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
    fix = f"chmod go= {shlex.join(str(place) for place, _ in loose)}"
    yield Check("machine", "modes", "fail" if bad else "warn", f"others on this machine can get at {told}", fix)


def lock_check(home: Path) -> Iterator[Check]:
    """Lock files of release 0.1.0 have people's e-mails in their names, and nothing uses them any more."""
    folder = home / "locks"
    named = sum("@" in file.name for file in folder.glob("*.lock"))
    if named:
        files = f"{named} lock file{'s' if named > 1 else ''} of release 0.1.0 in {folder}"
        fix = f"when no run of 0.1.0 is left: find {shlex.quote(str(folder))} -maxdepth 1 -name '*@*.lock' -delete"
        yield Check("machine", "lock names", "warn", f"e-mail addresses in the names of {files}", fix)


def _mode(folder: Path) -> int:
    return stat.S_IMODE(folder.stat().st_mode)
