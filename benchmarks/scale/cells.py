"""The cells of the matrix, and the file that keeps what was measured of them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from drills.seed.estate import Profile

ROOT = Path(__file__).resolve().parent.parent.parent
RESULTS = ROOT / ".csp" / "bench" / "scale.jsonl"
SIZES = (100, 1000, 5000)
LATENCIES = (0, 200)
LARGE = 5000
"""From this size on only `LARGE_OPERATIONS` are played, warm and without latency."""
LARGE_OPERATIONS = ("preview", "up", "drift", "status")
SILENT = ("offline", "status")
"""They call nobody: one latency says it all."""
RESELLER = ("preview", "drift")
"""What is played in the role of an indirect reseller too, whose looks cost other calls."""

Who = Literal["product", "empty", "vanilla"]


@dataclass(frozen=True)
class Operation:
    """One thing that is measured.

    `empty`: the engine's words for the same on empty dynamic resources, () where no engine does it. `vanilla`: they are
    played on dynamic resources that read each by itself as well. `warm`: it remembers answers from run to run.
    """

    name: str
    says: str
    empty: tuple[str, ...] = ()
    vanilla: bool = False
    warm: bool = False


OPERATIONS = (
    Operation("adopt", "`adopt` of an account that nobody declared"),
    Operation("status", "`status`"),
    Operation("offline", "`preview --refresh=false`", ("preview", "--refresh=false")),
    Operation("preview", "`preview`", ("preview", "--refresh"), vanilla=True),
    Operation("refresh", "`refresh --skip-preview`", ("refresh", "--yes", "--skip-preview"), vanilla=True),
    Operation("up", "`up`, nothing changed", ("up", "--yes", "--skip-preview", "--refresh"), vanilla=True),
    Operation("up5", "`up`, 5 % of the files changed", ("up", "--yes", "--skip-preview", "--refresh")),
    Operation("drift", "`drift`", warm=True),
    Operation("first", "first `up` of new customers, a 429 of 1 s a customer", ("up", "--yes", "--skip-preview")),
)
BY_NAME = {one.name: one for one in OPERATIONS}


@dataclass(frozen=True)
class Cell:
    """`size`: customers. `latency`: milliseconds a call. `who`: the product, or a floor that it is compared with."""

    size: int
    operation: str
    latency: int = 0
    warm: bool = False
    role: Profile = "provider"
    who: Who = "product"

    def __str__(self) -> str:
        words = (f"{self.size}", self.role, self.operation, f"{self.latency} ms", "warm" if self.warm else "cold")
        return " ".join(words) + ("" if self.who == "product" else f" ({self.who})")


@dataclass
class Result:
    """What was measured of a cell. `seconds`: by the clock; `processor`: seconds, and `memory`: peak MB, by kind of
    process; `state`: bytes a resource (of `estate.State`). `resources`: dynamic ones. `load`: of the machine before."""

    cell: Cell
    seconds: float
    processor: dict[str, float]
    memory: dict[str, float]
    resources: int
    customers: int
    calls: int | None = None
    state: dict[str, float] = field(default_factory=dict)
    load: float = 0.0

    @property
    def used(self) -> float:
        """Seconds of processor of all processes; a little for none, so that a ratio to them is one."""
        return max(sum(self.processor.values()), 0.01)


def matrix(sizes: Sequence[int], only: Sequence[str], latencies: Sequence[int]) -> Iterator[Cell]:
    """Every cell of these sizes, operations (of `BY_NAME`) and milliseconds a call, floors beside the product's."""
    for size in sizes:
        for latency in latencies:
            for operation in (one for one in OPERATIONS if one.name in only):
                yield from _cells(size, operation, latency)


def _cells(size: int, operation: Operation, latency: int) -> Iterator[Cell]:
    name, large = operation.name, size >= LARGE
    if (latency and (name in SILENT or large)) or (large and name not in LARGE_OPERATIONS):
        return
    for warm in (False, True) if operation.warm else (False,):
        if not (large and operation.warm and not warm):
            yield Cell(size, name, latency, warm)
            if name in RESELLER and not large:
                yield Cell(size, name, latency, warm, "reseller")
    if operation.empty and not latency:
        yield Cell(size, name, who="empty")
    if operation.vanilla and not large:
        yield Cell(size, name, latency, who="vanilla")


def commit() -> str:
    """What is measured: the commit, with a word when files differ from it."""

    def git(*words: str) -> str:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=True)
        return done.stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs", ":!README.md", ":!benchmarks")
    return git("rev-parse", "--short=12", "HEAD") + ("+changed" if changed else "")


def keep(file: Path, at: str, result: Result) -> None:
    """Append one line. `at`: of `commit()`."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps({"commit": at, **asdict(result)}) + "\n")


def kept(file: Path, at: str) -> dict[Cell, Result]:
    """What was measured of a commit, the last of each cell. A line that a killed run left half written is none."""
    found: dict[Cell, Result] = {}
    for data in _lines(file):
        if data.pop("commit") == at:
            result = Result(**{**data, "cell": Cell(**data["cell"])})
            found[result.cell] = result
    return found


def commits(file: Path) -> list[str]:
    """The commits of which something was measured, the latest last."""
    return list(dict.fromkeys(data["commit"] for data in reversed(_lines(file))))[::-1]


def _lines(file: Path) -> list[dict[str, Any]]:
    found = []
    for line in file.read_text("utf-8").splitlines() if file.exists() else []:
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found
