"""The dynamic-provider plugin processes: one per provider reference, unmodified (``python -u -m pulumi.dynamic``)."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf import empty_pb2

from dynamic_engine.errors import EngineError
from dynamic_engine.project.project import Project
from dynamic_engine.protocol import stubs
from dynamic_engine.protocol.stubs import provider_pb2
from dynamic_engine.protocol.values import Properties, from_struct, to_struct, unwrap
from dynamic_engine.state.resource import State

START_TIMEOUT = 60.0  # seconds; importing a large project on a busy machine is slow
STOP_TIMEOUT = 2.0  # seconds between the stop signal and kill

Output = Callable[[str], None]


class PluginError(Exception):
    """A provider call failed. The text is the plugin's own."""


@dataclass(frozen=True)
class Failure:
    """One failed check: ``property`` may be empty."""

    property: str
    reason: str


@dataclass(frozen=True)
class DiffAnswer:
    """What ``diff`` answered. ``changes`` is None when the provider leaves the comparison to the engine."""

    changes: bool | None
    replaces: tuple[str, ...] = ()
    delete_before_replace: bool = False


class Plugin:
    """One plugin process. The process starts at once, the connection is made at the first call."""

    def __init__(self, project: Project, state: State, config: Mapping[str, str], output: Output) -> None:
        """*state* is the provider resource; its inputs become the plugin's configuration."""
        self.inputs = state.inputs
        self._state = state
        self._output = output
        self._lock = threading.Lock()
        self._channel: grpc.Channel | None = None
        self._methods: dict[str, Callable[[Any], Any]] = {}
        self._drainer: threading.Thread | None = None
        options = {f"PULUMI_RUNTIME_{key.upper()}": str(value) for key, value in project.runtime_options.items()}
        own = {key.partition(":")[2]: value for key, value in config.items() if key.startswith("pulumi-python:")}
        self._process = subprocess.Popen(
            [project.python, "-u", "-m", "pulumi.dynamic", "127.0.0.1:0"],
            cwd=project.working_dir,
            env={**os.environ, **options, "PULUMI_PROJECT": project.name, "PULUMI_CONFIG": json.dumps(own)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # A group of its own: Ctrl-C goes to the engine, which lets running calls finish.
            start_new_session=True,
        )

    # -- calls --------------------------------------------------------------------------------------------------

    def check(self, state: State, olds: Properties, news: Properties, seed: bytes) -> tuple[Properties, list[Failure]]:
        """The checked inputs (marks lost, see :func:`values.annotate`) and the failures."""
        answer = self._call(
            "Check",
            provider_pb2.CheckRequest(**_who(state), olds=to_struct(olds), news=to_struct(news), randomSeed=seed),
            provider_pb2.CheckResponse,
        )
        return from_struct(answer.inputs), [Failure(item.property, item.reason) for item in answer.failures]

    def diff(
        self,
        state: State,
        olds: Properties,
        old_inputs: Properties,
        news: Properties,
        ignore_changes: Sequence[str],
    ) -> DiffAnswer:
        """Compare old outputs with new inputs."""
        answer = self._call(
            "Diff",
            provider_pb2.DiffRequest(
                **_who(state),
                id=state.id,
                olds=to_struct(olds),
                old_inputs=to_struct(old_inputs),
                news=to_struct(news),
                ignoreChanges=ignore_changes,
            ),
            provider_pb2.DiffResponse,
        )
        changes = {
            provider_pb2.DiffResponse.DIFF_SOME: True,
            provider_pb2.DiffResponse.DIFF_NONE: False,
        }.get(answer.changes)
        return DiffAnswer(changes, tuple(answer.replaces), answer.deleteBeforeReplace)

    def create(self, state: State, timeout: float) -> tuple[str, Properties]:
        """Create; the id (never empty) and the outputs."""
        answer = self._call(
            "Create",
            provider_pb2.CreateRequest(**_who(state), properties=to_struct(state.inputs), timeout=timeout),
            provider_pb2.CreateResponse,
        )
        if not answer.id:
            raise PluginError("provider unexpectedly returned an empty id from create")
        return answer.id, from_struct(answer.properties)

    def update(self, old: State, new: State, timeout: float) -> Properties:
        """Update *old* to the inputs of *new*; the outputs."""
        answer = self._call(
            "Update",
            provider_pb2.UpdateRequest(
                **_who(new),
                id=old.id,
                olds=to_struct(old.outputs),
                old_inputs=to_struct(old.inputs),
                news=to_struct(new.inputs),
                timeout=timeout,
                ignoreChanges=new.ignore_changes,
            ),
            provider_pb2.UpdateResponse,
        )
        return from_struct(answer.properties)

    def read(self, state: State) -> tuple[str, Properties | None, Properties]:
        """Read; the id (empty when the object is gone), the inputs if the provider gave any, the outputs."""
        answer = self._call(
            "Read",
            provider_pb2.ReadRequest(
                **_who(state), id=state.id, properties=to_struct(state.outputs), inputs=to_struct(state.inputs)
            ),
            provider_pb2.ReadResponse,
        )
        inputs = from_struct(answer.inputs) if answer.HasField("inputs") else None
        return answer.id, inputs, from_struct(answer.properties)

    def delete(self, state: State, timeout: float) -> None:
        """Delete."""
        self._call(
            "Delete",
            provider_pb2.DeleteRequest(
                **_who(state),
                id=state.id,
                properties=to_struct(state.outputs),
                old_inputs=to_struct(state.inputs),
                timeout=timeout,
            ),
            None,
        )

    # -- process ------------------------------------------------------------------------------------------------

    def _call(self, method: str, request: Any, response: Any) -> Any:
        channel = self._connect()
        call = self._methods.get(method)
        if call is None:
            call = self._methods[method] = channel.unary_unary(
                f"/pulumirpc.ResourceProvider/{method}",
                request_serializer=type(request).SerializeToString,
                response_deserializer=(response or empty_pb2.Empty).FromString,
            )
        try:
            return call(request)
        except grpc.RpcError as error:
            raise PluginError(_text(error)) from None

    def _connect(self) -> grpc.Channel:
        with self._lock:
            if self._channel is None:
                self._channel = stubs.channel(f"127.0.0.1:{self._read_port()}")
                self._configure(self._channel)
            return self._channel

    def _read_port(self) -> int:
        stdout = self._process.stdout
        assert stdout is not None
        killer = threading.Timer(START_TIMEOUT, self._process.kill)
        killer.daemon = True
        killer.start()
        early: list[str] = []
        try:
            for raw in stdout:
                line = raw.decode(errors="replace").rstrip()
                if line.isdigit():
                    self._drainer = threading.Thread(target=self._drain, daemon=True)
                    self._drainer.start()
                    return int(line)
                early.append(line)
        finally:
            killer.cancel()
        code = self._process.wait()
        detail = early[-1] if early else "no output"
        raise EngineError(f"the dynamic provider plugin did not start (exit code {code}): {detail}")

    def _drain(self) -> None:
        stdout = self._process.stdout
        assert stdout is not None
        with contextlib.suppress(ValueError, OSError):  # closed while stopping
            for raw in stdout:
                if line := raw.decode(errors="replace").rstrip():
                    self._output(line)

    def _configure(self, channel: grpc.Channel) -> None:
        variables = {
            f"pulumi-python:config:{key}": value
            for key, item in self.inputs.items()
            if isinstance(value := unwrap(item), str)
        }
        request = provider_pb2.ConfigureRequest(
            args=to_struct(self.inputs, rich=True),
            variables=variables,
            acceptSecrets=True,
            acceptResources=True,
            sends_old_inputs=True,
            sends_old_inputs_to_delete=True,
            **_who(self._state),
            id=to_struct({"id": self._state.id}).fields["id"].string_value,
        )
        call = channel.unary_unary(
            "/pulumirpc.ResourceProvider/Configure",
            request_serializer=provider_pb2.ConfigureRequest.SerializeToString,
            response_deserializer=provider_pb2.ConfigureResponse.FromString,
        )
        try:
            call(request, timeout=START_TIMEOUT)
        except grpc.RpcError as error:
            raise EngineError(f"cannot configure provider {self._state.urn}: {_text(error)}") from None

    def stop(self) -> None:
        """Ask the process to end, then kill it."""
        if self._channel is not None:
            self._channel.close()
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT if self._channel is not None else signal.SIGKILL)
            try:
                self._process.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._drainer is not None:
            self._drainer.join(STOP_TIMEOUT)
        # A child of the plugin may still hold the pipe; closing it under the reader would hang.
        if self._process.stdout is not None and not (self._drainer is not None and self._drainer.is_alive()):
            self._process.stdout.close()


def _who(state: State) -> dict[str, Any]:
    return {"urn": state.urn, "name": state.name, "type": state.type}


def _text(error: grpc.RpcError) -> str:
    if error.code() == grpc.StatusCode.UNAVAILABLE:
        return "the dynamic provider plugin ended unexpectedly"
    return str(error.details()).strip()
