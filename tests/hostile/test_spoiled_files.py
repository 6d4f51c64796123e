"""An unlucky disk: each file that we keep below CSP_HOME, cut, emptied, full of zeros or of something else. One line at
most, never a traceback, and no mail, no password and no token because of it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import schemas
from clients.endpoints import ready_file
from clients.errors import ClientError, PersonMustAct
from clients.handover import HandoverStore, make_local_recipient
from clients.mail import Message, Outbox
from clients.partner_center.models import OneTimeCredentials
from clients.tokens.store import Chain, FileTokenStore
from clients.wire.clock import SystemClock
from clients.wire.pace import Pauses
from csp.sandbox import find
from onboarding.look.cache import Observed, observed_file
from tests.hostile.accounts import live

MAIL = Message(to="anna@contoso.example", subject="Hello", text="Hello", message_id="<one@csp>")


class Sends:
    """A mail server that counts."""

    last_error = ""

    def __init__(self) -> None:
        self.sent = 0

    def send(self, _message: Message, before_text: Callable[[], None]) -> Any:
        before_text()
        self.sent += 1
        return "sent"


def handover(home: Path) -> HandoverStore:
    return HandoverStore(home, (f"file:{make_local_recipient(home)}",), clock=SystemClock(), scope="us")


def make(home: Path) -> dict[str, Path]:
    """One file of each kind, as a run leaves it."""
    handover(home).put("contoso", OneTimeCredentials("admin", "one-time-canary"))
    Outbox(home / "mail", SystemClock()).post(MAIL, Sends())
    Observed("10501", "").save(observed_file(home, "us"))
    FileTokenStore(home / "tokens" / "us.json").save(Chain("refresh-canary", address="https://ion.tdsynnex.com"))
    Pauses(home / "pauses", SystemClock()).hold("ion", 60)
    ready = home / "sandbox" / "provider.json"
    ready.parent.mkdir()
    ready.write_text('{"pid": 1, "accounts": {"us": {"ion": "http://127.0.0.1:9"}}, "token": "x"}', "utf-8")
    (entry,) = (home / "handover").glob("contoso-*.json")
    (marker,) = (home / "mail").glob("*.json")
    return {
        "handover": entry,
        "mail": marker,
        "observed": observed_file(home, "us"),
        "ready": ready,
        "tokens": home / "tokens" / "us.json",
        "pauses": home / "pauses" / "ion.pause",
    }


def sandbox(home: Path) -> None:
    connection = schemas.Connection.model_validate({"name": "us", **live(sandbox={"profile": "provider"})})
    with pytest.raises(PersonMustAct, match="no running sandbox"):
        ready_file(connection, home)
    assert find(home, "provider") is None


def mail(home: Path) -> None:
    server = Sends()
    told = Outbox(home / "mail", SystemClock()).post(MAIL, server)
    assert (told.result, server.sent) == ("maybe", 0), "a marker that nobody can read is no leave to send again"


READERS: Mapping[str, Callable[[Path], Any]] = {
    "handover": lambda home: handover(home).list(),
    "mail": mail,
    "observed": lambda home: Observed.load(observed_file(home, "us"), "10501", ""),
    "tokens": lambda home: FileTokenStore(home / "tokens" / "us.json").load(),
    "pauses": lambda home: Pauses(home / "pauses", SystemClock()).remaining("ion"),
    "ready": sandbox,
}


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def zeros(path: Path) -> None:
    path.write_bytes(b"\0" * path.stat().st_size)


def no_text(path: Path) -> None:
    path.write_bytes(bytes(range(128, 256)))


def another_document(path: Path) -> None:
    path.write_text('[1, {"a": null}]', "utf-8")


def odd_members(path: Path) -> None:
    members = (
        '"version": [], "result": {}, "at": 5, "scope": 7, "accounts": [], "format": "x", "pid": "y", "answers": 3'
    )
    path.write_text(f"{{{members}}}", "utf-8")


def null(path: Path) -> None:
    path.write_text("null", "utf-8")


def without_an_end(path: Path) -> None:
    path.write_text("[" * 60_000, "utf-8")


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def a_circle(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


def line_of(kind: str, home: Path) -> str:
    """What a reader tells, "" for nothing."""
    try:
        READERS[kind](home)
    except ClientError as told:
        return str(told)
    return ""


@pytest.mark.parametrize("kind", READERS)
@pytest.mark.parametrize(
    "spoil", [cut, emptied, zeros, no_text, another_document, odd_members, null, without_an_end, a_folder, a_circle]
)
def test_one_line_at_most(kind: str, spoil: Callable[[Path], None], tmp_path: Path) -> None:
    files = make(tmp_path)
    assert set(files) == set(READERS)
    spoil(files[kind])
    line = line_of(kind, tmp_path)
    assert "\n" not in line
    assert "canary" not in line
    for other, read in READERS.items():  # what is sound beside it is read as before
        if other not in (kind, "ready", "mail"):
            read(tmp_path)


@pytest.fixture
def home_of_a_user() -> Iterator[Path]:
    """A folder in which modes count: this process is nobody meanwhile where it is root, who reads everything."""
    root, nobody = os.geteuid(), 65534
    with tempfile.TemporaryDirectory() as folder:
        if root == 0:
            os.chown(folder, nobody, nobody)
            os.seteuid(nobody)
        try:
            yield Path(folder)
        finally:
            os.seteuid(root)


def test_a_disk_that_denies_it(home_of_a_user: Path) -> None:
    files = make(home_of_a_user)
    for kind, file in files.items():
        file.chmod(0)
        with pytest.raises(PermissionError):
            file.read_bytes()
        assert "\n" not in line_of(kind, home_of_a_user)
