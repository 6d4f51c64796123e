"""The checkpoint document: manifest, secrets provider, resources, pending operations, and its integrity rules."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dynamic_engine import __version__
from dynamic_engine.errors import EngineError, UnsupportedError
from dynamic_engine.state.crypter import Crypter
from dynamic_engine.state.resource import State, decode, dumps, encode, provider_urn, timestamp

VERSION_TEXT = f"dynamic-engine/{__version__}"
_FEATURES = {"replaceWith"}


@dataclass(eq=False, slots=True)
class Pending:
    """An operation that was started and whose end nobody recorded."""

    state: State
    kind: str  # creating | updating | deleting | reading | importing


@dataclass(eq=False, slots=True)
class Snapshot:
    """A stack's resources in checkpoint order, and what was in flight."""

    resources: list[State] = field(default_factory=list)
    pending: list[Pending] = field(default_factory=list)
    salt_line: str = ""  # the passphrase salt that the state's own secrets use; empty when there is none yet


def load(document: Mapping[str, Any], crypter_for: Callable[[str], Crypter], *, verify: bool = True) -> Snapshot:
    """Read a checkpoint document (version 3 or 4), or the ``deployment`` of an export.

    Raises :class:`EngineError` when the integrity rules do not hold, :class:`UnsupportedError` for what this engine
    cannot represent.
    """
    version = document.get("version", 0)
    if version not in (3, 4):
        raise UnsupportedError(f"checkpoint version {version}")
    features = set(document.get("features") or [])
    if unknown := features - _FEATURES:
        raise UnsupportedError(f"the checkpoint feature {sorted(unknown)[0]}")
    deployment = (document.get("checkpoint") or {}).get("latest") or document.get("deployment") or {}
    manifest = deployment.get("manifest") or {}
    if verify and manifest.get("magic", "") not in ("", magic(manifest.get("version", ""))):
        raise EngineError("snapshot integrity error: magic cookie mismatch; the state was edited or is damaged")
    providers = deployment.get("secrets_providers") or {}
    kind = providers.get("type", "")
    if kind not in ("", "passphrase"):
        raise UnsupportedError(f"the secrets provider {kind}")
    salt_line = (providers.get("state") or {}).get("salt", "")
    crypter = crypter_for(salt_line) if salt_line else None
    snapshot = Snapshot(
        resources=[decode(item, crypter) for item in deployment.get("resources") or []],
        pending=[
            Pending(decode(item["resource"], crypter), item["type"])
            for item in deployment.get("pending_operations") or []
        ],
        salt_line=salt_line,
    )
    if verify:
        check_integrity(snapshot.resources)
    return snapshot


def magic(version: str) -> str:
    """The manifest's check value: the SHA-256 of its version text."""
    return hashlib.sha256(version.encode()).hexdigest() if version else ""


def check_integrity(resources: Iterable[State]) -> None:
    """The rules that Pulumi enforces on every load. Raises :class:`EngineError` on the first violation."""
    seen: set[str] = set()
    live: set[str] = set()
    references: set[str] = set()
    for state in resources:
        if not state.urn or not state.type:
            raise EngineError("snapshot integrity error: a resource without URN or type")
        if state.id and not state.custom:
            raise EngineError(f"snapshot integrity error: resource {state.urn} has an id but is no custom resource")
        if state.provider and not state.pending_replacement and state.provider not in references:
            raise EngineError(f"snapshot integrity error: resource {state.urn} refers to unknown provider")
        for urn in state.referenced():
            if urn not in seen and not (state.pending_replacement and urn == provider_urn(state.provider)):
                raise EngineError(f"snapshot integrity error: resource {state.urn} refers to missing {urn}")
        if not state.delete:
            if state.urn in live:
                raise EngineError(f"snapshot integrity error: duplicate resource {state.urn}")
            live.add(state.urn)
        seen.add(state.urn)
        if state.is_provider:
            references.add(state.ref)


BLOCK = 128  # resources


class Dumper:
    """Makes the text of a stack's checkpoint, again and again in one run.

    What is done for each of thousands of states at every write counts: texts are cached on the states, and those of
    neighbours that have not changed since the last time stay joined in blocks.
    """

    def __init__(self, stack: str, crypter: Crypter | None) -> None:
        """*crypter* encrypts secrets; None for a stack that has no secrets provider, nor any secret."""
        self._stack = stack
        self._crypter = crypter
        self._blocks: list[tuple[list[bytes], bytes, bool]] = []  # texts, the same joined, whether one has replaceWith

    def dump(self, resources: Sequence[State], pending: Sequence[Pending]) -> list[bytes]:
        """The text, in pieces. Raises :class:`EngineError` for a secret without a secrets provider."""
        texts = [state.text or _text(state, self._crypter) for state in resources]
        operations = [
            b'{"resource":%b,"type":%b}' % (item.state.text or _text(item.state, self._crypter), _json(item.kind))
            for item in pending
        ]
        self._blocks = [
            self._block(number, texts[start : start + BLOCK], resources[start : start + BLOCK])
            for number, start in enumerate(range(0, len(texts), BLOCK))
        ]
        features = ["replaceWith"] if any(block[2] for block in self._blocks) else []
        head: dict[str, Any] = {"version": 4, "features": features} if features else {"version": 3}
        manifest = {"time": timestamp(), "magic": magic(VERSION_TEXT), "version": VERSION_TEXT}
        latest = f'"manifest":{dumps(manifest)}'
        if self._crypter is not None:
            provider = {"type": "passphrase", "state": {"salt": self._crypter.salt_line}}
            latest += f',"secrets_providers":{dumps(provider)}'
        parts = [f'{dumps(head)[:-1]},"checkpoint":{{"stack":{dumps(self._stack)},"latest":{{{latest}'.encode()]
        for number, (_, joined, _) in enumerate(self._blocks):
            parts += [b"," if number else b',"resources":[', joined]
        if self._blocks:
            parts.append(b"]")
        if operations:
            parts += [b',"pending_operations":[', b",".join(operations), b"]"]
        return [*parts, b',"metadata":{}}}}\n']

    def _block(self, number: int, texts: list[bytes], states: Sequence[State]) -> tuple[list[bytes], bytes, bool]:
        if number < len(self._blocks) and self._blocks[number][0] == texts:
            return self._blocks[number]
        return texts, b",".join(texts), any(state.replace_with for state in states)


def _json(value: Any) -> bytes:
    return dumps(value).encode()


def _text(state: State, crypter: Crypter | None) -> bytes:
    def encrypt(plain: str) -> dict[str, Any]:
        if crypter is None:
            raise EngineError(f"resource {state.urn} holds a secret and the stack has no secrets provider")
        return {"ciphertext": crypter.encrypt(plain, state.urn)}

    state.text = _json(encode(state, encrypt))
    return state.text


def export(document: Mapping[str, Any], snapshot: Snapshot, *, show_secrets: bool) -> dict[str, Any]:
    """The ``stack export`` form of a checkpoint: ``{"version", "deployment"}``."""
    latest = dict((document.get("checkpoint") or {}).get("latest") or {})
    if show_secrets:

        def plain(text: str) -> dict[str, Any]:
            return {"plaintext": text}

        if snapshot.resources:
            latest["resources"] = [encode(state, plain) for state in snapshot.resources]
        if snapshot.pending:
            latest["pending_operations"] = [
                {"resource": encode(item.state, plain), "type": item.kind} for item in snapshot.pending
            ]
    head = {key: document[key] for key in ("version", "features") if key in document}
    return {**head, "deployment": latest}
