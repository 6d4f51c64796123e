"""Field traits: what a field is to the remote systems, written once on the pydantic field.

Put an instance into ``Annotated[...]``; read it back with :func:`traits_of`. Diff, documentation, JSON Schema and
secret marking derive from these marks, so nothing else keeps a list of field names.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo


@dataclass(frozen=True, slots=True)
class Trait:
    """Base of all field traits."""


@dataclass(frozen=True, slots=True)
class NaturalKey(Trait):
    """The remote object is found by this value."""


@dataclass(frozen=True, slots=True)
class FixedRemotely(Trait):
    """Nobody can change it remotely once it is there; a different value is refused, never replaced."""


@dataclass(frozen=True, slots=True)
class WriteOnly(Trait):
    """Sent, but shown by no system afterwards."""


@dataclass(frozen=True, slots=True)
class CaseInsensitive(Trait):
    """Compared without regard to case."""


@dataclass(frozen=True, slots=True)
class Unmanaged(Trait):
    """When absent from the file it is neither compared nor overwritten."""


@dataclass(frozen=True, slots=True)
class LocalOnly(Trait):
    """Steers this tool: no system holds it, so it is never compared with a remote value."""


@dataclass(frozen=True, slots=True)
class Harmless(Trait):
    """Of a connection: decides nothing about whom we trust, so a plan does not tell its change by name."""


@dataclass(frozen=True, slots=True)
class Digested(Trait):
    """Of a connection: a plan tells that it changed, not what it says."""


@dataclass(frozen=True, slots=True)
class ComparedAs(Trait):
    """How two spellings of one value are recognised as equal."""

    form: Literal["spaces", "phone", "country", "state", "postal_code", "domain", "email"]


@dataclass(frozen=True, slots=True)
class OnIon(Trait):
    """ION holds it, under this member of a customer.

    optional: ION takes a body without it. documented: False for a member that no page names; an answer without it then
    does not tell whether it is empty.
    """

    name: str
    optional: bool = False
    documented: bool = True


@dataclass(frozen=True, slots=True)
class OnPartnerCenter(Trait):
    """Partner Center holds it in a tenant's billing profile, in the first of these that is filled (dotted attributes of
    `clients.partner_center.models.BillingProfile`); none for a model, whose fields have marks of their own."""

    names: tuple[str, ...] = ()


def models_of(annotation: Any) -> Iterator[type[BaseModel]]:
    """Every model class that ``annotation`` can hold (through Annotated, unions, lists)."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        return
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from models_of(get_args(annotation)[0])
    elif origin in (Union, types.UnionType, tuple, list, dict):
        for inner in get_args(annotation):
            yield from models_of(inner)


def field_of(model: type[BaseModel], path: str) -> FieldInfo:
    """The pydantic field at a dotted ``path`` (``"profile.address.zip"``); list indexes are skipped.

    Raises ``KeyError`` for a path that no model has.
    """
    candidates: list[type[BaseModel]] = [model]
    found: FieldInfo | None = None
    for part in path.split("."):
        if part.isdigit():
            continue
        found = next((m.model_fields[part] for m in candidates if part in m.model_fields), None)
        if found is None:
            raise KeyError(path)
        candidates = list(models_of(found.annotation))
    if found is None:
        raise KeyError(path)
    return found


@cache
def traits_of(model: type[BaseModel], path: str) -> tuple[Trait, ...]:
    """The traits of the field at a dotted ``path``; empty when it has none. Raises ``KeyError`` for an unknown path."""
    return tuple(mark for mark in field_of(model, path).metadata if isinstance(mark, Trait))


def has_trait(model: type[BaseModel], path: str, trait: type[Trait]) -> bool:
    """Whether the field at ``path`` carries a trait of this class."""
    return any(isinstance(mark, trait) for mark in traits_of(model, path))


def fields_with(
    model: type[BaseModel], trait: type[Trait], prefix: str = "", above: tuple[type[BaseModel], ...] = ()
) -> tuple[str, ...]:
    """Dotted paths of all fields below ``model`` that carry ``trait``, in declaration order."""
    found: list[str] = []
    if model in above:  # a confirmation holds confirmations
        return ()
    for name, info in model.model_fields.items():
        path = f"{prefix}{name}"
        if any(isinstance(mark, trait) for mark in info.metadata):
            found.append(path)
        for inner in models_of(info.annotation):
            found += [p for p in fields_with(inner, trait, f"{path}.", (*above, model)) if p not in found]
    return tuple(found)
