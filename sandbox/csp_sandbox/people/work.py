"""Letting the people work, in the order in which each of them can."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from csp_sandbox.console.forms import FormError
from csp_sandbox.people import customers, distributor, operator
from csp_sandbox.people.operator import Step
from csp_sandbox.world import World

OPERATOR, TD_SYNNEX = "ION operator", "TD SYNNEX operations"
PASS_SECONDS = 300


@dataclass(slots=True)
class Diary:
    """What happened. A refusal that was overcome later is told with the success."""

    acted: list[dict[str, str]] = field(default_factory=list)
    refused: dict[tuple[str, str], str] = field(default_factory=dict)

    def did(self, who: str, customer: str, what: str) -> None:
        before = self.refused.pop((who, customer), "")
        self.acted.append(
            {"who": who, "customer": customer, "did": what + (f" (at first refused: {before})" if before else "")}
        )

    def failed(self, who: str, customer: str, why: str) -> None:
        self.refused[(who, customer)] = why

    def as_json(self) -> dict[str, list[dict[str, str]]]:
        refused = [{"who": who, "customer": customer, "why": why} for (who, customer), why in self.refused.items()]
        return {"acted": self.acted, "refused": refused}


def mode(world: World) -> str:
    """`auto`: customers act when a mail has come; `hand`: only when told to."""
    return str(world.store.meta.get("people", {}).get("mode", "hand"))


def set_mode(world: World, value: str) -> None:
    world.store.set_meta("people", {**world.store.meta.get("people", {}), "mode": value})


def before_request(world: World) -> None:
    """Customers on automatic read what has come since the last request."""
    if mode(world) == "auto":
        read_mailboxes(world, Diary())


def read_mailboxes(world: World, diary: Diary) -> bool:
    """Everybody reads the mails that nobody has read yet, oldest first. Returns whether somebody did something."""
    seen = int(world.store.meta.get("people:last-mail", 0))
    acted = False
    for mail in list(world.store.mails.after("all", "", seen)):
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
    """How the answer names the company of a person: its contact's e-mail, "" for a stranger."""
    tenants = world.store.tenants
    tenant = tenants.first("email", person.casefold()) or tenants.first("contact", person.casefold())
    return tenant.email or tenant.company_name if tenant else ""


def _work_off(steps: list[Step], work: Callable[[Step], list[str]], who: str, diary: Diary) -> bool:
    """Try every open step once; what succeeds leaves the list. Returns whether something changed."""
    changed = False
    for step in list(steps):
        try:
            done = work(step)
        except FormError as error:
            diary.failed(who, step.key, str(error))
            continue
        steps.remove(step)
        for what in done:
            changed = True
            diary.did(who, step.key, what)
        diary.refused.pop((who, step.key), None)
    return changed


def act(world: World, todo: list[Step]) -> Diary:
    """All that can act now act, until nobody can any more. The clock moves on by five minutes."""
    diary = Diary()
    open_console = [step for step in todo if step.owner in ("us", "customer") and operator.wants_console(step)]
    open_mails = [step for step in todo if step.owner in ("us", "customer") and operator.wants_mail(step)]
    tickets = [step for step in todo if step.owner == "distributor"]
    known: dict[str, str] = {}
    progress = True
    while progress:
        progress = read_mailboxes(world, diary)
        progress |= _work_off(open_console, lambda step: operator.fill_in(world, step, known), OPERATOR, diary)
        progress |= _work_off(open_mails, lambda step: [operator.write_mail(world, step)], OPERATOR, diary)
        progress |= _work_off(tickets, lambda step: [distributor.answer_ticket(world, step, known)], TD_SYNNEX, diary)
    world.clock.advance(PASS_SECONDS)
    world.save_clock()
    return diary
