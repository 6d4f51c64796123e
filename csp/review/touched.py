"""Which stacks a change touches: what a pipeline has to plan and to run.

A stack is touched when one of the files that it is made of was changed, added or removed: the stack file, customers,
connections, mail templates, recipient files. What all stacks rest on (project, program, product pin) touches all. Where
something cannot be told, the stack is touched: a plan too many costs minutes, one too few hides a change.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath

import schemas
from csp.errors import CommandError
from csp.project import Project

EVERYBODYS = ("Pulumi.yaml", "__main__.py", "csp_onboarding.py", "estate.yaml", "pyproject.toml", "uv.lock")
"""Files that every stack rests on; beside them `requirements*.txt`."""
FOLDERS = ("vendor", "policy", "clients", "csp", "engine", "onboarding", "providers", "schemas")
"""Folders of which the same is true: pinned wheels, or in a checkout the product itself."""
_NOTHING_BEFORE = "0" * 40
"""What a platform names as the commit before the first one of a branch."""


def changed_files(root: Path, base: str) -> set[str] | None:
    """Paths below the project, with `/`, that differ between the work tree and the place where HEAD left `base`; None
    for all, where there is nothing before. Raises CommandError."""
    if base.strip("0") == "" and len(base) >= len(_NOTHING_BEFORE):
        return None
    left = left_of(root, base)
    differing = _git(root, "diff", "--name-only", "--no-renames", "--relative", "-z", left, "--", why="git diff")
    new = _git(root, "ls-files", "--others", "--exclude-standard", "-z", why="git ls-files")
    return {path for path in (*differing.split("\0"), *new.split("\0")) if path}


def left_of(root: Path, base: str) -> str:
    """The commit at which HEAD left `base`. Raises CommandError."""
    if base.startswith("-"):
        raise CommandError(f"--changed {base!r}: a commit or a branch", 2)
    return _git(root, "merge-base", base, "HEAD", "--", why=f"--changed {base!r}").strip()


def touched(project: Project, stacks: Collection[str], changed: Collection[str] | None) -> list[str]:
    """Of `stacks` those that the changed files touch, in their order."""
    if changed is None or any(_is_everybodys(path) for path in changed):
        return list(stacks)
    return [stack for stack in stacks if _is_touched(project, stack, changed)]


def _is_everybodys(path: str) -> bool:
    parts = PurePosixPath(path).parts
    if len(parts) == 1:
        return path in EVERYBODYS or PurePosixPath(path).match("requirements*.txt")
    return parts[0] in FOLDERS and not path.endswith(".md")


def _is_touched(project: Project, stack: str, changed: Collection[str]) -> bool:
    file = project.stack_file(stack)
    inside = {path for path in changed if (project.root / path).is_relative_to(file.parent)}
    try:
        declared = schemas.load_stack(file, project.root)
        estate = project.estate_so_far(stack)
    except schemas.DeclarationErrors:
        return bool(inside)  # whose a file is cannot be told while there are errors
    own, folders = {file}, set()
    for name, connection in estate.connections.items():
        own.add(file.parent / "connections" / f"{name}.yaml")
        folders.add(project.root / connection.mail_templates)
        own |= set(_recipient_files(project.root, connection.handover.recipients if connection.handover else ()))
    own |= {project.root / source for source in estate.sources.values()}
    for path in changed:
        at = project.root / path
        if at in own or any(at.is_relative_to(folder) for folder in folders):
            return True
        # A customer file that is gone is in no estate: the pattern says whose it was.
        if path in inside and any(_matches(at.relative_to(file.parent), pattern) for pattern in declared.include):
            return True
    return False


def _recipient_files(root: Path, recipients: Collection[str]) -> Iterator[Path]:
    for one in recipients:
        if one.startswith("file:"):
            yield root / one.removeprefix("file:")


def _matches(path: Path, pattern: str) -> bool:
    """Whether a pattern of `include:` takes a path in, as the glob of a folder would; `**` stands for any folders."""
    return _parts_match(path.parts, PurePosixPath(pattern).parts)


def _parts_match(path: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    if not pattern:
        return not path
    if pattern[0] == "**":
        return any(_parts_match(path[start:], pattern[1:]) for start in range(len(path) + 1))
    return bool(path) and PurePosixPath(path[0]).match(pattern[0]) and _parts_match(path[1:], pattern[1:])


def _git(root: Path, *words: str, why: str) -> str:
    git = shutil.which("git")
    if git is None:
        raise CommandError("--changed needs Git, and there is none on PATH", 1)
    done = subprocess.run([git, "-C", str(root), *words], capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines()
        hint = " (a shallow clone? fetch the whole history)" if words[0] == "merge-base" else ""
        raise CommandError(f"{why}: {said[0] if said else 'these have no history in common'}{hint}", 2)
    return done.stdout
