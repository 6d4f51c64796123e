"""The two layers that look at one file: JSON Schema for its shape, pydantic for the meaning of its values.

pydantic runs first because it is fast; only a file that it refuses is looked at by jsonschema, which finds the places
and words for what has the wrong shape. A test shows that jsonschema refuses nothing that pydantic accepts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from schemas.kinds.normal import COMPOSED, is_composed
from schemas.read.yaml_source import Path_
from schemas.report.findings import Report

M = TypeVar("M", bound=BaseModel)


def validate(model: type[M], data: Any, schema: str, report: Report, texts: Mapping[Path_, str]) -> M | None:
    """The model of ``data``, or None after all that is wrong was reported.

    ``schema`` is the stem of the JSON Schema file; ``texts`` holds scalars as they are written (for suggestions).
    """
    try:
        return model.model_validate(data, context=COMPOSED if is_composed(data) else None)
    except ValidationError as error:
        meaning: dict[Path_, dict[str, Any]] = {}
        other: dict[Path_, str] = {}
        for one in error.errors(include_url=False, include_input=False):
            path = _plain_path(one["loc"], data)
            if one["type"] == "csp":
                meaning[path] = one["ctx"]
            else:
                other.setdefault(path, one["msg"])
    for path, found in meaning.items():
        report(path, found["rule"], found["text"], found["suggestion"])
    from schemas.read.shape import report_shape  # jsonschema takes long to load, and a valid estate never needs it

    told = set(meaning) | report_shape(schema, data, report, texts, frozenset(meaning))
    above = {place[:size] for place in told for size in range(len(place) + 1)}
    for path, message in other.items():
        inside = any(path[:size] in told for size in range(len(path) + 1))
        if not inside and path not in above:
            report(path, "CSP-SHAPE-005", message.lower())
    return None


def _plain_path(loc: tuple[int | str, ...], data: Any) -> Path_:
    """pydantic's place without the parts that name a union's branch instead of a key."""
    path: list[int | str] = []
    here = data
    for part in loc:
        if isinstance(here, Mapping) and part in here:
            here = here[part]
        elif isinstance(here, list) and isinstance(part, int):
            here = here[part] if part < len(here) else None
        elif part != loc[-1] or not isinstance(here, Mapping):
            continue
        path.append(part)
    return tuple(path)
