"""What the plugin says while a plan is made, and what it holds back while a reviewed plan is carried out.

`csp plan` sets said.PLANNING: then check and diff of each resource also say what a run would do about it. `csp up
--plan` sets reviewed.PLAN: then no resource is written whose declaration is not the one that was reviewed, and none
whose facts a person has changed since.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import schemas
from clients.errors import ClientError, contained
from clients.home import home_of
from onboarding.allowed import once, reviewed, said
from onboarding.core.contract import NEXT_RUN, Facts, Known, Outcome, waiting
from onboarding.core.remedy import reason, remedy
from onboarding.look import engine_run
from onboarding.look.run_notes import RUN
from providers import noted, sessions
from schemas.command import command

if TYPE_CHECKING:  # what makes and reads plans is loaded where there is one
    from clients.session import Session
    from onboarding.plan.judged import Subject

_LOCK = threading.Lock()
_EARLIER: dict[tuple[str, str], dict[str, str]] = {}
"""(connection, customer) -> what its resources that were planned before carry; "writes" when one of them writes."""
_ONLY_WHEN_WRITING = frozenset({"Customer", "ProviderAssociation"})


def say(what: str, **values: Any) -> None:
    """Tell the command that makes the plan."""
    said.append(said.folder(home_of(Path.cwd()), engine_run.name()), what, **values)


def carried(connection: str, key: str, name: str) -> str:
    """What an earlier resource of the same customer is going to give to this one, "" while that is not known."""
    with _LOCK:
        return _EARLIER.get((connection, key), {}).get(name, "")


def may_follow(connection: str, key: str, known: Known) -> bool:
    """Whether a resource that nothing else changes goes on because this run does what it waits for."""
    return known.text("waiting_on") == "earlier step" and bool(carried(connection, key, "writes"))


def about(subject: Subject) -> None:
    """Say what a run would do about one resource. What cannot be looked at is noted like in any other run."""
    from onboarding.plan.judged import writes

    if said.planning() == said.FILES:
        say("resource", **subject.unlooked().as_dict())
        return
    key = (subject.connection, subject.key)
    try:
        session = sessions.session(subject.connection)
        with contained():
            look = sessions.estate_look(subject.connection)
            earlier = bool(carried(*key, "writes"))
            if subject.kind == "Attestation" and session.partner_center is not None:
                earlier = bool(carried(*key, once.TENANT))  # else it comes with a relationship that people bring about
            planned, outcome = subject.looked_at(look, session, earlier_writes=earlier)
    except (ClientError, sessions.CannotOpen) as failure:
        do = remedy(failure, subject.connection)
        noted.could_not_look(subject.connection, subject.kind, subject.key, reason(failure), do)
        say("resource", **{**subject.unlooked().as_dict(), "status": "unobserved"})
        return
    with _LOCK:
        mine = _EARLIER.setdefault(key, {})
        mine |= {name: text for name, text in outcome.carried.items() if text}
        mine |= {kind: value for _, kind, value in planned.once}
        if writes(outcome):
            mine["writes"] = subject.kind
        elif outcome.status != "ready" and subject.kind == "Customer":
            mine.pop("writes", None)
    say("resource", **planned.as_dict())


def not_reviewed(estate: schemas.Estate) -> list[str]:
    """Why the program must not begin: what it declares is not what was reviewed, or no plan where one is needed."""
    from onboarding.plan import policy

    rules = policy.in_force(estate)
    try:
        plan = reviewed.of_this_run()
    except reviewed.Unusable as why:
        return [str(why)]
    if plan is not None:
        from onboarding.plan import file

        return [f"not what was reviewed: {one}" for one in file.differences(plan, estate, rules.lines)]
    if rules.plan.required and engine_run.verb() in engine_run.UP and not said.planning():
        return [str(policy.unplanned())]
    return []


def declared_otherwise(kind: str, inputs: Mapping[str, Any]) -> str:
    """Why a resource must not be touched at all: its declaration is not the reviewed one. "" when it is."""
    if not os.environ.get(reviewed.PLAN):
        return ""
    try:
        plan = reviewed.of_this_run()
    except reviewed.Unusable as why:
        return str(why)
    assert plan is not None
    from onboarding.plan import intent

    parts = plan.intent["customers"].get(inputs.get("key"), {})
    now = intent.of_resource(kind, inputs)
    if parts.get(kind) == now:
        return ""
    names = sorted(path for path in {*now, *parts.get(kind, {})} if now.get(path) != parts.get(kind, {}).get(path))
    return f"not what was reviewed ({', '.join(names[:5])}); nothing is written: {command('plan')}, review, then run it"


def held(kind: str, key: str, connection: str, known: Known, outcome: Outcome, session: Session) -> Outcome | None:
    """The outcome that holds a customer back, None when the change may go on from what is seen."""
    if not os.environ.get(reviewed.PLAN):
        return None
    from onboarding.plan import starts

    plan = reviewed.of_this_run()
    assert plan is not None
    if kind in _ONLY_WHEN_WRITING and outcome.waiting_on != NEXT_RUN:
        return None
    facts: Facts = outcome.facts
    found = starts.changed(plan.starts.get(key, {}).get(kind), known.handled, facts.seen)
    if not found:
        return None
    told = "; ".join(f"{name}: reviewed {before}, now {now}" for name, (before, now) in sorted(found.items()))
    why = f"somebody changed what was reviewed ({told}); make and review a new plan: {command('plan')}"
    fields = {name: {"reviewed": before, "now": now} for name, (before, now) in found.items()}
    once.hold(session.home, key, why, resource=kind, fields=fields)
    if not os.environ.get(RUN):  # a plain engine's run ends red by it; csp tells it and has a code for it
        noted.alarm(connection, key, f"held back: {why}")
    return waiting(facts, NEXT_RUN, f"held back: {why}", again=True)
