"""Runs that were stopped half-way, and where: what decides whether a mail may have left.

Before a mail is sent a marker is written on the machine that sends it. Engines note in the state which operation is
under way, before it begins. So a machine that finds such a note of a run that was not its own cannot know whether the
mail left: the customer's key goes to the plugin, which then says "may have been sent" instead of sending.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import schemas
from clients.home import INTERRUPTED
from csp.engine import looking
from csp.engine import words as engine_words
from csp.engine.start import Engine
from csp.errors import CommandError
from csp.say import say
from onboarding.core.names import TYPE_PREFIX
from schemas.command import command
from schemas.plain import some
from schemas.write.whole_file import private_folder, write_whole

MAILING = ("TenantIdentity", "Attestation")
"""Kinds of resources that send mails."""


def customers(state: Mapping[str, Any], renamed: Mapping[str, str]) -> list[str]:
    """Customers whose mail may have been under way when a run was stopped, from the state as the engine exports it.

    `renamed`: former key -> key. The CLI keeps the note of a create for ever; once the resource is there it is history.
    """
    return sorted(_under_way(state, renamed))


def _under_way(state: Mapping[str, Any], renamed: Mapping[str, str]) -> dict[str, set[str]]:
    """The same with the URNs of the resources that the run had in hand."""
    deployment = state.get("deployment") or {}
    there = {one.get("urn") for one in deployment.get("resources") or []}
    found: dict[str, set[str]] = {}
    for operation in deployment.get("pending_operations") or []:
        resource = operation.get("resource") or {}
        urn, kind = str(resource.get("urn")), str(resource.get("type")).removeprefix(TYPE_PREFIX)
        if kind in MAILING and (operation.get("type") == "updating" or urn not in there):
            start, _, key = urn.rpartition("::")
            now = renamed.get(key, key)
            found.setdefault(now, set()).add(f"{start}::{now}")
    return found


def run(
    engine: Engine, estate: schemas.Estate, state: Mapping[str, Any] | None, verb: str, arguments: Sequence[str]
) -> int:
    """Run `up` or `refresh` on a stack, knowing what an earlier run left open; the exit code of `looking.run`.

    Raises CommandError for a run that would wipe out the engine's note before an `up` of the customer has heeded it: a
    `refresh`, or an `up` of others alone.
    """
    own = _note(engine.project.home, engine.stack)
    stopped_here = own.exists()
    under_way = {} if stopped_here else _under_way(state or {}, estate.renamed)
    doubtful = sorted(under_way)
    asked = engine_words.read(arguments)
    left_out = [k for k in doubtful if verb == "refresh" or not all(map(asked.surely_reaches, under_way[k]))]
    if left_out:
        raise CommandError(
            f"the last run was stopped while it worked on {some(left_out, 5)}, and not on this machine: run "
            f"{command('up', stack=engine.stack)} first, which takes into account that a mail may have been sent"
        )
    if doubtful:
        say(
            f"csp: the last run was stopped while it worked on {some(doubtful, 5)}, and not on this machine: a mail "
            "that is due there counts as one that may have been sent",
            err=True,
        )
    given = os.environ.get(INTERRUPTED, "")
    engine.environment[INTERRUPTED] = ",".join(filter(None, (given, *doubtful)))
    private_folder(own.parent)
    write_whole(own, b"", mode=0o600)
    code, ours = looking.run(engine, estate, verb, *arguments)
    if code == 0 or (code > 0 and not stopped_here):  # not killed, nor held up by the lock of the one that was
        own.unlink(missing_ok=True)
    return ours


def stopped_here(engine: Engine) -> bool:
    """Whether a run of this machine is under way, or was stopped before it could end."""
    return _note(engine.project.home, engine.stack).exists()


def _note(home: Path, stack: str) -> Path:
    """Is there while a run of this machine is under way, and after it was stopped."""
    return home / "runs" / f"{stack}.running"
