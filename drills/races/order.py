"""The order of changes does not matter: `python -m drills.races.order [--pairs 500] [--seed 1]`, one figure a line.

Two random change sets, A and B, are applied to a copy of one estate as A then B, and to another as B then A; a run
follows each, then people and runs until nothing moves. Systems and state must end equal. A change set holds edits of
customer files, new and removed customers, and what somebody changed in a console. The two sets never touch the same
field: for the same field the later word holds, which is an order by intent.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from drills.harness import Pipeline
from drills.kills.runs import differences

ROUNDS = 6
"""Runs after which an estate must be quiet."""
ALL = "*"


@dataclass(frozen=True)
class Change:
    """One change. `touches`: (customer, what of it); two changes with a common touch are never in different sets."""

    name: str
    touches: frozenset[tuple[str, str]]
    apply: Callable[[Pipeline], None]

    def meets(self, other: Change) -> bool:
        return any(
            key == other_key and (what == other_what or ALL in (what, other_what))
            for key, what in self.touches
            for other_key, other_what in other.touches
        )


@dataclass
class Draw:
    """Draws changes that fit a situation. `settled`: every customer is in ION. `tenants`: customer -> initial domain,
    once every tenant is there."""

    random: random.Random
    pipeline: Pipeline
    settled: bool
    tenants: Mapping[str, str]
    number: int = 0

    def change(self) -> Change:
        kinds = [self.profile, self.profile, self.row, self.row]
        if self.pipeline.remote.profile == "provider":
            kinds += [self.signatory, self.new_customer, self.new_customer, self.confirms, self.method]
        if self.settled:  # before that, what a customer is made as would depend on the run between the sets
            kinds += [self.leaves]
            kinds += [self.company] if self.pipeline.remote.profile == "provider" else []
        if self.tenants:
            kinds += [self.console_profile, self.console_row, self.console_unlinks, self.agreement_gone, self.related]
        return self.random.choice(kinds)()

    def _key(self) -> str:
        return self.random.choice(sorted(self.pipeline.declared))

    def _email(self, key: str) -> str:
        return self.pipeline.declared[key].profile.email

    def _edit(self, key: str, touched: str, edits: Mapping[str, Any], *more: str) -> Change:
        def apply(pipeline: Pipeline) -> None:
            pipeline.declare(key, edits)

        return Change(f"{key}: {dict(edits)}", frozenset((key, what) for what in (touched, *more)), apply)

    def _console(self, key: str, touched: str, order: Mapping[str, Any], *more: str) -> Change:
        def apply(pipeline: Pipeline) -> None:
            pipeline.remote.admin("POST", "changes", [order])

        return Change(f"console: {dict(order)}", frozenset((key, what) for what in (touched, *more)), apply)

    # Files.

    def profile(self) -> Change:
        key, pick = self._key(), self.random.randrange(4)
        values = (
            ("phone", f"+1425555{self.random.randrange(1000, 9999)}"),
            ("title", f"CIO {self.random.randrange(9)}"),
            ("contact_name", f"Person {self.random.randrange(99)}"),
            ("address.suite", f"Floor {self.random.randrange(9)}"),
        )
        name, value = values[pick]
        return self._edit(key, name, {f"profile.{name}": value}, *(["birth"] if name == "address.suite" else []))

    def row(self) -> Change:
        key = self._key()
        books = self.pipeline.connections[self.pipeline.declared[key].connection].pricebooks
        book = self.random.choice(sorted(books))
        edits = {"pricebook": book, "provider_currency": books[book], "invoice_currency": books[book]}
        if self.random.random() < 0.5:
            return self._edit(key, "portal", {"cloud_provider.portal_access": self.random.random() < 0.5})
        return self._edit(key, "pricebook", {f"cloud_provider.{name}": value for name, value in edits.items()})

    def signatory(self) -> Change:
        key, number = self._key(), self.random.randrange(99)
        person = {"first_name": "Sig", "last_name": "Natory", "email": f"sig{number}@{key}.example"}
        return self._edit(key, "signatory", {"attestation.signatory": {**person, "phone": "+14255550100"}})

    def company(self) -> Change:
        key = self._key()
        return self._edit(
            key, "company", {"profile.organization": f"{key.title()} {self.random.randrange(99)}"}, "birth"
        )

    def confirms(self) -> Change:
        """The confirmation without which no tenant is made, where the situation lacks it."""
        open_ones = [
            (key, prefix)
            for key, one in sorted(self.pipeline.declared.items())
            if (prefix := getattr(one.identity, "domain_prefix", "")) and one.identity.confirm_new_tenant != prefix  # type: ignore[union-attr]
        ]
        if not open_ones:
            return self.profile()
        key, prefix = self.random.choice(open_ones)
        return self._edit(key, "birth", {"identity.confirm_new_tenant": prefix})

    def method(self) -> Change:
        """An existing tenant that is declared as invited: an update, never a replacement."""
        invited = {
            "method": "invite",
            "domain": "adventureworks.onmicrosoft.com",
            "global_admin": {"name": "Ada Wirth", "email": "admin@adventure.example"},
        }
        if "adventure" not in self.pipeline.declared:
            return self.profile()
        # The default way to the agreement follows the method; it is kept, as it belongs to the signatory.
        return self._edit("adventure", "identity", {"identity": invited, "attestation.route": "partner"}, "signatory")

    def new_customer(self) -> Change:
        self.number += 1
        key = f"new{self.number}"
        pattern = self.pipeline.declared[self.random.choice(("alpine", "blueyonder"))]
        data = pattern.model_dump(mode="json", exclude_none=True, exclude_unset=True)
        data["key"] = key
        data["profile"] |= {"email": f"it@{key}.example", "organization": f"New Company {self.number}"}
        data["identity"] |= {"domain_prefix": f"{key}company", "confirm_new_tenant": f"{key}company"}
        declared = type(pattern).model_validate(data)

        def apply(pipeline: Pipeline) -> None:
            pipeline.declared[key] = declared

        return Change(f"new customer {key}", frozenset({(key, ALL)}), apply)

    def leaves(self) -> Change:
        key = self._key()
        if self.random.random() < 0.5:
            return self._edit(key, ALL, {"lifecycle": "leaving"})

        def apply(pipeline: Pipeline) -> None:
            del pipeline.declared[key]

        return Change(f"file of {key} removed", frozenset({(key, ALL)}), apply)

    # Consoles.

    def console_profile(self) -> Change:
        key, name = self._key(), self.random.choice(("phone", "title", "address.suite"))
        order = {"do": "profile", "customer": self._email(key), "set": {name: f"console {self.random.randrange(99)}"}}
        return self._console(key, name, order)

    def console_row(self) -> Change:
        key = self._key()
        if self.random.random() < 0.3:
            order: dict[str, Any] = {"do": "remove_row", "customer": self._email(key)}
            return self._console(key, "pricebook", order, "portal", "link")
        order = {"do": "row", "customer": self._email(key), "set": {"portal_access": self.random.random() < 0.5}}
        return self._console(key, "portal", order)

    def console_unlinks(self) -> Change:
        key = self._key()
        return self._console(key, "link", {"do": "link", "customer": self._email(key)}, "pricebook", "portal")

    def agreement_gone(self) -> Change:
        key = self.random.choice(sorted(self.tenants))
        order = {"do": "agreement", "tenant": self.tenants[key], "kind": "none"}
        return self._console(key, "signatory", order, "company")

    def related(self) -> Change:
        """The customer ends the relationship; nobody but the customer can make it again."""
        key = self.random.choice(sorted(self.tenants))
        account = {"us": "10501", "ca": "10502"}[self.pipeline.declared[key].connection]
        return self._console(key, ALL, {"do": "end_relationship", "tenant": self.tenants[key], "account": account})


def _first() -> Pipeline:
    """Nothing done yet; one new tenant is not confirmed."""
    pipeline = Pipeline.example("provider")
    pipeline.declare("blueyonder", {"identity.confirm_new_tenant": None})
    return pipeline


def _waiting() -> Pipeline:
    pipeline = _first()
    pipeline.up()
    return pipeline


def _finished() -> Pipeline:
    pipeline = Pipeline.example("provider")
    pipeline.up()
    pipeline.settle()
    return pipeline


def _reseller() -> Pipeline:
    pipeline = Pipeline.example("reseller")
    pipeline.up()
    pipeline.settle(2)
    return pipeline


TENANTS = {
    "adventure": "adventureworks.onmicrosoft.com",
    "alpine": "alpineskihouse.onmicrosoft.com",
    "blueyonder": "blueyonderus.onmicrosoft.com",
    "maplegrove": "maplegrove.onmicrosoft.com",
}
SITUATIONS: list[tuple[Callable[[], Pipeline], Mapping[str, str]]] = [
    (_first, {}),
    (_waiting, {}),
    (_finished, TENANTS),
    (_finished, TENANTS),
    (_reseller, {}),
]


def pair(draw: Draw) -> tuple[list[Change], list[Change]]:
    """Two change sets of one to four changes each, with nothing in common."""
    sets: tuple[list[Change], list[Change]] = ([], [])
    for mine, other in (sets, sets[::-1]):
        for _ in range(draw.random.randint(1, 4)):
            change = draw.change()
            if not any(change.meets(one) for one in (*mine, *other)):
                mine.append(change)
    return sets


def apply(start: Pipeline, *sets: list[Change]) -> tuple[Pipeline, list[str]]:
    """Apply the sets with a run after each, then let everything come to rest; what was wrong on the way."""
    pipeline = start.copy()
    for changes in sets:
        for change in changes:
            change.apply(pipeline)
        pipeline.up()
        pipeline.remote.sleep(120)
    for _ in range(ROUNDS):
        pipeline.remote.act(pipeline.steps())
        if not pipeline.up():
            return pipeline, pipeline.remote.twice()
    return pipeline, [f"not quiet after {ROUNDS} rounds", *pipeline.remote.twice()]


def run(pairs: int, seed: int = 1, report: Callable[[str], None] = print) -> int:
    """How many of the pairs ended unequal."""
    starts = [(make(), tenants) for make, tenants in SITUATIONS]
    failed = 0
    for number in range(pairs):
        start, tenants = starts[number % len(starts)]
        a, b = pair(Draw(random.Random(f"{seed}/{number}"), start, bool(start.state), tenants))
        (one, wrong), (two, more) = apply(start, a, b), apply(start, b, a)
        wrong += more
        wrong += differences("systems", one.remote.picture(), two.remote.picture())
        wrong += differences("state", one.summary(), two.summary())
        if wrong:
            failed += 1
            names = " | ".join("; ".join(change.name for change in changes) for changes in (a, b))
            report(f"pair {number} ({names}):\n  " + "\n  ".join(wrong[:6]))
        one.remove()
        two.remove()
    for start, _ in starts:
        start.remove()
    return failed


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pairs", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    began = time.monotonic()
    failed = run(wanted.pairs, wanted.seed)
    print(f"order: {wanted.pairs} pairs of change sets, {failed} ended unequal ({time.monotonic() - began:.0f} s)")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
