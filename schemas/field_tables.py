"""Field tables of the docs, made from the models.

A page holds ``<!-- fields: Name -->`` (or ``<!-- gates -->``) and ``<!-- end -->``; what stands between is replaced.
"""

from __future__ import annotations

import re
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from schemas.model import base, connection, customer, gates, stack
from schemas.model.traits import OnIon, Trait

_MODELS: dict[str, type[BaseModel]] = {
    name: found
    for module in (base, customer, connection, stack)
    for name, found in vars(module).items()
    if isinstance(found, type) and issubclass(found, BaseModel)
}
_WORDS = {
    "NaturalKey": "natural key",
    "FixedRemotely": "cannot be changed later",
    "WriteOnly": "shown nowhere afterwards",
    "Unmanaged": "not touched when absent",
    "LocalOnly": "steers this tool only",
}


def fill_tables(page: str) -> str:
    """``page`` with every field table up to date. Raises ``KeyError`` for a model that does not exist."""
    page = re.sub(
        r"(<!-- gates -->\n).*?(<!-- end -->)", lambda m: f"{m[1]}\n{gates.table()}\n{m[2]}", page, flags=re.DOTALL
    )
    return re.sub(
        r"(<!-- fields: (\w+) -->\n).*?(<!-- end -->)",
        lambda m: f"{m[1]}\n{_table(_MODELS[m[2]])}\n{m[3]}",
        page,
        flags=re.DOTALL,
    )


def _table(model: type[BaseModel]) -> str:
    rows = [_row(info.alias or name, info) for name, info in model.model_fields.items()]
    return "\n".join(["| field | default | meaning |", "|---|---|---|", *rows]) + "\n"


def _row(name: str, info: FieldInfo) -> str:
    marks = [_WORDS[type(m).__name__] for m in info.metadata if isinstance(m, Trait) and type(m).__name__ in _WORDS]
    marks += [
        f"in ION `{m.name}`{'' if m.documented else ' (inferred)'}" for m in info.metadata if isinstance(m, OnIon)
    ]
    text = " ".join((info.description or "").split())
    if marks:
        text += f" *{marks[0][0].upper()}{'; '.join(marks)[1:]}.*"
    return f"| `{name}` | {_default(info)} | {text.replace('|', ' or ')} |"


def _default(info: FieldInfo) -> str:
    value: Any = info.default
    if value is PydanticUndefined:
        return "**required**"
    if value is None or value in ("", (), {}) or isinstance(value, BaseModel | dict):
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return f"`[{', '.join(str(v) for v in value)}]`"
    return f"`{value}`"
