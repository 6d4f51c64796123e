"""Tickets for the distributor's operations, ready to paste."""

from __future__ import annotations

from onboarding.steps.model import About, Entry, Instructions, Screen
from onboarding.steps.places import entries, label, said, who
from onboarding.steps.registry import step
from onboarding.steps.tenant import another_prefix
from schemas.command import Sentence, command
from schemas.distributor import DISTRIBUTOR

_OPEN = "Open a ticket with the text below and wait for the answer."


def _ticket(about: About, text: str, *actions: Sentence, form: tuple[Entry, ...] = ()) -> Instructions:
    form = who(about) + entries(ticket=text.strip()) + form
    return Instructions((Screen(DISTRIBUTOR.support, actions or (said(_OPEN),), form),))


def _named(about: About) -> str:
    return f"{about.organization} ({about.email})"


@step("distributor")
def ask_to_reactivate(about: About, *, word: str = "INACTIVE") -> Instructions:
    """A profile that is not active, as ION says in its `word`: only the console or support can activate it."""
    return _ticket(
        about,
        f"Please set the customer {_named(about)} to ACTIVE again. The profile is {word}, so nothing can be ordered "
        "for it.",
    )


@step("distributor")
def ask_for_status(about: About, *, word: str) -> Instructions:
    """The profile has a status that nobody knows. `word`: ION's."""
    return _ticket(
        about,
        f'The profile of the customer {_named(about)} has the status "{word}". What does that mean, and what is needed '
        "for it to be ACTIVE?",
    )


@step("distributor")
def ask_to_relink(about: About, *, linked: str, declared: str, tenant: str, domain: str) -> Instructions:
    """Another tenant is linked than declared. `linked`, `declared`: each by domain and id, as far as known."""
    return _ticket(
        about,
        f"Customer {_named(about)}: the Cloud Provider row {label('legacy_azure')} is linked to the Microsoft tenant "
        f"{linked}. Please link it to {declared} instead.",
        form=entries(microsoft_id=tenant, domain=domain),
    )


@step("distributor")
def ask_for_tenant(
    about: About, *, domain: str = "", sent_to: str = "", day: str = "", candidate: str = ""
) -> Instructions:
    """Nobody here knows the tenant: the distributor's operations read it in Partner Center. `sent_to`, `day`: of the
    invitation; `candidate`: tenant of the administrator's e-mail domain."""
    text = f"Please tell us the Microsoft ID (tenant id) of our customer {_named(about)} from Partner Center"
    text += f", domain {domain}. " if domain else ". "
    if sent_to:
        text += f"Its administrator {sent_to} was sent the relationship link on {day}; "
        text += "please also say whether the relationship is there. "
    if candidate:
        text += f"Is it {candidate}, the tenant of the administrator's e-mail domain? "
    return _ticket(about, text)


@step("distributor")
def ask_about_half_made(about: About, *, key: str, domain: str, sent: str, free: str) -> Instructions:
    """A create got no answer, and the domain is taken since. `sent`: when (RFC 3339); `free`: a prefix that is."""
    return _ticket(
        about,
        f"Customer {_named(about)}: the create of the Microsoft tenant {domain} at {sent} got no answer. The domain is "
        "taken since, and the tenant is not in our list of customers. Please tell us whether it exists and relate it "
        "to us, or release the domain.",
        said(
            f"Ask {DISTRIBUTOR.name}'s operations (or Microsoft's partner support) with the text below whether the "
            "tenant exists."
        ),
        said(f"If not: {another_prefix(free)}"),
        said("If it does, ", command("retry", key), " takes it over."),
    )


@step("distributor")
def ask_about_agreement(about: About, *, tenant: str) -> Instructions:
    """Only the distributor can see at Microsoft what stands in the way."""
    return _ticket(
        about,
        f"The signatory of {_named(about)}, tenant {tenant}, accepted the Microsoft Customer Agreement. Microsoft "
        "refuses to put it on record (600061: there is one already), yet lists no agreement that is current. Please "
        "have it looked at.",
    )
