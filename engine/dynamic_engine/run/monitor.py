"""The gRPC services that the program talks to: resource monitor and engine, on one loopback port."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent import futures
from typing import Any, NoReturn

import grpc
from google.protobuf import empty_pb2

from dynamic_engine.errors import EngineError, UnsupportedError
from dynamic_engine.plan.deployment import Terminated
from dynamic_engine.plan.steps import Goal, seconds
from dynamic_engine.protocol.stubs import CHANNEL_OPTIONS, engine_pb2, resource_pb2
from dynamic_engine.protocol.values import from_struct, from_value, to_struct
from dynamic_engine.run.registrar import Registered, Registrar
from dynamic_engine.state.backend import ORGANIZATION
from dynamic_engine.state.urns import Alias

# Secrets, resource references, alias specs, replacement triggers, deletedWith, replaceWith. Secrets must be among
# them: without that feature the SDK sends every secret in clear.
FEATURES = [0, 1, 3, 4, 5, 6]
_NAMES = {"secrets", "resourceReferences", "aliasSpecs", "replacementTrigger", "deletedWith", "replaceWith"}

_REFUSED = {
    "ReadResource": "reading existing resources (.get, StackReference)",
    "Invoke": "provider functions (invoke)",
    "StreamInvoke": "provider functions (invoke)",
    "Call": "resource methods (call)",
    "RegisterPackage": "parameterized packages",
    "ExistsResource": "existence checks of resources",
    "RegisterStackTransform": "stack transforms",
    "RegisterStackInvokeTransform": "stack invoke transforms",
    "RegisterResourceHook": "resource hooks",
    "RegisterErrorHook": "error hooks",
}
_SEVERITY = {0: "debug", 1: "info", 2: "warning", 3: "error"}

Log = Callable[[str, str, str], None]


class Monitor:
    """Serves one program. Calls block until their resource is done, so there are more threads than parallel steps."""

    def __init__(
        self, registrar: Registrar, log: Log, *, project: str, stack: str, preview: bool, parallel: int
    ) -> None:
        self._registrar = registrar
        self._log = log
        self._names = (project, stack)
        self._preview = preview
        self._parallel = parallel
        self.refused = False
        self.no_more = threading.Event()  # the program has registered everything
        self.finished = threading.Event()  # set by the engine when the program may end
        self._server = grpc.server(
            futures.ThreadPoolExecutor(max_workers=parallel * 4 + 16, thread_name_prefix="monitor"),
            options=[*CHANNEL_OPTIONS, ("grpc.so_reuseport", 0)],
        )
        self._server.add_generic_rpc_handlers(
            (
                grpc.method_handlers_generic_handler("pulumirpc.ResourceMonitor", self._monitor_handlers()),
                grpc.method_handlers_generic_handler("pulumirpc.Engine", self._engine_handlers()),
            )
        )
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def stop(self) -> None:
        """Close the port; calls in flight end."""
        self.finished.set()
        self._server.stop(0).wait()

    # -- handlers -------------------------------------------------------------------------------------------------

    def _monitor_handlers(self) -> dict[str, Any]:
        pb2 = resource_pb2
        handlers = {
            "GetDeploymentInfo": _handler(self._deployment_info, empty_pb2.Empty),
            "SupportsFeature": _handler(self._supports, pb2.SupportsFeatureRequest),
            "RegisterResource": _handler(self._register, pb2.RegisterResourceRequest),
            "RegisterResourceOutputs": _handler(self._register_outputs, pb2.RegisterResourceOutputsRequest),
            "SignalAndWaitForShutdown": _handler(self._shutdown, empty_pb2.Empty),
        }
        for name, feature in _REFUSED.items():
            handlers[name] = grpc.unary_unary_rpc_method_handler(self._refusal(feature))
        return handlers

    def _engine_handlers(self) -> dict[str, Any]:
        return {
            "Log": _handler(self._on_log, engine_pb2.LogRequest),
            "RequirePulumiVersion": grpc.unary_unary_rpc_method_handler(
                self._refusal("a required Pulumi version (require_pulumi_version)")
            ),
        }

    def _deployment_info(self, _request: Any, _context: Any) -> Any:
        project, stack = self._names
        return resource_pb2.DeploymentInfo(
            project=project,
            stack=stack,
            organization=ORGANIZATION,
            dryRun=self._preview,
            parallel=self._parallel,
            supportedFeatures=FEATURES,  # type: ignore[arg-type]  # plain enum numbers
        )

    def _supports(self, request: Any, _context: Any) -> Any:
        return resource_pb2.SupportsFeatureResponse(hasSupport=request.id in _NAMES)

    def _register(self, request: Any, context: Any) -> Any:
        try:
            registered = self._registrar.register(goal_of(request, self._registrar.root))
        except Terminated:
            self._gone(context)
        except EngineError as error:
            self._refuse(str(error), context)
        return _response(registered)

    def _register_outputs(self, request: Any, context: Any) -> Any:
        try:
            self._registrar.register_outputs(request.urn, from_struct(request.outputs))
        except Terminated:
            self._gone(context)
        except EngineError as error:
            self._refuse(str(error), context)
        return empty_pb2.Empty()

    def _shutdown(self, _request: Any, _context: Any) -> Any:
        self.no_more.set()
        self.finished.wait()
        return empty_pb2.Empty()

    def _on_log(self, request: Any, _context: Any) -> Any:
        # Debug lines and the passing ones are for interactive displays.
        if request.severity and not request.ephemeral and not self._registrar.stopped:
            self._log(_SEVERITY.get(request.severity, "info"), request.urn, request.message)
        return empty_pb2.Empty()

    def _refusal(self, feature: str) -> Callable[[Any, Any], Any]:
        def refuse(_request: Any, context: Any) -> NoReturn:
            self._refuse(str(UnsupportedError(feature)), context)

        return refuse

    def _refuse(self, message: str, context: Any) -> NoReturn:
        """Say why, stop the run, and let the program go quietly."""
        self._registrar.refuse(message)
        self._gone(context)

    def _gone(self, context: Any) -> NoReturn:
        # The SDK turns this code into a quiet end of the program; any other prints a traceback.
        context.abort(grpc.StatusCode.UNAVAILABLE, "the run has stopped")
        raise AssertionError("abort raises")


def _handler(function: Callable[[Any, Any], Any], request: Any) -> Any:
    return grpc.unary_unary_rpc_method_handler(
        function,
        request_deserializer=request.FromString,
        response_serializer=lambda message: message.SerializeToString(),
    )


def _response(registered: Registered) -> Any:
    return resource_pb2.RegisterResourceResponse(
        urn=registered.urn,
        id=registered.id,
        object=to_struct(registered.outputs, rich=True),
        result=resource_pb2.FAIL if registered.failed else resource_pb2.SUCCESS,
        unknown=registered.unknown,
    )


def goal_of(request: Any, root: str) -> Goal:
    """The registration in the engine's words. Raises :class:`UnsupportedError` for what the engine does not have."""
    refused = {
        "remote components": request.remote,
        "importing through ResourceOptions(import_=...)": request.importId,
        "transforms": request.transforms,
        "parameterized packages": request.packageRef,
        "state migrations": request.state_migrations,
        "resource hooks": request.hooks.ListFields() if request.HasField("hooks") else False,
        "environment variable mappings of providers": request.envVarMappings,
    }
    for feature, present in refused.items():
        if present:
            raise UnsupportedError(feature)
    timeouts = {key: getattr(request.customTimeouts, key) for key in ("create", "update", "delete", "read")}
    trigger = from_value(request.replacement_trigger) if request.HasField("replacement_trigger") else None
    return Goal(
        type=request.type,
        name=request.name,
        custom=request.custom,
        parent=request.parent,
        inputs=from_struct(request.object),
        protect=request.protect if request.HasField("protect") else None,
        retain_on_delete=request.retainOnDelete if request.HasField("retainOnDelete") else None,
        deleted_with=request.deletedWith,
        provider=request.provider,
        providers=dict(request.providers),
        dependencies=list(request.dependencies),
        property_dependencies={key: sorted(item.urns) for key, item in request.propertyDependencies.items()},
        delete_before_replace=request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None,
        ignore_changes=list(request.ignoreChanges),
        replace_on_changes=list(request.replaceOnChanges),
        hide_diff=list(request.hideDiffs),
        additional_secret_outputs=list(request.additionalSecretOutputs),
        replace_with=list(request.replace_with),
        replacement_trigger=trigger,
        custom_timeouts={key: seconds(text) for key, text in timeouts.items() if text},
        aliases=[*(_alias(item) for item in request.aliases), *(Alias(urn=urn) for urn in request.aliasURNs)],
        source_position=_position(request.sourcePosition, root),
        stack_trace=[
            {"sourcePosition": _position(frame.pc, root)} for frame in request.stackTrace.frames if frame.HasField("pc")
        ],
    )


def _alias(item: Any) -> Alias:
    if item.urn:
        return Alias(urn=item.urn)
    spec = item.spec
    return Alias(
        name=spec.name,
        type=spec.type,
        stack=spec.stack,
        project=spec.project,
        parent=spec.parentUrn,
        no_parent=spec.noParent,
    )


def _position(position: Any, root: str) -> str:
    """``project:///<path relative to the project>#<line>``, as the CLI stores it; empty when outside of files."""
    uri = str(position.uri)
    if not uri.startswith("file://"):
        return ""
    path = os.path.relpath(uri.removeprefix("file://"), root)
    place = f"#{position.line}" if position.line else ""
    if position.line and position.column:
        place += f",{position.column}"
    return f"project:///{path}{place}"
