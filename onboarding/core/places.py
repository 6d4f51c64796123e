"""Where a step is a line of a file: the file itself, and the line on which the first field that it names stands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import schemas
from onboarding.core import next_steps
from schemas.read import yaml_source

_FIELD = re.compile(r"\b(?:profile|cloud_provider|identity|attestation)(?:\.[a-z_]+)+")


def located(step: Mapping[str, Any], customer: schemas.Customer, estate: schemas.Estate) -> dict[str, Any]:
    """The step with `path:line` in place of "customer file", and the path of the connection's in place of its own."""
    if step["where"] == next_steps.CONNECTION_FILE:
        return {**step, "where": f"stacks/connections/{customer.connection}.yaml"}
    file = estate.sources.get(customer.key, "")
    if step["where"] != next_steps.CUSTOMER_FILE or not file:
        return dict(step)
    named = _FIELD.search(str(step["action"]))
    line = line_of(estate.project_dir / file, estate.project_dir, tuple(named[0].split("."))) if named else 0
    return {**step, "where": f"{file}:{line}" if line else file}


def line_of(file: Path, root: Path, field: tuple[str, ...]) -> int:
    """The line (from 1) of a field of a customer file: of its value, else of its name under `unknown`, else of the part
    that would hold it; 0 where the file has none of them."""
    source = yaml_source.read(file, root, str(file))
    if not isinstance(source.data, Mapping):
        return 0
    unknown = source.data.get("unknown")
    place: yaml_source.Path_ = field
    if field not in source.keys and isinstance(unknown, list) and ".".join(field) in unknown:
        place = ("unknown", unknown.index(".".join(field)))
    while place and place not in source.keys and place not in source.values:
        place = place[:-1]
    return source.mark(place, key=True)[0] if place else 0
