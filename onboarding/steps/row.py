"""Steps at the Cloud Provider row: pricebook, currencies, portal access; a customer who leaves."""

from __future__ import annotations

from collections.abc import Sequence

from onboarding.core.words import OFF
from onboarding.steps.model import About, Instructions
from onboarding.steps.places import entries, in_file, label, row, said, who
from onboarding.steps.registry import step
from schemas.command import command
from schemas.distributor import DISTRIBUTOR


@step("us")
def fill_in_row(about: About, *, names: Sequence[str], exists: bool) -> Instructions:
    """The file leaves open what the row has. `names`: fields under cloud_provider."""
    path = row(about, exists=exists)
    fields = [f"cloud_provider.{name}" for name in names]
    action = (
        f"Fill in {', '.join(fields)} from ION ({path.system}: {' > '.join(path.menu)}): nobody has written down what "
        "the row has, and no API shows it."
    )
    return Instructions((in_file(fields[0], said(action), form=who(about)),))


@step("us")
def set_row(
    about: About,
    *,
    provider: str,
    pricebook: str,
    provider_currency: str,
    invoice_currency: str,
    portal_access: str,
    exists: bool = False,
    hidden: bool = False,
    differs: bool = True,
    confirm: Sequence[str] = (),
) -> Instructions:
    """Add or correct the row in the console. `hidden`: nobody can see whether it exists; `differs`: what is seen of it
    is not as declared; `portal_access`: on or off."""
    look = exists and not differs and not hidden
    if hidden:
        verb = "Look at the row (add it if it is missing) and set"
    elif look:
        verb = "The row is there: look whether it has"
    else:
        verb = "Open the row and set" if exists else "Add the row with"
    ending = " and correct what differs" if exists and not differs else f", then {label('save')}"
    form = entries(
        provider=provider,
        pricebook=pricebook,
        provider_currency=provider_currency,
        invoice_currency=invoice_currency,
        portal_access=portal_access,
    )
    action = said(f"{verb} pricebook, currencies and portal access as below{ending}.")
    return Instructions((row(about, action, exists=exists or hidden, form=form),), confirm=tuple(confirm))


@step("us")
def switch_portal_off(about: About) -> Instructions:
    """A leaving customer can still buy."""
    return Instructions(
        (
            row(
                about,
                _is_leaving(about),
                said(PORTAL_OFF),
                said(NOTHING_DELETED),
                form=entries(portal_access=OFF),
            ),
        )
    )


@step("us")
def settle_leaving(about: About) -> Instructions:
    """What is open for a leaving customer."""
    action = said("Settle what is open: ", command("status"), " shows it.")
    then = said("Then set lifecycle: left in the customer file.")
    return Instructions((row(about, _is_leaving(about), action, then, said(NOTHING_DELETED)),))


@step("us")
def end_customer(about: About, *, key: str, portal: str, settle: bool, relationship: str) -> Instructions:
    """All that is open for a customer who leaves. `portal`: "next run", "by hand" or ""; `settle`: subscriptions are
    not settled; `relationship`: who can end it, "api", "distributor" or ""."""
    actions = [_is_leaving(about)]
    if portal:
        actions.append(said("The next run switches portal access off." if portal == "next run" else PORTAL_OFF))
    if settle:
        actions.append(
            said(
                "Let every subscription be cancelled or moved; when all are settled, set lifecycle: left in the "
                "customer file."
            )
        )
    if relationship == "api":
        actions.append(
            said(
                "If the relationship shall end too: set on_remove: end-relationship with it, run ",
                command("up"),
                ", then remove the file and run ",
                command("up", before="CSP_ALLOW_REMOVALS=1"),
                ".",
            )
        )
    elif relationship:
        actions.append(
            said(
                f"If the relationship shall end too: ask {DISTRIBUTOR.name} for it in a ticket; no API of ours ends it "
                f"for {key}."
            )
        )
    form = entries(portal_access=OFF if portal else "")
    return Instructions((row(about, *actions, said(NOTHING_DELETED), form=form),))


PORTAL_OFF = "Switch portal access off: as long as it is on, the customer can buy."
NOTHING_DELETED = "Nothing is deleted in ION."


def _is_leaving(about: About) -> tuple[str, ...]:
    return said(f"{about.organization} is leaving.")


@step("us")
def take_over_row(about: About) -> Instructions:
    """There is a row with other values, and nobody said that it is ours."""
    action = "Correct the file, or add adopt: true to it to give the row the file's values."
    return Instructions((in_file("cloud_provider", said(action)),))


@step("us")
def declare_row(about: About) -> Instructions:
    """An API adds the row, and the file leaves open what is in it."""
    action = said("Fill in pricebook and currencies under cloud_provider; then ", command("up"), ".")
    return Instructions((in_file("cloud_provider", action),))


@step("us")
def correct_row(about: About) -> Instructions:
    """The association endpoint refused the row."""
    action = "Correct cloud_provider in the customer file; see the reason."
    return Instructions((in_file("cloud_provider", said(action)),))
