"""A plan from the files alone, for a change whose author holds no credential: what differs from the base as declared.

No state, no engine and no system is asked, so it says neither what a run would write nor what has drifted.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import schemas
from csp.errors import CommandError
from csp.project import Project
from csp.review.touched import left_of
from onboarding.plan import intent
from onboarding.plan.intent import Difference


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
        packed.extractall(folder, filter=_inside)  # noqa: S202 - the filter refuses what leads out
    try:
        return intent.of_estate(Project(folder).estate_so_far(stack), {})
    except (CommandError, schemas.DeclarationErrors):
        return empty


def _inside(member: tarfile.TarInfo, folder: str) -> tarfile.TarInfo | None:
    """Leaves out what would lead out of the folder, such as a link to somewhere else."""
    try:
        return tarfile.data_filter(member, folder)
    except tarfile.FilterError:
        return None
