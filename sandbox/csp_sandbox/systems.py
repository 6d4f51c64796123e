"""The systems that a sandbox serves. Importing them registers their operations and ledger rows."""

from __future__ import annotations

from csp_sandbox.admin import ADMIN
from csp_sandbox.web import System

SYSTEMS: tuple[System, ...] = (ADMIN,)
