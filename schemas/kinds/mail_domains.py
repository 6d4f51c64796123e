"""Domains of e-mail addresses: their ASCII form, whether the world knows them, and which of them look alike.

Sources: IDNA 2008 with UTS 46 (idna), the public suffix list of the package publicsuffixlist, RFC 2606 and 6761
(reserved names), UTS 39 (confusables, mixed scripts; data of the package confusable_homoglyphs).
"""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from pathlib import Path

RESERVED = ("example", "test", "invalid", "localhost", "example.com", "example.net", "example.org")
"""RFC 2606, and RFC 6761 which repeats it: nobody can ever own these."""

ASCII_CONFUSABLES = {"0": "O", "1": "l", "I": "l", "m": "rn"}
"""What the table of UTS 39 says of the characters of an ASCII domain name, so that the table is loaded for others only;
a test compares the two."""

# Scripts that are written together (UTS 39, "highly restrictive"): Japanese, Korean and Chinese, each with Latin.
_TOGETHER = (
    frozenset(("LATIN", "HAN", "HIRAGANA", "KATAKANA")),
    frozenset(("LATIN", "HAN", "HANGUL")),
    frozenset(("LATIN", "HAN", "BOPOMOFO")),
)


@lru_cache(maxsize=8192)
def ascii_domain(domain: str) -> str:
    """A domain as it travels ("xn--mller-kva.de"), lower case, no final dot; a text that is no domain comes back in
    lower case."""
    bare = domain.strip().rstrip(".")
    if bare.isascii():
        return bare.lower()
    import idna

    try:
        return idna.encode(bare, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return bare.lower()


def ascii_email(address: str) -> str:
    """An e-mail address with its domain in ASCII form. The part before the @ is left as it is."""
    local, at, domain = address.strip().rpartition("@")
    return f"{local}{at}{ascii_domain(domain)}" if at else address.strip()


def unicode_domain(domain: str) -> str:
    """A domain as people read it."""
    ascii_form = ascii_domain(domain)
    if "xn--" not in ascii_form:
        return ascii_form
    import idna

    try:
        return idna.decode(ascii_form)
    except (idna.IDNAError, UnicodeError):
        return domain


def domain_of(address: str) -> str:
    """The domain of an e-mail address in ASCII form; "" when there is none."""
    return ascii_domain(address.rpartition("@")[2]) if "@" in address else ""


def below(domain: str, above: str) -> bool:
    """Whether a domain is another one or a subdomain of it (both in ASCII form)."""
    return domain == above or domain.endswith(f".{above}")


def reserved(domain: str) -> bool:
    """Whether a domain is reserved for examples and tests."""
    ascii_form = ascii_domain(domain)
    return any(below(ascii_form, name) for name in RESERVED)


def known_suffix(domain: str) -> bool:
    """Whether the domain ends in a top-level domain of the public suffix list (its ICANN part)."""
    top = ascii_domain(domain).rpartition(".")[2]
    return top in _top_level()[0] or (top.startswith("xn--") and top in _foreign_top_level())


def list_date() -> str:
    """The day of the public suffix list in use (YYYY-MM-DD), "" when it does not say."""
    return _top_level()[1]


@cache
def _top_level() -> tuple[frozenset[str], str]:
    """Top-level domains as the list writes them, and the list's day. Only the last label of each rule is read: the
    package's own reader builds the whole tree of suffixes, which takes a start of every command too long."""
    from publicsuffixlist import PSLFILE

    day, found = "", set()
    with Path(PSLFILE).open(encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("// VERSION: "):
                day = line.removeprefix("// VERSION: ")[:10]
            elif line.startswith("// ===END ICANN DOMAINS==="):
                break
            elif line[:1] not in ("/", "\n"):
                found.add(line.strip().rpartition(".")[2])
    return frozenset(found), day


@cache
def _foreign_top_level() -> frozenset[str]:
    """Those in other scripts, in ASCII form."""
    return frozenset(ascii_domain(name) for name in _top_level()[0] if not name.isascii())


def mixed_scripts(domain: str) -> str:
    """The label of a domain that mixes scripts which are not written together, as people read it; "" when none does."""
    if ascii_domain(domain).find("xn--") < 0:
        return ""
    from confusable_homoglyphs.categories import unique_aliases

    for label in unicode_domain(domain).split("."):
        scripts = unique_aliases(label) - {"COMMON", "INHERITED"}
        if len(scripts) > 1 and not any(scripts <= group for group in _TOGETHER):
            return label
    return ""


@lru_cache(maxsize=8192)
def looks_like(domain: str, other: str) -> bool:
    """Whether two different domains can be taken for each other: equal skeletons (UTS 39), in small or in capital
    letters, since programs show both. Subdomains of a look-alike are look-alikes."""
    one, two = unicode_domain(domain), unicode_domain(other)
    tail = ".".join(one.split(".")[-len(two.split(".")) :])
    if one == two or below(one, two):
        return False
    return bool(_skeletons(tail) & _skeletons(two))


@lru_cache(maxsize=8192)
def _skeletons(domain: str) -> frozenset[tuple[str, str]]:
    return frozenset((("small", skeleton(domain.lower())), ("capital", skeleton(domain.upper()))))


def skeleton(text: str) -> str:
    """The skeleton of UTS 39: two texts that look alike have the same one. For comparing only."""
    table = ASCII_CONFUSABLES if text.isascii() else _prototypes()
    once = "".join(table.get(c, c) for c in unicodedata.normalize("NFD", text))
    return unicodedata.normalize("NFD", "".join(table.get(c, c) for c in once))


@cache
def _prototypes() -> dict[str, str]:
    """Character -> what it looks like. The package keeps pairs in both directions: the character with a single partner
    is the confusable one; where both have one, the higher code point is mapped to the lower."""
    from confusable_homoglyphs.confusables import confusables_data

    marks = "‎‏"  # of the table's own layout, around right-to-left characters
    pairs = {key.strip(marks): [one["c"].strip(marks) for one in found] for key, found in confusables_data.items()}
    table = {}
    for key, found in pairs.items():
        if len(key) != 1 or len(found) != 1 or not found[0] or found[0] == key:
            continue
        mutual = pairs.get(found[0]) == [key]
        if not mutual or found[0] < key or len(found[0]) > 1:
            table[key] = found[0]
    return table
