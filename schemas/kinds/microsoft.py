"""Pages of Microsoft that mails and steps lead to."""

PORTAL = "https://portal.azure.com"
ADMIN_CENTER = "https://admin.microsoft.com"
AGREEMENT_PAGE = "https://admin.microsoft.com/AdminPortal/Home?ref=/BillingAccounts/agreement"
"""Where an administrator accepts the Microsoft Customer Agreement directly (partner-center.md 5.5)."""
AGREEMENT_TEXT = "https://aka.ms/customeragreement"
