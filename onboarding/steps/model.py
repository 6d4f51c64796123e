"""A next step as data: what one person does, screen by screen, for one customer.

Texts are made of it in `onboarding.steps.text` only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import schemas
from onboarding.core.contract import Owner
from schemas.command import Sentence


@dataclass(frozen=True, slots=True)
class About:
    """The customer of a step, as its texts name it. admin: who would accept an invitation, with the address."""

    organization: str
    email: str
    admin: str = ""
    admin_email: str = ""

    @classmethod
    def of(cls, customer: schemas.Customer) -> About:
        """The customer of a file. Where it names no Global Admin: the signatory, else the contact."""
        profile, signatory = customer.profile, customer.attestation.signatory
        if isinstance(customer.identity, schemas.InviteIdentity):
            admin, address = customer.identity.global_admin.name, customer.identity.global_admin.email
        elif signatory is not None:
            admin, address = f"{signatory.first_name} {signatory.last_name}", signatory.email
        else:
            admin, address = profile.contact_name, profile.email
        return cls(profile.organization, profile.email, admin, address)

    def filled(self, text: str) -> str:
        """A text that was written before anybody asked for names, with the names instead of the placeholders."""
        names = {"customer": self.organization, "email": self.email, "admin": self.admin}
        for name, value in {**names, "admin_email": self.admin_email}.items():
            text = text.replace(f"{{{name}}}", value)
        return text


@dataclass(frozen=True, slots=True)
class Entry:
    """One field of a form: its label on the screen, and what to enter."""

    label: str
    value: str


def once(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Each label once, where it stands first, with its first value: forms of one visit share the customer."""
    found: dict[str, Entry] = {}
    for entry in entries:
        found.setdefault(entry.label, entry)
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class Screen:
    """One place to go to. system: the console, program or person. menu: the path in it, one element a click. actions:
    what to do there, in order. entries: in the order of the form. field: dotted path of a field, where the place is a
    line of one of our files. form: screens with the same one are one visit ("" for none)."""

    system: str
    actions: tuple[Sentence, ...]
    entries: tuple[Entry, ...] = ()
    menu: tuple[str, ...] = ()
    field: str = ""
    form: str = ""


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that a person sends by hand. copy: address of a copy, or ""."""

    to: str
    subject: str
    text: str
    copy: str = ""

    def as_dict(self) -> dict[str, str]:
        """As a parameter of a step."""
        return {"to": self.to, "subject": self.subject, "text": self.text} | ({"copy": self.copy} if self.copy else {})

    @classmethod
    def of(cls, kept: Mapping[str, str] | None, about: About) -> Mail | None:
        """The mail of such a parameter, with the customer's names; None for none."""
        return cls(**{name: about.filled(text) for name, text in kept.items()}) if kept else None


@dataclass(frozen=True, slots=True)
class Confirm:
    """What the person records afterwards, because no API shows it: a command for each gate. hidden: it would be seen if
    portal access were on, and portal access stays off."""

    key: str
    gates: tuple[str, ...]
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Instructions:
    """A whole step: screens in order, the link and the mail that belong to it. confirm: gates to record afterwards;
    recorded: the same with their commands, once it is known which of them are still open."""

    screens: tuple[Screen, ...]
    link: str = ""
    mail: Mail | None = None
    confirm: tuple[str, ...] = ()
    code: str = ""
    owner: Owner = "us"
    recorded: Confirm | None = None

    def but_first(self, **changes: object) -> Instructions:
        """The same with the first screen changed."""
        first, *others = self.screens
        return replace(self, screens=(replace(first, **changes), *others))  # type: ignore[arg-type]
