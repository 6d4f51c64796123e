"""States and provinces of the US and Canada, where Microsoft takes two letters, and the form of their postal codes."""

from __future__ import annotations

import re

_US = """AL Alabama|AK Alaska|AZ Arizona|AR Arkansas|CA California|CO Colorado|CT Connecticut|DE Delaware
DC District of Columbia|FL Florida|GA Georgia|HI Hawaii|ID Idaho|IL Illinois|IN Indiana|IA Iowa|KS Kansas|KY Kentucky
LA Louisiana|ME Maine|MD Maryland|MA Massachusetts|MI Michigan|MN Minnesota|MS Mississippi|MO Missouri|MT Montana
NE Nebraska|NV Nevada|NH New Hampshire|NJ New Jersey|NM New Mexico|NY New York|NC North Carolina|ND North Dakota|OH Ohio
OK Oklahoma|OR Oregon|PA Pennsylvania|RI Rhode Island|SC South Carolina|SD South Dakota|TN Tennessee|TX Texas|UT Utah
VT Vermont|VA Virginia|WA Washington|WV West Virginia|WI Wisconsin|WY Wyoming|AS American Samoa|GU Guam
MP Northern Mariana Islands|PR Puerto Rico|VI Virgin Islands|AA Armed Forces Americas|AE Armed Forces Europe
AP Armed Forces Pacific"""
_CA = """AB Alberta|BC British Columbia|MB Manitoba|NB New Brunswick|NL Newfoundland and Labrador|NS Nova Scotia
NT Northwest Territories|NU Nunavut|ON Ontario|PE Prince Edward Island|QC Quebec|SK Saskatchewan|YT Yukon"""


def _table(text: str) -> dict[str, str]:
    return {entry[:2]: entry[3:] for line in text.splitlines() for entry in line.split("|")}


STATES: dict[str, dict[str, str]] = {"US": _table(_US), "CA": _table(_CA)}
"""Country -> code -> English name."""

POSTAL_CODES: dict[str, tuple[re.Pattern[str], str]] = {
    "US": (re.compile(r"^\d{5}(-?\d{4})?$"), '"98052" or "98052-6399"'),
    "CA": (re.compile(r"^[ABCEGHJ-NPRSTVXY]\d[A-Z][ -]?\d[A-Z]\d$", re.IGNORECASE), '"L5N 8L9"'),
}
"""Country -> form, example."""

_CANADA_BY_LETTER = {
    "A": "NL",
    "B": "NS",
    "C": "PE",
    "E": "NB",
    "R": "MB",
    "S": "SK",
    "T": "AB",
    "V": "BC",
    "Y": "YT",
    **dict.fromkeys("GHJ", "QC"),
    **dict.fromkeys("KLMNP", "ON"),
}


def province_of(postal_code: str) -> str:
    """The province a Canadian postal code belongs to; empty where the first letter serves two (X: NT and NU)."""
    return _CANADA_BY_LETTER.get(postal_code[:1].upper(), "")
