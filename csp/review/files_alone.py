"""A plan from the files alone, for a change whose author holds no credential: what differs from the base as declared.

No state, no engine and no system is asked, so it says neither what a run would write nor what has drifted.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import schemas
from csp.errors import CommandError
from csp.project import Project
from csp.review.touched import left_of
from csp.views.plan_markdown import code
from onboarding.plan import intent
from onboarding.plan.intent import Difference

MARK = "State not read: files against files. What a run would write, and what has drifted, is not in it."
MOST = 300
"""Lines of the report; what is beyond them is counted."""


def declared_otherwise(project: Project, stack: str, base: str) -> list[Difference]:
    """Every declared value that differs from the place where HEAD left `base`, by customer and field; of a new
    or removed customer every field. Raises CommandError, and DeclarationErrors for the files of today."""
    now = intent.of_estate(project.estate(stack), {})
    with tempfile.TemporaryDirectory() as folder:
        before = _before(project, stack, left_of(project.root, base), Path(folder))
    for part in ("customers", "connections"):
        for name in {*before[part], *now[part]}:
            before[part].setdefault(name, {})
            now[part].setdefault(name, {})
    return intent.differences(before, now)


def _before(project: Project, stack: str, commit: str, folder: Path) -> dict[str, Any]:
    """The same of a commit; empty where the stack was not there yet or was broken."""
    empty = {"version": intent.version(), "stack": stack, "policy": {}, "connections": {}, "customers": {}}
    git = shutil.which("git") or "git"
    done = subprocess.run([git, "-C", str(project.root), "archive", commit], capture_output=True, check=False)
    if done.returncode:
        raise CommandError(f"--files: the files of {commit[:12]} cannot be read from Git", 2)
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as packed:
        packed.extractall(folder, filter="data")
    try:
        return intent.of_estate(Project(folder).estate_so_far(stack), {})
    except (CommandError, schemas.DeclarationErrors):
        return empty


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
