"""Where a step is a line of a file: the file itself, and the line on which its field stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import schemas
from onboarding.steps.model import Instructions, Screen
from onboarding.steps.places import CONNECTION_FILE, CUSTOMER_FILE
from schemas.read import yaml_source


def located(step: Instructions, customer: schemas.Customer, estate: schemas.Estate) -> Instructions:
    """The step with `path:line` in place of "customer file", and the path of the connection's in place of its own."""
    return replace(step, screens=tuple(_located(screen, customer, estate) for screen in step.screens))


def _located(screen: Screen, customer: schemas.Customer, estate: schemas.Estate) -> Screen:
    if screen.system == CONNECTION_FILE:
        return replace(screen, system=f"stacks/connections/{customer.connection}.yaml")
    file = estate.sources.get(customer.key, "")
    if screen.system != CUSTOMER_FILE or not file:
        return screen
    field = tuple(screen.field.split(".")) if screen.field else ()
    line = line_of(estate.project_dir / file, estate.project_dir, field) if field else 0
    return replace(screen, system=f"{file}:{line}" if line else file)


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
