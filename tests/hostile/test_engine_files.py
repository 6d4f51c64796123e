"""Project and stack files that would keep the plain engine busy for ever, or read outside: one line each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from dynamic_engine.errors import EngineError
from dynamic_engine.project.project import read_yaml

from tests.hostile.test_files import a_folder, a_giant, a_link_to_a_device, a_link_to_a_pipe, a_pipe


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "stacks").mkdir()
    return tmp_path


@pytest.mark.parametrize("attack", [a_pipe, a_link_to_a_pipe, a_link_to_a_device, a_folder, a_giant])
@pytest.mark.parametrize("name", ["Pulumi.yaml", "stacks/Pulumi.reseller.yaml"])
def test_the_engine_reads_regular_files_only(project: Path, name: str, attack: Callable[[Path, Path], None]) -> None:
    (project / name).unlink(missing_ok=True)
    attack(project / name, project)
    with pytest.raises(EngineError, match=r"cannot read Pulumi.*: (no regular file|Is a directory|larger than 16 MiB)"):
        read_yaml(project / name)


BOMB = "".join(f"b{n}: &b{n} [{','.join([f'*b{n - 1}'] * 10) if n else 'lol'}]\n" for n in range(40))


@pytest.mark.parametrize(
    "text",
    [BOMB, "a: &a [*a]\n", "a: &a {b: &b {c: *a}}\n", "a: " + "[" * 5000, "a: " + "{a: " * 5000],
    ids=["aliases that multiply", "a circle", "a wide circle", "lists in lists", "mappings in mappings"],
)
def test_the_engine_reads_no_document_without_an_end(tmp_path: Path, text: str) -> None:
    """A stack file of this kind kept the plain engine busy for ever; csp refuses aliases before it starts one."""
    (tmp_path / "Pulumi.x.yaml").write_text(text, "utf-8")
    with pytest.raises(EngineError, match=r"^Pulumi\.x\.yaml(:\d+:\d+)?: ") as told:
        read_yaml(tmp_path / "Pulumi.x.yaml")
    assert "\n" not in str(told.value)


def test_an_alias_in_a_project_file_is_still_an_alias(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: x\na: &a {b: [1, 2]}\nc: *a\nd: [*a, *a]\n", "utf-8")
    assert read_yaml(tmp_path / "Pulumi.yaml")["d"][1] == {"b": [1, 2]}
