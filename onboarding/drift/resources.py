"""One customer looked at: the four resources in their order, each with what it carries to the next.

The same `observe` and `assess` as a run uses, so that `csp drift` and `pulumi preview` can never disagree about a
field. Some fields are compared here only, because no step follows from them that an API or a console could take.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel

import schemas
from clients.partner_center.models import PcCustomer
from onboarding.core import compare, state
from onboarding.core.catalogue import RESOURCES
from onboarding.core.contract import EARLIER, Facts, Field, Known, Outcome
from onboarding.look.cache import ObservedLook
from onboarding.look.shown import agreement_in, latest, row_of
from onboarding.resources import attestation
from onboarding.resources.attestation.observe import NEEDS_RELATIONSHIP
from onboarding.resources.inputs import inputs_of
from onboarding.resources.tenant_identity.observe import declared_domain
from schemas.model.fields import PARTNER_CENTER, named
from schemas.model.traits import WriteOnly, fields_with

CUSTOMER, ASSOCIATION, IDENTITY, ATTESTATION = RESOURCES
RECORD = "TenantRecord"
"""What `onboarding.drift.record` adds to the four resources: it is in no state, and no run changes it."""
SECTION = {name: one.section for name, one in RESOURCES.items()} | {RECORD: "identity"}
"""Resource -> section of the customer file that declares it."""
EXTRA = frozenset({"signatory", "company_name", "domain"})
"""Fields that only `csp drift` compares; they are not in a resource's `seen`."""

_WRITE_ONLY = fields_with(schemas.Customer, WriteOnly)
_IN_RECORD = {f"identity.{field.path}" for field in PARTNER_CENTER}
"""No list shows them; the tenant's own record does."""

Outputs = Mapping[str, Mapping[str, Any]]
"""Resource -> its outputs in state; empty without a state."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One resource as declared, as last known and as it is now. `at`: the oldest answer behind it, RFC 3339."""

    resource: str
    known: Known
    facts: Facts
    outcome: Outcome
    at: str

    @property
    def handled(self) -> dict[str, str] | None:
        """The deciding facts after the last run, in the form in which they are compared today; None before it."""
        return state.in_todays_form(self.known, self.facts).handled


def look_at(declared: schemas.Customer, outputs: Outputs, carried: Mapping[str, str], look: ObservedLook) -> list[Seen]:
    """Observe the four resources of a customer. `carried`: ids of an earlier look, used where the state has none.

    Raises ClientErrors.
    """
    session = look.session

    def known_of(resource: str, *names: str) -> Known:
        return Known(outputs[resource]) if resource in outputs else Known(_from_earlier(carried, declared, names))

    def seen(name: str, known: Known, others: Mapping[str, str]) -> tuple[Any, Seen]:
        thing = RESOURCES[name].thing
        desired = thing.Inputs.model_validate({**inputs[name], **others})
        facts = thing.observe(desired, known, look)
        return desired, Seen(name, known, facts, thing.assess(desired, known, facts, session), look.oldest())

    look.watch()
    inputs = inputs_of(declared)
    _, profile = seen(CUSTOMER, known_of(CUSTOMER, "ion_customer_id"), {})
    there = profile.facts.data.get("customer")
    ion = {"ion_customer_id": there.id if there is not None else ""}
    _, row = seen(ASSOCIATION, known_of(ASSOCIATION), ion)
    _, tenant = seen(IDENTITY, known_of(IDENTITY, "tenant_id"), ion)
    facts = _with_domain(declared, _with_company(declared, tenant.facts), look)
    tenant = replace(tenant, facts=facts, at=look.oldest())
    known = known_of(ATTESTATION, "kind")
    if hidden := _out_of_sight(tenant, ion["ion_customer_id"], look):
        facts = Facts(fields={"agreement": Field("not_visible", "accepted", "", hidden)}, seen=known.handled or {})
        agreement = Seen(ATTESTATION, known, facts, Outcome("waiting", facts, waiting_on=EARLIER), look.oldest())
    else:
        carried_on = tenant.outcome.carried
        wanted = tenant.facts.data["found"].wanted if session.partner_center is not None else ""
        others = {
            "tenant_id": wanted or carried_on.get("tenant_id", ""),
            "attestation_id": carried_on.get("attestation_id", ""),
        }
        desired, agreement = seen(ATTESTATION, known, ion | others)
        agreement = replace(agreement, facts=_with_signatory(desired, agreement.facts, look), at=look.oldest())
    return [profile, row, tenant, agreement]


def _out_of_sight(tenant: Seen, customer_id: str, look: ObservedLook) -> str:
    """Why no system can show an agreement, "" when one can: each shows those of its own customers only."""
    if look.session.partner_center is not None:
        related = tenant.facts.fields["relationship"].state == "match"
        return "" if related else NEEDS_RELATIONSHIP
    if tenant.facts.data["found"].linked != "":
        return ""
    shown = agreement_in(row_of(look, customer_id), look.session.connection)  # asked already, for the tenant
    return shown.where if shown.state == "not_visible" else ""


def _from_earlier(carried: Mapping[str, str], declared: schemas.Customer, names: tuple[str, ...]) -> dict[str, Any]:
    """Outputs as a state would hold them, from an earlier look; the kind of agreement is guessed by the route."""
    outputs: dict[str, Any] = {name: carried[name] for name in names if carried.get(name)}
    memory = {name: carried[name] for name in ("domain", "declared_domain", "price_currency") if carried.get(name)}
    if "kind" in names:
        direct = declared.attestation_route == "customer"
        # ION's word is enough here: the day behind it costs a call more and was settled when the agreement was new.
        memory |= {"kind": carried.get("kind") or ("direct" if direct else ""), "current": "yes"}
    return outputs | {"memory": {name: text for name, text in memory.items() if text}}


def carried_of(declared: schemas.Customer, seen: list[Seen]) -> dict[str, str]:
    """What the next look without state must know to recognise this customer."""
    kept: dict[str, str] = {}
    found = next(one.facts.data["found"] for one in seen if one.resource == IDENTITY)
    if found.wanted and not found.conflict:
        kept["declared_domain"] = declared_domain(declared.identity)
    for one in seen:
        kept |= {name: text for name, text in one.outcome.carried.items() if text}
        kept |= {
            name: one.outcome.memory[name]
            for name in ("domain", "declared_domain", "kind")
            if one.outcome.memory.get(name)
        }
    return kept


def related(seen: Iterable[Seen]) -> PcCustomer | None:
    """The tenant of a customer in Partner Center's list, None when it is not (or not yet) there."""
    found: PcCustomer | None = next(one.facts.data["found"].related for one in seen if one.resource == IDENTITY)
    return found


def unread(declared: schemas.Customer, *, has_record: bool) -> Iterator[tuple[str, str, str]]:
    """Declared fields that no system shows to us: path, declared text, why. Fields that the file leaves out are not
    told. has_record: Partner Center shows the tenant as a customer of ours."""
    for path in _WRITE_ONLY:
        if not (has_record and path in _IN_RECORD) and (text := _text_at(declared, path)) is not None:
            yield path, text, "no system, it is only sent"
    if has_record:
        return
    for path in ("identity.address", "identity.contact"):
        if (text := _text_at(declared, path)) is not None:
            yield path, text, "Partner Center, which shows related tenants to roles that may ask"


def _text_at(declared: schemas.Customer, path: str) -> str | None:
    """The text of a field that the file itself names, None when it does not."""
    found = named(declared, path)
    if isinstance(found, BaseModel):
        return ", ".join(str(value) for value in found.model_dump(exclude_none=True).values())
    return None if found is None else str(found)


def _with_company(declared: schemas.Customer, facts: Facts) -> Facts:
    """A company name that the file gives to the tenant, against Partner Center's list."""
    related = facts.data["found"].related
    named = declared.identity.company_name if isinstance(declared.identity, schemas.NewIdentity) else None
    if not named or related is None:
        return facts
    fact = compare.field("company_name", named, related.company_name, "Partner Center customers")
    return replace(facts, fields={**facts.fields, "company_name": fact})


def _with_domain(declared: schemas.Customer, facts: Facts, look: ObservedLook) -> Facts:
    """A domain that the file names beside the tenant id, against those that the systems show of that tenant."""
    identity, found = declared.identity, facts.data["found"]
    if isinstance(identity, schemas.NewIdentity) or not (identity.domain and identity.tenant_id):
        return facts
    shown = [found.related.domain] if found.related else []
    shown += [found.linked_domain] if found.linked == found.wanted and found.linked_domain else []
    verdicts = {text: compare.same_domain(identity.domain, text) for text in shown}
    seen, where = next((text for text, same in verdicts.items() if same), None), "Partner Center; ION"
    if seen is None and False in verdicts.values():
        # A tenant may have several initial domains: whoever runs the directory knows whose the declared one is.
        owner, where = look.discovered_tenant(identity.domain).lower(), "OpenID discovery"
        seen = identity.domain if owner == found.wanted else f"a domain of {owner}" if owner else None
    if seen is None:  # the field of the tenant tells already what is out of sight
        return facts
    fact = compare.field("domain", identity.domain, seen, where)
    return replace(facts, fields={**facts.fields, "domain": fact})


def _with_signatory(wanted: attestation.AttestationInputs, facts: Facts, look: ObservedLook) -> Facts:
    """The declared signatory against the contact of the attested agreement. A direct acceptance names nobody."""
    signatory = wanted.attestation.signatory
    if signatory is None or facts.data.get("kind") != "attested" or look.session.partner_center is None:
        return facts
    last = latest(look.agreements(wanted.tenant_id), signatory.email)
    if last is None or not last.email:
        return facts
    fact = compare.field("signatory", signatory.email, last.email, "Partner Center agreements")
    return replace(facts, fields={**facts.fields, "signatory": fact})
