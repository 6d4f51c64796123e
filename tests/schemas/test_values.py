"""Kinds of values as data: phones, countries, addresses of the world, names, domains (tests/scenarios/values)."""

from __future__ import annotations

import datetime as dt
import string
from pathlib import Path
from typing import Any, get_args, get_type_hints

import phonenumbers
import pytest
from ruamel.yaml import YAML

import schemas
from schemas.kinds import countries, mail_domains, people, phones, places
from schemas.kinds.normal import FORMS, normal
from schemas.model.traits import ComparedAs
from schemas.model.values import PREFIX_LIMIT
from schemas.report.findings import Finding

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


@pytest.mark.parametrize(("text", "country", "written"), PHONES["letters"])
def test_letters_are_digits_in_numbers_that_are_given_away_as_words_only(
    text: str, country: str, written: str | None
) -> None:
    assert phones.why_impossible(text, country) == ""
    assert phones.letters_in(text, country) == (written is not None, written or "")


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
    assert set(get_args(get_type_hints(ComparedAs)["form"])) | {"caseless"} == set(FORMS)
    assert PREFIX_LIMIT == 27


TODAY = dt.date(2026, 11, 22)
ION = {"name": "ion", "role": "indirect-reseller", "partner_center_region": "us", "csp_credentials": "X"}
ION |= {"ion": {"account_id": "10501"}, "countries": sorted(countries.countries()), "own_domains": ["reseller.com"]}
ION |= {"currencies": ["USD"], "pricebooks": {"P": "USD"}, "handover": {"recipients": ["file:recipient.txt"]}}


def customer(**profile: Any) -> dict[str, Any]:
    """A sound customer of a live ION connection, with other parts of the profile."""
    place = {"street": "1 Main St", "city": "Redmond", "state": "WA", "zip": "98052", "country": "US"}
    person = {"first_name": "Cora", "last_name": "Toso", "email": "cora@contoso.com"}
    return {
        "key": "contoso",
        "connection": "ion",
        "profile": {"organization": "Contoso", "email": "it@contoso.com", "contact_name": "Cora Toso"}
        | {"address": place}
        | profile,
        "identity": {"method": "new", "domain_prefix": "contoso", "contact": dict(person)},
        "attestation": {"signatory": dict(person)},
    }


def told(data: dict[str, Any], *, sandbox: bool = False) -> list[Finding]:
    here = ION | ({"sandbox": {"profile": "reseller"}} if sandbox else {})
    if sandbox:
        del here["ion"]
    return schemas.findings_of(data, schemas.Connection.model_validate(here), TODAY)[1]


@pytest.mark.parametrize("case", table("addresses"), ids=lambda case: case["name"])
def test_addresses_of_the_world(case: dict[str, Any]) -> None:
    found = told(customer(address={"street": "1 Main St", "city": "Some City"} | case["address"]))
    found = [f for f in found if f.path.startswith("profile.address")]
    lines = [f"{'w ' if f.level == 'warning' else ''}{f.path.rpartition('.')[2]}: {f.text}" for f in found]
    assert len(lines) == len(case["told"]), lines
    assert all(line.startswith(start) for line, start in zip(lines, case["told"], strict=True)), lines


@pytest.mark.parametrize("case", table("people"), ids=lambda case: str(case["set"]))
def test_names_and_e_mails_that_microsoft_refuses(case: dict[str, Any]) -> None:
    data = customer()
    for path, value in case["set"].items():
        place: Any = data
        *parents, last = path.split(".")
        for part in parents:
            place = place[part]
        place[last] = value
    found = told(data, sandbox=case.get("sandbox", False))
    assert sorted(f"{f.level} {f.path} {f.rule}" for f in found) == case["told"], [str(f) for f in found]


def test_the_list_of_top_level_domains_is_dated_in_the_message() -> None:
    data = customer()
    data["identity"]["contact"]["email"] = "kim@contoso.con"
    (found,) = told(data)
    day = dt.date.fromisoformat(mail_domains.list_date())
    assert found.message == f'".con" is no top-level domain (public suffix list of {day})'
    assert dt.date(2025, 1, 1) < day


@pytest.mark.parametrize("country", sorted(countries.countries()))
def test_every_country_can_be_declared_with_what_its_post_asks_for(country: str) -> None:
    form = places.place(country)
    assert form is not None
    address = {"street": "1 Main St", "city": "Some City", "country": country}
    if form.needs_area and form.areas:
        address["state"] = (form.areas[0].text or form.areas[0].name) if form.areas else "Some Area"
    elif form.needs_area:
        address["state"] = "Some Area"
    if form.has_zip and form.zip_examples:
        address["zip"] = form.zip_examples[0]
    elif form.needs_zip:
        address["zip"] = "1234"
    wrong = [f for f in told(customer(address=address)) if f.path.startswith("profile.address")]
    area = places.area_of(country, address.get("state", ""))
    # The first example may lie in another area than the first one.
    assert all("lies in" in f.message and area is not None for f in wrong), [str(f) for f in wrong]
    for area in form.areas:
        for spelling in {area.key, area.name, area.text} - {""}:
            assert places.area_of(country, spelling) == area
            assert places.area_form(spelling, country) == places.area_form(area.text or area.name, country)
            assert places.area_sent(spelling, country) in (area.text, spelling)
    for code in form.zip_examples:
        assert places.zip_form(code, country) == places.zip_form(places.zip_spellings(code, country)[-1], country)


def test_e_mail_domains_are_compared_and_sent_in_their_ascii_form() -> None:
    data = customer(email="it@Müller.de")
    model, found = schemas.findings_of(data, schemas.Connection.model_validate(ION), TODAY)
    assert model is not None
    assert not found
    assert model.profile.email == "it@xn--mller-kva.de"
    assert normal("email", "IT@müller.de") == normal("email", "it@XN--mller-kva.de") == "it@xn--mller-kva.de"


def test_the_ascii_confusables_are_those_of_unicode() -> None:
    table_of_unicode = mail_domains._prototypes()
    domain = set(string.ascii_letters + string.digits + "-._")
    assert {c: table_of_unicode[c] for c in domain if c in table_of_unicode} == mail_domains.ASCII_CONFUSABLES
    assert mail_domains.looks_like("xn--tdsynnx-dhg.com", "tdsynnex.com")
    assert mail_domains.looks_like("mail.c0ntoso.com", "contoso.com")
    assert not mail_domains.looks_like("contoso.net", "contoso.com")
    assert not mail_domains.looks_like("contoso-it.com", "contoso.com")


def test_names_that_are_told_apart() -> None:
    assert people.company_refused("x" * 255 + "yz")
    assert not people.company_refused("Contoso LLC")
    assert people.person_refused("x" * 39 + "yz")
    assert people.hidden_character("a\u2066b").startswith("U+2066")
