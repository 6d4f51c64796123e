"""YAML files below `stacks/` that no stack includes: they declare nothing, and somebody may believe that they do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from schemas.kinds.nearest import quoted
from schemas.read.inside import MAX_PATTERNS, UnreadableError, matching, walked
from schemas.read.yaml_source import read
from schemas.report.findings import Finding

RULE = "CSP-EST-006"
_SUFFIXES = (".yaml", ".yml")


def overlooked(folder: Path, project_dir: Path, config_key: str, connections: str) -> list[Finding]:
    """A warning for every YAML file below ``folder`` (`stacks/`) that is no stack file, no connection, and in no stack
    of the folder. ``connections``: the name of the folder of connection files."""
    root = project_dir.resolve()
    try:
        included = set(_included(folder, root, config_key))
    except UnreadableError:  # told as an error of that pattern; what it would have included is unknown
        return []
    left = [file for file in _yaml_files(folder) if file not in included]
    behind_links = {_resolved(file) for file in included} if left else set()
    found = []
    for file in left:
        place = file.relative_to(folder)
        if _resolved(file) in behind_links:
            continue
        proper = file.suffix == ".yaml"
        if len(place.parts) == 1 and place.name.startswith("Pulumi."):
            what = "" if proper else "a stack file ends in .yaml: this one is not read"
        elif place.parts[0] == connections:
            what = "" if proper and len(place.parts) == 2 else "a connection file is not read here, or by this name"
        else:
            what = "no stack includes this file: nothing of it is declared"
        if what:
            hint = "add it to an include of its stack, or move it out of the folder"
            if not proper:
                hint = f"rename it to {quoted(file.with_suffix('.yaml').name)}, or move it out of the folder"
            found.append(Finding(file.relative_to(root).as_posix(), 1, 1, "", RULE, what, hint, "warning"))
    return found


def _resolved(file: Path) -> Path:
    """Where a file really is; a circle of links (RuntimeError before Python 3.13) stays where it stands."""
    try:
        return file.resolve()
    except (OSError, RuntimeError):
        return file


def _yaml_files(folder: Path) -> Iterator[Path]:
    for here, files in walked(folder):
        if any(part.startswith(".") for part in here.relative_to(folder).parts):
            continue
        for name in files:
            if name.lower().endswith(_SUFFIXES) and not name.startswith("."):
                yield here / name


def _included(folder: Path, root: Path, config_key: str) -> Iterator[Path]:
    """What the stacks of the folder include; a stack file that cannot be read includes nothing."""
    for stack in sorted(folder.glob("Pulumi.*.yaml")):
        data = read(stack, root, stack.name).data
        for part in ("config", config_key, "include"):
            data = data.get(part) if isinstance(data, Mapping) else None
        patterns: list[Any] = data if isinstance(data, list) else []
        for pattern in patterns[:MAX_PATTERNS]:
            if isinstance(pattern, str) and pattern and not Path(pattern).is_absolute():
                try:
                    files, _outside = matching(folder, pattern, root)
                except ValueError:
                    continue
                yield from files
