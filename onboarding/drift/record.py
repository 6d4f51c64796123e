"""What only a tenant's own record in Partner Center shows: billing contact, address, culture, language, reseller.

Reading it costs one call a customer. A look at a large estate spends its calls on rows and agreements, so each look
reads only some records and takes the others from its cache; the report says how old those are. Records are compared for
tenants that were made from a file (`method: new`). Order: tenants that Partner Center's activity log names, tenants
never read, then the oldest answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial

import schemas
from clients.errors import ClientError, NotFound, contained
from clients.partner_center.models import BillingProfile, PcCustomer
from onboarding.core import compare
from onboarding.core.contract import ABSENT, Facts, Field, Known, Outcome, stamp
from onboarding.core.remedy import Trouble
from onboarding.drift.report import Rotation
from onboarding.drift.resources import RECORD, Seen, related
from onboarding.look.cache import RECORD as KIND
from onboarding.look.cache import ObservedLook
from schemas.dotted import value_at
from schemas.model.fields import PARTNER_CENTER, RemoteField, named

WHERE = "Partner Center customer record"
ROOM = 20
"""Records asked for by a look that follows another one closely."""
FIRST_ROOM, FIRST_SHARE = 50, 0.15
"""Records asked for by any other look: so many, or this share of the customers if that is more. A look may
make 2.2 calls a customer (docs/decisions.md, Drift); row, agreement and lists leave 0.15 of it."""


@dataclass(frozen=True, slots=True)
class _Turn:
    """A customer whose tenant has a record to compare."""

    declared: schemas.Customer
    identity: schemas.NewIdentity
    tenant: str


def add_records(
    files: Mapping[str, schemas.Customer],
    declared: Mapping[str, list[Seen]],
    eyes: ObservedLook,
    differing: Iterable[str],
    pool: Executor,
) -> tuple[Rotation, dict[str, Trouble]]:
    """Add what the records show to the customers that were looked at, as one more thing seen of each.

    differing: customers whose record was not as declared the last time. Returns how far the rotation got, and what
    could not be looked at.
    """
    turns = [turn for key, seen in declared.items() if (turn := _turn(files[key], seen))]
    if eyes.session.partner_center is None or not turns:
        return Rotation(), {}
    room = ROOM if eyes.warm else max(FIRST_ROOM, int(FIRST_SHARE * len(files)))
    open_keys = set(differing)
    first = {turn.tenant for turn in turns if turn.declared.key in open_keys}
    asked = eyes.rotate(KIND, [turn.tenant for turn in turns], room, first=first)
    readable = [turn for turn in turns if turn.tenant in asked or eyes.has_record(turn.tenant)]
    failed: dict[str, Trouble] = {}
    never = [turn.declared.key for turn in turns if turn not in readable]
    times: list[str] = []
    for turn, found in zip(readable, pool.map(partial(_look, eyes), readable), strict=True):
        if isinstance(found, Seen):
            declared[turn.declared.key].append(found)
            times.append(found.at)
        elif found is None:
            never.append(turn.declared.key)
        else:
            failed[f"{turn.declared.key} {', '.join(sorted(_sections(turn.identity)))}"] = found
    now = stamp(eyes.now)
    return Rotation(
        of=len(turns),
        now=sum(at == now for at in times),
        oldest=min(times, default=""),
        never=tuple(sorted(never)),
    ), failed


def _turn(declared: schemas.Customer, seen: list[Seen]) -> _Turn | None:
    identity, tenant = declared.identity, related(seen)
    if not isinstance(identity, schemas.NewIdentity) or tenant is None:
        return None
    return _Turn(declared, identity, tenant.id.lower())


def _look(eyes: ObservedLook, turn: _Turn) -> Seen | Trouble | None:
    eyes.watch()
    try:
        with contained():
            record = eyes.record(turn.tenant)
            facts = Facts(fields=dict(_compared(turn, record, eyes)))
    except NotFound:  # in the list and not by its id yet: it was made just now
        return None
    except ClientError as error:
        return Trouble.of(error, eyes.session.connection.name, turn.declared.key)
    return Seen(RECORD, Known(), facts, Outcome("ready", facts), eyes.oldest())


def _sections(identity: schemas.NewIdentity) -> set[str]:
    return {f"identity.{field.path.partition('.')[0]}" for field, _ in _declared(identity)}


def _declared(identity: schemas.NewIdentity) -> Iterator[tuple[RemoteField, str]]:
    """What the file itself names of the tenant's record: what it leaves out is not managed."""
    for field in PARTNER_CENTER:
        if (value := named(identity, field.path)) is not None:
            yield field, str(value)


def _compared(turn: _Turn, record: PcCustomer, eyes: ObservedLook) -> Iterable[tuple[str, Field]]:
    country = (turn.identity.address or turn.declared.profile.address).country
    for field, text in _declared(turn.identity):
        seen = _shown(record.billing, field) if record.billing is not None else None
        if seen == "" and field.form != "phone":
            seen = ABSENT
        # An empty phone number says nothing: Microsoft may echo one so (partner-center.md 2.1).
        yield field.path, compare.field(field.path, text, seen or None, WHERE, country=country)
    direct = turn.identity.direct_customer
    if eyes.session.connection.role == "indirect-provider" and (direct or eyes.session.reseller_tenant):
        yield "direct_customer", _reseller(turn.identity, record.associated_partner_id, eyes)


def _shown(billing: BillingProfile, field: RemoteField) -> str:
    return next(filter(None, (str(value_at(billing, name) or "") for name in field.theirs)), "")


def _reseller(identity: schemas.NewIdentity, partner: str, eyes: ObservedLook) -> Field:
    """Through which reseller the customer is. No page says that the record of a customer always names the reseller, so
    that a record without one is no proof of a direct customer."""
    wanted = "a direct customer" if identity.direct_customer else f"through {eyes.session.reseller_tenant}"
    seen = f"through {partner}" if partner else wanted if identity.direct_customer else None
    return compare.field("reseller", wanted, seen, WHERE)
