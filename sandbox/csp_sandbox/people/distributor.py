"""TD SYNNEX operations: read a ticket, look into their Partner Center, change what no reseller can change.

Source: ion.md 7.7 and article, "What happens next". How TD SYNNEX works inside is not public: inferred.
"""

from __future__ import annotations

import re

from csp_sandbox import forms, microsoft
from csp_sandbox.ledger import rule
from csp_sandbox.people.operator import Step
from csp_sandbox.situation.model import Account, IonCustomer, ProviderRow, Tenant
from csp_sandbox.situation.world import World

TICKET = rule(
    "people.distributor",
    "By ticket TD SYNNEX reads a tenant id from Partner Center, links the related tenant that is named (or "
    "unlinks the wrong one), activates a profile, authorises a reseller.",
    source="ion.md 7.1, 7.7",
    confidence="inferred",
)
NO_ANSWER = rule(
    "people.distributor.no-answer",
    "A ticket without text, or about a tenant that Partner Center does not know, gets no answer that helps.",
    source="ion.md 7.7",
    confidence="inferred",
)
_GUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.I)
_DOMAIN = re.compile(r"\b[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)+\b", re.I)


def answer_ticket(world: World, step: Step, known: dict[str, str]) -> list[str]:
    """Do what a ticket asks. Returns what was done; a tenant id goes to `known` as well. Raises FormError."""
    text = step.text("Ticket text")
    if not text:
        raise forms.FormError(NO_ANSWER, "the ticket has no text")
    account, customer = forms.customer_by_email(world, step.text("Customer e-mail"))
    if customer.status != "ACTIVE":
        customer.status = "ACTIVE"
        world.store.customers.put(customer)
        return ["set the profile ACTIVE again"]
    if not account.program_authorized and "program" in text.casefold():
        account.program_authorized = True
        world.store.accounts.put(account)
        return ["authorised the reseller's program"]
    row = customer.microsoft()
    wanted = _wanted(world, account, text, row)
    if row is not None and row.tenant_id:
        return [_relink(world, customer, row, wanted)]
    if wanted is None:
        raise forms.FormError(
            NO_ANSWER, "no related tenant fits the ticket: the customer has not accepted the relationship"
        )
    known[customer.email.casefold()] = wanted.id
    return [f"told the Microsoft ID of {wanted.initial_domain}: {wanted.id}"]


def _wanted(world: World, account: Account, text: str, row: ProviderRow | None) -> Tenant | None:
    """The tenant that a ticket is about: named in it, known to our Partner Center, and not the one linked now."""
    store = world.store
    named = [store.tenants.get(found.lower()) for found in _GUID.findall(text)]
    named += [store.tenants.first("domain", found.casefold()) for found in _DOMAIN.findall(text)]
    linked = row.tenant_id if row else None
    for tenant in named:
        if tenant is None or tenant.id == linked:
            continue
        if microsoft.relationship(store, tenant.id, account.partner_tenant) is not None:
            return tenant
    return None


def _relink(world: World, customer: IonCustomer, row: ProviderRow, wanted: Tenant | None) -> str:
    before = row.domain
    row.tenant_id, row.domain = (wanted.id, wanted.initial_domain) if wanted else (None, None)
    row.attested = None
    customer.update_time = world.clock.now()
    world.store.customers.put(customer)
    return f"unlinked {before}" + (f" and linked {wanted.initial_domain}" if wanted else "")
