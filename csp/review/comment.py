"""One comment a pull request: found by author and marker, written only when something changed, of the newest commit.

Two jobs may write at once: each looks again after it has written, the oldest comment of ours stays and carries the
newest text.
"""

from __future__ import annotations

import contextlib
from typing import Literal

from csp.review import body as text
from csp.review.platform import Comment, Platform
from csp.review.wire import NotAllowed

Done = Literal["created", "updated", "unchanged", "quiet", "late", "outdated", "none"]


def own(platform: Platform) -> list[Comment]:
    """Our comments, oldest first: with our marker, and by the account of this token; anybody can copy a marker."""
    me = platform.me()
    return [found for found in platform.comments() if found.author == me and found.body.startswith(text.MARKER)]


def publish(platform: Platform, whole: str, commit: str, *, quiet: bool = False) -> Done:
    """Writes the comment. `quiet`: a plan without changes makes no comment where there is none yet.

    Returns what happened; `late` when the pull request has a newer commit, whose comment is left alone."""
    if not _newest(platform, commit):
        return "late"
    ours = own(platform)
    if not ours:
        if quiet:
            return "quiet"
        platform.create(whole)
        # Another job may have done the same a moment ago: the first comment stays.
        kept = _only(platform, own(platform))
        if kept and not _same(kept.body, whole) and _newest(platform, commit):
            platform.update(kept, whole)
        return "created"
    kept = _only(platform, ours)
    if kept and _same(kept.body, whole):
        return "unchanged"
    try:
        platform.update(ours[0], whole)
    except NotAllowed:  # somebody has deleted it since
        platform.create(whole)
    return "updated"


def supersede(platform: Platform) -> Done:
    """Marks our comment as that of an older commit, before a new plan is there."""
    ours = own(platform)
    if not ours or text.commit_of(ours[0].body) == platform.head():
        return "none"
    changed = text.fitted(text.outdated(ours[0].body), platform.characters, platform.size, "")
    if changed == ours[0].body:
        return "unchanged"
    platform.update(ours[0], changed)
    return "outdated"


def _only(platform: Platform, ours: list[Comment]) -> Comment | None:
    """The oldest of our comments; the others are deleted. Another job may delete them at the same moment."""
    for other in ours[1:]:
        with contextlib.suppress(NotAllowed):
            platform.delete(other)
    return ours[0] if ours else None


def _same(stored: str, whole: str) -> bool:
    """Platforms trim what they store, and some write other line ends."""
    return stored.replace("\r\n", "\n").rstrip() == whole.rstrip()


def _newest(platform: Platform, commit: str) -> bool:
    head = platform.head()
    return head.startswith(commit) or commit.startswith(head)
