"""What the consoles call things: menu paths, buttons, form labels. Data, each with a confidence.

Consoles get renamed; change a text here and every next step follows. Confidence: `article` (TD SYNNEX's article names
it), `knowledge base` (another TD SYNNEX page does), `inferred` (at most a figure shows it, and no text copy has that).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Label:
    """A text of a console and how sure we are of it."""

    text: str
    confidence: Literal["article", "knowledge base", "inferred"]


LABELS: dict[str, Label] = {
    "menu": Label("Customer", "article"),
    "menu_providers": Label("Cloud Billing > Cloud Providers", "article"),
    "add": Label("Add", "article"),
    "save": Label("Save", "knowledge base"),
    "create_customer": Label("Create Customer", "article"),
    "customer": Label("Customer", "article"),
    "customer_email": Label("Customer e-mail", "inferred"),
    "provider": Label("Cloud Provider", "knowledge base"),
    "legacy_azure": Label("Legacy Azure", "article"),
    "pricebook": Label("Pricebook", "article"),
    "provider_currency": Label("Provider Currency", "knowledge base"),
    "invoice_currency": Label("Invoice Currency", "knowledge base"),
    "portal_access": Label("Enable provider in customer portal", "article"),
    "identity": Label("Microsoft Azure Identity", "article"),
    "identity_new": Label("Create New Customer Identity", "article"),
    "identity_existing": Label("Add existing Microsoft ID", "inferred"),
    "credentials": Label("CSP Credentials", "article"),
    "domain_prefix": Label("Domain prefix", "article"),
    "microsoft_id": Label("Microsoft ID", "article"),
    "domain": Label("Domain", "inferred"),
    "company": Label("Company name", "inferred"),
    "first_name": Label("First name", "inferred"),
    "last_name": Label("Last name", "inferred"),
    "email": Label("E-mail", "inferred"),
    "phone": Label("Phone", "inferred"),
    "address_line_1": Label("Address line 1", "inferred"),
    "address_line_2": Label("Address line 2", "inferred"),
    "city": Label("City", "inferred"),
    "state": Label("State", "inferred"),
    "postal_code": Label("Postal code", "inferred"),
    "country": Label("Country", "inferred"),
    "language": Label("Language", "inferred"),
    "signatory_first": Label("Agreement signatory first name", "inferred"),
    "signatory_last": Label("Agreement signatory last name", "inferred"),
    "signatory_email": Label("Agreement signatory e-mail", "inferred"),
    "signatory_phone": Label("Agreement signatory phone", "inferred"),
    "agreement_date": Label("Agreement date", "inferred"),
    "attestation": Label("Attestation", "article"),
    "mail_to": Label("Mail to", "inferred"),
    "mail_cc": Label("Mail cc", "inferred"),
    "mail_subject": Label("Mail subject", "inferred"),
    "mail_text": Label("Mail text", "inferred"),
    "ticket": Label("Ticket text", "inferred"),
}


def text(name: str) -> str:
    """The console's text for `name`. Raises KeyError for a name that no console has."""
    return LABELS[name].text


PORTAL = "https://portal.azure.com"
ADMIN_CENTER = "https://admin.microsoft.com"
AGREEMENT_PAGE = "https://admin.microsoft.com/AdminPortal/Home?ref=/BillingAccounts/agreement"
"""Where an administrator accepts the Microsoft Customer Agreement directly (partner-center.md 5.5)."""
AGREEMENT_TEXT = "https://aka.ms/customeragreement"
