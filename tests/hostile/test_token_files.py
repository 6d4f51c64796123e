"""The token file: where it may be, what it never replaces, who can read it."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

import schemas
from clients.errors import PersonMustAct
from clients.handover import HandoverStore, make_local_recipient
from clients.locks import KeyLocks
from clients.mail import Message, Outbox
from clients.partner_center.models import OneTimeCredentials
from clients.tokens.store import Chain, FileTokenStore
from clients.wire.clock import SystemClock
from clients.wire.pace import Pauses
from csp.diagnosis.modes import lock_check, mode_check, open_places
from onboarding.look.cache import Observed, observed_file
from schemas.check.token_place import token_file
from schemas.kinds.hosts import Refused
from schemas.write.whole_file import private_folder
from tests.hostile.accounts import Wire, live, session_of


@pytest.fixture
def places(tmp_path: Path) -> dict[str, Path]:
    """A project that is a work tree, with CSP_HOME inside, another repository, and a folder that is none."""
    made = {name: tmp_path / name for name in ("project", "other", "worktree", "free")}
    for folder in made.values():
        (folder / "deep").mkdir(parents=True)
    (made["project"] / ".git").mkdir()
    (made["other"] / ".git").mkdir()
    (made["worktree"] / ".git").write_text("gitdir: elsewhere\n", "utf-8")
    made["home"] = made["project"] / ".csp"
    (made["home"] / "tokens").mkdir(parents=True)
    (made["free"] / "into").symlink_to(made["project"])
    (made["home"] / "out.json").symlink_to(made["project"] / "tokens.json")
    (made["project"] / "far.json").symlink_to(made["free"] / "far.json")
    (made["home"] / "loop.json").symlink_to(made["home"] / "loop.json")
    return made


@pytest.mark.parametrize(
    ("declared", "fits"),
    [
        ("{home}/tokens/us.json", True),
        ("$CSP_HOME/tokens/us.json", True),
        ("${{CSP_HOME}}/us.json", True),
        (".csp/us.json", True),
        ("{free}/us.json", True),
        ("{free}/deep/us.json", True),
        ("{project}/far.json", True),  # the link leads out of the work tree: what is in Git is the link alone
        ("us.json", False),
        ("{project}/us.json", False),
        ("{home}/../us.json", False),
        ("stacks/../.csp/../us.json", False),
        ("{other}/deep/us.json", False),
        ("{worktree}/deep/us.json", False),
        ("{free}/into/us.json", False),
        ("{home}/out.json", False),
        ("{home}", False),
        ("{home}/loop.json", False),
        ("~nobody-of-that-name/us.json", False),
    ],
)
def test_it_is_below_csp_home_or_in_no_work_tree(
    declared: str, fits: bool, places: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    declared = declared.format(**places)
    content = live(token_store={"file": declared})
    place = token_file(declared, places["home"], places["project"])
    file = places["project"] / "stacks" / "connections" / "us.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(yaml.safe_dump(content), "utf-8")
    monkeypatch.setenv("CSP_HOME", str(places["home"]))
    if fits:
        assert isinstance(place, Path)
        assert schemas.load_connection("us", places["project"]).token_store
        return
    assert isinstance(place, Refused)
    assert "$CSP_HOME/tokens/" in str(place), "it says what to write"
    with pytest.raises(schemas.DeclarationErrors, match="CSP-CONN-013") as told:
        schemas.load_connection("us", places["project"])
    (finding,) = told.value.findings
    assert finding.path == "token_store.file"
    assert finding.line > 1
    wire = Wire()
    if declared.startswith(str(places["other"])):  # the project of `session_of` is its home
        with pytest.raises(PersonMustAct, match="inside the work tree"):
            session_of(content, places["home"], wire)
        assert wire.sent == []


STRANGERS = {
    "text": b"dear diary",
    "json": b'{"name": "package", "version": 1}',
    "yaml": b"role: indirect-provider\n",
    "binary": bytes(range(256)),
    "private key": b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n",
    "large": b"x" * (1024 * 1024 + 1),
}


@pytest.mark.parametrize("kind", STRANGERS)
def test_a_file_that_is_no_store_is_never_replaced(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "precious"
    path.write_bytes(STRANGERS[kind])
    store = FileTokenStore(path)
    with pytest.raises(PersonMustAct, match="no token store"):
        store.save(Chain("refresh-canary"))
    assert path.read_bytes() == STRANGERS[kind]
    assert [one.name for one in tmp_path.iterdir()] == ["precious"]


@pytest.mark.parametrize("make", ["fifo", "folder", "device"])
def test_what_is_no_plain_file_neither_hangs_nor_is_replaced(make: str, tmp_path: Path) -> None:
    path = tmp_path / "us.json"
    if make == "fifo":
        os.mkfifo(path)
    elif make == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero")
    store = FileTokenStore(path)
    with pytest.raises(PersonMustAct, match="no token store"):
        store.load()
    with pytest.raises(PersonMustAct, match="no token store"):
        store.save(Chain("refresh-canary"))


@pytest.mark.parametrize("torn", [b"", b"\0" * 300, b'{"acc', Chain("refresh").to_json().encode()[:70]])
def test_what_a_torn_disk_leaves_is_still_a_store(torn: bytes, tmp_path: Path) -> None:
    path = tmp_path / "us.json"
    path.write_bytes(torn)
    store = FileTokenStore(path)
    assert store.load() is None
    store.save(Chain("refresh-canary"))
    assert store.load() == Chain("refresh-canary")


def test_a_linked_store_is_followed_and_not_cut_off(tmp_path: Path) -> None:
    """The runner's tokens are on another disk, behind a link: the next run, on another runner, finds the new ones."""
    far, near = tmp_path / "disk" / "us.json", tmp_path / "home" / "us.json"
    for path in (far, near):
        path.parent.mkdir()
    FileTokenStore(far).save(Chain("refresh-one"))
    near.symlink_to(far)
    store = FileTokenStore(near)
    store.save(Chain("refresh-two"))
    assert near.is_symlink()
    assert FileTokenStore(far).load() == Chain("refresh-two")
    with store.lease():
        other = FileTokenStore(far, lease_seconds=0.1)
        with pytest.raises(Exception, match="has been renewing"), other.lease():
            pass


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def modes(folder: Path) -> dict[str, str]:
    """Whatever others may do anything with."""
    found = {}
    for path in [folder, *folder.rglob("*")]:
        mode = path.lstat().st_mode
        if not stat.S_ISLNK(mode) and stat.S_IMODE(mode) not in (0o600, 0o700):
            found[path.name] = oct(stat.S_IMODE(mode))
    return found


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o777])
def test_modes_are_tight_whatever_the_umask(mask: int, tmp_path: Path) -> None:
    home = tmp_path / "some" / "home"
    clock = SystemClock()
    with umask(mask):
        store = FileTokenStore(home / "tokens" / "us.json")
        with store.lease():
            store.save(Chain("one"))
            store.save(Chain("two"))
        with KeyLocks(home / "locks", "10501/").hold("ion.customer", "it@contoso.example"):
            pass
        Pauses(home / "locks" / "pauses", clock).hold("ion-10501", 5.0)
        public = make_local_recipient(home)
        handover = HandoverStore(home, (f"file:{public}",), clock=clock, scope="us")
        handover.put("contoso", OneTimeCredentials("admin@contoso.example", "one-time-canary"))
        message = Message("it@contoso.example", "subject", "text", message_id="<one@reseller.example>")
        Outbox(home / "mail", clock).post(message, _Refusing())
        Observed("10501", "").save(observed_file(home, "us"))
    loose = modes(home)
    loose.pop(public.name, None)  # a public key
    assert loose == {}
    assert open_places(home) == []


class _Refusing:
    last_error = "refused"

    def send(self, message: Message, before_text: Callable[[], None] = lambda: None) -> str:
        before_text()
        return "failed"


def test_lock_names_hold_nobody(tmp_path: Path) -> None:
    locks = KeyLocks(tmp_path, "10501/")
    for kind, key in (
        ("ion.customer", "it@contoso.example"),
        ("pc.tenant", "contosoltd.onmicrosoft.com"),
        ("mail", "<invitation-contoso@reseller.example>"),
        ("handover", "contoso-3f2a"),
    ):
        with locks.hold(kind, key):
            pass
    names = " ".join(path.name for path in tmp_path.iterdir())
    assert len(list(tmp_path.iterdir())) == 4
    for word in ("contoso", "@", "example", "onmicrosoft"):
        assert word not in names
    with locks.hold("ion.customer", "IT@Contoso.example "):
        pass
    assert len(list(tmp_path.iterdir())) == 4, "one customer, one lock"


def test_the_doctor_says_who_else_can_get_at_them(tmp_path: Path) -> None:
    home = private_folder(tmp_path / "home")
    FileTokenStore(home / "tokens" / "us.json").save(Chain("one"))
    private_folder(home / "handover")
    assert open_places(home) == []
    (home / "tokens").chmod(0o755)
    (home / "handover").chmod(0o770)
    told = open_places(home)
    assert [(place.name, mode) for place, mode in told] == [("handover", "0770"), ("tokens", "0755")]
    (check,) = mode_check(home)
    assert check.verdict == "fail"
    assert check.fix.startswith("chmod go= ")
    (home / "tokens").chmod(0o700)
    (home / "handover").chmod(0o700)
    private_folder(home / "observed").chmod(0o750)
    assert [check.verdict for check in mode_check(home)] == ["warn"]
    (home / "observed").chmod(0o700)
    home.chmod(0o777)
    assert [(place.name, mode) for place, mode in open_places(home)] == [("home", "0777")]


def test_the_doctor_tells_names_of_an_earlier_release_and_how_to_remove_them(tmp_path: Path) -> None:
    """Files as release 0.1.0 named them; the command of the line removes those and no lock of today."""
    locks = private_folder(tmp_path / "our home" / "locks")
    with KeyLocks(locks, "10501/").hold("ion.customer", "it@contoso.example"):
        pass
    assert list(lock_check(locks.parent)) == []
    for name in ("ion.customer-it@contoso.example-0123456789ab.lock", "mail-_x@y.example_-0123456789ab.lock"):
        (locks / name).touch()
    (check,) = lock_check(locks.parent)
    assert check.verdict == "warn"
    assert "2 lock files of release 0.1.0" in check.found
    assert "contoso" not in f"{check.found}{check.fix}"
    subprocess.run(check.fix.partition(": ")[2], shell=True, check=True)  # noqa: S602 - as a person pastes it
    assert list(lock_check(locks.parent)) == []
    assert len(list(locks.iterdir())) == 1


@pytest.mark.parametrize("make", ["fifo", "device", "binary", "missing"])
def test_a_recipient_file_neither_hangs_nor_ends_in_a_traceback(make: str, tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    if make == "fifo":
        os.mkfifo(path)
    elif make == "device":
        path.symlink_to("/dev/zero")
    elif make == "binary":
        path.write_bytes(bytes(range(256)))
    with pytest.raises(PersonMustAct, match=r"keys\.txt cannot be read"):
        HandoverStore(tmp_path / "home", (f"file:{path}",), clock=SystemClock(), scope="us").check()
