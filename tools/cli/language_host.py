"""Pulumi's Python language host, as far as the tests need one: it runs programs for a CLI that was built by `make cli`.

The official host comes with the CLI's release archive and is in no index. This one stands beside the built CLI only
(`.csp/cli/bin`), in no distributed package, so it never takes the place of a user's. The CLI starts it with its own
address as the last argument and reads the port from the first line.

It answers the questions of `LanguageRuntime` that dynamic programs lead to. It installs nothing: the project's
environment must be there.
"""

import contextlib
import importlib
import importlib.util
import json
import os
import select
import subprocess
import sys
import types
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2, json_format


def _stubs(*names: str) -> list[Any]:
    """The SDK's own protocol modules without the rest of the SDK, whose import costs more than a whole call."""
    spec = importlib.util.find_spec("pulumi")
    assert spec is not None
    assert spec.origin is not None
    package = types.ModuleType("_pulumi_proto")
    package.__path__ = [str(Path(spec.origin).parent / "runtime" / "proto")]
    sys.modules[package.__name__] = package
    return [importlib.import_module(f"{package.__name__}.{name}") for name in names]


wire, services, plugin_pb2 = _stubs("language_pb2", "language_pb2_grpc", "plugin_pb2")

EXEC = Path(__file__).with_name("pulumi-language-python-exec")
SHOWN = 32
"""Exit code of the exec script when it has told the error itself."""
LIMIT = 400 * 1024 * 1024


class Host(services.LanguageRuntimeServicer):
    """One host serves one command. Programs write to its own output, which the CLI shows line by line."""

    def __init__(self, engine: str) -> None:
        self._engine = engine
        self.programs: list[subprocess.Popen[bytes]] = []

    def Handshake(self, request: Any, _context: Any) -> Any:  # noqa: N802 - the protocol's names
        self._engine = request.engine_address or self._engine
        return wire.LanguageHandshakeResponse()

    def GetPluginInfo(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        return plugin_pb2.PluginInfo(version="0.0.0-tests")

    def About(self, request: Any, _context: Any) -> Any:  # noqa: N802
        python = interpreter(request.info)
        version = subprocess.run(
            [python, "-V"], capture_output=True, text=True, encoding="utf-8", check=True
        ).stdout.split()[-1]
        return wire.AboutResponse(executable=python, version=version)

    def GetRequiredPackages(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        return wire.GetRequiredPackagesResponse()

    def GetRequiredPlugins(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        return wire.GetRequiredPluginsResponse()

    def GetProgramDependencies(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        return wire.GetProgramDependenciesResponse()

    def RuntimeOptionsPrompts(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        return wire.RuntimeOptionsResponse()

    def InstallDependencies(self, request: Any, _context: Any) -> Iterator[Any]:  # noqa: N802
        interpreter(request.info)
        yield wire.InstallDependenciesResponse(stdout=b"the test host installs nothing\n")

    def Run(self, request: Any, _context: Any) -> Any:  # noqa: N802
        info = request.info
        command = [
            interpreter(info), "-u", str(EXEC),
            "--monitor", request.monitor_address, "--engine", self._engine,
            "--project", request.project, "--stack", request.stack, "--organization", request.organization,
            "--root_directory", info.root_directory, "--pwd", request.pwd,
            "--parallel", str(request.parallel), "--dry_run", "true" if request.dryRun else "false",
            str(Path(info.program_directory, info.entry_point)), *request.args,
        ]  # fmt: skip
        environment = {
            **os.environ,
            "PULUMI_CONFIG": json.dumps(dict(request.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
        }
        with subprocess.Popen(command, cwd=request.pwd, env=environment, stdin=subprocess.DEVNULL) as program:
            self.programs.append(program)
            code = program.wait()
        if code == SHOWN:
            return wire.RunResponse(bail=True)
        return wire.RunResponse(error="" if code == 0 else f"Program exited with non-zero exit code: {code}")

    def RunPlugin(self, request: Any, _context: Any) -> Iterator[Any]:  # noqa: N802
        """A plugin that is a Python program: started like a program, its output handed on as it comes."""
        process = subprocess.Popen(
            [interpreter(request.info), "-u", str(Path(request.info.program_directory, request.info.entry_point)),
             *request.args],
            cwd=request.pwd,
            env={**dict(entry.split("=", 1) for entry in request.env), "PATH": os.environ.get("PATH", "")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert process.stdout is not None
        for line in process.stdout:
            yield wire.RunPluginResponse(stdout=line)
        yield wire.RunPluginResponse(exitcode=process.wait())

    def Cancel(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        return empty_pb2.Empty()


def interpreter(info: Any) -> str:
    """The Python of a project: its `virtualenv` (`.venv` with the uv toolchain), else the one that runs this host."""
    options = json_format.MessageToDict(info.options) if info.HasField("options") else {}
    named = options.get("virtualenv") or (".venv" if options.get("toolchain") == "uv" else "")
    if not named:
        return sys.executable
    python = Path(info.root_directory, named, "bin", "python")
    return str(python) if python.exists() else sys.executable


def main() -> None:
    engine = next((word for word in sys.argv[1:] if not word.startswith("-")), "")
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=8),
        options=[("grpc.max_receive_message_length", LIMIT), ("grpc.max_send_message_length", LIMIT)],
    )
    host = Host(engine)
    services.add_LanguageRuntimeServicer_to_server(host, server)
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    with contextlib.suppress(KeyboardInterrupt):  # the CLI ends its plugins with a signal; a killed one leaves our pipe
        gone = select.poll()
        gone.register(sys.stdout, 0)
        gone.poll()
        for program in host.programs:  # plugins notice by themselves, and finish what they have begun
            program.kill()
    server.stop(0)


if __name__ == "__main__":
    main()
