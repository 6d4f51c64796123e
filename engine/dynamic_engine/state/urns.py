"""URNs: building, taking apart, and the aliases of a registration."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dynamic_engine.state.resource import STACK_TYPE


def make(stack: str, project: str, parent: str, type_: str, name: str) -> str:
    """The URN of a resource. *parent* is a URN or empty; the root stack is left out of the type chain."""
    chain = qualified_type(parent) if parent else ""
    qualified = type_ if not chain or chain == STACK_TYPE else f"{chain}${type_}"
    return f"urn:pulumi:{stack}::{project}::{qualified}::{name}"


def qualified_type(urn: str) -> str:
    """The type with its parents, ``parent$child``."""
    return urn.split("::", 3)[2]


def name_of(urn: str) -> str:
    """The resource's name."""
    return urn.split("::", 3)[-1]


def type_of(urn: str) -> str:
    """The resource's own type."""
    return qualified_type(urn).rpartition("$")[2]


@dataclass(frozen=True)
class Alias:
    """An alias as the program gave it: a whole URN, or a spec whose empty parts mean "as now"."""

    urn: str = ""
    name: str = ""
    type: str = ""
    stack: str = ""
    project: str = ""
    parent: str = ""
    no_parent: bool = False


def alias_urns(
    *,
    stack: str,
    project: str,
    parent: str,
    type_: str,
    name: str,
    aliases: Iterable[Alias],
    parent_alias: str,
) -> list[str]:
    """The URNs under which this resource may be stored: the explicit aliases, the parent's used alias *parent_alias*,
    and the product of both."""
    found: list[str] = []
    parts: list[tuple[str, str]] = [(name, type_)]
    for alias in aliases:
        if alias.urn:
            found.append(alias.urn)
            parts.append((name_of(alias.urn), type_of(alias.urn)))
            continue
        own_name, own_type = alias.name or name, alias.type or type_
        above = "" if alias.no_parent else alias.parent or parent
        found.append(make(alias.stack or stack, alias.project or project, above, own_type, own_name))
        parts.append((own_name, own_type))
    if parent_alias:
        current = name_of(parent)
        for own_name, own_type in parts:
            # Children are usually named after their parent; the old child then had the old parent's prefix.
            old = name_of(parent_alias) + own_name.removeprefix(current) if own_name.startswith(current) else own_name
            found.append(make(stack, project, parent_alias, own_type, old))
    return list(dict.fromkeys(found))
