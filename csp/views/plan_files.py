"""A plan from the files alone, for people: every declared value that differs, marked for what it is not."""

from __future__ import annotations

from collections.abc import Sequence

from csp.views.plan_markdown import code
from onboarding.plan.intent import Difference

MARK = "State not read: files against files. What a run would write, and what has drifted, is not in it."
MOST = 300
"""Lines of the report; what is beyond them is counted."""


def markdown(stack: str, found: Sequence[Difference]) -> str:
    lines = [f"## {code(stack)}: what the files declare otherwise", "", f"> **{MARK}**", ""]
    if not found:
        return "\n".join([*lines, "Nothing."])
    lines += ["| | field | before | now |", "|---|---|---|---|"]
    cells = ((one.about, one.field, one.reviewed, one.now) for one in found[:MOST])
    lines += ["| " + " | ".join(code(cell, 200).replace("|", "\\|") for cell in row) + " |" for row in cells]
    return "\n".join([*lines, *([f"\n**{len(found) - MOST} more are left out.**"] if len(found) > MOST else [])])


def text(stack: str, found: Sequence[Difference]) -> str:
    lines = [f"{one.about}: {one.field}: {one.reviewed} -> {one.now}" for one in found]
    return "\n".join([f"{stack}: {len(found)} declared values differ", MARK, *lines])
