"""Steps of an account that is only looked at: nothing is declared, so they say where to look."""

from __future__ import annotations

from onboarding.steps.model import About, Instructions
from onboarding.steps.places import NEEDS_AGREEMENT, label, row, said
from onboarding.steps.registry import step
from schemas.kinds import microsoft


@step("us")
def look_for_row(about: About) -> Instructions:
    """ION shows no Microsoft row."""
    actions = (
        said("ION shows no Microsoft row."),
        said(
            "Either there is none (then add it with pricebook and currencies), or portal access is off and ION keeps "
            "it to itself, which is fine."
        ),
    )
    return Instructions((row(about, *actions, exists=False),))


@step("us")
def look_at_pricebook(about: About) -> Instructions:
    """What no API shows of a row that is there."""
    return Instructions((row(about, said("Look at pricebook and currencies: no API shows them.")),))


@step("us")
def connect_tenant(about: About) -> Instructions:
    """The row is there, and no tenant in it."""
    action = (
        f"Connect the customer's Microsoft tenant: {label('identity_new')}, or, once its administrator has accepted "
        f"the relationship link, {label('identity_existing')}."
    )
    return Instructions((row(about, said(action)),))


@step("us")
def look_behind_portal_access(about: About) -> Instructions:
    """Never a reason to switch portal access on: it lets the customer buy."""
    action = (
        "ION's API shows neither tenant nor agreement while portal access is off; leave it off and look at both there."
    )
    return Instructions((row(about, said(action)),))


@step("us")
def look_at_unknown_status(about: About, *, word: str) -> Instructions:
    """ION has a word for the agreement that is in no table."""
    action = f'ION says "{word}" of the agreement, and nobody knows what that means: look at it there.'
    return Instructions((row(about, said(action)),))


@step("us")
def renew_agreement(about: About, *, word: str = "") -> Instructions:
    """The agreement is not current. `word`: ION's for it."""
    action = (
        f"The Microsoft Customer Agreement is not current (ION says {word or 'nothing'}): fill in "
        f"{label('attestation')} with the person who agreed, or have an administrator of the customer accept it on the "
        f"page below: {NEEDS_AGREEMENT}."
    )
    return Instructions((row(about, said(action)),), microsoft.AGREEMENT_PAGE)
