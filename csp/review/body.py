"""The text of the comment: our marker, the reports of all stacks, and never longer than the platform takes."""

from __future__ import annotations

import re
from collections.abc import Sequence

MARKER = "<!-- csp-onboarding: plan"
"""How our comment begins; nothing of a file or a remote is ever in it."""
_COMMIT = re.compile(re.escape(MARKER) + r" of ([0-9a-f]{7,64}) -->")
OUTDATED = "> **Outdated.** A newer commit is being planned; what stands below is of commit `{commit}`."
_OPEN, _CLOSE = re.compile(r"<details\b", re.IGNORECASE), re.compile(r"</details>", re.IGNORECASE)


def composed(reports: Sequence[str], commit: str) -> str:
    """The whole comment, uncut. `reports`: markdown of one stack each, in this order; `commit`: hex digits."""
    return f"{MARKER} of {commit} -->\n" + "\n\n---\n\n".join(report.strip() for report in reports) + "\n"


def commit_of(body: str) -> str:
    """The commit that a comment of ours speaks of; "" for any other text."""
    found = _COMMIT.match(body)
    return found[1] if found else ""


def outdated(body: str) -> str:
    """The comment, saying that it no longer speaks of the newest commit."""
    head, _, rest = body.partition("\n")
    line = OUTDATED.format(commit=commit_of(body)[:12])
    return body if rest.startswith(line) else f"{head}\n{line}\n\n{rest}"


def fitted(body: str, characters: int, size: int, whole: str) -> str:
    """The body, cut at the end of a line so that it has at most `characters` UTF-16 code units (as the platforms count)
    and `size` bytes of UTF-8. A cut one says so and where the whole is (`whole`), and leaves no fold open."""
    if _fits(body, characters, size):
        return body
    lines = body.split("\n")
    low, high = 0, len(lines)
    while low < high:
        middle = (low + high + 1) // 2
        if _fits(_cut(lines, middle, whole), characters, size):
            low = middle
        else:
            high = middle - 1
    return _cut(lines, low, whole)


def _cut(lines: Sequence[str], kept: int, whole: str) -> str:
    text = "\n".join(lines[:kept])
    still_open = max(0, len(_OPEN.findall(text)) - len(_CLOSE.findall(text)))
    fence = "\n```" if sum(line.lstrip().startswith("```") for line in lines[:kept]) % 2 else ""
    left = len(lines) - kept
    told = f"**This report is cut: {left} more lines. It does not count as reviewed.** {whole}".rstrip()
    return f"{text}{fence}{chr(10) + '</details>' if still_open else ''}{'</details>' * (still_open - 1)}\n\n{told}\n"


def _fits(text: str, characters: int, size: int) -> bool:
    return len(text.encode("utf-16-le")) // 2 <= characters and len(text.encode("utf-8")) <= size
