"""Address validation as Microsoft answers it: a verdict, suggestions, a message.

Source: partner-center.md 3.2 and vectors V6-V8. Real postal data is not available here, so US addresses are
judged by the ZIP ranges of the states, Canadian ones by the first letter of the postal code, and a few cities by
name. Inferred as a whole; the verdict words and the shapes are documented.
"""

from __future__ import annotations

import html
import json
import re
import zlib
from dataclasses import dataclass, field, replace

from csp_sandbox.partner_center import countries

# First three digits of the ZIP code: inclusive ranges of each state.
_US_ZIP3 = (
    ("AL", "350", "369"), ("AK", "995", "999"), ("AZ", "850", "865"), ("AR", "716", "729"), ("CA", "900", "961"),
    ("CO", "800", "816"), ("CT", "060", "069"), ("DE", "197", "199"), ("DC", "200", "205"), ("FL", "320", "349"),
    ("GA", "300", "319"), ("GA", "398", "399"), ("HI", "967", "968"), ("ID", "832", "838"), ("IL", "600", "629"),
    ("IN", "460", "479"), ("IA", "500", "528"), ("KS", "660", "679"), ("KY", "400", "427"), ("LA", "700", "714"),
    ("ME", "039", "049"), ("MD", "206", "219"), ("MA", "010", "027"), ("MI", "480", "499"), ("MN", "550", "567"),
    ("MS", "386", "397"), ("MO", "630", "658"), ("MT", "590", "599"), ("NE", "680", "693"), ("NV", "889", "898"),
    ("NH", "030", "038"), ("NJ", "070", "089"), ("NM", "870", "884"), ("NY", "100", "149"), ("NC", "270", "289"),
    ("ND", "580", "588"), ("OH", "430", "459"), ("OK", "730", "749"), ("OR", "970", "979"), ("PA", "150", "196"),
    ("RI", "028", "029"), ("SC", "290", "299"), ("SD", "570", "577"), ("TN", "370", "385"), ("TX", "750", "799"),
    ("TX", "885", "885"), ("UT", "840", "847"), ("VT", "050", "059"), ("VA", "201", "201"), ("VA", "220", "246"),
    ("WA", "980", "994"), ("WV", "247", "268"), ("WI", "530", "549"), ("WY", "820", "831"),
)  # fmt: skip
_CA_LETTER = {
    "A": "NL", "B": "NS", "C": "PE", "E": "NB", "G": "QC", "H": "QC", "J": "QC", "K": "ON", "L": "ON", "M": "ON",
    "N": "ON", "P": "ON", "R": "MB", "S": "SK", "T": "AB", "V": "BC", "X": "NT NU", "Y": "YT",
}  # fmt: skip
# A few places by postal code, so that a wrong city can be corrected (V8).
_PLACES = {
    "98052": ("Redmond", "WA"),
    "98007": ("Bellevue", "WA"),
    "10001": ("New York", "NY"),
    "L5N": ("Mississauga", "ON"),
}
_NUMBER_WORD = re.compile(r"^(one|two|three|four|five|six|seven|eight|nine|ten)\b", re.I)
_UNIT_WITHOUT_NUMBER = re.compile(r"\b(suite|ste|apt|unit|floor)\.?$", re.I)
_ZIP4 = {"98052": "8300"}


@dataclass(frozen=True, slots=True)
class Address:
    """The parts Microsoft validates; `state` is its `region` or `state` field."""

    line1: str
    line2: str
    city: str
    state: str
    postal_code: str
    country: str

    def as_json(self) -> dict[str, str]:
        parts = {
            "country": self.country,
            "city": self.city,
            "state": self.state,
            "addressLine1": self.line1,
            "addressLine2": self.line2,
            "postalCode": self.postal_code,
        }
        return {key: value for key, value in parts.items() if value}


@dataclass(frozen=True, slots=True)
class Verdict:
    """One answer of the validation service. `suggestions` has at most three entries."""

    status: str
    suggestions: tuple[Address, ...] = ()
    message: str = ""
    wrong: tuple[str, ...] = field(default=())

    @property
    def usable(self) -> bool:
        """True when a tenant can be made with the address: verified, or not checkable."""
        return self.status in ("VerifiedShippable", "Verified", "NotValidated")


def validate(address: Address) -> Verdict:
    """Judge one address. Countries without rules here are `NotValidated`: a limit of the service."""
    if not countries.known(address.country):
        return Verdict("NotValidated")
    rules = countries.rules(address.country)
    wrong = _wrong_parts(address, rules)
    if wrong:
        return _rejected(address, wrong)
    if not _has_number(address.line1):
        suggestion = replace(address, line1=f"1 {address.line1}", postal_code=_full_postal(address, "6399"))
        return Verdict("StreetPartial", (suggestion,), _message(("Region", "PostalCode", "City")), ("AddressLine1",))
    if _UNIT_WITHOUT_NUMBER.search(address.line2 or address.line1):
        return Verdict("PremisesPartial", (replace(address, line2=""),), _message(("AddressLine2",)), ("AddressLine2",))
    full = replace(address, postal_code=_full_postal(address))
    return Verdict("VerifiedShippable" if address.country in ("US", "CA") else "Verified", (full,))


def _wrong_parts(address: Address, rules: dict[str, object]) -> tuple[str, ...]:
    wrong = []
    states = rules["supportedStatesList"]
    assert isinstance(states, list)
    if rules["isStateRequired"] and address.state.casefold() not in {str(s).casefold() for s in states}:
        wrong.append("Region")
    regex = rules.get("postalCodeRegex")
    given = address.postal_code or rules["isPostalCodeRequired"]
    if given and isinstance(regex, str) and not re.match(regex, address.postal_code.upper()):
        wrong.append("PostalCode")
    if not address.city:
        wrong.append("City")
    if not wrong and not _state_has_postal(address):
        wrong.append("PostalCode")
    place = _place(address)
    if not wrong and place and place[0].casefold() != address.city.casefold():
        wrong.append("City")
    return tuple(wrong)


def _rejected(address: Address, wrong: tuple[str, ...]) -> Verdict:
    place = _place(address)
    if wrong == ("City",) and place:
        return Verdict("InteractionRequired", (replace(address, city=place[0]),), _message(wrong), wrong)
    if not _has_number(address.line1) and len(wrong) < 2 and place:
        return Verdict(
            "Multiple", (replace(address, line1=f"1 {address.line1}", city=place[0]),), _message(wrong), wrong
        )
    return Verdict("None", (), _message(wrong), wrong)


def _state_has_postal(address: Address) -> bool:
    state, postal = address.state.upper(), address.postal_code.upper()
    if address.country == "US":
        zip3 = postal[:3]
        return any(name == state and low <= zip3 <= high for name, low, high in _US_ZIP3)
    if address.country == "CA":
        return state in _CA_LETTER.get(postal[:1], "").split()
    return True


def _place(address: Address) -> tuple[str, str] | None:
    if address.country not in ("US", "CA"):
        return None
    key = address.postal_code.upper()[: 5 if address.country == "US" else 3]
    return _PLACES.get(key)


def _has_number(line: str) -> bool:
    return bool(re.search(r"\d", line)) or bool(_NUMBER_WORD.match(line.strip()))


def _full_postal(address: Address, suffix: str = "") -> str:
    """Suggested US postal codes come back as ZIP+4 (3.2)."""
    code = address.postal_code
    if address.country != "US" or "-" in code:
        return code.upper()
    plus4 = suffix or _ZIP4.get(code) or f"{zlib.crc32(address.line1.casefold().encode()) % 9000 + 1000}"
    return f"{code}-{plus4}"


def _message(wrong: tuple[str, ...]) -> str:
    return "Address field invalid for property: " + ", ".join(f"'{name}'" for name in wrong)


def legacy_rejection(address: Address, verdict: Verdict) -> str:
    """The description of error 2007: a JSON document inside a string, with HTML entities (V8)."""
    better = verdict.suggestions[0] if verdict.suggestions else address
    changes = [
        f"Field - '{name}' is corrected from OldValue: '{old}' to NewValue: '{new.upper()}'."
        for name, old, new in (("City", address.city, better.city), ("Street", address.line1, better.line1))
        if old.casefold() != new.casefold()
    ] or [f"Field - '{name}' is not valid." for name in verdict.wrong]
    return json.dumps(
        {
            "code": "60071",
            "reason": "ZipCityInvalid - Details: "
            + html.escape(" ".join(changes), quote=True).replace("&#x27;", "&#39;"),
            "corrected_address": {
                "country": better.country,
                "region": better.state,
                "city": better.city.upper(),
                "address_line1": better.line1,
                "postal_code": better.postal_code,
            },
            "object_type": "AddressValidation",
            "resource_status": "Active",
        }
    )
