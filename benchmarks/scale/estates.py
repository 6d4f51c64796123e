"""The estates that are measured: real processes of csp and of a sandbox, seeded by `drills.seed`."""

from __future__ import annotations

import json
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.scale.cells import Cell
from benchmarks.scale.watch import Watched, run
from drills.seed.estate import CONNECTIONS, Profile, generate
from equipment.workspace import CSP, Sandbox, Workspace

MANY = 1_000_000_000
SYSTEMS = ("ion", "partner_center", "entra", "association")
WORDS = {
    "status": ("status",),
    "offline": ("preview", "--refresh=false"),
    "preview": ("preview",),
    "refresh": ("refresh", "--yes", "--skip-preview"),
    "up": ("up", "--yes"),
    "up5": ("up", "--yes"),
    "drift": ("drift", "--format", "json"),
    "adopt": ("adopt",),
    "first": ("up", "--yes"),
}
CODES = {"drift": (0, 7, 10), "adopt": (0, 10)}
"""Exit codes that are an answer and no failure; what a drift or an adoption finds is not measured here."""
PHONE = re.compile(r'(\n  phone: "?\+1)(\d{3})')


def every_call(sandbox: Sandbox, milliseconds: int) -> None:
    """From now on every answer of the simulated systems comes so much later."""
    sandbox.admin("DELETE", "faults")
    if milliseconds:
        late = {"kind": "latency", "seconds": milliseconds / 1000, "times": MANY}
        sandbox.admin("POST", "faults", [{"system": system, **late} for system in SYSTEMS])


def sandbox_arguments(folder: Path, size: int, role: Profile) -> tuple[str, str]:
    """Of a sandbox whose account holds so many customers."""
    file = folder / "seed.json"
    file.write_text(json.dumps({**generate(size, role).seed, "people": {"mode": "hand"}}), "utf-8")
    return "--seed-file", str(file)


class Estate:
    """A project and its sandbox. Our own rate limit is off: what a live account allows is no property of the code."""

    def __init__(self, folder: Path, role: Profile, *arguments: str) -> None:
        self.workspace = Workspace.make(folder, "embedded", role, *arguments)
        self.files = self.workspace.root / "stacks" / "customers" / role
        shutil.rmtree(self.files)
        self.files.mkdir()
        file = self.workspace.root / "stacks" / "connections" / f"{CONNECTIONS[role]}.yaml"
        limits = "limits: {requests_per_second: 1000.0, concurrency: 32}\n"
        file.write_text(file.read_text("utf-8") + limits, "utf-8")

    def play(self, cell: Cell) -> tuple[Watched, int]:
        """Measure a cell; what was watched, and the calls that arrived at the simulated systems."""
        every_call(self.workspace.sandbox, cell.latency)
        if cell.operation == "up5":
            self._change_files()
        if cell.operation == "first":
            self._throttle(cell)
        if not cell.warm:
            shutil.rmtree(self.workspace.home / "observed", ignore_errors=True)
        before = self._calls()
        watched = self.csp(cell.operation)
        return watched, self._calls() - before

    def csp(self, operation: str) -> Watched:
        """Run the command of an operation."""
        verb, *more = WORDS[operation]
        command = [sys.executable, *CSP[1:], verb, "-s", self.workspace.stack, *more]
        return run(command, self.workspace.root, self.workspace.env, CODES.get(operation, (0,)))

    def customers(self) -> int:
        """How many customers are declared."""
        return len(list(self.files.glob("*.yaml")))

    def _calls(self) -> int:
        return int(self.workspace.sandbox.counters()["requests"]["total"])

    def _change_files(self) -> None:
        """Another phone number in every twentieth customer file, so at least in one."""
        for file in sorted(self.files.glob("*.yaml"))[::20]:
            text = file.read_text("utf-8")
            other = PHONE.sub(lambda found: found[1] + ("206" if found[2] != "206" else "425"), text, count=1)
            assert other != text, f"{file.name} has no phone number to change"
            file.write_text(other, "utf-8")

    def _throttle(self, cell: Cell) -> None:
        """As many refusals for a second as customers, in turn from ION and Partner Center, ten calls apart."""
        sandbox = self.workspace.sandbox
        sandbox.admin("DELETE", "faults")
        wait = [
            {"system": ("ion", "partner_center")[n % 2], "kind": "throttle", "seconds": 1, "skip": 10 * (n // 2 + 1)}
            for n in range(cell.size)
        ]
        late = {"kind": "latency", "seconds": cell.latency / 1000, "times": MANY}
        sandbox.admin("POST", "faults", wait + [{"system": one, **late} for one in SYSTEMS if cell.latency])

    def declare_new(self, number: int) -> None:
        """So many customers that exist nowhere yet, each to get a tenant of its own."""
        pattern = (self.workspace.root.parent / "alpine.yaml").read_text("utf-8")
        for one in range(number):
            text = pattern.replace("alpine.example", f"new{one}.example").replace("alpineskihouse", f"alpine{one}")
            (self.files / f"new-{one:05d}.yaml").write_text(text.replace("Alpine Ski", f"Alpine {one}"), "utf-8")

    def close(self) -> None:
        """Stop the sandbox."""
        self.workspace.close()


@contextmanager
def undeclared(size: int, role: Profile) -> Iterator[Estate]:
    """An account of so many customers, none of which a file declares."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        estate = Estate(folder, role, *sandbox_arguments(folder, size, role))
        try:
            yield estate
        finally:
            estate.close()


@contextmanager
def adopted(size: int, role: Profile) -> Iterator[Estate]:
    """The same after `csp adopt`: files and state agree with the account, a run has nothing to do."""
    with undeclared(size, role) as estate:
        estate.csp("adopt")
        yield estate


@contextmanager
def new(size: int) -> Iterator[Estate]:
    """So many new customers of a provider, declared and nowhere else."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(Path(__file__).parents[2] / "stacks/customers/provider/alpine.yaml", folder)
        estate = Estate(folder, "provider")
        try:
            estate.declare_new(size)
            yield estate
        finally:
            estate.close()
