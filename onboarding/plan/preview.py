"""What the processes of a preview said (`onboarding.allowed.said`), put together into the report of a plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import schemas
from onboarding.allowed import once
from onboarding.allowed.once import Step
from onboarding.allowed.reviewed import digest_of
from onboarding.core.catalogue import CLAIMS, RESOURCES
from onboarding.core.contract import ABSENT, EARLIER, NEXT_RUN, NOT_VISIBLE, OWNERS
from onboarding.plan import cost, intent, irreversible
from onboarding.plan import report as parts
from onboarding.plan.report import Change, Line, Refusal, Report, Unlooked, Value
from onboarding.readiness.blind import Unseen
from onboarding.resources.digests import ENDS
from onboarding.steps import text
from onboarding.steps.model import About
from onboarding.steps.registry import instructions
from onboarding.steps.registry import read as read_step

_DERIVED = frozenset({"company", "country", "language", "address", "route", "attestation"})
"""Inputs of later resources that repeat what the file says elsewhere."""
_DEFAULTS = frozenset({("lifecycle", "active"), ("on_remove", "keep")})
_NOTHING = frozenset({"", ABSENT, NOT_VISIBLE})
Outputs = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Customer -> kind -> outputs in state."""


class Preview:
    """What one preview said. `states`: the outputs in state before it."""

    def __init__(self, said: Sequence[Mapping[str, Any]], estate: schemas.Estate, states: Outputs) -> None:
        self.estate = estate
        self.states = states
        self.guard: Mapping[str, Any] = next((one for one in reversed(said) if one["what"] == "guard"), {})
        self.resources: dict[str, dict[str, Mapping[str, Any]]] = defaultdict(dict)
        for one in said:
            if one["what"] == "resource":
                self.resources[one["key"]][one["kind"]] = one

    def report(
        self,
        unseen: Sequence[object],
        policy: Mapping[str, str],
        refusals: Sequence[Refusal] = (),
        *,
        looked: bool = True,
    ) -> Report:
        """The whole, with the digest that a review is bound to. `unseen`: what could not be looked at."""
        changes = parts.ordered([*self._changes(), *self._removed()])
        now = self.once()
        number, seconds = cost.expected(self.estate, self.resources)
        guard = [Refusal("guard", "", text) for text in self.guard.get("refusals", ())]
        # A rule that both can tell of is told once, by the look: it knows which tenants are there already.
        looked_at = {(one.rule, one.customer) for one in refusals}
        guard += [one for one in self._ruled() if (one.rule, one.customer) not in looked_at]
        return Report(
            self.estate.stack,
            intent.version(),
            digest_of(self.reviewed(policy)),
            len(self.estate.customers),
            changes,
            (*guard, *refusals),
            dict(sorted(self.guard.get("changed", {}).items())),
            tuple(now),
            tuple(sorted({*self.allowed()} - {*now})),
            tuple(Unlooked(u.connection, u.customers, u.why, u.do) for u in unseen if isinstance(u, Unseen)),
            number,
            seconds,
            looked,
        )

    def _ruled(self) -> Iterator[Refusal]:
        for rule, customer, why in self.guard.get("ruled", ()):
            yield Refusal(rule, customer, why)

    def reviewed(self, policy: Mapping[str, str]) -> dict[str, Any]:
        """What a reviewer approves: what the files declare, and the live values that the changes overwrite.

        A step that people take between review and run (a tenant is linked, an invitation accepted) is not in it, so it
        does not make the plan another one."""
        facts: dict[str, dict[str, str]] = {}
        for key, kinds in sorted(self.resources.items()):
            for kind, one in kinds.items():
                for name, _, seen in one["fields"]:
                    if one["waiting_on"] == NEXT_RUN and name not in CLAIMS and seen not in _NOTHING:
                        facts.setdefault(key, {})[f"{RESOURCES[kind].section}.{name}"] = seen
        return {"intent": intent.of_estate(self.estate, policy), "facts": facts}

    def starts(self) -> dict[str, dict[str, dict[str, str]]]:
        """Customer -> kind of resource -> the deciding facts that the planned change starts from."""
        return {
            key: {kind: dict(one["seen"]) for kind, one in kinds.items()}
            for key, kinds in sorted(self.resources.items())
        }

    def once(self) -> list[Step]:
        """What this run does and nobody can undo."""
        found = [Step(*step) for kinds in self.resources.values() for one in kinds.values() for step in one["once"]]
        return sorted({*found, *self._endings()})

    def allowed(self) -> list[Step]:
        """What a run may do that nobody can undo: what it does now (`once`), and what the files lead to as people
        and systems go on."""
        return sorted({*self.once(), *(step for one in self.estate.customers for step in self._later(one))})

    def _later(self, one: schemas.Customer) -> Iterator[Step]:
        return irreversible.may_follow(one, self.estate.connection_of(one), self.states.get(one.key, {}))

    def _endings(self) -> list[Step]:
        gone: Mapping[str, str] = self.guard.get("gone", {})
        return [Step(key, once.ENDING, key) for key, digest in gone.items() if ENDS in digest]

    # Customers.

    def _changes(self) -> Iterator[Change]:
        for customer in self.estate.customers:
            kinds = self.resources.get(customer.key, {})
            shown: set[str] = set()
            lines = [
                line for kind in RESOURCES if kind in kinds for line in self._lines(customer, kinds[kind], kinds, shown)
            ]
            lines = list(dict.fromkeys(lines))
            if any(line.section == parts.DECLARED for line in lines):  # nobody looked how far the customer is
                lines += [Line(parts.IRREVERSIBLE, f"may happen: {_once_text(step)}") for step in self._later(customer)]
            if lines:
                file = self.estate.sources.get(customer.key, "")
                yield Change(customer.key, customer.profile.organization, customer.connection, file, tuple(lines))

    def _removed(self) -> Iterator[Change]:
        for key, remains in self.guard.get("removed", {}).items():
            outputs = self.states.get(key, {})
            name = (outputs.get("Customer", {}).get("profile") or {}).get("organization") or key
            lines = [Line(parts.REMOVAL, remains)]
            if ENDS in self.guard["gone"][key]:
                domain = (outputs.get("TenantIdentity", {}).get("memory") or {}).get("domain", "")
                lines.insert(0, Line(parts.IRREVERSIBLE, f"ends the relationship with {domain or 'its tenant'}"))
            yield Change(key, str(name), "", "", tuple(lines))

    def _lines(
        self,
        customer: schemas.Customer,
        one: Mapping[str, Any],
        kinds: Mapping[str, Mapping[str, Any]],
        shown: set[str],
    ) -> Iterator[Line]:
        values = tuple(self._values(one, shown))
        for step in one["once"]:
            yield Line(parts.IRREVERSIBLE, _once_text(Step(*step)))
        if one["status"] == "":
            if values:
                yield Line(parts.DECLARED, RESOURCES[one["kind"]].title, values)
        elif one["status"] == "unobserved":
            yield Line(parts.STOPPED, f"{RESOURCES[one['kind']].title}: could not be looked at", values)
        elif one["status"] == "blocked":
            yield self._step(parts.STOPPED, customer, one, values)
        elif one["waiting_on"] == NEXT_RUN:
            section = parts.DRIFT if one["drift"] and not one["edits"] else parts.WRITE
            yield Line(section, _this_run(one), values)
        elif one["status"] == "waiting" and one["waiting_on"] != EARLIER:
            yield self._step(parts.STEP, customer, one, values)
        elif one["action"] == "update" or values:
            yield from _recorded(one, values)

    def _step(
        self, section: str, customer: schemas.Customer, one: Mapping[str, Any], values: tuple[Value, ...]
    ) -> Line:
        step = text.as_dict(instructions(read_step(one["step"]), About.of(customer))) if one["step"] else None
        owner = str((step or {}).get("owner") or one["waiting_on"] or "us")
        return Line(
            section,
            f"{RESOURCES[one['kind']].title}: {one['reason']}; for {OWNERS.get(owner, owner)}",
            values,
            owner,
            str(step["where"]) if step else "",
            str(step["action"]) if step else "",
        )

    def _values(self, one: Mapping[str, Any], shown: set[str]) -> Iterator[Value]:
        """What differs, each field once a customer."""
        section = RESOURCES[one["kind"]].section
        edits = {path: (before, now) for path, before, now in one["edits"]}
        for name, declared, seen in one["fields"]:
            path = f"{section}.{name}"
            before, _ = edits.pop(path, (declared, declared))
            if name in CLAIMS or path in shown:
                continue
            shown.add(path)
            yield Value(path, "" if seen == ABSENT else seen, declared, "" if before in (seen, declared) else before)
        for path, (before, now) in edits.items():
            derived = path.partition(".")[0] in _DERIVED and one["kind"] != "Attestation"
            derived = derived or (one["kind"] == "Attestation" and not path.startswith("attestation."))
            quiet = (one["action"] == "create" and (path, now) in _DEFAULTS) or (now == "off" and not before)
            if path not in shown and not quiet and not (derived and (one["action"] == "create" or shown)):
                shown.add(path)
                yield Value(path, before, now)


def _once_text(step: Step) -> str:
    if step.kind == once.TENANT:
        return f"makes the Microsoft tenant {step.value} for ever: nobody can remove it or use its prefix again"
    return f"mails the {step.value}"


def _this_run(one: Mapping[str, Any]) -> str:
    text = str(one["reason"]).replace("the next run", "this run")
    return f"{RESOURCES[one['kind']].title}: {text}"


def _recorded(one: Mapping[str, Any], values: tuple[Value, ...]) -> Iterator[Line]:
    """What goes into state and nowhere else."""
    moved = "; ".join(f"{name}: {before or ABSENT} -> {now or 'as declared'}" for name, before, now in one["moved"])
    if one["status"] == "waiting" and one["action"] == "create":
        yield Line(parts.RECORDED, f"{RESOURCES[one['kind']].title}: {one['reason']}")
    elif moved or values:
        yield Line(parts.RECORDED, f"{RESOURCES[one['kind']].title}: {moved or 'nothing is sent'}", values)
    elif one["action"] == "create":
        yield Line(parts.RECORDED, f"{RESOURCES[one['kind']].title}: is there as declared")
