"""Property values: wire, marks, comparison, paths."""

from __future__ import annotations

from typing import Any

import pytest
from dynamic_engine.errors import UnsupportedError
from dynamic_engine.protocol import paths
from dynamic_engine.protocol.values import (
    ASSET,
    SIGNATURE,
    UNKNOWN,
    UNKNOWN_TEXT,
    ResourceRef,
    Secret,
    annotate,
    contains_secret,
    equal,
    from_struct,
    mark_outputs,
    mask,
    to_struct,
    unwrap,
)
from hypothesis import given
from hypothesis import strategies as st

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False).filter(lambda number: not number.is_integer())
    | st.text(st.characters(codec="utf-8"))
)
VALUES = st.recursive(
    SCALARS | st.just(UNKNOWN) | SCALARS.map(Secret),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(VALUES)
def test_wire_round_trip(value: Any) -> None:
    assert from_struct(to_struct({"key": value}, rich=True)) == {"key": value}


@given(VALUES)
def test_plugins_get_no_marks(value: Any) -> None:
    assert from_struct(to_struct({"key": value})) == {"key": unwrap(value)}


@given(VALUES)
def test_a_difference_is_found_exactly_when_values_are_unequal(value: Any) -> None:
    plain = unwrap(value)
    assert bool(paths.diff(plain, plain)) == (not equal(plain, plain))


@given(VALUES)
def test_masked_values_hold_no_secret(value: Any) -> None:
    assert not contains_secret(mask({"key": value}))


def test_integral_numbers_are_integers() -> None:
    found = from_struct(to_struct({"a": 5.0, "b": 5.5}))
    assert (repr(found["a"]), repr(found["b"])) == ("5", "5.5")


def test_references_reach_plugins_as_id_or_urn() -> None:
    sent = to_struct(
        {"custom": ResourceRef("urn:a", "id-a"), "component": ResourceRef("urn:b"), "new": ResourceRef("u", UNKNOWN)}
    )
    assert from_struct(sent) == {"custom": "id-a", "component": "urn:b", "new": UNKNOWN}


def test_assets_are_refused_by_name() -> None:
    with pytest.raises(UnsupportedError, match="assets"):
        from_struct(to_struct({"a": {SIGNATURE: ASSET, "text": "x"}}))


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (True, 1, False),
        (0, False, False),
        (5, 5.0, True),
        ({"a": None}, {}, True),
        ([None], [], False),
        (Secret("x"), "x", False),
        (Secret("x"), Secret("x"), True),
        (UNKNOWN, UNKNOWN, False),
        (ResourceRef("u", "1", "v1"), ResourceRef("u", "1", "v2"), True),
    ],
)
def test_equality(left: Any, right: Any, same: bool) -> None:
    assert equal(left, right) is same
    assert equal(right, left) is same


def test_annotate_marks_by_key() -> None:
    source = {"a": Secret("x"), "o": {"in": Secret("y"), "out": 1}, "l": ["1", Secret("z")]}
    target = {"a": "new", "o": {"in": "new", "out": 2}, "l": ["1", "2"], "other": "x"}
    assert annotate(target, source) == {
        "a": Secret("new"),
        "o": {"in": Secret("new"), "out": 2},
        "l": Secret(["1", "2"]),
        "other": "x",
    }


def test_outputs_follow_inputs_and_the_option() -> None:
    marked = mark_outputs({"a": "1", "b": "2", "c": "3"}, {"a": Secret("0"), "b": "0"}, ["c"])
    assert marked == {"a": Secret("1"), "b": "2", "c": Secret("3")}


def test_secrets_do_not_show_in_representations() -> None:
    assert "canary" not in repr({"a": Secret("canary")})


@pytest.mark.parametrize("text", ["a", "a.b", "a[0]", 'a["k.k"]', "a[0].b[1]", 'a["x\\"y"]'])
def test_paths_round_trip(text: str) -> None:
    assert paths.render(paths.parse(text)) == text


def test_diff_paths() -> None:
    old = {"a": 1, "b": {"x": 1, "k.k": 2}, "l": [1, 2, 3], "gone": 1}
    new = {"a": 1, "b": {"x": 2, "k.k": 3}, "l": [1, 9], "new": UNKNOWN}
    assert {paths.render(path): kind for path, kind in paths.diff(old, new).items()} == {
        "b.x": "update",
        'b["k.k"]': "update",
        "l[1]": "update",
        "l[2]": "delete",
        "gone": "delete",
        "new": "add",
    }


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("a", {"a": 1, "b": {"x": 8, "y": 9}, "l": [7, 8], "n": 1}),
        ("b.x", {"a": 9, "b": {"x": 1, "y": 9}, "l": [7, 8], "n": 1}),
        ("b.*", {"a": 9, "b": {"x": 1}, "l": [7, 8], "n": 1}),
        ("l[0]", {"a": 9, "b": {"x": 8, "y": 9}, "l": [1, 8], "n": 1}),
        ("n", {"a": 9, "b": {"x": 8, "y": 9}, "l": [7, 8]}),
        ("z.z", {"a": 9, "b": {"x": 8, "y": 9}, "l": [7, 8], "n": 1}),
    ],
)
def test_ignore_changes_resets_paths(pattern: str, expected: dict[str, Any]) -> None:
    old = {"a": 1, "b": {"x": 1}, "l": [1, 2]}
    new = {"a": 9, "b": {"x": 8, "y": 9}, "l": [7, 8], "n": 1}
    assert paths.reset(new, old, [pattern]) == expected


def test_the_unknown_marker_is_what_the_sdk_sends() -> None:
    from pulumi.runtime import rpc

    assert rpc.UNKNOWN == UNKNOWN_TEXT
