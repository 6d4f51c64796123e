"""What Partner Center's own rules of a country say of a new tenant, applied in full before anything is sent.

Microsoft's rules win over what the libraries know of the world; where the two disagree, the refusal says so. A value is
sent in the spelling that Microsoft's rules ask for: a state as its list has it, a phone number and a postal code in the
first of their spellings that fits its pattern. Source: partner-center.md 3.3.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

import schemas
from clients.partner_center.models import CountryRules, PcAddress
from onboarding import steps
from onboarding.resources.tenant_identity.refused import Refused
from schemas.kinds import phones, places

ADDRESS, PROFILE_ADDRESS = "identity.address", "profile.address"
"""Where the file names the address of the legal entity."""
PHONE, REGISTRATION = "identity.contact.phone", "identity.organization_registration_number"


def fitted(address: PcAddress, phone: str, identity: schemas.NewIdentity, rules: CountryRules | None) -> PcAddress:
    """The address as it is sent. `phone` is the declared number. Without rules (None: Microsoft has none for the
    country, which is an answer) the values go as the libraries read them. Raises Refused."""
    numbers = phones.spellings(phone, address.country) if phone else ()
    if phone and not numbers:
        why = phones.why_impossible(phone, address.country)
        raise Refused(f"{phone} is no possible phone number: {why}", steps.rewrite_in_file(field=PHONE))
    if rules is None:
        number = numbers[0] if numbers else ""
        return replace(address, phone_number=number, state=places.area_sent(address.state, address.country))
    place = ADDRESS if identity.address else PROFILE_ADDRESS
    if rules.city_required and not address.city:
        raise Refused(f"{address.country} needs a city", steps.add_to_file(field=f"{place}.city"))
    address = replace(address, state=_state(address, rules, place), postal_code=_postal_code(address, rules, place))
    _registration(address.country, identity, rules)
    _culture(address.country, identity, rules)
    return replace(address, phone_number=_phone(address.country, numbers, rules))


def _state(address: PcAddress, rules: CountryRules, section: str) -> str:
    country, given = address.country, address.state
    if not given:
        if rules.state_required:
            step = steps.add_to_file(field=f"{section}.state", allowed=list(rules.states))
            raise Refused(f"Microsoft needs a state for {country}", step)
        return ""
    if not rules.states:
        return places.area_sent(given, country)
    listed = next((s for s in rules.states if s.casefold() == given.casefold()), "")
    if not listed:
        area = places.area_of(country, given)
        listed = next((s for s in rules.states if area and places.area_of(country, s) == area), "")
    if not listed and rules.state_required:
        known = " although it is one" if places.area_of(country, given) else ""
        reason = f"Microsoft does not list {given} as a state of {country}{known}"
        raise Refused(reason, steps.rewrite_in_file(field=f"{section}.state", allowed=list(rules.states)))
    return listed or places.area_sent(given, country)


def _postal_code(address: PcAddress, rules: CountryRules, section: str) -> str:
    country, given, form = address.country, address.postal_code, rules.postal_code_regex
    place = places.place(country)
    if not given:
        if not rules.postal_code_required:
            return ""
        odd = f", although the post of {country} does without" if place and not place.needs_zip else ""
        example = place.zip_examples[0] if place and place.zip_examples else ""
        reason = f"Microsoft needs a postal code for {country}{odd}"
        raise Refused(reason, steps.add_to_file(field=f"{section}.zip", example=example, pattern=form))
    if not form:
        return given
    if found := _first(form, places.zip_spellings(given, country)):
        return found
    odd = f", although it has the form that the post of {country} uses" if places.zip_fits(given, country) else ""
    step = steps.rewrite_in_file(field=f"{section}.zip", pattern=form)
    raise Refused(f"Microsoft does not take {given} as a postal code of {country}{odd}", step)


def _phone(country: str, numbers: Sequence[str], rules: CountryRules) -> str:
    if not numbers:
        if rules.phone_required:
            raise Refused(f"{country} needs a phone number", steps.add_to_file(field=PHONE))
        return ""
    if not rules.phone_regex:
        return numbers[0]
    if found := _first(rules.phone_regex, numbers):
        return found
    raise Refused(
        f"Microsoft does not take {numbers[0]} as a phone number in {country}",
        steps.rewrite_in_file(field=PHONE, pattern=rules.phone_regex),
    )


def _registration(country: str, identity: schemas.NewIdentity, rules: CountryRules) -> None:
    given = identity.organization_registration_number or ""
    sample, form = rules.registration_number_sample, rules.registration_number_regex
    if not given:
        if rules.registration_number_required:
            raise Refused(
                f"{country} needs the organization's registration number",
                steps.add_to_file(field=REGISTRATION, example=sample),
            )
    elif form and not _first(form, (given,)):
        raise Refused(
            f"Microsoft does not take {given} as a registration number of {country}",
            steps.rewrite_in_file(field=REGISTRATION, example=sample, pattern=form),
        )


def _culture(country: str, identity: schemas.NewIdentity, rules: CountryRules) -> None:
    if rules.cultures and identity.culture.casefold() not in {c.casefold() for c in rules.cultures}:
        raise Refused(
            f"culture {identity.culture} is not offered in {country}",
            steps.rewrite_in_file(field="identity.culture", allowed=list(rules.cultures)),
        )


def _first(pattern: str, spellings: Iterable[str]) -> str:
    """The first spelling that has the form. A pattern that Python cannot read refuses nothing: it is Microsoft's."""
    wanted = list(spellings)
    try:
        form = re.compile(pattern)
    except re.error:
        return wanted[0]
    return next((spelling for spelling in wanted if form.fullmatch(spelling)), "")
