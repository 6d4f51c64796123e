"""A tenant is made for ever and its password exists once: what happens when its place fails."""

import base64
import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyrage
import pytest

from clients.errors import PersonMustAct
from clients.handover import HandoverStore, make_local_recipient
from clients.handover.store import spare_of
from clients.partner_center.models import OneTimeCredentials
from clients.wire.clock import SystemClock
from drills.harness import Pipeline

SECRET = OneTimeCredentials("admin@contoso.onmicrosoft.com", "one-time-canary")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    make_local_recipient(tmp_path / "home")
    return tmp_path / "home"


def store(home: Path) -> HandoverStore:
    return HandoverStore(home, ("file:$CSP_HOME/handover/recipient.txt",), clock=SystemClock(), scope="us")


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "handover").iterdir() if not path.name.endswith(".txt"))


class Disk:
    """Opens for writing below a folder fail; reading goes on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.broken: list[Path] = []
        self._open = os.open
        monkeypatch.setattr(os, "open", self)

    def __call__(self, path: Any, flags: int, *more: Any, **named: Any) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR) and any(Path(path).is_relative_to(folder) for folder in self.broken):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return self._open(path, flags, *more, **named)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


def test_a_reservation_is_a_real_write_and_leaves_nothing(home: Path) -> None:
    handover = store(home)
    place = handover.reserve("contoso")
    (draft,) = files(home)
    assert (home / "handover" / draft).stat().st_blocks > 0
    assert handover.list() == []
    handover.release(place)
    assert files(home) == files(spare_of(home)) == []


def test_a_reserved_place_takes_the_value_without_more_room(home: Path) -> None:
    handover = store(home)
    place = handover.reserve("contoso")
    (draft,) = (path for path in (home / "handover").iterdir() if path.name.startswith("."))
    before = draft.stat().st_ino, draft.stat().st_size
    kept = handover.keep(place, SECRET)
    entry = home / "handover" / f"{kept.reference}.json"
    assert (entry.stat().st_ino, entry.stat().st_size) == before
    assert kept.trouble == kept.text == ""
    assert handover.deliver(kept.reference, to="Anna", by="Ben") == SECRET
    assert files(spare_of(home)) == []


def test_without_a_place_there_is_no_reservation(home: Path, disk: Disk) -> None:
    disk.broken = [home]
    with pytest.raises(PersonMustAct) as refused:
        store(home).reserve("contoso")
    assert "nothing can be written to the folder handover below CSP_HOME: Read-only file system" in str(refused.value)


def test_without_a_second_place_there_is_no_reservation(home: Path, disk: Disk) -> None:
    disk.broken = [spare_of(home)]
    with pytest.raises(PersonMustAct, match=r"nothing can be written to .*csp-handover-"):
        store(home).reserve("contoso")
    assert files(home) == []


def made_by_a_stranger(folder: Path) -> None:
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)


def a_link_of_a_stranger(folder: Path) -> None:
    target = folder.parent / "elsewhere"
    target.mkdir()
    folder.symlink_to(target)


@pytest.mark.parametrize("attack", [made_by_a_stranger, a_link_of_a_stranger])
def test_a_second_place_that_others_can_write_to_is_none(home: Path, attack: Callable[[Path], None]) -> None:
    attack(spare_of(home))
    (spare_of(home) / "handover").mkdir()
    (spare_of(home) / "handover" / "contoso-1.json").write_text("{}", "utf-8")
    handover = store(home)
    assert handover.list() == []
    with pytest.raises(PersonMustAct, match=r"Operation not permitted|somebody else"):
        handover.reserve("contoso")


def test_a_place_that_fails_after_the_create_is_replaced_by_the_second(home: Path, disk: Disk) -> None:
    handover = store(home)
    place = handover.reserve("contoso")
    disk.broken = [home / "handover"]
    kept = handover.keep(place, SECRET)
    assert kept.trouble == "Read-only file system"
    assert kept.text == ""
    disk.broken = []
    (entry,) = store(home).list("contoso")
    assert entry.reference == kept.reference
    assert store(home).deliver(kept.reference, to="Anna", by="Ben") == SECRET
    assert store(home).list("contoso")[0].delivered_to == "Anna"


def test_a_first_place_that_failed_and_kept_it_all_the_same_counts_once(home: Path, disk: Disk) -> None:
    handover = store(home)
    kept = handover.keep(handover.reserve("contoso"), SECRET)
    shutil.copytree(home / "handover", spare_of(home) / "handover", dirs_exist_ok=True)
    assert [entry.reference for entry in handover.list()] == [kept.reference]
    assert handover.deliver(kept.reference, to="Anna", by="Ben") == SECRET
    for folder in (home, spare_of(home)):
        assert "AGE ENCRYPTED" not in (folder / "handover" / f"{kept.reference}.json").read_text("utf-8")


def test_when_no_place_takes_it_the_encrypted_text_is_the_answer(home: Path, disk: Disk) -> None:
    handover = store(home)
    place = handover.reserve("contoso")
    disk.broken = [home, spare_of(home)]
    kept = handover.keep(place, SECRET)
    assert kept.reference == ""
    assert "canary" not in kept.text
    identity = pyrage.x25519.Identity.from_str((home / "handover" / "identity.txt").read_text("utf-8").strip())
    assert b"one-time-canary" in pyrage.decrypt(base64.b64decode(kept.text), [identity])


def test_a_lost_key_file_does_not_lose_the_value(home: Path) -> None:
    handover = store(home)
    place = handover.reserve("contoso")
    (home / "handover" / "recipient.txt").unlink()
    kept = handover.keep(place, SECRET)
    assert kept.reference or kept.text


@pytest.fixture
def pipeline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The two customers of the provider estate whose tenants are made."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    estate = Pipeline.example("provider")
    estate.declared = {key: one for key, one in estate.declared.items() if one.identity.method == "new"}
    assert len(estate.declared) == 2
    yield estate
    estate.remove()


def made(estate: Pipeline) -> list[str]:
    """The prefixes of the tenants that exist for ever now."""
    wanted = {one.identity.domain_prefix for one in estate.declared.values()}  # type: ignore[union-attr]
    return sorted(wanted & {t.initial_domain.partition(".")[0] for t in estate.remote.world.store.tenants})


def test_no_tenant_is_made_while_the_folder_takes_nothing(pipeline: Pipeline, disk: Disk) -> None:
    """The attack of the review: a read-only hand-over folder, and a tenant for ever without its only password."""
    disk.broken = [pipeline.home / "handover"]
    for _ in range(3):
        pipeline.up()
    assert made(pipeline) == []
    told = [one.outputs for (_, kind), one in pipeline.state.items() if kind == "TenantIdentity"]
    assert [one["status"] for one in told] == ["blocked", "blocked"], "nobody is asked to sign for a tenant in vain"
    assert all("nobody could receive the one-time password: nothing can be written" in one["reason"] for one in told)
    disk.broken = []
    pipeline.environment["CSP_RETRY"] = ",".join(pipeline.declared)
    pipeline.up()
    assert len(made(pipeline)) == 1


def test_a_disk_that_breaks_during_the_create_loses_no_password(pipeline: Pipeline, disk: Disk) -> None:
    broke = []

    def breaks(moment: str, name: str) -> None:
        if moment == "before" and name.startswith("POST ") and name.endswith("/v1/customers"):
            disk.broken = [pipeline.home / "handover"]
            broke.append(name)

    pipeline.hook = breaks
    pipeline.up()
    assert broke
    disk.broken = []
    identities = [one.outputs for (_, kind), one in pipeline.state.items() if kind == "TenantIdentity"]
    kept = [one for one in identities if one.get("tenant_id")]
    assert kept
    for one in kept:
        assert one["memory"]["credentials"] not in ("lost", "output", "")
        assert "the first place for its one-time password failed (Read-only file system)" in one["reason"]
