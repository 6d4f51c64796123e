"""A release as the wheels of its three distributions, wherever they come from, and what the product's wheel says of it.

Nothing here asks an index that was not named: anybody could take our names on a public one.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from importlib.metadata import version as version_of
from pathlib import Path

from csp.errors import CommandError
from csp.estate import repack

PRODUCT = "csp-onboarding"
EXTRAS = ("csp-sandbox", "dynamic-engine")
"""Distributions that a pipeline on the Pulumi CLI does not need."""
_FOLDERS = {PRODUCT: "", "csp-sandbox": "sandbox", "dynamic-engine": "engine"}
"""Distribution -> its folder in a checkout of this project."""


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel on this machine. `url`: where others get it; "" for one that is kept in the repository."""

    name: str
    version: str
    file: Path
    url: str = ""

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.file.read_bytes()).hexdigest()


@dataclass(frozen=True, slots=True)
class Release:
    """The wheels of one version, the product's first."""

    wheels: tuple[Wheel, ...]

    @property
    def version(self) -> str:
        return self.wheels[0].version

    def pins(self, name: str = "pins.txt") -> str:
        """The dependencies with hashes, as the release was tested; `pins-local.txt`: with those of all extras."""
        return self._text(f"csp/estate/{name}")

    def changelog(self) -> str:
        return self._text("csp/manual/CHANGELOG.md")

    def _text(self, member: str) -> str:
        file = self.wheels[0].file
        try:
            with zipfile.ZipFile(file) as archive:
                return archive.read(member).decode("utf-8")
        except (KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
            raise CommandError(f"{file.name} is no wheel of {PRODUCT}: {error}") from None


def running_version() -> str:
    """The version of this `csp`."""
    return version_of(PRODUCT)


def own(scratch: Path) -> Release:
    """The release that runs, as wheels in `scratch`: built where it is installed in place, else packed again from what
    is installed. Raises CommandError."""
    names = [PRODUCT, *(name for name in EXTRAS if _is_installed(name))]
    checkout = repack.checkout_of(distribution(PRODUCT))
    for name in names:
        if checkout:
            _build(checkout / _FOLDERS[name], scratch)
        else:
            repack.pack(distribution(name), scratch)
    return in_folder(scratch, running_version(), needed=names)


def in_folder(folder: Path, version: str = "", *, needed: list[str] | None = None) -> Release:
    """The release whose wheels lie in a folder: the given version, or the newest. Raises CommandError."""
    from packaging.version import Version

    found: dict[str, dict[str, Wheel]] = {}
    for file, name, one in _ours(folder):
        found.setdefault(one, {})[name] = Wheel(name, one, file)
    known = sorted(found, key=Version)
    if not known:
        raise CommandError(f"no wheel of {PRODUCT} lies in {folder}", 2)
    wanted = version or known[-1]
    if wanted not in found:
        raise CommandError(f"{folder} holds no {PRODUCT} {wanted}; there: {', '.join(known)}", 2)
    here = found[wanted]
    names = needed or [PRODUCT, *EXTRAS]
    if missing := [name for name in names if name not in here]:
        raise CommandError(f"{folder} holds {PRODUCT} {wanted} without {', '.join(missing)}", 2)
    return Release(tuple(here[name] for name in names))


def _ours(folder: Path) -> Iterator[tuple[Path, str, str]]:
    """The wheels of ours in a folder: file, distribution, version."""
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    for file in sorted(folder.glob("*.whl")):
        try:
            name, one, _, _ = parse_wheel_filename(file.name)
        except InvalidWheelFilename:
            continue
        if name in _FOLDERS:
            yield file, name, str(one)


def _is_installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


def _build(source: Path, out: Path) -> None:
    """With the checkout's own hatchling; offline. Raises CommandError."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out.resolve())]
    built = subprocess.run(command, cwd=source, capture_output=True, text=True, encoding="utf-8", check=False)
    if built.returncode:
        lines = (built.stderr or built.stdout).strip().splitlines() or ["no output"]
        raise CommandError(f"the wheel of {source} could not be built: {lines[-1]}")


def copy_to(release: Release, vendor: Path) -> Release:
    """The same release with its wheels in a repository's folder."""
    vendor.mkdir(exist_ok=True)
    kept = []
    for wheel in release.wheels:
        target = vendor / wheel.file.name
        if wheel.file.resolve() != target.resolve():
            draft = target.with_name(f".{target.name}.new")
            shutil.copyfile(wheel.file, draft)
            draft.replace(target)
        kept.append(Wheel(wheel.name, wheel.version, target))
    return Release(tuple(kept))


def tidy(vendor: Path, kept: Release) -> None:
    """Remove every other wheel of ours from a repository's folder."""
    for file, _, _ in _ours(vendor):
        if file not in [one.file for one in kept.wheels]:
            file.unlink()
