"""Whom a run comes to: ``--target``, ``--exclude``, what depends on either, and ``--replace``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from dynamic_engine.state.resource import State


class Patterns:
    """URNs that flags name; ``*`` stands for anything but a colon, ``**`` for anything."""

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        self._patterns = tuple(patterns)
        self._globs = [_glob(pattern) for pattern in self._patterns if "*" in pattern]
        self._exact = {pattern for pattern in self._patterns if "*" not in pattern}

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def __contains__(self, urn: str) -> bool:
        return urn in self._exact or any(glob.fullmatch(urn) for glob in self._globs)

    def missing(self, urns: Iterable[str]) -> list[str]:
        """Those without a star that are none of *urns*."""
        return sorted(self._exact - set(urns)) if self._exact else []


def _glob(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*|\*)", pattern)
    return re.compile("".join({"**": ".*", "*": "[^:]*"}.get(part, re.escape(part)) for part in parts))


class Selection:
    """What the flags say. Targets and excludes never come together; without either everything takes part."""

    def __init__(
        self,
        targets: Sequence[str] = (),
        excludes: Sequence[str] = (),
        replaces: Sequence[str] = (),
        *,
        target_dependents: bool = False,
        exclude_dependents: bool = False,
    ) -> None:
        self.targets = Patterns(targets)
        self.excludes = Patterns(excludes)
        self.replaces = Patterns(replaces)
        self.target_dependents = target_dependents
        self.exclude_dependents = exclude_dependents

    def __bool__(self) -> bool:
        """Whether anything is left out."""
        return bool(self.targets) or bool(self.excludes)

    @property
    def flag(self) -> str:
        """The flag by which something is left out."""
        return "--target" if self.targets else "--exclude"


class Reach:
    """One pass over resources. They are asked about in an order in which each comes after what it needs, so that their
    dependents follow them."""

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        self.followed: set[str] = set()  # what has been chosen, or left out, with its dependents

    def comes_to(self, urn: str, needs: Iterable[str], *, always: bool = False) -> bool:
        """Whether a resource that needs *needs* takes part. *always* for those that do whatever the flags say."""
        flags = self._selection
        if flags.targets:
            chosen = urn in flags.targets or (flags.target_dependents and self._any(needs, flags.targets))
            if chosen:
                self.followed.add(urn)
            return chosen or always
        if flags.excludes and not always:
            left_out = urn in flags.excludes or (flags.exclude_dependents and self._any(needs, flags.excludes))
            if left_out:
                self.followed.add(urn)
            return not left_out
        return True

    def _any(self, needs: Iterable[str], patterns: Patterns) -> bool:
        return any(urn in self.followed or urn in patterns for urn in needs)


def kept_for(selection: Selection, states: Sequence[State]) -> set[str]:
    """URNs that a delete must leave because of ``--exclude``: those, all that they need, and with
    ``--exclude-dependents`` all that needs any of these. *states* in checkpoint order."""
    found: set[str] = set()
    if not selection.excludes:
        return found
    _add(states, [state for state in states if state.urn in selection.excludes], found)
    before = -1
    while selection.exclude_dependents and len(found) != before:
        before = len(found)
        _add(states, [state for state in states if found.intersection(state.needs())], found)
    return found


def protected(states: Sequence[State]) -> set[str]:
    """URNs of what is protected, and of all that it needs."""
    found: set[str] = set()
    _add(states, [state for state in states if state.protect], found)
    return found


def _add(states: Sequence[State], chosen: Iterable[State], found: set[str]) -> None:
    """Put *chosen* and what they need into *found*. To need a component, other than as a parent, is to need what was in
    it before."""
    places = {id(state): place for place, state in enumerate(states)}
    by_urn: dict[str, list[State]] = {}
    children: dict[str, list[State]] = {}
    for state in states:
        by_urn.setdefault(state.urn, []).append(state)
        children.setdefault(state.parent, []).append(state)
    rest = list(chosen)
    while rest:
        state = rest.pop()
        if state.urn in found:
            continue
        found.add(state.urn)
        for urn in state.needs():
            for other in by_urn.get(urn, []):
                rest.append(other)
                if not other.custom and urn != state.parent:
                    inside = list(children.get(urn, []))
                    while inside:
                        child = inside.pop()
                        if places[id(child)] < places[id(state)]:
                            rest.append(child)
                        inside += children.get(child.urn, [])
