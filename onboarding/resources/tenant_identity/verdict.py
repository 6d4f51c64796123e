"""What the facts about a tenant mean: ready, the next run's work, or one next step of a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import schemas
from clients.partner_center.models import PcCustomer
from clients.words import RELATIONSHIP, UNKNOWN, meaning
from onboarding.core import compare, labels, next_steps
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
from onboarding.resources.tenant_identity import invitation, inviting, new
from onboarding.resources.tenant_identity.agreement_first import agreement_inputs
from onboarding.resources.tenant_identity.invitation import Invitation
from onboarding.resources.tenant_identity.observe import (
    CREATE_SENT,
    Found,
    TenantIdentityInputs,
    create_sent,
    declared_domain,
    declared_tenant,
)
from schemas.command import command

if TYPE_CHECKING:
    from clients.session import Session


def assess(desired: TenantIdentityInputs, known: Known, facts: Facts, session: Session) -> Outcome:
    """What the facts mean, without a call."""
    found: Found = facts.data["found"]
    if desired.lifecycle is not None:
        return leaving.tenant(known, facts)
    carried = {"tenant_id": known.text("tenant_id"), "attestation_id": known.memory.get("attestation_id", "")}
    memory = {"discovered": found.wanted} if found.wanted and not known.text("tenant_id") else {}
    if found.conflict:
        return blocked(facts, found.conflict, _settled_step(known), carried=carried)
    if found.linked and found.linked != found.wanted and (found.wanted or _other_domain(desired, found)):
        return _wrong_tenant(desired, found, facts).but(carried=carried, memory=memory)
    if (
        isinstance(desired.identity, schemas.ExistingIdentity)
        and not found.wanted
        and not declared_domain(desired.identity)
    ):
        step = next_steps.name_tenant(found.linked or "", found.linked_domain)
        return waiting(facts, "us", "no tenant is named", step, carried=carried)
    if found.invitation is not None:
        memory |= found.invitation.memory()
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
    settled = known.memory.get("domain") or known.text("tenant_id")
    return NextStep(
        "us",
        "customer file",
        f"The tool never re-points a customer to another tenant. Set the identity back to {settled}; another "
        f"tenant is another "
        "customer file (same group).",
    )


def _wrong_tenant(desired: TenantIdentityInputs, found: Found, facts: Facts) -> Outcome:
    wanted = declared_domain(desired.identity) or found.wanted
    linked = f"{found.linked_domain} ({found.linked})" if found.linked_domain else str(found.linked)
    declared = f"{wanted} ({found.wanted})" if found.wanted and found.wanted != wanted else wanted
    text = (
        f"Customer {{customer}} ({{email}}): the Cloud Provider row {labels.text('legacy_azure')} is linked to "
        f"the Microsoft tenant "
        f"{linked}. Please link it to {declared} instead."
    )
    step = next_steps.ticket(text)
    values = dict(step.values)
    values[labels.text("microsoft_id")] = found.wanted or declared_tenant(desired.identity)
    values[labels.text("domain")] = wanted
    step = NextStep(step.owner, step.where, step.action, {k: v for k, v in values.items() if v})
    return blocked(facts, f"linked to {linked}, declared is {declared}", step)


def settled(desired: TenantIdentityInputs, found: Found) -> dict[str, str]:
    """What to remember of a tenant that is ours: its own domain and the one that the file named."""
    own = found.related.domain if found.related else found.linked_domain
    declared = declared_domain(desired.identity)
    remembered = {"domain": own or declared, "declared_domain": declared}
    return remembered | ({"shown": "yes"} if found.related is not None else {})


def _partner(desired: TenantIdentityInputs, known: Known, facts: Facts, session: Session) -> Outcome:
    found: Found = facts.data["found"]
    identity = desired.identity
    if not facts.fields["relationship"].holds:
        words = session.connection.status_words
        if found.listed_as and meaning(RELATIONSHIP, found.listed_as, words) == UNKNOWN:
            return _listed_as(found.listed_as, facts, desired.key)
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
        memory |= {"credentials": new.handed_over(desired.key, session), CREATE_SENT: ""}
        known = Known({**known.outputs, "memory": known.memory | memory})
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
    step = next_steps.add_identity(found.wanted, own, hint="", hidden=hidden, confirm=("tenant",) if hidden else ())
    return waiting(facts, "us", "the tenant is not linked in ION", step, carried=carried, memory=memory)


def _listed_as(word: str, facts: Facts, key: str) -> Outcome:
    """A word for the relationship that is in no table: nobody is asked to accept what may stand already."""
    action = (
        "Look in Partner Center > Customers what the relationship with {customer} is. Teach the word to the connection "
        "file (status_words) as related or not related."
    )
    reason = f'Microsoft says "{word}" of the relationship, and nobody knows what that means'
    return blocked(facts, reason, NextStep("us", "Partner Center", action, next_steps.who()))


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
            facts, "us", "a new tenant needs its confirmation", next_steps.confirm_new_tenant(identity.domain_prefix)
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
    action = "If it is the same company, add adopt: true to the customer file; else choose another prefix."
    return reason, NextStep("us", "customer file", action)


def _lost_credentials(known: Known) -> str:
    told = known.memory.get("credentials", "")
    return f"credentials: {told}" if told in next_steps.UNKEPT else ""


def _reset_step(key: str, known: Known) -> NextStep | None:
    """What is to be done about a one-time password that no store has."""
    told = known.memory.get("credentials", "")
    return next_steps.UNKEPT[told](key) if told in next_steps.UNKEPT else None


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
            step = next_steps.look_for_relationship(
                declared_domain(identity) or found.linked_domain or found.wanted,
                desired.key,
                invitation.link_for(known, session),
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
                next_steps.confirm_new_tenant(identity.domain_prefix),
            )
        if found.taken:
            reason = f"{identity.initial_domain} exists, and ION shows no linked tenant"
            action = (
                "If it was just made in ION, wait until ION shows it. Otherwise it is somebody else's or half made: "
            )
            action += new.another_prefix(new.next_prefix(identity.domain_prefix))
            return blocked(facts, reason, NextStep("us", "customer file", action))
        if found.made:
            step = next_steps.tenant_is_there(desired.key, identity.initial_domain, confirm)
            return waiting(facts, "us", f"{identity.initial_domain} exists; ION does not show the linked tenant", step)
        place = identity.address or desired.address
        assert place is not None
        credentials = session.connection.csp_credentials
        step = next_steps.new_identity(
            identity, identity.company_name or desired.company, place, credentials, key=desired.key, confirm=confirm
        )
        return waiting(facts, "us", "the tenant is made in ION", step)
    return _add_in_console(desired, known, facts, session, confirm=confirm)


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
    if now is not None and now.state != "prepared":
        text, note = _asking(desired, now, session), None
    elif now is not None:
        note = invitation.letter(desired, known, session, now.number)
        text = f"First send the mail below to {now.to}; ION refuses the Microsoft ID until its invitation is accepted."
    else:
        link = invitation.link_for(known, session)
        note = mails.invitation("{admin}", "{admin_email}", "", "{customer}", link, session)
        text = (
            "If ION refuses it, the tenant is not related to TD SYNNEX yet: send the mail below to "
            f"{next_steps.ADMINISTRATOR} of the customer and add the Microsoft ID after the acceptance."
        )
    mail = note.values() if note is not None else {}
    link = invitation.link_for(known, session) if mail else ""
    step = next_steps.add_identity(
        found.wanted, domain, hint=text, hidden=hidden, confirm=confirm, mail=mail, link=link
    )
    reason = "ION does not show the linked tenant" if found.linked is None else "no tenant is linked in ION"
    if now is not None and now.is_out:
        reason = f"{reason}; {inviting.reason(now, session)}"
    return waiting(facts, "us", reason, step)


def _asking(desired: TenantIdentityInputs, now: Invitation, session: Session) -> str:
    """No API shows the acceptance: the operator asks, and ION's refusal is an answer too."""
    renew = command("invite", "renew", desired.key)
    again = f"{renew} sends it again" if session.mail is not None else "remind them"
    return (
        f"First ask {now.to} whether the invitation was accepted. {inviting.told(now)}".strip()
        + f" If ION refuses the Microsoft ID, it was not: {again}."
    )


def _ask_for_tenant(domain: str, found: Found) -> NextStep:
    """Nobody here knows the tenant: TD SYNNEX's operations read it in Partner Center. The text is ready to paste."""
    text = "Please tell us the Microsoft ID (tenant id) of our customer {customer} ({email}) from Partner Center"
    text += f", domain {domain}. " if domain else ". "
    if found.invitation is not None and found.invitation.sent:
        text += f"Its administrator {found.invitation.to} was sent the relationship link on {found.invitation.day}; "
        text += "please also say whether the relationship is there. "
    if found.candidate:
        text += f"Is it {found.candidate}, the tenant of the administrator's e-mail domain? "
    return next_steps.ticket(text.strip())
