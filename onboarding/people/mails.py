"""Mails to customers: exactly one of a kind, by a stable Message-ID, a marker on disk before the send and one in state.

Without a mail server the operator sends them: the next step holds address, subject and text. The tool never opens a
link in them.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from clients.mail import Message
from onboarding import steps
from onboarding.allowed import once
from onboarding.core.contract import Known, NextStep
from onboarding.core.remembered import Mark, Memory
from onboarding.people import letters
from onboarding.steps.model import Mail

if TYPE_CHECKING:
    from clients.session import Session

_NAMESPACE = uuid.UUID("4f0b7f6c-3b1e-5d55-8a52-1f7b7a0c9d21")


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail. `kind` and `about` (attestation id, round of an invitation) make it unique for a customer."""

    kind: str
    about: str
    to: str
    subject: str
    text: str
    html: str = ""
    copy: str = ""
    template: str = ""

    def marker(self) -> str:
        """Name of its marker in memory."""
        return marker(self.kind, self.about, self.to)

    def by_hand(self) -> dict[str, str]:
        """For an operator who sends it by hand: a parameter of a next step."""
        return Mail(self.to, self.subject, self.text, self.copy).as_dict()


def marker(kind: str, about: str, to: str) -> str:
    """Name of the marker of a mail in memory."""
    return f"{kind}_{uuid.uuid5(_NAMESPACE, f'{about}|{to.lower()}').hex[:8]}"


def message(letter: Letter, key: str, session: Session) -> Message:
    """The mail with its Message-ID, which is the same whenever and wherever it is made."""
    unique = uuid.uuid5(_NAMESPACE, f"{session.account}|{session.partner_tenant}|{key}|mail_{letter.marker()}")
    return Message(
        to=letter.to,
        cc=letter.copy,
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
        message_id=f"<{unique}@csp-onboarding>",
    )


@dataclass(frozen=True, slots=True)
class Sending:
    """What became of a mail. `memory`: what to remember. `why`: one line when it did not leave for sure."""

    result: Literal["sent", "maybe", "failed", "no server"]
    memory: dict[str, Any]
    why: str = ""


def send_once(letter: Letter, key: str, known: Known, session: Session) -> Sending:
    """Send unless state or the marker on disk says that it was, or may have been, sent."""
    mails = Memory.of(known).mails
    if before := mails.get(letter.marker()):
        return Sending(before.result, {})
    if session.mail is None:
        return Sending("no server", {})
    mail = message(letter, key, session)
    if why := once.refusal(once.mail(key, letter.kind, letter.to), mail.message_id, session):
        return Sending("failed", {}, why)
    with session.locks.hold("mail", mail.message_id):
        posted = session.outbox.post(mail, session.mail, doubtful=key in session.interrupted)
    if posted.result == "failed":
        return Sending("failed", {}, posted.why)
    mark = Mark(result=posted.result, at=posted.at, to=letter.to)
    marks = {name: one.model_dump() for name, one in {**mails, letter.marker(): mark}.items()}
    return Sending(posted.result, Memory.changes(mails=marks), posted.why)


def look_first(letter: Letter, day: str, renew: str = "") -> NextStep:
    """A mail of which nobody knows whether it left: we ask, before anything is sent again. `renew`: the customer whose
    invitation a command sends anew."""
    return steps.look_whether_sent(day=day, mail=letter.by_hand(), renew=renew)


def invitation(
    name: str, to: str, copy: str, company: str, link: str, session: Session, *, language: str = "en", number: int = 1
) -> Letter:
    """To the Global Admin: what Microsoft will show, what it grants and what not. `number` rises with each renewal.

    Raises PersonMustAct for a template of the reseller that cannot be used."""
    mail = letters.render("invitation", language, session, name=name, company=company, link=link)
    return Letter("invitation", f"round {number}", to, mail.subject, mail.text, mail.html, copy, mail.template)


def agreement(
    name: str, to: str, company: str, link: str, about: str, session: Session, *, language: str = "en"
) -> Letter:
    """To the signatory: the page where Microsoft's agreement is accepted.

    Raises PersonMustAct for a template of the reseller that cannot be used."""
    mail = letters.render("agreement", language, session, name=name, company=company, link=link)
    return Letter("agreement", about, to, mail.subject, mail.text, mail.html, template=mail.template)
