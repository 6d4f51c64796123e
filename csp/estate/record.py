"""`estate.yaml` of a repository: what `csp init` was told, and the digest of each file that it wrote.

By the digests an upgrade tells what nobody has changed since, and may renew, from what has become the team's own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from csp.errors import CommandError
from csp.estate.layout import Answers
from csp.review.surroundings import NAMES

NAME = "estate.yaml"
_HEAD = """\
# How this repository was made. `csp upgrade` renews the files below that nobody has changed since, and no other.
"""


@dataclass(frozen=True, slots=True)
class Record:
    """`release`: the version whose templates wrote the files. `files`: path -> SHA-256 as written."""

    release: str
    answers: Answers
    files: Mapping[str, str]


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def text(record: Record) -> bytes:
    import yaml

    told = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(record.answers).items()}
    data = {"release": record.release, "answers": told, "files": dict(sorted(record.files.items()))}
    return (_HEAD + yaml.safe_dump(data, sort_keys=False, allow_unicode=True)).encode()


def read(root: Path) -> Record | None:
    """The record of a repository, None where there is none. Raises CommandError for one that cannot be read."""
    import yaml

    file = root / NAME
    if not file.is_file():
        return None
    try:
        data: Any = yaml.safe_load(file.read_text("utf-8"))
        told = {one.name: data["answers"][one.name] for one in fields(Answers)}
        answers = Answers(**{**told, "stacks": tuple(told["stacks"])})
        if answers.ci not in NAMES or not answers.stacks:
            raise ValueError("answers.ci or answers.stacks")
        return Record(str(data["release"]), answers, dict(data["files"]))
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        why = " ".join(str(error).split())
        raise CommandError(f"{NAME} is not as it was written ({why}): take it back from Git", 2) from None
