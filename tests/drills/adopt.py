"""Adoption at scale: `python -m tests.drills.adopt` prints one figure a line and ends with 1 when one misses its mark.

An account of 5,000 customers that nobody declared is adopted by one `csp adopt`; run again, it changes no byte. Then
the state is checked: the very next preview is empty. Nothing is written to the sandbox's systems.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE
from typing import Any

from tests.drills.estate import Profile, generate
from tests.workspace import CSP, Workspace

CALLS = {"reseller": 2.1, "provider": 3.1}
"""Calls a customer allowed: row, and what tells who signed (two in Partner Center)."""


@dataclass
class Account:
    """A project whose stack declares nobody, beside a sandbox with a generated account."""

    workspace: Workspace
    profile: Profile
    seed: dict[str, Any]

    @property
    def folder(self) -> Path:
        return self.workspace.root / "stacks" / "customers" / self.profile

    def fingerprint(self) -> str:
        """Of every byte of every customer file."""
        digest = hashlib.sha256()
        for file in sorted(self.folder.glob("*.yaml")):
            digest.update(file.name.encode() + file.read_bytes())
        return digest.hexdigest()

    def csp(self, verb: str, *arguments: str) -> str:
        """Run a csp command on the stack, for as long as it takes; what it printed. Raises when it fails."""
        workspace = self.workspace
        command = [*CSP, verb, "-s", workspace.stack, *arguments]
        return subprocess.run(command, cwd=workspace.root, env=workspace.env, stdout=PIPE, text=True, check=True).stdout

    def requests(self) -> int:
        return int(self.workspace.sandbox.counters()["requests"]["total"])


@contextmanager
def account(count: int, profile: Profile, folder: Path, engine: str = "embedded", seed: int = 1) -> Iterator[Account]:
    """An account of `count` customers (and those of the sandbox's profile) that no file declares."""
    generated = generate(count, profile, seed)
    file = folder / "seed.json"
    file.write_text(json.dumps({**generated.seed, "people": {"mode": "hand"}}), "utf-8")
    workspace = Workspace.make(folder, engine, profile, "--seed-file", str(file))
    try:
        shutil.rmtree(workspace.root / "stacks" / "customers" / profile)
        _unhurried(workspace, generated.connection)
        yield Account(workspace, profile, dict(generated.seed))
    finally:
        workspace.close()


def _unhurried(workspace: Workspace, connection: str) -> None:
    """The sandbox may be asked faster than a live system."""
    file = workspace.root / "stacks" / "connections" / f"{connection}.yaml"
    file.write_text(file.read_text("utf-8") + "limits: {requests_per_second: 1000.0, concurrency: 8}\n", "utf-8")


def measure(profile: Profile, count: int, *, preview: bool) -> bool:
    """Print the figures of one role. True when all marks are met."""
    with tempfile.TemporaryDirectory() as folder, account(count, profile, Path(folder)) as at:
        before = at.requests()
        started = time.monotonic()
        at.csp("adopt")
        first = time.monotonic() - started
        calls, files = at.requests() - before, len(list(at.folder.glob("*.yaml")))
        fingerprint = at.fingerprint()
        started = time.monotonic()
        again = at.csp("adopt")
        second = time.monotonic() - started
        same = at.fingerprint() == fingerprint and again.startswith("0 customers written")
        if preview:
            at.csp("preview", "--expect-no-changes", "--refresh=false")
            at.csp("preview", "--expect-no-changes")
        writes = at.workspace.sandbox.writes()
    allowed = round(CALLS[profile] * count)
    print(f"{profile}: customers seeded {count}, files written {files}")
    print(f"{profile}: seconds of the first adoption {first:.0f}, of a second {second:.0f}")
    print(f"{profile}: calls {calls} (allowed {allowed}), writes {writes}")
    print(f"{profile}: bytes changed by the second {'none' if same else 'SOME'}")
    if preview:
        print(f"{profile}: next preview, offline and plain: empty")
    return same and writes == 0 and calls <= allowed and files >= 0.9 * count


def main() -> int:
    """Measure both roles with previews on a small account, then the whole size without: an engine run of 25,000
    resources takes minutes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=5000)
    parser.add_argument("--previewed", type=int, default=300, help="size of the accounts that are previewed")
    given = parser.parse_args()
    met = [measure(profile, given.previewed, preview=True) for profile in ("provider", "reseller")]
    if given.customers:
        met.append(measure("reseller", given.customers, preview=False))
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
