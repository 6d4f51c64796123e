"""Random remote changes, each with what a look at the estate must say about it."""

from __future__ import annotations

from collections.abc import Iterator

from drills.seed import sorts_ion, sorts_microsoft  # noqa: F401 - they register their sorts
from drills.seed.estate import Generated, Made
from drills.seed.sorts import SORTS, Pen, RemoteChange, Sort


def generate(estate: Generated, count: int, seed: int = 1, *, strict: bool = False) -> list[RemoteChange]:
    """`count` random changes, every sort of the role among them, as long as there are customers for them.

    strict: they are made in a sandbox that was started with `--strict`.
    """
    return list(_draw(Pen(estate, seed, strict=strict), count))


def _draw(pen: Pen, count: int) -> Iterator[RemoteChange]:
    sorts = [one for one in SORTS if pen.estate.profile in one.roles]
    made = 0
    while made < count and sorts:
        # Sorts that fit the rare situations choose first, so that no other sort uses those customers up.
        rounds = sorted(pen.random.sample(sorts, len(sorts)), key=lambda one: len(one.situations) or 99)
        for one in rounds[: count - made]:
            victim = _victim(one, pen.free)
            if victim is None and one.situations:
                sorts.remove(one)
                continue
            made += 1
            yield one.make(pen, victim or pen.estate.customers[0])


def _victim(one: Sort, free: dict[str, list[Made]]) -> Made | None:
    pools = [free[name] for name in one.situations if free.get(name)]
    for pool in sorted(pools, key=len, reverse=True):
        for made in pool:
            if one.needs(made):
                pool.remove(made)
                return made
    return None
