"""`import --file`: existing objects become state from a file that holds their inputs and outputs. No remote read."""

from __future__ import annotations

import json
import secrets
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dynamic_engine.errors import EngineError, UnsupportedError
from dynamic_engine.plan.deployment import Deployment, Options, ResourceError
from dynamic_engine.plan.steps import CREATE, IMPORT, SAME, Step
from dynamic_engine.processes.plugin import PluginError
from dynamic_engine.processes.plugin_host import PluginHost
from dynamic_engine.project.session import Session
from dynamic_engine.protocol.values import Properties, unwrap
from dynamic_engine.run.operation import Outcome, Request, Watcher, record
from dynamic_engine.state import urns
from dynamic_engine.state.checkpoint import Snapshot
from dynamic_engine.state.journal import Journal
from dynamic_engine.state.resource import DYNAMIC_PREFIX, PROVIDER_TYPE, STACK_TYPE, State, decode_value, timestamp


@dataclass(frozen=True)
class Entry:
    """One resource of the file, its references resolved to URNs."""

    urn: str
    type: str
    id: str = ""
    component: bool = False
    parent: str = ""
    provider: str = ""
    protect: bool = True
    inputs: Properties = field(default_factory=dict)
    outputs: Properties = field(default_factory=dict)


def read_import_file(path: Path, session: Session, *, protect: bool) -> list[Entry]:
    """The entries of an import file. Raises :class:`EngineError` for a file that cannot be imported as it is."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise EngineError(f"could not open import file: {error.strerror}") from None
    except ValueError as error:
        raise EngineError(f"could not read import file: {error}") from None
    names: dict[str, str] = dict(document.get("nameTable") or {})
    entries: list[Entry] = []
    for item in document.get("resources") or []:
        entry = _entry(item, names, session, protect)
        names.setdefault(item["name"], entry.urn)
        entries.append(entry)
    return entries


def _entry(item: dict[str, Any], names: dict[str, str], session: Session, protect: bool) -> Entry:
    for key in ("type", "name"):
        if not item.get(key):
            raise EngineError(f"import file: a resource has no '{key}'")
    name, type_ = item["name"], item["type"]
    component = bool(item.get("component"))
    if item.get("remote"):
        raise UnsupportedError("remote components")

    def resolve(kind: str) -> str:
        wanted = item.get(kind, "")
        if wanted and wanted not in names:
            raise EngineError(f"import file: the {kind} '{wanted}' of resource '{name}' has no entry in the name table")
        return names.get(wanted, "")

    parent = resolve("parent")
    if not component:
        if not type_.startswith(DYNAMIC_PREFIX):
            raise UnsupportedError(f"the package '{type_.partition(':')[0]}'")
        if not item.get("id"):
            raise EngineError(f"import file: resource '{name}' has no 'id'")
        if "__provider" not in (item.get("inputs") or {}) or "__provider" not in (item.get("outputs") or {}):
            # Without them the plugin cannot even find the provider's code.
            raise EngineError(f"import file: resource '{name}' needs inputs and outputs, each with '__provider'")
    return Entry(
        urn=urns.make(session.stack, session.project.name, parent, type_, item.get("logicalName") or name),
        type=type_,
        id=item.get("id", ""),
        component=component,
        parent=parent,
        provider=resolve("provider"),
        protect=bool(item.get("protect", protect)),
        inputs=decode_value(item.get("inputs") or {}, _no_ciphertext),
        outputs=decode_value(item.get("outputs") or {}, _no_ciphertext),
    )


def _no_ciphertext(_ciphertext: str) -> str:
    raise EngineError("import file: write secrets with 'plaintext', not 'ciphertext'")


def run_import(session: Session, entries: list[Entry], report: Watcher, *, preview: bool, request: Request) -> Outcome:
    """Put *entries* into the state. Check is called, its failures are warnings; nothing remote changes."""
    if preview:
        return _run(session, entries, report, None)
    started = time.time()
    with session.backend.lock(session.stack):
        outcome = _run(session, entries, report, session)
        outcome.seconds = time.time() - started
        record(session, request, outcome, started)
    return outcome


def _run(session: Session, entries: list[Entry], report: Watcher, target: Session | None) -> Outcome:
    base = session.snapshot()
    config = session.decrypted_config()
    if target is None:
        journal = Journal(base, None, None)
    else:
        crypter = session.writer_crypter(base)
        journal = Journal(
            base,
            session.dumper(crypter).dump,
            session.backend.writer(session.stack),
        )
    plugins = PluginHost(session.project, unwrap(config), lambda line: report.log("info", "", line))
    options = Options(preview=target is None)
    deployment = Deployment(session.project, session.stack, options, base, dict(config), journal, plugins, report)
    try:
        added = _Importer(deployment, base).add_all(entries)
    finally:
        plugins.stop()
    if not deployment.sealed:
        journal.rebase([*base.resources, *added])
    journal.close()
    return Outcome(not deployment.sealed, dict(report.counts))


class _Importer:
    def __init__(self, deployment: Deployment, base: Snapshot) -> None:
        self._d = deployment
        self._known = {state.urn: state for state in base.resources if not state.delete}
        self._added: list[State] = []

    def add_all(self, entries: list[Entry]) -> list[State]:
        root = self._d.root_urn
        if root not in self._known:
            self._add(State(urn=root, custom=False, type=STACK_TYPE), CREATE)
        for entry in entries:
            try:
                self._add_entry(entry, root)
            except ResourceError as error:
                for text in error.messages:
                    self._d.report.log("error", error.urn, text)
                self._d.sealed = True
        return self._added

    def _add_entry(self, entry: Entry, root: str) -> None:
        known = self._known.get(entry.urn)
        if known is not None:
            if known.id != entry.id:
                raise ResourceError(entry.urn, f"resource '{entry.urn}' already exists with id '{known.id}'")
            self._tell(Step(SAME, known, known))
            return
        if entry.parent and entry.parent not in self._known:
            raise ResourceError(entry.urn, f"the parent '{entry.parent}' is not in the state")
        state = State(
            urn=entry.urn,
            custom=not entry.component,
            type=entry.type,
            id=entry.id,
            inputs=entry.inputs,
            outputs=entry.outputs,
            parent=entry.parent or root,
            protect=entry.protect and not entry.component,
            provider="" if entry.component else self._provider(entry, root),
        )
        if not entry.component:
            self._check(state)
        self._add(state, IMPORT)

    def _provider(self, entry: Entry, root: str) -> str:
        urn = entry.provider or self._d.default_provider_urn
        known = self._known.get(urn)
        if known is None:
            inputs: Properties = {} if entry.provider else self._d.config
            known = State(
                urn=urn,
                custom=True,
                type=PROVIDER_TYPE,
                id=str(uuid.uuid4()),
                inputs=inputs,
                outputs=inputs,
                parent=root if entry.provider else "",
            )
            self._add(known, CREATE)
        self._d.providers[known.ref] = known
        return known.ref

    def _check(self, state: State) -> None:
        plugin = self._d.plugin(state)
        if plugin is None:
            return
        try:
            _, failures = plugin.check(state, state.inputs, state.inputs, secrets.token_bytes(32))
        except PluginError as error:
            raise ResourceError(state.urn, str(error)) from None
        for failure in failures:
            self._d.report.log("warning", state.urn, f"the provider rejects the imported inputs: {failure.reason}")

    def _add(self, state: State, op: str) -> None:
        state.created = state.modified = timestamp()
        self._known[state.urn] = state
        self._added.append(state)
        self._tell(Step(op, None, state))

    def _tell(self, step: Step) -> None:
        self._d.report.planned(step)
        self._d.report.finished(step, ok=True)
