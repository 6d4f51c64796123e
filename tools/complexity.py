"""No function is more complex than grade D of radon (cyclomatic complexity over 30) without a reason in the file.

Usage: python tools/complexity.py      prints the ten most complex functions; exit 1 and one line per function above D.

A reason is a comment `# complexity: why` right above the function, or in the first line of it.
"""

import sys
from pathlib import Path
from typing import NamedTuple

from radon.complexity import cc_rank, cc_visit

ROOT = Path(__file__).resolve().parent.parent
CODE = (
    "__main__.py",
    "benchmarks",
    "clients",
    "conftest.py",
    "csp",
    "drills",
    "engine",
    "equipment",
    "onboarding",
    "providers",
    "sandbox",
)
CODE += ("schemas", "tests", "tools")
MOST = 30
REASON = "# complexity: "


class Measured(NamedTuple):
    """A function with its cyclomatic complexity, where it stands, and the reason that its body gives."""

    complexity: int
    place: str
    name: str
    reason: str


def measured(source: str, file: str) -> list[Measured]:
    """Every function and method of a file."""
    lines, found = source.splitlines(), []
    for block in cc_visit(source):
        if block.letter != "C":  # a class is the mean of its methods
            near = lines[max(block.lineno - 2, 0) : block.lineno + 1]
            reason = next((line.partition(REASON)[2] for line in near if REASON in line), "")
            found.append(Measured(block.complexity, f"{file}:{block.lineno}", block.fullname, reason.strip()))
    return found


def files() -> list[Path]:
    return sorted(
        file for place in CODE for file in ([ROOT / place] if place.endswith(".py") else (ROOT / place).rglob("*.py"))
    )


def main() -> int:
    every = [one for file in files() for one in measured(file.read_text("utf-8"), str(file.relative_to(ROOT)))]
    every.sort(key=lambda one: (-one.complexity, one.place))
    above = [one for one in every if one.complexity > MOST and not one.reason]
    grades = [cc_rank(one.complexity) for one in every]
    counts = ", ".join(f"{grade} {grades.count(grade)}" for grade in sorted(set(grades)))
    print(f"complexity: {len(every)} functions ({counts}); the ten most complex:")
    for one in every[:10]:
        print(f"  {cc_rank(one.complexity)} {one.complexity}  {one.name}  {one.place}  {one.reason}".rstrip())
    for one in above:
        wanted = f"at most {MOST}: split it, or say why in it (`{REASON}`)"
        print(f"{one.place}: {one.name} has complexity {one.complexity}, {wanted}")
    return 1 if above else 0


if __name__ == "__main__":
    sys.exit(main())
