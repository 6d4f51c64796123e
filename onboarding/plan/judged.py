"""One resource's planned change as data, made where check and diff of it run: what a reviewer needs, and no object of
an engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from onboarding.core.catalogue import CLAIMS
from onboarding.core.contract import ABSENT, NEXT_RUN, NOT_VISIBLE, Facts, Known, Outcome
from onboarding.core.state import AGAIN
from onboarding.plan import foresee, intent, irreversible

if TYPE_CHECKING:
    from clients.session import Session
    from onboarding.look.snapshot import Look


@dataclass(frozen=True, slots=True)
class Planned:
    """One resource of one customer in a plan.

    action: create or update. edits: [path, before, now] of the declaration. fields: [name, declared, seen] of what the
    systems show otherwise. moved: [name, before, now] of the deciding facts. drift: names of fields that somebody
    changed out there. seen: the deciding facts. once: [customer, kind, value]. status "" when nothing was looked at.
    """

    connection: str
    key: str
    kind: str
    action: str
    edits: list[list[str]] = field(default_factory=list)
    fields: list[list[str]] = field(default_factory=list)
    moved: list[list[str]] = field(default_factory=list)
    drift: list[str] = field(default_factory=list)
    seen: dict[str, str] = field(default_factory=dict)
    status: str = ""
    waiting_on: str = ""
    reason: str = ""
    step: dict[str, Any] | None = None
    once: list[list[str]] = field(default_factory=list)
    ahead: bool = False  # assessed as if the earlier resources of the customer were done

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Subject:
    """The resource that a plan is asked about. `before`: its declared inputs of the last run, None for a new one."""

    connection: str
    key: str
    kind: str
    thing: Any
    before: Mapping[str, Any] | None
    inputs: Mapping[str, Any]
    known: Known

    def unlooked(self) -> Planned:
        """From the files and the state alone."""
        return Planned(self.connection, self.key, self.kind, self._action, self._edits())

    def looked_at(self, look: Look, session: Session, *, earlier_writes: bool) -> tuple[Planned, Outcome]:
        """With a look. `earlier_writes`: this run does what the resource waits for. Raises ClientErrors."""
        desired = self.thing.Inputs.model_validate(dict(self.inputs))
        facts = self.thing.observe(desired, self.known, look)
        outcome: Outcome = self.thing.assess(desired, self.known, facts, session)
        ahead = earlier_writes and foresee.waits_for_earlier(outcome)
        if ahead:
            outcome = foresee.foreseen(self.kind, desired, self.known, facts, session)
        steps = irreversible.now(self.kind, desired, self.known, outcome, session)
        edits = self._edits()
        planned = Planned(
            self.connection,
            self.key,
            self.kind,
            self._action,
            edits,
            _fields(outcome.facts),
            _moved(self.known.handled, facts.seen),
            _drift(self.known.handled, facts, {path.rpartition(".")[2] for path, _, _ in edits}),
            dict(facts.seen),
            outcome.status,
            outcome.waiting_on,
            outcome.reason,
            outcome.next_step.as_dict() if outcome.next_step is not None else None,
            [step.words for step in steps],
            ahead,
        )
        return planned, outcome

    @property
    def _action(self) -> str:
        return "create" if self.before is None else "update"

    def _edits(self) -> list[list[str]]:
        old = intent.of_resource(self.kind, self.before) if self.before is not None else {}
        new = intent.of_resource(self.kind, self.inputs)
        return [
            [path, intent.text(old.get(path, "")), intent.text(new.get(path, ""))]
            for path in dict.fromkeys([*new, *old])
            if path != "key" and old.get(path) != new.get(path)
        ]


def writes(outcome: Outcome) -> bool:
    """Whether a run does something that later resources of the customer may build on."""
    return outcome.waiting_on == NEXT_RUN


def _fields(facts: Facts) -> list[list[str]]:
    return [[name, one.declared, one.seen] for name, one in facts.fields.items() if one.state == "mismatch"]


def _moved(handled: Mapping[str, str] | None, seen: Mapping[str, str]) -> list[list[str]]:
    if handled is None or dict(handled) == AGAIN:
        return []
    names = sorted({*handled, *seen})
    return [[n, handled.get(n, ""), seen.get(n, "")] for n in names if handled.get(n) != seen.get(n)]


def _drift(handled: Mapping[str, str] | None, facts: Facts, edited: set[str]) -> list[str]:
    """Fields that were as declared at the last run, or other than they are now, and that no edit explains."""
    if handled is None or dict(handled) == AGAIN:
        return []
    return [
        name
        for name, one in facts.fields.items()
        if one.state == "mismatch" and name not in CLAIMS and name.rpartition(".")[2] not in edited
        if one.seen not in ("", ABSENT, NOT_VISIBLE) and handled.get(name) != facts.seen.get(name)
    ]
