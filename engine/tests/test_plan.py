"""Decisions without a run: order of deletes, aliases, whom flags name, durations."""

from __future__ import annotations

from typing import Any

import pytest
from dynamic_engine.errors import EngineError
from dynamic_engine.plan.selection import Patterns, Selection, kept_for
from dynamic_engine.plan.steps import seconds
from dynamic_engine.run.deletes import layers
from dynamic_engine.state.resource import State
from dynamic_engine.state.urns import Alias, alias_urns, make

STACK = "urn:pulumi:dev::things::pulumi:pulumi:Stack::things-dev"


def state(name: str, **more: Any) -> State:
    return State(urn=f"urn:pulumi:dev::things::acme:index:Group::{name}", custom=False, type="acme:index:Group", **more)


def urn(name: str) -> str:
    return state(name).urn


def test_deletes_come_in_layers() -> None:
    group, inside = state("g"), state("in", parent=urn("g"))
    after = state("after", dependencies=[urn("g")])
    assert [[item.name for item in layer] for layer in layers([group, inside, after])] == [["after"], ["in"], ["g"]]


def test_aliases_multiply_with_the_parents() -> None:
    found = alias_urns(
        stack="dev",
        project="things",
        parent=urn("new"),
        type_="t:i:T",
        name="new-child",
        aliases=[Alias(type="t:i:Old")],
        parent_alias=urn("old"),
    )
    assert found == [
        make("dev", "things", urn("new"), "t:i:Old", "new-child"),
        make("dev", "things", urn("old"), "t:i:T", "old-child"),
        make("dev", "things", urn("old"), "t:i:Old", "old-child"),
    ]


def test_the_root_stack_is_no_part_of_types() -> None:
    assert make("dev", "things", STACK, "t:i:T", "a") == "urn:pulumi:dev::things::t:i:T::a"


def test_target_globs() -> None:
    thing = "urn:pulumi:dev::things::pulumi-python:dynamic/acme:Thing::a"
    assert thing in Patterns(["**Thing::a"])
    assert thing in Patterns([thing])
    assert thing not in Patterns(["urn:pulumi:dev::things::*::a"])
    assert Patterns([thing, "urn:x"]).missing([thing]) == ["urn:x"]


def test_what_excludes_keep() -> None:
    """What they need, what is in a component that they need other than as a parent, and dependents when asked."""
    group = State(urn=urn("g"), custom=False, type="t:t:G")
    rows = [group, state("in", parent=urn("g")), state("beside"), state("x", dependencies=[urn("g")]),
            state("child", parent=urn("g")), state("after", dependencies=[urn("x")])]  # fmt: skip

    def kept(*names: str, **more: bool) -> set[str]:
        return {one.rpartition("::")[2] for one in kept_for(Selection(excludes=[urn(n) for n in names], **more), rows)}

    assert kept() == set()
    assert kept("x") == {"x", "g", "in"}
    assert kept("child") == {"child", "g"}
    assert kept("x", exclude_dependents=True) == {"x", "g", "in", "child", "after"}


@pytest.mark.parametrize(("text", "value"), [("1h30m", 5400), ("5s", 5), ("1.5s", 1.5), ("100ms", 0.1)])
def test_durations(text: str, value: float) -> None:
    assert seconds(text) == value


def test_no_duration() -> None:
    with pytest.raises(EngineError):
        seconds("soon")
