"""Which engine runs a stack, and how it is called.

The Pulumi CLI is the engine of real pipelines. The embedded engine steps in only where it cannot do harm: when every
connection of the stack is a sandbox, or when somebody asked for it by name.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import schemas
from csp.engine.words import without_options
from csp.errors import CommandError, NewerStateError
from csp.project import LOCAL, Project
from onboarding.core import state_format
from onboarding.core.names import LEAVE_OUT
from onboarding.look.run_notes import STACK
from schemas.command import START, command, started
from schemas.write.whole_file import private_folder

NO_STACK = 6
"""Exit code of both engines for a stack that does not exist; older CLIs say it in words alone."""
NO_STACK_WORDS = "no stack named"

ENGINE_STARTED_AS = "DYNAMIC_ENGINE_STARTED_AS"
"""Variable: how the reader starts the embedded engine, for the commands in its own lines."""


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine bound to one stack: `command` is what to start, `why` one line that says why it was chosen."""

    name: str
    command: tuple[str, ...]
    why: str
    project: Project
    stack: str
    environment: dict[str, str]

    def run(self, *arguments: str) -> int:
        """Run a verb with the terminal attached; the exit code is the engine's. Raises CommandError without a stack.

        Ctrl-C reaches the engine as well, which lets running calls finish and then ends by itself: we wait for that.
        """
        process = subprocess.Popen([*self.command, *arguments], cwd=self.project.root, env=self.environment)
        while True:
            try:
                code = process.wait()
                break
            except KeyboardInterrupt:
                continue
        if code == NO_STACK:
            raise self._no_stack()
        return code

    def capture(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a verb and keep what it prints."""
        return subprocess.run(
            [*self.command, *arguments],
            cwd=self.project.root,
            env=self.environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="backslashreplace",
        )

    def ensure_stack(self) -> dict[str, Any] | None:
        """Make the stack in the backend unless it is there; its state, None when it was made. Raises CommandError."""
        state = self.export_if_there()
        if state is None:
            made = self.capture("stack", "init", self.stack)
            if made.returncode:
                raise CommandError(f"could not make the stack {self.stack}: {_last_line(made)}")
        return state

    def export_if_there(self) -> dict[str, Any] | None:
        """The state of the stack, secrets still encrypted, as the engine exports it; None when there is no such stack.

        Raises CommandError when it cannot be read, or a newer release wrote it.
        """
        answer = self.capture("stack", "export", "--stack", self.stack)
        if answer.returncode == NO_STACK or (answer.returncode and NO_STACK_WORDS in answer.stderr):
            return None
        if answer.returncode:
            raise CommandError(f"could not read the state of {self.stack}: {_last_line(answer)}")
        state: dict[str, Any] = json.loads(answer.stdout)
        if refused := state_format.refusal_of(state):
            raise NewerStateError(f"{self.stack}: {refused}")
        return state

    def export(self) -> dict[str, Any]:
        """The same of a stack that must be there. Raises CommandError that says how to make it when it is not."""
        state = self.export_if_there()
        if state is None:
            raise self._no_stack()
        return state

    def _no_stack(self) -> CommandError:
        """How to make it: `up` where that is safe. A live backend gets a new stack by a person only, because a wrong
        backend would look just like a new one."""
        own = self.environment.get("PULUMI_BACKEND_URL") == (self.project.home / "state").as_uri()
        first = command("up", stack=self.stack) if own else f"`{self.started} stack init {self.stack}`"
        return CommandError(f"the stack {self.stack} has no state yet: run {first} first", 2)

    @property
    def started(self) -> str:
        """The engine as a person starts it for this stack, in a shell in the folder in which they are."""
        program, *more = self.command
        if self.name == "pulumi":
            engine = "pulumi"
        else:
            engine = shlex.join([min(os.path.relpath(program), program, key=len), *more])
        return f'eval "$({started()} env -s {shlex.quote(self.stack)})" && {engine}'


def choose(project: Project, stack: str, estate: schemas.Estate) -> Engine:
    """The engine for a stack.

    CSP_ENGINE=pulumi or embedded decides; otherwise `pulumi` from PATH; otherwise the embedded engine if every
    connection is a sandbox. A runner whose CLI is missing must never start an empty local estate against live
    systems, so anything else raises CommandError.
    """
    wish = os.environ.get("CSP_ENGINE", "")
    if wish not in ("", "pulumi", "embedded"):
        raise CommandError(f"CSP_ENGINE={wish}: write pulumi or embedded", 2)
    environment = {**without_options(os.environ), **local_environment(project, estate)}
    environment.pop(LEAVE_OUT, None)  # for csp adopt alone
    environment[STACK] = stack
    pulumi = shutil.which("pulumi")
    if pulumi and wish != "embedded":
        return Engine("pulumi", (pulumi,), f"engine: {pulumi}", project, stack, environment)
    if wish == "pulumi":
        raise CommandError("CSP_ENGINE=pulumi, but there is no pulumi on PATH: https://www.pulumi.com/docs/install/")
    command = (sys.executable, "-m", "dynamic_engine")
    if (wish == "embedded" or estate_is_sandbox(estate)) and not find_spec("dynamic_engine"):
        raise CommandError(f"there is no pulumi on PATH, and the embedded engine is not installed: {LOCAL}")
    if wish == "embedded" or estate_is_sandbox(estate):
        why = "CSP_ENGINE" if wish else "no pulumi on PATH; every connection of this stack is a sandbox"
        engine = Engine("embedded", command, f"engine: embedded ({why})", project, stack, environment)
        environment[ENGINE_STARTED_AS] = engine.started
        return engine
    live = ", ".join(sorted(name for name, c in estate.connections.items() if not c.sandbox))
    raise CommandError(
        f"there is no pulumi on PATH and {live} is live: install the Pulumi CLI "
        "(https://www.pulumi.com/docs/install/), or set CSP_ENGINE=embedded if this machine keeps the state"
    )


def estate_is_sandbox(estate: schemas.Estate) -> bool:
    """Whether every connection that the estate uses is a sandbox."""
    return all(connection.sandbox for connection in estate.connections.values())


def local_environment(project: Project, estate: schemas.Estate) -> dict[str, str]:
    """What an engine needs in its environment beyond what is set already.

    A sandbox estate keeps its state below CSP_HOME under an empty passphrase, since it holds nothing worth a secret. A
    live estate brings its own backend and passphrase.
    """
    found = {"CSP_HOME": str(project.home), START: started()}
    if estate_is_sandbox(estate):
        state = private_folder(project.home / "state")
        found["PULUMI_BACKEND_URL"] = os.environ.get("PULUMI_BACKEND_URL", state.as_uri())
        if "PULUMI_CONFIG_PASSPHRASE_FILE" not in os.environ:
            found["PULUMI_CONFIG_PASSPHRASE"] = os.environ.get("PULUMI_CONFIG_PASSPHRASE", "")
        found["PULUMI_SKIP_UPDATE_CHECK"] = "true"
        # The real engine's uv toolchain looks for `uv` on PATH; the project's environment holds one.
        binaries = str(Path(sys.executable).parent)
        if binaries not in os.environ.get("PATH", "").split(os.pathsep):
            found["PATH"] = os.pathsep.join([binaries, os.environ.get("PATH", "")])
    return found


def _last_line(answer: subprocess.CompletedProcess[str]) -> str:
    lines = (answer.stderr or answer.stdout).strip().splitlines()
    return lines[-1] if lines else f"exit code {answer.returncode}"
