"""The Cloud Provider row: provider, pricebook, currencies, portal access.

Route `console`: ION has no public write; `cloudProfiles` shows the row (only while portal access is on), no API shows
the pricebook or the invoice currency. Route `api`: only where the connection names a write endpoint (docs/provider-
association-api.md; ION offers none).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field as Limit

import schemas
from clients.errors import ClientError
from clients.ion.models import AssociationRow
from onboarding import steps
from onboarding.core import compare, words
from onboarding.core.contract import (
    ABSENT,
    EARLIER,
    NEXT_RUN,
    NOT_VISIBLE,
    Facts,
    Field,
    Known,
    NextStep,
    Outcome,
    blocked,
    ready,
    waiting,
)
from onboarding.core.remembered import Memory
from onboarding.look.shown import row_of
from onboarding.look.snapshot import Look
from onboarding.resources import leaving, reconcile
from onboarding.resources.reconcile import Write
from schemas.model.customer import Ending
from schemas.model.gates import GATES

if TYPE_CHECKING:
    from clients.session import Session

PRICES = "ION products:pricing"
NAMES = ("provider", "pricebook", "provider_currency", "invoice_currency", "portal_access")
PRICED = GATES["pricebook"].facts


class RowMemory(Memory):
    """What no system shows of the row. ours: it was written or taken over by us. price_currency: last answer of ION's
    prices."""

    ours: bool = False
    price_currency: str = ""


class ProviderAssociationInputs(schemas.Declared):
    """The declared row; `ion_customer_id` comes from the customer profile ("" while unknown)."""

    key: Annotated[str, Limit(min_length=1)]
    ion_customer_id: str = ""
    cloud_provider: schemas.CloudProvider
    adopt: bool = False
    lifecycle: Ending | None = None


Inputs = ProviderAssociationInputs
CARRIED = ()


def _texts(row: schemas.CloudProvider | AssociationRow) -> dict[str, str]:
    return {n: (words.on_off(v) if isinstance(v := getattr(row, n), bool) else v) for n in NAMES}


def observe(desired: ProviderAssociationInputs, known: Known, look: Look) -> Facts:
    """Compare the row as far as a system shows it."""
    if look.session.ion is None:
        declared = _texts(desired.cloud_provider)
        fields = {n: Field("match", declared[n], "not needed", "no ION connection") for n in NAMES}
        return Facts(fields=fields, seen={"row": "no ION connection"})
    if not desired.ion_customer_id:
        return Facts(seen={"row": "no customer profile"})
    declared = _texts(desired.cloud_provider)
    row = row_of(look, desired.ion_customer_id)
    where = dict.fromkeys(NAMES, row.where)
    if not row.shown and not row.hides:
        return Facts(fields={n: Field("mismatch", declared[n], ABSENT, where[n]) for n in NAMES}, seen={"row": ABSENT})
    if row.whole is not None:
        return _compared(declared, dict(_texts(row.whole)), where, desired, {"row": row.whole}, "shown")
    shown, unasked = dict[str, str | None].fromkeys(NAMES), dict[str, str]()
    if row.shown:
        shown["provider"] = declared["provider"]  # the row of provider 30; its name differs between pages of ION
        shown["portal_access"] = None if row.portal_access is None else words.on_off(row.portal_access)
        # One call a customer is the budget of a read, so prices are asked for when something is decided, and
        # remembered.
        try:
            priced = (
                (RowMemory.of(known).price_currency or None)
                if look.bulk
                else look.price_currency(desired.ion_customer_id)
            )
        except ClientError:
            priced, unasked = "", {"prices": "could not look"}
        shown["provider_currency"] = priced or None
    where = {"provider": row.where, "portal_access": row.where, "provider_currency": PRICES}
    facts = _compared(declared, shown, where, desired, {}, "shown" if row.shown else NOT_VISIBLE)
    # The next read does not ask for prices, so that it differs from this one, and the next run asks again.
    return replace(facts, seen={**facts.seen, **unasked})


def _compared(
    declared: dict[str, str],
    shown: dict[str, str | None],
    where: dict[str, str],
    desired: ProviderAssociationInputs,
    data: dict[str, object],
    row: str,
) -> Facts:
    given = desired.cloud_provider.confirmed
    fields = {}
    for name in NAMES:
        if not declared[name]:  # an adopted customer whose file leaves it open: nothing to compare yet
            fields[name] = Field("not_visible", "", shown[name] or "", "customer file: not filled in")
            continue
        confirmation = given.of(name, declared[name]) if given else None
        if confirmation is None and given and name == "provider":
            confirmation = given.of("cloud_provider", declared["provider"])
        confirmed = words.confirmed_by(confirmation) if confirmation else ""
        fields[name] = compare.field(name, declared[name], shown[name], where.get(name, "no API"), confirmed)
    differing = {n: shown[n] or "" for n, fact in fields.items() if fact.state == "mismatch"}
    seen = {"row": row} | {n: compare.canonical(n, text) for n, text in differing.items()}
    live = {
        f"cloud_provider.{n}": (text == words.ON if n == "portal_access" else text) for n, text in differing.items()
    }
    return Facts(fields=fields, seen=seen, live=live, data=data)


def assess(desired: ProviderAssociationInputs, known: Known, facts: Facts, session: Session) -> Outcome:
    """What the facts mean, without a call."""
    if session.ion is None:
        return ready(facts, reason="no ION connection is declared; the row is not managed")
    if not desired.ion_customer_id:
        return waiting(facts, EARLIER, "comes after the customer profile")
    if desired.lifecycle is not None:
        return leaving.row(facts, session)
    differing = sorted(n for n, fact in facts.fields.items() if fact.state == "mismatch")
    if session.association is not None:
        return _assess_api(desired, known, facts, differing)
    remembered: dict[str, Any] = {}
    if facts.fields["provider_currency"].state != "not_visible":
        remembered = RowMemory.changes(price_currency=facts.fields["provider_currency"].seen)
    exists = facts.fields["provider"].holds
    unsettled = [n for n, fact in facts.fields.items() if not fact.holds and (n != "portal_access" or n in differing)]
    if not unsettled:
        return ready(facts, memory=remembered)
    hidden = not exists and not desired.cloud_provider.portal_access
    # What ION shows of a row that is there is not for a person to state.
    gates = tuple(gate for gate in _open_gates(facts) if hidden or "provider" not in GATES[gate].facts)
    step = _row_step(desired.cloud_provider, exists=exists, hidden=hidden, differs=bool(differing), gates=gates)
    if differing:
        reason = "; ".join(
            f"{n}: declared {facts.fields[n].declared}, ION has {facts.fields[n].seen}" for n in differing
        )
    elif exists:
        reason = f"no API shows {', '.join(n.replace('_', ' ') for n in unsettled)}; nobody confirmed it"
    else:
        reason = "ION shows no Cloud Provider row"
    return waiting(facts, "us", reason, step, memory=remembered)


def _row_step(
    declared: schemas.CloudProvider, *, exists: bool, hidden: bool, differs: bool, gates: tuple[str, ...]
) -> NextStep:
    """What a person does at the row. `hidden`: nobody can see whether it exists; `gates`: what no API shows."""
    open_ = [name for name in PRICED if not getattr(declared, name)]
    if open_:
        return steps.fill_in_row(names=open_, exists=exists or hidden)
    return steps.set_row(
        **_texts(declared),
        exists=exists,
        hidden=hidden,
        differs=differs,
        confirm=gates,
    )


def _open_gates(facts: Facts) -> list[str]:
    """The gates at the row that do not hold and that a person can confirm."""
    left = {name for name, fact in facts.fields.items() if not fact.holds}
    here = (gate for gate in GATES.values() if gate.confirmed_in == "cloud_provider")
    return [gate.key for gate in here if left.intersection(gate.facts)]


def _assess_api(desired: ProviderAssociationInputs, known: Known, facts: Facts, differing: list[str]) -> Outcome:
    if not differing:
        return ready(facts, memory=RowMemory.changes(ours=True))
    absent = "row" not in facts.data
    if not absent and not desired.adopt and not RowMemory.of(known).ours:
        told = "; ".join(f"{n}: file {facts.fields[n].declared!r}, row {facts.fields[n].seen!r}" for n in differing)
        return blocked(
            facts,
            f"there is already a Cloud Provider row with other values: {told}",
            steps.take_over_row(),
        )
    if absent and not all(_texts(desired.cloud_provider).values()):
        return waiting(
            facts, "us", "there is no Cloud Provider row, and the file leaves its pricebook open", steps.declare_row()
        )
    verb = "adds the row" if absent else f"corrects {', '.join(differing)}"
    return waiting(facts, NEXT_RUN, f"the next run {verb}", memory=known.memory)


def converge(desired: ProviderAssociationInputs, known: Known, facts: Facts, session: Session) -> Outcome:
    """Write the row where an endpoint exists: the whole row from a fresh read, the linked tenant kept."""
    outcome = assess(desired, known, facts, session)
    api = session.association
    if outcome.waiting_on != NEXT_RUN or api is None:
        return outcome

    def send(seen: Facts) -> Known:
        api.put(desired.ion_customer_id, _body(desired, seen.data.get("row")))
        return known.remembering(RowMemory.changes(ours=True))

    step = Write(
        look=lambda now: observe(desired, now, Look(session)),
        assess=lambda now, seen: assess(desired, now, seen, session),
        send=send,
        refused=lambda seen, due, error: reconcile.refused(seen, error, session, correct=steps.correct_row()),
        still="the row was written, and still shows other values",
    )
    return reconcile.take(step, ("ion.row", desired.ion_customer_id), known, session)


def _body(desired: ProviderAssociationInputs, fresh: AssociationRow | None) -> AssociationRow:
    """The whole row: what is declared, and what the file leaves open as it was; of who leaves only the switch."""
    if fresh is not None and desired.lifecycle is not None:
        return replace(fresh, portal_access=False)
    declared = {name: getattr(desired.cloud_provider, name) for name in NAMES}
    if fresh is None:
        return AssociationRow(**declared, tenant_id="", domain="")
    return replace(fresh, **{name: value for name, value in declared.items() if value != ""})


def release(known: Known, session: Session) -> Outcome:
    """The row stays: ION has no call that removes it."""
    return ready(Facts(), reason=f"the Cloud Provider row stays in ION account {session.account}")
