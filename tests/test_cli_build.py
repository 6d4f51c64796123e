"""`make cli` where Go, the index or the build is missing: a line for what is not ours, a failure for what is."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parent.parent / "tools" / "cli"

GO = """#!/bin/sh
case "$1 $2" in
  "list -deps") echo '%(fetch)s' >&2; exit %(fetched)s;;
  "list -m") echo '{"Version": "v3.1.2", "Dir": "%(folder)s"}';;
  build*) test -z "$GOWORK" || echo "$@" > %(folder)s/built; exit %(built)s;;
esac
"""


def make_cli(folder: Path, go: dict[str, str] | None) -> subprocess.CompletedProcess[str]:
    """Run a copy of the tool in *folder* with a `go` that answers as told, or with none."""
    shutil.copytree(TOOL, folder / "tools" / "cli")
    (folder / "bin").mkdir()
    for name in ("cmd/pulumi-language-python-exec", "dist/pulumi-resource-pulumi-python"):
        (folder / "python" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "python" / name).write_text("#!/bin/sh\n", "utf-8")
    if go is not None:
        script = folder / "bin" / "go"
        script.write_text(GO % {"fetch": "", "fetched": "0", "built": "0", "folder": folder, **go}, "utf-8")
        script.chmod(0o755)
    return subprocess.run(
        [sys.executable, str(folder / "tools" / "cli" / "build.py")],
        env={**os.environ, "PATH": f"{folder / 'bin'}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


@pytest.mark.skipif(Path("/usr/bin/go").exists(), reason="this machine has Go where every program looks")
def test_without_go_one_line_says_so(tmp_path: Path) -> None:
    result = make_cli(tmp_path, None)
    assert result.returncode == 0
    assert result.stdout.count("\n") == 1
    assert "there is no Go on PATH" in result.stdout


@pytest.mark.parametrize(
    "told",
    [
        'go: github.com/x@v1: Get "https://index.example/x": dial tcp: no such host',
        "go: github.com/x@v1: reading https://index.example/x/@v/v1.zip: 404 Not Found",
        "go: github.com/x@v1: module lookup disabled by GOPROXY=off",
        "go: go.mod requires go >= 1.26.6 (running go 1.22.1; GOTOOLCHAIN=local)",
    ],
)
def test_a_module_that_cannot_be_had_is_told_and_no_failure(tmp_path: Path, told: str) -> None:
    result = make_cli(tmp_path, {"fetch": told, "fetched": "1"})
    assert result.returncode == 0
    assert result.stdout.count("\n") == 1
    assert told in result.stdout


@pytest.mark.parametrize("told", ["verifying x@v1: checksum mismatch SECURITY ERROR", "missing go.sum entry for x"])
def test_modules_that_are_not_those_of_the_sums_are_a_failure(tmp_path: Path, told: str) -> None:
    result = make_cli(tmp_path, {"fetch": told, "fetched": "1"})
    assert result.returncode == 1
    assert told in result.stderr


def test_a_build_that_fails_is_a_failure(tmp_path: Path) -> None:
    assert make_cli(tmp_path, {"built": "2"}).returncode == 1


def test_what_is_built_stands_together_with_its_version(tmp_path: Path) -> None:
    result = make_cli(tmp_path, {})
    assert result.returncode == 0, result.stderr
    assert "Pulumi v3.1.2" in result.stdout
    target = tmp_path / ".csp" / "cli" / "bin"
    names = {"pulumi-language-python", "pulumi-language-python-exec", "pulumi-resource-pulumi-python"}
    assert names < {path.name for path in target.iterdir()}
    assert all(os.access(target / name, os.X_OK) for name in names)
    built = (tmp_path / "built").read_text("utf-8")
    assert "common/version.Version=v3.1.2" in built
    assert str(target / "pulumi") in built


def test_sums_name_modules_and_no_machine() -> None:
    text = (TOOL / "go.mod").read_text("utf-8") + (TOOL / "go.sum").read_text("utf-8")
    assert "github.com/pulumi/pulumi/pkg/v3 v3." in text
    assert "://" not in text
    assert "replace" not in text
