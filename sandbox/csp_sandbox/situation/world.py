"""Everything that one sandbox process holds, handed to every handler."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from csp_sandbox import ledger
from csp_sandbox.situation.clock import Clock
from csp_sandbox.situation.faults import Faults
from csp_sandbox.situation.recorder import Recorder
from csp_sandbox.situation.store import Store

_NAMESPACE = uuid.UUID("6f3f6a52-5d0c-4f0e-9f43-9a1f3b1f7c11")


class World:
    """Store, clock, faults, recorder and the readings of inferred rules.

    ``base`` is the root URL (no slash at the end). ``services`` are started before the ready line is printed and
    stopped at the end (a mail listener); ``before_request`` runs at the start of every request but the
    administrator's (people on automatic); ``ready_extra`` adds keys to the ready line.
    """

    def __init__(self, *, profile: str = "empty", db: Path | None = None, strict: bool = False, base: str = "") -> None:
        self.profile = profile
        self.strict = strict
        self.base = base
        self.store = Store(db)
        self.clock = Clock.load(self.store.meta.get("clock", {}))
        self.faults = Faults()
        self.recorder = Recorder()
        self._answers = 0
        #: Address of each system of its own, and the port it is at.
        self.hosts: dict[str, str] = {}
        self.ports: dict[int, str] = {}
        #: What administration and console ask for. Kept with the situation, so that open pages survive a restart.
        self.token = str(self.store.meta.get("token") or secrets.token_urlsafe(24))
        self.services: list[Callable[[World], AbstractAsyncContextManager[Any]]] = []
        self.before_request: list[Callable[[World], None]] = []
        self.ready_extra: dict[str, Any] = {}
        self.seeds: list[tuple[str, str]] = []  # JSON text and its name: what a reset plants again

    # -- addresses -------------------------------------------------------------------------------------------------
    @property
    def ion(self) -> str:
        """Base URL of ION (``/oauth`` and ``/api/v3`` below it)."""
        return f"{self.base}/ion"

    @property
    def partner_center(self) -> str:
        """Base URL of Partner Center (``/v1`` below it)."""
        return f"{self.base}/partner-center"

    @property
    def entra(self) -> str:
        """Base URL of the Microsoft login service."""
        return f"{self.base}/entra"

    @property
    def admin(self) -> str:
        """Base URL of the sandbox's own administration."""
        return f"{self.base}/_sandbox"

    @property
    def console(self) -> str:
        """Base URL of the web pages for people."""
        return f"{self.base}/console"

    # -- deterministic names ----------------------------------------------------------------------------------------
    def number(self, kind: str, start: int = 1) -> int:
        """The next number of a series; the series goes on after a restart."""
        key = f"number:{kind}"
        value = int(self.store.meta.get(key, start - 1)) + 1
        self.store.set_meta(key, value)
        return value

    def guid(self, kind: str) -> str:
        """The next GUID of a series, the same in every run of a profile."""
        return self.named_guid(f"{kind}/{self.number(f'guid:{kind}')}")

    def named_guid(self, name: str) -> str:
        """The GUID of a name within this profile."""
        return str(uuid.uuid5(_NAMESPACE, f"{self.profile}/{name}"))

    def request_guid(self) -> str:
        """An id for one answer; the series starts anew with the process."""
        self._answers += 1
        return self.named_guid(f"request/{self._answers}")

    def secret(self, name: str, length: int = 40) -> str:
        """A value that looks random and is the same in every run of a profile."""
        digest = hashlib.sha256(f"{_NAMESPACE}/{self.profile}/{name}".encode()).hexdigest()
        return (digest * (1 + length // len(digest)))[:length]

    # -- inferred rules ---------------------------------------------------------------------------------------------
    def choice(self, row: ledger.Switch) -> str:
        """The reading of an inferred rule in force: the profile's, else the strict or the default one."""
        chosen = self.store.meta.get("behaviours", {}).get(row.id)
        if chosen is not None:
            return str(chosen)
        return row.strict if self.strict else row.default

    def choose(self, chosen: dict[str, str]) -> None:
        """Set readings by rule id. Raises ValueError for an unknown rule or value."""
        known = ledger.switches()
        for rule_id, value in chosen.items():
            if rule_id not in known:
                raise ValueError(f"no switchable rule is called {rule_id}")
            if value not in dict(known[rule_id].choices):
                raise ValueError(
                    f"{rule_id} cannot be {value!r}; choose from {', '.join(dict(known[rule_id].choices))}"
                )
        self.store.set_meta("behaviours", {**self.store.meta.get("behaviours", {}), **chosen})

    def save_clock(self) -> None:
        """Keep the clock's position for the next start."""
        self.store.set_meta("clock", self.clock.dump())
