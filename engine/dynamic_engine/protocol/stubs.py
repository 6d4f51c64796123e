"""Pulumi's generated protocol modules, without the rest of the SDK.

Importing ``pulumi`` costs most of a second and the engine process needs none of it, so the generated modules are
loaded from the installed package under a private package name. They are the SDK's own files, unchanged.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types
from pathlib import Path
from typing import TYPE_CHECKING

import grpc

if TYPE_CHECKING:
    from pulumi.runtime.proto import engine_pb2, plugin_pb2, provider_pb2, resource_pb2
else:

    def _load(*names: str) -> list[types.ModuleType]:
        spec = importlib.util.find_spec("pulumi")
        if spec is None or spec.origin is None:
            raise ImportError("the pulumi package is not installed")
        package = types.ModuleType("dynamic_engine._pulumi_proto")
        package.__path__ = [str(Path(spec.origin).parent / "runtime" / "proto")]
        sys.modules.setdefault(package.__name__, package)
        return [importlib.import_module(f"{package.__name__}.{name}") for name in names]

    engine_pb2, plugin_pb2, provider_pb2, resource_pb2 = _load(
        "engine_pb2", "plugin_pb2", "provider_pb2", "resource_pb2"
    )

MAX_MESSAGE = 400 * 1024 * 1024  # the limit that the SDK and the CLI use, bytes
CHANNEL_OPTIONS = [("grpc.max_send_message_length", MAX_MESSAGE), ("grpc.max_receive_message_length", MAX_MESSAGE)]


def channel(address: str) -> grpc.Channel:
    """An insecure loopback channel to *address* (``host:port``)."""
    # A proxy from the environment must never see loopback traffic.
    return grpc.insecure_channel(address, options=[*CHANNEL_OPTIONS, ("grpc.enable_http_proxy", 0)])


__all__ = ["CHANNEL_OPTIONS", "channel", "engine_pb2", "plugin_pb2", "provider_pb2", "resource_pb2"]
