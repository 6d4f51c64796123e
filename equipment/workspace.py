"""A project folder of its own for one test: the real program, stacks and packages, a sandbox process, an engine."""

import contextlib
import functools
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
import venv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from filelock import FileLock

from clients.handover import make_local_recipient
from equipment import forked
from schemas.write.whole_file import private_folder

ROOT = Path(__file__).resolve().parent.parent
CSP = (sys.executable, "-m", "csp.main")
READY_SECONDS = 30.0


@dataclass
class Sandbox:
    """A sandbox process. `ready` is the line that it printed when it was ready."""

    process: subprocess.Popen[str]
    ready: dict[str, Any]

    def admin(self, method: str, path: str, body: object = None, **params: str) -> Any:
        answer = httpx.request(
            method,
            f"{self.ready['admin']}/{path}",
            json=body,
            params=params,
            headers={"Authorization": f"Bearer {self.ready['token']}"},
            timeout=60,
            trust_env=False,
        )
        assert answer.status_code < 400, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def counters(self) -> dict[str, Any]:
        answer: dict[str, Any] = self.admin("GET", "counters")
        return answer

    def writes(self) -> int:
        """How many requests that may change something have arrived so far."""
        return int(self.counters()["writes"].get("total", 0))

    def state(self) -> dict[str, Any]:
        """Customers, tenants and relationships in short."""
        answer: dict[str, Any] = self.admin("GET", "state")
        return answer

    def change(self, *changes: dict[str, Any]) -> None:
        """Edits that somebody makes in a console, behind everybody's back."""
        self.admin("POST", "changes", list(changes))

    def fault(self, operation: str, kind: str, **more: Any) -> None:
        """Order one fault for the next request of an operation."""
        prefix = operation.split(".")[0]
        system = {"pc": "partner_center"}.get(prefix, prefix)
        self.admin("POST", "faults", [{"system": system, "operation": operation, "kind": kind, **more}])

    def act(self, todo: Sequence[object] = ()) -> dict[str, Any]:
        answer: dict[str, Any] = self.admin("POST", "people/act", {"todo": list(todo)})
        return answer

    def checkout(self, email: str, account: str = "us") -> list[str]:
        """The gates that stop this customer at the sandbox's checkout; empty when it may order."""
        ion_account = self.ready["accounts"][account]["ion_account_id"]
        answer = self.admin("GET", "checkout", account=ion_account, customer=email)
        assert answer["allowed"] == (not answer["blockers"])
        blockers: list[str] = answer["blockers"]
        return sorted(blockers)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)
        if self.process.stdout:
            self.process.stdout.close()


def start_sandbox(home: Path, profile: str, *arguments: str, known_as: str = "") -> Sandbox:
    """Start a sandbox on a free port and wait for its ready line. `known_as`: the profile of a connection file, where
    it is another one."""
    file = home / "sandbox" / f"{known_as or profile}.json"
    private_folder(file.parent)
    logged = file.with_suffix(".log")
    log = logged.open("w")
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "csp_sandbox",
            "--profile",
            profile,
            "--port",
            "0",
            "--ready-file",
            str(file),
            *arguments,
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )
    log.close()
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, f"the sandbox did not start: {logged.read_text('utf-8')}"
    return Sandbox(process, json.loads(line))


def _use_pip_toolchain(pulumi_yaml: Path) -> None:
    """Point a copied project at an environment that is not the project's own: `toolchain: uv` would build one anew."""
    text = pulumi_yaml.read_text("utf-8")
    line = "    toolchain: uv\n"
    assert line in text
    pulumi_yaml.write_text(text.replace(line, f"    toolchain: pip\n    virtualenv: {_pip_environment()}\n"), "utf-8")


@functools.cache
def _pip_environment() -> Path:
    """A virtual environment with pip, which the CLI asks for, that sees our packages and everything this one has."""
    folder = Path(sys.prefix) / "share" / "workspace-tests-venv"
    folder.parent.mkdir(exist_ok=True)
    with FileLock(f"{folder}.lock"):  # test processes run side by side
        if not (folder / "complete").exists():
            venv.create(folder, with_pip=True, clear=True)
            (site,) = folder.glob("lib/python*/site-packages")
            # As a site folder, so that its own .pth files count too: the one that watches a plugin's engine is there.
            seen = f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})"
            (site / "base.pth").write_text(f"{seen}\n", "utf-8")
            (folder / "complete").touch()
    return folder


def copy_project(folder: Path, engine: str) -> Path:
    """The program and the declared estates in a folder of their own; the packages are those of this environment."""
    root = folder / "project"
    root.mkdir()
    for name in ("Pulumi.yaml", "__main__.py", "pyproject.toml", "uv.lock"):
        shutil.copy(ROOT / name, root / name)
    shutil.copytree(ROOT / "stacks", root / "stacks")
    if engine == "pulumi":
        _use_pip_toolchain(root / "Pulumi.yaml")
    else:
        (root / ".venv").symlink_to(Path(sys.prefix), target_is_directory=True)
    return root


def environment(home: Path, engine: str) -> dict[str, str]:
    """What a command of the project runs with: nothing of ours from outside, plain wide output."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("CSP_", "PULUMI_"))}
    return {**clean, "CSP_HOME": str(home), "CSP_ENGINE": engine, "NO_COLOR": "1", "COLUMNS": "200"}


@dataclass
class Workspace:
    """A copy of the project's declared part in a folder of its own, bound to one engine."""

    root: Path
    engine: str
    stack: str
    sandbox: Sandbox
    extra_env: dict[str, str] = field(default_factory=dict)
    python: str = sys.executable
    """The interpreter whose `csp` and engine run: this one, or that of a repository's own environment."""

    @classmethod
    def make(cls, folder: Path, engine: str, profile: str, *sandbox_arguments: str) -> "Workspace":
        root = copy_project(folder, engine)
        make_local_recipient(root / ".csp")
        return cls._open(root, engine, profile, *sandbox_arguments)

    @classmethod
    def _open(cls, root: Path, engine: str, profile: str, *sandbox_arguments: str) -> "Workspace":
        db = root / ".csp" / "sandbox" / f"{profile}.db"
        sandbox = start_sandbox(root / ".csp", profile, "--db", str(db), *sandbox_arguments)
        sandbox.admin("POST", "people", {"mode": "hand"})
        return cls(root, engine, profile, sandbox)

    def copy_to(self, folder: Path) -> "Workspace":
        """The same project and situation, as it was when this workspace was closed, with a sandbox of its own."""
        assert self.sandbox.process.poll() is not None, "close the workspace before it is copied"
        root = folder / "project"
        shutil.copytree(self.root, root, symlinks=True)
        return self._open(root, self.engine, self.stack)

    @property
    def home(self) -> Path:
        return self.root / ".csp"

    @property
    def env(self) -> dict[str, str]:
        return {**environment(self.home, self.engine), **self.extra_env}

    def csp(self, *arguments: str, expect: int | None = 0, env: Mapping[str, str] | None = None) -> str:
        """Run a csp command; its stdout and stderr as one text. Fails unless the exit code is `expect` (None: any)."""
        result = self.csp_result(*arguments, env=env)
        text = result.stdout + result.stderr
        assert expect is None or result.returncode == expect, f"csp {' '.join(arguments)}: {result.returncode}\n{text}"
        return text

    def csp_result(self, *arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        variables = {**self.env, **(env or {})}
        if self.python == sys.executable and forked.possible(variables):
            return forked.run(arguments, self.root, variables, timeout=300)
        return subprocess.run(
            [self.python, *CSP[1:], *arguments],
            cwd=self.root,
            env=variables,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=300,
        )

    def csp_json(self, *arguments: str, expect: int = 0) -> Any:
        result = self.csp_result(*arguments)
        assert result.returncode == expect, result.stdout + result.stderr
        return json.loads(result.stdout)

    def up(self, *arguments: str, expect: int | None = 0) -> str:
        return self.csp("up", "-s", self.stack, "--yes", *arguments, expect=expect)

    def preview(self, *arguments: str, expect: int | None = 0) -> str:
        return self.csp("preview", "-s", self.stack, *arguments, expect=expect)

    @functools.cached_property
    def _shell(self) -> dict[str, str]:
        """The environment of a shell after `eval "$(csp env -s STACK)"`."""
        exports = (shlex.split(line) for line in self.csp("env", "-s", self.stack).splitlines())
        return {**self.env, **dict(assignment.split("=", 1) for _export, assignment in exports)}

    def plain(self, verb: str, *arguments: str, expect: int | None = 0) -> str:
        """Run a verb of the engine itself, as people do who call `pulumi` without csp; its output as one text.
        `expect` as for `csp`."""
        command = ["pulumi"] if self.engine == "pulumi" else [self.python, "-m", "dynamic_engine"]
        result = subprocess.run(
            [*command, verb, "--stack", self.stack, *arguments],
            cwd=self.root,
            env={**self._shell, **self.extra_env},
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=300,
        )
        text = result.stdout + result.stderr
        assert expect is None or result.returncode == expect, f"{verb} {arguments}: {result.returncode}\n{text}"
        return text

    def assert_quiet(self) -> None:
        """Neither a plain nor an offline preview sees anything to do, asked without csp."""
        self.plain("preview", "--expect-no-changes")
        self.plain("preview", "--expect-no-changes", "--refresh=false")

    def status(self) -> dict[str, dict[str, Any]]:
        """The readiness of every customer by its key."""
        answer = self.csp_json("status", "-s", self.stack, "--format", "json")
        return {c["key"]: c for c in answer["customers"]}

    def assert_all_can_order(self) -> None:
        held = {key: (c["blockers"], c["next_step"]) for key, c in self.status().items() if not c["can_order"]}
        assert held == {}

    def todo(self) -> list[dict[str, Any]]:
        answer: list[dict[str, Any]] = self.csp_json("todo", "-s", self.stack, "--format", "json")
        return answer

    def customer_file(self, key: str) -> Path:
        return self.root / "stacks" / "customers" / self.stack / f"{key}.yaml"

    def edit(self, key: str, old: str, new: str) -> None:
        """Replace one piece of text in a customer file; it must be there."""
        file = self.customer_file(key)
        text = file.read_text("utf-8")
        assert old in text, f"{old!r} is not in {file.name}:\n{text}"
        file.write_text(text.replace(old, new, 1), "utf-8")

    def state_text(self) -> str:
        """Everything below the state folder as one text: checkpoints, backups and history."""
        return "\n".join(
            f.read_text("utf-8", "replace") for f in sorted((self.home / "state").rglob("*")) if f.is_file()
        )

    def killed_in_a_create(self, seconds: float) -> None:
        """A first run whose command and engine are killed after ION took a customer, `seconds` before it answers."""
        self.up("--target", "**none**", expect=None)  # makes the stack
        self.sandbox.fault("ion.customers.create", "latency", seconds=seconds)
        process = subprocess.Popen(
            [*CSP, "up", "-s", self.stack, "--yes"],
            cwd=self.root,
            env=self.env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        # The create has reached ION, its answer has not reached the engine.
        self.wait_until(lambda: len(self.sandbox.state()["ion_customers"]) >= 1, seconds=90)
        assert '"creating"' in self.state_text()
        engine = subprocess.run(
            ["pgrep", "-P", str(process.pid)], capture_output=True, text=True, encoding="utf-8", check=True
        ).stdout.split()
        for pid in [*engine, str(process.pid)]:
            os.kill(int(pid), signal.SIGKILL)
        process.wait(10)

    def plugins(self) -> list[int]:
        """Plugin processes that run in this project's folder; none where the system does not tell (no /proc)."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                words = (process / "cmdline").read_bytes().split(b"\0")
                if b"pulumi.dynamic" in words and (process / "cwd").resolve() == self.root.resolve():
                    found.append(int(process.name))
        return found

    def wait_until(self, condition: Any, seconds: float = 30.0) -> None:
        """Poll a condition of a real process; fails after `seconds`."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "timed out"
            time.sleep(0.05)

    def close(self) -> None:
        self.sandbox.stop()
