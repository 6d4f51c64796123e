"""How readiness is shown on a terminal: the table, one customer gate by gate, one next step."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from csp.say import cell, say
from onboarding.core.contract import NOT_CHECKED, OWNERS
from onboarding.core.follow_up import FollowUp
from onboarding.readiness.blind import Unseen, moment
from onboarding.readiness.counts import Task
from onboarding.readiness.table import (
    COLUMNS,
    as_last_seen,
    can_order_narrow,
    can_order_text,
    footer,
    heads,
    table_rows,
)
from onboarding.readiness.verdicts import Readiness
from onboarding.steps import see_again, text
from onboarding.steps.model import About, Instructions
from onboarding.steps.registry import instructions
from schemas.command import command, shown
from schemas.plain import block

WIDE = 130
NARROW_COLUMNS = ("Customer", "Order", *heads(narrow=True), "Waits for")
DAY = 86400


def pasted(*words: str, **options: str | bool) -> str:
    """One of our commands, as whoever reads it here can paste it; `options` as for `schemas.command.command`."""
    return shown(command(*words, **options))  # type: ignore[arg-type]


def told_on_stack(verdict: Readiness, stack: str) -> Readiness:
    """The verdict with such reasons. A next step keeps its commands as data until it is printed."""
    gates = {name: replace(gate, why=shown(gate.why, stack=stack)) for name, gate in verdict.gates.items()}
    resources = {kind: replace(one, outputs=_told(one.outputs, stack)) for kind, one in verdict.resources.items()}
    return replace(verdict, gates=gates, resources=resources)


def _told(outputs: Mapping[str, Any], stack: str) -> dict[str, Any]:
    told = dict(outputs)
    if reason := told.get("reason"):
        told["reason"] = shown(str(reason), stack=stack)
    if blind := told.get("unobserved"):
        lines = {name: shown(str(blind[name]), stack=stack) for name in ("reason", "do") if name in blind}
        told["unobserved"] = {**blind, **lines}
    return told


def unseen_on_stack(one: Unseen, stack: str) -> dict[str, Any]:
    """The JSON of what could not be looked at, with such commands."""
    return one.as_dict() | {"why": shown(one.why, stack=stack), "do": shown(one.do, stack=stack)}


def print_unseen(unseen: Iterable[Unseen], stack: str = "", *, err: bool = False) -> None:
    """Print first what could not be looked at: everything below it is as last seen. `err`: on stderr, where stdout is
    for machines."""
    for one in unseen:
        say(shown(str(one), stack=stack), err=err)


def as_tasks(unseen: Iterable[Unseen], owner: str) -> list[Task]:
    """To see again is a step of ours, before all others; it is about no customer."""
    if owner not in ("", "us"):
        return []
    found = []
    for one in unseen:
        step = see_again(connection=one.connection, do=one.do, customers=one.customers, why=one.why)
        found.append(Task("", one.since, instructions(step, About("", "")), FollowUp()))
    return found


def print_table(verdicts: list[Readiness], stack: str, unseen: Iterable[Unseen] = ()) -> None:
    """Print what could not be looked at, the readiness table of a stack, the first sentence of each next step, and the
    footer."""
    print_unseen(unseen, stack)
    going = [v for v in verdicts if v.ending]
    verdicts = [v for v in verdicts if not v.ending]
    print_rows([row[:-1] for row in table_rows(verdicts)], list(map(can_order_narrow, verdicts)))
    if _is_narrow() and any(map(as_last_seen, verdicts)):
        say(f"? {NOT_CHECKED} by the last run: as last seen")
        say()
    if starred := next((v.key for v in verdicts if v.can_order and v.on_confirmation), ""):
        say(f"* some gates rest on a person's confirmation: {pasted('status', stack=stack, k=starred)}")
        say()
    for verdict in verdicts:
        if verdict.next_step:
            say(f"{verdict.key}: {text.first_sentence(verdict.next_step, text.Reader(stack))}")
    if any(v.next_step for v in (*verdicts, *going)):
        say()
        say(f"Menu paths and values to enter: {pasted('todo', stack=stack)}")
    say(footer(verdicts))
    oldest = max((gate.age or 0 for verdict in verdicts for gate in verdict.gates.values()), default=0)
    if oldest >= DAY:
        say(f"The oldest of this was looked at {age(oldest)} ago: {pasted('up', stack=stack)} looks again.")
    for verdict in going:
        say()
        explain_leaving(verdict, stack)


def _is_narrow() -> bool:
    return Console().width < WIDE


def print_rows(rows: list[tuple[str, ...]], orders: list[str]) -> None:
    """The readiness table: the cells of `table_rows` without the next step. On a narrow terminal heads and
    words are shorter (`orders`: who can order, a word a row), the date is left out, and a name has several lines. No
    word is broken but one of a name that is longer than its whole column."""
    console, narrow = Console(), _is_narrow()
    columns = NARROW_COLUMNS if narrow else COLUMNS[:-1]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 0) if narrow else (0, 1))
    for number, name in enumerate(columns):
        table.add_column(name, overflow="fold", no_wrap=narrow and number > 0)
    for row, order in zip(rows, orders, strict=True):
        table.add_row(*map(cell, _narrow(row, order) if narrow else row))
    console.print(table)


def _narrow(row: tuple[str, ...], order: str) -> tuple[str, ...]:
    """The same row for a terminal of 80 columns: without the date, words shortened."""
    cells = [cell.replace("confirmed", "conf.").replace("the customer", "customer") for cell in row[:-1]]
    return (cells[0], order, *cells[2:])


def explain_leaving(verdict: Readiness, stack: str) -> None:
    """Print the three steps of a customer who leaves, and what is left to do."""
    say(f"{verdict.organization} ({verdict.key}): {verdict.lifecycle}")
    for step in verdict.ending:
        say(f"  {step.name:22} {step.state:15} {step.why}")
    if verdict.next_step:
        say(f"  Next step, for us: {text.action(verdict.next_step, text.Reader(stack))}")


def explain(verdict: Readiness, stack: str) -> None:
    """Print one customer gate by gate: state, what was seen and where, how long ago; then the next step."""
    if verdict.ending:
        explain_leaving(verdict, stack)
        return
    say(f"{verdict.organization} ({verdict.key}): can order: {can_order_text(verdict)}")
    for name, gate in verdict.gates.items():
        looked = "never looked at" if gate.age is None else f"looked at {age(gate.age)} ago"
        say(f"  {name:15} {gate.word:15} {gate.why}  [{looked}]")
    for note in notes(verdict):
        say(f"  {note}")
    if verdict.next_step:
        again = f"; {verdict.follow_up}" if str(verdict.follow_up) else ""
        say(f"Next step, for {OWNERS[verdict.next_step.owner]} (since {verdict.since[:10]}{again}):")
        print_step(verdict.next_step, stack)


def notes(verdict: Readiness) -> list[str]:
    """What a run told about a customer's resources, and what could not be looked at."""
    told = []
    for resource in verdict.resources.values():
        if reason := resource.outputs.get("reason"):
            told.append(str(reason))
        if blind := resource.outputs.get("unobserved"):
            told.append(f"not checked since {moment(blind['since'])}: {blind['reason']}")
    return list(dict.fromkeys(told))


def print_step(step: Instructions, stack: str) -> None:
    """Print where, what, every value by the label of its screen, and the link."""
    say(f"  {text.where(step)}")
    say(f"  {text.action(step, text.Reader(stack))}")
    for entry in text.entries(step):
        first, *more = block(entry.value).split("\n")
        say(f"    {entry.label:34} {first}")
        for line in more:
            say(f"    {'':34} {line}")
    if step.link:
        say(f"    {step.link}")


def age(seconds: int) -> str:
    """Seconds for people: "3 d", "2 h", "5 min", "20 s"."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
