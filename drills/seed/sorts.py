"""What a sort of remote change is, and the pen that writes changes. The sorts are in `sorts_ion`, `sorts_microsoft`.

A change is an order to the sandbox's administration (`changes`, and `seed` for what did not exist) and the complete set
of findings that follow from it. A cosmetic change (capitals, spaces, another form of the same phone number) has an
empty set. No customer is changed twice, so that the expectations of two changes never mix.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from drills.seed.estate import Generated, Made, Profile

Verdict = tuple[str, str, str]
"""Kind of finding, customer key ("" for what nobody declares), field."""

LOST = "not_visible"
"""Kind of a finding about what was seen as declared before and is out of sight now."""


@dataclass(frozen=True, slots=True)
class RemoteChange:
    """What somebody did (`name`), the orders that do it, and the findings that must follow.

    unseen: why no list of any system shows it, so that the change itself cannot be told; what follows from it is in
    `expected` all the same. "" for what a look must find.
    """

    name: str
    orders: tuple[dict[str, Any], ...]
    expected: frozenset[Verdict]
    seed: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    unseen: str = ""


Make = Callable[["Pen", Made], RemoteChange]


@dataclass(frozen=True, slots=True)
class Sort:
    """One sort of change: whom it can happen to (situations; () for nobody's customer) and in which role."""

    name: str
    situations: tuple[str, ...]
    make: Make
    roles: tuple[Profile, ...] = ("provider", "reseller")
    needs: Callable[[Made], bool] = lambda made: True


SORTS: list[Sort] = []


def sort(
    name: str,
    *situations: str,
    roles: tuple[Profile, ...] = ("provider", "reseller"),
    needs: Callable[[Made], bool] = lambda made: True,
) -> Callable[[Make], Make]:
    """Register a sort of change."""

    def register(make: Make) -> Make:
        SORTS.append(Sort(name, situations, make, roles, needs))
        return make

    return register


class Pen:
    """Writes changes: the estate, a random source, and serial numbers for what did not exist before.

    strict: the sandbox takes the harder reading of what nobody knows, which shows an indirect reseller less.
    """

    def __init__(self, estate: Generated, seed: int, *, strict: bool = False) -> None:
        self.estate = estate
        self.strict = strict
        self.random = random.Random(f"changes/{seed}")
        self.partner = estate.profile == "provider"
        self.free: dict[str, list[Made]] = {}
        for made in estate.customers:
            self.free.setdefault(made.situation, []).append(made)
        for customers in self.free.values():
            self.random.shuffle(customers)
        self._serial = 0

    def serial(self) -> int:
        self._serial += 1
        return self._serial

    def stranger(self) -> dict[str, Any]:
        """A tenant that nobody declares."""
        number = self.serial()
        return {"initial_domain": f"stranger{number}.onmicrosoft.com", "company_name": f"Stranger {number}"}


def change(name: str, orders: list[dict[str, Any]], *expected: Verdict, **seed: list[dict[str, Any]]) -> RemoteChange:
    return RemoteChange(name, tuple(orders), frozenset(expected), seed)


def one_each(kind: str, made: Made, *fields: str) -> list[Verdict]:
    return [(kind, made.key, name) for name in fields]
