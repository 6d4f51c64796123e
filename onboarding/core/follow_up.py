"""When to ask again: the connection's `follow_up_days` after the day on which a wait for somebody else began."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from onboarding.core.remembered import Invited


@dataclass(frozen=True, slots=True)
class FollowUp:
    """`due`: the latest follow-up day that has come, `next`: the first that has not; each RFC 3339 day or ""."""

    due: str = ""
    next: str = ""

    def __str__(self) -> str:
        if self.due and self.next:
            return f"follow-up was due on {self.due}, next on {self.next}"
        if self.due:
            return f"the last follow-up was due on {self.due}"
        return f"follow up on {self.next}" if self.next else ""

    def as_dict(self) -> dict[str, str]:
        """The JSON of `csp status` and `csp todo`."""
        return {"due": self.due, "next": self.next}


def follow_up(since: str, days: Sequence[int], today: date) -> FollowUp:
    """The follow-up of a wait that began at `since` (RFC 3339 or a day, "" for no wait)."""
    if not since:
        return FollowUp()
    began = date.fromisoformat(since[:10])
    dates = [began + timedelta(days=number) for number in days]
    come = [day.isoformat() for day in dates if day <= today]
    ahead = [day.isoformat() for day in dates if day > today]
    return FollowUp(come[-1] if come else "", ahead[0] if ahead else "")


def began(waiting_on: str, since: str, invitation: Invited | None) -> str:
    """When the wait to follow up began, "" when nobody else is waited for. An invitation counts from its own day, also
    where the operator is the one to ask."""
    if invitation is not None and invitation.state in ("sent", "maybe"):
        return invitation.since
    return since if waiting_on in ("customer", "distributor") else ""
