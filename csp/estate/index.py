"""Our wheels from one named package index, and from no other: pip is told that index alone, whatever the machine's
configuration of pip says. The way in (a password, a token) is pip's: `.netrc` or a keyring, never the address.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import venv
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from csp.errors import CommandError
from csp.estate.release import EXTRAS, PRODUCT, Release, Wheel
from schemas.kinds.hosts import LOOPBACK

_OTHER_SOURCES = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX", "PIP_CONSTRAINT")
_QUIET = ("--disable-pip-version-check", "--quiet", "--no-input")


def is_index(source: str) -> bool:
    return source.startswith(("https://", "http://"))


def checked(address: str) -> str:
    """An address that may stand in a repository. Raises CommandError for one with a password in it, and for plain HTTP
    to another machine."""
    parts = urlsplit(address)
    if parts.username or parts.password:
        raise CommandError(f"the address of {parts.hostname} holds a user or a password: put them into ~/.netrc", 2)
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise CommandError(f"{address} is not encrypted: an index has an https address", 2)
    return address


def fetch(address: str, version: str, scratch: Path) -> Release:
    """The wheels of a version ("" for the newest) from an index, in `scratch`, with their addresses.

    Raises CommandError.
    """
    address = checked(address)
    pip = _pip(scratch)
    product = _find(pip, address, [f"{PRODUCT}=={version}" if version else PRODUCT])[0]
    version = product["metadata"]["version"]
    found = [product, *_find(pip, address, [f"{name}=={version}" for name in EXTRAS])]
    wheels = []
    for one in found:
        url, digest = one["download_info"]["url"], one["download_info"]["archive_info"]["hashes"]["sha256"]
        name = one["metadata"]["name"]
        _run(pip, "download", "--no-deps", "--index-url", address, "-d", str(scratch), f"{url}#sha256={digest}")
        wheels.append(Wheel(name, version, scratch / Path(urlsplit(url).path).name, url))
    return Release(tuple(sorted(wheels, key=lambda wheel: (PRODUCT, *EXTRAS).index(wheel.name))))


def _find(pip: list[str], address: str, wanted: list[str]) -> list[dict[str, Any]]:
    """What pip would install, from its report."""
    options = ["--dry-run", "--no-deps", "--ignore-installed", "--only-binary", ":all:", "--index-url", address]
    told = _run(pip, "install", *options, "--report", "-", *wanted)
    found: list[dict[str, Any]] = json.loads(told)["install"]
    return found


def _run(pip: list[str], verb: str, *words: str) -> str:
    clean = {name: value for name, value in os.environ.items() if name not in _OTHER_SOURCES}
    answer = subprocess.run(
        [*pip, verb, *_QUIET, *words],
        env={**clean, "PIP_CONFIG_FILE": os.devnull},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if answer.returncode:
        lines = [line for line in answer.stderr.splitlines() if line.startswith("ERROR:")] or ["ERROR: no output"]
        raise CommandError(f"pip {verb}: {lines[-1].removeprefix('ERROR:').strip()}")
    return answer.stdout


def _pip(scratch: Path) -> list[str]:
    """A pip: this environment's, or one in a folder of its own, since environments of uv have none."""
    if find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    folder = Path(tempfile.mkdtemp(dir=scratch))
    venv.create(folder, with_pip=True)
    return [str(folder / "bin" / "python"), "-m", "pip"]
