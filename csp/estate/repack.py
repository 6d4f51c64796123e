"""A wheel made of an installed distribution: the same files, named by its RECORD and held to its hashes.

Only pure Python can go this way, as ours does. What the installer added (scripts, notes of where it came from, compiled
files) is left out; the result is the same for the same files.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import zipfile
from importlib.metadata import Distribution
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from csp.errors import CommandError

_INSTALLERS = frozenset(("INSTALLER", "REQUESTED", "RECORD", "direct_url.json", "uv_build.json", "uv_cache.json"))
_DAY = (2020, 2, 2, 0, 0, 0)
"""The time of every member, as hatchling writes it."""


def checkout_of(installed: Distribution) -> Path | None:
    """The folder of a distribution that is installed in place; None for one from a wheel."""
    origin = json.loads(installed.read_text("direct_url.json") or "{}")
    if not origin.get("dir_info", {}).get("editable"):
        return None
    return Path(unquote(urlsplit(origin["url"]).path))


def pack(installed: Distribution, folder: Path) -> Path:
    """Write the wheel into a folder; its path. Raises CommandError when a file is gone or not what was installed."""
    name = f"{installed.name.replace('-', '_')}-{installed.version}"
    rows: list[tuple[str, str, str]] = []
    target = folder / f"{name}-py3-none-any.whl"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(installed.files or (), key=str):
            path = PurePosixPath(file)
            if _is_added(path, f"{name}.dist-info"):
                continue
            try:
                content = Path(str(file.locate())).read_bytes()
            except OSError as error:
                raise CommandError(f"{installed.name} is not whole here ({error}): install it again") from None
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            if file.hash and (file.hash.mode, file.hash.value) != ("sha256", digest):
                raise CommandError(f"{path} of {installed.name} was changed after its installation: install it again")
            rows.append((str(path), f"sha256={digest}", str(len(content))))
            _add(archive, str(path), content)
        record = f"{name}.dist-info/RECORD"
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([*rows, (record, "", "")])
        _add(archive, record, text.getvalue().encode())
    return target


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    member = zipfile.ZipInfo(name, _DAY)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = 0o100644 << 16
    archive.writestr(member, content)


def _is_added(path: PurePosixPath, info: str) -> bool:
    """Whether the installer added a file."""
    if ".." in path.parts or "__pycache__" in path.parts or path.suffix == ".pyc":
        return True
    return path.parts[0] == info and path.name in _INSTALLERS
