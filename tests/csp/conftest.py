"""A desk: a project folder, a running sandbox, and the `csp` command called in this process."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import schemas
from clients.handover import make_local_recipient
from csp.errors import CommandError
from csp.main import app
from equipment.workspace import ROOT, Sandbox, start_sandbox
from schemas.command import shown

PLAIN = """\
role: indirect-reseller
partner_center_region: us
cohort: ion-onboarded
sandbox: {{profile: {name}}}
countries: [US]
currencies: [USD]
"""


@dataclass(frozen=True)
class Said:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def all(self) -> str:
        return self.out + self.err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Desk:
    """`said` keeps every answer, so that a test can look for secrets in all of them."""

    root: Path
    sandbox: Sandbox
    said: list[Said] = field(default_factory=list)

    @property
    def home(self) -> Path:
        return self.root / ".csp"

    def csp(self, *arguments: str, given: str | None = None) -> Said:
        """Run a command as `csp.main.main` does."""
        result = CliRunner().invoke(app, list(arguments), input=given)
        code, err, error = result.exit_code, result.stderr, result.exception
        if isinstance(error, CommandError):
            code, err = error.exit_code, f"{err}csp: {shown(str(error))}\n"
        elif isinstance(error, schemas.DeclarationErrors):
            code, err = 2, f"{err}{error}\n"
        elif error is not None and not isinstance(error, SystemExit):
            raise error
        self.said.append(Said(code, result.stdout, err))
        return self.said[-1]

    def plain_connection(self, name: str = "plain", account: str = "", **more: str) -> str:
        """A connection as a live account has one: its sandbox gives addresses, and no help with credentials.
        Returns its name."""
        ready = self.sandbox.ready
        address = more.get("ion", ready["ion"])
        told = {"ion": address, "ion_account_id": account or ready["ion_account_id"]}
        others = {key: ready[key] for key in ("partner_center", "entra")}
        file = self.home / "sandbox" / f"{name}.json"
        file.write_text(json.dumps({**others, "accounts": {"us": told}}), "utf-8")
        (self.root / "stacks" / "connections" / f"{name}.yaml").write_text(PLAIN.format(name=name), "utf-8")
        return name

    def new_refresh_token(self, account: str = "") -> str:
        """What ION shows after Request New Credentials."""
        order = {"account": account or self.sandbox.ready["ion_account_id"], "system": "ion", "action": "new"}
        token: str = self.sandbox.admin("POST", "tokens", order)["refresh_token"]
        return token

    def fault(self, operation: str, kind: str, **more: Any) -> None:
        system = operation.split(".")[0]
        self.sandbox.admin(
            "POST", "faults", [{"system": system, "operation": operation, "kind": kind, "times": 1, **more}]
        )

    def asked(self, operation: str) -> int:
        """How often an operation was called since the last reset."""
        return len(self.sandbox.admin("GET", "requests", operation=operation)["requests"])

    def secrets(self) -> set[str]:
        """Every token and secret that exists by now."""
        found = {str(v) for k, v in self.sandbox.ready.items() if k.endswith(("_token", "_secret")) and v}
        for account in self.sandbox.ready["accounts"].values():
            found |= {str(v) for k, v in account.items() if k.endswith(("_token", "_secret")) and v}
        for file in (self.home / "tokens").glob("*.json*"):
            text = file.read_text("utf-8").strip() if file.suffix != ".lock" else ""
            chain = json.loads(text or "{}")  # what is reserved for the next answer is blank
            found |= {chain[k] for k in ("refresh_token", "access_token") if chain.get(k)}
        return found

    def assert_nothing_leaked(self) -> None:
        for said in self.said:
            for secret in self.secrets():
                assert secret not in said.all


MakeDesk = Callable[[str], Desk]


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeDesk]:
    """Starts the sandbox of a profile once."""
    desks: dict[str, Desk] = {}

    def start(profile: str) -> Desk:
        if profile not in desks:
            root = tmp_path_factory.mktemp(profile)
            shutil.copy(ROOT / "Pulumi.yaml", root / "Pulumi.yaml")
            (root / "stacks").mkdir()
            desks[profile] = Desk(root, start_sandbox(root / ".csp", profile))
        return desks[profile]

    yield start
    for desk in desks.values():
        desk.sandbox.stop()


@pytest.fixture
def desk_of(running: MakeDesk, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeDesk]:
    """The desk of a profile, as after a fresh start: nothing kept, the sandbox in its first situation."""
    used: list[Desk] = []

    def fresh(profile: str) -> Desk:
        desk = running(profile)
        for folder in ("tokens", "locks", "handover", "observed"):
            shutil.rmtree(desk.home / folder, ignore_errors=True)
        shutil.rmtree(desk.root / "stacks")
        shutil.copytree(ROOT / "stacks", desk.root / "stacks")
        make_local_recipient(desk.home)
        desk.sandbox.admin("DELETE", "faults")
        desk.sandbox.admin("POST", "reset", {})
        desk.said.clear()
        monkeypatch.chdir(desk.root)
        monkeypatch.setenv("CSP_HOME", str(desk.home))
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setenv("COLUMNS", "220")
        used.append(desk)
        return desk

    yield fresh
    for desk in used:
        desk.assert_nothing_leaked()


@pytest.fixture
def reseller_desk(desk_of: MakeDesk) -> Desk:
    return desk_of("reseller")


@pytest.fixture
def provider_desk(desk_of: MakeDesk) -> Desk:
    return desk_of("provider")
