"""Mailboxes, and the pages of Microsoft to which the links in them lead.

Sources: partner-center.md 4.3, 5.5, 5.6. Who opens a page from a mailbox is that person; a page opened in any
other way is opened by somebody else, which is counted: no program may open what a customer has to accept.
"""

from __future__ import annotations

from collections import Counter
from urllib.parse import quote

from csp_sandbox import links
from csp_sandbox.console.system import CONSOLE, missing
from csp_sandbox.entra.device import enter_device_code
from csp_sandbox.ledger import rule
from csp_sandbox.partner_center.attestations import current_status
from csp_sandbox.people import customers
from csp_sandbox.rendered import show
from csp_sandbox.serving.web import Answer, Call
from csp_sandbox.situation.model import Mail

MAILBOXES = rule(
    "console.mail", "Everybody's mailbox can be read and its links followed as that person.", source="sandbox"
)
INVITATION = rule(
    "console.microsoft.invitation",
    "The page behind an invitation names the partner and asks for relationship and agreement.",
    source="partner-center.md 4.3",
)
AGREEMENT = rule(
    "console.microsoft.agreement",
    "The page on which a Global Admin accepts the agreement directly.",
    source="partner-center.md 5.5",
)
ATTESTATION = rule(
    "console.microsoft.attestation",
    "The acceptance page of an attestation: accept or decline, without a sign-in.",
    source="partner-center.md 5.6",
    confidence="inferred",
)
DEVICE = rule(
    "console.devicelogin", "The page of a device code; signing in there includes a second factor.", source="sandbox"
)
STRANGERS = rule(
    "console.microsoft.strangers",
    "An acceptance page opened from outside a mailbox is counted and accepts nothing.",
    source="sandbox",
)


@CONSOLE.operation("console.mail.people", "GET", "/mail", rule=MAILBOXES)
def list_mailboxes(call: Call) -> Answer:
    """All mailboxes that hold something."""
    found = Counter(address for mail in call.world.store.mails for address in [*mail.to, *mail.cc])
    return show(call, "mailboxes.html", title="Mailboxes", mailboxes=sorted(found.items()))


@CONSOLE.operation("console.mail.list", "GET", "/mail/{address}", rule=MAILBOXES)
def show_mailbox(call: Call) -> Answer:
    """The mails of one person, newest first."""
    address = call.params["address"]
    mails = call.world.store.mails.find("to", address.casefold())[::-1]
    return show(call, "mailbox.html", title=address, address=address, mails=mails)


@CONSOLE.operation("console.mail.read", "GET", "/mail/{address}/{mail}", rule=MAILBOXES)
def show_mail(call: Call) -> Answer:
    """One mail, with its links."""
    address = call.params["address"]
    mail = call.world.store.mails.get(call.params["mail"])
    if mail is None or address.casefold() not in [*mail.to, *mail.cc]:
        raise missing(call, "mail")
    return show(call, "mail.html", title=mail.subject, address=address, mail=mail, pages=_pages(mail, address))


def _pages(mail: Mail, address: str) -> list[tuple[str, str]]:
    """Each link of a mail with the page of the sandbox that stands for it, "" when there is none."""
    out = []
    for url in links.in_mail(mail.text, mail.html):
        known = links.read(url) is not None
        out.append((url, f"/console/microsoft/accept?as={quote(address)}&link={quote(url, safe='')}" if known else ""))
    return out


def _stranger(call: Call) -> Answer:
    call.world.recorder.count("links_opened_by_others")
    text = "This page belongs to the customer. Open it from their mailbox: a partner must not accept for a customer."
    return show(call, "problem.html", 403, title="Microsoft", text=text)


@CONSOLE.operation("console.devicelogin", "GET", "/devicelogin", rule=DEVICE)
def device_login_page(call: Call) -> Answer:
    """Where a device code is entered."""
    return show(call, "devicelogin.html", title="Microsoft", code=call.query.get("otc", ""), problem="", done="")


@CONSOLE.operation("console.devicelogin.enter", "POST", "/devicelogin", rule=DEVICE, form=True)
def device_login(call: Call) -> Answer:
    """Enter a device code."""
    code = call.form().get("user_code", "")
    good = enter_device_code(call.world, code)
    done = "You have signed in. You may close this page." if good else ""
    problem = "" if good else "That code did not work. Check the code and try again."
    return show(call, "devicelogin.html", title="Microsoft", code=code, problem=problem, done=done)


@CONSOLE.operation("console.microsoft.open", "GET", "/microsoft/accept", rule=INVITATION)
def open_page(call: Call) -> Answer:
    """The page behind a link, as the person who got the mail."""
    person, url = call.query.get("as", ""), call.query.get("link", "")
    link = links.read(url)
    if not person or link is None:
        return _stranger(call)
    text, can = _question(call, link)
    return show(
        call,
        "accept.html",
        title="Microsoft",
        person=person,
        link=url,
        text=text,
        can=can,
        decline=isinstance(link, links.AttestationPage),
    )


def _question(call: Call, link: links.Link) -> tuple[str, bool]:
    store = call.world.store
    if isinstance(link, links.AttestationPage):
        attestation = store.attestations.get(link.attestation.lower())
        if attestation is None:
            raise missing(call, "agreement request")
        status = current_status(attestation, call.world.clock.now())
        who = f"{attestation.signatory.first_name} {attestation.signatory.last_name}"
        asked = f"{attestation.company}: {who} is asked to accept the Microsoft Customer Agreement."
        return f"{asked} This request is {status}.", status == "created"
    if isinstance(link, links.Invitation):
        account = store.accounts.first("partner_tenant", link.provider)
        partner = account.partner_name if account else "An unknown partner"
        reseller = f" together with {account.reseller_name}" if account and link.reseller else ""
        return (
            f"{partner}{reseller} would like to be your Microsoft Cloud Solution Provider. By accepting you "
            f"also accept the Microsoft Customer Agreement.",
            True,
        )
    return "Accept the Microsoft Customer Agreement for your organization.", True


@CONSOLE.operation("console.microsoft.accept", "POST", "/microsoft/accept", rule=AGREEMENT, form=True)
def accept(call: Call) -> Answer:
    """Press Accept or Decline as the person who got the mail."""
    form = call.form()
    person, url = form.get("as", ""), form.get("link", "")
    link = links.read(url)
    if not person or link is None:
        return _stranger(call)
    try:
        if form.get("answer") == "decline" and isinstance(link, links.AttestationPage):
            attestation = call.world.store.attestations.get(link.attestation.lower())
            if attestation is None or attestation.signatory.email.casefold() != person.casefold():
                raise customers.CannotAcceptError(customers.SIGNATORY, "only the signatory can decline")
            did = customers.decline_attestation(call.world, attestation)
        else:
            did = customers.follow(call.world, url, person)
    except customers.CannotAcceptError as error:
        return show(call, "problem.html", 409, title="Microsoft", text=str(error))
    text = f"{person} {did}." if did else "Nothing is left to accept here."
    return show(call, "done.html", title="Microsoft", text=text, address=person)


@CONSOLE.operation(
    "console.microsoft.attestation", "GET", "/microsoft/attestation/{attestation}", rule=ATTESTATION, auth="none"
)
def open_attestation(call: Call) -> Answer:
    """The mailed link of an attestation, opened directly."""
    return _stranger(call)
