"""Stack configuration: Pulumi.<stack>.yaml, its secrets, and the texts that a program gets."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from dynamic_engine.project.checks import check_stack_file
from dynamic_engine.project.project import read_yaml
from dynamic_engine.protocol.values import Secret
from dynamic_engine.state.crypter import Crypter

_PLACE = "config"


@dataclass
class StackConfig:
    """The stack file. ``values`` is the ``config:`` section with full keys (``namespace:name``)."""

    path: Path
    salt_line: str = ""
    values: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path, project: str) -> StackConfig:
        """Read the stack file; a missing one is empty. Raises :class:`EngineError` when it is wrong or asks for what
        this engine does not do."""
        if not path.exists():
            return cls(path)
        document = read_yaml(path)
        check_stack_file(path, document)
        values = document.get("config") or {}
        return cls(
            path,
            document.get("encryptionsalt") or "",
            {full_key(str(key), project): value for key, value in values.items()},
        )

    def decrypted(self, crypter: Callable[[], Crypter]) -> dict[str, str | Secret]:
        """The texts that the program gets, keys sorted; a value with any secret inside is wholly secret. Objects and
        lists are JSON text. *crypter* is asked only when there is something to decrypt."""
        result: dict[str, str | Secret] = {}
        for key in sorted(self.values):
            found: list[str] = []

            def decrypt(ciphertext: str, found: list[str] = found) -> str:
                found.append(ciphertext)
                return crypter().decrypt(ciphertext, _PLACE)

            text = scalar_text(_open(self.values[key], decrypt))
            result[key] = Secret(text) if found else text
        return result

    # -- writing ----------------------------------------------------------------------------------------------------

    def set(self, key: str, value: Any) -> None:
        """Set one key in the file, comments kept."""

        def change(document: CommentedMap) -> None:
            document.setdefault("config", CommentedMap())[key] = value

        self._rewrite(change)
        self.values[key] = value

    def remove(self, key: str, project: str) -> None:
        """Take one key out of the file, comments kept. *key* is in full; the file may have it in short."""

        def change(document: CommentedMap) -> None:
            values = document.get("config") or {}
            for written in [one for one in values if full_key(str(one), project) == key]:
                del values[written]
            if not values:
                document.pop("config", None)

        self._rewrite(change)
        self.values.pop(key, None)

    def set_salt(self, salt_line: str) -> None:
        """Write the stack's encryption salt."""

        def change(document: CommentedMap) -> None:
            if "encryptionsalt" in document:
                document["encryptionsalt"] = salt_line
            else:
                document.insert(0, "encryptionsalt", salt_line)

        self._rewrite(change)
        self.salt_line = salt_line

    def _rewrite(self, change: Callable[[CommentedMap], None]) -> None:
        yaml = YAML()
        yaml.preserve_quotes = True
        yaml.width = 10_000
        document = yaml.load(self.path.read_text(encoding="utf-8")) if self.path.exists() else None
        if document is None:
            document = CommentedMap()
        change(document)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("w", encoding="utf-8") as file:
            yaml.dump(document, file)


def full_key(key: str, project: str) -> str:
    """``namespace:name``; a bare name belongs to the project."""
    if key.count(":") == 2 and key.split(":")[1] == "config":  # the form that old stack files have
        namespace, _, name = key.split(":")
        return f"{namespace}:{name}"
    return key if ":" in key else f"{project}:{key}"


def _open(value: Any, decrypt: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        if set(value) == {"secure"} and isinstance(value["secure"], str):
            return decrypt(value["secure"])
        return {str(key): _open(item, decrypt) for key, item in value.items()}
    if isinstance(value, list):
        return [_open(item, decrypt) for item in value]
    return value


def has_secret(value: Any) -> bool:
    """Whether a configuration value is encrypted, or holds something that is."""
    if isinstance(value, dict):
        return set(value) == {"secure"} or any(map(has_secret, value.values()))
    return isinstance(value, list) and any(map(has_secret, value))


def scalar_text(value: Any) -> str:
    """The text of one configuration value, as Pulumi gives it to programs."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    if isinstance(value, dict | list):
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        # Go's encoder escapes these; the text is compared with what the CLI stored.
        return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    return str(value)
