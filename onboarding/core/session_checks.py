"""The account a resource belongs to: stored at first sight, and another one is refused ever after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onboarding.core.contract import Known

if TYPE_CHECKING:
    from clients.session import Session


def wrong_account(known: Known, session: Session) -> str:
    """Why this resource must not be touched through this connection; "" when all is well."""
    account, tenant = known.text("account"), known.text("partner_tenant")
    name = session.connection.name
    if account and account != session.account:
        return (
            f"connection {name} is now ION account {session.account or 'none'}, this customer belongs to "
            f"account {account}"
        )
    if tenant and tenant != session.partner_tenant:
        return (
            f"connection {name} is now partner tenant {session.partner_tenant or 'none'}, "
            f"this customer belongs to partner tenant {tenant}"
        )
    return ""
