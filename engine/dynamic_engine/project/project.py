"""Pulumi.yaml, the selected stack, and where the project's Python and program are."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import re
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import ConstructorError, SafeConstructor
from ruamel.yaml.error import YAMLError

from dynamic_engine.errors import EngineError, UnsupportedError
from dynamic_engine.project.checks import check_project


class _Constructor(SafeConstructor):
    """Dates become the text that the CLI gives to programs, so that both engines run the same configuration."""

    def construct_yaml_timestamp(self, node: Any, values: Any = None) -> str:
        text = str(node.value)
        if not _DATE.fullmatch(text):
            raise ConstructorError(None, None, f"write the time {text} in quotes", node.start_mark)
        return f"{text} 00:00:00 +0000 UTC"


_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_Constructor.add_constructor("tag:yaml.org,2002:timestamp", _Constructor.construct_yaml_timestamp)


LARGEST = 16 * 2**20
"""Bytes of a project or stack file."""
MOST_VALUES = 2_000_000
"""In one of them, as it is written out: more than 16 MiB can hold without aliases."""


def _text(path: Path) -> str:
    """The text of a regular file. What a reviewed change may put in its place, a link to a pipe or a device, must
    neither hang nor fill the memory. Raises OSError, :class:`EngineError`."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise EngineError(f"cannot read {path.name}: no regular file")
        raw = file.read(LARGEST + 1)
    if len(raw) > LARGEST:
        raise EngineError(f"cannot read {path.name}: larger than {LARGEST // 2**20} MiB")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise EngineError(f"{path.name}: not UTF-8 text") from None


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file; empty when the file is. Raises :class:`EngineError` with file and line."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = _Constructor
    try:
        document = yaml.load(io.StringIO(_text(path)))
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f":{mark.line + 1}:{mark.column + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or "not valid YAML"
        raise EngineError(f"{path.name}{place}: {problem}") from None
    except OSError as error:
        raise EngineError(f"cannot read {path.name}: {error.strerror}") from None
    except RecursionError:
        raise EngineError(f"{path.name}: nested deeper than can be read") from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise EngineError(f"{path.name}: expected a mapping")
    if _size(document, {}) > MOST_VALUES:
        raise EngineError(
            f"{path.name}: its aliases make more than {MOST_VALUES} values of it, or lead into themselves"
        )
    return document


def _size(value: Any, known: dict[int, int]) -> int:
    """Values in a document once each alias is written out; a few lines can make gigabytes, and an alias inside of what
    it names has no end."""
    if not isinstance(value, dict | list):
        return 1
    if id(value) not in known:
        known[id(value)] = MOST_VALUES  # as long as it is not known: a circle
        members = value.values() if isinstance(value, dict) else value
        known[id(value)] = min(MOST_VALUES, sum(_size(one, known) for one in members)) + 1
    return known[id(value)]


@dataclass(frozen=True)
class Project:
    """What Pulumi.yaml says, as far as this engine uses it."""

    root: Path
    name: str
    main: str = ""
    stack_config_dir: str = ""
    refresh_always: bool = False
    backend_url: str = ""
    runtime_options: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def find(cls, start: Path) -> Project:
        """Load Pulumi.yaml from *start* or the nearest folder above. Raises :class:`EngineError` when there is none or
        it is wrong, :class:`UnsupportedError` for what this engine does not do."""
        for folder in (start, *start.parents):
            for name in ("Pulumi.yaml", "Pulumi.yml"):
                if (folder / name).is_file():
                    return cls._load(folder / name)
        raise EngineError(f"no Pulumi.yaml project file found (searching upwards from {start})")

    @classmethod
    def _load(cls, path: Path) -> Project:
        document = read_yaml(path)
        check_project(path, document)
        runtime = document["runtime"]
        return cls(
            root=path.parent.resolve(),
            name=document["name"],
            main=document.get("main") or "",
            stack_config_dir=document.get("stackConfigDir") or "",
            refresh_always=bool((document.get("options") or {}).get("refresh")),
            backend_url=(document.get("backend") or {}).get("url") or "",
            runtime_options=(runtime.get("options") or {}) if isinstance(runtime, dict) else {},
        )

    @property
    def program(self) -> Path:
        """The program: ``main`` of Pulumi.yaml (a file or a folder), else the project folder."""
        return (self.root / self.main).resolve()

    @property
    def working_dir(self) -> Path:
        """The folder in which program and plugins run."""
        return self.program if self.program.is_dir() else self.program.parent

    @property
    def python(self) -> str:
        """The project's interpreter: the virtualenv that the runtime options name (``.venv`` for the uv toolchain),
        or the interpreter of this process. Raises :class:`EngineError` when a named virtualenv is missing."""
        named = self.runtime_options.get("virtualenv")
        toolchain = self.runtime_options.get("toolchain", "pip")
        if toolchain not in ("pip", "uv"):
            raise UnsupportedError(f"the Python toolchain {toolchain!r}")
        if not named and toolchain != "uv":
            return sys.executable
        folder = (self.root / (named or ".venv")).resolve()
        python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        if python.exists():
            return str(python)
        if named:
            raise EngineError(f"the virtualenv {named} of Pulumi.yaml does not exist; create it first")
        return sys.executable

    def stack_file(self, stack: str) -> Path:
        """Where the stack's configuration is."""
        return self.root / self.stack_config_dir / f"Pulumi.{stack}.yaml"

    # -- the selected stack (the CLI's own workspace file, so that a selection holds for both) ----------------------

    def _workspace_file(self) -> Path:
        home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
        digest = hashlib.sha1(str(self.root / "Pulumi.yaml").encode(), usedforsecurity=False).hexdigest()
        return home / "workspaces" / f"{self.name}-{digest}-workspace.json"

    def selected_stack(self, backend: str) -> str:
        """The stack of ``PULUMI_STACK``, or the last one selected for the *backend*; empty when there is none."""
        return os.environ.get("PULUMI_STACK") or self._remembered(backend)

    def _remembered(self, backend: str) -> str:
        document = self._workspace()
        # CLIs before 3.27x know one selection for all backends.
        return str((document.get("stacks") or {}).get(backend) or document.get("stack") or "")

    def select_stack(self, backend: str, stack: str) -> None:
        """Remember *stack* of *backend* for later commands without ``--stack``."""
        document = self._workspace()
        name = f"organization/{self.name}/{stack}"
        self._remember({**document, "stacks": {**(document.get("stacks") or {}), backend: name}})

    def forget_stack(self, backend: str, stack: str) -> None:
        """Select nothing any more if *stack* is what is selected."""
        if self._remembered(backend).rpartition("/")[2] != stack:
            return
        document = self._workspace()
        others = {url: name for url, name in (document.pop("stacks", None) or {}).items() if url != backend}
        document.pop("stack", None)
        with contextlib.suppress(OSError):
            self._remember({**document, "stacks": others} if others else document)

    def _workspace(self) -> dict[str, Any]:
        try:
            document = json.loads(self._workspace_file().read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return document if isinstance(document, dict) else {}

    def _remember(self, document: dict[str, Any]) -> None:
        path = self._workspace_file()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document, indent=4), "utf-8")
