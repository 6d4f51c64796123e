"""Steps that bring about the Microsoft Customer Agreement."""

from __future__ import annotations

from collections.abc import Mapping

from onboarding.steps.model import About, Instructions, Mail, Screen
from onboarding.steps.places import (
    ADMIN_CENTER,
    ADMINISTRATOR,
    AGREEMENT_PAGE,
    NEEDS_AGREEMENT,
    PARTNER_CENTER,
    TELEPHONE,
    entries,
    in_file,
    label,
    row,
    said,
    who,
)
from onboarding.steps.registry import step
from schemas.command import command
from schemas.kinds import microsoft


@step("us")
def attest_in_console(
    about: About,
    *,
    first_name: str,
    last_name: str,
    email: str,
    phone: str = "",
    agreed_on: str = "",
    hidden: bool = False,
) -> Instructions:
    """ION's attestation form, part of the same visit as the tenant. `hidden`: no API shows whether it is attested."""
    action = (
        f"{'If it is not attested yet, fill in' if hidden else 'Fill in'} {label('attestation')} (Microsoft Customer "
        "Agreement, also called Microsoft Cloud Customer Agreement) with the person who agreed"
        f"{'' if agreed_on else ' and the day of the agreement'}."
    )
    form = entries(
        signatory_first=first_name,
        signatory_last=last_name,
        signatory_email=email,
        signatory_phone=phone,
        agreement_date=agreed_on,
    )
    return Instructions((row(about, said(action), form=form),), confirm=("agreement",) if hidden else ())


@step("us")
def name_signatory(about: About) -> Instructions:
    """An adopted customer whose signatory no system shows."""
    action = "Name the customer's person who may sign in attestation.signatory."
    return Instructions((in_file("attestation.signatory", said(action)),))


@step("customer")
def accept_on_page(
    about: About,
    *,
    signatory: str,
    link: str,
    until: str = "",
    sent_on: str = "",
    mail: Mapping[str, str] | None = None,
) -> Instructions:
    """The customer's signatory accepts on Microsoft's page; the link is theirs alone. `signatory`: name and address;
    `until`: the last day of the page; `mail`: to send, where none was sent (`sent_on`)."""
    actions = [said(f"{signatory} accepts the Microsoft Customer Agreement on Microsoft's page: {NEEDS_AGREEMENT}.")]
    if until:
        actions.append(said(f"The page works until {until}."))
    actions.append(said(f"The mail was sent on {sent_on}." if sent_on else "Send the mail below."))
    return Instructions((Screen(AGREEMENT_PAGE, tuple(actions), who(about)),), link, Mail.of(mail, about))


@step("customer")
def accept_directly(about: About, *, email: str, mail: Mapping[str, str] | None = None) -> Instructions:
    """The customer accepts in its own admin center; an administrator signs in there."""
    action = (
        f"{email} accepts the Microsoft Customer Agreement in the {ADMIN_CENTER} (sign in as {ADMINISTRATOR}): "
        f"{NEEDS_AGREEMENT}."
    )
    screen = Screen(ADMIN_CENTER, (said(action),), who(about))
    return Instructions((screen,), microsoft.AGREEMENT_PAGE, Mail.of(mail, about))


@step("us")
def ask_signatory_anew(about: About, *, key: str, email: str) -> Instructions:
    """The signatory declined."""
    return Instructions(
        (
            in_file(
                "attestation.signatory",
                said(f"{email} declined."),
                said(
                    "Talk to the customer, correct the signatory if needed, then run ",
                    command("retry", key),
                    " to ask again.",
                ),
            ),
        )
    )


@step("us")
def find_out_acceptance(about: About, *, key: str, email: str) -> Instructions:
    """Microsoft has a word for the attestation that nobody knows."""
    ask = (
        f"Ask {email} whether the agreement was accepted, and look in Partner Center (Customers > {about.organization} "
        "> Account)."
    )
    teach = said("Teach the word to the connection file (status_words), or ask anew with ", command("retry", key), ".")
    return Instructions((Screen(PARTNER_CENTER, (said(ask), teach), who(about)),))


@step("us")
def wait_to_ask(about: About, *, email: str, day: str) -> Instructions:
    """The link ended without an answer, and the day to ask again is to come."""
    action = f"Nothing is to be done before {day}: the first run from then on asks {email} again with a new link."
    return Instructions((Screen("nowhere yet", (said(action),)),))


@step("us")
def talk_to_signatory(about: About, *, key: str, email: str, times: int) -> Instructions:
    """The signatory was asked often enough."""
    actions = (
        said(f"{email} was asked {times} times and did not answer."),
        said(
            "Talk to the customer, correct the signatory if needed, then run ", command("retry", key), " to ask again."
        ),
    )
    return Instructions((Screen(TELEPHONE, actions, who(about)),))


@step("us")
def look_at_agreement(about: About, *, key: str) -> Instructions:
    """ION has a word for the agreement that is in no table: a person looks, and says what it means."""
    actions = (
        said("Look at the agreement in ION."),
        said(
            "If it is accepted, teach ION's word to the connection file (status_words), or run ",
            command("confirm", key, "agreement"),
            ".",
        ),
    )
    return Instructions((row(about, *actions),))


@step("us")
def correct_signatory(about: About) -> Instructions:
    """Microsoft refused the request as it stands."""
    action = "Correct the signatory or the address in the customer file; see the reason."
    return Instructions((in_file("attestation", said(action)),))
