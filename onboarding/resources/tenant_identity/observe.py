"""What the systems say about a customer's tenant."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import schemas
from clients.ion.models import AssociationRow
from clients.partner_center.models import AttestationState, PcCustomer
from clients.words import relationship
from onboarding.core import compare, contract, words
from onboarding.core.contract import ABSENT, NOT_VISIBLE, Facts, Field, FieldState, Known
from onboarding.look.shown import ENDPOINT, PROFILES, SeenRow, row_of, tenant_text
from onboarding.look.snapshot import Look
from onboarding.resources.attestation import asking
from onboarding.resources.memory import TenantMemory
from onboarding.resources.tenant_identity import invitation
from onboarding.resources.tenant_identity.agreement_first import asked
from onboarding.resources.tenant_identity.declared import TenantIdentityInputs
from schemas.distributor import DISTRIBUTOR

CARRIED = ("tenant_id", "attestation_id")
LAG = timedelta(minutes=15)
"""A tenant that was just made answers 404 for about 90 seconds; Microsoft promises nothing (partner-center.md 6.5)."""

CONSUMERS = "9188040d-6c67-4c5b-b112-36a304b66dad"
"""Microsoft's tenant of personal accounts; no company's."""

NO_ROW = "no row"
"""What `seen` holds for the linked tenant while there is no Cloud Provider row. A row that comes later is progress:
without a word of its own nobody would link the tenant to it."""
PC = "Partner Center customers"


@dataclass(frozen=True, slots=True)
class Found:
    """The objects behind the facts. `linked`: tenant id in the Cloud Provider row, "" for none, None when not visible.

    `taken`: the declared prefix exists, and ION shows that nothing is linked: somebody else's, or half made.
    `made`: it exists, and ION hides what is linked: most likely what our operator made.
    `listed_as`: Microsoft's word for the relationship of a tenant that it lists, where that is not one of ours.
    `candidate`: tenant of the Global Admin's e-mail domain. People write from many domains, so it is only told."""

    wanted: str
    related: PcCustomer | None
    linked: str | None
    linked_domain: str
    row: AssociationRow | None
    row_shown: bool
    pending: AttestationState | None
    conflict: str
    invitation: invitation.Invitation | None = None
    candidate: str = ""
    taken: bool = False
    made: bool = False
    listed_as: str = ""


def declared_domain(identity: schemas.Identity) -> str:
    """The domain that the file names, "" when it names none."""
    return (
        identity.initial_domain if isinstance(identity, schemas.NewIdentity) else compare.domain(identity.domain or "")
    )


def declared_tenant(identity: schemas.Identity) -> str:
    """The tenant id that the file names, lower case, "" when it names none."""
    return "" if isinstance(identity, schemas.NewIdentity) else (identity.tenant_id or "").lower()


def observe(desired: TenantIdentityInputs, known: Known, look: Look) -> Facts:
    """Relationship (Partner Center), linked tenant (Cloud Provider row), a pending agreement (agreement first)."""
    domain, settled = declared_domain(desired.identity), known.text("tenant_id")
    conflict = _conflict(desired, known, look)
    wanted, related = _wanted(desired, known, domain, look)
    related, listed_as = _ours(related, known, look)
    seen_row = _row(desired, look)
    linked = seen_row.tenant
    linked_domain, row, row_shown = seen_row.domain if linked else "", seen_row.whole, seen_row.shown
    if not wanted and linked and (not domain or (linked_domain and compare.same("domain", linked_domain, domain))):
        wanted = linked  # the operator entered what the customer or the distributor told
        if related is None and look.session.partner_center is not None:
            related, listed_as = _ours(look.related(wanted), known, look)
    pending = None
    under_way = asked(desired, known)
    if under_way and related is None and not settled and look.session.partner_center is not None:
        pending = asking.look_at(under_way, TenantMemory.of(known), look)
    found = Found(wanted, related, linked, linked_domain, row, row_shown, pending, conflict, listed_as=listed_as)
    fields, seen = _fields(desired, known, found, look)
    if look.session.partner_center is None and not linked and isinstance(desired.identity, schemas.NewIdentity):
        exists = not fields["tenant"].holds and bool(look.discovered_tenant(domain))
        found = replace(found, taken=exists and linked == "", made=exists and linked is None and row_shown)
        if found.taken or found.made:
            seen["prefix"] = "taken"
    if isinstance(desired.identity, schemas.InviteIdentity):
        found = replace(found, invitation=_invitation(desired.identity, known, fields, look))
        if not wanted:
            found = replace(found, candidate=_candidate(desired.identity, look))
        if found.invitation is not None and found.invitation.state == "expired":
            seen["invitation"] = "expired"  # the calendar moves it, so that a plan must show it once
    return Facts(fields=fields, seen=seen, data={"found": found})


def _wanted(desired: TenantIdentityInputs, known: Known, domain: str, look: Look) -> tuple[str, PcCustomer | None]:
    """Id of the tenant that is meant, "" while nobody knows it, and the customer that Partner Center lists for it."""
    wanted = known.text("tenant_id") or declared_tenant(desired.identity)
    listed = look.session.partner_center is not None
    related = None
    if listed:
        related = look.related(wanted) if wanted else look.related_by_domain(domain)
        wanted = related.id.lower() if related is not None else wanted
    if not wanted and domain and not isinstance(desired.identity, schemas.NewIdentity):
        wanted = (TenantMemory.of(known).discovered or look.discovered_tenant(domain)).lower()
        related = look.related(wanted) if wanted and listed else related
    return wanted, related


def _ours(listed: PcCustomer | None, known: Known, look: Look) -> tuple[PcCustomer | None, str]:
    """The customer where Microsoft's word makes it ours; else None and the word. A tenant that we just made is ours
    whatever the word (partner-center.md 2.1), and so is one without any."""
    word = listed.relationship_to_partner if listed is not None else ""
    if not word or just_made(known):
        return listed, ""
    ours = relationship(word, look.session.connection.status_words) == "related"
    return (listed, "") if ours else (None, word)


def _invitation(
    identity: schemas.InviteIdentity, known: Known, fields: dict[str, Field], look: Look
) -> invitation.Invitation:
    """Acceptance is a relationship in Partner Center. Where nobody can see that: ION took the tenant, or a person
    confirmed it."""
    accepted: bool | None = fields["relationship"].holds
    if look.session.partner_center is None:
        accepted = True if accepted or fields["tenant"].holds else None
    return invitation.stand(identity, TenantMemory.of(known), look.session.connection, accepted=accepted)


def _candidate(identity: schemas.InviteIdentity, look: Look) -> str:
    found = look.discovered_tenant(identity.global_admin.email.rpartition("@")[2]).lower()
    return "" if found == CONSUMERS else found


def _conflict(desired: TenantIdentityInputs, known: Known, look: Look) -> str:
    """Why the declaration now means another tenant than the one that was settled, "" when it does not."""
    settled = known.text("tenant_id")
    memory = TenantMemory.of(known)
    before = memory.domain
    if not settled or not before:
        return ""
    name = f"{settled} ({before})"
    tenant, domain = declared_tenant(desired.identity), declared_domain(desired.identity)
    if tenant and tenant != settled.lower():
        return f"the tenant of this customer is {name}, the file now names {tenant}"
    if domain and domain not in (before, memory.declared_domain):
        if isinstance(desired.identity, schemas.NewIdentity):
            return (
                f"the tenant of this customer is {name}; a domain prefix is permanent, {domain} would be another tenant"
            )
        resolved = look.discovered_tenant(domain)
        if resolved.lower() != settled.lower():
            return f"the tenant of this customer is {name}, {domain} belongs to {resolved or 'no known tenant'}"
    return ""


def _row(desired: TenantIdentityInputs, look: Look) -> SeenRow:
    if look.session.ion is None or not desired.ion_customer_id:
        return SeenRow("", shown=False, hides=True)
    return row_of(look, desired.ion_customer_id)


def relationship_by_ion(linked: bool, confirmed: str = "") -> Field:
    """The relationship where ION is all we may ask: never visible, so only a person can confirm it.

    ION links related tenants only, but goes on showing the link when the relationship has ended
    (ion.md 3.2: a cloud profile does not prove the relationship).
    """
    where = "ION shows that it was, not that it is" if linked else "no API"
    return Field("not_visible", f"related to {DISTRIBUTOR.name}", NOT_VISIBLE, where, confirmed)


def create_sent(known: Known, domain: str) -> str:
    """When a create of this domain was sent that nobody answered, "" when none was."""
    sent = TenantMemory.of(known).create_sent
    return sent.at if sent is not None and sent.domain in ("", domain) else ""


def just_made(known: Known) -> bool:
    """We made the tenant and Microsoft has not shown it yet, within the time in which it may still answer 404."""
    memory = TenantMemory.of(known)
    stamp = "" if memory.shown else memory.created_at
    return bool(stamp) and datetime.fromisoformat(contract.now()) - datetime.fromisoformat(stamp) < LAG


def _fields(
    desired: TenantIdentityInputs, known: Known, found: Found, look: Look
) -> tuple[dict[str, Field], dict[str, str]]:
    wanted = found.wanted or declared_domain(desired.identity)
    where_row = ENDPOINT if look.session.association is not None else PROFILES
    seen: dict[str, str] = {}
    if look.session.partner_center is not None:
        related = found.related is not None or (bool(known.text("tenant_id")) and just_made(known))
        state: FieldState = "match" if related else "mismatch"
        relationship = Field(state, "related to us", "related to us" if related else found.listed_as or ABSENT, PC)
        seen["relationship"] = found.wanted if related else found.listed_as or ABSENT
    else:
        linked = bool(found.linked) and found.linked == found.wanted
        relationship = relationship_by_ion(linked, _confirmed(desired, found, "relationship"))
    if look.session.ion is None:
        tenant = Field("match", wanted, wanted, "no ION connection")
    elif found.linked is None:
        seen["linked"] = NOT_VISIBLE
        tenant = Field("not_visible", wanted, NOT_VISIBLE, where_row, _confirmed(desired, found, "tenant"))
    else:
        seen["linked"] = found.linked or (ABSENT if found.row_shown else NO_ROW)
        holds = bool(found.linked) and found.linked == found.wanted
        shown = tenant_text(found.linked, found.linked_domain) or ABSENT
        tenant = Field("match" if holds else "mismatch", wanted, found.linked if holds else shown, where_row)
    if found.conflict:
        tenant = Field(
            "mismatch",
            declared_domain(desired.identity) or declared_tenant(desired.identity),
            known.text("tenant_id"),
            where_row,
        )
        seen["conflict"] = found.conflict
    if found.pending is not None:
        seen["attestation"] = asking.seen(found.pending, TenantMemory.of(known), look.session.connection)
    return {"relationship": relationship, "tenant": tenant}, seen


def _confirmed(desired: TenantIdentityInputs, found: Found, gate: str) -> str:
    """A confirmation of the gate, bound to the tenant or the domain that is declared."""
    given = desired.identity.confirmed
    if given is None:
        return ""
    for value in (found.wanted, declared_tenant(desired.identity), declared_domain(desired.identity)):
        confirmation = given.of(gate, value) if value else None
        if confirmation is not None:
            return words.confirmed_by(confirmation)
    return ""
