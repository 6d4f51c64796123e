"""Files that a pull request could bring: links, pipes, devices, giants. One line each, and nothing outside is read."""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import schemas

ROOT = Path(__file__).resolve().parents[2]
CUSTOMER = "stacks/customers/reseller/contoso.yaml"
CONNECTION = "stacks/connections/reseller-us.yaml"
STACK = "stacks/Pulumi.reseller.yaml"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    shutil.copytree(ROOT / "stacks", root / "stacks")
    return root


def told(project: Path) -> list[str]:
    """The findings of the reseller estate, one line each."""
    try:
        schemas.load_estate(project / STACK, project)
    except schemas.DeclarationErrors as errors:
        return [str(found) for found in errors.findings]
    return []


def secret_outside(project: Path) -> Path:
    outside = project.parent / "outside"
    outside.mkdir()
    (outside / "secret.yaml").write_text("token: AKIA-canary\n", "utf-8")
    return outside


def a_pipe(place: Path, _project: Path) -> None:
    os.mkfifo(place)


def a_link_to_a_pipe(place: Path, project: Path) -> None:
    os.mkfifo(project / "pipe")
    place.symlink_to(project / "pipe")


def a_link_to_a_device(place: Path, _project: Path) -> None:
    place.symlink_to("/dev/zero")


def a_link_to_a_file_outside(place: Path, project: Path) -> None:
    place.symlink_to(secret_outside(project) / "secret.yaml")


def a_link_to_itself(place: Path, _project: Path) -> None:
    place.symlink_to(place.name)


def a_link_to_nothing(place: Path, _project: Path) -> None:
    place.symlink_to("nothing.yaml")


def a_folder(place: Path, _project: Path) -> None:
    place.mkdir()


def a_file_without_rights_of_its_own(place: Path, _project: Path) -> None:
    place.symlink_to("/proc/self/mem")  # opens, and fails when it is read


def a_giant(place: Path, _project: Path) -> None:
    with place.open("wb") as out:
        out.truncate(2**40)  # a file with a hole: a terabyte that takes no room


@pytest.mark.parametrize("file", [CUSTOMER, CONNECTION, STACK])
@pytest.mark.parametrize(
    "attack",
    [
        a_pipe,
        a_link_to_a_pipe,
        a_link_to_a_device,
        a_link_to_a_file_outside,
        a_link_to_itself,
        a_link_to_nothing,
        a_folder,
        a_file_without_rights_of_its_own,
        a_giant,
    ],
)
def test_only_regular_files_of_the_project_are_read(
    project: Path, file: str, attack: Callable[[Path, Path], None]
) -> None:
    (project / file).unlink()
    attack(project / file, project)
    lines = told(project)
    assert lines
    assert all("canary" not in line and "outside/" not in line for line in lines)
    assert any(line.startswith((f"{file}:1:1 ", f"{STACK}:")) and "CSP-" in line for line in lines), lines


@pytest.mark.parametrize("folder", ["stacks/connections", "stacks/customers", "stacks/customers/reseller"])
@pytest.mark.parametrize("target", ["outside", "/proc/self", "nothing", "stacks"])
def test_a_linked_folder_is_told_by_its_own_name(project: Path, folder: str, target: str) -> None:
    shutil.rmtree(project / folder)
    if target == "outside":
        target = str(secret_outside(project))
        for name in ("reseller-us.yaml", "contoso.yaml", "canary.yaml"):
            (Path(target) / name).write_text("token: AKIA-canary\n", "utf-8")
    (project / folder).symlink_to(target)
    lines = told(project)
    assert lines
    assert all(secret not in line for line in lines for secret in ("canary", "/outside", "/proc", str(project))), lines
    if folder == "stacks/connections":
        with pytest.raises(schemas.DeclarationErrors) as alone:
            schemas.load_connection("reseller-us", project)
        assert "/outside" not in str(alone.value)
        assert str(project) not in str(alone.value)


def test_linked_stacks_are_told_by_their_own_name(project: Path) -> None:
    outside = project.parent / "outside"
    (project / "stacks").rename(outside)
    (project / "stacks").symlink_to(outside)
    lines = told(project)
    assert lines
    assert all("/outside" not in line for line in lines), lines


def test_a_linked_file_inside_the_project_is_read(project: Path) -> None:
    file = project / CUSTOMER
    file.rename(project / "elsewhere.yaml")
    file.symlink_to(project / "elsewhere.yaml")
    assert told(project) == []


def test_a_folder_link_behind_a_pattern_leads_nowhere(project: Path) -> None:
    (project / "stacks/customers/reseller/more").symlink_to(secret_outside(project))
    stack = project / STACK
    stack.write_text(stack.read_text("utf-8") + "      - customers/reseller/*/*.yaml\n", "utf-8")
    (line,) = told(project)
    assert line.startswith(f"{STACK}:15:9  csp:estate.include.1  CSP-EST-001")
    assert line.endswith('"stacks/customers/reseller/more" leads out of the project; only its own files are read')


def test_folders_that_lead_back_to_themselves_are_walked_once(project: Path) -> None:
    folder = project / "stacks/customers/reseller"
    for number in range(20):
        (folder / f"again{number}").symlink_to(".")
    stack = project / STACK
    text = stack.read_text("utf-8").replace("customers/reseller/*.yaml", "customers/reseller/" + "*/" * 12 + "*.yaml")
    stack.write_text(text, "utf-8")
    assert told(project) == []


def include(project: Path, *patterns: str) -> None:
    lines = "".join(f'      - "{pattern}"\n' for pattern in patterns)
    (project / STACK).write_text(f"config:\n  csp:estate:\n    include:\n{lines}", "utf-8")


def test_more_patterns_than_anybody_reads_are_told(project: Path) -> None:
    include(project, *["customers/reseller/*.yaml"] * 103)
    assert any("include.100  CSP-EST-001  more than 100 patterns" in line for line in told(project))
    include(project, "customers/" + "*/" * 200 + "*.yaml")
    assert any(line.endswith("more than 100 parts") for line in told(project))


def test_a_pattern_with_a_null_is_told(project: Path) -> None:
    include(project, "a\\0b/*.yaml")
    assert any(line.startswith(f"{STACK}:4:9  csp:estate.include.0  CSP-EST-001") for line in told(project))


def test_folders_without_an_end_are_not_walked_to_their_end(project: Path) -> None:
    """A thousand folders inside each other end Python's own walk with a traceback, some hundred take minutes."""
    deep = project.joinpath("stacks/customers", *["d"] * 60)
    deep.mkdir(parents=True)
    shutil.copy(project / CUSTOMER, deep / "deep.yaml")
    include(project, "**/" * 20 + "*.yaml")
    assert not any("deep.yaml" in line for line in told(project))


def test_more_files_than_a_stack_may_have_are_told(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("schemas.read.inside.MAX_FILES", 3)
    (line,) = (line for line in told(project) if "CSP-EST-001" in line)  # the other stack has too many as well
    assert line.endswith("more than 3 files match; split the estate into several stacks")


def test_more_bytes_than_a_stack_may_have_are_told(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("schemas.loader.MAX_TOTAL", 2**10)
    (line,) = told(project)
    assert "of customer files; split the estate into several stacks" in line


def unknown_keys(project: Path, count: int) -> None:
    append(project, CUSTOMER, "".join(f"key{number}: 1\n" for number in range(count)))


def inline_customers(project: Path, count: int) -> None:
    entries = "".join(f"      - {{key: k{number}, foo: 1}}\n" for number in range(count))
    append(project, STACK, f"    customers:\n{entries}")


def duplicate_keys(project: Path, count: int) -> None:
    append(project, CUSTOMER, "again: 1\n" * count)


def unknown_keys_of_a_connection(project: Path, count: int) -> None:
    append(project, CONNECTION, "".join(f"key{number}: 1\n" for number in range(count)))


def append(project: Path, file: str, text: str) -> None:
    before = (project / file).read_text("utf-8")
    (project / file).write_text(f"{before.rstrip()}\n{text}", "utf-8")


def steps(project: Path) -> int:
    """Lines of Python that a validation takes, also inside loops of one expression."""
    count = 0

    def trace(_frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        told(project)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize(
    "attack", [unknown_keys, inline_customers, duplicate_keys, unknown_keys_of_a_connection], ids=lambda a: a.__name__
)
def test_validation_is_linear(tmp_path: Path, attack: Callable[[Path, int], None]) -> None:
    """Twice the mistakes take at most twice the steps."""
    taken = []
    for size in (0, 300, 600):
        project = tmp_path / str(size)
        shutil.copytree(ROOT / "stacks", project / "stacks")
        if size:
            attack(project, size)
        taken.append(steps(project))
    base, once, twice = taken
    assert twice - base < 2.3 * (once - base)


def test_a_file_of_tiny_values_is_not_read_to_its_end(project: Path) -> None:
    append(project, CUSTOMER, f"unknown: [{'a,' * 400_000}]\n")
    (line,) = told(project)
    assert line.endswith("CSP-YAML-007  more than 100 000 values in one file")


def test_many_such_files_end_the_reading(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("schemas.loader.MAX_VALUES", 300)
    good = (project / CUSTOMER).read_text("utf-8")
    for number in range(30):
        text = good.replace("contoso", f"c{number}")
        (project / f"stacks/customers/reseller/c{number}.yaml").write_text(text, "utf-8")
    assert any("million values of customer files; split the estate" in line for line in told(project))


def test_findings_are_capped_with_a_count(project: Path) -> None:
    duplicate_keys(project, 500)
    lines = told(project)
    assert len(lines) == 101
    assert lines[-1].endswith("CSP-MORE-001  399 more findings in this file; mend those above first")


def test_unknown_keys_of_one_mapping_are_counted(project: Path) -> None:
    unknown_keys(project, 30)
    lines = told(project)
    assert len(lines) == 21
    assert any(line.endswith("10 more unknown keys in this mapping") for line in lines)


def test_findings_of_many_files_are_capped_with_a_count(project: Path) -> None:
    good = (project / CUSTOMER).read_text("utf-8")
    for number in range(30):
        wrong = good.replace("contoso", f"c{number}") + "again: 1\n" * 60
        (project / f"stacks/customers/reseller/c{number}.yaml").write_text(wrong, "utf-8")
    lines = told(project)
    assert len(lines) <= 1101
    assert "more files; mend those above first" in lines[-1]
