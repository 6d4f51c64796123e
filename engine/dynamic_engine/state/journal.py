"""The journal of a run: which states are in the checkpoint right now, and the writer that keeps the file true.

A caller returns only when a file that contains its change is on disk; callers that come together share one write.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from dynamic_engine.state.checkpoint import Pending, Snapshot
from dynamic_engine.state.resource import State, provider_urn


class Journal:
    """States of a run: new ones in completion order, then the old ones that nothing has dealt with yet."""

    def __init__(
        self,
        base: Snapshot,
        serialise: Callable[[list[State], list[Pending]], str] | None,
        store: Callable[[str], None] | None,
    ) -> None:
        """*serialise* makes the file's text, *store* puts it on disk; both None in a preview, which writes nothing."""
        self._serialise = serialise
        self._store = store
        self._base = list(base.resources)
        self._news: list[State] = []
        self._done: set[int] = set()
        # Entries of creates that nobody finished stay until they are cleared; other kinds say nothing of use.
        self._orphans = [item for item in base.pending if item.kind == "creating"]
        self._open: list[Pending] = []
        self._changed = threading.Condition()
        self._version = 0
        self._written = 0
        self._writing = False
        self._error: Exception | None = None
        self.sort = False  # with targets, kept states may come before what they depend on

    @property
    def orphans(self) -> list[Pending]:
        """Creates of earlier runs whose end is unknown."""
        return self._orphans

    def clear_orphans(self) -> None:
        """Forget them. The next write tells the file."""
        self._orphans = []

    def resources(self) -> list[State]:
        """The states of the checkpoint, in its order."""
        with self._changed:
            return self._current()

    def _current(self) -> list[State]:
        news = {id(state) for state in self._news}
        kept = (state for state in self._base if id(state) not in self._done and id(state) not in news)
        states = [*self._news, *kept]
        return topological(states) if self.sort else states

    # -- changes ------------------------------------------------------------------------------------------------

    def begin(self, kind: str, state: State) -> Pending:
        """Put an operation on record before it starts."""
        pending = Pending(state.copy(), kind)
        with self._changed:
            self._open.append(pending)
            self._commit()
        return pending

    def fail(self, pending: Pending) -> None:
        """The operation did not happen."""
        with self._changed:
            self._open.remove(pending)
            self._commit()

    def finish(
        self,
        pending: Pending | None,
        *,
        new: State | None = None,
        done: State | None = None,
        replaced: State | None = None,
        pending_replacement: State | None = None,
        write: bool = True,
    ) -> None:
        """Record what happened: *new* joins, *done* leaves, *replaced* waits for its deletion, *pending_replacement* is
        deleted remotely and waits for its successor."""
        with self._changed:
            if pending is not None:
                self._open.remove(pending)
            if new is not None:
                self._news.append(new)
            if done is not None:
                self._done.add(id(done))
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
            if write:
                self._commit()

    def change(self, action: Callable[[], None], *states: State, write: bool = True) -> None:
        """Run *action*, which changes *states*, and record it."""
        with self._changed:
            action()
            for state in states:
                state.touch()
            if write:
                self._commit()

    def drop(self, states: list[State]) -> None:
        """Take states out without a write of their own."""
        with self._changed:
            self._done.update(id(state) for state in states)

    def rebase(self, states: list[State]) -> None:
        """Take *states* as the new starting point (after a refresh phase)."""
        with self._changed:
            self._base, self._news, self._done = states, [], set()
            self._commit()

    def flush(self) -> None:
        """The last write of a run."""
        with self._changed:
            self._commit()

    def _rename(self, old: str, new: str) -> None:
        """References of states that are still to come follow an alias that was used."""
        for state in self._base:
            if id(state) in self._done or old not in state.referenced():
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

    # -- writer -------------------------------------------------------------------------------------------------

    def _commit(self) -> None:
        """Called with the condition held; returns when this change is on disk."""
        serialise, store = self._serialise, self._store
        if serialise is None or store is None:
            return
        self._version += 1
        mine = self._version
        while self._written < mine and self._error is None:
            if self._writing:
                self._changed.wait()
                continue
            self._writing = True
            version = self._version
            try:
                # Serialising under the lock keeps the text consistent; only the disk is waited for without it.
                text = serialise(self._current(), [*self._open, *self._orphans])
                self._changed.release()
                try:
                    store(text)
                finally:
                    self._changed.acquire()
                self._written = version
            except Exception as error:
                self._error = error
            finally:
                self._writing = False
                self._changed.notify_all()
        if self._error is not None:
            raise self._error


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
