"""What Microsoft refuses in names, e-mails and phone numbers; parts of an address that a country does not have."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Box
from .partner import Partner, new_customer

REFUSED = [
    ({"PhoneNumber": "180012"}, "PhoneNumber"),
    ({"PhoneNumber": "+1 425 555 0111"}, "PhoneNumber"),
    ({"CompanyName": "X"}, "CompanyName"),
    ({"CompanyName": "x" * 256}, "CompanyName"),
    ({"CompanyName": "!!!"}, "CompanyName"),
    ({"CompanyName": "A B C"}, "CompanyName"),
    ({"CompanyName": "aaa"}, "CompanyName"),
    ({"CompanyName": "Pty. Ltd."}, "CompanyName"),
    ({"CompanyName": "GmbH"}, "CompanyName"),
    ({"CompanyName": "Co., Ltd."}, "CompanyName"),
    ({"CompanyName": "株式会社"}, "CompanyName"),
    ({"FirstName": "A"}, "FirstName"),
    ({"FirstName": "test"}, "FirstName"),
    ({"LastName": "Admin"}, "LastName"),
    ({"LastName": "123"}, "LastName"),
    ({"LastName": "\U0001f600"}, "LastName"),
    ({"LastName": "x" * 41}, "LastName"),
    ({"Email": "kim@microsoft.com"}, "Email"),
    ({"Email": "kim@mail.microsoft.com"}, "Email"),
    ({"Email": "kim@examplereseller.onmicrosoft.com"}, "Email"),
    ({"Email": "kim@tdsynnexus.onmicrosoft.com"}, "Email"),
    ({"Email": "kim@contoso.con"}, "Email"),
]
TAKEN = [
    {"PhoneNumber": "14255550111"},
    {"PhoneNumber": "+14255550111"},
    {"CompanyName": "3M"},
    {"CompanyName": "LLC Partners"},
    {"CompanyName": "B & Q"},
    {"CompanyName": "日本"},
    {"FirstName": "李"},
    {"LastName": "Ng"},
    {"Email": "kim@contoso.co.uk"},
    {"Email": "kim@xn--80adxhks.xn--p1ai"},
]


def body(box: Box, change: dict[str, str]) -> dict[str, Any]:
    new = new_customer(box, "alpineskihouse")
    billing = new["BillingProfile"]
    for name, value in change.items():
        (billing["DefaultAddress"] if name in billing["DefaultAddress"] else billing)[name] = value
    return new


@pytest.mark.parametrize(("change", "named"), REFUSED)
def test_a_refused_property_is_named_in_data_only(box: Box, change: dict[str, str], named: str) -> None:
    partner = Partner(box)
    answer = partner.call("POST", "/customers", json=body(box, change))
    assert (answer.status_code, answer.json()["code"], answer.json()["data"]) == (400, 27002, [named])
    assert named not in answer.json()["description"]
    assert partner.call("HEAD", "/domains/alpineskihouse.onmicrosoft.com").status_code == 404


@pytest.mark.parametrize("change", TAKEN)
def test_what_the_rules_allow_makes_a_customer(box: Box, change: dict[str, str]) -> None:
    assert Partner(box).call("POST", "/customers", json=body(box, change)).status_code == 201


def test_in_the_harder_reading_an_unknown_top_level_domain_costs_the_prefix(box: Box) -> None:
    box.world.choose({"pc.names.email-suffix": "half-made"})
    partner = Partner(box)
    answer = partner.call("POST", "/customers", json=body(box, {"Email": "kim@contoso.con"}))
    assert (answer.status_code, answer.json()["data"]) == (400, ["Email"])
    assert partner.call("HEAD", "/domains/alpineskihouse.onmicrosoft.com").status_code == 200


def test_a_country_without_postal_codes_asks_for_none(box: Box) -> None:
    rules = {c: Partner(box).call("GET", f"/countryvalidationrules/{c}").json() for c in ("HK", "IE", "GB")}
    assert [rules[c]["isPostalCodeRequired"] for c in ("HK", "IE", "GB")] == [False, False, True]
    asked = {"addressLine1": "1 Queen's Road Central", "city": "Central", "country": "HK"}
    assert Partner(box).call("POST", "/validations/address", json=asked).json()["status"] == "Verified"
    asked = {"addressLine1": "1 Grand Canal Square", "city": "Dublin", "country": "IE"}
    assert Partner(box).call("POST", "/validations/address", json=asked).json()["status"] == "Verified"
