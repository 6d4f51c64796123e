"""Write what is generated from the models: JSON Schema files, the rule page, field tables inside the docs.

``python -m schemas.generate`` writes; ``--check`` writes nothing and exits 1 when a file is not up to date.
"""

from __future__ import annotations

import copy
import json
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from schemas.field_tables import fill_tables
from schemas.model.connection import Connection
from schemas.model.customer import Customer
from schemas.model.described import describe
from schemas.model.stack import StackEstate
from schemas.report import rules

ROOT = Path(__file__).resolve().parent.parent
_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def _tidy(node: Any) -> Any:
    """Without pydantic's titles, which repeat the key, and line breaks inside descriptions."""
    if isinstance(node, dict):
        out = {}
        for name, value in node.items():
            if name == "title" and isinstance(value, str):
                continue
            out[name] = " ".join(value.split()) if name == "description" and isinstance(value, str) else _tidy(value)
        return out
    return [_tidy(item) for item in node] if isinstance(node, list) else node


def file_schema(model: type[BaseModel], title: str) -> dict[str, Any]:
    """The JSON Schema of one kind of file."""
    schema: dict[str, Any] = _tidy(model.model_json_schema(by_alias=True))
    return {"$schema": _DRAFT, "title": title} | schema


def stack_schema() -> dict[str, Any]:
    """The JSON Schema of Pulumi.<stack>.yaml as far as this project reads it."""
    estate = _tidy(StackEstate.model_json_schema())
    customer = _tidy(Customer.model_json_schema(by_alias=True))
    definitions = customer.pop("$defs")
    partial = _without_required(copy.deepcopy(definitions))
    definitions |= {f"Partial{name}": _point(body, "Partial") for name, body in partial.items()}
    definitions["Customer"] = customer
    definitions |= estate.pop("$defs", {})
    definitions["Defaults"] = _point(_without_required(copy.deepcopy(customer)), "Partial")
    properties = estate["properties"]
    properties["customers"]["items"] = {"$ref": "#/$defs/Customer"}
    properties["defaults"] = {
        "$ref": "#/$defs/Defaults",
        "description": properties["defaults"].get("description", ""),
    }
    definitions["Defaults"]["properties"]["identity"] = {"type": "object"}
    return {
        "$schema": _DRAFT,
        "title": "Pulumi stack file with an estate",
        "type": "object",
        "properties": {
            "config": {"type": "object", "properties": {"csp:estate": estate}, "required": ["csp:estate"]},
        },
        "required": ["config"],
        "$defs": definitions,
    }


def _without_required(node: Any) -> Any:
    if isinstance(node, dict):
        return {k: _without_required(v) for k, v in node.items() if not (k == "required" and isinstance(v, list))}
    return [_without_required(item) for item in node] if isinstance(node, list) else node


def _point(node: Any, prefix: str) -> Any:
    """References moved to the definitions with ``prefix``."""
    if isinstance(node, dict):
        return {
            k: v.replace("#/$defs/", f"#/$defs/{prefix}") if k == "$ref" and isinstance(v, str) else _point(v, prefix)
            for k, v in node.items()
        }
    return [_point(item, prefix) for item in node] if isinstance(node, list) else node


def outputs() -> dict[Path, str]:
    """Every generated file with its text."""
    describe()
    made: dict[Path, str] = {}
    for name, schema in (
        ("customer", file_schema(Customer, "Customer file")),
        ("connection", file_schema(Connection, "Connection file")),
        ("estate", file_schema(StackEstate, "Estate in a stack file")),
        ("stack", stack_schema()),
    ):
        made[ROOT / "schemas" / f"{name}.schema.json"] = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
    made[ROOT / "docs" / "rules.md"] = rules.markdown()
    for page in ("customer-file.md", "connection-file.md", "readiness.md"):
        path = ROOT / "docs" / page
        if path.exists():
            made[path] = fill_tables(path.read_text(encoding="utf-8"))
    return made


def main(arguments: list[str]) -> int:
    """Write, or check with ``--check``. Returns the exit code."""
    check = "--check" in arguments
    stale = [path for path, text in outputs().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        shown = path.relative_to(ROOT).as_posix()
        if check:
            print(f"{shown} is not up to date: run python -m schemas.generate")
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(outputs()[path], encoding="utf-8")
            print(f"wrote {shown}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
