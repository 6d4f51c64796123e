"""A whole estate in one process, on virtual time: the sandbox's handlers called directly, and a small engine.

The providers are the real ones (`providers/*.py` down to the bytes on the wire); only the network, the clock and Pulumi
are replaced. `Pipeline.up` does what `pulumi up` with `refresh: always` does, one resource after the other: read all,
then check, diff, create or update, and it keeps every finished resource in `Pipeline.state` at once, as the engine's
journal does. `hook` is called before and after every call; raising `Killed` in it is a SIGKILL at that boundary.

A run of four customers takes a tenth of a second. Any drill may use this; `copy` makes any number of cells from one
situation.
"""

from __future__ import annotations

import copy
import itertools
import json
import os
import shutil
import smtplib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from csp_sandbox.ready import ready_line

import schemas
from clients.handover import make_local_recipient
from clients.mail import MailSender
from clients.session import Session
from drills.remote import Hook, Killed, Remote, Smtp, Wire
from equipment.workspace import ROOT
from onboarding.core import contract
from onboarding.core.catalogue import RESOURCES
from onboarding.core.kept import full, short
from onboarding.resources import inputs
from onboarding.steps.model import About
from onboarding.steps.registry import instructions, read
from onboarding.steps.text import as_dict
from providers import component, removals, sessions
from providers.dynamic import Provider

KINDS: dict[str, Callable[[], Provider]] = {
    name: import_module(f"providers.{one.module}").provider for name, one in RESOURCES.items()
}
FROM_OTHERS = {kind.name: kind.from_others for kind in RESOURCES.values()}
MEMORY = Path("/dev/shm")
_RUNS = itertools.count()

Address = tuple[str, str]
"""Customer key and kind of a resource."""


@dataclass
class Kept:
    """A resource in state."""

    id: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    connection: str

    def in_state(self) -> dict[str, Any]:
        """The outputs as an engine keeps them."""
        return short(copy.deepcopy(self.outputs))


def _quiet(_moment: str, _name: str) -> None:
    """No hook."""


@dataclass
class Pipeline:
    """One stack: what is declared, what is in state, where its local files are (`home`), and the systems it meets."""

    remote: Remote
    declared: dict[str, schemas.Customer]
    connections: Mapping[str, schemas.Connection]
    home: Path
    state: dict[Address, Kept] = field(default_factory=dict)
    hook: Hook = _quiet
    lock_seconds: float = 300.0
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def example(cls, stack: str) -> Pipeline:
        """The example estate of this name, nothing done yet."""
        estate = schemas.load_estate(ROOT / "stacks" / f"Pulumi.{stack}.yaml", ROOT)
        remote, home = Remote(stack), new_home()
        fast = {
            name: one.model_copy(update={"limits": one.limits.model_copy(update={"requests_per_second": 1e6})})
            for name, one in estate.connections.items()
        }
        make_local_recipient(home)
        return cls(remote, {c.key: c for c in estate.customers}, fast, home)

    def copy(self, remote: Remote | None = None, home: Path | None = None) -> Pipeline:
        """The same situation once more, or a second pipeline in the given world (and with the given local files)."""
        if home is None:
            home = new_home()
            shutil.copytree(self.home, home, dirs_exist_ok=True)
        return Pipeline(
            remote or self.remote.copy(),
            dict(self.declared),
            self.connections,
            home,
            copy.deepcopy(self.state),
            lock_seconds=self.lock_seconds,
            environment=dict(self.environment),
        )

    def remove(self) -> None:
        """Delete the local files."""
        shutil.rmtree(self.home, ignore_errors=True)

    def declare(self, key: str, changes: Mapping[str, Any]) -> None:
        """Edit a customer file: dotted path -> value (None removes the line)."""
        data = self.declared[key].model_dump(mode="json", exclude_none=True, exclude_unset=True)
        for path, value in changes.items():
            place, (*parents, last) = data, path.split(".")
            for part in parents:
                place = place.setdefault(part, {})
            place.pop(last, None)
            if value is not None:
                place[last] = value
        self.declared[key] = schemas.Customer.model_validate(data)

    # What `pulumi` does.

    def up(self) -> list[str]:
        """Read everything, then move every resource that has something to do; what was moved. Nothing moved means that
        a preview at this moment would have been empty."""
        moved = []
        with self._process() as names:
            self._refresh(names)
            for address in self._gone():
                self._remove(address, names)
                moved.append(f"{address[0]} {address[1]}: remove")
            for address in self._addresses():
                verb = self._step(address, names)
                moved += [f"{address[0]} {address[1]}: {verb}"] if verb else []
        return moved

    def refresh(self) -> None:
        """Read everything, as `pulumi refresh` does."""
        with self._process() as names:
            self._refresh(names)

    def preview(self, *, refresh: bool = True) -> list[str]:
        """What an `up` would do now; state stays as it is."""
        other = Pipeline(
            self.remote, dict(self.declared), self.connections, self.home, copy.deepcopy(self.state), self.hook
        )
        with other._process() as names:
            if refresh:
                other._refresh(names)
            found = [f"{key} {kind}: remove" for key, kind in other._gone()]
            for address in other._addresses():
                _provider, _checked, verb = other._plan(address, names)
                found += [f"{address[0]} {address[1]}: {verb}"] if verb else []
            return found

    def summary(self) -> dict[str, Any]:
        """The state without ids, times and counters, to compare two ends."""
        name = {t.id.lower(): t.initial_domain for t in self.remote.world.store.tenants}
        name |= {c.id: c.email for c in self.remote.world.store.customers}
        kept = ("status", "waiting_on", "reason", "seen", "handled", "ion_customer_id", "tenant_id", "next_step")
        told = {
            f"{key} {kind}": {part: one.outputs.get(part) for part in kept} for (key, kind), one in self.state.items()
        }
        text = json.dumps(told, sort_keys=True)
        for number, known_as in name.items():
            text = text.replace(number, known_as)
        found: dict[str, Any] = json.loads(text)
        return found

    def steps(self) -> list[dict[str, Any]]:
        """The next steps in state, with whom they concern, as `csp todo` prints them."""
        found = []
        for (key, _kind), one in self.state.items():
            step = one.outputs.get("next_step")
            if step and one.outputs.get("waiting_on") != contract.NEXT_RUN and key in self.declared:
                told = instructions(read(step), About.of(self.declared[key]))
                found.append({**as_dict(told), "customer": key})
        return found

    def settle(self, rounds: int = 3) -> None:
        """People and runs in turn until all that can be done is done."""
        for _ in range(rounds):
            self.remote.act(self.steps())
            self.up()

    # Inside.

    @contextmanager
    def _process(self) -> Iterator[dict[str, str]]:
        """A process: sessions of its own for every connection, under names that no other process here uses."""
        run = next(_RUNS)
        names, opened = {}, []
        self._told_ready()
        before, contract.now = contract.now, lambda: self.remote.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        removals._ENDED.clear()
        outside = dict(os.environ)
        os.environ.update(self.environment)
        try:
            for name, connection in self.connections.items():
                session = Session(
                    connection,
                    self.home,
                    os.environ,
                    clock=self.remote,
                    detached=False,
                    carrier=Wire(self.remote, self.hook),
                )
                shared: Any = session.locks
                shared._timeout = self.lock_seconds
                if session.mail is not None:
                    session.mail = MailSender(session.mail._server, connect=self._smtp)
                names[name] = f"{name}#{run}"
                sessions._SESSIONS[names[name]] = session
                opened.append(session)
            yield names
        finally:
            contract.now = before
            os.environ.clear()
            os.environ.update(outside)
            for name in names.values():
                sessions._SESSIONS.pop(name, None)
                sessions._LOOKS.pop(name, None)
            for session in opened:
                session.close()

    def _smtp(self, *_where: object, **_more: object) -> smtplib.SMTP:
        fake: Any = Smtp(self.remote, self.hook)
        return fake  # type: ignore[no-any-return]

    def _told_ready(self) -> None:
        file = self.home / "sandbox" / f"{self.remote.profile}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        line = ready_line(self.remote.world) | {"smtp": {"host": "127.0.0.1", "port": 1}}
        file.write_text(json.dumps(line), "utf-8")

    def _addresses(self) -> list[Address]:
        return [(key, kind) for key in sorted(self.declared) for kind in KINDS]

    def _gone(self) -> list[Address]:
        """In state and declared no more; the last resource of a customer first."""
        return [address for address in reversed(list(self.state)) if address[0] not in self.declared]

    def _provider(self, address: Address, names: Mapping[str, str], connection: str) -> Provider:
        provider = KINDS[address[1]]()
        provider._connection = names[connection]
        return provider

    def _refresh(self, names: Mapping[str, str]) -> None:
        for address, kept in list(self.state.items()):
            read = self._provider(address, names, kept.connection).read(kept.id, kept.in_state())
            assert read.outs is not None
            self.state[address] = Kept(kept.id, dict(read.inputs or {}), full(read.outs), kept.connection)

    def _plan(self, address: Address, names: Mapping[str, str]) -> tuple[Provider, dict[str, Any], str]:
        key, kind = address
        declared = self.declared[key]
        provider = self._provider(address, names, declared.connection)
        wanted = inputs.inputs_of(declared)[kind]
        for name, other in (FROM_OTHERS[kind] if kind in FROM_OTHERS else {}).items():  # noqa: SIM401
            source = self.state.get((key, other))
            wanted = {**wanted, name: source.outputs.get(name, "") if source else ""}
        kept = self.state.get(address)
        checked = provider.check(copy.deepcopy(kept.inputs) if kept else {}, wanted)
        assert not checked.failures, [failure.reason for failure in checked.failures]
        if kept is None:
            return provider, checked.inputs, "create"
        changes = provider.diff(kept.id, kept.in_state(), checked.inputs).changes
        return provider, checked.inputs, "" if changes is False else "update"

    def _step(self, address: Address, names: Mapping[str, str]) -> str:
        provider, wanted, verb = self._plan(address, names)
        connection = self.declared[address[0]].connection
        kept = self.state.get(address)
        if kept is None:
            made = provider.create(copy.deepcopy(wanted))
            assert made.id is not None
            self.state[address] = Kept(made.id, wanted, full(made.outs or {}), connection)
        elif verb:
            outs = provider.update(kept.id, kept.in_state(), copy.deepcopy(wanted)).outs
            self.state[address] = Kept(kept.id, wanted, full(outs or {}), connection)
        return verb

    def _remove(self, address: Address, names: Mapping[str, str]) -> None:
        """Retained resources leave the state only; an ending that was declared runs."""
        kept = self.state[address]
        if address[1] == "TenantIdentity" and kept.inputs.get("on_remove") == component.DELETING:
            self._provider(address, names, kept.connection).delete(kept.id, kept.in_state())
        del self.state[address]


def new_home() -> Path:
    """A folder for local files, in memory where the machine offers that: `fsync` is not what a drill measures."""
    return Path(tempfile.mkdtemp(prefix="csp-drill-", dir=MEMORY if MEMORY.is_dir() else None))


@dataclass
class Calls:
    """A hook that counts the calls and may kill at one: `at` is the number of the call, `moment` before or after it."""

    at: int = 0
    moment: str = "before"
    names: list[str] = field(default_factory=list)

    def __call__(self, moment: str, name: str) -> None:
        if moment == "before":
            self.names.append(name)
        if len(self.names) == self.at and moment == self.moment:
            raise Killed(f"{moment} call {self.at}: {name}")
