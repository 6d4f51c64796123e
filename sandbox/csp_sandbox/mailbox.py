"""Everybody's mailboxes: what the mail listener took in, what was seeded, what the people wrote to each other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from csp_sandbox.ledger import rule
from csp_sandbox.serving.smtp import Received, SmtpListener
from csp_sandbox.situation.model import Mail
from csp_sandbox.situation.world import World

MAIL = rule(
    "mail.delivery",
    "Mail for anyone is taken on 127.0.0.1 without a login and kept; a Message-ID that arrives twice is kept twice.",
    source="sandbox",
)


def deliver(world: World, received: Received) -> Mail:
    """Put a mail into the mailboxes of its recipients."""
    number = world.number("mail")
    mail = Mail(
        id=str(number),
        to=list(received.to),
        cc=list(received.cc),
        sender=received.sender,
        subject=received.subject,
        text=received.text,
        html=received.html,
        message_id=received.message_id or f"<{number}@sandbox.example>",
        received_at=world.clock.now(),
    )
    return world.store.mails.put(mail)


def write(world: World, *, sender: str, to: str, subject: str, text: str, cc: str = "") -> Mail:
    """A mail that one of the people writes. `to` and `cc` may hold several addresses, separated by commas."""
    split = [tuple(address.strip().lower() for address in field.split(",") if address.strip()) for field in (to, cc)]
    return deliver(world, Received(sender, split[0], split[1], subject, text, "", ""))


@asynccontextmanager
async def mail_service(world: World) -> AsyncIterator[None]:
    """The mail listener as a service of the process; adds `smtp` to the ready line."""

    def keep(received: Received) -> None:
        deliver(world, received)
        world.store.commit()

    listener = SmtpListener(keep)
    world.ready_extra["smtp"] = {"host": "127.0.0.1", "port": listener.bind()}
    await listener.start()
    try:
        yield
    finally:
        await listener.stop()
