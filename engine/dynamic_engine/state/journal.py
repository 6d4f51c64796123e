"""The journal of a run: which states are in the checkpoint right now, and that the file on disk says so.

Two promises hold at every moment, whatever ends the process. An operation is in the file before it starts: `begin`
returns only then. What has happened is in the file before anybody is told: `finish` gives the write to wait for. A step
that has ended need not wait before the next one begins, because a write holds all that came before it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from dynamic_engine.state.checkpoint import Pending, Snapshot
from dynamic_engine.state.resource import State, provider_urn
from dynamic_engine.state.writer import NOTHING, Text, Write, Writer


class Journal:
    """States of a run: new ones in completion order, then the old ones that nothing has dealt with yet."""

    def __init__(
        self,
        base: Snapshot,
        serialise: Callable[[Sequence[State], Sequence[Pending]], Text] | None,
        store: Callable[[Text], None] | None,
    ) -> None:
        """*serialise* makes the file's text, *store* puts it on disk; both None in a preview, which writes nothing."""
        self._base = list(base.resources)
        self._news: list[State] = []
        self._settled: set[int] = set()  # ids of base states that have left or have moved to the new ones
        # Entries of creates that nobody finished stay until they are cleared; other kinds say nothing of use.
        self._orphans = [item for item in base.pending if item.kind == "creating"]
        self._open: list[Pending] = []
        self._fresh = 0  # of these, how many wait for the write that puts them on record
        self._lock = threading.RLock()
        self._stale = True  # the file does not hold everything yet
        self._writer: Writer | None = None
        if serialise is not None and store is not None:

            def text() -> Text:
                self._fresh = 0
                self._stale = False
                return serialise(self._current(), [*self._open, *self._orphans])

            self._writer = Writer(self._lock, text, store, lambda: len(self._open) > self._fresh)
        self.sort = False  # with targets, kept states may come before what they depend on

    @property
    def orphans(self) -> list[Pending]:
        """Creates of earlier runs whose end is unknown."""
        return self._orphans

    def clear_orphans(self) -> None:
        """Forget them. The next write tells the file."""
        self._orphans, self._stale = [], True

    def resources(self) -> list[State]:
        """The states of the checkpoint, in its order."""
        with self._lock:
            return self._current()

    def _current(self) -> list[State]:
        settled = self._settled
        states = [*self._news, *(state for state in self._base if id(state) not in settled)]
        return topological(states) if self.sort else states

    # -- changes ------------------------------------------------------------------------------------------------

    def begin(self, kind: str, state: State) -> Pending:
        """Put an operation on record; it may start when this returns."""
        # What is created or updated goes on changing while the call runs; what is deleted does not, and has its text.
        pending = Pending(state if kind == "deleting" else state.copy(), kind)
        with self._lock:
            self._open.append(pending)
            self._fresh += 1
            write = self._ask()
        write.wait()
        return pending

    def fail(self, pending: Pending) -> None:
        """The operation did not happen."""
        with self._lock:
            self._open.remove(pending)
            write = self._ask()
        write.wait()

    def finish(
        self,
        pending: Pending | None,
        *,
        new: State | None = None,
        done: State | None = None,
        replaced: State | None = None,
        pending_replacement: State | None = None,
        write: bool = True,
    ) -> Write:
        """Record what happened: *new* joins, *done* leaves, *replaced* waits for its deletion, *pending_replacement* is
        deleted remotely and waits for its successor. It is on disk when the write that is returned is."""
        with self._lock:
            self._stale = True
            if pending is not None:
                self._open.remove(pending)
            if new is not None:
                self._news.append(new)
                self._settled.add(id(new))  # an old state that stays as it is moves to the new ones
            if done is not None:
                self._settled.add(id(done))
                if new is not None and new.urn != done.urn:
                    self._rename(done.urn, new.urn)
            if replaced is not None:
                replaced.delete = True
                replaced.touch()
                if new is not None and new.urn != replaced.urn:
                    self._rename(replaced.urn, new.urn)
            if pending_replacement is not None:
                pending_replacement.pending_replacement = True
                pending_replacement.touch()
            return self._ask() if write else NOTHING

    def change(self, action: Callable[[], None], *states: State, write: bool = True) -> None:
        """Run *action*, which changes *states*, and record it. Returns when it is on disk, unless *write* is False."""
        with self._lock:
            self._stale = True
            action()
            for state in states:
                state.touch()
            asked = self._ask() if write else NOTHING
        asked.wait()

    def drop(self, states: list[State]) -> None:
        """Take states out without a write of their own."""
        with self._lock:
            self._stale = True
            self._settled.update(id(state) for state in states)

    def rebase(self, states: list[State]) -> None:
        """Take *states* as the new starting point (after a refresh phase). Returns when they are on disk."""
        with self._lock:
            self._base, self._news, self._settled = states, [], set()
            write = self._ask()
        write.wait()

    def flush(self) -> None:
        """The last write of a run: everything is on disk when this returns."""
        write = NOTHING
        with self._lock:
            if self._writer is not None:
                write = self._writer.ask(urgent=True) if self._stale else self._writer.last
        write.wait()

    def close(self) -> None:
        """Nothing more will be written."""
        if self._writer is not None:
            self._writer.close()

    def _ask(self) -> Write:
        return NOTHING if self._writer is None else self._writer.ask()

    def _rename(self, old: str, new: str) -> None:
        """References of states that are still to come follow an alias that was used."""
        for state in self._base:
            if id(state) in self._settled or old not in state.referenced():
                continue
            state.parent = new if state.parent == old else state.parent
            state.deleted_with = new if state.deleted_with == old else state.deleted_with
            state.dependencies = [new if urn == old else urn for urn in state.dependencies]
            state.property_dependencies = {
                key: [new if urn == old else urn for urn in urns] for key, urns in state.property_dependencies.items()
            }
            if state.provider and provider_urn(state.provider) == old:
                state.provider = f"{new}::{state.provider.rpartition('::')[2]}"
            state.touch()


def topological(states: list[State]) -> list[State]:
    """*states* with everything behind what it refers to, otherwise in the order given."""
    by_urn: dict[str, list[State]] = {}
    for state in states:
        by_urn.setdefault(state.urn, []).append(state)
    result: list[State] = []
    placed: set[int] = set()

    def place(state: State) -> None:
        if id(state) in placed:
            return
        placed.add(id(state))
        for urn in state.referenced():
            for needed in by_urn.get(urn, []):
                place(needed)
        result.append(state)

    for state in states:
        place(state)
    return result
