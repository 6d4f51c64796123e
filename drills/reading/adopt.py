"""Adoption at scale: `python -m drills.reading.adopt` prints one figure a line, ends with 1 when one misses its mark.

An account of 5,000 customers that nobody declared is adopted by one `csp adopt`; run again, it changes no byte. Then
the very next previews are empty. One tenant in a hundred is linked to two customers: all of them are told, none is
adopted. (A sandbox takes no e-mail twice; tests/onboarding/test_adoption.py has them.) Nothing is written to the
sandbox's systems. The kills are in `drills.kills.adopt`.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from drills.kills import adopt as kill_adopt
from drills.seed.account import account
from drills.seed.estate import Profile

CALLS = {"reseller": 2.1, "provider": 3.1}
"""Calls a customer allowed: row, and what tells who signed (two in Partner Center)."""
SMALL = 500
"""Customers of the account that the large ones are compared with."""


@dataclass(frozen=True)
class Figures:
    """One account: `told` are customers listed as having more than one meaning, `seconds` of each command."""

    files: int
    told: int
    calls: int
    writes: int
    same: bool
    seconds: dict[str, float]
    changes: int | None = None
    """Resources that the next previews would change."""


def measure(profile: Profile, count: int, *, doubles: int = 0) -> Figures:
    """Adopt an account twice, then preview it offline and plain."""
    with tempfile.TemporaryDirectory() as folder, account(count, profile, Path(folder), doubles=doubles) as at:
        seconds: dict[str, float] = {}

        def timed(name: str, *command: str) -> str:
            started = time.monotonic()
            said = at.csp(*command)
            seconds[name] = time.monotonic() - started
            return said

        before = at.requests()
        told = timed("adopt", "adopt").count("not adopted, more than one meaning")
        calls, files = at.requests() - before, len(list(at.folder.glob("*.yaml")))
        fingerprint = at.fingerprint()
        again = timed("again", "adopt")
        same = at.fingerprint() == fingerprint and "\n0 customers written" in f"\n{again}"
        previews = [timed("offline preview", "preview", "--refresh=false"), timed("preview", "preview")]
        changes = sum(0 if _unchanged(said) == 5 * files + OTHERS else 1 for said in previews)
        return Figures(files, told, calls, at.workspace.sandbox.writes(), same, seconds, changes)


OTHERS = 3
"""Resources that are no customer's: stack, provider, guard."""


def _unchanged(said: str) -> int:
    """How many resources a preview leaves alone, -1 when it would change one."""
    found = re.search(r"^Resources: (\d+) unchanged$", said, re.MULTILINE)
    return int(found[1]) if found else -1


def tell(profile: Profile, count: int, doubles: int, found: Figures, per_customer: float = 0.0) -> bool:
    """Print the figures of an account. True when all marks are met. `per_customer`: seconds in a small account."""
    allowed = round(CALLS[profile] * (count + doubles))
    name = f"adopt, {profile} {count}"
    print(f"{name}: files written {found.files}; doubles {doubles}, told {found.told} (twice as many)")
    times = ", ".join(f"{what} {seconds:.0f}" for what, seconds in found.seconds.items())
    ratio = found.seconds["adopt"] / count / per_customer if per_customer else 0.0
    print(f"{name}: seconds: {times}" + (f"; a customer costs {ratio:.2f} times that of {SMALL}" if ratio else ""))
    print(f"{name}: calls {found.calls} (allowed {allowed}), writes {found.writes}")
    print(f"{name}: bytes changed by the second run {'none' if found.same else 'SOME'}")
    print(f"{name}: next previews, offline and plain: {'EMPTY' if not found.changes else 'CHANGES'}", flush=True)
    whole = found.files >= 0.9 * count and found.told == 2 * doubles
    return whole and found.same and not found.writes and not found.changes and found.calls <= allowed


def main() -> int:
    """The roles, a small account and a large one, then kills."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reseller", type=int, default=5000, help="customers of an account without Partner Center")
    parser.add_argument("--provider", type=int, default=1000, help="customers of an account with Partner Center")
    parser.add_argument("--kills", type=int, default=12, help="in each situation, of some 200; 0 for every moment")
    given = parser.parse_args()
    met = []
    accounts: tuple[tuple[Profile, int], ...] = (("reseller", given.reseller), ("provider", given.provider))
    for profile, count in accounts:
        if not count:
            continue
        small = measure(profile, SMALL)
        met.append(tell(profile, SMALL, 0, small))
        doubles = count // 100
        large = measure(profile, count, doubles=doubles)
        met.append(tell(profile, count, doubles, large, small.seconds["adopt"] / SMALL))
    met.append(kill_adopt.run(given.kills))
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
