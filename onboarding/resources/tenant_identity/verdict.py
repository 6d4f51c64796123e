"""What the facts about a tenant mean: ready, the next run's work, or one next step of a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import schemas
from clients.partner_center.models import PcCustomer
from clients.words import UNKNOWN, relationship
from onboarding import steps
from onboarding.core import compare
from onboarding.core.contract import (
    EARLIER,
    NEXT_RUN,
    Facts,
    Known,
    NextStep,
    Outcome,
    blocked,
    ready,
    waiting,
)
from onboarding.people import mails
from onboarding.resources import attestation, leaving
from onboarding.resources.memory import TenantMemory
from onboarding.resources.tenant_identity import invitation, inviting, new
from onboarding.resources.tenant_identity.agreement_first import agreement_inputs
from onboarding.resources.tenant_identity.declared import TenantIdentityInputs
from onboarding.resources.tenant_identity.observe import (
    Found,
    create_sent,
    declared_domain,
    declared_tenant,
)

if TYPE_CHECKING:
    from clients.session import Session


def assess(desired: TenantIdentityInputs, known: Known, facts: Facts, session: Session) -> Outcome:
    """What the facts mean, without a call."""
    found: Found = facts.data["found"]
    if desired.lifecycle is not None:
        return leaving.tenant(known, facts)
    carried = {"tenant_id": known.text("tenant_id"), "attestation_id": TenantMemory.of(known).attestation_id}
    discovered = found.wanted and not known.text("tenant_id")
    memory = TenantMemory.changes(discovered=found.wanted) if discovered else {}
    if found.conflict:
        return blocked(facts, found.conflict, _settled_step(known), carried=carried)
    if found.linked and found.linked != found.wanted and (found.wanted or _other_domain(desired, found)):
        return _wrong_tenant(desired, found, facts).but(carried=carried, memory=memory)
    if (
        isinstance(desired.identity, schemas.ExistingIdentity)
        and not found.wanted
        and not declared_domain(desired.identity)
    ):
        step = steps.name_tenant(tenant=found.linked or "", domain=found.linked_domain)
        return waiting(facts, "us", "no tenant is named", step, carried=carried)
    if found.invitation is not None:
        memory |= TenantMemory.changes(invitation=found.invitation.kept)
    outcome = (
        _partner(desired, known, facts, session)
        if session.partner_center is not None
        else _console(desired, known, facts, session)
    )
    return outcome.but(carried=carried | dict(outcome.carried), memory=memory | dict(outcome.memory))


def _other_domain(desired: TenantIdentityInputs, found: Found) -> bool:
    """The linked tenant shows another initial domain than the declared one, so that it is another tenant. A custom
    domain that discovery does not resolve proves nothing."""
    return bool(found.linked_domain) and declared_domain(desired.identity).endswith(compare.ONMICROSOFT)


def _settled_step(known: Known) -> NextStep:
    settled = TenantMemory.of(known).domain or known.text("tenant_id")
    return steps.set_identity_back(tenant=settled)


def _wrong_tenant(desired: TenantIdentityInputs, found: Found, facts: Facts) -> Outcome:
    wanted = declared_domain(desired.identity) or found.wanted
    linked = f"{found.linked_domain} ({found.linked})" if found.linked_domain else str(found.linked)
    declared = f"{wanted} ({found.wanted})" if found.wanted and found.wanted != wanted else wanted
    tenant = found.wanted or declared_tenant(desired.identity)
    step = steps.ask_to_relink(linked=linked, declared=declared, tenant=tenant, domain=wanted)
    return blocked(facts, f"linked to {linked}, declared is {declared}", step)


def settled(desired: TenantIdentityInputs, found: Found) -> dict[str, Any]:
    """What to remember of a tenant that is ours: its own domain and the one that the file named."""
    own = found.related.domain if found.related else found.linked_domain
    declared = declared_domain(desired.identity)
    remembered = TenantMemory.changes(domain=own or declared, declared_domain=declared)
    return remembered | (TenantMemory.changes(shown=True) if found.related is not None else {})


def _partner(desired: TenantIdentityInputs, known: Known, facts: Facts, session: Session) -> Outcome:
    found: Found = facts.data["found"]
    identity = desired.identity
    if not facts.fields["relationship"].holds:
        if relationship(found.listed_as, session.connection.status_words) == UNKNOWN:
            return _listed_as(found.listed_as, facts)
        if isinstance(identity, schemas.InviteIdentity):
            return inviting.assess(desired, known, facts, session)
        if known.text("tenant_id"):
            reason = "the relationship with the customer's tenant is gone"
            return waiting(facts, "customer", reason, inviting.relationship_step(desired, known, session))
        if isinstance(identity, schemas.NewIdentity) and not found.listed_as:
            return _new(desired, identity, known, facts, session)
        step = inviting.relationship_step(desired, known, session)
        listed = f': Microsoft lists the tenant as "{found.listed_as}"' if found.listed_as else ""
        return waiting(facts, "customer", f"no relationship yet{listed}", step)
    memory = settled(desired, found) if found.related is not None else {}
    if isinstance(identity, schemas.NewIdentity) and not known.text("tenant_id") and found.related is not None:
        stranger = _stranger(desired, identity, known, found.related)
        if stranger:
            return blocked(facts, stranger[0], stranger[1])
        memory |= TenantMemory.changes(credentials=new.handed_over(desired.key, session), create_sent=None)
        known = known.remembering(memory)
    carried = {"tenant_id": found.wanted}
    if session.ion is None or found.linked == found.wanted:
        return ready(facts, carried=carried, memory=memory, reason=_lost_credentials(known)).but(
            next_step=_reset_step(desired.key, known)
        )
    if not desired.ion_customer_id:
        return waiting(facts, EARLIER, "comes after the customer profile", carried=carried, memory=memory)
    if session.association is not None:
        if found.row is None:
            return waiting(facts, EARLIER, "comes after the Cloud Provider row", carried=carried, memory=memory)
        reason = "the next run links the tenant to the Cloud Provider row"
        return waiting(facts, NEXT_RUN, reason, carried=carried, memory=memory)
    if facts.fields["tenant"].holds:
        return ready(facts, carried=carried, memory=memory)
    own = found.related.domain if found.related else declared_domain(identity)
    hidden = found.linked is None
    step = steps.add_tenant(tenant=found.wanted, domain=own, hidden=hidden, confirm=("tenant",) if hidden else ())
    return waiting(facts, "us", "the tenant is not linked in ION", step, carried=carried, memory=memory)


def _listed_as(word: str, facts: Facts) -> Outcome:
    """A word for the relationship that is in no table: nobody is asked to accept what may stand already."""
    reason = f'Microsoft says "{word}" of the relationship, and nobody knows what that means'
    return blocked(facts, reason, steps.teach_relationship())


def _new(
    desired: TenantIdentityInputs, identity: schemas.NewIdentity, known: Known, facts: Facts, session: Session
) -> Outcome:
    """Nothing that cannot be undone happens before the profile (and the row, where an API writes it) is there."""
    found: Found = facts.data["found"]
    if session.ion is not None and not desired.ion_customer_id:
        return waiting(facts, EARLIER, "comes after the customer profile")
    if session.association is not None and found.row is None:
        return waiting(facts, EARLIER, "comes after the Cloud Provider row")
    if identity.confirm_new_tenant != identity.domain_prefix:
        return waiting(
            facts, "us", "a new tenant needs its confirmation", steps.confirm_new_tenant(prefix=identity.domain_prefix)
        )
    if identity.attest_first and desired.attestation is not None:
        if found.pending is None or attestation.asks_again(found.pending, known, session.connection):
            return waiting(facts, NEXT_RUN, "the next run asks the signatory for the agreement first")
        if found.pending.status not in ("accepted", "recorded"):
            agreement = agreement_inputs(desired, identity)
            return attestation.asked(agreement, found.pending, known, facts, session, "the agreement comes first")
    return waiting(facts, NEXT_RUN, f"the next run makes the tenant {identity.initial_domain} (cannot be undone)")


def _stranger(
    desired: TenantIdentityInputs, identity: schemas.NewIdentity, known: Known, found: PcCustomer
) -> tuple[str, NextStep] | None:
    """Our Partner Center has a customer with exactly this domain that we did not see made: ours after a lost answer
    (then its one-time password is lost), or somebody else's work, which another company name tells."""
    company = identity.company_name or desired.company
    if desired.adopt or create_sent(known, identity.initial_domain) or not found.company_name:
        return None
    if compare.same("organization", found.company_name, company):
        return None
    reason = f"{identity.initial_domain} is already a customer named {found.company_name!r}; the file says {company!r}"
    return reason, steps.same_company()


def _lost_credentials(known: Known) -> str:
    told = TenantMemory.of(known).credentials
    return f"credentials: {told}" if told in steps.UNKEPT else ""


def _reset_step(key: str, known: Known) -> NextStep | None:
    """What is to be done about a one-time password that no store has."""
    told = TenantMemory.of(known).credentials
    return steps.UNKEPT[told](key) if told in steps.UNKEPT else None


def _console(desired: TenantIdentityInputs, known: Known, facts: Facts, session: Session) -> Outcome:
    """An indirect reseller: the operator links the tenant in ION; cloudProfiles verify it."""
    found: Found = facts.data["found"]
    identity = desired.identity
    if not desired.ion_customer_id:
        return waiting(facts, EARLIER, "comes after the customer profile")
    if facts.fields["tenant"].holds:
        memory = settled(desired, found) if found.linked else {}
        if not facts.fields["relationship"].holds:
            reason = "the tenant is linked; no API shows whether the relationship stands, and nobody confirmed it"
            step = steps.look_for_relationship(
                key=desired.key,
                tenant=declared_domain(identity) or found.linked_domain or found.wanted,
                link=invitation.link_for(known, session),
            )
            return waiting(facts, "us", reason, step, carried={"tenant_id": found.wanted}, memory=memory)
        return ready(facts, carried={"tenant_id": found.wanted}, memory=memory)
    hidden = found.linked is None and found.row_shown
    # Whoever sees ION take the tenant has seen the relationship: ION refuses a tenant without one.
    confirm = ("relationship", "tenant") if hidden else ("relationship",)
    if isinstance(identity, schemas.NewIdentity):
        if identity.confirm_new_tenant != identity.domain_prefix:
            return waiting(
                facts,
                "us",
                "a new tenant needs its confirmation",
                steps.confirm_new_tenant(prefix=identity.domain_prefix),
            )
        if found.taken:
            reason = f"{identity.initial_domain} exists, and ION shows no linked tenant"
            step = steps.wait_or_another_prefix(free=new.next_prefix(identity.domain_prefix))
            return blocked(facts, reason, step)
        if found.made:
            step = steps.record_tenant(key=desired.key, domain=identity.initial_domain, confirm=confirm)
            return waiting(facts, "us", f"{identity.initial_domain} exists; ION does not show the linked tenant", step)
        step = _make_in_console(desired, identity, session, confirm)
        return waiting(facts, "us", "the tenant is made in ION", step)
    return _add_in_console(desired, known, facts, session, confirm=confirm)


def _make_in_console(
    desired: TenantIdentityInputs, identity: schemas.NewIdentity, session: Session, confirm: tuple[str, ...]
) -> NextStep:
    """The form of a new tenant, filled in."""
    place, person = identity.address or desired.address, identity.contact
    assert place is not None
    form = {
        "credentials": identity.csp_credentials or session.connection.csp_credentials,
        "domain_prefix": identity.domain_prefix,
        "company": identity.company_name or desired.company,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "email": person.email,
        "phone": person.phone,
        "address_line_1": place.street,
        "address_line_2": place.suite,
        "city": place.city,
        "state": place.state,
        "postal_code": place.zip,
        "country": place.country,
        "language": identity.language,
    }
    named = {name: text for name, text in form.items() if text}
    return steps.make_tenant(key=desired.key, form=named, confirm=confirm)


def _add_in_console(
    desired: TenantIdentityInputs, known: Known, facts: Facts, session: Session, *, confirm: tuple[str, ...]
) -> Outcome:
    """The operator adds a tenant that exists; ION refuses it until its administrator has accepted the relationship."""
    found: Found = facts.data["found"]
    hidden = found.linked is None and found.row_shown
    domain, now = declared_domain(desired.identity), found.invitation
    if now is not None and now.state in ("declined", "ended", "maybe"):
        return inviting.assess(desired, known, facts, session)
    if now is not None and now.state == "prepared" and session.mail is not None:
        return waiting(facts, NEXT_RUN, f"the next run mails the invitation to {now.to}")
    if not found.wanted:
        if now is not None and now.state == "prepared":
            return inviting.assess(desired, known, facts, session)
        return waiting(facts, "distributor", "nobody knows the Microsoft ID", _ask_for_tenant(domain, found))
    link = invitation.link_for(known, session)
    first: dict[str, Any] = {}
    if now is not None and now.state != "prepared":
        again = desired.key if session.mail is not None else ""
        first = {"first": "ask", "admin": now.to, "sent_on": now.day, "by_hand": now.by_hand, "again": again}
    elif now is not None:
        note = invitation.letter(desired, known, session, now.number)
        first = {"first": "send", "admin": now.to, "mail": note.by_hand(), "link": link}
    else:
        note = mails.invitation("{admin}", "{admin_email}", "", "{customer}", link, session)
        first = {"first": "if refused", "mail": note.by_hand(), "link": link}
    step = steps.add_tenant(tenant=found.wanted, domain=domain, hidden=hidden, confirm=confirm, **first)
    reason = "ION does not show the linked tenant" if found.linked is None else "no tenant is linked in ION"
    if now is not None and now.is_out:
        reason = f"{reason}; {inviting.reason(now, session)}"
    return waiting(facts, "us", reason, step)


def _ask_for_tenant(domain: str, found: Found) -> NextStep:
    """Nobody here knows the tenant."""
    asked = found.invitation if found.invitation is not None and found.invitation.sent else None
    return steps.ask_for_tenant(
        domain=domain,
        sent_to=asked.to if asked else "",
        day=asked.day if asked else "",
        candidate=found.candidate,
    )
