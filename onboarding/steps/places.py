"""The places that steps lead to, and what is entered in every form."""

from __future__ import annotations

from onboarding.steps.model import About, Entry, Screen
from schemas.command import Sentence
from schemas.distributor import DISTRIBUTOR

CUSTOMER_FILE, CONNECTION_FILE = "customer file", "connection file"
"""Where a step is a line of one of our files; `onboarding.steps.files` names the file and the line."""
PARTNER_CENTER, ADMIN_CENTER = "Partner Center", "Microsoft 365 admin center"
AGREEMENT_PAGE = "Microsoft's agreement page"
TELEPHONE, COMMAND_LINE = "telephone", "command line"
ROW = "Cloud Provider row"
"""The form of ION that holds row, identity and attestation: one visit."""
ADMINISTRATOR = "an administrator (Global or Billing Administrator)"
"""Who accepts at Microsoft. Its pages name one role here and the other there, so both are told."""
NEEDS_AGREEMENT = "without a current agreement Microsoft takes no order, seat change, upgrade, term or billing change"
"""Since 2025-10-07 (partner-center.md 14 (6))."""

label = DISTRIBUTOR.label


def said(*parts: str) -> Sentence:
    """A sentence of texts and commands; empty parts are left out."""
    return tuple(filter(None, parts))


def entries(**named: str | None) -> tuple[Entry, ...]:
    """Values by the names of their labels, in the order given; what is empty is left out."""
    return tuple(Entry(label(name), text) for name, text in named.items() if text)


def who(about: About) -> tuple[Entry, ...]:
    """The customer, as every form asks for it."""
    return entries(customer=about.organization, customer_email=about.email)


def row(about: About, *actions: Sentence, exists: bool = True, form: tuple[Entry, ...] = ()) -> Screen:
    """The Cloud Provider row of the customer, edited or added."""
    menu = (*DISTRIBUTOR.customers, about.organization, *DISTRIBUTOR.providers)
    menu += (label("legacy_azure"),) if exists else (label("add"), label("legacy_azure"))
    return Screen(DISTRIBUTOR.console, actions, who(about) + form, menu, form=ROW)


def in_file(field: str, *actions: Sentence, form: tuple[Entry, ...] = ()) -> Screen:
    """A line of the customer file. `field`: dotted path, "" for the whole file."""
    return Screen(CUSTOMER_FILE, actions, form, field=field)
