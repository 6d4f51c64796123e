"""The store of one-time credentials of a connection, without anything else of the connection."""

from __future__ import annotations

from pathlib import Path

import schemas
from clients.handover.store import HandoverStore
from clients.wire.clock import Clock, SystemClock


def open_handover(connection: schemas.Connection, home: Path, clock: Clock | None = None) -> HandoverStore:
    """The one-time credentials of a connection; sends nothing, and needs nothing else of the connection."""
    declared, vault = connection.handover, None
    clock = clock or SystemClock()
    if declared is not None and declared.key_vault:
        from clients.tokens.key_vault import KeyVaultHandover, open_vault

        vault = KeyVaultHandover(open_vault(str(declared.key_vault)), clock=clock)
    recipients = declared.recipients if declared else ()
    return HandoverStore(home, recipients, clock=clock, scope=connection.name, vault=vault)
