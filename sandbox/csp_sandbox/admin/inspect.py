"""Administration for tests that ask what really happened: the situation in short, and every secret ever handed out."""

from __future__ import annotations

from csp_sandbox import microsoft
from csp_sandbox.admin.control import ADMIN
from csp_sandbox.ledger import OURS, rule
from csp_sandbox.serving.web import Answer, Call


@ADMIN.operation(
    "admin.state",
    "GET",
    "/state",
    rule=rule("admin.state", "Customers, tenants and relationships in short, to count duplicates.", source=OURS),
)
def state(call: Call) -> Answer:
    """The situation in short, in the order of creation."""
    store = call.world.store
    return Answer(
        200,
        {
            "ion_customers": [
                {"account": c.account, "id": c.id, "email": c.email, "organization": c.organization, "status": c.status}
                for c in store.customers
            ],
            "tenants": [{"id": t.id, "initial_domain": t.initial_domain} for t in store.tenants],
            "relationships": [
                {"tenant": r.tenant_id, "provider": r.provider_tenant, "reseller": r.reseller_tenant}
                for r in store.relationships
            ],
        },
    )


@ADMIN.operation(
    "admin.secrets",
    "GET",
    "/secrets",
    rule=rule("admin.secrets", "Every token and one-time password handed out, to look for leaks.", source=OURS),
)
def secrets(call: Call) -> Answer:
    """All values that must be found nowhere. Microsoft's access tokens are JWTs without a record and are left out."""
    world, store = call.world, call.world.store
    return Answer(
        200,
        {
            "secrets": [
                *(token.id for token in store.refresh_tokens),
                *(token.id for token in store.access_tokens),
                *(microsoft.one_time_password(t.id) for t in store.tenants if t.admin_password_hash),
                *(world.secret(f"portal-password/{c.id}", 14) for c in store.customers),
            ]
        },
    )
