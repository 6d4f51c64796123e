"""Nothing of the set-up runs that uv.lock does not name by hash; the bill of materials tells what is shipped."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from equipment.workspace import ROOT
from tools import check_dependencies

LOCK = tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))


def fake_uv(folder: Path) -> Path:
    """A wheel that a mirror could serve in the place of uv: right name, right version, other content."""
    wheel = folder / "uv-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("evil_uv.py", "raise SystemExit('executed')\n")
        archive.writestr("uv-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: uv\nVersion: 1.0\n")
        archive.writestr("uv-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("uv-1.0.dist-info/RECORD", "")
    return wheel


@pytest.mark.parametrize("right", [True, False])
def test_the_first_byte_is_checked(right: bool, tmp_path: Path) -> None:
    """With the real pip, and a folder in the place of the index."""
    wheel = fake_uv(tmp_path)
    digest = hashlib.sha256(wheel.read_bytes() if right else b"another wheel").hexdigest()
    lock = tmp_path / "uv.lock"
    lock.write_text(f'[[package]]\nname = "uv"\nversion = "1.0"\nwheels = [{{hash = "sha256:{digest}"}}]\n', "utf-8")
    script = "import sys; from pathlib import Path; from tools.bootstrap import main; "
    script += "sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))"
    answer = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "tool"), str(lock)],
        env={**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
    )
    installed = list((tmp_path / "tool").rglob("evil_uv.py"))
    if right:
        assert answer.returncode == 0, answer.stderr
        assert installed
    else:
        assert answer.returncode != 0
        assert "hash" in answer.stderr.lower()
        assert not installed


def test_everything_that_is_fetched_has_a_hash() -> None:
    for package in LOCK["package"]:
        if "registry" in package["source"]:
            assert package["wheels"], f"{package['name']} is no wheel: it would execute code while it is installed"
            assert all(wheel["hash"].startswith("sha256:") for wheel in package["wheels"])
        else:
            assert package["source"].keys() == {"editable"}


def test_the_make_file_fetches_in_these_ways_alone() -> None:
    text = (ROOT / "Makefile").read_text("utf-8")
    syncs = re.findall(r"\$\(UV\) sync (.*)", text)
    assert len(syncs) == 2
    assert all("--frozen" in sync for sync in syncs)
    assert {"--no-build", "--no-install-workspace"} <= set(syncs[0].split())
    assert {"--offline", "--no-build-isolation"} <= set(syncs[1].split())
    assert "pip install" not in text
    assert "curl" not in text
    assert "wget" not in text


def test_the_bill_of_materials_is_that_of_the_lock_file(tmp_path: Path) -> None:
    uv = Path(sys.executable).parent / "uv"
    out = tmp_path / "sbom.json"
    command = [uv, "export", "--frozen", "--offline", "--quiet", "--all-packages", "--no-dev"]
    subprocess.run(
        [*command, "--format", "cyclonedx1.5", "--output-file", out], cwd=ROOT, check=True, capture_output=True
    )
    bill = json.loads(out.read_text("utf-8"))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    listed = {(one["name"], one.get("version")) for one in bill["components"]}
    locked = {(package["name"], package.get("version")) for package in LOCK["package"]}
    assert listed <= locked
    assert {"httpx", "msal", "pulumi", "csp-sandbox"} <= {name for name, _ in listed}
    assert "pytest" not in {name for name, _ in listed}
    assert "make sbom" in (ROOT / "docs" / "dependencies.md").read_text("utf-8")


def test_every_dependency_is_used_declared_and_explained() -> None:
    assert list(check_dependencies.findings()) == []


def test_the_check_of_dependencies_can_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "a.py").write_text(
        "import httpx\nimport yaml\nfrom azure.core.exceptions import AzureError\n", "utf-8"
    )
    project = tmp_path / "pyproject.toml"
    project.write_text(
        '[project]\ndependencies = ["httpx", "azure-core", "rich"]\n[dependency-groups]\ndev = ["ruff"]\n', "utf-8"
    )
    page = tmp_path / "page.md"
    page.write_text(
        "| `httpx` | HTTP to everything |\n| `azure-core` | short |\n| `stamina` | retries what has failed |\n", "utf-8"
    )
    monkeypatch.setattr(check_dependencies, "ROOT", tmp_path)
    monkeypatch.setattr(check_dependencies, "PAGE", page)
    monkeypatch.setattr(check_dependencies, "PRODUCTS", {"ours": (project, ["code"])})
    assert list(check_dependencies.findings()) == [
        "code/a.py:2: yaml is imported and ours does not declare it",
        "pyproject.toml: rich is declared and never imported: drop it",
        "page.md: rich has no reason",
        "page.md: ruff has no reason",
        "page.md: stamina is no dependency",
        "page.md: azure-core has no real reason",
    ]
