"""Where a token file may be: below CSP_HOME, or outside every work tree. In a work tree one `git add` gives it away."""

from __future__ import annotations

import os
from pathlib import Path

from schemas.kinds.hosts import Refused
from schemas.kinds.nearest import quoted


def token_file(declared: str, home: Path, project: Path) -> Path | Refused:
    """The file that `token_store.file` names: `$CSP_HOME` in it is ``home``, a relative path starts at the project, and
    a link counts as what it leads to. Refused when it is inside a work tree."""
    hint = f"write $CSP_HOME/tokens/NAME.json ($CSP_HOME is {home}) or a path outside every repository"
    text = declared.replace("${CSP_HOME}", str(home)).replace("$CSP_HOME", str(home))
    try:
        path = project / Path(text).expanduser()
        real, home, project = path.resolve(), home.resolve(), project.resolve()
    except (OSError, RuntimeError, ValueError):
        return Refused(f"{quoted(declared)} is no path that can be followed", hint)
    if real.is_relative_to(home) and real != home:
        return path
    tree = next((one for one in real.parents if os.path.lexists(one / ".git")), None)
    if tree is None and real.is_relative_to(project):
        tree = project
    if tree is not None:
        return Refused(f"{quoted(declared)} is inside the work tree {tree}: one git add would publish the tokens", hint)
    return path
