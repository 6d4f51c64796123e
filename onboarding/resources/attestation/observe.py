"""What Partner Center or ION say about a customer's agreement."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Any

from pydantic import Field as Limit

import schemas
from clients.errors import NotFound
from clients.partner_center.models import Agreement, AttestationState
from onboarding.core import compare, contract, words
from onboarding.core.contract import ABSENT, NOT_VISIBLE, Facts, Field, Known
from onboarding.core.remembered import Signer
from onboarding.look.shown import PROFILES, agreement_in, latest, on_record, row_in_ion, says_accepted
from onboarding.look.snapshot import Look
from onboarding.resources.attestation import asking
from onboarding.resources.memory import EVIDENCE, AttestationMemory
from schemas.model.customer import Ending, Route

WHERE_PC, WHERE_LEGACY = "Partner Center agreements", "ION cloudProfile (deprecated)"
WHERE_ION = PROFILES
NEEDS_RELATIONSHIP = f"{WHERE_PC}, which need a relationship"
WHERE_DIRECT = "Partner Center direct acceptance"
WHERE_ANSWER = "Partner Center, its answer to our record"
LAG = timedelta(hours=4)  # a new attestation is shown within this time (partner-center.md 5.9)


class AttestationInputs(schemas.Declared):
    """The declared signatory; ids come from the resources before ("" while unknown). `language`: that of the customer's
    people ("en", "fr"), for the mail; the agreement's own is part of the attestation."""

    key: Annotated[str, Limit(min_length=1)]
    ion_customer_id: str = ""
    tenant_id: str = ""
    attestation_id: str = ""
    attestation: schemas.Attestation
    route: Route
    company: str
    country: str
    language: str | None = None
    lifecycle: Ending | None = None


CARRIED = ()


def observe(desired: AttestationInputs, known: Known, look: Look) -> Facts:
    """Read what is on record. `data`: `kind` ("", direct, attested), `when`, `old`, `pending`, and `evidence`, texts by
    the names of EVIDENCE."""
    if look.session.partner_center is not None:
        return _observe_partner_center(desired, known, look)
    return _observe_ion(desired, known, look)


def signer(desired: AttestationInputs) -> Signer:
    """The signatory's e-mail and the legal entity, as memory keeps them."""
    who = desired.attestation.signatory
    return Signer(email=who.email.lower() if who else "", entity=desired.company)


def other_signer(desired: AttestationInputs, known: Known) -> bool:
    """Whether the agreement was attested for another signatory or legal entity than is declared now.

    A new company name alone is a rename of the same legal entity; another one is declared as `legal_entity`.
    """
    memory = AttestationMemory.of(known)
    before, now = memory.signer, signer(desired)
    if memory.kind != "attested" or before is None or before == now:
        return False
    declared = desired.attestation.legal_entity
    return now.email != before.email or bool(declared and not compare.same("organization", declared, before.entity))


def _fact(state: str, seen: str, where: str, desired: AttestationInputs) -> Field:
    given, who = desired.attestation.confirmed, desired.attestation.signatory
    confirmation = given.of("agreement", who.email) if given and who else None
    confirmed = words.confirmed_by(confirmation) if confirmation else ""
    if state == "match":
        return Field("match", "accepted", seen, where, confirmed)
    return Field("not_visible" if state == NOT_VISIBLE else "mismatch", "accepted", seen, where, confirmed)


def _observe_partner_center(desired: AttestationInputs, known: Known, look: Look) -> Facts:
    memory = AttestationMemory.of(known)
    if not desired.tenant_id:
        return Facts(
            fields={"agreement": _fact(NOT_VISIBLE, "no tenant yet", WHERE_PC, desired)}, seen={"tenant": "unknown"}
        )
    try:
        kind, when, where, found = _on_record(desired, known, look)
    except NotFound:
        hidden = _fact(NOT_VISIBLE, NOT_VISIBLE, NEEDS_RELATIONSHIP, desired)
        return Facts(fields={"agreement": hidden}, seen={"tenant": "not related"})
    seen = {
        "agreement": kind + (f" {when}" if kind == "attested" else "") if kind else (f"of {when}" if when else ABSENT)
    }
    asked = _asked(desired, known)
    pending: AttestationState | None = None
    if asked and (not kind or other_signer(desired, known)):
        pending = asking.look_at(asked, memory, look)
        seen["attestation"] = asking.seen(pending, memory, look.session.connection)
    told = {"direct": "accepted by the customer, day unknown", "attested": f"attested on {when}"}.get(kind, "")
    field = _fact("match" if kind else "mismatch", told or (f"of {when}, too old" if when else ABSENT), where, desired)
    evidence = {"where": where}
    if kind == "attested":
        template = found.template_id if found else memory.template
        evidence |= {
            "agreed_on": when,
            "agreed_by": found.email.lower() if found else memory.agreed_by,
            "template": template,
            "template_replaced": _successor(template, look),
        }
    data = {"kind": kind, "when": when, "pending": pending, "evidence": evidence if kind else {}}
    return Facts(fields={"agreement": field}, seen=seen, data=data)


def _on_record(desired: AttestationInputs, known: Known, look: Look) -> tuple[str, str, str, Agreement | None]:
    """Kind of the agreement that counts ("" for none), day of the last attested one, where it is seen, and itself."""
    memory, wanted = AttestationMemory.of(known), desired.attestation.signatory
    found = on_record(look, desired.tenant_id, wanted.email if wanted else "", direct_first=memory.kind == "direct")
    when = str(found.latest.date_agreed) if found.latest else ""
    if found.kind == "direct":
        return "direct", when, WHERE_DIRECT, None
    if not found.kind and recent(memory.finalised):
        return "attested", memory.finalised[:10], WHERE_ANSWER, None
    return found.kind, when, WHERE_PC, found.latest


def _successor(template: str, look: Look) -> str:
    """Today's template of the agreement where it is not the given one any more, "" where it is, or nobody can tell."""
    current = look.agreement_templates()
    return "" if not template or not current or template in current else current[-1]


def _observe_ion(desired: AttestationInputs, known: Known, look: Look) -> Facts:
    if look.session.ion is None or not desired.ion_customer_id:
        return Facts(
            fields={"agreement": _fact(NOT_VISIBLE, "no profile yet", WHERE_ION, desired)}, seen={"profile": "unknown"}
        )
    found = agreement_in(row_in_ion(look, desired.ion_customer_id), look.session.connection)
    status, accepted = found.word, found.state == "match"
    when, evidence = "", {"where": WHERE_ION}
    # The deprecated call is the only one that shows the day. Once a current day was seen it is not asked for again.
    if status and not (look.bulk and accepted and _was_current(known, look)):
        when, evidence = _day(desired, look)
    elif accepted:
        before = AttestationMemory.of(known)
        evidence = {name: text for name in EVIDENCE if (text := getattr(before, name))} or evidence
    too_old = bool(when) and date.fromisoformat(when) < look.session.connection.agreement_valid_from
    # A direct acceptance is not listed with a day; it shows as a status that changed since the old day was seen.
    since_then = AttestationMemory.of(known).old_status
    if too_old and accepted and since_then and not says_accepted(since_then, look.session.connection):
        too_old, when, evidence = False, "", {"where": WHERE_ION}
    data = {"when": when, "old": too_old, "status": status}
    if accepted and not too_old:
        field = _fact("match", f"{status} on {when}" if when else status, WHERE_ION, desired)
        return Facts(fields={"agreement": field}, seen={"agreement": "accepted"}, data={**data, "evidence": evidence})
    if too_old:
        field = _fact("mismatch", f"of {when}, too old", WHERE_LEGACY, desired)
        return Facts(fields={"agreement": field}, seen={"agreement": f"of {when}, {status}"}, data=data)
    field = _fact(NOT_VISIBLE if found.state == "not_visible" else found.state, found.text, found.where, desired)
    if found.unknown:
        return Facts(fields={"agreement": field}, seen={"agreement": status}, data={**data, "unknown": status})
    return Facts(fields={"agreement": field}, seen={"agreement": found.text}, data=data)


def _day(desired: AttestationInputs, look: Look) -> tuple[str, dict[str, str]]:
    """The day of the latest agreement by the deprecated call ("" without one), and the evidence."""
    legacy = look.legacy_profile(desired.ion_customer_id)
    wanted = desired.attestation.signatory
    found = latest(legacy.agreements, wanted.email if wanted else "") if legacy else None
    if found is None:
        return "", {"where": WHERE_ION}
    day = str(found.date_agreed)
    evidence = {"agreed_on": day, "agreed_by": _as_declared(desired, found.email)}
    return day, {**evidence, "template": found.template_id, "where": WHERE_LEGACY}


def _was_current(known: Known, look: Look) -> bool:
    """The day of the agreement was seen and counted, and it counts still: the connection's `agreement_valid_from` may
    have moved since."""
    memory = AttestationMemory.of(known)
    day = memory.agreed_on
    too_old = bool(day) and date.fromisoformat(day) < look.session.connection.agreement_valid_from
    return memory.current and not too_old


def _as_declared(desired: AttestationInputs, email: str) -> str:
    """The declared signatory's e-mail, or that it was somebody else: ION's record of other people is not ours to keep
    (ion.md 3.1)."""
    who = desired.attestation.signatory
    return email.lower() if who and who.email.lower() == email.lower() else "another person than declared"


def recent(stamp: str) -> bool:
    """Whether a new agreement of that moment may still be missing in Microsoft's list."""
    if not stamp:
        return False
    return datetime.fromisoformat(contract.now()) - datetime.fromisoformat(stamp) < LAG


def _asked(desired: AttestationInputs, known: Known) -> str:
    """Id of the enhanced attestation that is under way for the declared signatory: our own, or the one that the
    resource of the tenant began before there was a tenant."""
    memory = AttestationMemory.of(known)
    if memory.attestation_id:
        return memory.attestation_id if memory.asked_for in (None, signer(desired)) else ""
    given_for = memory.given_for if memory.given == desired.attestation_id else None
    return "" if other_signer(desired, known) or given_for not in (None, signer(desired)) else desired.attestation_id


def given(desired: AttestationInputs) -> dict[str, Any]:
    """What to remember of an agreement that the tenant's resource began before there was a tenant: its id, and who was
    asked to sign for which company. {} where none was begun.

    The tenant's resource does not hand over the signatory. Both resources run with the same declaration, so it is the
    one declared now; a signatory that is changed later then shows as a change."""
    if not desired.attestation_id:
        return {}
    return AttestationMemory.changes(given=desired.attestation_id, given_for=signer(desired))
