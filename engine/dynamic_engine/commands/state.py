"""`state unprotect` and `state remove`: what an operator needs after an accident. Nothing but the state changes."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from dynamic_engine.commands.asking import confirmed, interactive
from dynamic_engine.errors import EngineError
from dynamic_engine.project.session import Session
from dynamic_engine.state.checkpoint import Snapshot, check_integrity
from dynamic_engine.state.resource import State

Edit = Callable[[Snapshot], None]


def unprotect(options: argparse.Namespace, folder: Path) -> int:
    """`state unprotect URN...` or `--all`."""

    def edit(snapshot: Snapshot) -> None:
        live = [state for state in snapshot.resources if not state.delete]
        for state in live if options.all else _chosen(options.words, live):
            state.protect = False
            state.touch()

    _edit(options, folder, edit)
    print("All resources unprotected" if options.all else f"{_count(options.words)} unprotected")
    return 0


def remove(options: argparse.Namespace, folder: Path) -> int:
    """`state remove URN...` or `--all`: forgotten here, untouched out there. What depends on it forbids it, unless
    `--target-dependents`; so does protection, unless `--force`."""
    gone: list[State] = []

    def edit(snapshot: Snapshot) -> None:
        doomed = snapshot.resources if options.all else _chosen(options.words, snapshot.resources)
        gone.extend(_with_dependents(doomed, snapshot.resources, closure=options.target_dependents))
        for state in gone:
            if state.protect and not options.force:
                raise EngineError(
                    f"{state.urn} can't be safely deleted because it is protected. Re-run this command with --force to "
                    "force deletion"
                )
        ids = {id(state) for state in gone}
        snapshot.resources = [state for state in snapshot.resources if id(state) not in ids]

    _edit(options, folder, edit)
    print(f"{_count(gone)} deleted")
    return 0


def _edit(options: argparse.Namespace, folder: Path, edit: Edit) -> None:
    """Change the state under the stack's lock, and write it only if it is still whole."""
    session = Session(folder, options.stack)
    session.require_stack()
    if options.all and options.words:
        raise EngineError("cannot specify a resource URN together with --all")
    if not options.all and not options.words:
        raise EngineError("name the resources by their URNs (stack export shows them), or pass --all")
    # Where nobody can be asked the CLI goes on as well.
    if not options.yes and interactive(options) and not confirmed("This edits the stack's state directly. Continue?"):
        raise EngineError("confirmation declined")
    with session.backend.lock(session.stack):
        snapshot = session.snapshot()
        edit(snapshot)
        check_integrity(snapshot.resources)
        crypter = session.writer_crypter(snapshot)
        session.write(crypter, snapshot.resources, snapshot.pending)


def _chosen(urns: Sequence[str], states: Sequence[State]) -> list[State]:
    found = []
    for urn in urns:
        same = [state for state in states if state.urn == urn]
        if not same:
            raise EngineError(f"No such resource {urn!r} exists in the current state")
        found += same
    return found


def _with_dependents(doomed: Sequence[State], states: Sequence[State], *, closure: bool) -> list[State]:
    """*doomed* and, if asked for, what depends on it. Raises :class:`EngineError` naming the first that forbids it."""
    chosen = {id(state) for state in doomed}
    urns = {state.urn for state in doomed if not state.delete}
    result = list(doomed)
    for state in states:  # checkpoint order: dependents come later
        needed = urns.intersection(state.referenced())
        if id(state) in chosen or not needed:
            continue
        if not closure:
            raise EngineError(
                f"{min(needed)} can't be safely deleted because other resources depend on it, first {state.urn}. "
                "Delete those resources first or pass --target-dependents"
            )
        chosen.add(id(state))
        urns.add(state.urn)
        result.append(state)
    return result


def _count(items: Sequence[object]) -> str:
    return "Resource" if len(items) == 1 else f"{len(items)} resources"
