"""The requirement files of an estate's repository: our wheels and every dependency, each with its hashes.

`requirements.txt` is what a pipeline installs, `requirements-local.txt` adds sandbox and embedded engine. Our own lines
name a file or an address, so that no index is ever asked for our names.
"""

from __future__ import annotations

import re
from pathlib import Path

from csp.estate.release import PRODUCT, Release, Wheel

FILE, LOCAL = "requirements.txt", "requirements-local.txt"
VENDOR = "vendor"
MARK = f"# {PRODUCT} ".encode()
"""How a requirement file of ours begins."""
_ENTRY = re.compile(r"^(?![-# \t]).*(?:\n[ \t]+--hash=.*)+\n?", re.MULTILINE)
_NAMED = re.compile(r"([a-z0-9][a-z0-9._-]*)==([^ ;\\]+)")
_OURS = re.compile(r"([a-z_]+)-([^/-]+)-py3-none-any\.whl")


def files(release: Release) -> dict[str, str]:
    """Name -> text of the requirement files. Without wheels of the extras there is no second one."""
    product, *extras = release.wheels
    head = (
        f"# {PRODUCT} {release.version}. Not written by hand: `csp upgrade` moves it to another release.\n"
        "#   python3 -m venv .venv && .venv/bin/pip install -r {name}\n"
    )
    checked = "--require-hashes\n--only-binary :all:\n"
    pins = release.pins()
    made = {FILE: head.format(name=FILE) + checked + _line(product) + pins}
    if extras:
        base = set(_ENTRY.findall(pins))
        more = "".join(entry for entry in _ENTRY.findall(release.pins("pins-local.txt")) if entry not in base)
        said = "# More than a pipeline on the Pulumi CLI needs: the sandbox, and the embedded engine.\n"
        made[LOCAL] = head.format(name=LOCAL) + said + f"-r {FILE}\n" + "".join(map(_line, extras)) + more
    return made


def _line(wheel: Wheel) -> str:
    where = f"{wheel.name} @ {wheel.url}" if wheel.url else f"./{VENDOR}/{wheel.file.name}"
    return f"{where} \\\n    --hash=sha256:{wheel.sha256}\n"


def pinned(root: Path) -> dict[str, str]:
    """Distribution -> version of all that the requirement files of a repository name; empty without them."""
    found = {}
    for entry in _ENTRY.findall(text(root)):
        if ours := _OURS.search(entry):
            found[ours[1].replace("_", "-")] = ours[2]
        elif named := _NAMED.match(entry):
            found[named[1]] = named[2]
    return found


def text(root: Path) -> str:
    """The requirement files of a repository, one after the other."""
    there = [file for file in (root / FILE, root / LOCAL) if file.is_file()]
    return "\n".join(file.read_text("utf-8") for file in there)


def hash_of_product(root: Path) -> str:
    """SHA-256 that the repository pins the product to, "" where it pins none."""
    for entry in _ENTRY.findall(text(root)):
        ours = _OURS.search(entry)
        if ours and ours[1].replace("_", "-") == PRODUCT:
            return str(entry).rpartition("sha256:")[2].strip()
    return ""


def moved(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """What changes between two sets of pins, a line each."""
    lines = []
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old != new:
            lines.append(f"{name} {old} -> {new}" if old and new else f"{name} {new}, new" if new else f"{name}, gone")
    return lines
