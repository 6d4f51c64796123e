"""A look that failed, for people: why, and the one thing to do so that the next run sees again."""

from __future__ import annotations

from clients.errors import ClientError, WrongAccount
from schemas.command import command


def remedy(failure: Exception, connection: str) -> str:
    """The one thing that a person does so that the next run sees again."""
    if action := getattr(failure, "action", ""):
        return str(action)
    if isinstance(failure, WrongAccount):
        return f"point stacks/connections/{connection}.yaml back to its account"
    if isinstance(failure, ClientError):
        doctor = command("doctor", connection=connection)
        return f"run {doctor}, which names what does not answer; the next run looks again"
    return "report this line as a defect of csp-onboarding"


def reason(failure: Exception) -> str:
    """Why, without what to do about it."""
    return failure.problem.line() if isinstance(failure, ClientError) else str(failure)
