"""What no system can show, as a resource keeps it in state: models with named fields, one a resource.

`Memory` is their base. A run reads the whole (`Memory.of`) and tells what changes (`Memory.changes`), which is merged
into the state. Texts only, never a secret. 0.1.0 kept several values in one text (`<state> <since> <to>`); `regular`
reads those.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Protocol, Self

from pydantic import BaseModel, ConfigDict

from schemas.kinds.normal import nfc


class Remembers(Protocol):
    """What has a memory: what is known of a resource."""

    @property
    def memory(self) -> Mapping[str, Any]: ...


class Part(BaseModel):
    """Some values that belong together."""

    model_config = ConfigDict(frozen=True, defer_build=True)


class Mark(Part):
    """A mail that left, for sure or maybe. at: RFC 3339. to: its address."""

    result: Literal["sent", "maybe"]
    at: str
    to: str

    @property
    def day(self) -> str:
        """The day on which it left."""
        return self.at[:10]


class Invited(Part):
    """An invitation as the last look saw it. state: see tenant_identity.invitation. since: when that began, RFC 3339.
    to: whom it invites."""

    state: str
    since: str
    to: str = ""


class Signer(Part):
    """Who signs, and for which legal entity."""

    email: str
    entity: str

    def __str__(self) -> str:
        return f"{self.email} for {self.entity}"


class Sent(Part):
    """A create that nobody answered. at: when it was sent, RFC 3339. domain: of the tenant, "" in early states."""

    at: str
    domain: str = ""


class Recorded(Part):
    """That Microsoft called an agreement created. id: of its attestation. since: when we saw that first, RFC 3339."""

    id: str
    since: str


class Memory(Part):
    """Base of what a resource remembers. mails: those that left, by kind and a digest of occasion and address."""

    mails: Mapping[str, Mark] = {}

    @classmethod
    def of(cls, known: Remembers) -> Self:
        """What the last run left. Raises ValidationError for what nobody could have written."""
        return cls.model_validate(known.memory)

    @classmethod
    def changes(cls, **fields: Any) -> dict[str, Any]:
        """What to remember from now on, plain; "" or None forgets. Raises TypeError for a name that is no field."""
        if odd := fields.keys() - cls.model_fields:
            raise TypeError(f"{cls.__name__} remembers no {', '.join(sorted(odd))}")
        return {name: value.model_dump() if isinstance(value, Part) else value for name, value in fields.items()}


class Asking(Memory):
    """Of an agreement that somebody was asked for. attestation_id: Microsoft's. asked_for: who was to sign. asked_at:
    when they were asked last, RFC 3339. asked_times: how often since a person last ordered it. language: its own."""

    attestation_id: str = ""
    asked_for: Signer | None = None
    asked_at: str = ""
    asked_times: int = 0
    language: str = ""

    @property
    def times(self) -> int:
        """How often they were asked; once where 0.1.0 noted no number."""
        return self.asked_times or int(bool(self.attestation_id))


_SIGNERS = ("asked_for", "signer", "given_for")
_SPLIT: Mapping[str, tuple[str, ...]] = {
    "invited": ("state", "since", "to"),
    "create_sent": ("at", "domain"),
    "recorded": ("id", "since"),
}
_MAIL, _MARK = "mail_", ("result", "at", "to")


def regular(kept: Mapping[str, Any]) -> dict[str, Any]:
    """What a state holds under `memory`, in today's shape, texts in NFC."""
    found: dict[str, Any] = {}
    mails: dict[str, Any] = {}
    for name, value in kept.items():
        if isinstance(value, str) and name in _SPLIT:
            found["invitation" if name == "invited" else name] = _parted(value, _SPLIT[name])
        elif isinstance(value, str) and name in _SIGNERS:
            email, _, entity = value.partition(" | ")
            found[name] = {"email": nfc(email), "entity": nfc(entity)}
        elif name.startswith(_MAIL) and isinstance(value, str):
            mails[name.removeprefix(_MAIL)] = _parted(value, _MARK)
        else:
            found[name] = _nfc(value)
    if mails:
        found["mails"] = {**mails, **(found.get("mails") or {})}
    return found


def _parted(text: str, names: tuple[str, ...]) -> dict[str, str]:
    return dict(zip(names, nfc(text).split(" ", len(names) - 1), strict=False))


def _nfc(value: Any) -> Any:
    if isinstance(value, str):
        return nfc(value)
    if isinstance(value, Mapping):
        return {str(name): _nfc(one) for name, one in value.items()}
    return value
