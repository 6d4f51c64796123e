"""A stack to work on, driven by one engine: the embedded one, or the Pulumi CLI where it is on PATH."""

from __future__ import annotations

import atexit
import contextlib
import functools
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import textwrap
import venv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from dynamic_engine.commands import cli
from dynamic_engine.project.session import Session
from dynamic_engine.state import checkpoint
from filelock import FileLock

PROJECT = Path(__file__).parent / "project"
EMBEDDED = "embedded"
PULUMI = "pulumi"
ENGINES = [EMBEDDED, *([PULUMI] if shutil.which("pulumi") else [])]
PASSPHRASE = "correct horse"
TIMEOUT = 120

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass
class Result:
    """One command's end."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err


def environment(folder: Path) -> dict[str, str]:
    """What a command works with that has its state and its remote objects in the folder."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PULUMI_")}
    return {
        **kept,
        "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_DISABLE_CI_DETECTION": "true",
        "NO_COLOR": "1",
        "THINGS_REMOTE": str(folder / "remote"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def inside(project: Path, words: Sequence[str], environment: Mapping[str, str]) -> Result:
    """Run a command of the embedded engine in this process."""
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.dict(os.environ, environment),
        mock.patch.object(sys, "stdin", io.StringIO()),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = cli.main(["-C", str(project), *words])
    return Result(code, out.getvalue(), err.getvalue())


@functools.cache
def initialised(stack: str) -> Path:
    """A folder with the test project and the state of a new stack, to copy: each `stack init` has a salt of its own,
    and deriving its key takes a quarter of a second."""
    folder = Path(tempfile.mkdtemp(prefix="workbench-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    shutil.copytree(PROJECT, folder / "project", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "state").mkdir()
    (folder / "home").mkdir()
    made = inside(folder / "project", ("stack", "init", stack, "--no-select"), environment(folder))
    assert made.code == 0, made.text
    return folder


class Workbench:
    """A copy of the test project with a state folder and a remote folder of its own."""

    def __init__(self, folder: Path, engine: str = EMBEDDED, stack: str = "dev") -> None:
        self.folder = folder
        self.engine = engine
        self.stack = stack
        self.project = folder / "project"
        self.remote = folder / "remote"
        self.state_folder = folder / "state"
        self.remote.mkdir()
        shutil.copytree(initialised(stack), folder, dirs_exist_ok=True)
        if PULUMI in ENGINES:
            # Both engines must run the program with the same Python; the CLI's language host wants one with pip.
            self.replace("Pulumi.yaml", "runtime: python\n", _runtime(pip_python()))
        self._calls_seen = 0
        self.must("stack", "select", stack, engine=EMBEDDED)

    # -- commands -------------------------------------------------------------------------------------------------

    def environment(self) -> dict[str, str]:
        return environment(self.folder)

    def command(self, *words: str, engine: str = "") -> list[str]:
        if (engine or self.engine) == PULUMI:
            return ["pulumi", "--non-interactive", *words]
        return [sys.executable, "-m", "dynamic_engine", *words]

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*words),
            cwd=self.project,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )

    def run(self, *words: str, engine: str = "", **environment: str) -> Result:
        """Run a command: the CLI as a process, the embedded engine in this one, which saves its start and the
        derivation of the key; programs and plugins are processes in any case."""
        if (engine or self.engine) == EMBEDDED:
            return self._inside(words, environment)
        done = subprocess.run(
            self.command(*words, engine=engine),
            cwd=self.project,
            env={**self.environment(), **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=TIMEOUT,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def _inside(self, words: tuple[str, ...], environment: dict[str, str]) -> Result:
        return inside(self.project, words, {**self.environment(), **environment})

    def must(self, *words: str, engine: str = "") -> Result:
        result = self.run(*words, engine=engine)
        assert result.code == 0, f"{self.engine}: {' '.join(words)}\n{result.text}"
        return result

    def case(self, source: str) -> None:
        """Declare: *source* is the body of the program."""
        body = textwrap.indent(textwrap.dedent(source).strip() or "pass", "    ")
        header = "import pulumi\nfrom pulumi import Alias, ResourceOptions\nfrom things import Group, Thing\n"
        (self.project / "case.py").write_text(f"{header}\n\ndef declare() -> None:\n{body}\n", "utf-8")

    def up(self, source: str | None = None, *flags: str) -> Result:
        if source is not None:
            self.case(source)
        return self.run("up", "--yes", "--skip-preview", *flags)

    def quiet(self, engine: str = "") -> bool:
        """Whether a preview shows no change."""
        return self.run("preview", "--expect-no-changes", engine=engine).code == 0

    # -- looking --------------------------------------------------------------------------------------------------

    def replace(self, name: str, old: str, new: str) -> None:
        path = self.project / name
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")

    def calls(self) -> list[dict[str, Any]]:
        """Provider calls since the last look, without process ids."""
        log = self.remote / "calls.log"
        lines = log.read_text("utf-8").splitlines() if log.exists() else []
        fresh, self._calls_seen = lines[self._calls_seen :], len(lines)
        found = [json.loads(line) for line in fresh]
        for call in found:
            call.pop("pid")
        return found

    def words(self) -> list[str]:
        """Calls since the last look as ``check a``, without configure."""
        return [_words(call) for call in self.calls() if call["call"] != "configure"]

    def export(self) -> dict[str, Any]:
        """The state with secrets in clear, whichever engine wrote it."""
        with mock.patch.dict(os.environ, self.environment()):
            session = Session(self.project, self.stack)
            document = session.read()
            shown = checkpoint.export(document, session.snapshot(), show_secrets=True)
        return dict(shown["deployment"])

    def resources(self) -> dict[str, dict[str, Any]]:
        """States by name, secrets in clear."""
        rows = self.export().get("resources", [])
        return {row["urn"].rpartition("::")[2]: row for row in rows}

    def digest(self, *words: str) -> dict[str, Any]:
        result = self.run(*words, "--json")
        document: dict[str, Any] = json.loads(result.out)
        return document

    def things(self) -> dict[str, Any]:
        """The remote objects by id."""
        return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(self.remote.glob("*.json"))}

    def checkpoint_text(self) -> str:
        return "".join(path.read_text("utf-8") for path in self.state_folder.rglob("*") if path.is_file())

    def kill(self, process: subprocess.Popen[str]) -> None:
        process.send_signal(signal.SIGKILL)
        process.communicate()


def _words(call: dict[str, Any]) -> str:
    name = call.get("name") or call.get("props", {}).get("name") or call.get("id", "")
    return f"{call['call']} {str(name).removeprefix('id-')}"


def normal(value: Any) -> Any:
    """*value* without what differs between two runs of the same thing: times, positions, random ids."""
    names: dict[str, str] = {}

    def text(match: re.Match[str]) -> str:
        return names.setdefault(match.group(), f"uuid-{len(names)}")

    def walk(item: Any) -> Any:
        if isinstance(item, dict):
            skip = {"created", "modified", "sourcePosition", "stackTrace", "manifest", "secrets_providers", "duration"}
            return {key: walk(inner) for key, inner in item.items() if key not in skip}
        if isinstance(item, list):
            return [walk(inner) for inner in item]
        return _UUID.sub(text, item) if isinstance(item, str) else item

    return walk(value)


@functools.cache
def pip_python() -> Path:
    """A virtualenv with pip that sees everything this interpreter has."""
    folder = Path(sys.prefix) / "share" / "engine-tests-venv"
    folder.parent.mkdir(exist_ok=True)
    with FileLock(f"{folder}.lock"):  # test processes run side by side
        if not (folder / "done").exists():
            venv.create(folder, with_pip=True, clear=True)
            site = next(folder.glob("lib/python*/site-packages"))
            (site / "base.pth").write_text(f"{sysconfig.get_path('purelib')}\n", "utf-8")
            (folder / "done").touch()
    return folder


def _runtime(folder: Path) -> str:
    return f"runtime:\n  name: python\n  options:\n    toolchain: pip\n    virtualenv: {folder}\n"


def run(*words: str) -> int:
    """A command in this process, with the variables and the folder that it has."""
    return cli.main(words)
