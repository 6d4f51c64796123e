"""Letting the people work, in the order in which each of them can."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from csp_sandbox.forms import FormError
from csp_sandbox.people import customers, distributor, operator
from csp_sandbox.people.operator import Step
from csp_sandbox.situation.world import World

OPERATOR, TD_SYNNEX = "ION operator", "TD SYNNEX operations"
PASS_SECONDS = 300
#: A run that sends a mail is over before the mail is read, as in real life.
READING_DELAY = timedelta(minutes=2)


@dataclass(slots=True)
class Diary:
    """What happened, in order. A refusal stays also when the same step succeeded later: `overcome` tells."""

    acted: list[dict[str, str]] = field(default_factory=list)
    refused: list[dict[str, str | bool]] = field(default_factory=list)

    def did(self, who: str, customer: str, what: str) -> None:
        self.acted.append({"who": who, "customer": customer, "did": what})

    def failed(self, who: str, customer: str, why: str) -> None:
        line: dict[str, str | bool] = {"who": who, "customer": customer, "why": why, "overcome": False}
        if line not in self.refused:
            self.refused.append(line)

    def overcome(self, who: str, customer: str, whys: set[str]) -> None:
        for line in self.refused:
            if line["who"] == who and line["customer"] == customer and line["why"] in whys:
                line["overcome"] = True

    def as_json(self) -> dict[str, list[Any]]:
        return {"acted": list(self.acted), "refused": list(self.refused)}


@dataclass(slots=True)
class Task:
    """One thing that somebody tries until it works; `whys` are the refusals so far."""

    who: str
    customer: str
    work: Callable[[], list[str]]
    whys: set[str] = field(default_factory=set)


def mode(world: World) -> str:
    """`auto`: customers act when a mail has come; `hand`: only when told to."""
    return str(world.store.meta.get("people", {}).get("mode", "hand"))


def set_mode(world: World, value: str) -> None:
    world.store.set_meta("people", {**world.store.meta.get("people", {}), "mode": value})


def before_request(world: World) -> None:
    """Customers on automatic read what has been in their mailboxes for two minutes."""
    if mode(world) == "auto":
        read_mailboxes(world, Diary(), world.clock.now() - READING_DELAY)


def read_mailboxes(world: World, diary: Diary, until: datetime) -> bool:
    """Everybody reads the unread mails that came until a moment, oldest first. True when somebody acted."""
    seen = int(world.store.meta.get("people:last-mail", 0))
    acted = False
    for mail in list(world.store.mails.after("all", "", seen)):
        if mail.received_at > until:
            break
        seen = mail.seq
        for person in [*mail.to, *mail.cc]:
            did, failed = customers.read_mail(world, mail, person)
            mail.read_by.append(person)
            for what in did:
                acted = True
                diary.did(person, _customer_of(world, person), what)
            for why in failed:
                diary.failed(person, _customer_of(world, person), why)
        world.store.mails.put(mail)
        world.store.set_meta("people:last-mail", seen)
    return acted


def _customer_of(world: World, person: str) -> str:
    """How the answer names the company of a person: its contact's e-mail, "" when we cannot tell."""
    tenants = world.store.tenants
    tenant = tenants.first("email", person.casefold()) or tenants.first("contact", person.casefold())
    if tenant is not None:
        return tenant.email or tenant.company_name
    return person if world.store.customers.first("email", person.casefold()) else ""


def _work_off(tasks: list[Task], diary: Diary) -> bool:
    """Try every open task once; what succeeds leaves the list. Returns whether something changed."""
    changed = False
    for task in list(tasks):
        try:
            done = task.work()
        except FormError as error:
            task.whys.add(str(error))
            diary.failed(task.who, task.customer, str(error))
            continue
        tasks.remove(task)
        diary.overcome(task.who, task.customer, task.whys)
        for what in done:
            changed = True
            diary.did(task.who, task.customer, what)
    return changed


def act(world: World, todo: list[Step]) -> Diary:
    """All that can act now act, until nobody can any more. The clock moves on by five minutes."""
    diary, known = Diary(), dict[str, str]()
    ours = [step for step in todo if step.owner in ("us", "customer")]
    console = [
        Task(OPERATOR, s.key, partial(operator.fill_in, world, s, known)) for s in ours if operator.wants_console(s)
    ]
    mails = [Task(OPERATOR, s.key, partial(operator.write_mail, world, s)) for s in ours if operator.wants_mail(s)]
    asked = [step for step in todo if step.owner == "distributor"]
    tickets = [Task(TD_SYNNEX, s.key, partial(distributor.answer_ticket, world, s, known)) for s in asked]
    progress = True
    while progress:
        progress = read_mailboxes(world, diary, world.clock.now())
        for tasks in (console, mails, tickets):
            progress |= _work_off(tasks, diary)
    world.clock.advance(PASS_SECONDS)
    world.save_clock()
    return diary
