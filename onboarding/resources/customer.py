"""The customer profile in ION: found or created by e-mail, corrected by a full PUT that starts from a fresh GET.

ION writes nothing else by API (ion.md 0). The portal password of a create is discarded by the
client.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from pydantic import Field as Limit

import schemas
from clients.errors import ClientError, PersonMustAct
from clients.ion.models import IonCustomer, IonCustomerFields
from clients.words import PROFILE, meaning
from onboarding import steps
from onboarding.core import compare, words
from onboarding.core.contract import (
    ABSENT,
    NEXT_RUN,
    Facts,
    Field,
    Known,
    NextStep,
    Outcome,
    blocked,
    ready,
    waiting,
)
from onboarding.look.shown import is_active
from onboarding.look.snapshot import Look
from onboarding.resources import leaving, reconcile
from onboarding.resources.reconcile import Refusal, Write
from schemas.dotted import value_at
from schemas.kinds import phones, places
from schemas.model.customer import Lifecycle, OnRemove
from schemas.model.fields import ION
from schemas.model.gates import program_access_of

if TYPE_CHECKING:
    from clients.session import Session

WHERE = "ION customer profile"
ACTIVE = "ACTIVE"


class CustomerInputs(schemas.Declared):
    """The declared part of a customer profile and the switches of its file."""

    key: Annotated[str, Limit(min_length=1)]
    profile: schemas.Profile
    lifecycle: Lifecycle = "active"
    adopt: bool = False
    recreate: bool = False
    on_remove: OnRemove = "keep"


Inputs = CustomerInputs
CARRIED = ("ion_customer_id",)


def _declared(profile: schemas.Profile) -> dict[str, str]:
    """Declared field -> text. What the file does not name is not managed and not in here."""
    values = {field.path: value_at(profile, field.path) for field in ION}
    return {name: text for name, text in values.items() if text is not None}


def _live(found: IonCustomerFields) -> dict[str, str | None]:
    """The same of what ION holds; None where it does not show a field."""
    return {field.path: value_at(found, field.path) for field in ION}


def observe(desired: CustomerInputs, known: Known, look: Look) -> Facts:
    """Find the profile by its id, before the first run by its e-mail, and compare every declared field."""
    if look.session.ion is None:
        # Orders of such a connection do not go through ION, so that its gates stand in nobody's way.
        unneeded = Field("match", ACTIVE, "not needed", "no ION connection")
        return Facts(fields={"status": unneeded, "reseller": _reseller(look)}, seen={"profile": "no ION connection"})
    known_id = known.text("ion_customer_id")
    found = look.ion_customer(known_id) if known_id else None
    if found is None:
        found = look.ion_customer_by_email(desired.profile.email)
        if known_id and found is not None and found.id != known_id and not desired.recreate:
            found = None  # another profile took the e-mail: not ours
    reseller = _reseller(look)
    if found is None:
        return Facts(
            fields={"status": Field("mismatch", ACTIVE, ABSENT, WHERE), "reseller": reseller},
            seen={"profile": ABSENT},
        )
    declared, live = _declared(desired.profile), _live(found)
    country = desired.profile.address.country
    fields = {name: compare.field(name, text, live[name], WHERE, country=country) for name, text in declared.items()}
    differing = {name: fact.seen for name, fact in fields.items() if fact.state == "mismatch"}
    fields["status"] = status(found, look.session.connection)
    fields["reseller"] = reseller
    seen = {"profile": found.status} | {n: compare.canonical(n, text, country) for n, text in differing.items()}
    return Facts(
        fields=fields,
        seen=seen,
        live={f"profile.{name}": text for name, text in differing.items()} if known_id else {},
        data={"customer": found},
    )


def status(found: IonCustomer, connection: schemas.Connection) -> Field:
    """May the profile purchase?"""
    return Field("match" if is_active(found, connection) else "mismatch", ACTIVE, found.status, WHERE)


def profile_step(word: str, connection: schemas.Connection) -> NextStep:
    """What to do about a profile that is not active: `word` is ION's status, maybe one that nobody knows."""
    if meaning(PROFILE, word, connection.status_words) == "inactive":
        return steps.ask_to_reactivate(word=word.upper())
    return steps.ask_for_status(word=word)


def _reseller(look: Look) -> Field:
    """May this reseller transact? Told by Microsoft where a role can ask, else by a confirmation in the connection
    file."""
    verdict = look.reseller_verdict()
    if verdict is not None:
        seen = "may transact" if verdict.valid else f"{verdict.code} {verdict.message}".strip()
        return Field("match" if verdict.valid else "mismatch", "may transact", seen, "Partner Center validateresellers")
    return reseller_by_file(look.session.connection)


def reseller_by_file(connection: schemas.Connection) -> Field:
    """The same where Microsoft is not asked: only a person's confirmation in the connection file tells."""
    if connection.role == "direct-bill":
        return Field("match", "may transact", "direct bill partner", "connection")
    given = program_access_of(connection)
    confirmed = words.confirmed_by(given) if given else ""
    return Field("not_visible", "may transact", "", "ION > Partners > Programs", confirmed)


def assess(desired: CustomerInputs, known: Known, facts: Facts, session: Session) -> Outcome:
    """What the facts mean, without a call."""
    if session.ion is None:
        return ready(facts, reason="no ION connection is declared; the profile is not managed")
    found: IonCustomer | None = facts.data.get("customer")
    known_id = known.text("ion_customer_id")
    if desired.lifecycle != "active":
        carried = {"ion_customer_id": found.id if found else known_id}
        return leaving.profile(facts, desired.lifecycle, carried)
    if found is None:
        if known_id and not desired.recreate:
            return blocked(
                facts,
                f"not found in account {session.account}: the profile {known_id} is gone",
                steps.find_lost_profile(account=session.account),
                carried={"ion_customer_id": known_id},
            )
        return waiting(facts, NEXT_RUN, "the profile is not in ION yet; the next run creates it")
    carried = {"ion_customer_id": found.id}
    if facts.fields["status"].state != "match":
        reason = f"the profile is {found.status or 'without a status'} in ION"
        return blocked(facts, reason, profile_step(found.status, session.connection), carried=carried)
    differing = [name for name, fact in facts.fields.items() if fact.state == "mismatch" and name != "reseller"]
    if differing and not known_id and not desired.adopt:
        told = "; ".join(
            f"{n}: file {facts.fields[n].declared!r}, ION {facts.fields[n].seen!r}" for n in sorted(differing)
        )
        return blocked(
            facts,
            f"ION already has this customer with other values: {told}",
            steps.take_over_profile(differs=told),
        )
    if differing:
        return waiting(facts, NEXT_RUN, f"the next run corrects {', '.join(sorted(differing))} in ION", carried=carried)
    return ready(facts, carried=carried)


def converge(desired: CustomerInputs, known: Known, facts: Facts, session: Session) -> Outcome:
    """Create or correct the profile. Nothing is created twice: look-up and write share a lock on the e-mail."""
    outcome = assess(desired, known, facts, session)
    if session.ion is None or outcome.waiting_on != NEXT_RUN:
        return outcome
    ion = session.ion
    written: list[IonCustomer] = []

    def look(now: Known) -> Facts:
        found = Look(session)
        return _as_written(desired, now, written[0], found) if written else observe(desired, now, found)

    def send(seen: Facts) -> Known:
        found: IonCustomer | None = seen.data.get("customer")  # read a moment ago, under this lock
        body = _body(desired, found)
        written.append(ion.create_customer(body) if found is None else ion.update_customer(found.id, body))
        return Known({**known.outputs, "ion_customer_id": written[0].id})

    step = Write(
        look=look,
        assess=lambda now, seen: assess(desired, now, seen, session),
        send=send,
        refused=lambda seen, due, error: _refused(desired, seen, due, error, session),
    )
    return reconcile.take(step, ("ion.customer", compare.email(desired.profile.email)), known, session)


def _as_written(desired: CustomerInputs, known: Known, written: IonCustomer, look: Look) -> Facts:
    """Observe again; a profile that a read does not show yet is taken from the answer of the write."""
    try:
        facts = observe(desired, known, look)
    except ClientError:
        facts = Facts()
    if "customer" in facts.data:
        return facts
    made = replace(written, status=written.status or ACTIVE)
    country, live = desired.profile.address.country, _live(made)
    fields = {n: compare.field(n, t, live[n], WHERE, country=country) for n, t in _declared(desired.profile).items()}
    return Facts(
        fields=fields | {"status": status(made, look.session.connection)},
        seen={"profile": made.status},
        data={"customer": made},
    )


def _refused(desired: CustomerInputs, facts: Facts, outcome: Outcome, refused: Refusal, session: Session) -> Outcome:
    """A definite rejection: told in our words, with the way out."""
    code, owner = refused.problem.code, refused.owner if isinstance(refused, PersonMustAct) else "us"
    if code == "CUS-CR-001":
        reason = f"another ION customer uses {desired.profile.email}; it may belong to another reseller"
        step = steps.owned(steps.use_another_email(), owner)
    elif code == "CUS-CR-002":
        reason = f"ION does not know the language code {desired.profile.language}"
        step = steps.owned(steps.correct_language(), owner)
    elif part := _missed_part(desired, refused.problem.message):
        reason = f"ION wants a {part}, although {desired.profile.address.country} has none or the file names none"
        step = steps.owned(steps.ask_what_ion_takes(part=part), owner)
    else:
        file = steps.correct_file()
        return reconcile.refused(facts, refused, session, correct=file, carried=outcome.carried)
    return blocked(facts, reason, step, carried=outcome.carried, final=True)


def _missed_part(desired: CustomerInputs, message: str) -> str:
    """The part of the address that ION misses and the file leaves out: "state", "zip" or ""."""
    place = desired.profile.address
    for part, declared in (("state", place.state), ("zip", place.zip)):
        if declared is None and re.search(rf"property '{part}'", message):
            return part
    return ""


def _body(desired: CustomerInputs, fresh: IonCustomer | None) -> IonCustomerFields:
    """The full body. Optional fields that the file does not name keep what ION has."""
    declared, country = _declared(desired.profile), desired.profile.address.country
    kept = _live(fresh) if fresh else {}
    return IonCustomerFields.of(
        {
            field.path: _SENT.get(field.form, _as_declared)(declared[field.path], country)
            if field.path in declared
            else kept.get(field.path)
            for field in ION
        }
    )


def _as_declared(text: str, _country: str) -> str:
    return text


def _phone(text: str, country: str) -> str:
    """The number in international form; as written where the library cannot read it, which `validate` has told."""
    number = phones.digits_of(text, country)
    return f"+{number}" if number else text


_SENT: dict[str, Callable[[str, str], str]] = {"phone": _phone, "state": places.area_sent}
"""Kind of value -> how it is written to ION. A state is a code where the country has codes; where the file names none,
what ION holds stays, which is an empty text for a country without states (inferred: ION's page calls it required)."""


def release(known: Known, session: Session) -> Outcome:
    """Nothing is deleted in ION: there is no such call, and a profile keeps the customer's history."""
    return ready(Facts(), reason=f"the profile {known.text('ion_customer_id')} stays in ION account {session.account}")
