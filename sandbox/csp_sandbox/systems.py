"""The systems that a sandbox serves. Importing them registers their operations and ledger rows."""

from __future__ import annotations

from csp_sandbox import openapi
from csp_sandbox.admin import changes, inspect, situation  # noqa: F401  (registers operations)
from csp_sandbox.admin.control import ADMIN
from csp_sandbox.association import ASSOCIATION
from csp_sandbox.console.pages import CONSOLE
from csp_sandbox.entra import ENTRA
from csp_sandbox.ion import ION
from csp_sandbox.ledger import OURS, rule
from csp_sandbox.partner_center import PARTNER_CENTER
from csp_sandbox.people import administration  # noqa: F401  (registers operations)
from csp_sandbox.serving.web import Answer, Call, System

SYSTEMS: tuple[System, ...] = (ADMIN, ION, ASSOCIATION, ENTRA, PARTNER_CENTER, CONSOLE)


@ADMIN.operation(
    "admin.openapi",
    "GET",
    "/openapi.json",
    auth="none",
    rule=rule("admin.openapi", "The OpenAPI document of the simulated systems.", source=OURS),
)
def openapi_document(call: Call) -> Answer:
    """The OpenAPI document."""
    return Answer(200, openapi.document(SYSTEMS, call.world.base))
