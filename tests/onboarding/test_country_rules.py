"""Partner Center's rules of a country, applied in full before a tenant is made; they win over the libraries."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import schemas
from clients.partner_center.models import CountryRules, PcAddress
from equipment.told import as_told
from onboarding.resources.tenant_identity.country_rules import fitted
from onboarding.resources.tenant_identity.refused import Refused

OPEN = CountryRules("", "", (), (), False, (), False, False, "", False, "", (), False, "", "")
PERSON = {"first_name": "Cora", "last_name": "Toso", "email": "cora@contoso.com"}


def identity(**more: Any) -> schemas.NewIdentity:
    return schemas.NewIdentity.model_validate(
        {"method": "new", "domain_prefix": "contoso", "contact": PERSON, "culture": "en-US"} | more
    )


def address(country: str, state: str = "", code: str = "") -> PcAddress:
    return PcAddress(address_line1="1 Main St", city="City", state=state, postal_code=code, country=country)


SENT = [
    # rules, declared address, declared phone, what is sent: state, postal code, phone
    ({}, address("GB", "", "EC1Y 8SY"), "+44 (0)20 7946 0000", ("", "EC1Y 8SY", "442079460000")),
    ({"phone_regex": r"^(\+?1)?\d{10}$"}, address("US"), "+1 425 555 0108 ext. 12", ("", "", "14255550108")),
    ({"phone_regex": r"^\d{10}$"}, address("US"), "(425) 555-0108", ("", "", "4255550108")),
    ({"phone_regex": r"^\+\d+$"}, address("US"), "1-800-FLOWERS", ("", "", "+18003569377")),
    ({"phone_regex": r"^0\d+$"}, address("GB"), "+44 (0)20 7946 0000", ("", "", "02079460000")),
    ({}, address("US"), "+49 30 123456", ("", "", "+4930123456")),  # without "+" it would be a number of the US
    ({"phone_regex": "(["}, address("US"), "(425) 555-0108", ("", "", "14255550108")),  # not a pattern for Python
    ({"states": ("New South Wales", "Victoria")}, address("AU", "NSW"), "", ("New South Wales", "", "")),
    ({"states": ("NSW", "VIC")}, address("AU", "New South Wales"), "", ("NSW", "", "")),
    ({"states": ("WA",), "state_required": True}, address("US", "washington"), "", ("WA", "", "")),
    ({}, address("US", "Washington"), "", ("WA", "", "")),
    ({}, address("JP", "東京都"), "", ("東京都", "", "")),  # the declared spelling, not the library's
    ({}, address("HK", "Kowloon"), "", ("Kowloon", "", "")),
    ({"postal_code_regex": r"^\d{3} ?\d{2}$"}, address("SE", "", "SE-123 45"), "", ("", "123 45", "")),
    ({"postal_code_regex": r"^\d{5}$"}, address("US", "", "98052-1234"), "", ("", "98052", "")),
    ({"postal_code_regex": r"^\d{4}(-\d{3})?$"}, address("PT", "", "1000"), "", ("", "1000", "")),  # Microsoft's wins
]


@pytest.mark.parametrize(("rules", "place", "phone", "sent"), SENT)
def test_what_is_sent_has_the_form_of_microsofts_rules(
    rules: dict[str, Any], place: PcAddress, phone: str, sent: tuple[str, str, str]
) -> None:
    found = fitted(place, phone, identity(), replace(OPEN, country=place.country, **rules))
    assert (found.state, found.postal_code, found.phone_number) == sent


REFUSED = [
    ({"phone_regex": r"^(\+?1)?\d{10}$"}, address("US"), "+44 20 7946 0000", {}, ["442079460000", r"^(\+?1)?\d{10}$"]),
    # Ten digits with its country code, which would be dialled in the US.
    ({"phone_regex": r"^(\+?1)?\d{10}$"}, address("US"), "+49 30 123456", {}, ["4930123456", r"^(\+?1)?\d{10}$"]),
    ({}, address("US"), "180012", {}, ["180012", "too short"]),
    ({"phone_required": True}, address("US"), "", {}, ["US needs a phone number"]),
    ({"state_required": True, "states": ("WA", "OR")}, address("US"), "", {}, ["needs a state", "WA, OR"]),
    (
        {"state_required": True, "states": ("WA", "OR")},
        address("US", "TX"),
        "",
        {},
        ["TX", "although it is one", "WA, OR"],
    ),
    ({"postal_code_required": True}, address("IE"), "", {}, ["needs a postal code", "does without"]),
    ({"postal_code_regex": r"^\d{4}$"}, address("IE", "", "A65 F4E2"), "", {}, ["A65 F4E2", "although", r"^\d{4}$"]),
    ({"cultures": ("de-DE", "en-GB")}, address("DE"), "", {}, ["en-US", "de-DE, en-GB"]),
    (
        {"registration_number_required": True, "registration_number_sample": "123"},
        address("BR"),
        "",
        {},
        ["registration number", "123"],
    ),
    (
        {"registration_number_regex": r"^\d{14}$", "registration_number_sample": "12345678000195"},
        address("BR"),
        "",
        {"organization_registration_number": "12"},
        ["12 as a registration number", r"^\d{14}$", "12345678000195"],
    ),
]


@pytest.mark.parametrize(("rules", "place", "phone", "more", "words"), REFUSED)
def test_what_microsoft_would_refuse_is_told_with_what_it_takes(
    rules: dict[str, Any], place: PcAddress, phone: str, more: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(Refused) as refused:
        fitted(place, phone, identity(**more), replace(OPEN, country=place.country, **rules))
    told = f"{refused.value.reason}. {as_told(refused.value.step)['action']}"
    assert all(word in told for word in words), told


def test_a_country_without_rules_is_an_answer() -> None:
    found = fitted(address("HK", "Kowloon"), "2345 6789", identity(), None)
    assert (found.state, found.postal_code, found.phone_number) == ("Kowloon", "", "85223456789")
