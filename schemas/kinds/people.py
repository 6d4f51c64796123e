"""Names of companies and persons that Microsoft refuses, before a relationship and before an order.

Source: Microsoft's page on validating names and addresses (partner-center.md 15).
Each function answers why a name is refused, as the end of a sentence, or "".
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from schemas.plain import count

COMPANY_LENGTH = (2, 255)
PERSON_LENGTH = 40

_LEGAL_FORMS = frozenset(
    """
    ab aeb aer ag as asa aps bv bvba co company corp corporation coop cv doo eood eireli ev gbr gesmbh gmbh
    gmbh co kg inc incorporated kft kg kgaa kk limited llc llp lp ltd ltda mbh nv ohg oo ooo ood oy oyj pc plc
    pllc pte pty pvt sa sab sarl sas sasu sca scs se sl slu snc spa spzoo srl srls sro ug zrt
    aktiengesellschaft ооо оао зао пао ао 株式会社 有限会社 合同会社 有限公司 股份有限公司
    有限责任公司 주식회사 유한회사
    """.split()  # noqa: SIM905 - a word list, in several scripts
)
_BARE = frozenset(
    (
        *("gmbh co kg", "private limited", "public limited company", "limited liability company", "sa de cv"),
        *("sdn bhd", "sp zoo", "sp z oo", "sociedad anonima", "societe anonyme"),
        "gesellschaft mit beschrankter haftung",
    )
)
_PLACEHOLDERS = frozenset(
    """
    test tests tester testing testname testuser admin administrator nobody noname none unknown dummy placeholder
    firstname lastname surname givenname asdf asdfg qwerty xyz tbd todo
    """.split()  # noqa: SIM905 - a word list; "Na", "Null" and "User" are family names
)
_PLACEHOLDER_PHRASES = frozenset(
    ("first name", "last name", "middle name", "full name", "your name", "no name", "n/a", "test user", "test name")
)


@lru_cache(maxsize=8192)
def company_refused(name: str) -> str:
    """Why Microsoft refuses a company name."""
    text = " ".join(name.split())
    shortest, longest = COMPANY_LENGTH
    if not shortest <= len(text) <= longest:
        return f"it has {count(len(text), 'character')}, {shortest} to {longest} are possible"
    letters = _letters(text)
    if not letters:
        return "it holds special characters only"
    words = text.split()
    if len(words) > 1 and all(len(_letters(word)) == 1 for word in words):
        return "it holds single characters with blanks between them"
    if len(letters) >= 3 and len(set(letters.casefold())) == 1:
        return "it is one character again and again"
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    bare = re.sub(r"[^\w ]", "", plain).split()
    # "L. L. C." is one form, "Co., Ltd." two of them; A & B are two names and no "AB".
    joined = "" if "&" in plain else "".join(bare)
    if " ".join(bare) in _BARE or joined in _LEGAL_FORMS or all(word in _LEGAL_FORMS for word in bare):
        return "it is a legal form only; write the registered name"
    return ""


@lru_cache(maxsize=8192)
def person_refused(name: str, *, longest: int = PERSON_LENGTH) -> str:
    """Why Microsoft refuses a first, middle or last name. `longest` 0: the length does not count."""
    text = " ".join(name.split())
    if longest and len(text) > longest:
        return f"it has {len(text)} characters, at most {longest} fit"
    letters = "".join(c for c in text if c.isalpha())
    if not letters:
        return "it holds digits and symbols only"
    if any(unicodedata.category(c) == "So" for c in text):
        return "it holds a symbol or emoji"
    if len(letters) == 1 and not _is_chinese(letters):
        return "it is a single character"
    folded = text.casefold()
    if all(word.strip(".") in _PLACEHOLDERS for word in folded.split()) or folded in _PLACEHOLDER_PHRASES:
        return "it is a placeholder; write the person's name"
    if len(letters) >= 3 and len(set(letters.casefold())) == 1:
        return "it is one character again and again"
    return ""


_ADDRESS = re.compile(r"(?i)\b(?:[a-z][a-z0-9+.-]{1,30}://|www\.|(?:mailto|tel|sms|javascript):)\S*")


def address_in(name: str) -> str:
    """The address in the name of a company or person, "" when there is none: no mail is sent with it, since a mail
    leads nowhere but to its link. A company may be called like a domain ("Booking.com")."""
    found = _ADDRESS.search(name)
    return found.group() if found else ""


def hidden_character(text: str) -> str:
    """The first control, format or bidirectional character of a text, by code point and name; "" when there is none.

    Nobody sees these, so that two texts that look equal are not."""
    if text.isascii() and text.isprintable():
        return ""
    for char in text:
        if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"):
            return f"U+{ord(char):04X} {unicodedata.name(char, 'control character').lower()}"
    return ""


def _letters(text: str) -> str:
    """Letters and digits of any script; marks belong to the letter before them."""
    return "".join(c for c in text if c.isalnum())


def _is_chinese(letters: str) -> bool:
    return all("CJK" in unicodedata.name(c, "") for c in letters)
