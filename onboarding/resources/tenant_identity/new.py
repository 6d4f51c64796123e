"""Making a new tenant through Partner Center. It cannot be undone, so everything that can be checked is checked first.

The one-time password is encrypted to the connection's recipients before this returns; state holds a reference only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

import schemas
from clients.errors import NotFound, PersonMustAct, RetryLater, UnknownOutcome
from clients.handover import Kept, Reservation
from clients.partner_center.models import NewTenant, PcAddress
from clients.wire.request_id import request_id
from clients.words import PARTNERSHIP, meaning
from onboarding import steps
from onboarding.allowed import once
from onboarding.core import contract
from onboarding.core.contract import EARLIER, NEXT_RUN, Facts, Known, Outcome, blocked, waiting
from onboarding.core.remembered import Sent
from onboarding.resources import reconcile
from onboarding.resources.memory import TenantMemory
from onboarding.resources.reconcile import Refusal, Write
from onboarding.resources.tenant_identity.country_rules import ADDRESS, PROFILE_ADDRESS, fitted
from onboarding.resources.tenant_identity.declared import TenantIdentityInputs
from onboarding.resources.tenant_identity.observe import LAG, create_sent
from onboarding.resources.tenant_identity.refused import Refused as Refused
from schemas.dotted import value_at
from schemas.model.fields import PARTNER_CENTER

if TYPE_CHECKING:
    from clients.session import Session

LONGEST_PREFIX = 27
MADE = "made"
"""The reason of a create whose password is where it belongs."""


def address_of(desired: TenantIdentityInputs, identity: schemas.NewIdentity) -> PcAddress:
    """The tenant's address with the billing contact, as declared; `fitted` makes of it what is sent."""
    place = identity.address or desired.address
    assert place is not None
    told = {
        field.name.removeprefix("address."): str(value_at({"address": place}, field.path) or "")
        for field in PARTNER_CENTER
        if field.path.startswith("address.")
    }
    return PcAddress(**told, first_name=identity.contact.first_name, last_name=identity.contact.last_name)


def check_before(desired: TenantIdentityInputs, identity: schemas.NewIdentity, session: Session) -> PcAddress:
    """All checks before a create; the answer is the address as it is sent. Raises Refused, or a ClientError when
    Microsoft could not be asked."""
    pc = session.partner_center
    assert pc is not None
    if pc.domain_exists(identity.initial_domain):
        raise Refused(
            f"{identity.initial_domain} is taken (or left over from a create that failed half-way)",
            steps.choose_another_prefix(free=_free_prefix(identity.domain_prefix, session)),
        )
    declared = address_of(desired, identity)
    address = fitted(declared, identity.contact.phone or "", identity, pc.country_rules(declared.country))
    verdict = pc.validate_address(address)
    if verdict.ok is False:
        first = verdict.suggestions[0] if verdict.suggestions else None
        better = f"{first.address_line1}, {first.city} {first.state} {first.postal_code}" if first else "none"
        raise Refused(
            f"Microsoft does not accept the address "
            f"({verdict.status}{': ' + verdict.message if verdict.message else ''})",
            steps.correct_address(field=ADDRESS if identity.address else PROFILE_ADDRESS, suggested=better),
        )
    if not pc.agreement_templates():
        raise Refused(
            "Microsoft names no current agreement template, so nobody could accept the agreement of the new tenant",
            steps.look_for_template(key=desired.key),
        )
    _check_reseller(desired.key, identity, session)
    return address


def _check_reseller(key: str, identity: schemas.NewIdentity, session: Session) -> None:
    """The indirect reseller must be ours and have signed; a create without it would make a direct customer."""
    pc, connection = session.partner_center, session.connection
    assert pc is not None
    if identity.direct_customer or connection.role == "direct-bill":
        return
    wanted = session.reseller_tenant
    if not wanted:
        raise Refused(
            "the connection names no reseller, so that this would make a direct customer of the provider",
            steps.name_reseller(connection=connection.name),
        )
    partnership = next((r for r in pc.indirect_resellers() if r.tenant_id.lower() == wanted.lower()), None)
    if partnership is None:
        raise Refused(
            f"{wanted} is not an indirect reseller of this provider",
            steps.correct_reseller(),
        )
    if partnership.state and meaning(PARTNERSHIP, partnership.state, connection.status_words) != "active":
        raise Refused(
            f'Microsoft says "{partnership.state}" of the partnership with the reseller {wanted}, not Active',
            steps.look_at_partnership(key=key),
        )
    if not pc.partner_agreement_signed(wanted):
        raise Refused(
            "the reseller has not signed the Microsoft Partner Agreement",
            steps.sign_partner_agreement(key=key),
        )


def create(
    desired: TenantIdentityInputs, identity: schemas.NewIdentity, known: Known, facts: Facts, session: Session
) -> Outcome:
    """Find-or-create under one lock. An unknown outcome is never followed by a blind second create."""
    pc = session.partner_center
    assert pc is not None
    domain, sent = identity.initial_domain, create_sent(known, identity.initial_domain)

    def look(_known: Known) -> Facts:
        there = pc.find_by_domain(domain) is not None
        return Facts(data={"there": there, "held": bool(not there and sent and pc.domain_exists(domain))})

    def assess(_known: Known, seen: Facts) -> Outcome:
        if seen.data["there"]:
            return waiting(facts, EARLIER, f"{domain} is there meanwhile; the next look decides")
        if seen.data["held"] and datetime.fromisoformat(contract.now()) - datetime.fromisoformat(sent) > LAG:
            return _half_made(desired.key, domain, sent, _free_prefix(identity.domain_prefix, session), facts)
        if seen.data["held"]:
            reason = f"a create of {domain} was sent and Microsoft does not show the tenant yet"
            return waiting(facts, NEXT_RUN, reason, again=True)
        return waiting(facts, NEXT_RUN, f"{domain} is to be made")

    def send(_seen: Facts) -> Outcome:
        try:
            # First, because it costs Microsoft nothing: without a place for the password no question is worth asking.
            with place(desired.key, session) as kept:
                address = check_before(desired, identity, session)
                return _create(desired, identity, address, known, facts, session, kept)
        except Refused as refused:
            return blocked(facts, refused.reason, refused.step, final=True)

    # A check that could not be asked ends the look of this resource: nothing was seen, so nothing is told as not sent.
    step = Write(look, assess, send, lambda _seen, _due, error: _refused(facts, error, session), later=())
    return reconcile.take(step, ("pc.tenant", domain), known, session)


@contextmanager
def place(key: str, session: Session) -> Iterator[Reservation]:
    """A proven place for the one-time password, given up at the end: by then it is used, or there is no password.

    Raises Refused, or RetryLater when a vault does not answer."""
    try:
        reserved = session.handover.reserve(key)
    except PersonMustAct as nobody:
        step = reconcile.step_of(nobody, session)
        raise Refused(f"nobody could receive the one-time password: {nobody.problem.message}", step) from None
    try:
        yield reserved
    finally:
        session.handover.release(reserved)


def _create(
    desired: TenantIdentityInputs,
    identity: schemas.NewIdentity,
    address: PcAddress,
    known: Known,
    facts: Facts,
    session: Session,
    reserved: Reservation,
) -> Outcome:
    pc = session.partner_center
    assert pc is not None
    body = _body(desired, identity, address, session)
    natural = {name: str(getattr(body, name)) for name in NewTenant.__slots__}
    unique = request_id(session.partner_tenant, identity.initial_domain, "customers.create", natural, known.attempt)
    step = once.Step(desired.key, once.TENANT, identity.initial_domain)
    if why := once.refusal(step, identity.initial_domain, session):
        return waiting(facts, NEXT_RUN, why, again=True)
    try:
        made = pc.create_customer(body, request_id=unique)
    except UnknownOutcome as lost:
        memory = TenantMemory.changes(create_sent=Sent(at=contract.now(), domain=identity.initial_domain))
        return waiting(facts, NEXT_RUN, f"no answer to the create: {lost}", memory=memory, again=True)
    except (RetryLater, NotFound) as later:
        return waiting(facts, NEXT_RUN, f"not sent: {later}", again=True)
    # After the create nothing may raise: keep the id, hand over the password, remember when it was made.
    kept = session.handover.keep(reserved, made.credentials) if made.credentials is not None else None
    memory = TenantMemory.changes(
        created_at=contract.now(),
        domain=made.customer.domain or identity.initial_domain,
        declared_domain=identity.initial_domain,
        credentials=(kept.reference or steps.IN_OUTPUT) if kept is not None else steps.LOST,
        credentials_text=kept.text if kept is not None else "",
        create_sent=None,
    )
    carried = {"tenant_id": made.customer.id.lower()}
    return waiting(facts, NEXT_RUN, _told(kept, identity), carried=carried, memory=memory, final=True)


def _told(kept: Kept | None, identity: schemas.NewIdentity) -> str:
    """What became of the password, loud where it is not in its place."""
    if kept is None or not kept.trouble:
        return MADE
    if kept.reference:
        return (
            f"made, but the first place for its one-time password failed ({kept.trouble}): it is in the second place, "
            "encrypted, on this machine; deliver it before the machine is gone"
        )
    return (
        f"made, but NO PLACE TOOK ITS ONE-TIME PASSWORD ({kept.trouble}). Keep this line: it is the sign-in of "
        f"admin@{identity.initial_domain}, encrypted to the recipients (base64 of age): {kept.text}"
    )


def handed_over(key: str, session: Session) -> str:
    """For a tenant that we made without living to write it down: the reference of its password when that was encrypted
    already (which happens at once after the answer), else "lost"."""
    kept = [entry for entry in session.handover.list(key) if entry.kind != "elsewhere"]
    return kept[-1].reference if kept else "lost"


def _body(
    desired: TenantIdentityInputs, identity: schemas.NewIdentity, address: PcAddress, session: Session
) -> NewTenant:
    connection = session.connection
    direct = identity.direct_customer or connection.role == "direct-bill"
    return NewTenant(
        domain=identity.initial_domain,
        company_name=identity.company_name or desired.company,
        email=identity.contact.email,
        culture=identity.culture,
        language=identity.language,
        address=address,
        associated_partner_id="" if direct else session.reseller_tenant,
        enable_gdap_by_default=identity.enable_gdap,
        direct_customer=direct,
        first_name=identity.contact.first_name,
        last_name=identity.contact.last_name,
        organization_registration_number=identity.organization_registration_number or "",
    )


def _refused(facts: Facts, error: Refusal, session: Session) -> Outcome:
    return reconcile.refused(facts, error, session, correct=steps.correct_file())


def _half_made(key: str, domain: str, sent: str, free: str, facts: Facts) -> Outcome:
    """A create got no answer, and since then the prefix is held while no tenant of ours appears."""
    reason = (
        f"{domain} is half made: a create of {sent[:16]} got no answer, and Microsoft shows no such customer of ours"
    )
    step = steps.ask_about_half_made(key=key, domain=domain, sent=sent, free=free)
    return blocked(facts, reason, step, final=True)


def _free_prefix(prefix: str, session: Session) -> str:
    """The next prefix that Microsoft calls free; "" when none of five is."""
    assert session.partner_center is not None
    for _ in range(5):
        prefix = next_prefix(prefix)
        if not session.partner_center.domain_exists(f"{prefix}.onmicrosoft.com"):
            return prefix
    return ""


def next_prefix(prefix: str) -> str:
    """The prefix with a counter, within Microsoft's 27 characters."""
    stem, number = re.fullmatch(r"(.*?)(\d*)", prefix).groups()  # type: ignore[union-attr]
    following = str(int(number or "1") + 1)
    return stem[: LONGEST_PREFIX - len(following)] + following
