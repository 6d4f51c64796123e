"""The fields of a customer that a remote system holds, read from the traits of the models: our path and their names.

What ION holds of a profile (`ION`) and Partner Center of a tenant's billing profile (`PARTNER_CENTER`) is compared,
sent, adopted and shown from these lists. A new field of the profile is one line in `schemas.model.customer` and one in
`clients.ion.models`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from schemas.model.customer import NewIdentity, Profile
from schemas.model.traits import ComparedAs, NaturalKey, OnIon, OnPartnerCenter, Unmanaged, models_of


@dataclass(frozen=True, slots=True)
class RemoteField:
    """One field. path: ours, from its section of the file ("address.zip"). theirs: the dotted names under which the
    system has it, the first that is filled counts.

    form: the kind of value, as `ComparedAs` names it ("" for none). optional: the system does without it. documented: a
    page of the system names it; an answer without one that is not says nothing. unmanaged: left alone when the file
    does not name it. key: the object is found by it.
    """

    path: str
    theirs: tuple[str, ...]
    form: str = ""
    optional: bool = False
    documented: bool = True
    unmanaged: bool = False
    key: bool = False

    @property
    def name(self) -> str:
        """The only (or first) remote name."""
        return self.theirs[0]


def _ion(model: type[BaseModel], path: str = "", member: str = "") -> Iterator[RemoteField]:
    for name, info in model.model_fields.items():
        mark = _mark(info, OnIon)
        if mark is None:
            continue
        inner = next(iter(models_of(info.annotation)), None)
        if inner is not None:
            yield from _ion(inner, f"{path}{name}.", f"{member}{mark.name}.")
            continue
        yield _field(info, f"{path}{name}", (f"{member}{mark.name}",), mark.optional, mark.documented)


def _partner_center(model: type[BaseModel], path: str = "") -> Iterator[RemoteField]:
    for name, info in model.model_fields.items():
        mark = _mark(info, OnPartnerCenter)
        if mark is None:
            continue
        inner = next(iter(models_of(info.annotation)), None)
        if inner is not None:
            yield from _partner_center(inner, f"{path}{name}.")
        else:
            yield _field(info, f"{path}{name}", mark.names)


def _field(
    info: FieldInfo, path: str, theirs: tuple[str, ...], optional: bool = False, documented: bool = True
) -> RemoteField:
    compared = _mark(info, ComparedAs)
    return RemoteField(
        path,
        theirs,
        form=compared.form if compared else "",
        optional=optional,
        documented=documented,
        unmanaged=_mark(info, Unmanaged) is not None,
        key=_mark(info, NaturalKey) is not None,
    )


def _mark(info: FieldInfo, trait: type[Any]) -> Any:
    return next((mark for mark in info.metadata if isinstance(mark, trait)), None)


ION: tuple[RemoteField, ...] = tuple(_ion(Profile))
"""Of a customer profile, in the order of the file."""
PARTNER_CENTER: tuple[RemoteField, ...] = tuple(_partner_center(NewIdentity))
"""Of the billing profile of a tenant that is made from a file; their names are attributes of `BillingProfile`."""


def named(model: BaseModel, path: str) -> Any:
    """The value that the file itself names at a dotted path, None where it names none (or a default stands)."""
    found: Any = model
    for name in path.split("."):
        if not isinstance(found, BaseModel) or name not in found.model_fields_set:
            return None
        found = getattr(found, name)
    return found
