"""The program process: started through the runner, watched, and never left behind."""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

from dynamic_engine.errors import EngineError
from dynamic_engine.project.project import Project
from dynamic_engine.protocol.values import Secret, unwrap
from dynamic_engine.state.backend import ORGANIZATION

SHOWN = 32  # the runner's exit code after it logged the failure itself


class Program:
    """One run of the project's program."""

    def __init__(
        self,
        project: Project,
        stack: str,
        config: dict[str, str | Secret],
        *,
        address: str,
        preview: bool,
        parallel: int,
        output: Callable[[str], None],
        ended: Callable[[], None],
    ) -> None:
        """Start it. *output* gets its lines, *ended* is called when it has exited."""
        if not project.program.exists():
            raise EngineError(f"unable to find the program {project.main}")
        self._output = output
        self._ended = ended
        self._process = subprocess.Popen(
            [project.python, "-u", str(Path(__file__).with_name("runner.py"))],
            cwd=project.working_dir,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # A group of its own: Ctrl-C goes to the engine, which ends the program by refusing its calls.
            start_new_session=True,
        )
        settings = {
            "program": str(project.program),
            "working_dir": str(project.working_dir),
            "root": str(project.root),
            "project": project.name,
            "stack": stack,
            "organization": ORGANIZATION,
            "address": address,
            "parallel": parallel,
            "preview": preview,
            "config": unwrap(config),
            "secret_keys": [key for key, value in config.items() if isinstance(value, Secret)],
        }
        assert self._process.stdin is not None
        # The pipe stays open: the runner ends itself when it closes, so a killed engine leaves no program behind.
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(settings).encode() + b"\n")
            self._process.stdin.flush()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with contextlib.suppress(ValueError, OSError):
            for raw in self._process.stdout:
                if line := raw.decode(errors="replace").rstrip():
                    self._output(line)
        self._process.wait()
        self._ended()

    @property
    def code(self) -> int | None:
        """The exit code, None while it runs."""
        return self._process.poll()

    def wait(self, timeout: float) -> int:
        """Its exit code; killed when it has not ended after *timeout* seconds."""
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        self._reader.join(timeout)
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        return code
