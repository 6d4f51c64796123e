"""What a partner asks before a create: is the domain free, is the address good, what does the country demand.

Source: partner-center.md 3.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from csp_sandbox import microsoft
from csp_sandbox.ledger import rule
from csp_sandbox.partner_center import addresses, bodies, countries, errors
from csp_sandbox.partner_center.system import operation
from csp_sandbox.serving.web import Answer, Call

DOMAIN = rule(
    "pc.domains",
    "HEAD: 200 when the domain exists anywhere, 404 when it is free; never a body.",
    source="partner-center.md 3.1",
)
PREFIX = rule(
    "pc.validations.domain",
    "The deprecated check answers true when the prefix is free.",
    source="partner-center.md 3.1",
    confidence="inferred",
)
ADDRESS = rule(
    "pc.validations.address",
    "200 for every verdict, with suggestions; US postal codes come back as ZIP+4.",
    source="partner-center.md 3.2, V6, V7",
)
VERDICT = rule(
    "pc.validations.address.verdict",
    "The verdict itself is judged by ZIP ranges and a few known places, since the real data is not public.",
    source="partner-center.md 3.2",
    confidence="inferred",
)
COUNTRY = rule(
    "pc.countryrules",
    "What an address needs, with the booleans and patterns seen live for PT.",
    source="partner-center.md 3.3",
    confidence="seen in client code",
)
NO_COUNTRY = rule(
    "pc.countryrules.unknown",
    "A country without rules: 404, code 1000.",
    source="partner-center.md 3.3",
    confidence="inferred",
)


class AddressQuestion(BaseModel):
    """An address to check."""

    model_config = ConfigDict(extra="allow")
    addressLine1: str  # noqa: N815
    addressLine2: str | None = None  # noqa: N815
    city: str
    state: str | None = None
    postalCode: str | None = None  # noqa: N815
    country: str


@operation("domains.check", "HEAD", "/domains/{domain}", rule=DOMAIN, writes=False, refusals=(404,))
def check_domain(call: Call) -> Answer:
    """Whether a domain exists."""
    return Answer(200 if microsoft.domain_taken(call.world.store, call.params["domain"]) else 404)


@operation("validations.domain", "GET", "/validations/checkdomainavailability/{prefix}", rule=PREFIX)
def check_prefix(call: Call) -> Answer:
    """Whether a domain prefix is free (deprecated)."""
    return Answer(200, not microsoft.domain_taken(call.world.store, f"{call.params['prefix']}.onmicrosoft.com"))


@operation(
    "validations.address",
    "POST",
    "/validations/address",
    rule=ADDRESS,
    writes=False,
    body=AddressQuestion,
    refusals=(400,),
)
def check_address(call: Call) -> Answer:
    """The verdict on an address."""
    body = bodies.read(call)
    asked = addresses.Address(
        line1=bodies.text(body, "addressLine1", required=True),
        line2=bodies.text(body, "addressLine2"),
        city=bodies.text(body, "city"),
        state=bodies.text(body, "state") or bodies.text(body, "region"),
        postal_code=bodies.text(body, "postalCode"),
        country=bodies.text(body, "country", required=True).upper(),
    )
    verdict = addresses.validate(asked)
    answer: dict[str, Any] = {
        "originalAddress": asked.as_json(),
        "suggestedAddresses": [suggestion.as_json() for suggestion in verdict.suggestions],
        "status": verdict.status,
    }
    if verdict.message:
        answer["validationMessage"] = verdict.message
    return Answer(200, answer)


@operation("countryrules.get", "GET", "/countryvalidationrules/{country}", rule=COUNTRY, refusals=(404,))
def get_country_rules(call: Call) -> Answer:
    """What a country demands of an address."""
    country = call.params["country"].upper()
    if not countries.known(country):
        raise errors.shape_a(NO_COUNTRY, 404, 1000, f"No country validation rules were found for '{country}'.")
    return Answer(200, countries.rules(country))
