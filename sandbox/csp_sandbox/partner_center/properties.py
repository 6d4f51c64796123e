"""Names, e-mail addresses and phone numbers that Microsoft refuses.

Source: partner-center.md 15 (names), and partner-center.md 3.3 (phones). Written
after Microsoft's published rules and sharing nothing with the tool that is tested against it.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path

from csp_sandbox.ledger import Rule, rule, switch
from csp_sandbox.partner_center import countries, errors
from csp_sandbox.serving.web import RefusalError
from csp_sandbox.situation.model import Account, Person

_FACTS = "partner-center.md 15Microsoft refuses"

COMPANY = rule(
    "pc.names.company",
    "A company name has 2 to 255 characters and is not special characters only, single characters with blanks, a bare "
    "legal form or one character three times: 400, code 27002. That a create is refused already is inferred: the page "
    "speaks of relationship and order.",
    source=_FACTS,
    confidence="inferred",
)
PERSON = rule(
    "pc.names.person",
    "A person's name has at most 40 characters, is not a single character (Chinese excepted), no placeholder, and not "
    "digits, symbols or emoji only: 400, code 27002.",
    source=_FACTS,
    confidence="inferred",
)
EMAIL = rule(
    "pc.names.email",
    "An e-mail at microsoft.com or of the partner's own domain (or below it): 400, code 27002.",
    source=_FACTS,
    confidence="inferred",
)
SUFFIX = switch(
    "pc.names.email-suffix",
    "An e-mail whose top-level domain does not exist. Names reserved by RFC 2606 pass in the sandbox.",
    source=_FACTS,
    choices={
        "refused": "400, code 27002, nothing is made",
        "half-made": "the same answer, and a create has taken the domain for ever",
    },
    default="refused",
    strict="half-made",
)
PHONE = rule(
    "pc.phone-pattern",
    "A phone number without the country's phoneNumberRegex: 400, code 27002.",
    source="partner-center.md 3.3",
    confidence="inferred",
)
_RESERVED = frozenset(("example", "test", "invalid", "localhost"))
_LEGAL = frozenset(
    ("llc", "inc", "gmbh", "ltd", "corp", "pty", "co", "kg", "sarl", "limited", "plc", "srl", "bv", "ag", "sa")
) | {"株式会社", "有限公司"}
_NOBODY = frozenset(("test", "tester", "testing", "admin", "administrator", "nobody", "none", "unknown", "dummy"))


def refused(row: Rule, name: str) -> RefusalError:
    """Code 27002 for one property: which one stands in data[] only (partner-center.md 16 (7))."""
    error = errors.shape_a(row, 400, 27002, "A property has invalid data.")
    assert isinstance(error.answer.body, dict)
    error.answer.body["data"] = [name]
    return error


def check_company(name: str, where: str = "CompanyName") -> None:
    """Raises the refusal of a company name."""
    plain = re.sub(r"[^\w ]", "", name).strip().casefold()
    letters = plain.replace(" ", "")
    spelled = " " in plain and all(sum(c.isalnum() for c in word) == 1 for word in name.split())  # not: B & Q
    if not 2 <= len(name) <= 255 or not letters or spelled or all(word in _LEGAL for word in plain.split()):
        raise refused(COMPANY, where)
    if len(letters) >= 3 and len(set(letters)) == 1:
        raise refused(COMPANY, where)


def check_person(person: Person, first: str = "FirstName", last: str = "LastName") -> None:
    """Raises the refusal of a first or last name; empty ones are left to others."""
    for where, name in ((first, person.first_name), (last, person.last_name)):
        letters = [c for c in name if unicodedata.category(c).startswith("L")]
        single = len(letters) == 1 and not "\u3400" <= letters[0] <= "\u9fff"
        if name and (len(name) > 40 or not letters or single or name.strip().casefold() in _NOBODY):
            raise refused(PERSON, where)


def check_email(account: Account, address: str, where: str = "Email") -> None:
    """Raises the refusal of an e-mail address."""
    domain = address.rpartition("@")[2].casefold().rstrip(".")
    if not address.isascii() or "@" not in address or ("." not in domain and domain not in _RESERVED):
        raise refused(EMAIL, where)
    for other in filter(None, ("microsoft.com", account.partner_domain.casefold(), account.reseller_domain.casefold())):
        if domain == other or domain.endswith(f".{other}"):
            raise refused(EMAIL, where)


def check_suffix(address: str, where: str = "Email") -> None:
    """Raises the refusal of an e-mail address whose top-level domain does not exist."""
    label = address.casefold().rstrip(".").rpartition(".")[2].rpartition("@")[2]
    if label not in _RESERVED and label not in _top_level():
        raise refused(SUFFIX, where)


def check_phone(number: str, country: str, where: str = "PhoneNumber") -> None:
    """Raises the refusal of a phone number; an empty one, or a country without a pattern, passes."""
    pattern = countries.rules(country).get("phoneNumberRegex") if countries.known(country) else None
    if number and pattern and not re.fullmatch(pattern, number):
        raise refused(PHONE, where)


@cache
def _top_level() -> frozenset[str]:
    """Top-level domains of the public suffix list, in ASCII form."""
    from publicsuffixlist import PSLFILE

    found = set()
    with Path(PSLFILE).open(encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("// ===END ICANN DOMAINS==="):
                break
            if line.strip() and not line.startswith("//"):
                found.add(line.strip().rpartition(".")[2])
    return frozenset(name if name.isascii() else f"xn--{name.encode('punycode').decode()}" for name in found)
