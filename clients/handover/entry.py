"""What is known of a one-time credential without its value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

KEPT = ("age", "key_vault")
"""Kinds of which we hold the value."""
UNDELIVERED = ("waiting", "interrupted")
"""States in which somebody still waits for the value that we hold."""
SETTLED = ("delivered", "replaced")
"""States that a newer entry leaves as they are."""


@dataclass(frozen=True, slots=True)
class Entry:
    """All texts, "" for what has not happened. Dates are ISO 8601, UTC.

    `kind`: `age` or `key_vault` (we hold the value), `elsewhere` (the operator keeps it where `elsewhere` says), `none`
    (nobody ever held it). `opened`: a delivery began, noted before anything was decrypted; `delivered`: it ended, and
    the value is gone. Between the two nobody but the people can say whether the value was seen. `lost`: somebody stated
    that nobody has the value (`why`), so that only a reset helps. `replaced`: a newer entry took its place.
    """

    reference: str
    customer: str
    user_name: str
    kind: str
    created: str
    created_by: str = ""
    opened: str = ""
    delivered_to: str = ""
    delivered_by: str = ""
    delivered: str = ""
    elsewhere: str = ""
    lost: str = ""
    lost_by: str = ""
    why: str = ""
    replaced: str = ""

    @property
    def state(self) -> str:
        """`waiting` for its delivery, `interrupted` in it, `delivered`, `elsewhere`, `lost` or `replaced`."""
        if self.replaced:
            return "replaced"
        if self.lost:
            return "lost"
        if self.delivered:
            return "delivered"
        if self.kind == "elsewhere":
            return "elsewhere"
        return "interrupted" if self.opened else "waiting"

    @property
    def done(self) -> bool:
        """The value may not be kept any longer."""
        return self.state in ("delivered", "lost", "replaced")

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Entry:
        """From what was kept; names of other releases are left out. Raises TypeError when something is missing."""
        names = {field.name for field in fields(cls)}
        return cls(**{name: str(text) for name, text in data.items() if name in names})


def newest(entries: list[Entry]) -> Entry | None:
    """The entry that counts for a customer: the last one that nothing replaced."""
    standing = [entry for entry in entries if not entry.replaced]
    return max(standing, key=lambda entry: (entry.created, entry.reference), default=None)
