"""What may stand in Pulumi.yaml and in a stack file: types as the CLI wants them, refusals of what is not done here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node

from dynamic_engine.errors import EngineError, UnsupportedError

_KINDS: dict[type, str] = {str: "a text", dict: "a mapping", list: "a list"}


class Rules:
    """Checks of one file. Every failure is one line with the place of the value."""

    def __init__(self, path: Path, document: Mapping[str, Any]) -> None:
        self._path = path
        self._document = document

    def fail(self, message: str, *keys: str) -> EngineError:
        """The error about the value below *keys*."""
        return EngineError(f"{self._place(keys)}: {message}")

    def get(self, kind: type, *keys: str) -> Any:
        """The value below *keys*, which must be of *kind* or absent (null counts as absent)."""
        value: Any = self._document
        for key in keys:
            value = value.get(key) if isinstance(value, Mapping) else None
        if value is not None and not isinstance(value, kind):
            raise self.fail(f"'{'.'.join(keys)}' must be {_KINDS[kind]}, not {value!r}", *keys)
        return value

    def only(self, allowed: tuple[str, ...], *keys: str) -> None:
        """The mapping below *keys* has no other keys."""
        for key in self.get(dict, *keys) or {}:
            if key not in allowed:
                raise self.fail(
                    f"'{'.'.join(keys)}' has no key {key!r}; it takes {', '.join(allowed)}", *keys, str(key)
                )

    def refuse(self, feature: str, way_out: str, *keys: str) -> UnsupportedError:
        """The refusal of what stands below *keys*."""
        return UnsupportedError(f"{feature} ({self._place(keys)})", way_out)

    def _place(self, keys: tuple[str, ...]) -> str:
        mark = _mark(self._path, keys)
        return f"{self._path.name}:{mark}" if mark else self._path.name


def _mark(path: Path, keys: tuple[str, ...]) -> str:
    """``line:column`` of a key, counted from 1; empty when it cannot be found."""
    try:
        node: Node | None = YAML(typ="safe", pure=True).compose(path)
    except (YAMLError, OSError):
        return ""
    mark = None
    for key in keys:
        if not isinstance(node, MappingNode):
            break
        pair = next((pair for pair in node.value if pair[0].value == key), None)
        if pair is None:
            break
        mark, node = pair[0].start_mark, pair[1]
    return f"{mark.line + 1}:{mark.column + 1}" if mark is not None else ""


def check_project(path: Path, document: Mapping[str, Any]) -> None:
    """Refuse a Pulumi.yaml that the CLI refuses, or that asks for what this engine does not do.

    Raises :class:`EngineError` or :class:`UnsupportedError`, one line each.
    """
    rules = Rules(path, document)
    if not rules.get(str, "name"):
        raise EngineError(f"{path.name}: project is missing a 'name' attribute")
    for key in ("main", "description", "author", "website", "license", "stackConfigDir", "requiredPulumiVersion"):
        rules.get(str, key)
    runtime = document.get("runtime")
    if isinstance(runtime, Mapping):
        rules.only(("name", "options"), "runtime")
        rules.get(dict, "runtime", "options")
        rules.get(str, "runtime", "options", "virtualenv")
        rules.get(str, "runtime", "options", "toolchain")
        runtime = rules.get(str, "runtime", "name")
    if runtime != "python":
        raise rules.refuse(f"the runtime {runtime!r}", "only python", "runtime")
    rules.only(("refresh",), "options")
    if rules.get(str, "options", "refresh") not in (None, "always"):
        raise rules.fail("'options.refresh' must be 'always' or left out", "options", "refresh")
    rules.only(("url",), "backend")
    rules.get(str, "backend", "url")
    refused: tuple[tuple[str, str, Callable[[Any], Any]], ...] = (
        ("config", "write the values into the stack file", bool),
        ("requiredPulumiVersion", "take the line out, or use the Pulumi CLI", bool),
        ("packages", "", bool),
        ("plugins", "", _any_inside),
    )
    for key, way_out, asks in refused:
        if asks(document.get(key)):
            raise rules.refuse(f"the '{key}' section of Pulumi.yaml", way_out, key)
    if (document.get("stackConfigDir") or "").startswith("/"):
        raise rules.refuse("an absolute stackConfigDir", "write it relative to Pulumi.yaml", "stackConfigDir")


def _any_inside(value: Any) -> bool:
    return any(value.values()) if isinstance(value, Mapping) else bool(value)


def check_stack_file(path: Path, document: Mapping[str, Any]) -> None:
    """The same for a stack file."""
    rules = Rules(path, document)
    if document.get("environment"):
        raise rules.refuse("environments (the 'environment' section of a stack file)", "", "environment")
    for key in ("secretsprovider", "encryptedkey", "encryptionsalt"):
        rules.get(str, key)
    if document.get("secretsprovider") not in (None, "", "passphrase"):
        raise rules.refuse(f"the secrets provider {document['secretsprovider']}", "", "secretsprovider")
    for key in rules.get(dict, "config") or {}:
        text = str(key)
        if text.count(":") > 2 or (text.count(":") == 2 and text.split(":")[1] != "config") or not text.strip(":"):
            raise rules.fail(f"{text!r} is no configuration key: write NAMESPACE:NAME", "config", text)
        if text.startswith("pulumi:"):
            raise rules.refuse(f"the configuration key {text!r}", "", "config", text)
