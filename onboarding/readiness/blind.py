"""What could not be looked at: since when, why, and the one thing to do. One wording for every command and report.

A customer is *not checked* when a look at any of its resources failed, or when no run has looked at it yet. Nothing may
be green while somebody is: exit code UNOBSERVED, and a first line that says so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import schemas
from onboarding.core.remedy import Trouble
from onboarding.look import run_notes
from onboarding.look.run_notes import Note
from onboarding.readiness.states import ResourceState
from onboarding.readiness.verdicts import Readiness
from schemas.command import command, for_connection

UNOBSERVED = 10
"""Exit code: all that could be done was done, and not everything could be looked at."""
NEVER = "no run has looked at it yet"
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Unseen:
    """One connection behind which customers could not be looked at.

    connection: "" where it is not known. customers: keys, sorted; none when not even their list could be read. of: how
    many the connection has. since: RFC 3339, the oldest; "" when no look ever succeeded. why, do: one line each.
    """

    connection: str
    customers: tuple[str, ...]
    of: int
    since: str
    why: str
    do: str

    def __str__(self) -> str:
        """One line."""
        number = len(self.customers)
        who = f"{number} of {self.of} customer{'s' if self.of != 1 else ''}" if number else "every customer"
        if number <= _NAMED and number < self.of:
            who += f" ({', '.join(self.customers)})"
        if self.connection:
            who += f" of connection {self.connection}"
        since = f" since {moment(self.since)}" if self.since else ""
        return f"NOT LOOKED AT{since}: {who}: {self.why}. To do: {self.do}"

    def as_dict(self) -> dict[str, Any]:
        """The JSON of every command, under `not_looked_at`."""
        return asdict(self) | {"customers": list(self.customers)}


@dataclass(frozen=True, slots=True)
class Alarm:
    """What a person must hear of although the run went on. what: one line, with what to do."""

    connection: str
    customer: str
    what: str

    def __str__(self) -> str:
        return f"ATTENTION: {self.customer}: {self.what}"


def moment(stamp: str) -> str:
    """RFC 3339 for people: `2026-11-26 01:25 UTC`."""
    return f"{stamp[:16].replace('T', ' ')} UTC"


def in_state(verdicts: Iterable[Readiness], estate: schemas.Estate, home: Path | None = None) -> list[Unseen]:
    """What the state says was not looked at, a line for each connection. `home`: CSP_HOME, where the notes of runs say
    why a customer is in no state."""
    declared = {customer.key: customer for customer in estate.customers}
    found: dict[str, list[tuple[str, Mapping[str, str]]]] = defaultdict(list)
    for verdict in verdicts:
        customer = declared.get(verdict.key)
        if customer is not None and verdict.unobserved:
            parts = [part for part in verdict.resources.values() if part.status == "unobserved"]
            found[customer.connection] += [(verdict.key, blindness(part)) for part in parts]
    told = []
    for connection, parts_of in sorted(found.items()):
        never = {key for key, how in parts_of if not how}
        last = run_notes.latest(home, connection) if never and home else None
        missing = {"reason": NEVER, "do": f"run {command('up', stack=estate.stack)}"}
        if last:
            missing = {"reason": last.why, "do": last.do, "since": last.since}
        of = sum(one.connection == connection for one in declared.values() if one.lifecycle != "left")
        told.append(_joined(connection, of, [(key, how or missing) for key, how in parts_of]))
    return told


def in_run(notes: Sequence[Note], estate: schemas.Estate) -> list[Alarm | Unseen]:
    """What one run could not look at, from its notes: a line for each connection, alarms first."""
    found: dict[str, list[Note]] = defaultdict(list)
    for note in notes:
        if note.kind != run_notes.ALARM:
            found[note.connection].append(note)
    alarms = [Alarm(note.connection, note.key, note.why) for note in notes if note.kind == run_notes.ALARM]
    counts = [customer.connection for customer in estate.customers if customer.lifecycle != "left"]
    return alarms + [
        _joined(
            connection,
            counts.count(connection),
            [(note.key, {"reason": note.why, "do": note.do, "since": note.since}) for note in group],
        )
        for connection, group in sorted(found.items())
    ]


def in_account(connection: str, verdicts: Sequence[Readiness]) -> list[Unseen]:
    """What `csp status --live` could not look at: one line for its account, none when everything was seen."""
    parts = [(v.key, blindness(r)) for v in verdicts for r in v.resources.values() if r.status == "unobserved"]
    return [_joined(connection, len(verdicts), parts)] if parts else []


def just_now(connection: str, of: int, troubles: Mapping[str, str], since: str) -> list[Unseen]:
    """What one look through one connection could not see, as one line.

    troubles: customer -> why, best a `Trouble`; under "" why not even the list of customers could be read. of: how many
    customers the connection has. since: when the look was, RFC 3339.
    """
    parts = [(key, {"reason": why, "since": since}) for key, why in troubles.items()]
    return [_joined(connection, of, parts)] if parts else []


def in_look(not_checked: Iterable[Trouble], estate: schemas.Estate, since: Mapping[str, str]) -> list[Unseen]:
    """What `csp drift` could not look at, a line for each connection.

    since: customer key -> since when runs cannot look at it (RFC 3339); "" -> when this look was, for all others.
    """
    connection_of = {customer.key: customer.connection for customer in estate.customers}
    keys: dict[str, list[str]] = defaultdict(list)
    whys: dict[str, Trouble] = {}
    for why in not_checked:
        everybody = [key for key, on in connection_of.items() if on == why.connection]
        keys[why.connection] += [why.customer] if why.customer else everybody
        whys.setdefault(why.connection, why)
    return [
        _joined(
            name,
            list(connection_of.values()).count(name),
            [(key, {"reason": whys[name], "since": since.get(key) or since[""]}) for key in found],
        )
        for name, found in sorted(keys.items())
    ]


def blindness(part: ResourceState) -> Mapping[str, str]:
    """`{reason, do, since}` of a resource that could not be looked at; empty when no run has put it into state."""
    found: Mapping[str, str] = part.outputs.get("unobserved") or {}
    return found


def _joined(connection: str, of: int, parts: Sequence[tuple[str, Mapping[str, str]]]) -> Unseen:
    """One line for a connection: the reason that concerns most customers, and how many other reasons there are. The
    others are told by the next run, when the first is mended."""
    keys = sorted({key for key, _ in parts if key})
    by_action: dict[str, set[str]] = defaultdict(set)
    for key, how in parts:
        by_action[str(how.get("do") or "")].add(key)
    do = max(sorted(by_action), key=lambda action: len(by_action[action]))
    told = next(how.get("reason") or "" for _, how in parts if str(how.get("do") or "") == do)
    why, action = (told.why, told.do) if isinstance(told, Trouble) else (told, "")
    why = why.removeprefix(f"connection {connection}: ")
    others = len({str(how.get("do")) for _, how in parts}) - 1
    more = f" (and {others} other reason{'s' if others > 1 else ''})" if others else ""
    stamps = sorted(str(how["since"]) for _, how in parts if how.get("since"))
    do = do or action or f"run {command('doctor', connection=connection)}"
    return Unseen(
        connection,
        tuple(keys),
        max(of, len(keys)),
        stamps[0] if stamps else "",
        for_connection(f"{why}{more}", connection),
        for_connection(do, connection),
    )
