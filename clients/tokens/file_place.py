"""Where a token file may be: below CSP_HOME, or outside every work tree. In a work tree one `git add` gives it away."""

from __future__ import annotations

import os
from pathlib import Path

from clients.errors import PersonMustAct, Problem


def token_file(declared: str, home: Path, project: Path) -> Path:
    """The file that `token_store.file` names; `$CSP_HOME` in it is `home`, a relative path starts at the project.

    Raises PersonMustAct when it is inside a work tree, the link it may be followed.
    """
    text = declared.replace("${CSP_HOME}", str(home)).replace("$CSP_HOME", str(home))
    try:
        path = project / Path(text).expanduser()
        real, home, project = path.resolve(), home.resolve(), project.resolve()
    except (OSError, RuntimeError, ValueError):
        raise _refused(declared, "is no path that can be followed", home) from None
    if real.is_relative_to(home) and real != home:
        return path
    tree = next((one for one in real.parents if os.path.lexists(one / ".git")), None)
    if tree is None and real.is_relative_to(project):
        tree = project
    if tree is not None:
        raise _refused(declared, f"is inside the work tree {tree}, where one `git add` would publish the tokens", home)
    return path


def _refused(declared: str, what: str, home: Path) -> PersonMustAct:
    problem = Problem("tokens", "open", None, "place", f"token_store.file {declared} {what}")
    return PersonMustAct(
        problem,
        owner="us",
        action=f"write $CSP_HOME/tokens/NAME.json ($CSP_HOME is {home}) or a path outside every repository",
    )
