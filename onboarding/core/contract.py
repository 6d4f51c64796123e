"""What every resource of the domain speaks: facts, fields, outcomes, next steps.

A resource is a claim that is observed, moved one step if an API can, and otherwise waits on a named person. Each
thing is a module with these verbs:

    observe(desired, known, look)            -> Facts     read-only
    assess(desired, known, facts, session)   -> Outcome   what the facts mean; no call, so a refresh can tell it too
    converge(desired, known, facts, session) -> Outcome   one idempotent step, then assess again
    release(known, session)                  -> Outcome   only for an explicit ending
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

from onboarding.core.remembered import regular
from schemas.distributor import DISTRIBUTOR

Status = Literal["ready", "waiting", "blocked", "unobserved"]
Owner = Literal["us", "customer", "distributor"]
FieldState = Literal["match", "mismatch", "not_visible"]

OWNERS: dict[str, str] = {"us": "us", "customer": "the customer", "distributor": DISTRIBUTOR.name}
"""Who has to do a step, in words."""
Tell = Callable[[int, int], None]
"""Called with (done, in all) while something long goes on."""

NEXT_RUN = "next run"  # waiting_on: nobody; the next `up` does it
EARLIER = "earlier step"  # waiting_on: another resource of the same customer comes first
NOT_CHECKED = "not checked"  # waiting_on, where it is shown: nobody knows, because no look succeeded yet
NOT_VISIBLE = "not visible"  # in `seen`: no system shows it; never the same as absent
ABSENT = "absent"
CANNOT_BE_SEEN = "cannot be seen"  # of a gate, of a step: no system shows it, and nobody stated it


def now() -> str:
    """The present moment as RFC 3339, seconds, UTC. One function, so that tests can set the clock."""
    return stamp(datetime.now(UTC))


def stamp(moment: datetime) -> str:
    """RFC 3339, seconds, UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class NextStep:
    """What one person does next: which kind of step it is, who does it, and its parameters (plain values).

    Screens and labels are looked up when the step is shown (`onboarding.steps`).
    """

    code: str
    owner: Owner
    values: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The shape kept in state; no `values` where there are none."""
        values = {name: list(one) if isinstance(one, tuple) else one for name, one in self.values.items()}
        return {"code": self.code, "owner": self.owner} | ({"values": values} if values else {})


@dataclass(frozen=True, slots=True)
class Field:
    """One declared field against what a system shows. `confirmed`: who stated it, when no system shows it ("" =
    nobody)."""

    state: FieldState
    declared: str
    seen: str
    where: str
    confirmed: str = ""

    @property
    def holds(self) -> bool:
        """True when the field is seen as declared, or cannot be seen and a person confirmed it."""
        return self.state == "match" or (self.state == "not_visible" and bool(self.confirmed))

    def as_dict(self) -> dict[str, str]:
        """The shape kept in state; `confirmed` only where there is one."""
        shown = {"declared": self.declared, "seen": self.seen, "state": self.state, "where": self.where}
        return shown | ({"confirmed": self.confirmed} if self.confirmed else {})


@dataclass(frozen=True, slots=True)
class Facts:
    """What the remote systems say now.

    fields: declared field -> comparison. seen: what decides, canonical texts, nothing volatile.
    live: dotted input path -> live value, for fields that an API or a console can repair.
    data: the objects behind it, for converge only.
    """

    fields: Mapping[str, Field] = field(default_factory=dict)
    seen: Mapping[str, str] = field(default_factory=dict)
    live: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run ended with. `carried`: values that other resources or the next run need (never a secret).

    again: nothing was decided (not sent, or the answer got lost): the next run tries although nothing has changed.
    final: the system gave a definite answer. The next write is a new attempt, with a request id of its own.
    do: of an unobserved resource: the one thing to do so that the next run can look again.
    alarm: what a person must hear of although the run went on; the run ends red, after everything else is done.
    """

    status: Status
    facts: Facts
    waiting_on: str = ""
    reason: str = ""
    next_step: NextStep | None = None
    carried: Mapping[str, str] = field(default_factory=dict)
    memory: Mapping[str, Any] = field(default_factory=dict)
    again: bool = False
    final: bool = False
    do: str = ""
    alarm: str = ""

    def but(self, **changes: Any) -> Outcome:
        """The same outcome with some members changed."""
        return replace(self, **changes)


@dataclass(frozen=True, slots=True)
class Known:
    """What the last run left in state (its outputs); empty before the first."""

    outputs: Mapping[str, Any] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """An output as text, "" when absent."""
        value = self.outputs.get(name)
        return value if isinstance(value, str) else ""

    @property
    def memory(self) -> dict[str, Any]:
        """What no system can show, in today's shape; each resource reads it by its model (`core.remembered`)."""
        return regular(self.outputs.get("memory") or {})

    def remembering(self, changes: Mapping[str, Any]) -> Known:
        """The same with more to remember."""
        return Known({**self.outputs, "memory": self.memory | dict(changes)})

    @property
    def handled(self) -> dict[str, str] | None:
        """The deciding facts after the last converge; None before the first."""
        value = self.outputs.get("handled")
        return None if value is None else {str(k): str(v) for k, v in value.items()}

    @property
    def seen(self) -> dict[str, str]:
        """The deciding facts of the last observation."""
        return {str(k): str(v) for k, v in (self.outputs.get("seen") or {}).items()}

    @property
    def attempt(self) -> int:
        """Counter inside request ids; rises after a final answer, so that a repeated write is a new request."""
        return int(self.outputs.get("attempt") or 0)

    @property
    def retrying(self) -> bool:
        """A person ordered another try of what was refused (`csp retry`)."""
        return bool(self.outputs.get("retrying"))

    @property
    def renewing(self) -> bool:
        """A person ordered a new invitation (`csp invite renew`)."""
        return bool(self.outputs.get("renewing"))

    @property
    def rejected(self) -> str:
        """The definite rejection of the last converge, "" when there was none."""
        return self.text("rejected")


def ready(facts: Facts, **more: Any) -> Outcome:
    """Everything holds."""
    return Outcome("ready", facts, **more)


def waiting(facts: Facts, on: str, reason: str, step: NextStep | None = None, **more: Any) -> Outcome:
    """A normal state: somebody else (or the next run) comes next."""
    return Outcome("waiting", facts, waiting_on=on, reason=reason, next_step=step, **more)


def unobserved(reason: str, do: str, facts: Facts | None = None, **more: Any) -> Outcome:
    """Could not look: nothing was decided, and the next run tries again. `facts`: what was seen before it failed."""
    return Outcome("unobserved", facts or Facts(), reason=reason, do=do, again=True, **more)


def blocked(facts: Facts, reason: str, step: NextStep | None = None, **more: Any) -> Outcome:
    """A person must resolve it; the owner of the next step, or we."""
    return Outcome("blocked", facts, waiting_on=step.owner if step else "us", reason=reason, next_step=step, **more)
