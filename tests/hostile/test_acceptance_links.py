"""The page where a signatory accepts: Microsoft's, whoever names it. The mail holds no other."""

import pytest

from schemas.kinds.hosts import not_microsofts

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
        ("https://[::1", "is no address"),
        ("", "the link uses no scheme"),
    ],
)
def test_pages_of_strangers(link: str, says: str) -> None:
    assert says in not_microsofts(link)
