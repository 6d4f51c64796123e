"""Status words of the systems and what each means to us. A word that is in no table is told as it is, never guessed.

Words are compared without case, blanks, hyphens and underscores. A connection can teach more of them (`status_words`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

UNKNOWN = "unknown"

ATTESTATION: Mapping[str, str] = {
    # Ours for the states that Microsoft's pages describe without naming them (partner-center.md 5.6).
    "created": "created",
    "accepted": "accepted",
    "declined": "declined",
    "expired": "expired",
    # Seen in three vendors' wrappers (partner-center.md 14 (3)).
    "pending": "created",
    "unverified": "created",
    "linkgenerated": "created",
    "customeraccepted": "accepted",
    "valid": "accepted",
    "linkexpired": "expired",
    "agreementcreated": "recorded",
}
"""Of an enhanced attestation. `created`: it waits for its signatory; `recorded`: the agreement was made, and shows a
few minutes later."""

AGREEMENT: Mapping[str, str] = {
    **dict.fromkeys(("accepted", "signed", "attested", "active", "completed"), "accepted"),
    **dict.fromkeys(("customeraccepted", "valid", "agreementcreated"), "accepted"),
    **dict.fromkeys(("pending", "unverified", "linkgenerated", "created", "required"), "open"),
    **dict.fromkeys(("none", "notaccepted", "notsigned", "notattested", "inactive", "notrequested"), "open"),
    **dict.fromkeys(("expired", "linkexpired", "outdated"), "expired"),
    **dict.fromkeys(("declined", "rejected"), "declined"),
}
"""Of ION's `agreementStatus`, whose values are not published (ion.md 3): inferred."""

UNSPECIFIED = "CUSTOMER_STATUS_UNSPECIFIED"
PROFILE_STATUSES = ("ACTIVE", "INACTIVE", UNSPECIFIED)
"""Of ION's `customerStatus` (ion.md 2.5): each is a list of its own, the last one holds whatever is in
neither of the others."""
PROFILE: Mapping[str, str] = {"active": "active", "inactive": "inactive", "customerstatusunspecified": "inactive"}
"""Of ION's `customerStatus`; only ACTIVE can purchase."""

RELATIONSHIP: Mapping[str, str] = {
    "reseller": "related",
    **dict.fromkeys(("none", "advisor", "syndication", "microsoftsupport"), "not related"),
}
"""Of Partner Center's `relationshipToPartner` (partner-center.md 2.4); its word "unknown" is one that nobody can
interpret."""

PARTNERSHIP: Mapping[str, str] = {"active": "active", "inactive": "inactive"}
"""Of the `state` of an indirect reseller (partner-center.md 4.5 shows Active only)."""

MEANINGS = tuple(
    dict.fromkeys(m for table in (ATTESTATION, AGREEMENT, PROFILE, RELATIONSHIP, PARTNERSHIP) for m in table.values())
)


def plain(word: str) -> str:
    """The form in which words are compared."""
    return re.sub(r"[\s_-]", "", word).casefold()


def meaning(table: Mapping[str, str], word: str, taught: Mapping[str, str] | None = None) -> str:
    """What a word means, by the connection's own `taught` ones first; UNKNOWN for one that nobody knows."""
    own = {plain(theirs): ours for theirs, ours in (taught or {}).items()}
    found = own.get(plain(word), "")
    return found if found in table.values() else table.get(plain(word), UNKNOWN)


def relationship(word: str, taught: Mapping[str, str]) -> str:
    """What Microsoft's word for the relationship of a listed tenant (`relationshipToPartner`) means: related, not
    related or unknown. A tenant that is listed without a word is related."""
    return meaning(RELATIONSHIP, word, taught) if word else "related"
