"""Would an order go through? Answered as ION and Microsoft would, from what is on record and nothing else.

Sources: ion.md 7.4, partner-center.md 2.3, 5.5, 5.8. A gate is open when its precondition fails.
Gates behind a missing one are open as well: without a Cloud Provider row there is no pricebook and no linked tenant.
"""

from __future__ import annotations

from dataclasses import dataclass

from csp_sandbox import microsoft
from csp_sandbox.ledger import rule
from csp_sandbox.situation.model import Account, IonCustomer, ProviderRow, Tenant
from csp_sandbox.situation.store import Store

GATES = ("reseller", "profile", "cloud_provider", "pricebook", "relationship", "tenant", "agreement")

CHECKOUT = rule(
    "checkout",
    "An order passes when the reseller may transact, the profile is ACTIVE, the Microsoft row exists with a "
    "pricebook of its "
    "currency, the tenant is related through this reseller and linked to the row, and a current MCA is on record.",
    source="ion.md 7.4; partner-center.md 5.8",
    confidence="inferred",
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer for one customer: `blockers` in the order of GATES."""

    blockers: tuple[str, ...]

    @property
    def allowed(self) -> bool:
        return not self.blockers


def check(store: Store, account: Account, customer: IonCustomer | None) -> Verdict:
    """Check every gate of one customer; None stands for a customer that ION does not know."""
    row = customer.microsoft() if customer else None
    tenant = _tenant(store, customer, row)
    passed = {
        "reseller": account.program_authorized and account.partner_agreement_signed,
        "profile": customer is not None and customer.status == "ACTIVE",
        "cloud_provider": row is not None,
        "pricebook": row is not None and _has_price(account, row),
        "relationship": tenant is not None
        and microsoft.is_related(store, tenant.id, account.partner_tenant, account.reseller_tenant),
        "tenant": row is not None and bool(row.tenant_id),
        "agreement": tenant is not None and microsoft.agreement_current(store, tenant.id),
    }
    return Verdict(tuple(gate for gate in GATES if not passed[gate]))


def find_customer(store: Store, account: str, key: str) -> IonCustomer | None:
    """A customer of an account by ION id or e-mail."""
    by_id = store.customers.get(key)
    candidates = [by_id] if by_id else store.customers.find("email", key.casefold())
    return next((customer for customer in candidates if customer.account == account), None)


def _has_price(account: Account, row: ProviderRow) -> bool:
    currency = account.pricebooks.get(row.pricebook)
    return bool(currency) and currency == row.provider_currency and bool(row.invoice_currency)


def _tenant(store: Store, customer: IonCustomer | None, row: ProviderRow | None) -> Tenant | None:
    """The tenant an order would go to; before one is linked, the one whose contact the customer is."""
    if row is not None and row.tenant_id:
        return store.tenants.get(row.tenant_id)
    return store.tenants.first("contact", customer.email.casefold()) if customer else None
