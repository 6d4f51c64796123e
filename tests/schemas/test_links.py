"""The relationship link: a wrong one makes another relationship, or brings a customer to a stranger."""

from __future__ import annotations

import pytest

from schemas.check.connection_checks import lint_link

US, THEM, PROVIDER = (f"{n * 8}-1111-1111-1111-111111111111" for n in "123")
RESELLER = {"tenant_id": US, "partner_id": "4847383"}
TAIL = "&DAP=false#/BillingAccounts/partner-invitation"
INDIRECT = (
    f"https://admin.microsoft.com/Adminportal/Home?invType=IndirectResellerRelationship&partnerId={US}&msppId=4847383"
    f"&indirectCSPId={PROVIDER}{TAIL}"
)
DIRECT = (
    f"https://admin.microsoft.com/Adminportal/Home?invType=ResellerRelationship&partnerId={PROVIDER}&msppId=0{TAIL}"
)


def told(url: str, role: str = "indirect-provider", tenant: str = PROVIDER) -> list[str]:
    return [message for _, message, _ in lint_link(url, RESELLER, role=role, tenant=tenant)]


def test_the_links_of_both_kinds_of_partners_are_fine() -> None:
    assert told(INDIRECT) == told(INDIRECT, "indirect-reseller", "") == told(DIRECT, "direct-bill") == []


def test_links_in_use_carry_no_dap_parameter_at_all() -> None:
    for link in (INDIRECT, DIRECT):
        role = "direct-bill" if link is DIRECT else "indirect-provider"
        assert told(link.replace("&DAP=false", ""), role) == told(link.replace("DAP=false", "DAP="), role) == []


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("https://", "http://", "the link uses http"),
        ("https://", "", "the link uses no scheme"),
        ("admin.microsoft.com", "admin.rnicrosoft.com", "the link leads to admin.rnicrosoft.com"),
        ("admin.microsoft.com", "admin.microsoft.com@evil.example", "the link leads to evil.example"),
        ("admin.microsoft.com", "admin.microsoft.com.evil.example", "the link leads to admin.microsoft.com.evil"),
        ("admin.microsoft.com", "eve@admin.microsoft.com", "the link holds a user name or a port"),
        ("admin.microsoft.com", "eve:pw@admin.microsoft.com", "the link holds a user name or a port"),
        ("admin.microsoft.com", "admin.microsoft.com:8443", "the link holds a user name or a port"),
        ("&DAP=false", "&returnUrl=%2Fx", '"returnUrl" could lead the customer somewhere else'),
        ("&DAP=false", "&ru=x", '"ru" could lead the customer somewhere else'),
        ("&DAP=false", "&x=https%3A%2F%2Fevil.example", '"x" could lead the customer somewhere else'),
        ("&DAP=false", "&x=%252F%252Fevil.example", '"x" could lead the customer somewhere else'),
        ("#/Billing", "#//evil.example/Billing", "what stands after # could lead the customer somewhere else"),
        ("IndirectResellerRelationship", "Billing", 'invType "Billing" is no invitation'),
        ("?invType", "#?invType", 'invType "" is no invitation (the query must stand before the #)'),
        (US, "contoso", "partnerId is no GUID"),
        (PROVIDER, "", "indirectCSPId is no GUID"),
        ("4847383", "none", "msppId is no number"),
        ("DAP=false", "DAP=true", "the link says DAP=true"),
        ("DAP=false", "dap=TRUE", "the link says DAP=true"),
        ("#/Billing", "#/?DAP=true&x=/Billing", "the link says DAP=true"),
        ("#/Billing", "#DAP=True/Billing", "the link says DAP=true"),
        ("#/Billing", "#/x?d%41p%3Dtrue/Billing", "the link says DAP=true"),
        ("&DAP=false", "&x=%2526DAP%253Dtrue", "the link says DAP=true"),
        ("DAP=false", "DAP=false&DAP=true", "a part of the query is there twice"),
        ("DAP=false", "DAP=false&dap=true", "a part of the query is there twice"),
        (US, THEM, f"partnerId is {THEM}, the connection's reseller has {US}"),
        ("4847383", "1", "msppId is 1, the connection's reseller has 4847383"),
        (PROVIDER, THEM, f"indirectCSPId is {THEM}, the connection's partner tenant has {PROVIDER}"),
    ],
)
def test_what_is_wrong_with_an_indirect_link(old: str, new: str, says: str) -> None:
    assert old in INDIRECT
    assert any(line.startswith(says) for line in told(INDIRECT.replace(old, new))), told(INDIRECT.replace(old, new))


def test_a_link_that_makes_another_relationship() -> None:
    assert told(DIRECT) == ["the link makes a direct customer of the provider"]
    assert told(DIRECT.replace(PROVIDER, THEM), "direct-bill") == [
        f"partnerId is {THEM}, the connection's partner tenant has {PROVIDER}"
    ]
