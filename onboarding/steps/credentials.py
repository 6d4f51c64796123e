"""Steps for the one-time password of a new tenant's administrator. None of them stops an order."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from onboarding.core.contract import NextStep
from onboarding.steps.model import About, Entry, Instructions, Screen
from onboarding.steps.places import ADMIN_CENTER, COMMAND_LINE, PARTNER_CENTER, said, who
from onboarding.steps.registry import step
from schemas.command import command
from schemas.distributor import DISTRIBUTOR
from schemas.kinds import microsoft

_WITH_KEY = f"{COMMAND_LINE}, with the private key of a recipient"


@step("us")
def reset_password(about: About, *, key: str) -> Instructions:
    """Nobody has the one-time password: the only way is a new one."""
    actions = (
        said("Nobody has the one-time password of the tenant's administrator."),
        said(
            "Reset it: Partner Center user administration (needs GDAP), else ask Microsoft support through "
            f"{DISTRIBUTOR.name}."
        ),
        said(
            "Store the new one with ",
            command("handover", "put", key),
            "; when the client resets it alone, say so with ",
            command("handover", "record", key),
            ".",
        ),
    )
    screen = Screen(f"{ADMIN_CENTER}, or {PARTNER_CENTER} > Customers", actions, who(about))
    return Instructions((screen,), microsoft.ADMIN_CENTER)


@step("us")
def store_password(about: About, *, key: str) -> Instructions:
    """No place took the one-time password: the output of the run that made the tenant, and the state, hold it
    encrypted."""
    actions = (
        said("No place took the one-time password of the tenant's administrator."),
        said(
            "The output of the run that made the tenant holds it as one line of base64, and the state as "
            "credentials_text: decode it (base64 -d), open it with the private key (age -d -i), and store it with ",
            command("handover", "put", key),
            ".",
        ),
        said(
            "If it cannot be opened, state that with ",
            command("handover", "lost", key, why="nobody can open it"),
            ".",
        ),
    )
    return Instructions((Screen(_WITH_KEY, actions, who(about)),))


@step("us")
def deliver_credentials(about: About, *, key: str, recipient: str = "") -> Instructions:
    """The one-time password waits, encrypted."""
    actions = (
        said("The one-time password of the tenant's administrator waits."),
        said(
            "Deliver it once, to a named person and not by the mail that carries the user name: ",
            command("handover", "deliver", key),
            ".",
        ),
    )
    form = who(about) + ((Entry("Recipient", recipient),) if recipient else ())
    return Instructions((Screen(_WITH_KEY, actions, form),))


@step("us")
def interrupted_delivery(about: About, *, key: str, to: str, by: str, on: str) -> Instructions:
    """A delivery began and its end was not noted: only the people know. `on`: the day."""
    lost = command("handover", "lost", key, why="somebody else may have seen it")
    actions = (
        said(f"A delivery of the one-time password to {to} by {by} on {on} did not end."),
        said("If it arrived: ", command("handover", "deliver", key, arrived=True), "."),
        said("If nobody saw it: ", command("handover", "deliver", key, nothing_arrived=True), "."),
        said("If somebody else may have seen it: ", lost, "."),
    )
    return Instructions((Screen(f"ask {by} and {to}", actions, who(about)),))


@step("us")
def credentials_unknown(about: About, *, key: str) -> Instructions:
    """A tenant that was made in the console, whose password nobody stored."""
    actions = (
        said("The tenant is there, and nobody has said where the one-time password of its administrator is."),
        said("If you have it: ", command("handover", "put", key), "."),
        said("If it is kept elsewhere or the client has it: ", command("handover", "record", key), "."),
        said(
            "If the screen was closed before it was copied: ",
            command("handover", "lost", key, why="the screen was closed"),
            ".",
        ),
    )
    return Instructions((Screen(COMMAND_LINE, actions, who(about)),))


LOST, IN_OUTPUT = "lost", "output"
"""What the state says of credentials that no store has: nobody received them; the output of the run that made the
tenant holds them, encrypted, because no place took them."""
UNKEPT: Mapping[str, Callable[[str], NextStep]] = {
    LOST: lambda key: reset_password(key=key),
    IN_OUTPUT: lambda key: store_password(key=key),
}
"""What to do about them, for the customer with that key."""
