"""Answers that the reads of a run will need, asked for before they do.

A plugin reads four resources at a time (the SDK's workers), which is less than a connection may have under way. `csp`
knows from the state what will be read, so it writes down the questions that cost one call a customer; the first read of
a connection starts threads that ask them. Who reads first asks first: no question is asked twice (`Look._once`).
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clients.errors import ClientError, NotFound
from onboarding.look.shown import row_of
from schemas.read.json_text import json_of
from schemas.write.whole_file import private_folder, write_whole

if TYPE_CHECKING:
    import schemas
    from onboarding.look.snapshot import EstateLook

ROW, AGREEMENTS, DIRECT = "row", "agreements", "direct"
Question = tuple[str, str]
"""What is asked, and of whom: an ION customer for ROW, a tenant for the two others."""


def questions(
    states: Mapping[str, Mapping[str, Mapping[str, Any]]], estate: schemas.Estate
) -> dict[str, list[Question]]:
    """What the reads of every resource in state will ask, by connection: one question a customer and system.

    states: customer key -> kind -> outputs."""
    found: dict[str, list[Question]] = {}
    for one in estate.customers:
        kinds = states.get(one.key, {})
        if one.lifecycle != "active":
            continue
        mine = found.setdefault(one.connection, [])
        row = kinds.get("ProviderAssociation", {}).get("ion_customer_id")
        if row:
            mine.append((ROW, str(row)))
        agreement = kinds.get("Attestation", {})
        if tenant := agreement.get("tenant_id"):
            direct = (agreement.get("memory") or {}).get("kind") == "direct"
            mine.append((DIRECT if direct else AGREEMENTS, str(tenant)))
    return found


def write(home: Path, stack: str, asked: Mapping[str, list[Question]]) -> None:
    """For the plugins of the next run of a stack. A folder that cannot be written costs time and nothing else."""
    with contextlib.suppress(OSError):
        file = _file(home, stack)
        private_folder(file.parent)
        write_whole(file, json.dumps(asked).encode(), mode=0o600)


def begin(look: EstateLook, home: Path, stack: str, connection: str) -> None:
    """Ask the questions of a connection in the background, as many at a time as its limits allow."""
    look.ahead = deque(_read(_file(home, stack), connection))
    for _ in range(min(look.session.connection.limits.concurrency, len(look.ahead))):
        threading.Thread(target=_ask_all, args=(look,), name="ahead", daemon=True).start()


def _ask_all(look: EstateLook) -> None:
    while True:
        try:
            what, whom = look.ahead.popleft()
        except IndexError:
            return
        try:
            _ask(look, what, whom)
        except NotFound:
            continue
        except ClientError:  # whoever reads that customer tells it; the rest may fail as well, so each asks for itself
            look.ahead.clear()


def _ask(look: EstateLook, what: str, whom: str) -> None:
    if what == ROW:
        if look.session.ion is not None:
            row_of(look, whom)
    elif look.session.partner_center is not None:
        look.agreements(whom) if what == AGREEMENTS else look.directly_signed(whom)


def _read(file: Path, connection: str) -> list[Question]:
    try:
        return [(str(what), str(whom)) for what, whom in json_of(file.read_text("utf-8"))[connection]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _file(home: Path, stack: str) -> Path:
    return home / "runs" / f"{stack}.ahead.json"
