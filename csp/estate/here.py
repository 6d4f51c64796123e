"""What `csp doctor` checks of an estate's repository itself: the release, the pins, who reviews, the files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

from csp.diagnosis.check import Check
from csp.errors import CommandError
from csp.estate import asked, layout, pins, record, release, repack
from csp.estate.release import PRODUCT
from schemas.command import command
from schemas.plain import some

ABOUT = "repository"


def repository_checks(root: Path) -> Iterator[Check]:
    """Nothing for a folder that is no repository of `csp init`. Reads files only."""
    try:
        known = record.read(root)
    except CommandError as error:
        yield Check(ABOUT, "record", "fail", str(error))
        return
    if known is None:
        return
    yield _product(root)
    yield from _wheels(root)
    yield _reviewers(known)
    yield _files(root, known)
    for one in layout.settings(known.answers):
        yield Check(known.answers.ci, "set by hand", "note", one)


def _product(root: Path) -> Check:
    """Whether what runs is what the repository pins."""
    wanted, running = pins.pinned(root).get(PRODUCT, ""), release.running_version()
    install = f".venv/bin/pip install --force-reinstall -r {pins.FILE}"
    if not wanted:
        return Check(ABOUT, "product", "fail", f"{pins.FILE} pins no {PRODUCT}", f"{command('upgrade')} writes it")
    if wanted != running:
        return Check(ABOUT, "product", "fail", f"csp {running} runs, {pins.FILE} pins {wanted}", install)
    installed = distribution(PRODUCT)
    if checkout := repack.checkout_of(installed):
        return Check(ABOUT, "product", "warn", f"csp runs from {checkout}, not from what {pins.FILE} pins", install)
    origin = json.loads(installed.read_text("direct_url.json") or "{}").get("archive_info", {})
    had = origin.get("hashes", {}).get("sha256", "")
    if had and had != pins.hash_of_product(root):
        return Check(ABOUT, "product", "fail", f"another csp {running} is installed than {pins.FILE} pins", install)
    return Check(ABOUT, "product", "pass", f"csp {running}, as {pins.FILE} pins it")


def _wheels(root: Path) -> Iterator[Check]:
    """Whether the wheels in vendor/ are those that are pinned."""
    for file in sorted((root / pins.VENDOR).glob("*.whl")):
        if f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}" not in pins.text(root):
            fix = f"take it back from Git, or {command('upgrade')}"
            yield Check(ABOUT, "wheels", "fail", f"{pins.VENDOR}/{file.name} is not what the requirements pin", fix)


def _reviewers(known: record.Record) -> Check:
    if known.answers.owners == asked.NOBODY:
        fix = f"name them in answers.owners of {record.NAME}, then {command('upgrade')}"
        return Check(ABOUT, "reviewers", "warn", "nobody is named for connections and pipelines", fix)
    return Check(ABOUT, "reviewers", "pass", known.answers.owners)


def _files(root: Path, known: record.Record) -> Check:
    """Whether the files of the repository are those of this release, as far as they are not the team's own."""
    old = []
    for path, content in layout.written(known.answers).items():
        now = (root / path).read_bytes() if (root / path).is_file() else None
        untouched = now is not None and record.digest(now) == known.files.get(path)
        if layout.is_renewed(path) and untouched and now != content:
            old.append(path)
    if old:
        return Check(ABOUT, "files", "warn", f"{some(old, 3)}: not of this release", command("upgrade"))
    own = [path for path, was in known.files.items() if _is_own(root / path, was)]
    return Check(
        ABOUT, "files", "pass", f"as csp {known.release} wrote them" + (f"; yours: {', '.join(own)}" if own else "")
    )


def _is_own(file: Path, was: str) -> bool:
    return not file.is_file() or record.digest(file.read_bytes()) != was
