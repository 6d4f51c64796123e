"""An account that no file declares, as adoption finds it."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drills.seed.estate import Profile, generate
from equipment.workspace import CSP, Workspace


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
        done = subprocess.run(
            command, cwd=workspace.root, env=workspace.env, capture_output=True, text=True, encoding="utf-8"
        )
        assert done.returncode == 0, f"csp {verb} {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def requests(self) -> int:
        return int(self.workspace.sandbox.counters()["requests"]["total"])


@contextmanager
def account(
    count: int, profile: Profile, folder: Path, engine: str = "embedded", *, doubles: int = 0
) -> Iterator[Account]:
    """An account of `count` customers (and those of the sandbox's profile) that no file declares. `doubles`: so many
    more, each linked to the tenant of another, where ION shows tenants: while portal access is on."""
    generated = generate(count, profile)
    customers = generated.seed["customers"]
    rows = [(one, one.get("provider_row", {})) for one in customers if one["status"] == "ACTIVE"]
    linked = [one for one, row in rows if row.get("tenant") and row["portal_access"]]
    for number, one in enumerate(linked[:doubles], 1):
        name = {"organization": f"Double {number} Inc", "email": f"it@double{number}.example"}
        customers.append(one | name | {"id": str(800_000 + number)})
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
