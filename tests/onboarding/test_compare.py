"""Comparison rules of fields: equal meanings, different meanings."""

from typing import get_args, get_type_hints

import pytest

from onboarding.core import compare, first_form
from schemas.kinds.normal import FORMS
from schemas.model.traits import ComparedAs

EQUAL = [
    ("phone", "+1 425 555 0101", "(425) 555-0101"),
    ("phone", "+14255550101", "4255550101"),
    ("email", "IT@Contoso.example ", "it@contoso.example"),
    ("organization", " Contoso  Ltd", "Contoso Ltd"),
    ("address.zip", "98052-1234", "98052"),
    ("address.zip", "l5n 8l9", "L5N8L9"),
    ("address.state", "wa", "WA"),
    ("address.country", "us", "US"),
    ("address.country", "US", "USA"),
    ("address.country", "CA", "CAN"),
    ("address.country", "GB", "GBR"),
    ("address.country", "US", "United States"),
    ("address.country", "CA", "canada"),
    ("phone", "+44 20 7946 0101", "0044 20 7946 0101"),
    ("phone", "+44 20 7946 0101", "+44 (0)20 7946 0101"),
    ("language", "en", "EN"),
    ("domain", "Contoso.onmicrosoft.com.", "contoso.onmicrosoft.com"),
    ("tenant", "AB-C", "ab-c"),
    ("portal_access", "On", "on"),
    ("contact.phone", "+1 425 555 0101", "14255550101"),
    ("contact.email", "IT@Contoso.example", "it@contoso.example"),
    ("contact.first_name", " Ada  Maria", "Ada Maria"),
    ("culture", "en-us", "en-US"),
    ("provider", "legacy azure", "Legacy Azure"),
    ("provider_currency", "usd", "USD"),
    ("pricebook", " US  Standard", "US Standard"),
    ("reseller", "through AB-C", "through ab-c"),
    ("organization", "Bru\u0308cke GmbH", "Br\u00fccke GmbH"),
    ("contact.last_name", "Nguye\u0302\u0303n", "Nguy\u1ec5n"),
    ("address.city", "Sa\u0303o Paulo", "S\u00e3o Paulo"),
    ("email", "JOSE\u0301@contoso.example", "jos\u00e9@contoso.example"),
]
DOMAINS = [
    ("contoso.onmicrosoft.com", "Contoso.OnMicrosoft.com.", True),
    ("contoso.com", "CONTOSO.com", True),
    ("contoso.onmicrosoft.com", "contoso.com", None),  # initial and primary domain of one tenant
    ("contoso.com", "contoso.onmicrosoft.com", None),
    ("contoso.com", "contoso.example", None),  # a tenant may have several
    ("contoso.onmicrosoft.com", "fabrikam.onmicrosoft.com", False),
]
DIFFERENT = [
    ("phone", "+44 20 7946 0101", "+1 20 7946 0101"),
    ("address.country", "US", "CAN"),
    ("address.country", "US", "Elsewhere"),
    ("phone", "+44 20 7946 0101", "+49 20 7946 0101"),
    ("organization", "Contoso Ltd", "contoso ltd"),
    ("pricebook", "US Standard", "US standard"),
    ("address.zip", "98052", "98053"),
    ("domain", "contoso.com", "contoso.onmicrosoft.com"),
    ("email", "it@contoso.example", "it@contoso.exampl"),
]


@pytest.mark.parametrize(("name", "one", "other"), EQUAL)
def test_equal(name: str, one: str, other: str) -> None:
    assert compare.same(name, one, other)
    assert compare.canonical(name, compare.canonical(name, one)) == compare.canonical(name, one)


@pytest.mark.parametrize(("name", "one", "other"), DIFFERENT)
def test_different(name: str, one: str, other: str) -> None:
    assert not compare.same(name, one, other)


def test_every_form_that_a_field_may_have_is_a_rule() -> None:
    assert set(get_args(get_type_hints(ComparedAs)["form"])) == set(FORMS) - {"caseless"}


@pytest.mark.parametrize(("one", "other", "same"), DOMAINS)
def test_domains_of_one_tenant(one: str, other: str, same: bool | None) -> None:
    assert compare.same_domain(one, other) is same


def test_not_visible_is_never_a_mismatch() -> None:
    field = compare.field("pricebook", "US Standard", None, "no API")
    assert (field.state, field.holds) == ("not_visible", False)
    assert compare.field("pricebook", "US Standard", None, "no API", "kim").holds
    assert not compare.field("pricebook", "US Standard", "Other", "ION", "kim").holds


DECLARED = {"organization": "Br\u00fccke"}


def test_an_old_state_is_read_in_the_form_it_was_written_in() -> None:
    """What 0.1.0 kept is renewed where the value is the same; a value that changed stays, and counts."""
    live = {"phone": "(425) 555-0108", "organization": "Bru\u0308cke", "title": "Head", "address.zip": "98053"}
    fields = {name: compare.field(name, DECLARED.get(name, "x"), text, "ION") for name, text in live.items()}
    handled = {"profile": "ACTIVE", "phone": "4255550108", "organization": "Bru\u0308cke", "address.zip": "98052"}
    seen = {"profile": "ACTIVE", "phone": "+14255550108", "address.zip": "98053"}
    assert first_form.renewed(handled, seen, fields) == {
        "profile": "ACTIVE",
        "phone": "+14255550108",
        "address.zip": "98052",
    }
