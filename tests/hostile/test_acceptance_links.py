"""The page where a signatory accepts: Microsoft's, whoever names it. The mail holds no other."""

import pytest

from schemas.check.connection_checks import lint_link
from schemas.kinds.hosts import not_microsofts

GUID = "11111111-2222-4333-8444-555555555555"
GOOD = "https://cdn.partner.microsoft.com/mca/?attestationid=1"


@pytest.mark.parametrize("link", [GOOD, GOOD.replace(".com/", ".com:443/"), "https://admin.microsoft.com/x#/y"])
def test_microsofts_pages(link: str) -> None:
    assert not_microsofts(link) == ""


@pytest.mark.parametrize(
    ("link", "says"),
    [
        (GOOD.replace("https", "http"), "the link uses http instead of https"),
        (GOOD.replace("https://", "//"), "the link uses no scheme instead of https"),
        ("javascript:alert(1)", "the link uses javascript instead of https"),
        (GOOD.replace("cdn.", "eve@cdn."), "the link holds a user name or a port"),
        (GOOD.replace(".com/", ".com@evil.example/"), "the link holds a user name or a port"),
        (GOOD.replace(".com/", ".com:8443/"), "the link holds a user name or a port"),
        (GOOD.replace("microsoft.com", "rnicrosoft.com"), "which is not Microsoft's"),
        (GOOD.replace("microsoft.com", "microsoft.com.evil.example"), "which is not Microsoft's"),
        (GOOD.replace("cdn.partner.microsoft.com", "evilmicrosoft.com"), "which is not Microsoft's"),
        (GOOD.replace(".com/", ".com\\@evil.example/"), "the link"),
        ("https://evil.example\\.microsoft.com/", "a backslash, which a browser reads as another address"),
        ("https://evil.example\n.microsoft.com/", "which a browser reads as another address"),
        ("https://evil.example\t.microsoft.com/", "which a browser reads as another address"),
        ("https://evil.example%2f.microsoft.com/", "which is not Microsoft's"),
        ("https://evil.example;.microsoft.com/", "which is not Microsoft's"),
        (GOOD + "&to=https://evil.example", "the link holds another address"),
        (GOOD + "&to=%2F%2Fevil.example", "the link holds another address"),
        (GOOD + "&to=https%253A%252F%252Fevil.example", "the link holds another address"),
        (GOOD + "#/https:evil.example", "the link holds another address"),
        (GOOD + "&u=aHR0cHM6Ly9ldmlsLmV4YW1wbGU", "the link holds another address"),
        ("https://admin.microsoft.com//evil.example/x", "the link holds another address"),
        ("https://admin.microsoft.com/to/https:/evil.example", "the link holds another address"),
        ("https://admin.microsoft.com/to/%2F%2Fevil.example", "the link holds another address"),
        ("https://forms.microsoft.com/r/abc", "where anybody can put a page"),
        ("https://customervoice.microsoft.com/x", "where anybody can put a page"),
        ("https://go.microsoft.com/fwlink/?linkid=1", "where anybody can put a page"),
        ("https://login.microsoft.com/device", "where anybody can put a page or ask for a sign-in"),
        ("https://microsoft.com/devicelogin", "where anybody can put a page or ask for a sign-in"),
        ("https://www.microsoft.com/link?otc=ABC123", "where anybody can put a page or ask for a sign-in"),
        ("https://[::1", "is no address"),
        ("", "the link uses no scheme"),
    ],
)
def test_pages_of_strangers(link: str, says: str) -> None:
    assert says in not_microsofts(link)


@pytest.mark.parametrize(
    "path", ["//evil.example/Home", "/Adminportal/https:/evil.example", "/%2F%2Fevil.example", "/aHR0cHM6Ly9ldmls"]
)
def test_a_relationship_link_whose_path_leads_on(path: str) -> None:
    found = lint_link(f"https://admin.microsoft.com{path}?invType=ResellerRelationship&partnerId={GUID}&msppId=1")
    assert [message for _, message, _ in found] == ["the path could lead the customer somewhere else"]
