"""The state of each gate of a purchase, from the facts that the catalogue (`schemas.model.gates`) names for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from onboarding.core.contract import CANNOT_BE_SEEN
from onboarding.readiness.states import ResourceState
from schemas.model.gates import GATES

GateState = Literal["seen", "confirmed", "open", "wrong"]
MEANINGS: dict[str, str] = {
    "seen": "a system shows it as declared",
    "confirmed": "no system shows it; a person looked and said so",
    CANNOT_BE_SEEN: "no system shows it, and nobody has confirmed it",
    "open": "it is not there yet",
    "wrong": "it is there with another value",
}
"""Every word of a gate, and what it means."""


@dataclass(frozen=True, slots=True)
class Gate:
    """state: seen, confirmed, open or wrong. `age`: seconds since it was looked at, None when never. `source`: the
    systems that were looked at. `unseen`: open only because no system shows it and nobody confirmed it. `begins`: the
    word of the state that `why` begins with, "" for none. The words of this and every other level: docs/words.md."""

    state: GateState
    why: str
    age: int | None
    source: str = ""
    unseen: bool = False
    begins: str = ""

    @property
    def word(self) -> str:
        """The state for people, who are told apart what is open and what cannot be seen."""
        return CANNOT_BE_SEEN if self.unseen else self.state

    @property
    def passed(self) -> bool:
        return self.state in ("seen", "confirmed")


def _age(resource: ResourceState, now: datetime) -> int | None:
    stamp = resource.outputs.get("observed_at")
    return max(0, int((now - datetime.fromisoformat(stamp)).total_seconds())) if stamp else None


def _gate(resource: ResourceState, names: Iterable[str], now: datetime) -> Gate:
    """All named facts must hold. One wrong fact makes the gate wrong, one that nobody saw nor confirmed leaves it
    open."""
    state: GateState = "seen"
    whys, begins, sources, missing = list[str](), list[str](), list[str](), False
    for name in names:
        fact = resource.fact(name)
        sources.append(str(fact.get("where") or ""))
        if not fact:
            return Gate("open", str(resource.outputs.get("reason") or "not looked at yet"), _age(resource, now))
        label = "" if name in GATES else f"{name.replace('_', ' ')} "
        confirmed, hidden = bool(fact.get("confirmed")), fact["state"] == "not_visible"
        begins.append("" if label or not hidden else "confirmed" if confirmed else CANNOT_BE_SEEN)
        if fact["state"] == "match":
            whys.append(f"{label}{fact['seen'] or fact['declared']} ({fact['where']})")
        elif hidden and confirmed:
            state = "confirmed" if state == "seen" else state
            whys.append(f"{label}confirmed by {fact['confirmed']}")
        elif hidden:
            state = "open" if state != "wrong" else state
            whys.append(f"{label}{CANNOT_BE_SEEN} ({fact['where']}), nobody confirmed it")
        else:
            absent = fact["seen"] in ("absent", "")
            missing = True
            state = state if state == "wrong" else ("open" if absent else "wrong")
            whys.append(
                f"{label}{'not there' if absent else fact['seen']}, declared {fact['declared']} ({fact['where']})"
            )
    source = "; ".join(dict.fromkeys(filter(None, sources)))
    unseen = state == "open" and not missing
    return Gate(state, "; ".join(whys), _age(resource, now), source, unseen, next(iter(begins), ""))


def gates_of(have: Mapping[str, ResourceState], now: datetime) -> dict[str, Gate]:
    """Every gate of a customer. `have`: kind -> state, all kinds."""
    found = {}
    for key, gate in GATES.items():
        resource = have[gate.resource]
        found[key] = _gate(resource, gate.facts, now)
        if resource.last_status == "blocked" and not resource.outputs.get("facts"):
            found[key] = Gate("open", str(resource.outputs.get("reason") or ""), found[key].age)
    return found
