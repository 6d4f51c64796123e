"""Where things are: the project folder, its stacks, the local working folder."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

import csp_onboarding
import schemas
from csp.errors import CommandError
from schemas.model.stack import CONFIG_KEY

NO_FILE_YET = "CSP-EST-001"
"""The rule of an include pattern that matches no file: normal before the first adoption."""

LOCAL = "install requirements-local.txt of the estate's repository (or the extras `csp-onboarding[engine,sandbox]`)"
"""How sandbox and embedded engine come into an environment; neither is a dependency of every pipeline."""


@dataclass(frozen=True, slots=True)
class Project:
    """The folder that holds Pulumi.yaml."""

    root: Path

    @classmethod
    def find(cls, start: Path | None = None) -> "Project":
        """The nearest folder with a Pulumi.yaml, from `start` (default: here) upwards.

        Raises CommandError when there is none, or when something in it would be loaded in the place of our own modules.
        """
        here = (start or Path.cwd()).resolve()
        for folder in (here, *here.parents):
            if (folder / "Pulumi.yaml").is_file():
                if wrong := csp_onboarding.shadowing(folder):
                    raise CommandError(wrong, 2)
                return cls(folder)
        raise CommandError(f"no Pulumi.yaml in {here} or above it: run csp in the project folder", 2)

    @property
    def home(self) -> Path:
        """The local working folder, `$CSP_HOME` or .csp in the project; ignored by git."""
        return Path(os.environ.get("CSP_HOME") or self.root / ".csp").resolve()

    @property
    def name(self) -> str:
        """The project's name in URNs, from Pulumi.yaml."""
        found = re.search(r"^name:[ \t]*[\"']?([\w.-]+)", (self.root / "Pulumi.yaml").read_text("utf-8"), re.MULTILINE)
        if found is None:
            raise CommandError("Pulumi.yaml names no project", 2)
        return found.group(1)

    @property
    def backend(self) -> str:
        """The address of the state that Pulumi.yaml names, "" for none."""
        import yaml

        document = yaml.safe_load((self.root / "Pulumi.yaml").read_text("utf-8")) or {}
        return str((document.get("backend") or {}).get("url", ""))

    def stacks(self) -> list[str]:
        """The names of the stacks that have a configuration file, sorted."""
        files = (self.root / "stacks").glob("Pulumi.*.yaml")
        return sorted(f.name.removeprefix("Pulumi.").removesuffix(".yaml") for f in files)

    def stack_file(self, stack: str) -> Path:
        """The configuration file of a stack. Raises CommandError when it does not exist."""
        file = self.root / "stacks" / f"Pulumi.{stack}.yaml"
        if not file.is_file():
            known = ", ".join(self.stacks()) or "none"
            raise CommandError(
                f"there is no stack {stack!r} (no {file.relative_to(self.root)}); stacks here: {known}", 2
            )
        return file

    def estate(self, stack: str) -> schemas.Estate:
        """The declared estate of a stack. Raises schemas.DeclarationErrors with every finding at once."""
        return schemas.load_estate(self.stack_file(stack), self.root, split_if_sent=True)

    def estate_so_far(self, stack: str) -> schemas.Estate:
        """The same, except that an include pattern may match no file yet. Raises schemas.DeclarationErrors."""
        try:
            return self.estate(stack)
        except schemas.DeclarationErrors as errors:
            if any(found.rule != NO_FILE_YET for found in errors.findings):
                raise
            empty = {found.path for found in errors.findings}
        declared = schemas.load_stack(self.stack_file(stack), self.root)
        include = [p for number, p in enumerate(declared.include) if f"{CONFIG_KEY}.include.{number}" not in empty]
        if not include and not declared.customers:
            return schemas.Estate(stack, self.root, (), {})
        return schemas.load_estate({**declared.model_dump(), "include": include}, self.root, name=stack)
