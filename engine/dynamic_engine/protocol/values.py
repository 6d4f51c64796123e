"""Property values: how Pulumi's values look in Python, on the wire, and how they are compared.

A value is ``None``, ``bool``, ``int``, ``float``, ``str``, a list, a dict with text keys, or one of the three
classes below. Integral numbers are always ``int``: the wire has doubles only, Pulumi's files have ``5``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf import struct_pb2

from dynamic_engine.errors import UnsupportedError

UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a type signature of the protocol
RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"
ASSET = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"
OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"

Value = Any
Properties = dict[str, Value]


class Unknown:
    """A value that only the real run will know. One instance: :data:`UNKNOWN`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that is encrypted at rest and printed as ``[secret]``."""

    value: Value

    def __repr__(self) -> str:
        return "Secret([secret])"


@dataclass(frozen=True, slots=True)
class ResourceRef:
    """A resource used as a value: its URN, and its id when it is a custom resource (``UNKNOWN`` in previews)."""

    urn: str
    id: Value = None
    version: str = ""


# -- wire -----------------------------------------------------------------------------------------------------------


def from_struct(struct: struct_pb2.Struct) -> Properties:
    """Decode a wire object. Raises :class:`UnsupportedError` for assets, archives and output values."""
    return {key: from_value(value) for key, value in struct.fields.items()}


def from_value(value: struct_pb2.Value) -> Value:
    """Decode one wire value."""
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        text = value.string_value
        return UNKNOWN if text == UNKNOWN_TEXT else text
    if kind == "number_value":
        return number(value.number_value)
    if kind == "bool_value":
        return value.bool_value
    if kind == "list_value":
        return [from_value(item) for item in value.list_value.values]
    if kind == "struct_value":
        fields = value.struct_value.fields
        if SIGNATURE in fields:
            return _from_signed(fields)
        return {key: from_value(item) for key, item in fields.items()}
    return None


def _from_signed(fields: Mapping[str, struct_pb2.Value]) -> Value:
    signature = fields[SIGNATURE].string_value
    if signature == SECRET:
        return secret(from_value(fields["value"]))
    if signature == RESOURCE:
        ref_id = from_value(fields["id"]) if "id" in fields else None
        version = fields["packageVersion"].string_value if "packageVersion" in fields else ""
        return ResourceRef(fields["urn"].string_value, UNKNOWN if ref_id == "" else ref_id, version)
    raise UnsupportedError(
        {ASSET: "assets", ARCHIVE: "archives", OUTPUT: "output values"}.get(signature, f"values signed {signature}")
    )


def number(value: float) -> int | float:
    """A wire double as Pulumi's files write it: integral numbers without a fraction."""
    if math.isnan(value) or math.isinf(value):
        raise UnsupportedError("NaN and infinite numbers")
    # Above 1e21 the CLI writes an exponent, so the float is kept as it is.
    return int(value) if value.is_integer() and abs(value) < 1e21 else value


def to_struct(properties: Mapping[str, Value], *, rich: bool = False) -> struct_pb2.Struct:
    """Encode an object. ``rich`` keeps secrets and references wrapped; otherwise a secret is sent as its plain value
    and a reference as its id (custom) or URN, as the dynamic plugin expects."""
    struct = struct_pb2.Struct()
    for key, item in properties.items():
        _fill(struct.fields[key], item, rich)
    return struct


def _fill(target: struct_pb2.Value, value: Value, rich: bool) -> None:
    if value is None:
        target.null_value = struct_pb2.NULL_VALUE
    elif isinstance(value, str):
        target.string_value = value
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, int | float):
        target.number_value = value
    elif isinstance(value, list):
        target.list_value.SetInParent()
        for item in value:
            _fill(target.list_value.values.add(), item, rich)
    elif isinstance(value, dict):
        target.struct_value.SetInParent()
        for key, item in value.items():
            _fill(target.struct_value.fields[key], item, rich)
    elif isinstance(value, Unknown):
        target.string_value = UNKNOWN_TEXT
    elif isinstance(value, Secret):
        if rich:
            target.struct_value.fields[SIGNATURE].string_value = SECRET
            _fill(target.struct_value.fields["value"], value.value, rich)
        else:
            _fill(target, value.value, rich)
    elif isinstance(value, ResourceRef):
        if rich:
            fields = target.struct_value.fields
            fields[SIGNATURE].string_value = RESOURCE
            fields["urn"].string_value = value.urn
            if value.id is not None:
                _fill(fields["id"], value.id, rich)
            if value.version:
                fields["packageVersion"].string_value = value.version
        else:
            _fill(target, value.urn if value.id is None else value.id, rich)
    else:
        raise TypeError(f"not a property value: {type(value).__name__}")


# -- secrets --------------------------------------------------------------------------------------------------------


def secret(value: Value) -> Secret:
    """Mark *value*; a mark on a mark stays one mark."""
    return value if isinstance(value, Secret) else Secret(value)


def unwrap(value: Value) -> Value:
    """The same value without any secret mark, at any depth."""
    if isinstance(value, Secret):
        return unwrap(value.value)
    if isinstance(value, dict):
        return {key: unwrap(item) for key, item in value.items()}
    if isinstance(value, list):
        return [unwrap(item) for item in value]
    return value


def _contains(value: Value, kind: type) -> bool:
    if isinstance(value, kind):
        return True
    if isinstance(value, Secret):
        return _contains(value.value, kind)
    if isinstance(value, ResourceRef):
        return _contains(value.id, kind)
    if isinstance(value, dict):
        return any(_contains(item, kind) for item in value.values())
    if isinstance(value, list):
        return any(_contains(item, kind) for item in value)
    return False


def contains_secret(value: Value) -> bool:
    """Whether a secret mark is anywhere in *value*."""
    return _contains(value, Secret)


def contains_unknown(value: Value) -> bool:
    """Whether an unknown is anywhere in *value*."""
    return _contains(value, Unknown)


def annotate(target: Properties, source: Mapping[str, Value]) -> Properties:
    """Mark again what a plugin returned in clear: keys of *source* that hold a secret make the same key of *target*
    secret. Two objects are walked together; anything else becomes secret as a whole (so a list with one secret is
    wholly secret), as the CLI does."""
    result: Properties = {}
    for key, value in target.items():
        if key not in source:
            result[key] = value
            continue
        other = source[key]
        if isinstance(value, dict) and isinstance(other, dict):
            result[key] = annotate(value, other)
        elif not isinstance(value, Secret) and contains_secret(other):
            result[key] = Secret(value)
        else:
            result[key] = value
    return result


def mark_outputs(outputs: Properties, inputs: Mapping[str, Value], additional: Iterable[str]) -> Properties:
    """Mark outputs that are named in ``additionalSecretOutputs`` or whose input of the same name is secret."""
    names = {*additional, *(key for key, value in inputs.items() if isinstance(value, Secret))}
    return {key: secret(value) if key in names else value for key, value in outputs.items()}


def mask(value: Value) -> Value:
    """The value as output for people and machines shows it: ``[secret]``, the unknown marker, plain references."""
    if isinstance(value, Secret):
        return "[secret]"
    if isinstance(value, Unknown):
        return UNKNOWN_TEXT
    if isinstance(value, ResourceRef):
        return mask(value.urn if value.id is None else value.id)
    if isinstance(value, dict):
        return {key: mask(item) for key, item in sorted(value.items())}
    if isinstance(value, list):
        return [mask(item) for item in value]
    return value


# -- comparison -----------------------------------------------------------------------------------------------------


def equal(left: Value, right: Value) -> bool:
    """Deep equality. Null and absent are the same, booleans are no numbers, secret marks count, unknowns differ
    from everything."""
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return False
    if isinstance(left, Secret) or isinstance(right, Secret):
        return isinstance(left, Secret) and isinstance(right, Secret) and equal(left.value, right.value)
    if isinstance(left, dict) and isinstance(right, dict):
        keys = left.keys() | right.keys()
        return all(equal(left.get(key), right.get(key)) for key in keys)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, ResourceRef) and isinstance(right, ResourceRef):
        return left.urn == right.urn and (left.id is None) == (right.id is None) and _same_id(left, right)
    return bool(left == right)


def _same_id(left: ResourceRef, right: ResourceRef) -> bool:
    return left.id is None or equal(left.id, right.id)
