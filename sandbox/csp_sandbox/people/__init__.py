"""The people around the systems: customers, our ION operator, TD SYNNEX operations."""

from __future__ import annotations

from csp_sandbox.mailbox import mail_service
from csp_sandbox.people.work import before_request
from csp_sandbox.situation.world import World


def move_in(world: World) -> None:
    """Give a world its people and their mail server."""
    world.services.append(mail_service)
    world.before_request.append(before_request)
