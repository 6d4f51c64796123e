"""Drift at scale: `python -m drills.reading.drift` prints one figure a line and ends with 1 when one misses its mark.

An estate of 1,000 customers is seeded into a sandbox process and looked at; 200 random changes of all sorts are made
behind the tool's back; it looks again. Calls are those that the sandbox counted. Both roles are measured, each with
the sandbox's usual readings and with the harder ones (`--strict`). Under those ION shows an indirect reseller less:
sorts of changes that no list shows are named one by one, with what a look makes of them.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import schemas
from clients.session import Session
from drills.seed.changes import generate as generate_changes
from drills.seed.estate import CONNECTIONS, Generated, Profile
from drills.seed.estate import generate as generate_estate
from drills.seed.sorts import LOST, RemoteChange, Verdict
from equipment.workspace import ROOT, Sandbox, start_sandbox
from onboarding.core.contract import Field
from onboarding.core.state import outputs
from onboarding.drift import run as drift
from onboarding.drift.report import DriftReport, Finding
from onboarding.drift.resources import EXTRA, Outputs, look_at
from onboarding.look.cache import Observed, ObservedLook, observed_file

COLD = {"reseller": 1.1, "provider": 2.2}
"""Calls a customer allowed for a look that knows nothing yet."""
WARM = 80
"""Calls allowed for a second look inside the access token's life with nothing changed."""
TOLD = ("drift", "progress", "unmanaged", "inconsistent")


@dataclass
class Bench:
    """A sandbox seeded with a generated estate, and a session to look at it."""

    generated: Generated
    sandbox: Sandbox
    estate: schemas.Estate
    home: Path

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A new session, as a new process would open."""
        session = Session(self.estate.connections[self.generated.connection], self.home, os.environ)
        try:
            yield session
        finally:
            session.close()

    def look(self, *, fresh: bool = False, states: Mapping[str, Outputs] | None = None) -> tuple[DriftReport, int]:
        """One look by a new session; the report and the calls that the sandbox counted."""
        before = self.sandbox.counters()["requests"]["total"]
        with self.session() as session:
            sessions = {self.generated.connection: session}
            report = drift.look(self.estate, sessions, states or {}, dt.datetime.now(dt.UTC), fresh=fresh)
        return report, self.sandbox.counters()["requests"]["total"] - before

    def states(self) -> dict[str, Outputs]:
        """The state that a run would leave now, without a run: outputs of every resource after a converge."""
        found: dict[str, Outputs] = {}
        with self.session() as session:
            look = ObservedLook(session, Observed(session.account, session.partner_tenant), dt.datetime.now(dt.UTC))
            look.plan()
            account = (session.account, session.partner_tenant)
            for made in self.generated.customers:
                found[made.key] = {
                    one.resource: outputs(
                        {"key": made.key},
                        one.known,
                        one.outcome.but(facts=replace(one.facts, fields=_kept(one.facts.fields))),
                        account=account,
                        carried=tuple(one.outcome.carried),
                        converged=True,
                    )
                    for one in look_at(made.declared, {}, {}, look)
                }
        return found

    def forget(self) -> None:
        """Remove the memory of earlier looks."""
        observed_file(self.home, self.generated.connection).unlink()

    def apply(self, changes: list[RemoteChange]) -> None:
        """Make the changes behind the tool's back."""
        seed: dict[str, list[object]] = {}
        for change in changes:
            for name, entries in change.seed.items():
                seed.setdefault(name, []).extend(entries)
        self.sandbox.admin("POST", "seed", seed)
        self.sandbox.admin("POST", "changes", [order for change in changes for order in change.orders])
        # A strict sandbox shows a new agreement after five minutes.
        self.sandbox.admin("POST", "clock", {"advance": 360})


@contextmanager
def bench(
    count: int,
    profile: Profile,
    folder: Path,
    seed: int = 1,
    *,
    endpoint: bool = True,
    strict: bool = False,
    **more: object,
) -> Iterator[Bench]:
    """A sandbox process with a generated estate of `count` customers.

    endpoint False: the connection has no association endpoint, as a provider with ION's public API has none. more:
    members added to the seed file.
    """
    generated = generate_estate(count, profile, seed)
    home = folder / ".csp"
    seed_file = folder / "seed.json"
    seed_file.write_text(json.dumps({**generated.seed, "people": {"mode": "hand"}, **more}), "utf-8")
    name = CONNECTIONS[profile]
    declared = schemas.load_connection(name, ROOT)
    fast = declared.limits.model_copy(update={"requests_per_second": 1000.0, "concurrency": 8})
    connection = declared.model_copy(update={"limits": fast, "mail": None})
    if not endpoint:
        connection = connection.model_copy(update={"association_api": None})
    sandbox = start_sandbox(home, profile, "--seed-file", str(seed_file), *(["--strict"] if strict else []))
    try:
        yield Bench(generated, sandbox, generated.estate(connection, folder), home)
    finally:
        sandbox.stop()


def _kept(fields: Mapping[str, Field]) -> dict[str, Field]:
    """The fields that a run keeps in state."""
    return {name: field for name, field in fields.items() if name not in EXTRA}


def verdicts(findings: list[Finding]) -> Counter[Verdict]:
    """Findings as the generator of changes speaks of them; of what cannot be seen only what was seen before."""
    return Counter(
        (f.kind, f.customer, f.field) for f in findings if f.kind in TOLD or "was seen as declared" in f.seen
    )


@dataclass(frozen=True)
class Compared:
    """What a look after changes missed, and what it told without reason."""

    expected: Counter[Verdict]
    missed: Counter[Verdict]
    false: Counter[Verdict]

    @property
    def recall(self) -> float:
        """Share of the expected findings that were told, in percent."""
        total = self.expected.total()
        return 100.0 * (total - self.missed.total()) / total if total else 100.0


def compare(before: DriftReport, after: DriftReport, changes: list[RemoteChange]) -> Compared:
    """Findings of the second look, less those of the first, against what the changes must lead to."""
    expected = Counter(verdict for change in changes for verdict in change.expected)
    told = verdicts(after.findings)
    told.subtract(verdicts(before.findings))
    told = +told
    return Compared(expected, expected - told, told - expected)


def measure(profile: Profile, count: int, number: int, seed: int, *, strict: bool, every_sort: bool) -> bool:
    """Print the figures of one role. True when all marks are met."""
    name = f"drift, {profile}{' strict' if strict else ''}"
    with tempfile.TemporaryDirectory() as folder, bench(count, profile, Path(folder), seed, strict=strict) as at:
        started = time.monotonic()
        before, cold = at.look()
        seconds = time.monotonic() - started
        quiet, warm = at.look()
        changes = generate_changes(at.generated, number, seed, strict=strict)
        at.apply(changes)
        after, again = at.look(fresh=True)
        result = compare(before, after, changes)
    surprises = [f for f in (*before.findings, *quiet.findings) if f.kind in ("drift", "progress")]
    sorts = len({change.name for change in changes})
    hidden = [change for change in changes if change.unseen]
    lost = sum(bool(change.expected) for change in hidden)
    meant = [change for change in changes if change.expected or change.unseen]
    told = sum(bool(change.expected) and not (change.expected & result.missed.keys()) for change in meant)
    allowed = round(COLD[profile] * count)
    print(f"{name}: customers {count}, changes {len(changes)} of {sorts} sorts")
    print(f"{name}: fields compared {before.fields}, seconds of the first look {seconds:.1f}")
    print(f"{name}: calls cold {cold} (allowed {allowed}), after the changes {again}")
    print(f"{name}: calls of a second look with nothing changed {warm} (allowed {WARM})")
    print(f"{name}: recall {result.recall:.2f} % of {result.expected.total()} findings")
    print(f"{name}: false alarms {result.false.total() + len(surprises)}")
    print(f"{name}: changes told {told} of {len(meant)} that mean something ({100 * told / len(meant):.1f} %)")
    traceless = len(hidden) - lost
    print(f"{name}: changes that no list shows {len(hidden)}: {lost} told as out of sight, {traceless} leave no trace")
    _print_sorts(name, changes, result, every_sort)
    for verdict, times in result.missed.items():
        print(f"{name}: missed {times} x {verdict}", file=sys.stderr)
    for verdict, times in result.false.items():
        print(f"{name}: without reason {times} x {verdict}", file=sys.stderr)
    for finding in surprises:
        print(f"{name}: without any change {finding}", file=sys.stderr)
    for what, why in {**before.not_checked, **after.not_checked}.items():
        print(f"{name}: not checked {what}: {why}", file=sys.stderr)
    marks = (cold <= allowed, again <= allowed, warm <= WARM, result.recall == 100.0, not result.false, not surprises)
    return all(marks) and not before.not_checked and not after.not_checked


def _print_sorts(name: str, changes: list[RemoteChange], result: Compared, every_sort: bool) -> None:
    """A line for each sort that no list shows (or for every sort): how often, and what became of it."""
    for sort in sorted({change.name for change in changes}):
        some = [change for change in changes if change.name == sort]
        unseen = next((change.unseen for change in some if change.unseen), "")
        if not (unseen or every_sort):
            continue
        expected = Counter(verdict for change in some for verdict in change.expected)
        told = expected - result.missed
        lost = sum(times for (kind, _, _), times in told.items() if kind == LOST)
        line = f"{name}: sort {sort!r}: {len(some)} x, told {told.total()} of {expected.total()} findings"
        line += f", {lost} of them as out of sight now" if lost else ""
        times = sum(bool(change.unseen) for change in some)
        print(line + (f"; {times} x not shown: {unseen}" if unseen else ""))


def main() -> int:
    """Measure both roles with both readings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=1000)
    parser.add_argument("--changes", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--profile", choices=("provider", "reseller"), action="append")
    parser.add_argument("--strict", choices=("no", "yes"), action="append", help="default: both")
    parser.add_argument("--sorts", action="store_true", help="a line for every sort of change")
    given = parser.parse_args()
    profiles: list[Profile] = given.profile or ["reseller", "provider"]
    met = [
        measure(profile, given.customers, given.changes, given.seed, strict=strict == "yes", every_sort=given.sorts)
        for strict in given.strict or ["no", "yes"]
        for profile in profiles
    ]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
