"""The answer of a check before a create: a reason not to send it."""

from __future__ import annotations

from onboarding.core.contract import NextStep


class Refused(Exception):  # noqa: N818 - carries the reason as a person reads it
    """A check before the create found a reason not to send it. `step`: what a person does about it."""

    def __init__(self, reason: str, step: NextStep) -> None:
        super().__init__(reason)
        self.reason = reason
        self.step = step
