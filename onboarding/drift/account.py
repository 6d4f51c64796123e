"""What no single customer shows: who is not declared at all, and where the two systems contradict each other."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import schemas
from clients.errors import ClientError, contained
from clients.ion.models import IonCustomer
from onboarding.core import compare
from onboarding.core.contract import stamp
from onboarding.core.remedy import Trouble
from onboarding.drift.report import Coverage, Finding
from onboarding.drift.resources import ATTESTATION, CUSTOMER, IDENTITY, Seen
from onboarding.look.cache import ObservedLook
from onboarding.look.shown import PROFILES, is_active, other_rows, row_of, says_accepted
from schemas.command import command

PC, ION = "Partner Center customers", "ION customers"


@dataclass
class Account:
    """Everything that one connection shows, and what of it the estate declares."""

    connection: str
    look: ObservedLook
    declared: dict[str, list[Seen]] = field(default_factory=dict)
    """Customer key -> its four resources."""
    files: Mapping[str, schemas.Customer] = field(default_factory=dict)
    """Customer key -> declaration, of every customer of the connection (also those that are leaving)."""
    elsewhere: Mapping[str, Sequence[schemas.Customer]] = field(default_factory=dict)
    """Another stack of the project -> the customers that it declares on this account."""

    @property
    def at(self) -> str:
        return stamp(self.look.now)

    def ours(self) -> dict[str, str]:
        """ION customer id -> key of the customer that declares it."""
        emails = {compare.email(one.profile.email): key for key, one in self.files.items()}
        found = {
            c.id: emails[compare.email(c.email)] for c in self.look.ion_customers() if compare.email(c.email) in emails
        }
        for key, resources in self.declared.items():
            profile = next((one.facts.data.get("customer") for one in resources if one.resource == CUSTOMER), None)
            if profile is not None:
                found = {ion_id: owner for ion_id, owner in found.items() if owner != key} | {profile.id: key}
        return found

    def our_tenants(self) -> dict[str, str]:
        """Tenant id -> key of the customer that declares it."""
        found: dict[str, str] = {}
        for key, one in self.files.items():
            wanted = self._named_tenant(one)
            for seen in self.declared.get(key, ()):
                if seen.resource == IDENTITY:
                    wanted = seen.facts.data["found"].wanted or wanted
            if wanted:
                found[wanted] = key
        return found

    def theirs(self, links: Mapping[str, str]) -> dict[str, str]:
        """ION customer id -> the other stack that declares it, by e-mail or by the tenant that is linked (`links`)."""
        ours = self.ours()
        emails = {compare.email(one.profile.email): stack for stack, some in self.elsewhere.items() for one in some}
        tenants = {self._named_tenant(one): stack for stack, some in self.elsewhere.items() for one in some}
        found = {}
        for customer in self.look.ion_customers():
            linked = links.get(customer.id, "")
            stack = emails.get(compare.email(customer.email), "") or (tenants.get(linked, "") if linked else "")
            if stack and customer.id not in ours:
                found[customer.id] = stack
        return found

    def their_tenants(self, links: Mapping[str, str]) -> dict[str, str]:
        """Tenant id -> the other stack that declares it, or the customer that it is linked to."""
        ours = self.our_tenants()
        named = {self._named_tenant(one): stack for stack, some in self.elsewhere.items() for one in some}
        named |= {
            links[customer_id]: stack for customer_id, stack in self.theirs(links).items() if links.get(customer_id)
        }
        return {tenant: stack for tenant, stack in named.items() if tenant and tenant not in ours}

    def _named_tenant(self, declared: schemas.Customer) -> str:
        """The tenant that a customer file names, by id or by a domain that Partner Center shows; "" for none."""
        identity = declared.identity
        if isinstance(identity, schemas.NewIdentity):
            return self._domains.get(compare.domain(identity.initial_domain), "")
        return (identity.tenant_id or "").lower() or self._domains.get(compare.domain(identity.domain or ""), "")

    @cached_property
    def _domains(self) -> dict[str, str]:
        return {compare.domain(one.domain): tenant_id for tenant_id, one in self.look.related_tenants().items()}


def linked_tenant(look: ObservedLook, customer_id: str) -> tuple[bool, str]:
    """Whether a Microsoft row is shown for an ION customer, and the tenant linked in it. Raises ClientErrors."""
    row = row_of(look, customer_id)
    return row.shown, row.tenant or ""


def coverage(account: Account, links: Mapping[str, str]) -> Coverage:
    """How much of the account is declared, by this stack and by others. `links`: as in `unmanaged`."""
    customers = [c for c in account.look.ion_customers() if is_active(c, account.look.session.connection)]
    ours, theirs = account.ours(), account.theirs(links)
    tenants, declared, elsewhere = account.look.related_tenants(), account.our_tenants(), account.their_tenants(links)
    return Coverage(
        account.connection,
        len(customers),
        sum(c.id in ours for c in customers),
        len(tenants),
        sum(tenant in declared for tenant in tenants),
        dict(Counter(theirs[c.id] for c in customers if c.id in theirs)),
        dict(Counter(elsewhere[tenant] for tenant in tenants if tenant in elsewhere)),
    )


def unmanaged(account: Account, links: Mapping[str, str]) -> Iterator[Finding]:
    """Customers, tenants and Cloud Provider rows that no stack declares. `links`: ION customer id -> linked tenant."""
    look, ours, theirs = account.look, account.ours(), account.theirs(links)
    for customer in look.ion_customers():
        if customer.id in ours:
            yield from _other_rows(account, customer.id, ours[customer.id])
        elif is_active(customer, look.session.connection) and customer.id not in theirs:
            told = f"{customer.organization} <{customer.email}>, ION id {customer.id}"
            yield account_finding(account, "unmanaged", "customer", told, ION, will=_adopt(account))
            if customer.id in links:
                tenant = links[customer.id] or "no tenant"
                told = f"Cloud Provider row of {customer.organization} <{customer.email}>: {tenant}"
                yield account_finding(account, "unmanaged", "association", told, "ION Cloud Providers", will="nothing")
    declared = account.our_tenants() | account.their_tenants(links)
    for tenant_id, related in look.related_tenants().items():
        if tenant_id not in declared:
            told = f"{related.company_name} ({related.domain}), {tenant_id}"
            yield account_finding(account, "unmanaged", "tenant", told, PC, will=_adopt(account))


def _adopt(account: Account) -> str:
    return f"nothing; {command('adopt', c=account.connection)} writes its file"


def _other_rows(account: Account, customer_id: str, key: str) -> Iterator[Finding]:
    """Rows of other providers beside the declared one; the association endpoint does not show them."""
    if account.look.session.association is not None or key not in account.declared:
        return
    for name in other_rows(account.look, customer_id):
        told = f"Cloud Provider row {name}"
        yield account_finding(account, "unmanaged", "association", told, PROFILES, key, "nothing")


def links_of(account: Account) -> tuple[dict[str, str], dict[str, Trouble]]:
    """ION customer id -> linked tenant ("" for none) of every row that is shown; and what could not be looked at."""
    found: dict[str, str] = {}
    failed: dict[str, Trouble] = {}
    ours = account.ours()
    for customer in account.look.ion_customers():
        try:
            with contained():
                shown, tenant = linked_tenant(account.look, customer.id)
        except ClientError as error:
            key = ours.get(customer.id, "")
            if not key or key in account.declared or account.files[key].lifecycle != "active":  # else told already
                who = f"ION customer {customer.id}"
                failed[f"{account.connection}: {who}"] = Trouble.of(error, account.connection, key or who)
            continue
        if shown:
            found[customer.id] = tenant
    return found, failed


def inconsistent(account: Account, links: Mapping[str, str]) -> Iterator[Finding]:
    """Where ION and Partner Center, or two customers of ION, contradict each other."""
    look, ours = account.look, account.ours()
    people = {customer.id: customer for customer in look.ion_customers()}
    holders: dict[str, list[str]] = defaultdict(list)
    for customer_id, tenant in links.items():
        if tenant:
            holders[tenant].append(customer_id)
    for tenant, ids in sorted(holders.items()):
        if len(ids) > 1:
            told = " and ".join(_name(people[i]) for i in sorted(ids))
            rule = "one tenant, one customer"
            yield _contradiction(account, ours, ids, f"tenant {tenant} is linked to {told}", rule, ION)
    if look.session.partner_center is None:
        return
    related = look.related_tenants()
    just_made = {tenant for tenant, key in account.our_tenants().items() if _is_related(account.declared.get(key, []))}
    # ION keeps the link of a customer whose relationship was ended on purpose: nobody has to look.
    going = {customer_id for customer_id, key in ours.items() if _is_going(account.files.get(key))}
    for customer_id, tenant in links.items():
        if tenant and tenant not in related and tenant not in just_made and customer_id not in going:
            told = f"{_name(people[customer_id])} is linked to tenant {tenant}, which is no customer in Partner Center"
            rule = "a linked tenant has a relationship"
            yield _contradiction(account, ours, [customer_id], told, rule, "ION; Partner Center")
    if look.session.ion is not None:
        declared = account.our_tenants() | account.their_tenants(links)
        for tenant_id, found in related.items():
            # A declared tenant that is not linked (yet) is told by its own field.
            if tenant_id not in holders and tenant_id not in declared:
                told = f"{found.company_name} ({found.domain}) is a Partner Center customer that no ION customer shows"
                yield account_finding(account, "inconsistent", "consistency", told, f"{PC}; {ION}")
    yield from _agreements(account)


def _is_going(declared: schemas.Customer | None) -> bool:
    return declared is not None and declared.lifecycle != "active"


def _is_related(resources: list[Seen]) -> bool:
    """Whether the customer's own look counts the tenant as related: one that was just made is not in the list yet."""
    return any(s.resource == IDENTITY and s.facts.fields["relationship"].state == "match" for s in resources)


def _agreements(account: Account) -> Iterator[Finding]:
    """ION's word for the agreement against Partner Center's record, where both were read."""
    if account.look.session.association is not None:
        return  # the row endpoint shows no agreement, and reading cloudProfiles too would double the calls
    for key, resources in account.declared.items():
        found: dict[str, Any] = {seen.resource: seen.facts for seen in resources}
        profile = found[CUSTOMER].data.get("customer")
        agreement = found[ATTESTATION].fields.get("agreement")
        if profile is None or agreement is None or agreement.state == "not_visible":
            continue
        word = row_of(account.look, profile.id).agreement
        if word and says_accepted(word, account.look.session.connection) != (agreement.state == "match"):
            told = f"agreement of {_name(profile)}: ION says {word}, Partner Center says {agreement.seen}"
            yield account_finding(account, "inconsistent", "consistency", told, f"{PROFILES}; Partner Center", key)


def _contradiction(
    account: Account, ours: Mapping[str, str], ids: list[str], told: str, rule: str, where: str
) -> Finding:
    key = next((ours[i] for i in sorted(ids) if i in ours), "")
    found = account_finding(account, "inconsistent", "consistency", told, where, key)
    return Finding(**{**found.as_dict(), "declared": rule})  # type: ignore[arg-type]


def _name(customer: IonCustomer) -> str:
    return f"{customer.organization} <{customer.email}>"


def account_finding(
    account: Account, kind: Any, about: str, told: str, where: str, key: str = "", will: str = ""
) -> Finding:
    """A finding about an account rather than about a declared field."""
    will = will or "nothing; a person must look"
    return Finding(kind, account.connection, key, about, "", told, where, account.at, will=will)
