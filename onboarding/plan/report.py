"""A plan for people and programs: customer by customer, what cannot be undone first.

No clock, no token, no word of an engine is in it, so that both engines make the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from onboarding.allowed.once import Step
from schemas.plain import some

IRREVERSIBLE, REMOVAL, WRITE, STEP, STOPPED, DRIFT, RECORDED, DECLARED = (
    "irreversible",
    "removal",
    "write",
    "step",
    "stopped",
    "drift",
    "recorded",
    "declared",
)
SECTIONS: Mapping[str, str] = {
    IRREVERSIBLE: "Cannot be undone",
    REMOVAL: "Leaves the files",
    WRITE: "Is written",
    STEP: "Becomes a person's step",
    STOPPED: "Is stopped",
    DRIFT: "Drift that is repaired",
    RECORDED: "Is only recorded",
    DECLARED: "Is declared otherwise (nothing was looked at)",
}
"""Section of a line -> its title, in the order in which they are shown."""
_ORDER = {name: number for number, name in enumerate(SECTIONS)}


@dataclass(frozen=True, slots=True)
class Value:
    """One field. `old`: what is there now ("" for nothing). `before`: what was declared before, where it is neither."""

    field: str
    old: str
    new: str
    before: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happens. `owner`: us, customer or distributor, of a person's step; `action`: what they do."""

    section: str
    text: str
    values: tuple[Value, ...] = ()
    owner: str = ""
    where: str = ""
    action: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One customer that changes. `file`: that declares it, "" for one that leaves."""

    key: str
    name: str
    connection: str
    file: str
    lines: tuple[Line, ...]

    @property
    def rank(self) -> int:
        """The most serious section first."""
        return min(_ORDER[line.section] for line in self.lines)

    def of(self, *sections: str) -> list[Line]:
        return [line for line in self.lines if line.section in sections]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a run of this would be refused, in one line with the way out. `rule`: "guard" or one of the stack's policy;
    `customer`: "" for the estate as a whole."""

    rule: str
    customer: str
    text: str

    def __str__(self) -> str:
        return f"{self.rule}: {f'{self.customer}: ' if self.customer else ''}{self.text}"


@dataclass(frozen=True, slots=True)
class Unlooked:
    """Customers of one connection that could not be looked at."""

    connection: str
    customers: tuple[str, ...]
    why: str
    do: str

    def __str__(self) -> str:
        who = some(self.customers, 5)
        return f"{self.connection}: {who or 'every customer'}: {self.why}" + (f". To do: {self.do}" if self.do else "")


@dataclass(frozen=True, slots=True)
class Report:
    """The whole. `lines`: "CONNECTION: LINE" -> "OLD -> NEW" of what decides whom we trust. `once`: what this run does
    and nobody can undo; `later`: what may follow as people and systems go on, and the plan allows too. `calls`,
    `seconds`: expected of the run, rough. `looked`: False for a plan from the files alone."""

    stack: str
    version: str
    digest: str
    customers: int
    changes: tuple[Change, ...]
    refusals: tuple[Refusal, ...] = ()
    lines: Mapping[str, str] = field(default_factory=dict)
    once: tuple[Step, ...] = ()
    later: tuple[Step, ...] = ()
    unlooked: tuple[Unlooked, ...] = ()
    calls: int = 0
    seconds: int = 0
    looked: bool = True

    @property
    def counts(self) -> dict[str, int]:
        """Section -> how many customers have a line in it."""
        found = Counter(section for one in self.changes for section in {line.section for line in one.lines})
        return {name: found[name] for name in SECTIONS if found[name]}

    @property
    def headline(self) -> str:
        """One line."""
        if not self.changes and not self.lines:
            return f"Nothing changes for {self.customers} customer{'s' if self.customers != 1 else ''}."
        told = ", ".join(f"{number} {WORDS[name]}" for name, number in self.counts.items())
        total = self.customers + sum(not one.file for one in self.changes)
        return f"{len(self.changes)} of {total} customers change: {told or 'none of them'}."

    @property
    def portal_on(self) -> list[str]:
        """Customers who are going to be able to buy by themselves."""
        return [
            one.key
            for one in self.changes
            for line in one.lines
            if line.section in (WRITE, DRIFT, STEP, DECLARED)
            and any(v.field == "cloud_provider.portal_access" and v.new == "on" for v in line.values)
        ]

    def as_dict(self) -> dict[str, Any]:
        """The JSON of `csp plan`."""
        found = asdict(self)
        return {
            **found,
            "counts": self.counts,
            "lines": dict(self.lines),
            "once": [step.words for step in self.once],
            "later": [step.words for step in self.later],
            "changes": [_lean(one) for one in found["changes"]],
        }


WORDS = {
    IRREVERSIBLE: "with what cannot be undone",
    REMOVAL: "leaving the files",
    WRITE: "written",
    STEP: "waiting for a person",
    STOPPED: "stopped",
    DRIFT: "repaired",
    RECORDED: "only recorded",
    DECLARED: "declared otherwise",
}
"""Section -> how a count of customers in it reads."""


def _lean(change: dict[str, Any]) -> dict[str, Any]:
    """Without empty members."""
    lines = [{name: value for name, value in line.items() if value} for line in change["lines"]]
    return {**change, "lines": lines}


def ordered(changes: Iterable[Change]) -> tuple[Change, ...]:
    """The changes by their most serious section, then by key; the lines of each by section."""
    sorted_lines = [_sorted(one) for one in changes]
    return tuple(sorted(sorted_lines, key=lambda one: (one.rank, one.key)))


def _sorted(change: Change) -> Change:
    lines: Sequence[Line] = sorted(change.lines, key=lambda line: _ORDER[line.section])
    return Change(change.key, change.name, change.connection, change.file, tuple(lines))
