"""How the state is asked for: what no stack is, and what an error is, on this engine and on older CLIs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from csp.engine.start import Engine
from csp.errors import CommandError
from csp.project import Project


def engine(tmp_path: Path, code: int, *, out: str = "", err: str = "") -> Engine:
    """An engine that answers everything with this."""
    script = f"import sys; print({out!r}); print({err!r}, file=sys.stderr); sys.exit({code})"
    project = Project(tmp_path)
    return Engine("pulumi", (sys.executable, "-c", script), "", project, "live", {})


@pytest.mark.parametrize(("code", "words"), [(6, "anything"), (255, "error: no stack named 'live' found")])
def test_no_stack_is_no_state(tmp_path: Path, code: int, words: str) -> None:
    absent = engine(tmp_path, code, err=words)
    assert absent.export_if_there() is None
    with pytest.raises(CommandError, match="has no state yet"):
        absent.export()


def test_a_state_that_cannot_be_read_is_no_empty_state(tmp_path: Path) -> None:
    broken = engine(tmp_path, 1, err="error: unable to open state directory")
    for ask in (broken.export_if_there, broken.export, broken.ensure_stack):
        with pytest.raises(CommandError, match="unable to open state directory"):
            ask()


def test_a_state_is_handed_on(tmp_path: Path) -> None:
    there = engine(tmp_path, 0, out='{"version": 3}')
    assert there.export() == there.ensure_stack() == {"version": 3}
