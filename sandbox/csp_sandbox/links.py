"""The links that people receive by mail: how Microsoft writes them and what each one asks for.

Sources: partner-center.md 4.2 (invitation links), 5.5 (the customer's agreement page), 14 (the acceptance page of an
enhanced attestation). Nothing here opens a link over the network: the hosts are Microsoft's, the pages are the
sandbox's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from urllib.parse import parse_qs, urlsplit

from csp_sandbox.situation.model import Account

#: Where a Global Admin accepts the Microsoft Customer Agreement without an invitation.
AGREEMENT_PAGE = "https://admin.microsoft.com/AdminPortal/Home?ref=/BillingAccounts/agreement"
ATTESTATION_PATH = "/microsoft/attestation/"
_MCA_HOST = "cdn.partner.microsoft.com"
_HOME = "https://admin.microsoft.com/Adminportal/Home"
_TAIL = "&DAP=false#/BillingAccounts/partner-invitation"
_URL = re.compile(r"https?://[^\s<>\"')\]]+")


@dataclass(frozen=True, slots=True)
class Invitation:
    """A reseller relationship request. `reseller` is "" for a relationship with the provider alone."""

    provider: str
    reseller: str
    partner_id: str
    delegated_admin: bool


@dataclass(frozen=True, slots=True)
class McaPage:
    """The page on which a Global Admin accepts the Microsoft Customer Agreement directly."""


@dataclass(frozen=True, slots=True)
class AttestationPage:
    """The page on which a signatory accepts what a partner prepared; needs no sign-in."""

    attestation: str


Link = Invitation | McaPage | AttestationPage


def partner_link(tenant: str) -> str:
    """The relationship request of a partner that sells directly."""
    return f"{_HOME}?invType=ResellerRelationship&partnerId={tenant}&msppId=0{_TAIL}"


def invitation_link(account: Account) -> str:
    """The relationship request of an account's partner tenant; the two-tier form when a reseller stands between."""
    if not account.reseller_tenant:
        return partner_link(account.partner_tenant)
    return (
        f"{_HOME}?invType=IndirectResellerRelationship&partnerId={account.reseller_tenant}"
        f"&msppId={account.reseller_partner_id}&indirectCSPId={account.partner_tenant}{_TAIL}"
    )


def attestation_page(console: str, attestation: str) -> str:
    """The sandbox's own page for it."""
    return f"{console}{ATTESTATION_PATH}{attestation}"


def in_mail(text: str, html: str) -> list[str]:
    """All links of a mail in order, each once."""
    found = _URL.findall(text) + _URL.findall(unescape(html))
    return list(dict.fromkeys(url.rstrip(".,;") for url in found))


def read(url: str) -> Link | None:
    """What a link asks for; None for a link that is no acceptance link."""
    parts = urlsplit(url)
    if ATTESTATION_PATH in parts.path:
        return AttestationPage(parts.path.rsplit("/", 1)[1])
    if parts.hostname == _MCA_HOST and parts.path.rstrip("/").lower() == "/mca":
        named = {key.lower(): values[0] for key, values in parse_qs(parts.query).items()}
        return AttestationPage(named.get("attestationid", ""))
    if parts.hostname != "admin.microsoft.com":
        return None
    query = {key.lower(): values[0] for key, values in parse_qs(parts.query).items()}
    kind = query.get("invtype", "").lower()
    partner, dap = query.get("partnerid", "").lower(), query.get("dap", "false").lower() == "true"
    if kind == "resellerrelationship":
        return Invitation(partner, "", query.get("msppid", ""), dap)
    if kind == "indirectresellerrelationship":
        return Invitation(query.get("indirectcspid", "").lower(), partner, query.get("msppid", ""), dap)
    if "/billingaccounts/agreement" in query.get("ref", "").lower() or parts.fragment.lower() == "/partners/agreement":
        return McaPage()
    return None
