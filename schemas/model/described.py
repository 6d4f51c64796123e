"""What the models say of their fields, read from the text below each field: for generated pages and JSON Schema only.

pydantic can do this by itself (`use_attribute_docstrings`), but then every process reads and parses the sources of all
models when it starts.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from functools import cache

from schemas.model import connection, customer, stack
from schemas.model.base import Declared

MODULES = (customer, connection, stack)
"""With what they import these hold every model."""


def describe() -> None:
    """Give every model below `Declared` the descriptions of its fields."""
    models = list(_below(Declared))
    for model in models:
        for name, field in model.model_fields.items():
            field.description = field.description or _text(model, name)
    for model in models:  # those that others hold come first: they are defined first
        model.model_rebuild(force=True)


def _below(model: type[Declared]) -> Iterator[type[Declared]]:
    for one in model.__subclasses__():
        yield one
        yield from _below(one)


def _text(model: type[Declared], field: str) -> str | None:
    """The text of a field in the class that declares it."""
    for owner in model.__mro__:
        if field in vars(owner).get("__annotations__", {}):
            return _texts(owner.__module__).get((owner.__name__, field))
    return None


@cache
def _texts(module: str) -> dict[tuple[str, str], str]:
    """(class, field) -> the text below the field."""
    found = {}
    for node in ast.parse(inspect.getsource(sys.modules[module])).body:
        if not isinstance(node, ast.ClassDef):
            continue
        for one, below in zip(node.body, node.body[1:], strict=False):
            match one, below:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                    found[node.name, name] = inspect.cleandoc(text)
    return found
