"""`csp status --live` and `csp todo --live`: an account as it is today, from one ION token.

No customer files, no state, no write. The only thing kept is the rotated token in the connection's token store, because
ION's refresh token is single-use.
"""

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import schemas
from clients.session import Session
from clients.wire import clock
from csp import access
from csp.errors import CommandError
from csp.project import Project
from csp.say import count, say, say_document, say_json
from csp.views import report
from csp.views.progress import progress
from csp.views.readiness import as_tasks, pasted, print_rows, print_unseen
from onboarding.core import contract
from onboarding.look.snapshot import IonLook
from onboarding.readiness import blind, live
from onboarding.readiness.blind import Unseen
from onboarding.readiness.counts import Task
from onboarding.readiness.table import can_order_narrow, can_order_text, table_rows
from onboarding.readiness.verdicts import Readiness
from onboarding.steps import text
from onboarding.steps.text import Reader
from schemas.plain import some

ACCOUNT_ONLY = "live"
"""Stands in for a connection when only an account id is given: CSP_LIVE_ION_REFRESH_TOKEN, tokens/live.json."""
SHOWN_KEYS = 8


@dataclass(frozen=True, slots=True)
class Account:
    """What one look at an account found, and how much it asked."""

    connection: str
    account: str
    verdicts: list[Readiness]
    calls: str


def live_status(
    connections: Sequence[str] = (), *, account: str = "", format_: str = "table", fail_on: str = ""
) -> None:
    """Print the readiness of every customer of each connection's ION account; with `account` of that account alone.

    `format_` is table, json, markdown or html. Raises CommandError: exit code 1 when the only account cannot be read or
    `fail_on` (waiting or blocked) applies to a customer; 10 when an account or a customer could not be looked at.
    """
    found, closed = _look(connections, account)
    unseen = _unseen(found, closed)
    everyone = [verdict for one in found for verdict in one.verdicts]
    if format_ == "json":
        print_unseen(unseen, err=True)
        say_json({"not_looked_at": [one.as_dict() for one in unseen]} | _report(found))
    elif format_ in report.FORMATS:
        title = ", ".join(f"ION account {one.account}" for one in found)
        page = report.render(format_, title, report.LIVE, everyone, clock.now(), _can_order, unseen=unseen)
        say_document(page)
    else:
        print_unseen(unseen)
        for one in found:
            _print(one)
    seen = [v for v in everyone if not v.unobserved]
    failing = fail_on in ("blocked", "waiting")
    held = [v.key for v in seen if v.stopped or (fail_on == "waiting" and not v.can_order)] if failing else []
    if held:
        raise CommandError(f"{len(held)} of {count(len(everyone), 'customer')} {fail_on}: {some(held, SHOWN_KEYS)}")
    _red(everyone, closed)


def _unseen(found: list[Account], closed: list[Unseen]) -> list[Unseen]:
    return [*closed, *(unseen for one in found for unseen in blind.in_account(one.connection, one.verdicts))]


def _red(everyone: list[Readiness], closed: list[Unseen]) -> None:
    """End with 10 when something could not be looked at."""
    if unread := [verdict.key for verdict in everyone if verdict.unobserved]:
        told = f"{len(unread)} of {count(len(everyone), 'customer')} could not be looked at: {some(unread, SHOWN_KEYS)}"
        raise CommandError(told, blind.UNOBSERVED)
    if closed:
        names = ", ".join(one.connection for one in closed)
        raise CommandError(f"no customer of {names} could be looked at", blind.UNOBSERVED)


def live_todo(connections: Sequence[str] = (), *, account: str = "", owner: str = "", format_: str = "text") -> None:
    """Print the next step of every customer of the accounts. `format_` is text or json, `owner` as for `csp todo`."""
    found, closed = _look(connections, account)
    unseen = _unseen(found, closed)
    print_unseen(unseen, err=format_ == "json")
    everyone = [verdict for one in found for verdict in one.verdicts]
    items = [(task, verdict) for one in found for task, verdict in live.todo(one.verdicts, owner)]
    if format_ == "json":
        say_json([task.as_dict(Reader()) for task in (*as_tasks(unseen, owner), *(task for task, _ in items))])
        _red(everyone, closed)
        return
    # A thousand customers share a handful of steps: each is told once, with everybody whom it concerns.
    for (where, action, link, who), keys in _grouped(items).items():
        say()
        say(f"{count(len(keys), 'customer')} (for {contract.OWNERS[who]}): {', '.join(keys)}")
        for line in filter(None, (where, action, link)):
            say(f"  {line}")
    for one in found:
        for line in live.open_everywhere(one.verdicts):
            say()
            say(f"{one.connection}: {line}")
    if items or not unseen:
        say()
        say(count(len(items), "next step") if items else "Nothing to do as far as ION shows.")
    _red(everyone, closed)


def _look(connections: Sequence[str], account: str) -> tuple[list[Account], list[Unseen]]:
    """One account after the other, since each has a budget of its own; and those of several that could not be read.
    Raises CommandError when the only one could not."""
    if account and connections:
        raise CommandError("name connections or an account, not both", 2)
    if account:
        with access.told(), closing(_account_session(account)) as session:
            return [_look_at(session)], []
    found, closed = [], []
    for name in connections or [""]:
        try:
            with access.opened(name) as session:
                found.append(_look_at(session))
        except CommandError as failure:
            if failure.exit_code != 1 or len(connections) < 2:
                raise
            since = contract.now()
            closed += blind.just_now(name, 0, {"": failure.message}, since)
    return found, closed


def _look_at(session: Session) -> Account:
    name = session.connection.name
    if session.ion is None:
        raise CommandError(f"the connection {name} names no ION account", 2)
    with progress(f"ION account {session.account}") as tell:
        look = IonLook(session)
        everybody = live.look_at_account(look, tell)
    return Account(name, session.account, live.verdicts(look, everybody, clock.now()), session.calls.line())


def _account_session(account: str) -> Session:
    """A session from nothing but an account id and CSP_LIVE_ION_REFRESH_TOKEN: what somebody tries first."""
    if not account.isdigit():
        raise CommandError(
            f"{account!r} is no ION account id: ION shows it under Quick Access > Account Information", 2
        )
    connection = schemas.Connection(
        name=ACCOUNT_ONLY,
        role="indirect-reseller",
        partner_center_region="us",
        ion=schemas.Ion(account_id=account),
        countries=("US",),
        currencies=("USD",),
    )
    session = Session(connection, Project.find().home, os.environ)
    assert session.ion_tokens is not None
    if session.ion_tokens.life().state == "missing":
        session.close()
        raise CommandError(
            "set CSP_LIVE_ION_REFRESH_TOKEN to a refresh token of the account: in ION, Settings > Users > a user of "
            "its own > Edit > OAuth credentials > Request New Credentials. It is used once; its successor is kept in "
            f"{session.ion_tokens.store.place}"
        )
    return session


def _report(found: list[Account]) -> dict[str, Any]:
    """`{"accounts", "customers", "counts"}`; customers and counts as `csp status --format json` has them."""
    whole = live.report([verdict for one in found for verdict in one.verdicts])
    owners = [one.connection for one in found for _ in one.verdicts]
    return {
        "accounts": [{"connection": one.connection, "account": one.account} for one in found],
        "customers": [{"connection": c, **row} for c, row in zip(owners, whole["customers"], strict=True)],
        "counts": whole["counts"],
    }


def _print(one: Account) -> None:
    say()
    say(f"ION account {one.account} (connection {one.connection}), as it is now")
    for line in live.open_everywhere(one.verdicts):
        say(line)
    rows = zip(one.verdicts, table_rows(one.verdicts), strict=True)
    print_rows(
        [(row[0], _can_order(verdict), *row[2:-1]) for verdict, row in rows], [_narrow(one) for one in one.verdicts]
    )
    say(f"{live.footer(one.verdicts)}; {one.calls}")
    if any(map(live.only_unseen, one.verdicts)):
        say("unclear: nothing that ION shows stands against an order; look at what no API shows")
    whose = {"account": one.account} if one.connection == ACCOUNT_ONLY else {"connection": one.connection}
    say(f"Who has to do what: {pasted('todo', **whose, live=True)}")


def _can_order(verdict: Readiness) -> str:
    return live.order_word(verdict) or can_order_text(verdict)


def _narrow(verdict: Readiness) -> str:
    return "?" if verdict.unobserved else live.order_word(verdict) or can_order_narrow(verdict)


def _grouped(items: Iterable[tuple[Task, Readiness]]) -> dict[tuple[str, str, str, str], list[str]]:
    """Place, action, link and owner -> the customers whom it concerns. Their names in menus are no difference."""
    groups: dict[tuple[str, str, str, str], list[str]] = defaultdict(list)
    for task, verdict in items:
        step, name = task.step, verdict.organization
        menu = tuple("(customer)" if part == name else part for part in step.screens[0].menu)
        where = text.where(step.but_first(menu=menu))
        groups[where, text.action(step, Reader()), step.link, step.owner].append(task.customer)
    return groups
