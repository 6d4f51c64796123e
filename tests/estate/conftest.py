"""Once for all tests of this folder: the wheels, and a fresh environment with what a repository pins."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

import pytest

from csp.estate import pins, release
from csp.estate.release import Release
from equipment.workspace import CSP, ROOT, environment

FROM_INDEX = "CSP_TEST_INDEX"
"""Variable: the dependencies come from the package index with pip's check of hashes (`make test-estate`). Otherwise the
fresh environment sees those of this one, and only our own wheels are installed, checked as well."""


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """This checkout, built."""
    return release.own(tmp_path_factory.mktemp("wheels"))


@pytest.fixture(scope="session")
def folder(wheels: Release) -> Path:
    return wheels.wheels[0].file.parent


@dataclass(frozen=True)
class Fresh:
    """An environment into which nothing of this checkout reaches. `root`: a folder with vendor/ and requirements."""

    root: Path

    @property
    def python(self) -> str:
        return str(self.root / ".venv" / "bin" / "python")

    def install(self, at: Path) -> None:
        """What a repository pins, by pip."""
        words = ["-r", pins.LOCAL]
        if not os.environ.get(FROM_INDEX):
            ours = "--require-hashes\n" + "".join(e for e in pins._ENTRY.findall(pins.text(at)) if "/vendor/" in e)
            (self.root / "ours.txt").write_text(ours, "utf-8")
            words = ["--no-deps", "--no-index", "-r", str(self.root / "ours.txt")]
        pip = [self.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--force-reinstall"]
        done = subprocess.run([*pip, *words], cwd=at, capture_output=True, text=True, encoding="utf-8")
        assert done.returncode == 0, done.stderr

    def csp(self, *words: str, cwd: Path, expect: int = 0, **variables: str) -> str:
        """Run the installed command; what it says."""
        env = {**environment(cwd / ".csp", "embedded"), **variables}
        done = subprocess.run(
            [str(self.root / ".venv" / "bin" / "csp"), *words], cwd=cwd, env=env, capture_output=True, encoding="utf-8"
        )
        assert done.returncode == expect, f"csp {' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr


@pytest.fixture(scope="session")
def fresh(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Fresh:
    made = Fresh(tmp_path_factory.mktemp("fresh"))
    init(made.root, "--from", str(folder))
    venv.create(made.root / ".venv", with_pip=True)
    if not os.environ.get(FROM_INDEX):
        (site,) = (made.root / ".venv").glob("lib/python*/site-packages")
        (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    made.install(made.root)
    return made


def init(at: Path, *words: str, cwd: Path = ROOT, expect: int = 0) -> str:
    """`csp init` of this checkout, for a provider in the US; what it says."""
    options = ["--role", "indirect-provider", "--country", "US", "--ci", "github", "--owners", "@acme/csp"]
    if "--move" in words:
        options = options[4:]
    done = subprocess.run(
        [*CSP, "init", str(at), *options, *words],
        cwd=cwd,
        env=environment(cwd / ".csp", "embedded"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == expect, done.stdout + done.stderr
    return done.stdout + done.stderr


def link(at: Path, fresh: Fresh) -> None:
    """Give a repository the environment in the place where it expects its own."""
    shutil.rmtree(at / ".venv", ignore_errors=True)
    (at / ".venv").symlink_to(fresh.root / ".venv", target_is_directory=True)


assert sys.prefix != sys.base_prefix, "the suite runs in the environment that make sets up"
