"""Words that stand for a value in facts, files and texts alike."""

from __future__ import annotations

import schemas

ON, OFF = "on", "off"
"""A toggle, as the console shows it."""


def on_off(value: bool) -> str:
    """A toggle in the console's words."""
    return ON if value else OFF


def confirmed_by(given: schemas.Confirmation) -> str:
    """Who stated it, when, and where the evidence is."""
    return f"{given.by} on {given.on.isoformat()}" + (f" ({given.ref})" if given.ref else "")
