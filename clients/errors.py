"""What can go wrong on the wire, as a caller must tell it apart.

Every documented code of ION, Partner Center and Entra (docs/systems) maps to exactly one of these classes (tables in
`clients/ion/errors.py`, `clients/partner_center/errors.py` and `clients/entra/errors.py`, checked by
tests/clients/test_error_table.py).
"""

# The names say what a caller does next; a suffix Error would only make the except clauses longer.
# ruff: noqa: N818

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from clients.redact import redact
from schemas.command import Sentence, sentence

Owner = Literal["us", "customer", "distributor", "microsoft"]
OF_THIS_MACHINE = frozenset(("sandbox", "connection", "tokens", "handover", "locks", "mail templates"))
"""Systems of a problem that nobody else answered: the message says it all, our code for it nothing more."""


@dataclass(frozen=True, slots=True)
class Problem:
    """The facts of one failure. `shown_at` names the portal page or console menu that shows the same fact; `trace` is
    Microsoft's correlation vector, which its support asks for."""

    system: str
    operation: str
    status: int | None
    code: str
    message: str
    request_id: str = ""
    correlation_id: str = ""
    retry_after: float | None = None
    shown_at: str = ""
    trace: str = ""

    def line(self) -> str:
        """One redacted line: system, operation, answer, ids that support asks for; the message alone where the problem
        is on this machine."""
        answer = " ".join(part for part in (str(self.status or ""), self.code) if part)
        text = f"{self.system} {self.operation}: {answer + ' ' if answer else ''}{self.message}".strip()
        if self.system in OF_THIS_MACHINE:
            text = self.message
        ids = ", ".join(
            f"{label} {value}"
            for label, value in (
                ("request id", self.request_id),
                ("correlation id", self.correlation_id),
                ("MS-CV", self.trace),
            )
            if value
        )
        tail = f" [{ids}]" if ids else ""
        seen = f" (see {self.shown_at})" if self.shown_at else ""
        return redact(" ".join((text + seen + tail).split()))


class ClientError(Exception):
    """Base of all failures of this package. `str()` is one redacted line."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem

    def __str__(self) -> str:
        return self.problem.line()


class NotFound(ClientError):
    """A definite "not found". Whether it is absent or not visible yet, the caller decides from the object's age."""


class RetryLater(ClientError):
    """Could not look, or not sent: connection failure, budget or deadline used up, 429, 5xx on a read."""


class _WithAction(ClientError):
    """A failure that a person ends. action: what they do, as texts and commands; a text alone holds no command."""

    def __init__(self, problem: Problem, *, action: str | Sentence) -> None:
        super().__init__(problem)
        self.action = sentence(action)

    def __str__(self) -> str:
        return f"{self.problem.line()}; next: {redact(''.join(self.action))}"


class NotReached(_WithAction, RetryLater):
    """Something else answered: a certificate nobody vouches for, or a redirect. Nothing was refused by the system, so
    nothing is given up: a person mends the way, and until then every run tries again."""


class PersonMustAct(_WithAction):
    """A definite refusal that a person (`owner`) resolves, not a change of the declaration."""

    def __init__(self, problem: Problem, *, owner: Owner, action: str | Sentence) -> None:
        super().__init__(problem, action=action)
        self.owner: Owner = owner


class OurBug(ClientError):
    """A definite rejection that only a change of the code or of the declaration cures."""


class Unexpected(OurBug):
    """Something that none of us foresaw, while one thing was handled: an error in this program, or of this machine."""


@contextmanager
def contained() -> Iterator[None]:
    """Whatever goes wrong inside is a ClientError, so that who handles many customers has one kind of failure to tell:
    a line for this customer, and the others go on. Ctrl-C is no failure and passes."""
    try:
        yield
    except ClientError:
        raise
    except Exception as error:
        raise Unexpected(Problem("csp-onboarding", "error", None, type(error).__name__, _said(error))) from error


def _said(error: Exception) -> str:
    """What an exception says, without values of a model that it refuses, and where it comes from."""
    from pydantic import ValidationError

    if isinstance(error, ValidationError):
        parts = error.errors(include_input=False, include_url=False)
        words = "; ".join(f"{'.'.join(map(str, part['loc']))}: {part['msg']}" for part in parts)
    else:
        words = str(error)
    ours = [one for one in traceback.extract_tb(error.__traceback__) if "site-packages" not in one.filename]
    place = f" ({Path(*Path(ours[-1].filename).parts[-2:])}:{ours[-1].lineno})" if ours else ""
    return f"{words}{place}"


class UnknownOutcome(ClientError):
    """A write was sent and no final answer came: look up before anything else."""


class CredentialsLost(_WithAction):
    """The token chain is dead or its state is unknown: a person must log in again. `action` says exactly how."""


class WrongAccount(ClientError):
    """The credential belongs to another account than the connection names, or the answer does."""
