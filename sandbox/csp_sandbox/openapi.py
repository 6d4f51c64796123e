"""The OpenAPI document of what the sandbox serves, built from the registered operations."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from csp_sandbox.serving.web import Operation, System

_PARAMETER = re.compile(r"{(\w+)}")
_REFS = "#/components/schemas/{model}"


def document(systems: Iterable[System], base: str = "") -> dict[str, Any]:
    """OpenAPI 3.1 of all public systems. ``base`` is the server's root URL."""
    schemas: dict[str, Any] = {}
    paths: dict[str, Any] = {}
    for system in systems:
        if not system.public:
            continue
        for operation in system.operations:
            entry = paths.setdefault(system.base + operation.path, {})
            entry[operation.method.lower()] = _operation(system, operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "CSP sandbox",
            "version": "1",
            "description": "A simulated StreamOne ION, Partner Center and Entra. Every behaviour has a row in "
            "docs/behaviours.md; nothing here was tried against the live systems.",
        },
        "servers": [{"url": base or "/"}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(system: System, operation: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "operationId": operation.id,
        "summary": operation.summary,
        "description": operation.rule.text,
        "tags": [system.title],
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
            for name in _PARAMETER.findall(operation.path)
        ],
        "responses": {str(operation.status): _answer(operation, schemas)},
    }
    for status in operation.refusals:
        entry["responses"][str(status)] = {"description": "Refused; see docs/behaviours.md"}
    if operation.auth != "none" and system.name != "entra":
        entry["security"] = [{"bearer": []}]
    if operation.query is not None:
        entry["parameters"] += _query(operation.query, schemas)
    if operation.body is not None:
        media = "application/x-www-form-urlencoded" if operation.form else "application/json"
        entry["requestBody"] = {"required": True, "content": {media: {"schema": _reference(operation.body, schemas)}}}
    return entry


def _answer(operation: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": "Done"}
    if operation.answer is not None:
        answer["content"] = {"application/json": {"schema": _reference(operation.answer, schemas)}}
    return answer


def _query(model: type[BaseModel], schemas: dict[str, Any]) -> list[dict[str, Any]]:
    schema = _schema(model, schemas)
    required = set(schema.get("required", ()))
    return [
        {"name": name, "in": "query", "required": name in required, "schema": _without_null(part)}
        for name, part in schema.get("properties", {}).items()
    ]


def _without_null(part: dict[str, Any]) -> dict[str, Any]:
    """A query parameter is left out instead of being null."""
    choices = [choice for choice in part.get("anyOf", ()) if choice.get("type") != "null"]
    kept = {key: value for key, value in part.items() if key not in ("anyOf", "default")}
    return {**kept, **choices[0]} if len(choices) == 1 else {**kept, **({"anyOf": choices} if choices else {})}


def _schema(model: type[BaseModel], schemas: dict[str, Any]) -> dict[str, Any]:
    schema = model.model_json_schema(by_alias=True, ref_template=_REFS)
    schemas.update(schema.pop("$defs", {}))
    return schema


def _reference(model: type[BaseModel], schemas: dict[str, Any]) -> dict[str, Any]:
    name = model.__name__
    schema = _schema(model, schemas)
    if schemas.setdefault(name, schema) != schema:
        # Two systems may have a shape of the same name; the second one is written out in place.
        return schema
    return {"$ref": _REFS.format(model=name)}
