"""A kill at every boundary of every API call: `python -m drills.kills.runs [--every N]`, one figure a line.

Each chapter is a run of an example estate: it is played once undisturbed, its calls are what the sandbox recorded; then
it is played again and killed at every boundary: before every call (which is after the answer to the one before), after
every write that was carried out and whose answer nobody read, and after every resource, with the plugin finishing and
the engine dead (the result never reaches state). The next run comes two minutes later, around writes also at once.
Then:

- nothing exists, was asked for or was sent twice;
- nothing is lost: systems and state end as those of the undisturbed run, also after the people and later runs;
- a further run writes nothing; a plain preview and an offline preview are empty.
"""

from __future__ import annotations

import argparse
import atexit
import functools
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pyrage

from drills.harness import Calls, Pipeline
from drills.kills import processes
from drills.remote import Killed
from equipment.told import as_told
from onboarding.core.contract import Known
from onboarding.core.remembered import Memory

LATER = 120.0
"""Seconds until the next run: Microsoft shows a new tenant after about 90."""
MAILED = re.compile(r"The mail was sent on |^Ask \S+ whether the mail of \S+ arrived")
INVITATION = re.compile(r"the invitation (was sent to \S+|to \S+ may have been sent) on \S+")
KEYS = ("adventure", "alpine", "blueyonder", "maplegrove")


@dataclass(frozen=True)
class Chapter:
    """A situation and the run that is killed in it."""

    name: str
    situation: Callable[[], Pipeline]
    act: Callable[[Pipeline], None]


def _up(pipeline: Pipeline) -> None:
    pipeline.up()


def _example(stack: str, ups: int) -> Pipeline:
    """The example estate after this many runs, the people acting after each."""
    return _played(stack, ups).copy()


@functools.cache
def _played(stack: str, ups: int) -> Pipeline:
    """That estate, made once a process: chapters change a copy."""
    if not ups:
        pipeline = Pipeline.example(stack)
    else:
        pipeline = _played(stack, ups - 1).copy()
        pipeline.up()
        pipeline.remote.act(pipeline.steps())
    atexit.register(pipeline.remove)
    return pipeline


def _edited() -> Pipeline:
    """A finished estate whose files change in every section: profile, row, signatory."""
    pipeline = _example("provider", 3)
    pipeline.up()
    for number, key in enumerate(KEYS):
        pipeline.declare(key, {"profile.phone": f"+1425555019{number}", "cloud_provider.portal_access": True})
    pipeline.declare(
        "adventure", {"profile.organization": "Adventure Works Cycles", "profile.address.suite": "Floor 2"}
    )
    pipeline.declare("blueyonder", {"attestation.signatory.email": "boss@blueyonder.example"})
    pipeline.declare("adventure", {"cloud_provider.pricebook": "US Premium"})
    return pipeline


def _drifted() -> Pipeline:
    """A finished estate in which somebody changed things in the consoles."""
    pipeline = _example("provider", 3)
    pipeline.up()
    pipeline.remote.admin(
        "POST",
        "changes",
        [
            {"do": "profile", "customer": "it@adventure.example", "set": {"phone": "1", "address.city": "Elsewhere"}},
            {"do": "row", "customer": "it@alpine.example", "set": {"pricebook": "US Premium", "portal_access": True}},
            {"do": "remove_row", "customer": "it@blueyonder.example"},
            {"do": "agreement", "tenant": "adventureworks.onmicrosoft.com", "kind": "none"},
            {"do": "link", "customer": "it@maplegrove.example"},
        ],
    )
    return pipeline


def _ending() -> Pipeline:
    """A finished estate from which a customer is removed whose relationship ends with it."""
    pipeline = _example("provider", 3)
    pipeline.declare("alpine", {"on_remove": "end-relationship", "lifecycle": "left"})
    pipeline.up()
    del pipeline.declared["alpine"]
    pipeline.environment["CSP_ALLOW_REMOVALS"] = "1"
    return pipeline


def _reseller_edited() -> Pipeline:
    pipeline = _example("reseller", 2)
    pipeline.up()
    for number, key in enumerate(sorted(pipeline.declared)):
        pipeline.declare(key, {"profile.phone": f"+1425555018{number}"})
    return pipeline


CHAPTERS = [
    Chapter("provider: first run", lambda: _example("provider", 0), _up),
    Chapter("provider: after the customers have accepted", lambda: _example("provider", 1), _up),
    Chapter("provider: agreements after the tenants", lambda: _example("provider", 2), _up),
    Chapter("provider: edited files", _edited, _up),
    Chapter("provider: drift", _drifted, _up),
    Chapter("provider: relationship ends", _ending, _up),
    Chapter("provider: preview", _drifted, lambda pipeline: (pipeline.preview(), None)[1]),
    Chapter("reseller: first run", lambda: _example("reseller", 0), _up),
    Chapter("reseller: after the operator", lambda: _example("reseller", 1), _up),
    Chapter("reseller: edited files", _reseller_edited, _up),
]


@dataclass
class End:
    """What an undisturbed run leaves, at once and after people and later runs."""

    picture: dict[str, list[Any]]
    state: dict[str, Any]
    finished: dict[str, list[Any]]


@dataclass(frozen=True)
class Cell:
    """Where the kill strikes: at a call, or after a resource whose result is lost. `pause`: seconds to the next run."""

    at: int
    moment: str  # before | after | lost
    pause: float
    name: str
    to_the_end: bool  # also let the people act afterwards: only where something was written

    def __str__(self) -> str:
        when = f"next run after {self.pause:.0f} s" if self.pause else "next run at once"
        return f"{self.moment} {self.at} ({self.name}), {when}"


class Lost(Pipeline):
    """Loses the result of one resource: the engine is dead, its plugin finishes."""

    at = 0
    _count = 0

    def _step(self, address: Any, names: Any) -> str:
        before = self.state.get(address)
        verb = super()._step(address, names)
        self._count += bool(verb)
        if verb and self._count == self.at:
            if before is None:
                del self.state[address]
            else:
                self.state[address] = before
            raise Killed(f"result {self.at} lost")
        return verb


@dataclass
class Run:
    """An undisturbed run: its calls, which of them may change something, how many resources moved, and the end."""

    names: list[str]
    writes: set[str]
    moved: int
    end: End


def undisturbed(start: Pipeline, chapter: Chapter) -> Run:
    """Play a chapter once, with what an undisturbed run leaves."""
    pipeline, names, writes = calls_of(start, chapter)
    lossy = Lost(**vars(start.copy()))
    lossy.at = -1
    chapter.act(lossy)
    lossy.remove()
    return Run(names, writes, lossy._count, _end(pipeline))


def calls_of(start: Pipeline, chapter: Chapter) -> tuple[Pipeline, list[str], set[str]]:
    """Play a chapter once: the pipeline afterwards, its calls as the sandbox recorded them, and which may write."""
    pipeline = start.copy()
    calls = Calls()
    pipeline.hook = calls
    chapter.act(pipeline)
    entries = [e for e in pipeline.remote.world.recorder.entries if not e.path.endswith("/oauth/token")]
    heard = Counter(name for name in calls.names if name != "mail")
    assert heard == Counter(f"{e.method} {e.path}" for e in entries), "the sandbox saw other calls than the wire"
    writes = {f"{e.method} {e.path}" for e in entries if e.write and e.system != "entra"} | {"mail"}
    pipeline.hook = Calls()
    return pipeline, calls.names, writes


def _end(pipeline: Pipeline) -> End:
    """Let time pass, run, compare; then let people and runs finish."""
    pipeline.remote.sleep(LATER)
    pipeline.up()
    picture, state = pipeline.remote.picture(), _comparable(pipeline)
    pipeline.settle(2)
    end = End(picture, state, pipeline.remote.picture())
    pipeline.remove()
    return end


def _comparable(pipeline: Pipeline) -> dict[str, Any]:
    """State without what a kill may change honestly: that a one-time password was lost, that a mail may have left."""
    found = pipeline.summary()
    for one in found.values():
        if one["status"] == "ready":
            one["reason"] = one["next_step"] = None
        if one["reason"]:
            one["reason"] = INVITATION.sub("(invitation)", one["reason"])
        if one["next_step"] and MAILED.search(as_told(one["next_step"])["action"]):
            one["next_step"] = one["waiting_on"] = "(mail)"
    return found


def cells(run: Run, every: int) -> Iterator[Cell]:
    found, wrote = [], False
    for at, name in enumerate(run.names, 1):
        write = name in run.writes
        for pause in (LATER, 0.0) if wrote or write else (LATER,):
            found.append(Cell(at, "before", pause, name, wrote))
        for pause in (LATER, 0.0) if write else ():
            found.append(Cell(at, "after", pause, name, True))
        wrote = write
    found += [Cell(at, "lost", LATER, "resource", True) for at in range(1, run.moved + 1)]
    yield from found[::every]


def play(start: Pipeline, chapter: Chapter, cell: Cell, end: End) -> list[str]:
    """One cell; what is wrong, empty when all is well."""
    pipeline = start.copy()
    if cell.moment == "lost":
        pipeline = Lost(**vars(pipeline))
        pipeline.at = cell.at
    else:
        pipeline.hook = Calls(cell.at, cell.moment)
    try:
        chapter.act(pipeline)
    except Killed:
        pass
    else:
        return ["nothing was killed"]
    pipeline.hook = Calls()
    if isinstance(pipeline, Lost):
        pipeline.at = 0
    pipeline.remote.sleep(cell.pause)
    pipeline.up()
    wrong = pipeline.remote.twice()
    if not cell.pause:  # what a tenant made a moment ago does not show yet, the run after shows
        pipeline.remote.sleep(LATER)
        pipeline.up()
    wrong += differences("systems", end.picture, pipeline.remote.picture())
    wrong += differences("state", end.state, _comparable(pipeline))
    before = pipeline.remote.writes()
    wrong += [f"preview: {line}" for line in pipeline.up()]
    if pipeline.remote.writes() != before:
        wrong.append(f"the third run wrote {pipeline.remote.writes() - before} times")
    wrong += [f"offline preview: {line}" for line in pipeline.preview(refresh=False)]
    if cell.to_the_end:
        pipeline.settle(2)
        wrong += differences("end", end.finished, pipeline.remote.picture())
    wrong += pipeline.remote.twice() + _passwords(pipeline) + _mails(pipeline)
    pipeline.remove()
    return wrong


def differences(what: str, wanted: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """What differs, one short line a thing."""
    told = []
    for name in sorted({*wanted, *found}):
        old, new = wanted.get(name), found.get(name)
        if isinstance(old, list) and isinstance(new, list):
            told += [f"{what}, {name}: missing {one}" for one in old if one not in new]
            told += [f"{what}, {name}: too much {one}" for one in new if one not in old]
        elif isinstance(old, dict) and isinstance(new, dict):
            told += [f"{what}, {name}.{k}: {new.get(k)} instead of {old.get(k)}" for k in old if old[k] != new.get(k)]
        elif old != new:
            told.append(f"{what}, {name}: {new} instead of {old}")
    return told


def _passwords(pipeline: Pipeline) -> list[str]:
    """A password that was encrypted is in state as a reference that opens; one that is lost is told as lost."""
    wrong = []
    identity = pyrage.x25519.Identity.from_str((pipeline.home / "handover" / "identity.txt").read_text("utf-8").strip())
    for (key, kind), kept in pipeline.state.items():
        told = (kept.outputs.get("memory") or {}).get("credentials", "") if kind == "TenantIdentity" else ""
        files = list((pipeline.home / "handover").glob(f"{key}-*.json"))
        if told and told != "lost":
            entry = json.loads((pipeline.home / "handover" / f"{told}.json").read_text("utf-8"))
            pyrage.decrypt(entry["value"].encode(), [identity])
        if told == "lost" and files:
            wrong.append(f"{key}: told as lost, but the hand-over store has the password")
    return wrong


def _mails(pipeline: Pipeline) -> list[str]:
    """A mail that is told as sent is in a mailbox."""
    got = {address for mail in pipeline.remote.world.store.mails for address in mail.to}
    marks = [mark for kept in pipeline.state.values() for mark in Memory.of(Known(kept.outputs)).mails.values()]
    return [
        f"told as sent, and not in the mailbox of {mark.to}"
        for mark in marks
        if mark.result == "sent" and mark.to not in got
    ]


def run(every: int = 1, report: Callable[[str], None] = print, only: str = "") -> tuple[int, int, int]:
    """Calls, kills and failures. `every` N plays each N-th cell."""
    calls = played = failed = 0
    for chapter in CHAPTERS:
        if only and only not in chapter.name:
            continue
        start = chapter.situation()
        whole = undisturbed(start, chapter)
        calls += len(whole.names)
        for cell in cells(whole, every):
            wrong = play(start, chapter, cell, whole.end)
            played += 1
            if wrong:
                failed += 1
                report(f"{chapter.name}, {cell}:\n  " + "\n  ".join(wrong[:6]))
        start.remove()
    return calls, played, failed


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--only", default="", help="part of a chapter's name")
    parser.add_argument("--races", type=int, default=40, help="real processes killed at random moments")
    wanted = parser.parse_args()
    began = time.monotonic()
    calls, played, failed = run(wanted.every, only=wanted.only)
    print(f"kill: {calls} calls, {played} kills, {failed} not converged ({time.monotonic() - began:.0f} s)")
    if wanted.races:
        began = time.monotonic()
        hits, lost = processes.run(wanted.races)
        print(f"kill: {hits} SIGKILLs of real processes, {lost} not converged ({time.monotonic() - began:.0f} s)")
        failed += lost
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
