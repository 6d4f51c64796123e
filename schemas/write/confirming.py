"""Write a person's confirmation into a customer or connection file; comments, order and formatting stay."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from schemas.model.connection import Connection
from schemas.model.customer import Customer
from schemas.model.gates import GATES, confirmed_values, program_access_value
from schemas.model.stack import CONFIG_KEY
from schemas.write.editing import CannotEditError, edited, load
from schemas.write.whole_file import write_whole

_OF_CONNECTION = tuple(one.key for one in GATES.values() if one.confirmed_in == "connection")
"""The gates that are facts of a connection: confirmed in its file."""


class CannotConfirmError(ValueError):
    """The confirmation cannot be written; str() is one line that says why."""


def confirm(file: Path, gate: str, by: str, on: dt.date, ref: str | None, *, of: Customer | Connection) -> bool:
    """Write a confirmation of ``gate`` into ``file`` and say whether the file changed.

    ``of`` is the loaded customer (or, for the gate ``reseller``, the connection) that ``file`` declares; the
    confirmation is bound to its values. An earlier confirmation of the same fields is replaced; one of other fields
    by the same person on the same day is widened, otherwise both stand.

    Raises ``CannotConfirmError`` for a gate that nobody confirms, a missing value, or a file that cannot be edited.
    """
    values = _values(of, gate)
    before, root = _read(file)
    section, slot = _place(root, gate, of.key if isinstance(of, Customer) else "")
    section[slot] = _merged(section.get(slot), values, by.strip(), on, ref)
    return _write(file, before, root)


def note_day(file: Path, key: str, section: str, name: str, day: dt.date) -> bool:
    """Write a day (`identity.sent_on`) into the customer ``key`` that ``file`` declares; say whether the file changed.

    Raises ``CannotConfirmError`` for a file that cannot be edited.
    """
    before, root = _read(file)
    place = (_inline(root, key) if "config" in root else root).get(section)
    if not isinstance(place, CommentedMap):
        raise CannotConfirmError(f"{file.name} has no {section} of its own")
    place[name] = day
    return _write(file, before, root)


def _read(file: Path) -> tuple[bytes, CommentedMap]:
    raw = file.read_bytes()
    try:
        return raw, load(raw, file.name)
    except CannotEditError as error:
        raise CannotConfirmError(str(error)) from None


def _write(file: Path, before: bytes, root: CommentedMap) -> bool:
    try:
        after = edited(before, root, file.name)
    except CannotEditError as error:
        raise CannotConfirmError(str(error)) from None
    if after == before:
        return False
    write_whole(file, after)
    return True


def _values(of: Customer | Connection, gate: str) -> dict[str, str]:
    if isinstance(of, Connection):
        if gate not in _OF_CONNECTION:
            raise CannotConfirmError(f"a connection file confirms {', '.join(_OF_CONNECTION)} only, not {gate}")
        return {"program_access": program_access_value(of)}
    if gate not in GATES or not GATES[gate].in_customer_file:
        named = ", ".join(one.key for one in GATES.values() if one.in_customer_file)
        where = "; it is confirmed in the connection file" if gate in _OF_CONNECTION else ""
        raise CannotConfirmError(f"a customer file confirms {named}, not {gate}{where}")
    values = confirmed_values(of, gate)
    if not values:
        raise CannotConfirmError(f"{of.key}: nothing is declared that a confirmation of {gate} could be bound to")
    return values


def _place(root: Any, gate: str, key: str) -> tuple[CommentedMap, str]:
    """The mapping that holds the confirmation, and its key there."""
    if gate in _OF_CONNECTION:
        return root, "program_access"
    customer = _inline(root, key) if "config" in root else root
    name = GATES[gate].confirmed_in
    section = customer.setdefault(name, CommentedMap())
    if not isinstance(section, CommentedMap):
        raise CannotConfirmError(f"{name} is no mapping")
    return section, "confirmed"


def _inline(root: CommentedMap, key: str) -> CommentedMap:
    declared = (root["config"].get(CONFIG_KEY) or {}).get("customers") or []
    for customer in declared:
        if isinstance(customer, CommentedMap) and customer.get("key") == key:
            return customer
    raise CannotConfirmError(f"the stack file declares no customer {key}")


def _merged(found: Any, values: dict[str, str], by: str, on: dt.date, ref: str | None) -> CommentedMap:
    """The confirmation block with the new statement in it. Blocks are changed in place, which keeps their comments."""
    if not isinstance(found, CommentedMap):
        return _block(values, by, on, ref)
    blocks = _all(found)
    for old in blocks:
        _take_out(old, set(values))
    emptied = [old for old in blocks if not old["fields"]]
    same = [
        old for old in blocks if old["fields"] and (old.get("by"), _day(old.get("on")), old.get("ref")) == (by, on, ref)
    ]
    if emptied:
        target = emptied.pop(0)
        _state(target, by, on, ref)
    elif same:
        target = same[0]
    else:
        target = _block({}, by, on, ref)
        blocks.append(target)
    target["fields"].extend(values)
    target["values"].update(values)
    rest = [old for old in blocks if old is not found and old not in emptied]
    if rest and list(found.get("also") or []) != rest:
        found["also"] = CommentedSeq(rest)
    elif not rest:
        found.pop("also", None)
    return found


def _state(block: CommentedMap, by: str, on: dt.date, ref: str | None) -> None:
    block["by"], block["on"] = by, on
    if ref:
        if "ref" not in block:
            block.insert(list(block).index("values"), "ref", ref)
        block["ref"] = ref
    else:
        block.pop("ref", None)


def _take_out(block: CommentedMap, fields: set[str]) -> None:
    if not isinstance(block.get("fields"), CommentedSeq):
        block["fields"] = CommentedSeq()
    if not isinstance(block.get("values"), CommentedMap):
        block["values"] = CommentedMap()
    for name in fields & set(block["fields"]):
        block["fields"].remove(name)
        block["values"].pop(name, None)


def _all(found: CommentedMap) -> list[CommentedMap]:
    also = found.get("also") or []
    return [found, *(one for one in also if isinstance(one, CommentedMap))]


def _day(value: Any) -> dt.date | None:
    if isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(str(value))
    except ValueError:
        return None


def _block(values: Mapping[str, str], by: Any, on: Any, ref: Any) -> CommentedMap:
    block = CommentedMap()
    fields = CommentedSeq(values)
    fields.fa.set_flow_style()
    block["fields"] = fields
    block["by"] = by
    block["on"] = on
    if ref:
        block["ref"] = ref
    snapshot = CommentedMap(values)
    snapshot.fa.set_flow_style()
    block["values"] = snapshot
    return block
