"""Every dependency is imported, every import is declared, and docs/dependencies.md gives the reason of each.

Usage: python tools/check_dependencies.py      exit 1 and one line per finding.
"""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "dependencies.md"
OURS = {"csp-sandbox": "csp_sandbox", "dynamic-engine": "dynamic_engine"}
PRODUCTS = {
    "csp-onboarding": (
        ROOT / "pyproject.toml",
        ["clients", "csp", "csp_onboarding.py", "onboarding", "providers", "schemas"],
    ),
    "dynamic-engine": (ROOT / "engine" / "pyproject.toml", ["engine/dynamic_engine"]),
    "csp-sandbox": (ROOT / "sandbox" / "pyproject.toml", ["sandbox/csp_sandbox"]),
}
"""Distribution -> where it declares its dependencies, and its code."""


def names(requirements: list[str]) -> set[str]:
    """`pyjwt[crypto]>=2.10` is `pyjwt`."""
    return {re.split(r"[\s\[<>=!~;]", one)[0].lower().replace("_", "-").replace(".", "-") for one in requirements}


def modules(name: str) -> set[str]:
    """Every module that an installed distribution holds: `yaml`, `azure.core.exceptions`."""
    found = set()
    for file in distribution(name).files or []:
        if file.suffix in (".py", ".so") and ".." not in file.parts:
            parts = [*file.parts[:-1], file.name.split(".")[0]]
            found.add(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return found


def imports(places: list[str]) -> Iterator[tuple[str, Path, int]]:
    """Every module that product code imports from outside, wherever the import stands, with its place."""
    for place in places:
        for file in [ROOT / place] if place.endswith(".py") else sorted((ROOT / place).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.Import):
                    for alias in node.names:
                        yield alias.name, file, node.lineno
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    inner = [f"{node.module}.{alias.name}" for alias in node.names]
                    yield node.module, file, node.lineno
                    for name in inner:
                        yield f"?{name}", file, node.lineno  # a module or a name in one


def reasons(page: Path) -> dict[str, str]:
    """Package -> reason, from the tables of the page."""
    rows = re.findall(r"^\| `([a-z0-9.-]+)` \| (.*?) \|", page.read_text("utf-8"), re.MULTILINE)
    return {name.replace(".", "-"): reason for name, reason in rows}


def findings() -> Iterator[str]:
    """One line each."""
    ours = {*OURS.values(), "clients", "csp", "csp_onboarding", "onboarding", "providers", "schemas"}
    told = reasons(PAGE)
    declared_anywhere: set[str] = set()
    for product, (file, places) in PRODUCTS.items():
        project = tomllib.loads(file.read_text("utf-8"))["project"]
        extras = [one for extra in project.get("optional-dependencies", {}).values() for one in extra]
        declared = names([*project["dependencies"], *extras])
        declared_anywhere |= declared
        held = {name: modules(name) for name in declared - OURS.keys()}
        used: set[str] = set(OURS)  # started as processes
        for module, where, line in imports(places):
            name = module.removeprefix("?")
            owners = {dist for dist, within in held.items() if name in within}
            used |= owners
            top = name.partition(".")[0]
            if not owners and not module.startswith("?") and top not in ours and top not in sys.stdlib_module_names:
                yield f"{where.relative_to(ROOT)}:{line}: {name} is imported and {product} does not declare it"
        for name in sorted(declared - used):
            yield f"{file.relative_to(ROOT)}: {name} is declared and never imported: drop it"
    root = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    declared_anywhere |= names(root["dependency-groups"]["dev"])
    for name in sorted(declared_anywhere - told.keys() - OURS.keys()):
        yield f"{PAGE.relative_to(ROOT)}: {name} has no reason"
    for name in sorted(told.keys() - declared_anywhere):
        yield f"{PAGE.relative_to(ROOT)}: {name} is no dependency"
    for name, reason in told.items():
        if len(reason) < 10:
            yield f"{PAGE.relative_to(ROOT)}: {name} has no real reason"


def main() -> int:
    found = list(findings())
    print(
        "\n".join(found) if found else f"{len(reasons(PAGE))} dependencies, each imported or run, each with its reason"
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
