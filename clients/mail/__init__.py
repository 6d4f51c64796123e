"""Mails to customers and to TD SYNNEX."""

from clients.mail.outbox import Outbox, Posted
from clients.mail.sender import WRITTEN, MailSender, Message, SendResult, compose

__all__ = ["WRITTEN", "MailSender", "Message", "Outbox", "Posted", "SendResult", "compose"]
