"""The floors: as many empty dynamic resources on the same engine, and vanilla ones that each read by themselves."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.engine import project
from benchmarks.scale.cells import BY_NAME, Cell
from benchmarks.scale.estates import every_call, sandbox_arguments
from benchmarks.scale.watch import Watched, run
from equipment.workspace import Sandbox, start_sandbox

ENGINE = (sys.executable, "-m", "dynamic_engine")
READ = "def read(self, id_, props): return ReadResult(id_, clean(props), clean(props))"
VANILLA_READ = """def read(self, id_, props):
        import json, os, urllib.request
        ids = int(os.environ["BENCH_CUSTOMERS"])
        url = os.environ["BENCH_URL"] + "/" + str(400_001 + int(props["n"]) % ids)
        asked = urllib.request.Request(url, headers={"Authorization": "Bearer " + os.environ["BENCH_TOKEN"]})
        with urllib.request.urlopen(asked) as answer:
            json.load(answer)
        return ReadResult(id_, clean(props), clean(props))"""
TEXT, FIVE_PERCENT = '"x" * 100', '("y" if n % 20 == 0 else "x") * 100'


@dataclass
class Floor:
    """A project of dynamic resources that do nothing of their own, in a folder."""

    folder: Path
    environment: dict[str, str]

    def play(self, operation: str) -> Watched:
        """Measure the engine's part of an operation."""
        words = BY_NAME[operation].empty
        program = self.folder / "__main__.py"
        plain = program.read_text("utf-8")
        if operation == "up5":
            program.write_text(plain.replace(TEXT, FIVE_PERCENT), "utf-8")
        if operation == "first":
            self._engine("destroy", "--yes", "--skip-preview")
        try:
            return self._engine(*words)
        finally:
            program.write_text(plain, "utf-8")

    def _engine(self, *words: str) -> Watched:
        return run([*ENGINE, *words], self.folder, self.environment)

    def ready(self) -> None:
        """Make the stack and bring all resources up."""
        self._engine("stack", "init", "dev")
        self._engine("up", "--yes", "--skip-preview")


@contextmanager
def empty(resources: int) -> Iterator[Floor]:
    """So many resources whose reads, checks and comparisons do nothing."""
    with tempfile.TemporaryDirectory() as name:
        floor = Floor(*project(Path(name) / "floor", resources))
        floor.ready()
        yield floor


@contextmanager
def vanilla(resources: int, customers: int, cell: Cell) -> Iterator[tuple[Floor, Sandbox]]:
    """The same whose `read` asks a sandbox for a customer, one call a resource, as a provider without a look at lists
    does. Nothing holds it back but the SDK's own number of workers (4)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sandbox = start_sandbox(folder, cell.role, *sandbox_arguments(folder, cell.size, cell.role))
        try:
            floor = Floor(*project(folder / "floor", resources))
            provider = floor.folder / "empty.py"
            text = provider.read_text("utf-8")
            assert READ in text
            provider.write_text(text.replace(READ, VANILLA_READ), "utf-8")
            floor.ready()
            account = next(iter(sandbox.ready["accounts"].values()))
            floor.environment |= {
                "BENCH_URL": f"{sandbox.ready['ion']}/api/v3/accounts/{account['ion_account_id']}/customers",
                "BENCH_TOKEN": _token(sandbox, account["ion_refresh_token"]),
                "BENCH_CUSTOMERS": str(customers),
            }
            every_call(sandbox, cell.latency)
            yield floor, sandbox
        finally:
            sandbox.stop()


def _token(sandbox: Sandbox, refresh_token: str) -> str:
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    answer = httpx.post(f"{sandbox.ready['ion']}/oauth/token", data=form, trust_env=False)
    return str(json.loads(answer.raise_for_status().text)["access_token"])
