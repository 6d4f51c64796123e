"""Verdict and next step against the checkout: `python -m drills.reading.readiness`, one figure a line.

For each of the 2^7 combinations of the seven gates, and each way in which a connection can look, the situation is made
in the sandbox, looked at by the real providers (observe and assess of all four resources), and then run. Each time:

- the verdict is what the sandbox's checkout answers;
- every gate that stops the checkout is open or wrong, and what is open beyond it is told as "cannot be seen";
- the next step is the right one.

Where no API shows something, a person looks and confirms what is true, and nothing else.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import product
from typing import Any

from csp_sandbox import checkout

from drills.harness import Pipeline
from equipment.told import as_told
from onboarding.core.catalogue import RESOURCES
from onboarding.readiness.states import ResourceState
from onboarding.readiness.verdicts import Readiness, readiness
from schemas.model.gates import GATES

COMBINATIONS = [
    frozenset(gate for gate, is_open in zip(GATES, choice, strict=True) if is_open)
    for choice in product((False, True), repeat=len(GATES))
]
Open = frozenset[str]
Step = tuple[str, str]
"""Whom a customer waits for, and a text that where and action of the step hold ("" for no step)."""
NOTHING: Step = ("", "")
PRICES = ("pricebook", "provider_currency", "invoice_currency")
TICKET: Step = ("distributor", "ACTIVE again")
PROGRAM: Step = ("us", "approved for our account")
MICROSOFT_SAYS: Step = ("us", "does not let our reseller account transact")
INVITE: Step = ("customer", "accepts the relationship link|accepts it")
SIGN: Step = ("customer", "accepts the Microsoft Customer Agreement")
ROW: Step = ("us", "Cloud Providers.*(set pricebook|[Ll]ook whether it has pricebook)|Cloud Providers.*Add the row")
LINK: Step = ("us", "Cloud Providers.*Microsoft ID below")
ATTEST: Step = ("us", "Cloud Providers.*[Ff]ill in Attestation")
LOOK: Step = ("us", "Partner Center.*is listed there")
RUN: Step = ("next run", "")


@dataclass(frozen=True)
class Way:
    """One way of looking at a customer: which estate, which customer, what a person has to confirm."""

    name: str
    stack: str
    key: str
    expected: Callable[[Open], Step]
    api: bool = False
    confirms: tuple[str, ...] = ()
    portal: bool = True


def console(opened: Open) -> Step:
    """An indirect reseller: ION's console, a look into its own Partner Center, TD SYNNEX."""
    if "profile" in opened:
        return TICKET
    if opened & {"cloud_provider", "pricebook"}:
        return ROW
    if "tenant" in opened:
        return LINK
    if "relationship" in opened:
        return LOOK
    if "agreement" in opened:
        return ATTEST
    return PROGRAM if "reseller" in opened else NOTHING


def partner(opened: Open) -> Step:
    """A provider whose rows are console work: it invites and asks for the agreement itself."""
    if "profile" in opened:
        return TICKET
    if opened & {"cloud_provider", "pricebook"}:
        return ROW
    if "relationship" in opened:
        return INVITE
    if "tenant" in opened:
        return LINK
    if "agreement" in opened:
        return SIGN
    return MICROSOFT_SAYS if "reseller" in opened else NOTHING


def endpoint(opened: Open) -> Step:
    """A provider with a write endpoint for rows: what is left after a run."""
    return partner(opened - {"cloud_provider", "pricebook", "tenant"})


WAYS = (
    Way("indirect reseller", "reseller", "contoso", console, confirms=("relationship", "pricebook")),
    Way(
        "indirect reseller, portal access off",
        "reseller",
        "wingtip",
        console,
        confirms=("relationship", "pricebook", "cloud_provider", "tenant", "agreement"),
        portal=False,
    ),
    Way("indirect provider, rows in the console", "provider", "adventure", partner, confirms=("pricebook",)),
    Way("indirect provider, rows by an endpoint", "provider", "adventure", endpoint, api=True),
)


@dataclass
class Result:
    """What came out of one way: cells that agree, and for the others what was wrong."""

    way: Way
    cells: int = 0
    wrong: dict[str, str] = field(default_factory=dict)


def base(way: Way) -> Pipeline:
    """The customer with every gate passed, as runs leave it."""
    pipeline = Pipeline.example(way.stack)
    pipeline.declared = {way.key: pipeline.declared[way.key]}
    if not way.api:
        pipeline.connections = {
            name: one.model_copy(update={"association_api": None}) for name, one in pipeline.connections.items()
        }
    if way.stack == "provider":
        # Attested by somebody else: an accepted attestation of our own would put a lost agreement back by itself.
        _change(pipeline, {"do": "agreement", "tenant": _domain(pipeline, way), "kind": "attested", "date": "-60d"})
        pipeline.declare(way.key, {"cloud_provider.portal_access": True})
        pipeline.up()
        row = dict.fromkeys(PRICES, "USD") | {"pricebook": "US Standard", "portal_access": True}
        _change(pipeline, {"do": "row", "customer": _email(way), "set": row})
        _change(pipeline, {"do": "link", "customer": _email(way), "tenant": _domain(pipeline, way)})
    confirm(pipeline, way, frozenset())
    for _ in range(2):
        pipeline.up()
        pipeline.remote.act(pipeline.steps())
    pipeline.up()
    return pipeline


def cells(way: Way, opens: list[Open]) -> Iterator[tuple[Open, Pipeline]]:
    """Each combination as a situation of its own; nothing has looked at it yet."""
    ready = base(way)
    try:
        for opened in opens:
            cell = ready.copy()
            try:
                make(cell, way, opened)
                yield opened, cell
            finally:
                cell.remove()
    finally:
        ready.remove()


def make(cell: Pipeline, way: Way, opened: Open) -> None:
    """Open the gates in the systems, behind everybody's back."""
    email, domain = _email(way), _domain(cell, way)
    if "reseller" in opened:
        store = cell.remote.world.store
        for account in list(store.accounts):
            store.accounts.put(account.model_copy(update={"program_authorized": False}))
    if "agreement" in opened:
        _change(cell, {"do": "agreement", "tenant": domain, "kind": "none"})
    if "relationship" in opened:
        account = next(iter(cell.state.values())).outputs["account"]
        _change(cell, {"do": "end_relationship", "tenant": domain, "account": account})
    if "tenant" in opened:
        _change(cell, {"do": "link", "customer": email})
    if "pricebook" in opened:
        _change(cell, {"do": "row", "customer": email, "set": {"pricebook": "US Euro"}})
    if "cloud_provider" in opened:
        _change(cell, {"do": "remove_row", "customer": email})
    if "profile" in opened:
        _change(cell, {"do": "profile", "customer": email, "set": {"status": "INACTIVE"}})


def confirm(cell: Pipeline, way: Way, opened: Open) -> None:
    """A person looks at what no API shows, and writes down what is true."""
    declared = cell.declared[way.key]
    opened = opened | ({"pricebook", "tenant"} if "cloud_provider" in opened else frozenset())
    true = [gate for gate in way.confirms if gate not in opened]
    row = declared.cloud_provider
    fields = {name: getattr(row, name) for name in PRICES} if "pricebook" in true else {}
    fields |= {"provider": row.provider} if "cloud_provider" in true else {}
    signatory = declared.attestation.signatory
    assert signatory is not None
    domain = _domain(cell, way)
    blocks: dict[str, dict[str, Any]] = {
        "cloud_provider": fields,
        "identity": {gate: domain for gate in ("relationship", "tenant") if gate in true},
        "attestation": {"agreement": signatory.email} if "agreement" in true else {},
    }
    cell.declare(way.key, {f"{section}.confirmed": _block(values) for section, values in blocks.items()})
    if way.stack == "reseller" and "reseller" in opened:
        cell.connections = {
            name: one.model_copy(update={"program_access": None}) for name, one in cell.connections.items()
        }


def judge(cell: Pipeline, way: Way) -> Readiness:
    """The verdict on what the last look or run left in state."""
    states = {kind: ResourceState(kind, way.key, cell.state[way.key, kind].outputs) for kind in RESOURCES}
    return readiness(cell.declared[way.key], states, cell.remote.now())


def disagreements(cell: Pipeline, way: Way, verdict: Readiness) -> Iterator[str]:
    """Where the verdict is not what an order would meet now."""
    store = cell.remote.world.store
    account = store.accounts.get(next(iter(cell.state.values())).outputs["account"])
    assert account is not None
    refused = checkout.check(store, account, checkout.find_customer(store, account.id, _email(way))).blockers
    if verdict.can_order != (not refused):
        yield f"can order: {verdict.can_order}, the checkout refuses {refused}"
    if passed := [gate for gate in refused if verdict.gates[gate].passed]:
        yield f"{passed} told as passed, the checkout refuses"
    if guessed := [gate for gate in verdict.blockers if gate not in refused and not verdict.gates[gate].unseen]:
        yield f"{guessed} told as {[verdict.gates[gate].state for gate in guessed]}, the checkout does not refuse"


def step_of(verdict: Readiness) -> tuple[str, str]:
    """Whom it waits for; where, what and every value as one text."""
    step = as_told(verdict.next_step) if verdict.next_step else None
    if step is None:
        return (verdict.waiting_on, "") if verdict.blockers else NOTHING
    return step["owner"], " ".join([step["where"], step["action"], *step["values"].values()])


def main() -> int:
    """Measure every way."""
    failed = 0
    for way in WAYS:
        result = measure(way)
        failed += len(result.wrong)
        print(f"readiness, {way.name}: {result.cells - len(result.wrong)} of {result.cells} agree with the checkout")
        for cell, why in result.wrong.items():
            print(f"  {cell}: {why}", file=sys.stderr)
    return 1 if failed else 0


def measure(way: Way, opens: list[Open] = COMBINATIONS) -> Result:
    """Every combination, looked at and run."""
    result = Result(way)
    for opened, cell in cells(way, opens):
        result.cells += 1
        wrong = []
        if not way.confirms:  # a confirmation that is no longer true cannot be noticed by a look
            cell.refresh()
            verdict = judge(cell, way)
            wrong += [f"looked at: {why}" for why in disagreements(cell, way, verdict)]
        confirm(cell, way, opened)
        cell.up()
        verdict = judge(cell, way)
        wrong += [f"after a run: {why}" for why in disagreements(cell, way, verdict)]
        owner, text = step_of(verdict)
        wanted, words = way.expected(opened)
        if owner != wanted or not re.search(words, text):
            wrong.append(f"next step {owner}: {text[:200]!r}, not {wanted}: {words!r}")
        if wrong:
            result.wrong["+".join(sorted(opened)) or "none"] = "; ".join(wrong)
    return result


def _block(values: dict[str, Any]) -> dict[str, Any] | None:
    if not values:
        return None
    return {"fields": list(values), "by": "kim@reseller.example", "on": date(2026, 11, 22), "values": values}


def _change(pipeline: Pipeline, *changes: dict[str, Any]) -> None:
    pipeline.remote.admin("POST", "changes", list(changes))


def _email(way: Way) -> str:
    return f"it@{way.key}.example"


def _domain(pipeline: Pipeline, way: Way) -> str:
    identity = pipeline.declared[way.key].identity
    return identity.initial_domain if identity.method == "new" else str(identity.domain)


if __name__ == "__main__":
    sys.exit(main())
