"""The customers: Global Admins and signatories who read their mail and open what is addressed to them.

Sources: partner-center.md 4.3, 5.5, 5.6. They know nothing of the partner's systems: all they have is the mail
and their own tenant.
"""

from __future__ import annotations

from csp_sandbox import links, microsoft
from csp_sandbox.ledger import Rule, rule
from csp_sandbox.partner_center.attestations import current_status
from csp_sandbox.situation.model import Attestation, Mail, Person, Tenant
from csp_sandbox.situation.world import World

ACCEPT = rule(
    "people.accept-invitation",
    "A Global Admin who opens an invitation makes the relationship and accepts the MCA in the same step.",
    source="partner-center.md 4.3",
)
ADMIN_ONLY = rule(
    "people.admin-only",
    "Someone who is no Global Admin cannot accept; a contact of a tenant passes the mail on to its Global Admin.",
    source="ion.md 8 (39)",
    confidence="inferred",
)
REGION = rule(
    "people.region",
    "A tenant outside the partner's country cannot accept the relationship.",
    source="partner-center.md 4.2",
)
BAD_LINK = rule(
    "people.bad-link",
    "An invitation whose partner, reseller and partner id do not belong together leads to an error page.",
    source="partner-center.md 4.2",
    confidence="inferred",
)
SIGNATORY = rule(
    "people.signatory",
    "Only the named signatory accepts an attestation, before it expires.",
    source="partner-center.md 5.6",
    confidence="inferred",
)


class CannotAcceptError(Exception):
    """Microsoft's page says why it does not go on; `rule` is the ledger row that demands it."""

    def __init__(self, rule: Rule, text: str) -> None:
        super().__init__(text)
        self.rule = rule


def read_mail(world: World, mail: Mail, person: str) -> tuple[list[str], list[str]]:
    """One person reads one mail and does what it asks. Returns what was done and what failed."""
    did: list[str] = []
    failed: list[str] = []
    for url in links.in_mail(mail.text, mail.html):
        try:
            done = follow(world, url, person, addressed=person in mail.to, hint=f"{mail.subject} {mail.text}")
        except CannotAcceptError as error:
            failed.append(str(error))
        else:
            did.extend([done] if done else [])
    return did, failed


def follow(world: World, url: str, person: str, *, addressed: bool = True, hint: str = "") -> str:
    """Open one link as a person. Returns what was done, "" when there was nothing to do for them.

    `hint` is the text around the link: a person with several tenants takes the one that is named there. Raises
    CannotAcceptError.
    """
    link = links.read(url)
    if isinstance(link, links.AttestationPage):
        attestation = world.store.attestations.get(link.attestation.lower())
        mine = attestation is not None and attestation.signatory.email.casefold() == person.casefold()
        return accept_attestation(world, attestation) if attestation and mine else ""
    if link is None or not addressed:
        return ""
    tenants, passed_on = _tenants_of(world, person)
    if not tenants:
        raise CannotAcceptError(ADMIN_ONLY, f"{person} is no Global Administrator of any tenant")
    if isinstance(link, links.Invitation):
        done = accept_invitation(world, link, _choose(world, tenants, hint, link))
    else:
        done = accept_agreement(world, _choose(world, tenants, hint, None))
    return done + passed_on if done else ""


def _tenants_of(world: World, person: str) -> tuple[list[Tenant], str]:
    """The tenants whose Global Admin the person is, or can ask."""
    own = world.store.tenants.find("email", person.casefold())
    if own:
        return own, ""
    asked = [tenant for tenant in world.store.tenants.find("contact", person.casefold()) if tenant.global_admins]
    return asked, f" ({person} passed the mail on to {asked[0].global_admins[0].email})" if asked else ""


def _choose(world: World, tenants: list[Tenant], hint: str, link: links.Invitation | None) -> Tenant:
    named = [
        tenant
        for tenant in tenants
        if any(domain.casefold() in hint.casefold() for domain in tenant.domains or [tenant.initial_domain])
    ]
    if link is not None:
        waiting = [t for t in tenants if not microsoft.is_related(world.store, t.id, link.provider, link.reseller)]
    else:
        waiting = [t for t in tenants if not microsoft.agreement_current(world.store, t.id)]
    return (named or waiting or tenants)[0]


def accept_invitation(world: World, link: links.Invitation, tenant: Tenant) -> str:
    """A Global Admin ticks relationship and agreement; "" when there is nothing to do. Raises CannotAcceptError."""
    store, now = world.store, world.clock.now()
    accounts = store.accounts.find("partner_tenant", link.provider)
    account = next((a for a in accounts if link.reseller in ("", a.reseller_tenant.lower())), None)
    if account is None or (link.reseller and link.partner_id != account.reseller_partner_id):
        raise CannotAcceptError(
            BAD_LINK, "the invitation is not valid: partner, reseller and partner id do not belong together"
        )
    if tenant.country.upper() != account.country.upper():
        raise CannotAcceptError(
            REGION, f"{tenant.initial_domain} is in {tenant.country}: the partner cannot sell there"
        )
    if microsoft.is_related(store, tenant.id, link.provider, link.reseller):
        return ""
    microsoft.relate(store, now, tenant, link.provider, link.reseller)
    microsoft.accept_directly(store, now, tenant, _administrator(tenant))
    microsoft.audit_change(store, now, link.provider, "extend_relationship", tenant, resource="CustomerRelationship")
    if link.reseller:
        microsoft.audit_change(
            store, now, link.provider, "create_partner_relationship", tenant, resource="PartnerRelationship"
        )
    return f"accepted the relationship and the Microsoft Customer Agreement for {tenant.initial_domain}"


def accept_agreement(world: World, tenant: Tenant) -> str:
    """A Global Admin accepts the agreement on its own page. Returns "" when it is accepted."""
    if microsoft.accept_directly(world.store, world.clock.now(), tenant, _administrator(tenant)) is None:
        return ""
    return f"accepted the Microsoft Customer Agreement for {tenant.initial_domain}"


def accept_attestation(world: World, attestation: Attestation) -> str:
    """The signatory accepts on Microsoft's page. Returns "" when it is done. Raises CannotAcceptError."""
    status = current_status(attestation, world.clock.now())
    if status == "accepted":
        return ""
    if status != "created":
        raise CannotAcceptError(SIGNATORY, f"the agreement page says that the request is {status}")
    attestation.status, attestation.accepted_at = "accepted", world.clock.now()
    world.store.attestations.put(attestation)
    return f"accepted the Microsoft Customer Agreement for {attestation.company}"


def decline_attestation(world: World, attestation: Attestation) -> str:
    """The signatory declines on Microsoft's page. Raises CannotAcceptError."""
    if current_status(attestation, world.clock.now()) != "created":
        raise CannotAcceptError(SIGNATORY, "the request is closed")
    attestation.status = "declined"
    world.store.attestations.put(attestation)
    return f"declined the Microsoft Customer Agreement for {attestation.company}"


def _administrator(tenant: Tenant) -> Person:
    if not tenant.global_admins:
        return tenant.contact
    admin = tenant.global_admins[0]
    first, _, last = admin.name.partition(" ")
    return Person(first_name=first, last_name=last, email=admin.email)
