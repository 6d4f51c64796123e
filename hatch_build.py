"""What a wheel holds beyond the packages: the manual, and the dependencies of uv.lock with their hashes.

A reseller's own repository (docs/estate-repository.md) has neither this checkout nor its lock file. An installation in
place (`make setup`) reads both where they are.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

MANUAL = ("CHANGELOG.md", "LICENSE", "README.md", "SECURITY.md", "CONTRIBUTING.md", "docs", "stacks")
"""Beside each other as here, so that the pages' links lead somewhere."""
EXPORT = (
    "export",
    "--frozen",
    "--offline",
    "--quiet",
    "--no-dev",
    "--no-emit-workspace",
    "--no-annotate",
    "--no-header",
)
BASE = ("--extra", "postgresql")  # so that `coordination: postgresql` is one line, and no index is asked for our name
PINS = {"pins.txt": BASE, "pins-local.txt": (*BASE, "--extra", "engine", "--extra", "sandbox")}
"""In csp/estate: for every pipeline; with sandbox and embedded engine."""


class ManualAndPins(BuildHookInterface):  # type: ignore[type-arg]
    """Adds them to a wheel; an editable one gets nothing."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        self.scratch = Path(tempfile.mkdtemp())
        forced = build_data["force_include"]
        for name in MANUAL:
            forced[str(Path(self.root) / name)] = f"csp/manual/{name}"
        for name, extras in PINS.items():
            out = self.scratch / name
            command = [sys.executable, "-m", "uv", *EXPORT, *extras, "--output-file", str(out)]
            subprocess.run(command, cwd=self.root, check=True, stdout=subprocess.DEVNULL)
            forced[str(out)] = f"csp/estate/{name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if version != "editable":
            shutil.rmtree(self.scratch)
