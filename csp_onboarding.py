"""The program of an estate's repository: `import csp_onboarding; csp_onboarding.run(__file__)` is all of its
`__main__.py`.

Python looks for modules in the folder of the program first. So a folder `providers/` of an estate would be taken in the
place of ours, here and in the plugin. That is told before anything of ours is imported, which is why this module stands
alone.
"""

import sys
from importlib import import_module
from pathlib import Path

OURS = (
    "clients",
    "csp",
    "csp_onboarding",
    "csp_sandbox",
    "dynamic_engine",
    "onboarding",
    "providers",
    "schemas",
)
"""The top-level modules of our distributions."""
HERE = Path(__file__).resolve().parent


def shadowing(project: Path) -> str:
    """One line about what lies in a project's folder under the name of a module of ours, "" when nothing does.

    Also a folder that Python would pass over today (one without `__init__.py`). A checkout of this project, or a link
    to it, holds the modules themselves.
    """
    found = []
    for name in OURS:
        for place in (project / name, project / f"{name}.py"):
            if place.exists() and place.resolve() not in (HERE / name, HERE / f"{name}.py"):
                found.append(f"{place.name}/" if place.is_dir() else place.name)
    if not found:
        return ""
    them = "it" if len(found) == 1 else "them"
    have = "has the name of a module" if len(found) == 1 else "have names of modules"
    return f"{', '.join(found)} in {project} {have} of csp, and Python would load {them} instead: rename {them}"


def run(main: str) -> None:
    """Declare the estate of the selected stack. `main`: the program's file. Ends the process when that cannot be."""
    project = Path(main).resolve().parent
    if wrong := shadowing(project):
        import_module("pulumi").log.error(wrong)
        sys.exit(1)
    import_module("providers.program").declare_stack(project)
