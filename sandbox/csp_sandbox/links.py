"""Microsoft's links, in the form in which they appear in mails. They lead nowhere outside the sandbox's pages."""

from __future__ import annotations

from csp_sandbox.model import Account

_HOME = "https://admin.microsoft.com/Adminportal/Home"


def invitation_link(account: Account) -> str:
    """The relationship request of an account's partner tenant; the two-tier form when a reseller stands between."""
    if not account.reseller_tenant:
        return (
            f"{_HOME}?invType=ResellerRelationship&partnerId={account.partner_tenant}&msppId=0&DAP=false"
            "#/BillingAccounts/partner-invitation"
        )
    return (
        f"{_HOME}?invType=IndirectResellerRelationship&partnerId={account.reseller_tenant}"
        f"&msppId={account.reseller_partner_id}&indirectCSPId={account.partner_tenant}&DAP=false"
        "#/BillingAccounts/partner-invitation"
    )


#: Where a Global Admin accepts the Microsoft Customer Agreement without an invitation.
AGREEMENT_PAGE = "https://admin.microsoft.com/AdminPortal/Home?ref=/BillingAccounts/agreement"
