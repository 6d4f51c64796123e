"""`csp handover`: once, to a named person, refusals in one line; the password in the package and nowhere else.

No sandbox is asked: these commands send nothing.
"""

from __future__ import annotations

import json
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from clients.handover import HandoverStore, make_local_recipient, newest
from clients.partner_center.models import OneTimeCredentials
from clients.wire.clock import SystemClock
from csp.commands import handover
from csp.errors import CommandError
from csp.main import app
from equipment.workspace import ROOT
from onboarding.people import client_package
from schemas.command import command

PASSWORD = '=;;n.=s9Z"{user}-canary'
Csp = Callable[..., tuple[int, str]]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    shutil.copy(ROOT / "Pulumi.yaml", root / "Pulumi.yaml")
    shutil.copytree(ROOT / "stacks", root / "stacks")
    monkeypatch.chdir(root)
    monkeypatch.setenv("CSP_HOME", str(root / ".csp"))
    make_local_recipient(root / ".csp")
    return root


@pytest.fixture
def store(project: Path) -> HandoverStore:
    recipients = ("file:$CSP_HOME/handover/recipient.txt",)
    return HandoverStore(project / ".csp", recipients, clock=SystemClock(), scope="us")


@pytest.fixture
def csp(project: Path) -> Csp:
    def run(*arguments: str, given: str | None = None) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["handover", *arguments, "-s", "provider"], input=given)
        if isinstance(result.exception, CommandError):
            assert "\n" not in str(result.exception)
            return result.exception.exit_code, str(result.exception)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.output

    return run


def made(store: HandoverStore) -> str:
    """As the API leaves it: Microsoft answers with the bare user name."""
    return store.put("blueyonder", OneTimeCredentials("admin", PASSWORD))


def test_the_client_package_is_delivered_once(csp: Csp, store: HandoverStore, tmp_path: Path) -> None:
    reference = made(store)
    assert PASSWORD not in csp("list")[1]
    file = tmp_path / "for-bea.txt"
    code, said = csp("deliver", "blueyonder", "--by", "ben", "--out", str(file))
    assert code == 0
    assert PASSWORD not in said
    package = file.read_text("utf-8")
    for part in ("https://portal.azure.com", "admin@blueyonderus.onmicrosoft.com", PASSWORD, "new password", "MFA"):
        assert part in package
    assert "Bea Yonder, by phone" in package  # the named recipient of the customer file
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for again in ("blueyonder", reference):
        code, said = csp("deliver", again, "--to", "Eve", "--stdout")
        assert code == 1
        assert "delivered to Bea Yonder, by phone on 20" in said
        assert "by ben" in said
        assert PASSWORD not in said
    code, said = csp("list", "--format", "json")
    assert [(e["state"], e["delivered_by"]) for e in json.loads(said)] == [("delivered", "ben")]


def test_what_stops_a_delivery_before_it_begins(csp: Csp, store: HandoverStore, project: Path, tmp_path: Path) -> None:
    made(store)
    there = tmp_path / "there.txt"
    there.write_text("", "utf-8")
    for arguments, told in (
        ((), "would stay in a log"),
        (("--out", str(there)), "name a new file"),
        (("--out", str(project / "secret.txt")), "inside the project"),
        (("--stdout", "--language", "de"), "'de' is not one of 'en', 'fr'"),
        (("--out", str(tmp_path / "new.txt"), "--identity", str(there)), "does not open"),
        (("--stdout", "--arrived"), "no delivery"),
    ):
        code, said = csp("deliver", "blueyonder", *arguments)
        assert code != 0
        assert told in said
    assert not (tmp_path / "new.txt").exists()
    assert [entry.state for entry in store.list()] == ["waiting"]
    assert csp("deliver", "nobody", "--stdout") == (2, "the stack provider has no customer and no entry 'nobody'")
    assert "nothing is kept here" in csp("deliver", "alpine", "--stdout")[1]


def test_the_entry_of_a_removed_customer_is_told(csp: Csp, store: HandoverStore, project: Path) -> None:
    reference = made(store)
    (project / "stacks" / "customers" / "provider" / "blueyonder.yaml").unlink()
    assert reference in csp("list")[1]
    assert csp("deliver", reference, "--stdout") == (
        1,
        f"blueyonder is not declared any more: put its file back to deliver {reference}",
    )


def test_an_interrupted_delivery_is_told_honestly(
    csp: Csp, store: HandoverStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(store)

    def broken(_sink: object, _text: str) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    with monkeypatch.context() as patch:
        patch.setattr(handover._Sink, "write", broken)
        code, said = csp("deliver", "blueyonder", "--by", "ben", "--stdout")
    assert code == 1
    assert "Broken pipe" in said
    code, said = csp("deliver", "blueyonder", "--stdout")
    assert code == 1
    assert "may have been seen" in said
    assert "--nothing-arrived" in said
    code, said = csp("deliver", "blueyonder", "--stdout", "--nothing-arrived")
    assert code == 0
    assert PASSWORD in said


def test_what_the_operator_copied_is_stored_hidden_and_delivered(csp: Csp, store: HandoverStore, project: Path) -> None:
    code, said = csp("put", "alpine", "--by", "ben", "--stdin", given=f"{PASSWORD}\n")
    assert code == 0
    assert PASSWORD not in said
    assert not any(b"canary" in path.read_bytes() for path in project.rglob("*") if path.is_file())
    assert store.list()[0].user_name == "admin@alpineskihouse.onmicrosoft.com"
    assert "was not delivered yet" in csp("put", "alpine", "--stdin", given="other\n")[1]
    assert csp("put", "alpine", "--stdin", "--replace", given="other\n")[0] == 0
    assert "other" in csp("deliver", "alpine", "--stdout")[1]


def test_a_renamed_customer_keeps_its_entries(csp: Csp, store: HandoverStore, project: Path) -> None:
    old = made(store)
    folder = project / "stacks" / "customers" / "provider"
    text = (folder / "blueyonder.yaml").read_text("utf-8")
    (folder / "blueyonder.yaml").unlink()
    (folder / "yonder.yaml").write_text(f"{text}previously: [blueyonder]\n", "utf-8")
    for key in ("yonder", "blueyonder"):
        assert "yonder           waits for its delivery" in csp("list", "--customer", key)[1]
        assert json.loads(csp("list", "--customer", key, "--format", "json")[1])[0]["customer"] == "yonder"
    assert f"{old} was not delivered" in csp("put", "yonder", "--stdin", given="other\n")[1]
    assert csp("put", "yonder", "--stdin", "--replace", given="other\n")[0] == 0
    assert [(entry.customer, entry.state) for entry in store.list()] == [
        ("blueyonder", "replaced"),
        ("yonder", "waiting"),
    ]
    assert "took its place" in csp("deliver", old, "--stdout")[1]
    assert csp("record", "yonder", "--where", "vault item 17")[0] == 0
    assert csp("lost", "blueyonder", "--why", "the item is gone")[0] == 0
    assert [entry.state for entry in store.list("yonder")] == ["replaced", "lost"]
    made(store)  # as a plugin that still ran under the former key
    assert "other" not in csp("deliver", "yonder", "--stdout")[1]
    assert [entry.state for entry in store.list("blueyonder")] == ["replaced", "delivered"]


def test_the_closed_screen_leads_to_the_reset_and_the_reset_closes_it(csp: Csp, store: HandoverStore) -> None:
    code, said = csp("put", "alpine", "--stdin", given="\n")
    assert code == 2
    assert "nothing was entered" in said
    assert "csp handover lost alpine" in said
    code, said = csp("lost", "alpine", "--why", "the screen was closed", "--by", "ben")
    assert code == 0
    assert "Reset it" in said
    assert "csp handover put alpine -s provider" in said  # as it can be pasted
    assert (
        f"after the reset: {command('handover', 'put', 'alpine', stack='provider')}"
        in csp("deliver", "alpine", "--stdout")[1]
    )
    assert csp("record", "alpine", "--where", "the client reset it alone", "--by", "ben")[0] == 0
    last = newest(store.list("alpine"))
    assert last is not None
    assert last.state == "elsewhere"
    assert "kept in the client reset it alone" in csp("deliver", "alpine", "--stdout")[1]


def test_nobody_is_sent_to_the_button_where_the_password_cannot_be_taken(csp: Csp) -> None:
    for ways in ((), ("--stdin", "--from-env", "SECRET")):
        code, said = csp("put", "alpine", *ways)
        assert (code, "press the button" in said) == (2, False)


def test_what_cannot_be_written_names_no_delivery_that_never_began(csp: Csp, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(HandoverStore, "lose", full)
    code, said = csp("lost", "alpine", "--why", "x")
    assert (code, "alpine: could not write: No space left on device" in said, "deliver" in said) == (1, True, False)


def test_only_new_tenants_have_credentials(csp: Csp) -> None:
    for verb in (("deliver",), ("put",), ("record", "--where", "x"), ("lost", "--why", "x")):
        code, said = csp(verb[0], "adventure", *verb[1:])
        assert (code, "brings its own tenant" in said) == (2, True)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", "admin@blueyonderus.onmicrosoft.com"),
        ("admin", "admin@blueyonderus.onmicrosoft.com"),
        ("blueyonderus.onmicrosoft.com", "admin@blueyonderus.onmicrosoft.com"),
        ("boss@blueyonderus.onmicrosoft.com", "boss@blueyonderus.onmicrosoft.com"),
    ],
)
def test_sign_in_names(project: Path, given: str, expected: str) -> None:
    customer = handover.Project.find().estate("provider").customer("blueyonder")
    assert client_package.user_name(given, customer) == expected


def test_the_package_in_french(project: Path) -> None:
    customer = handover.Project.find().estate("provider").customer("blueyonder")
    text = client_package.render(customer, to="Bea", user="admin", password=PASSWORD, language="fr")
    assert "Mot de passe   " + PASSWORD in text
    assert "authentification multifacteur" in text
