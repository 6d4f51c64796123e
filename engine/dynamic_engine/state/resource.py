"""One resource's state and its text in a checkpoint."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from dynamic_engine.errors import UnsupportedError
from dynamic_engine.protocol.values import (
    ARCHIVE,
    ASSET,
    RESOURCE,
    SECRET,
    SIGNATURE,
    UNKNOWN,
    UNKNOWN_TEXT,
    Properties,
    ResourceRef,
    Secret,
    Unknown,
    Value,
    number,
)
from dynamic_engine.state.crypter import Crypter

PROVIDER_TYPE = "pulumi:providers:pulumi-python"
STACK_TYPE = "pulumi:pulumi:Stack"
DYNAMIC_PREFIX = "pulumi-python:"

# JSON key of every field that the engine understands, in the order in which Pulumi writes them. Keys of a state that
# are not here travel through untouched in ``extra``.
KEYS = {
    "urn": "urn",
    "custom": "custom",
    "delete": "delete",
    "id": "id",
    "type": "type",
    "inputs": "inputs",
    "outputs": "outputs",
    "parent": "parent",
    "protect": "protect",
    "external": "external",
    "dependencies": "dependencies",
    "init_errors": "initErrors",
    "provider": "provider",
    "property_dependencies": "propertyDependencies",
    "pending_replacement": "pendingReplacement",
    "additional_secret_outputs": "additionalSecretOutputs",
    "custom_timeouts": "customTimeouts",
    "import_id": "importID",
    "retain_on_delete": "retainOnDelete",
    "deleted_with": "deletedWith",
    "replace_with": "replaceWith",
    "created": "created",
    "modified": "modified",
    "source_position": "sourcePosition",
    "stack_trace": "stackTrace",
    "ignore_changes": "ignoreChanges",
    "hide_diff": "hideDiff",
    "replace_on_changes": "replaceOnChanges",
    "replacement_trigger": "replacementTrigger",
}
_VALUES = {"inputs", "outputs", "replacement_trigger"}
# Keys whose presence changes what an engine must do; carrying them along blindly would be a lie.
_REFUSED = {"taint": "taint", "viewOf": "resource views", "refreshBeforeUpdate": "refreshBeforeUpdate"}


@dataclass(eq=False, slots=True)
class State:
    """A resource as the checkpoint holds it. Compared by identity: two states may share a URN."""

    urn: str
    custom: bool
    type: str
    delete: bool = False
    id: Value = ""
    inputs: Properties = field(default_factory=dict)
    outputs: Properties = field(default_factory=dict)
    parent: str = ""
    protect: bool = False
    external: bool = False
    dependencies: list[str] = field(default_factory=list)
    init_errors: list[str] = field(default_factory=list)
    provider: str = ""
    property_dependencies: dict[str, list[str]] = field(default_factory=dict)
    pending_replacement: bool = False
    additional_secret_outputs: list[str] = field(default_factory=list)
    custom_timeouts: dict[str, float] = field(default_factory=dict)
    import_id: str = ""
    retain_on_delete: bool = False
    deleted_with: str = ""
    replace_with: list[str] = field(default_factory=list)
    created: str = ""
    modified: str = ""
    source_position: str = ""
    stack_trace: list[dict[str, Any]] = field(default_factory=list)
    ignore_changes: list[str] = field(default_factory=list)
    hide_diff: list[str] = field(default_factory=list)
    replace_on_changes: list[str] = field(default_factory=list)
    replacement_trigger: Value = None
    extra: dict[str, Any] = field(default_factory=dict)
    text: bytes | None = None  # cached JSON, see touch()

    @property
    def name(self) -> str:
        """The last part of the URN."""
        return self.urn.split("::", 3)[-1]

    @property
    def ref(self) -> str:
        """The reference that resources of this provider carry: ``<urn>::<id>``."""
        return f"{self.urn}::{UNKNOWN_TEXT if isinstance(self.id, Unknown) else self.id}"

    @property
    def is_provider(self) -> bool:
        """Whether this is a provider resource."""
        return self.type.startswith("pulumi:providers:")

    @property
    def is_default_provider(self) -> bool:
        """Whether this is the provider that the engine makes by itself."""
        return self.is_provider and not self.parent and self.name.startswith("default")

    def touch(self) -> None:
        """Forget the cached text. Call it after every change of a field."""
        self.text = None

    def copy(self, **changes: Any) -> State:
        """A new state with *changes*; its text is not cached."""
        return replace(self, text=None, **changes)

    def referenced(self) -> list[str]:
        """URNs that must come earlier in a checkpoint: provider, parent, dependencies, deletedWith."""
        urns = [*self.dependencies, *(urn for urns in self.property_dependencies.values() for urn in urns)]
        if self.provider:
            urns.append(provider_urn(self.provider))
        urns += [urn for urn in (self.parent, self.deleted_with) if urn]
        return urns

    def needs(self, *, provider: bool = True) -> list[str]:
        """URNs that must outlive this: dependencies, parent, what it is deleted or replaced with, its provider."""
        urns = [*self.dependencies, *(urn for urns in self.property_dependencies.values() for urn in urns)]
        urns += [*self.replace_with, self.parent, self.deleted_with]
        if provider and self.provider:
            urns.append(provider_urn(self.provider))
        return [urn for urn in urns if urn]


def provider_urn(reference: str) -> str:
    """The URN part of a provider reference ``<urn>::<id>``."""
    return reference.rpartition("::")[0]


def timestamp() -> str:
    """Now, RFC 3339, UTC, microseconds."""
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


# -- JSON -----------------------------------------------------------------------------------------------------------

EncryptText = Callable[[str], dict[str, Any]]


def encode_value(value: Value, encrypt: EncryptText) -> Any:
    """The JSON form of *value*; ``encrypt`` turns a secret's JSON text into the keys beside the signature."""
    if isinstance(value, dict):
        return {key: encode_value(value[key], encrypt) for key in sorted(value)}
    if isinstance(value, list):
        return [encode_value(item, encrypt) for item in value]
    if isinstance(value, Secret):
        # A secret inside a secret keeps its wrapper, with plain JSON where the ciphertext would be.
        plain = dumps(encode_value(value.value, lambda text: {"ciphertext": text}))
        return {SIGNATURE: SECRET, **encrypt(plain)}
    if isinstance(value, Unknown):
        return UNKNOWN_TEXT
    if isinstance(value, ResourceRef):
        ref: dict[str, Any] = {SIGNATURE: RESOURCE}
        if value.id is not None:
            ref["id"] = "" if isinstance(value.id, Unknown) else value.id
        return {**ref, "packageVersion": value.version, "urn": value.urn}
    return value


def decode_value(value: Any, decrypt: Callable[[str], str]) -> Value:
    """The value of a JSON form. Raises :class:`UnsupportedError` for assets and archives."""
    if isinstance(value, dict):
        if SIGNATURE in value:
            return _decode_signed(value, decrypt)
        return {key: decode_value(item, decrypt) for key, item in value.items()}
    if isinstance(value, list):
        return [decode_value(item, decrypt) for item in value]
    if isinstance(value, float):
        return number(value)
    return UNKNOWN if value == UNKNOWN_TEXT else value


def _decode_signed(value: dict[str, Any], decrypt: Callable[[str], str]) -> Value:
    signature = value[SIGNATURE]
    if signature == SECRET:
        text = value["plaintext"] if "plaintext" in value else decrypt(value["ciphertext"])
        return Secret(decode_value(json.loads(text), lambda plain: plain))
    if signature == RESOURCE:
        ref_id = value.get("id")
        return ResourceRef(value["urn"], UNKNOWN if ref_id == "" else ref_id, value.get("packageVersion", ""))
    raise UnsupportedError({ASSET: "assets", ARCHIVE: "archives"}.get(signature, f"values signed {signature}"))


def encode(state: State, encrypt: EncryptText) -> dict[str, Any]:
    """The checkpoint form of *state*: urn, custom and type always, the rest only when not empty."""
    document: dict[str, Any] = {}
    for name, key in KEYS.items():
        value = getattr(state, name)
        if name in _VALUES:
            value = encode_value(value, encrypt)
        if name == "property_dependencies":
            value = {prop: value[prop] for prop in sorted(value)}
        if value or name in ("urn", "custom", "type"):
            document[key] = UNKNOWN_TEXT if isinstance(value, Unknown) else value
    document.update(state.extra)
    return document


def decode(document: Mapping[str, Any], crypter: Crypter | None) -> State:
    """The state of a checkpoint entry. Raises :class:`UnsupportedError` for states that need special treatment."""
    for key, feature in _REFUSED.items():
        if document.get(key):
            raise UnsupportedError(f"{feature} (found on {document.get('urn')})")
    place = str(document["urn"])

    def decrypt(ciphertext: str) -> str:
        if crypter is None:
            raise UnsupportedError("secrets in a state without a passphrase secrets provider")
        return crypter.decrypt(ciphertext, place)

    known: dict[str, Any] = {}
    for name, key in KEYS.items():
        if (value := document.get(key)) is not None:
            known[name] = decode_value(value, decrypt) if name in _VALUES else value
    known["property_dependencies"] = {
        key: list(urns or []) for key, urns in (document.get("propertyDependencies") or {}).items()
    }
    known["extra"] = {key: value for key, value in document.items() if key not in _KNOWN_KEYS}
    return State(**known)


_KNOWN_KEYS = set(KEYS.values())


def dumps(value: Any) -> str:
    """Compact JSON as the CLI writes it."""
    return _ENCODER.encode(value)


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
