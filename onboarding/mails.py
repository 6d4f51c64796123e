"""Mails to customers: exactly one of a kind, by a stable Message-ID and a marker that is kept in state.

Without a mail server the operator sends them: the next step holds address, subject and text. The tool never opens a
link in them.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clients.mail import Message
from onboarding import contract, labels, next_steps
from onboarding.contract import Known

if TYPE_CHECKING:
    from clients.connection import Session

_NAMESPACE = uuid.UUID("4f0b7f6c-3b1e-5d55-8a52-1f7b7a0c9d21")


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail. `kind` and `about` (attestation id, tenant) make it unique for a customer."""

    kind: str
    about: str
    to: str
    subject: str
    text: str
    copy: str = ""

    def marker(self) -> str:
        """Name of its marker in memory."""
        return f"mail_{self.kind}_{uuid.uuid5(_NAMESPACE, f'{self.about}|{self.to.lower()}').hex[:8]}"

    def values(self) -> dict[str, str]:
        """For an operator who sends it by hand."""
        return next_steps.mail_values(self.to, self.subject, self.text, self.copy)


def send_once(letter: Letter, key: str, known: Known, session: Session) -> tuple[str, dict[str, str]]:
    """Send unless it was sent. Returns what happened ("sent", "maybe", "failed", "no server") and what to remember."""
    before = known.memory.get(letter.marker(), "")
    if before:
        return before.split(" ", 1)[0], {}
    if session.mail is None:
        return "no server", {}
    unique = uuid.uuid5(_NAMESPACE, f"{session.account}|{session.partner_tenant}|{key}|{letter.marker()}")
    message = Message(
        to=letter.to,
        cc=letter.copy,
        subject=letter.subject,
        text=letter.text,
        html="",
        message_id=f"<{unique}@csp-onboarding>",
    )
    result = str(session.mail.send(message))
    return result, {} if result == "failed" else {letter.marker(): f"{result} {contract.now()} {letter.to}"}


def invitation(name: str, to: str, copy: str, company: str, link: str, session: Session) -> Letter:
    """To the Global Admin: what Microsoft will show, what it grants and what not."""
    partner = next_steps.distributor_name(session)
    text = (
        f"Hello {name},\n\n"
        f"{company} and we want to work together on Microsoft cloud services. Please sign in with your Global "
        f"Admin account and accept:\n\n"
        f"{link}\n\n"
        f"Microsoft will show {partner}, our distributor, and our name. The page also asks for the Microsoft "
        f"Customer Agreement "
        f"({labels.AGREEMENT_TEXT}). Accepting gives nobody administrator rights, and your existing subscriptions "
        f"stay as they are.\n\n"
        "When it is done, please reply with your Microsoft ID (tenant id).\n"
    )
    return Letter("invitation", link, to, f"Please accept the Microsoft partner relationship for {company}", text, copy)


def agreement(name: str, to: str, company: str, link: str, about: str) -> Letter:
    """To the signatory: the page where Microsoft's agreement is accepted."""
    text = (
        f"Hello {name},\n\n"
        f"before {company} can order Microsoft cloud services, the Microsoft Customer Agreement must be accepted "
        f"by somebody who may sign "
        "for the company. Microsoft shows it on this page:\n\n"
        f"{link}\n\n"
        f"The text to read beforehand: {labels.AGREEMENT_TEXT}\n"
    )
    return Letter("agreement", about, to, f"Microsoft Customer Agreement for {company}: please accept", text)
