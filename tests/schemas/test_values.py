"""Kinds of values as data: phones, countries, addresses of the world, names, domains (tests/scenarios/values)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import phonenumbers
import pytest
from ruamel.yaml import YAML

from schemas import countries, phones, places
from schemas.normal import FORMS, normal
from schemas.traits import ComparedAs
from schemas.values import PREFIX_LIMIT

FOLDER = Path(__file__).parent.parent / "scenarios" / "values"


def table(kind: str) -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe", pure=True).load((FOLDER / f"{kind}.yaml").read_text(encoding="utf-8"))
    return found


PHONES, COUNTRIES = table("phones"), table("countries")


@pytest.mark.parametrize(("text", "country", "digits"), PHONES["read"])
def test_a_phone_number_is_what_the_library_reads(text: str, country: str, digits: str) -> None:
    assert phones.digits_of(text, country) == digits == normal("phone", text, country=country)
    assert normal("phone", f"+{digits}", country=country) == digits
    assert f"{phonenumbers.parse('+' + digits).country_code}{phones.national(digits)}" == digits


@pytest.mark.parametrize(("text", "country", "why"), PHONES["refused"])
def test_an_impossible_phone_number_says_why(text: str, country: str, why: str) -> None:
    assert phones.digits_of(text, country) == ""
    assert phones.why_impossible(text, country) == why


@pytest.mark.parametrize("country", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_the_example_number_of_every_country_is_read_in_every_spelling(country: str) -> None:
    number = phonenumbers.example_number(country)
    assert number is not None
    wanted = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")
    for form in (0, 1, 2, 3):  # E164, international, national, RFC 3966
        assert phones.digits_of(phonenumbers.format_number(number, form), country) == wanted
    assert phones.why_impossible(phones.example(country), country) == ""


@pytest.mark.parametrize(("text", "code"), COUNTRIES["read"].items())
def test_a_country_is_named_by_code_or_name(text: str, code: str) -> None:
    assert countries.code_of(str(text)) == code == countries.meant(str(text))


@pytest.mark.parametrize(("text", "code"), COUNTRIES["meant"].items())
def test_a_suggested_country_is_one_that_the_text_can_mean(text: str, code: str) -> None:
    assert countries.code_of(text) in ("", code)
    assert countries.meant(text) == code


@pytest.mark.parametrize(("held", "code"), COUNTRIES["same"])
def test_what_a_system_calls_a_country_is_compared_by_its_code(held: str, code: str) -> None:
    assert normal("country", held) == normal("country", code)


def test_every_country_is_read_by_its_code_and_name_and_has_an_address_form() -> None:
    known = countries.countries()
    assert len(known) > 245
    for code, name in known.items():
        assert countries.code_of(code) == countries.code_of(code.lower()) == countries.code_of(name) == code
        assert countries.meant(name) == code
        assert places.place(code) is not None, code


def test_every_form_that_a_field_may_have_is_a_normal_form() -> None:
    from typing import get_args, get_type_hints

    assert set(get_args(get_type_hints(ComparedAs)["form"])) | {"caseless"} == set(FORMS)
    assert PREFIX_LIMIT == 27
