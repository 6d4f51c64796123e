"""What an account holds: every customer as ION and Partner Center show it. Nothing secret is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from clients.ion.models import IonCustomer
from onboarding.core.contract import Tell
from onboarding.look.account import each, handled
from onboarding.look.shown import is_active, latest, on_record, row_of
from onboarding.look.snapshot import EstateLook

if TYPE_CHECKING:
    from clients.ion.models import LegacyAgreement
    from clients.partner_center.models import Agreement


@dataclass(frozen=True, slots=True)
class Candidate:
    """One customer of the account as the systems show it.

    row: what is known of its Cloud Provider row, {} when none is shown. tenant: linked tenant id, lower case, "" when
    none is linked or shown. linkless: a system shows that no tenant is linked. direct: the customer itself accepted the
    agreement. signatory: of a current attestation, None when nobody is known. trouble: why we could not look.
    """

    customer: IonCustomer
    row: Mapping[str, Any] = field(default_factory=dict)
    tenant: str = ""
    domain: str = ""
    linkless: bool = False
    direct: bool = False
    signatory: Mapping[str, str] | None = None
    trouble: str = ""

    @property
    def name(self) -> str:
        """How messages name it."""
        return f"{self.customer.organization} <{self.customer.email}>, ION id {self.customer.id}"


def read_account(look: EstateLook, tell: Tell = lambda done, total: None) -> list[Candidate]:
    """Every customer of the account, by ION id; the answers stay in `look`.

    Raises ClientError when a list cannot be read, and at once for lost credentials or a wrong account; one customer
    that cannot be read does not stop the others.
    """
    customers = sorted(look.ion_customers(), key=lambda one: (len(one.id), one.id))
    look.related_tenants()
    return _by_domain(look, each(look, customers, partial(_candidate, look), _unread, tell))


def _unread(customer: IonCustomer, why: str) -> Candidate:
    return Candidate(customer, trouble=why)


def _candidate(look: EstateLook, customer: IonCustomer) -> Candidate:
    if not is_active(customer, look.session.connection):
        return Candidate(customer)
    return _agreed(look, _linked(look, customer))


def _linked(look: EstateLook, customer: IonCustomer) -> Candidate:
    """The Cloud Provider row. Where portal access is on, ION shows it: a row that is not shown has it off."""
    row = row_of(look, customer.id)
    shown: dict[str, Any] = {}
    if row.whole is not None:
        shown = {k: v for k, v in asdict(row.whole).items() if k not in ("tenant_id", "domain") and v != ""}
    elif row.shown:
        shown = {"portal_access": row.portal_access}
    return Candidate(customer, shown, row.tenant or "", row.domain, linkless=row.tenant == "")


def _agreed(look: EstateLook, candidate: Candidate) -> Candidate:
    """Who accepted the agreement, where a system tells. An agreement that no longer counts names nobody: whoever signs
    next is for a person to say."""
    if look.session.partner_center is not None:
        if not candidate.tenant or candidate.tenant not in look.related_tenants():
            return candidate
        found = on_record(look, candidate.tenant)
        signatory = _person(found.latest) if found.kind == "attested" else None
        return replace(candidate, signatory=signatory, direct=found.kind == "direct")
    if not row_of(look, candidate.customer.id).agreement:
        return candidate
    legacy = look.legacy_profile(candidate.customer.id)
    last = latest(legacy.agreements) if legacy else None
    current = last and last.date_agreed and last.date_agreed >= look.session.connection.agreement_valid_from
    return replace(candidate, signatory=_person(last) if current else None)


def _person(one: Agreement | LegacyAgreement | None) -> Mapping[str, str] | None:
    if one is None:
        return None
    named = {"first_name": one.first_name, "last_name": one.last_name, "email": one.email, "phone": one.phone_number}
    return {name: text for name, text in named.items() if text}


def _by_domain(look: EstateLook, candidates: list[Candidate]) -> list[Candidate]:
    """A tenant that no system links but that OpenID discovery gives for the customer's e-mail domain, when it is one of
    our Partner Center's, linked to nobody else and claimed by this customer alone."""
    taken = {candidate.tenant for candidate in candidates}
    free = {tenant: found for tenant, found in look.related_tenants().items() if tenant not in taken}
    active = [s for s in candidates if is_active(s.customer, look.session.connection) and not s.trouble]
    unseen = [s for s in active if not s.tenant and not s.linkless]
    if not free or not unseen:
        return candidates
    found = {one.customer.id: one for one in each(look, unseen, partial(_with_tenant, look), _in_trouble)}
    claims = Counter(one.tenant for one in found.values())

    def settled(candidate: Candidate) -> Candidate:
        one = found.get(candidate.customer.id, candidate)
        if one.trouble or one.tenant not in free or claims[one.tenant] > 1:
            return one if one.trouble else candidate
        named = replace(one, domain=free[one.tenant].domain)
        return handled(look, named, partial(_agreed, look), _in_trouble)

    return list(map(settled, candidates))


def _in_trouble(candidate: Candidate, why: str) -> Candidate:
    return Candidate(candidate.customer, trouble=why)


def _with_tenant(look: EstateLook, candidate: Candidate) -> Candidate:
    """The candidate with the tenant that discovery gives for the e-mail domain; "" for none."""
    name = candidate.customer.email.rpartition("@")[2]
    return replace(candidate, tenant=look.discovered_tenant(name).lower()) if name else candidate
