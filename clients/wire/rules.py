"""Error tables as data: which documented answer is which class of error, who acts, and where the same fact is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from clients.errors import (
    ClientError,
    CredentialsLost,
    NotFound,
    OurBug,
    Owner,
    PersonMustAct,
    Problem,
    RetryLater,
    WrongAccount,
)
from schemas.command import Sentence, command

SIGN_IN = ("run ", command("auth", "microsoft", "login"), " and sign in with MFA as a user who is Admin agent")
"""What a person does where no token for Microsoft is left."""
Kind = Literal["retry", "person", "bug", "absent", "account", "credentials"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One row. `code` "" and `status` None match any; `contains` is looked for in the message, ignoring case;
    `action` is what its owner does, commands in it as data; `operation` is a prefix, because both systems use one
    number for several things. The first match counts."""

    kind: Kind
    code: str = ""
    status: int | None = None
    contains: str = ""
    operation: str = ""
    owner: Owner = "us"
    action: str | Sentence = ""
    shown_at: str = ""
    delay: float | None = None  # seconds to wait before another try, where the answer names none
    source: str = ""

    def matches(self, problem: Problem) -> bool:
        return (
            (not self.code or self.code == problem.code)
            and (self.status is None or self.status == problem.status)
            and (not self.contains or self.contains.lower() in problem.message.lower())
            and problem.operation.startswith(self.operation)
        )


def classify(rules: Sequence[Rule], problem: Problem) -> ClientError:
    """The error for a definite rejection. An answer that no rule knows is told verbatim as our bug."""
    for rule in rules:
        if rule.matches(problem):
            return _error(rule, problem)
    return OurBug(problem)


def _error(rule: Rule, problem: Problem) -> ClientError:
    if rule.shown_at:
        problem = replace(problem, shown_at=rule.shown_at)
    if rule.kind == "retry":
        wait = problem.retry_after if problem.retry_after is not None else rule.delay
        return RetryLater(replace(problem, retry_after=wait))
    if rule.kind == "person":
        return PersonMustAct(problem, owner=rule.owner, action=rule.action)
    if rule.kind == "credentials":
        return CredentialsLost(problem, action=rule.action)
    return {"bug": OurBug, "absent": NotFound, "account": WrongAccount}[rule.kind](problem)
