"""A look that failed, for people: why, and the one thing to do so that the next run sees again."""

from __future__ import annotations

from typing import Self

from clients.errors import ClientError, WrongAccount
from schemas.command import command, for_connection, named


class Trouble(str):
    """Why something could not be looked at, as one line that ends with what to do, and both parts of it.

    why: without what to do. do: what the failure itself asks for, "" where it asks for nothing. Commands stand in
    backticks. connection: through which we looked. customer: its key, or words for one that no file declares; "" for
    everything behind the connection.
    """

    why: str
    do: str
    connection: str
    customer: str

    def __new__(cls, line: str, connection: str, customer: str = "", *, why: str = "", do: str = "") -> Self:
        self = super().__new__(cls, line)
        self.why, self.do, self.connection, self.customer = why or line, do, connection, customer
        return self

    @classmethod
    def of(cls, failure: ClientError, connection: str, customer: str = "") -> Self:
        """Of a failure on the wire; its commands name the connection."""
        why, do = for_connection(reason(failure), connection), remedy_of(failure, connection)
        return cls(for_connection(str(failure), connection), connection, customer, why=why, do=do)


def remedy_of(failure: Exception, connection: str) -> str:
    """What the failure itself asks for, "" where it asks for nothing."""
    return "".join(named(getattr(failure, "action", ()), connection))


def remedy(failure: Exception, connection: str) -> str:
    """The one thing that a person does so that the next run sees again. Commands stand in backticks."""
    if action := remedy_of(failure, connection):
        return action
    if isinstance(failure, WrongAccount):
        return f"point stacks/connections/{connection}.yaml back to its account"
    if isinstance(failure, ClientError):
        doctor = command("doctor", connection=connection)
        return f"run {doctor}, which names what does not answer; the next run looks again"
    return "report this line as a defect of csp-onboarding"


def reason(failure: Exception) -> str:
    """Why, without what to do about it."""
    return failure.problem.line() if isinstance(failure, ClientError) else str(failure)
