"""A real file system that is full, beside the injected failures of `drills/faults/storage.py`."""

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from clients.errors import PersonMustAct
from clients.handover import HandoverStore, make_local_recipient
from clients.handover.store import spare_of
from clients.partner_center.models import OneTimeCredentials
from clients.tokens.renewal import Exchanged, Wanted, renew
from clients.tokens.store import Chain, FileTokenStore
from clients.wire.clock import SystemClock
from equipment.virtual import VirtualClock

SECRET = OneTimeCredentials("admin@contoso.onmicrosoft.com", "one-time-canary")


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB."""
    place = tmp_path / "small"
    place.mkdir()
    mount = shutil.which("mount")
    made = mount and subprocess.run([mount, "-t", "tmpfs", "-o", "size=256k,mode=700", "tmpfs", place], check=False)
    if not made or made.returncode:
        pytest.skip("this user may not mount a file system; the injected failures cover the same operations")
    yield place
    subprocess.run(["umount", place], check=True)


def fill(place: Path) -> None:
    """Take all the room that is left."""
    with contextlib.suppress(OSError), (place / "full").open("ab", buffering=0) as out:
        while True:
            out.write(b"x" * 1024)
    with pytest.raises(OSError, match="No space left"), (place / "more").open("wb", buffering=0) as out:
        out.write(b"x" * 4096)


def test_a_disk_that_fills_up_while_a_token_is_sent_costs_no_chain(small: Path) -> None:
    store, clock = FileTokenStore(small / "tokens" / "us.json"), VirtualClock()
    store.save(Chain("refresh-0"))

    def exchange(_token: str) -> Exchanged:
        fill(small)
        return Exchanged("access-1", "refresh-1", 7200)

    renew(store, exchange, Wanted(), clock)
    chain = store.load()
    assert chain is not None
    assert (chain.refresh_token, chain.sent_at) == ("refresh-1", None)


def test_a_full_disk_is_told_before_a_token_is_sent(small: Path) -> None:
    store, sent = FileTokenStore(small / "tokens" / "us.json"), list[str]()
    store.save(Chain("refresh-0"))
    fill(small)

    def exchange(token: str) -> Exchanged:
        sent.append(token)
        return Exchanged("access-1", "refresh-1", 7200)

    with pytest.raises(PersonMustAct, match=r"the refresh token was not sent: .* No space left on device"):
        renew(store, exchange, Wanted(), VirtualClock())
    assert sent == []
    (small / "full").unlink()
    renew(store, exchange, Wanted(), VirtualClock())
    assert sent == ["refresh-0"]


def test_a_disk_that_fills_up_while_a_tenant_is_made_costs_no_password(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    make_local_recipient(small)
    handover = HandoverStore(small, ("file:$CSP_HOME/handover/recipient.txt",), clock=SystemClock(), scope="us")
    place = handover.reserve("contoso")
    fill(small)
    kept = handover.keep(place, SECRET)
    assert (kept.trouble, kept.text) == ("", "")
    assert not list((spare_of(small) / "handover").iterdir())
    with pytest.raises(PersonMustAct, match="No space left on device"):
        handover.reserve("fabrikam")
    (small / "full").unlink()
    assert handover.deliver(kept.reference, to="Anna", by="Ben") == SECRET
