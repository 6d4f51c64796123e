"""Complete lists from paged answers, also while they change."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from clients.wire.shape import ShapeError

T = TypeVar("T")
_MOST_PAGES = 10_000


def read_all(
    page: Callable[[str], tuple[list[T], str]], *, key: Callable[[T], str], again: Callable[[str], T | None]
) -> list[T]:
    """Every item once. `page(token)` gives items and the next token, "" after the last page; `again(key)` reads one
    item directly, None when it is gone.

    Neither system says how its pages behave when the list changes between two of them: an entry may slip past the
    cursor. So a list of several pages is read twice, and whatever shows up only once is read directly. Raises
    ShapeError when the pages never end.
    """
    first, pages = _pass(page, key)
    if pages == 1:
        return list(first.values())
    second, _ = _pass(page, key)
    found = {name: second.get(name, item) for name, item in first.items()} | second
    for name in first.keys() ^ second.keys():
        item = again(name)
        if item is None:
            del found[name]
        else:
            found[name] = item
    return list(found.values())


def _pass(page: Callable[[str], tuple[list[T], str]], key: Callable[[T], str]) -> tuple[dict[str, T], int]:
    found: dict[str, T] = {}
    seen: set[str] = set()
    token = ""
    for number in range(1, _MOST_PAGES + 1):
        entries, token = page(token)
        for item in entries:
            found[key(item)] = item
        if not token:
            return found, number
        if token in seen:
            raise ShapeError("the list's pages repeat themselves")
        seen.add(token)
    raise ShapeError(f"the list has more than {_MOST_PAGES} pages")
