"""Mails to customers and to TD SYNNEX."""

from clients.mail.sender import MailSender, Message, SendResult

__all__ = ["MailSender", "Message", "SendResult"]
