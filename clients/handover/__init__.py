"""One-time credentials: encrypted at birth, delivered once."""

from clients.handover.recipients import make_local_recipient
from clients.handover.store import Entry, HandoverStore

__all__ = ["Entry", "HandoverStore", "make_local_recipient"]
