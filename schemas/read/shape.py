"""What has the wrong shape, by JSON Schema: places and words for missing, unknown and mistyped values."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError as ShapeError
from jsonschema.validators import extend

from schemas.kinds.nearest import nearest, quoted
from schemas.read.yaml_source import Path_
from schemas.report.findings import Report

_TYPES = {"string": "a text", "boolean": "true or false", "integer": "a whole number", "number": "a number"}
_TYPES |= {"array": "a list", "object": "a mapping", "null": "nothing"}
MAX_UNKNOWN = 20
"""Unknown keys of one mapping that are told one by one: looking for the nearest known key takes its time."""
_SECRETS = ("password", "secret", "token", "credential", "api_key", "private_key")


def report_shape(
    schema: str, data: Any, report: Report, texts: Mapping[Path_, str], known: frozenset[Path_]
) -> set[Path_]:
    """Report every shape error of ``data`` save at the ``known`` places; the answer is the places that were told.

    ``schema`` is the stem of the JSON Schema file; ``texts`` holds scalars as they are written (for suggestions).
    """
    told: set[Path_] = set()
    for error in _validator(schema).iter_errors(data):
        for leaf in _leaves(error):
            path = tuple(leaf.absolute_path)
            if path not in known:
                told |= set(_report_shape(leaf, path, report, texts))
    return told


def _one_of(validator: Any, branches: Any, instance: Any, schema: Any) -> Iterator[ShapeError]:
    """``oneOf`` that follows pydantic's discriminator, so that only the chosen branch is reported."""
    choice = schema.get("discriminator")
    if choice is None or not isinstance(instance, Mapping):
        yield from Draft202012Validator.VALIDATORS["oneOf"](validator, branches, instance, schema)
        return
    name, mapping = choice["propertyName"], choice["mapping"]
    if name not in instance:
        yield ShapeError(f"{name!r} is a required property", validator="required", validator_value=[name])
        return
    tag = instance[name]
    if not isinstance(tag, str) or tag not in mapping:
        yield ShapeError("not allowed", validator="enum", validator_value=list(mapping), instance=tag, path=[name])
        return
    yield from validator.descend(instance, {"$ref": mapping[tag]})


_Validator: Any = extend(Draft202012Validator, {"oneOf": _one_of})  # type: ignore[no-untyped-call]


@cache
def _validator(schema: str) -> Any:
    path = Path(__file__).parents[1] / f"{schema}.schema.json"
    return _Validator(json.loads(path.read_text(encoding="utf-8")))


def _leaves(error: ShapeError) -> Iterator[ShapeError]:
    """The errors inside an optional value; the branch "null" says nothing of use."""
    if error.validator == "anyOf" and error.instance is not None:
        branches: Any = error.validator_value
        named = [i for i, b in enumerate(branches) if b.get("type") != "null"]
        if len(named) == 1:
            for inner in error.context or ():
                if inner.schema_path[0] == named[0]:
                    yield from _leaves(inner)
            return
    yield error


def _report_shape(error: ShapeError, path: Path_, report: Report, texts: Mapping[Path_, str]) -> list[Path_]:
    """Report one shape error; the answer is the places that were told."""
    kind: str = str(error.validator)
    wanted: Any = error.validator_value
    found: Any = error.instance
    schema: Any = error.schema
    if kind == "required":
        name = error.message.split("'")[1]
        report((*path, name), "CSP-SHAPE-001", "missing", f"add {quoted(name)}")
        return [(*path, name)]
    if kind == "additionalProperties":
        known = set(schema.get("properties", {}))
        extra = [key for key in found if key not in known]
        for key in extra[:MAX_UNKNOWN]:
            _report_unknown_key((*path, key), key, sorted(known - set(found)), sorted(known), report)
        if (more := len(extra) - MAX_UNKNOWN) > 0:
            report(path, "CSP-SHAPE-002", f"{more} more unknown {'key' if more == 1 else 'keys'} in this mapping")
        return [(*path, key) for key in extra]
    if kind == "type":
        report(path, "CSP-SHAPE-003", *_type_text(wanted, found, texts.get(path, "")))
    elif kind in ("enum", "const"):
        allowed = [str(w) for w in (wanted if kind == "enum" else [wanted])]
        close = nearest(str(found), allowed)
        shown = quoted(found) if isinstance(found, str) else "the value"
        hint = f"try {quoted(close)}" if close else "one of " + ", ".join(allowed)
        report(path, "CSP-SHAPE-004", f"{shown} is not allowed", hint)
    else:
        report(path, "CSP-SHAPE-005", _limit_text(kind, wanted, found))
    return [path]


def _report_unknown_key(path: Path_, key: str, free: list[str], known: list[str], report: Report) -> None:
    if any(word in key.lower() for word in _SECRETS):
        report(path, "CSP-CONN-007", "credentials are never in a file", "set them in the environment", key=True)
        return
    close = nearest(key, free)
    hint = f"try {quoted(close)}" if close else "known here: " + ", ".join(known)
    report(path, "CSP-SHAPE-002", "unknown key", hint, key=True)


def _type_text(wanted: Any, found: Any, text: str) -> tuple[str, str]:
    names = wanted if isinstance(wanted, list) else [wanted]
    expected = " or ".join(_TYPES[name] for name in names)
    if found is None:
        return f"no value; {expected} expected", ""
    if "string" in names and isinstance(found, int | float):
        return "a text expected", f"quote it: {quoted(text or str(found))}"
    if "boolean" in names and isinstance(found, str):
        on = found.lower() in ("on", "yes", "y", "true", "1")
        off = found.lower() in ("off", "no", "n", "false", "0")
        return "true or false expected", f"try {'true' if on else 'false'}" if on or off else ""
    if "array" in names and isinstance(found, str):
        return "a list expected", f"try [{found if len(found) < 40 else '...'}]"
    return f"{expected} expected", ""


def _limit_text(kind: str, wanted: Any, found: Any) -> str:
    if kind == "maxLength":
        return f"{len(found)} characters, at most {wanted} fit"
    if kind in ("minLength", "minItems"):
        return "must not be empty"
    if kind == "minimum":
        return f"{found} is below {wanted}"
    if kind == "exclusiveMinimum":
        return f"{found} is not above {wanted}"
    if kind == "maximum":
        return f"{found} is above {wanted}"
    if kind == "pattern":
        return f"{quoted(str(found))} does not have the form {wanted}"
    return "the value has none of the forms that are possible here"
