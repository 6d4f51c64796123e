"""What Microsoft demands of an address in each country it sells in.

Source: partner-center.md 3.3 (answer shape, seen live for PT) and 3.5 (registration numbers). The table is a
selection: the countries TD SYNNEX and the documented registration rules name. The patterns of a country that no
source shows are inferred.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

_TABLE = Path(__file__).with_name("countries.json")


@cache
def _countries() -> dict[str, dict[str, Any]]:
    loaded: dict[str, dict[str, Any]] = json.loads(_TABLE.read_text(encoding="utf-8"))
    return loaded


def known(country: str) -> bool:
    """True when the sandbox has rules for an ISO 3166-1 alpha-2 code (upper case)."""
    return country in _countries()


def rules(country: str) -> dict[str, Any]:
    """The CountryValidationRules document of one country; KeyError when there is none."""
    row = _countries()[country]
    out: dict[str, Any] = {
        "iso2Code": country,
        "defaultCulture": row["culture"],
        "isStateRequired": bool(row.get("state")),
        "supportedStatesList": row.get("states", []),
        "supportedLanguagesList": row["languages"],
        "supportedCulturesList": row["cultures"],
        "isPostalCodeRequired": row["postal"] is not None and not row.get("postal_optional"),
        "isCityRequired": True,
        "isVatIdSupported": "vat" in row,
        "isTaxIdSupported": False,
        "isTaxIdOptional": False,
        "countryCallingCodesList": row["calling"],
        "customerOrganizationRegistrationNumberRequired": "registration" in row,
        "customerOrganizationPhoneNumberRequired": "registration" in row,
        "attributes": {"objectType": "CountryValidationRules"},
    }
    if row["postal"]:
        out["postalCodeRegex"] = row["postal"]
    if "phone" in row:
        out["phoneNumberRegex"] = row["phone"]
    if "vat" in row:
        sample = row["vat_sample"]
        out |= {"vatIdRegex": row["vat"], "taxIdSample": sample, "taxIdFormat": sample[:2] + "#" * (len(sample) - 2)}
    if "registration" in row:
        out["customerOrganizationRegistrationNumberRegex"] = row["registration"]
        out["customerOrganizationRegistrationNumberSample"] = row["registration_sample"]
    return out
