"""Steps around the invitation of a customer's administrator, and mails that may not have left."""

from __future__ import annotations

from collections.abc import Mapping

from onboarding.steps.model import About, Instructions, Mail, Screen
from onboarding.steps.places import ADMIN_CENTER, ADMINISTRATOR, CONNECTION_FILE, TELEPHONE, said, who
from onboarding.steps.registry import step
from onboarding.steps.tenant import sent
from schemas.command import command


@step("customer")
def accept_link(about: About, *, tenant: str, link: str) -> Instructions:
    """An administrator of the customer accepts the link; the file names none, so a person sends it."""
    actions = (
        said(f"Send the relationship link to {ADMINISTRATOR} of {tenant}, who accepts it."),
        said("If the tool shall write the mail, set identity.method: invite with a global_admin in the customer file."),
    )
    return Instructions((Screen(ADMIN_CENTER, actions, who(about)),), link)


@step("customer")
def accept_invitation(
    about: About,
    *,
    admin: str,
    link: str,
    sent_on: str = "",
    by_hand: bool = False,
    unknown: bool = False,
    domain: str = "",
    candidate: str = "",
) -> Instructions:
    """The invited administrator accepts. `unknown`: nobody knows yet which tenant accepts; `domain`: what the file
    names of it; `candidate`: tenant of the address."""
    actions = [said(f"{admin} accepts the relationship link of the invitation as {ADMINISTRATOR}.")]
    if sent_on:
        actions.append(sent(sent_on, by_hand=by_hand))
    if unknown and domain:
        actions += [
            said(f"Microsoft knows no tenant of {domain} today: see with them whether identity.domain is right."),
            said("If another tenant accepts, set identity.tenant_id when they reply with the Microsoft ID."),
        ]
    elif unknown:
        actions.append(
            said(
                "The file names neither domain nor tenant id, so nobody recognises the acceptance: ",
                f"The domain of the address belongs to tenant {candidate}. " if candidate else "",
                "When they reply with the Microsoft ID, or Partner Center > Customers lists them, set "
                "identity.tenant_id.",
            )
        )
    return Instructions((Screen(ADMIN_CENTER, tuple(actions), who(about)),), link)


@step("us")
def send_invitation(about: About, *, key: str, mail: Mapping[str, str], link: str) -> Instructions:
    """No mail server: a person sends the invitation."""
    note = Mail.of(mail, about)
    actions = (
        said(
            f"Send the mail below to {note.to if note else ''} (",
            command("invite", "show", key, format="eml"),
            " writes it as a file), then run ",
            command("invite", "send", key, by_hand=True),
            ", which notes the day in the customer file.",
        ),
    )
    return Instructions((Screen("your mail program", actions, who(about)),), link, note)


@step("us")
def talk_about_invitation(about: About, *, key: str, admin: str, declined: bool, by_mail: bool) -> Instructions:
    """A person decides whether to invite again. `by_mail`: a command sends it."""
    still = "If they still want the relationship, "
    if declined:
        still += "remove identity.declined_on from the customer file, then "
    again: tuple[str, ...] = (command("invite", "renew", key), " sends a new invitation.")
    if not by_mail:
        send = command("invite", "send", key, by_hand=True)
        again = ("send it again (", command("invite", "show", key), ") and run ", send, ".")
    actions = (said(f"Talk to {admin}."), said(still, *again), said("Nothing is sent before."))
    return Instructions((Screen(TELEPHONE, actions, who(about)),))


@step("us")
def correct_invitation(about: About, *, key: str) -> Instructions:
    """The invitation was not sent: the mail server refused it."""
    actions = (
        said("Correct identity.global_admin.email or the mail server; every run tries again."),
        said("By hand: ", command("invite", "show", key), "."),
    )
    return Instructions((Screen("mail server", actions, who(about)),))


@step("us")
def add_relationship_link(about: About, *, connection: str) -> Instructions:
    """No relationship link names our reseller."""
    action = f"no relationship link names our reseller: add relationship_links to {connection}"
    return Instructions((Screen(CONNECTION_FILE, (said(action),)),))


@step("us")
def look_whether_sent(about: About, *, day: str, mail: Mapping[str, str], renew: str = "") -> Instructions:
    """A mail of which nobody knows whether it left: we ask, before anything is sent again. `renew`: the customer whose
    invitation a command sends anew."""
    note = Mail.of(mail, about)
    otherwise = (", or run ", command("invite", "renew", renew)) if renew else ()
    actions = (
        said(
            f"Ask {note.to if note else ''} whether the mail of {day} arrived: the run ended while it was sent, so "
            "nobody knows."
        ),
        said("If it did not arrive, send the mail below", *otherwise, "."),
    )
    return Instructions((Screen(f"{TELEPHONE}, or the mailbox that sends our mails", actions, who(about)),), mail=note)
