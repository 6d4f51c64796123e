"""One line of `csp doctor`."""

from dataclasses import dataclass
from typing import Literal

from clients.errors import ClientError, CredentialsLost, NotReached, PersonMustAct, RetryLater, WrongAccount
from clients.redact import redact
from schemas.command import for_connection, shown

Verdict = Literal["pass", "warn", "fail", "note"]
"""`note`: what no file can set and nothing here can see; somebody has to know it."""


@dataclass(frozen=True, slots=True)
class Check:
    """`about`: a connection or the stack; `what` was checked and what was `found`; `fix`: "" when nothing is to do."""

    about: str
    what: str
    verdict: Verdict
    found: str
    fix: str = ""

    def line(self) -> str:
        """The check as text of one or two lines."""
        return f"{self.verdict}  {self.what:22} {self.found}" + (f"\n      fix: {self.fix}" if self.fix else "")

    def __post_init__(self) -> None:
        for name in ("found", "fix"):
            told = for_connection(getattr(self, name), self.about)
            object.__setattr__(self, name, shown(redact(" ".join(told.split()))))


@dataclass(frozen=True, slots=True)
class Options:
    """`renew`: tokens that have ended may be renewed."""

    renew: bool = False


def failed(about: str, what: str, error: ClientError, fix: str = "") -> Check:
    """The line for a failure on the wire. Not reached is a warning: it says nothing about us."""
    if isinstance(error, CredentialsLost | PersonMustAct | NotReached):
        # Without a status nothing was answered: the message alone says it, and the code is only ours.
        found = error.problem.line() if error.problem.status else error.problem.message
        return Check(about, what, "fail", found, fix or "".join(error.action))
    if isinstance(error, WrongAccount):
        return Check(about, what, "fail", error.problem.line(), fix or "log in with a user of the connection's account")
    if isinstance(error, RetryLater):
        return Check(about, what, "warn", f"could not look: {error}", fix or "try again later")
    return Check(about, what, "fail", str(error), fix or "see the message")
