"""The systems that a sandbox serves. Importing them registers their operations and ledger rows."""

from __future__ import annotations

from csp_sandbox import admin_state  # noqa: F401  (registers operations)
from csp_sandbox.admin import ADMIN
from csp_sandbox.association import ASSOCIATION
from csp_sandbox.entra import ENTRA
from csp_sandbox.ion import ION
from csp_sandbox.web import System

SYSTEMS: tuple[System, ...] = (ADMIN, ION, ASSOCIATION, ENTRA)
