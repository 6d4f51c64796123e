"""Values at dotted paths, and a file that several processes write."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from onboarding.core.state import with_paths
from schemas.dotted import drop, value_at
from schemas.write.whole_file import write_beside_others


def test_what_is_not_there_is_none_also_in_damaged_data() -> None:
    data: dict[str, Any] = {"profile": {"title": "CIO", "address": "Road 1"}, "rows": [1]}
    assert value_at(data, "profile.title") == "CIO"
    assert [value_at(data, path) for path in ("profile.phone", "profile.address.title", "rows.count", "x.y")] == [
        None
    ] * 4


def test_a_value_is_dropped_where_one_is() -> None:
    data: dict[str, Any] = {"a": {"b": 1}, "c": 2}
    assert [drop(data, path) for path in ("a.b", "c", "a.b", "x.y", "")] == [True, True, False, False, False]
    assert data == {"a": {}}


def test_a_removed_value_leaves_the_mapping_that_a_state_holds() -> None:
    assert with_paths({"a": {"b": 1}}, {"a.b": None, "c.d": None, "e.f": 2}) == {"a": {}, "c": {}, "e": {"f": 2}}


def test_a_file_of_several_writers_is_whole_private_and_leaves_no_draft(tmp_path: Path) -> None:
    file = tmp_path / "new" / "file.json"
    for content in (b"one", b"two"):
        write_beside_others(file, content)
        assert file.read_bytes() == content
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_beside_others(tmp_path / "folder", b"")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["folder", "new"]
    assert [one.name for one in file.parent.iterdir()] == ["file.json"]
