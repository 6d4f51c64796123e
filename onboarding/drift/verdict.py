"""What a difference between file and system means. The words are those of docs/words.md.

- *drift*: the field was as declared before, or a system shows another value and nobody knows why.
- *pending*: an open step explains it. The last run met the same value and made a step of it, the file was edited since,
  or nothing was ever there.
- *progress*: the field is as declared now, and was not the last time.
- *not_visible*: no system shows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from onboarding.core import compare
from onboarding.core.contract import ABSENT, EARLIER, NEXT_RUN, NOT_VISIBLE, OWNERS, Field, Known
from onboarding.drift.resources import EXTRA, RECORD, SECTION, Seen
from onboarding.resources.tenant_identity.observe import NO_ROW
from onboarding.steps import text
from onboarding.steps.model import About
from onboarding.steps.registry import instructions
from schemas.command import command
from schemas.distributor import DISTRIBUTOR

Verdict = Literal["match", "drift", "progress", "pending", "not_visible"]
CLAIMS = frozenset({"agreement", "relationship"})
"""Fields that somebody must bring about. One that never held is an open step, whatever is there instead."""
RESELLER = "reseller"
"""The one field of a customer that is a fact of the connection; it is told once, not once a customer."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One field with its verdict. `lost`: it was seen as declared before and is out of sight now."""

    seen: Seen
    name: str
    field: Field
    verdict: Verdict
    lost: bool = False

    @property
    def path(self) -> str:
        """Where the customer file declares it."""
        return f"{SECTION[self.seen.resource]}.{self.name}"

    @property
    def key(self) -> str:
        """Name of the field in the memory of a connection."""
        return f"{self.seen.resource}.{self.name}"


def judge(
    seen: Seen, held: Mapping[str, str], unsettled: Mapping[str, str], unknown: tuple[str, ...] = ()
) -> Iterator[Judged]:
    """Every field of one resource. `held`, `unsettled`: what earlier looks saw to hold or not; `unknown`: left open."""
    for name, field in seen.facts.fields.items():
        path = f"{SECTION[seen.resource]}.{name}"
        if name == RESELLER or path in unknown or (path == "identity.tenant" and "identity.tenant_id" in unknown):
            continue
        memory = f"{seen.resource}.{name}"
        if field.state == "match":
            yield Judged(seen, name, field, _reached(seen, name, field, unsettled.get(memory)))
        elif field.state == "not_visible":
            yield Judged(seen, name, field, "not_visible", _held(seen, name, field, held.get(memory)))
        else:
            yield Judged(seen, name, field, _differs(seen, name, field, held.get(memory)))


def _reached(seen: Seen, name: str, field: Field, before: str | None) -> Verdict:
    """A field that holds: progress when it did not the last time."""
    if seen.handled is not None:
        earlier = _in_state(seen.known, name)
        was_open = earlier.get("state") in ("mismatch", "not_visible") and not earlier.get("confirmed")
        return "progress" if was_open and dict(seen.facts.seen) != seen.handled else "match"
    same_wish = before is not None and before == compare.canonical(name, field.declared)
    return "progress" if same_wish else "match"


def _differs(seen: Seen, name: str, field: Field, held: str | None) -> Verdict:
    """A field that does not hold: who or what is behind it."""
    earlier = _in_state(seen.known, name)
    handled = seen.handled
    if earlier and not compare.same(name, earlier.get("declared", ""), field.declared):
        return "pending"  # the file was edited since the last run: the next one applies it
    by_run = name not in EXTRA and seen.resource != RECORD
    if by_run and handled is not None and dict(seen.facts.seen) == handled:
        return "pending"  # the last run met exactly this and made a step of it
    if _held(seen, name, field, held):
        return "drift"
    if not by_run:
        # No run changes these, so that a difference stays until somebody is told. A new signatory is asked, though.
        return "pending" if field.seen == ABSENT or seen.outcome.status == "waiting" else "drift"
    if not earlier and held is not None:
        return "pending"  # another wish held before: the file was edited since the last look
    if handled is not None:
        return "pending" if handled.get(name) == seen.facts.seen.get(name) else "drift"
    # Nobody saw it hold before. What is not there was most likely never there; another value is a difference to tell.
    return "pending" if name in CLAIMS or not field.seen or field.seen == ABSENT else "drift"


def _held(seen: Seen, name: str, field: Field, held: str | None) -> bool:
    """Whether the field was seen as declared: by an earlier look, or by the run that left the state."""
    earlier = _in_state(seen.known, name)
    same_wish = compare.same(name, earlier.get("declared", ""), field.declared)
    return held == compare.canonical(name, field.declared) or (earlier.get("state") == "match" and same_wish)


def _in_state(known: Known, name: str) -> Mapping[str, str]:
    found: Mapping[str, str] = (known.outputs.get("facts") or {}).get(name) or {}
    return found


def moved(seen: Seen) -> str:
    """What went on in a resource that still waits ("the signatory accepted"), "" when nothing did."""
    handled, now = seen.handled, dict(seen.facts.seen)
    if handled is None or now == handled or seen.outcome.status == "ready":
        return ""
    pairs = {name: (handled.get(name, ABSENT), now.get(name, ABSENT)) for name in now.keys() | handled.keys()}
    return "; ".join(
        f"{name}: {before} -> {after}"
        for name, (before, after) in sorted(pairs.items())
        # Coming into sight is no step, and the row that came is told by its own fields.
        if before != after and NOT_VISIBLE not in (before, after) and NO_ROW not in (before, after)
    )


def will(seen: Seen, name: str, organization: str, email: str) -> str:
    """What the next `up` does about a field (or a resource, name ""), in one line."""
    if seen.resource == RECORD or name in EXTRA:
        return _BY_HAND.get(name, _BY_HAND["record"])
    outcome = seen.outcome
    if outcome.waiting_on == NEXT_RUN:
        return outcome.reason
    if outcome.next_step is not None:
        step = instructions(outcome.next_step, About(organization, email))
        told = f"makes it a next step for {OWNERS[step.owner]}: {text.action(step)}"
        return told + (f" (then {command('todo')} has the details)" if text.has_details(step) else "")
    if outcome.waiting_on == EARLIER:
        return f"waits: {outcome.reason}"
    return f"{outcome.status}: {outcome.reason}" if outcome.reason else "nothing; correct it or change the file"


_BY_HAND = {
    "record": "nothing; correct it in Partner Center (Account > Billing profile) or change the file",
    "company_name": "nothing; correct it in Partner Center (Account > Billing profile) or change the file",
    "domain": "nothing; correct the domain or the tenant id in the file",
    "direct_customer": f"nothing; ask {DISTRIBUTOR.name} through which reseller the customer buys",
    "signatory": "nothing; declare who signed, if that person may",
}
"""Fields that no run changes, and who can. An `up` writes the company name only after a rename in the file."""
_OPERATIONS = {
    "relationship": ("relationship", "add_customer", "delete_"),
    "agreement": ("agreement", "attestation"),
    "signatory": ("agreement", "attestation"),
}
_RECORD_OPERATIONS = ("profile", "update_customer", "company_name")


def changes(one: Judged, operation: str) -> bool:
    """Whether an operation of Partner Center's activity log may have changed the field (its names are Microsoft's, and
    no page lists them all)."""
    return any(word in operation.lower() for word in _OPERATIONS.get(one.name, _RECORD_OPERATIONS))
