"""The base estate of the declaration tests, and changed copies of it."""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

BASE = Path(__file__).parent.parent / "scenarios" / "declarations" / "base"


def copy_base(target: Path, changes: Iterable[Mapping[str, str]] = ()) -> Path:
    """Copy the base estate into ``target``, change it, and return its stack file.

    A change names a ``file`` below stacks/ and holds ``replace`` and ``with`` (once), or ``add`` (at the end; a new
    file
    when there is none), or ``like`` (another file to copy first).
    """
    shutil.copytree(BASE, target, dirs_exist_ok=True)
    for change in changes:
        path = target / "stacks" / change["file"]
        if "like" in change:
            shutil.copy(target / "stacks" / change["like"], path)
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        if "replace" in change:
            assert text.count(change["replace"]) == 1, (change, text.count(change["replace"]))
            text = text.replace(change["replace"], change["with"])
        path.write_text(text + change.get("add", ""), encoding="utf-8")
    return target / "stacks" / "Pulumi.test.yaml"
