"""Steps that concern our own account, a definite refusal, or this program; corrections of a customer file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from onboarding.core.contract import NextStep, Owner
from onboarding.steps.model import About, Entry, Instructions, Screen
from onboarding.steps.places import CONNECTION_FILE, PARTNER_CENTER, in_file, said, who
from onboarding.steps.registry import for_anybody, step
from schemas.command import Sentence, command, packed, parts, unpacked
from schemas.distributor import DISTRIBUTOR


@step("us")
def may_not_transact(about: About, *, connection: str, verdict: str) -> Instructions:
    """Microsoft lets us transact no business: it concerns every customer of the connection. `verdict`: Microsoft's."""
    actions = (
        said(f"Microsoft does not let our reseller account transact ({verdict})."),
        said(
            f"Check the partner id in the connection file {connection}, sign the Microsoft Partner Agreement if it is "
            f"open, else ask {DISTRIBUTOR.name}."
        ),
    )
    return Instructions((Screen(PARTNER_CENTER, actions, menu=("Account settings, Programs and Agreements",)),))


@step("us")
def look_at_programs(about: About, *, connection: str) -> Instructions:
    """No API shows whether we may sell: it concerns every customer of the connection."""
    actions = (
        said("Look whether the Microsoft CSP program is approved for our account."),
        said(
            "If it is, run ",
            command("confirm", connection, "reseller"),
            f"; if it is not, ask {DISTRIBUTOR.name} for it.",
        ),
        said("No API shows it, and it concerns every customer of the connection."),
    )
    return Instructions((Screen(DISTRIBUTOR.console, actions, menu=DISTRIBUTOR.programs),))


@step("us")
def look_and_confirm(about: About, *, key: str, gate: str, holds: str) -> Instructions:
    """No system shows a gate of the customer `key`, and no resource has a step for it. `holds`: when it is there."""
    actions = (
        said(f"Look whether {holds}: no system shows it."),
        said("If so, run ", command("confirm", key, gate), "."),
    )
    return Instructions((Screen(DISTRIBUTOR.console, actions, who(about)),))


@step("us")
def see_again(about: About, *, connection: str, do: str, customers: Sequence[str], why: str) -> Instructions:
    """Something could not be looked at, and `do` (a line) lets the next run see again."""
    form = (Entry("Not looked at", ", ".join(customers)), Entry("Why", why))
    return Instructions((Screen(f"connection {connection}", (parts(do),), form),))


def refused(owner: str, where: str, action: Sentence) -> NextStep:
    """A definite refusal: the error table of the system says who does what. `owner`: as an error names it; Microsoft's
    part goes through the distributor."""
    return NextStep("refused", _acts(owner), {"where": where, "action": packed(action)})


@for_anybody("refused")
def _refused(about: About, *, where: str, action: Sequence[str | Sequence[str]]) -> Instructions:
    return Instructions((Screen(where, (unpacked(action),)),))


@step("us")
def report_defect(about: About) -> Instructions:
    """Something in this program that nobody foresaw."""
    action = "Report the line above: it is an error of csp-onboarding."
    return Instructions((Screen("the output of this run", (said(action),)),))


@step("us")
def point_back(about: About) -> Instructions:
    """The connection leads to another account than the customer belongs to."""
    actions = (said("Point the connection back to its account."), said("Nothing is created in another one."))
    return Instructions((Screen(CONNECTION_FILE, actions),))


# The customer file.


@step("us")
def find_lost_profile(about: About, *, account: str) -> Instructions:
    """The profile that we knew is not in ION any more."""
    actions = (
        said(f"Find out why the profile is gone from ION account {account}."),
        said("To create it again, add recreate: true to the customer file."),
    )
    return Instructions((in_file("", *actions),))


@step("us")
def take_over_profile(about: About, *, differs: str) -> Instructions:
    """ION has the customer with other values. `differs`: field, file and ION, as one line."""
    actions = (
        said(f"Compare: {differs}."),
        said("Correct the file, or add adopt: true to it to take the profile over with the file's values."),
    )
    return Instructions((in_file("profile", *actions),))


@step("us")
def use_another_email(about: About) -> Instructions:
    """Somebody else's ION customer has the address."""
    action = f"Use another e-mail in profile.email, or ask {DISTRIBUTOR.name} who holds this one."
    return Instructions((in_file("profile.email", said(action)),))


@step("us")
def correct_language(about: About) -> Instructions:
    """ION does not know the language."""
    action = "Correct profile.language in the customer file (for example EN or FR)."
    return Instructions((in_file("profile.language", said(action)),))


@step("us")
def ask_what_ion_takes(about: About, *, part: str) -> Instructions:
    """ION wants a part of the address that the country does not have."""
    action = (
        f"Ask {DISTRIBUTOR.name} what ION takes there, and write it as profile.address.{part} (its own sample for "
        "France repeats the city); Microsoft's record need not repeat it: identity.address may leave it out."
    )
    return Instructions((in_file(f"profile.address.{part}", said(action)),))


@step("us")
def correct_file(about: About) -> Instructions:
    """A definite refusal of what the file says; the reason tells which part."""
    return Instructions((in_file("", said("Correct the customer file; see the reason.")),))


@step("us")
def add_to_file(
    about: About, *, field: str, allowed: Sequence[str] = (), example: str = "", pattern: str = ""
) -> Instructions:
    """A value is missing that Microsoft's rules of the country ask for."""
    form = _form(allowed, example, pattern)
    return Instructions((in_file(field, said(f"Add {field}{form or ' to the customer file'}.")),))


@step("us")
def rewrite_in_file(
    about: About, *, field: str, allowed: Sequence[str] = (), example: str = "", pattern: str = ""
) -> Instructions:
    """A value does not fit Microsoft's rules of the country."""
    form = _form(allowed, example, pattern)
    return Instructions((in_file(field, said(f"Correct {field}{form}.")),))


def _form(allowed: Sequence[str], example: str, pattern: str) -> str:
    told = f": one of {', '.join(allowed)}" if allowed else ""
    told += f", for example {example}" if example else ""
    return told + (f" (pattern {pattern})" if pattern else "")


@step("us")
def correct_address(about: About, *, field: str, suggested: str) -> Instructions:
    """Microsoft does not accept the address."""
    actions = (said("Correct the address in the customer file."), said(f"Microsoft suggests: {suggested}."))
    return Instructions((in_file(field, *actions),))


@step("us")
def look_for_template(about: About, *, key: str) -> Instructions:
    """Microsoft names no agreement template, so nobody could accept one."""
    action = said("Look in Partner Center whether the agreement is offered; then ", command("retry", key), ".")
    return Instructions((Screen(PARTNER_CENTER, (action,)),))


@step("us")
def name_reseller(about: About, *, connection: str) -> Instructions:
    """Without a reseller a new tenant would be a direct customer of the provider."""
    action = f"Name the reseller in the connection {connection}, or set identity.direct_customer: true if it is meant."
    return Instructions((Screen(CONNECTION_FILE, (said(action),)),))


@step("us")
def correct_reseller(about: About) -> Instructions:
    """The declared reseller is none of the provider's."""
    action = "Correct reseller.tenant_id in the connection (a tenant id, not the partner id)."
    return Instructions((Screen(CONNECTION_FILE, (said(action),)),))


@step("us")
def look_at_partnership(about: About, *, key: str) -> Instructions:
    """Microsoft does not call the partnership with the reseller active."""
    actions = (
        said("Look in Partner Center > Customers > Indirect resellers."),
        said(
            "A word that means active belongs into the connection file (status_words); then ",
            command("retry", key),
            ".",
        ),
    )
    return Instructions((Screen(PARTNER_CENTER, actions),))


@step("us")
def sign_partner_agreement(about: About, *, key: str) -> Instructions:
    """The reseller has not signed the Microsoft Partner Agreement."""
    action = said("The reseller signs it in its Partner Center; then ", command("retry", key), ".")
    return Instructions((Screen(PARTNER_CENTER, (action,)),))


def owned(step_: NextStep, owner: str) -> NextStep:
    """The step, done by the owner that an error names."""
    return replace(step_, owner=_acts(owner))


def _acts(owner: str) -> Owner:
    """Who does it, of the owners that errors name."""
    acts: dict[str, Owner] = {"microsoft": "distributor", "distributor": "distributor", "customer": "customer"}
    return acts.get(owner, "us")
