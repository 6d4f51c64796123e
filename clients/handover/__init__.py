"""One-time credentials: encrypted at birth, delivered once."""

from clients.handover.entry import UNDELIVERED, Entry, newest
from clients.handover.recipients import make_local_recipient
from clients.handover.store import HandoverStore, Kept, Reservation

__all__ = ["UNDELIVERED", "Entry", "HandoverStore", "Kept", "Reservation", "make_local_recipient", "newest"]
