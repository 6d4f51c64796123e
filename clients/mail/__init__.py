"""Mails to customers and to TD SYNNEX."""

from clients.mail.outbox import Outbox, Posted
from clients.mail.sender import MailSender, Message, SendResult, compose

__all__ = ["MailSender", "Message", "Outbox", "Posted", "SendResult", "compose"]
