"""The Key Vault store against a fake vault over TLS: versions, lease, refusals. Never tried on a live vault."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.keyvault.secrets import SecretClient

from clients.errors import OurBug, PersonMustAct, RetryLater
from clients.handover import HandoverStore, make_local_recipient
from clients.partner_center.models import OneTimeCredentials
from clients.tokens.ion import IonTokens
from clients.tokens.key_vault import KeyVaultHandover, KeyVaultTokenStore
from clients.tokens.renewal import Exchanged, renew
from clients.tokens.store import Chain
from clients.wire.clock import SystemClock
from equipment.fake_vault import FakeVault


class QuickClock(SystemClock):
    """Leases wait for whole seconds; here they do not."""

    def __init__(self) -> None:
        self.waited = 0.0

    def now(self) -> dt.datetime:
        return super().now() + dt.timedelta(seconds=self.waited)

    def monotonic(self) -> float:
        return super().monotonic() + self.waited

    def sleep(self, seconds: float) -> None:
        self.waited += seconds


@pytest.fixture(scope="module")
def vault_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeVault]:
    server = FakeVault(tmp_path_factory.mktemp("vault"))
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def vault(vault_server: FakeVault) -> FakeVault:
    vault_server.secrets.clear()
    vault_server.deny = False
    vault_server.clock = QuickClock()
    return vault_server


@pytest.fixture
def store(vault: FakeVault) -> Iterator[KeyVaultTokenStore]:
    client = vault.client()
    yield KeyVaultTokenStore(client, "csp-us", clock=vault.clock, patience_seconds=4)
    client.close()


def test_a_chain_comes_back_and_old_versions_stay(store: KeyVaultTokenStore, vault: FakeVault) -> None:
    assert store.load() is None
    store.save(Chain("refresh-one"))
    store.save(Chain("refresh-two", sent_at=3.0))
    store.proven()
    assert store.load() == Chain("refresh-two", sent_at=3.0)
    assert len(vault.secrets["csp-us"]) == 2
    assert store.spec() == {"kind": "key_vault", "vault": vault.url, "name": "csp-us"}


def test_a_foreign_secret_is_for_a_person(store: KeyVaultTokenStore, vault: FakeVault) -> None:
    vault.client().set_secret("csp-us", "not ours")
    with pytest.raises(PersonMustAct, match="holds no token document"):
        store.load()


def test_no_permission_names_the_role(store: KeyVaultTokenStore, vault: FakeVault) -> None:
    vault.deny = True
    for act in (store.load, lambda: store.save(Chain("refresh"))):
        with pytest.raises(PersonMustAct, match="Key Vault Secrets Officer"):
            act()


def test_one_holder_at_a_time_and_a_released_lease_is_free(store: KeyVaultTokenStore, vault: FakeVault) -> None:
    other = KeyVaultTokenStore(vault.client(), "csp-us", clock=vault.clock, patience_seconds=4)
    with store.lease(), pytest.raises(RetryLater, match="holds the lease"), other.lease():
        pass
    with other.lease():
        pass
    assert not any(version["enabled"] for version in vault.secrets["csp-us-lease"])


def test_the_lease_of_a_dead_holder_expires(store: KeyVaultTokenStore, vault: FakeVault) -> None:
    dead = vault.client().set_secret("csp-us-lease", "x", expires_on=dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1))
    assert dead.properties.version
    with store.lease():
        pass


def test_many_threads_renew_one_chain_once_each_in_turn(store: KeyVaultTokenStore) -> None:
    lock, inside, worst = threading.Lock(), 0, 0

    def exchange(refresh_token: str) -> Exchanged:
        nonlocal inside, worst
        with lock:
            inside += 1
            worst = max(worst, inside)
        number = int(refresh_token.rpartition("-")[2]) + 1
        with lock:
            inside -= 1
        return Exchanged(f"access-{number}", f"refresh-{number}", 7200)

    clock = SystemClock()
    tokens = [
        IonTokens(store, lambda where, wanted: renew(where, exchange, wanted, clock), clock=clock, seed="refresh-0")
        for _ in range(4)
    ]
    threads = [threading.Thread(target=one.token) for one in tokens]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    chain = store.load()
    assert chain is not None
    assert (chain.refresh_token, worst) == ("refresh-1", 1)


def vault_keep(vault: FakeVault, home: Path, client: SecretClient) -> HandoverStore:
    clock = vault.clock
    make_local_recipient(home)
    keys = ("file:$CSP_HOME/handover/recipient.txt",)
    return HandoverStore(home, keys, clock=clock, scope="us", vault=KeyVaultHandover(client, clock=clock))


def test_one_time_credentials_in_a_vault(vault: FakeVault, tmp_path: Path) -> None:
    client = vault.client()
    keep = vault_keep(vault, tmp_path / "runner", client)
    keep.check()
    reference = keep.put("contoso", OneTimeCredentials("admin@contoso.onmicrosoft.com", "p4ss-canary"))
    assert not any(b"canary" in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    elsewhere = vault_keep(vault, tmp_path / "laptop", client)  # another machine sees the entry in the vault's tags
    assert [entry.state for entry in elsewhere.list("contoso")] == ["waiting"]
    with elsewhere.delivery(reference, to="Anna", by="Ben") as credentials:
        assert credentials.password == "p4ss-canary"
    assert vault.secrets[reference][-1]["enabled"] is False
    assert keep.list()[0].delivered_to == "Anna"
    with pytest.raises(OurBug, match=r"delivered to Anna on .* by Ben"):
        keep.deliver(reference, to="Eve", by="Eve")
    client.close()


def test_a_vault_that_takes_nothing_from_us_is_known_before_a_password_exists(vault: FakeVault, tmp_path: Path) -> None:
    client = vault.client()
    keep = vault_keep(vault, tmp_path, client)
    keep.check()
    assert keep.list() == [], "what was written to try it is no entry"
    vault.deny = True
    with pytest.raises(PersonMustAct, match="no permission"):
        keep.check()
    client.close()


def test_a_vault_without_recipients_is_no_place_for_a_new_tenant(vault: FakeVault, tmp_path: Path) -> None:
    client = vault.client()
    keep = HandoverStore(tmp_path, (), clock=vault.clock, scope="us", vault=KeyVaultHandover(client, clock=vault.clock))
    with pytest.raises(PersonMustAct, match="no recipient for one-time credentials"):
        keep.reserve("contoso")
    assert keep.put("contoso", OneTimeCredentials("admin", "p4ss-canary"), by="Ben"), (
        "a person's password has its vault"
    )
    client.close()


def test_a_vault_that_fails_after_the_create_is_replaced_by_the_folder(vault: FakeVault, tmp_path: Path) -> None:
    client = vault.client()
    keep = vault_keep(vault, tmp_path, client)
    place = keep.reserve("contoso")
    vault.deny = True
    kept = keep.keep(place, OneTimeCredentials("admin@contoso.onmicrosoft.com", "p4ss-canary"))
    assert "no permission" in kept.trouble
    vault.deny = False
    assert [entry.state for entry in keep.list("contoso")] == ["waiting"]
    assert keep.deliver(kept.reference, to="Anna", by="Ben").password == "p4ss-canary"
    client.close()


def test_two_machines_deliver_a_vault_entry_once(vault: FakeVault, tmp_path: Path) -> None:
    client = vault.client()
    keep = vault_keep(vault, tmp_path, client)
    reference = keep.put("contoso", OneTimeCredentials("admin@contoso.onmicrosoft.com", "p4ss-canary"))
    with keep.delivery(reference, to="Anna", by="Ben"), pytest.raises(RetryLater, match="another process"):
        vault_keep(vault, tmp_path, client).deliver(reference, to="Eve", by="Eve")
    assert keep.list()[0].delivered_to == "Anna"
    client.close()


def test_a_key_vault_after_age_keeps_what_waits_in_the_folder(vault: FakeVault, tmp_path: Path) -> None:
    client = vault.client()
    make_local_recipient(tmp_path)
    before = HandoverStore(tmp_path, ("file:$CSP_HOME/handover/recipient.txt",), clock=SystemClock(), scope="us")
    reference = before.put("contoso", OneTimeCredentials("admin", "p4ss-canary"))
    keep = vault_keep(vault, tmp_path, client)
    assert keep.deliver(reference, to="Anna", by="Ben").password == "p4ss-canary"
    lost = keep.lose("fabrikam", "admin", by="Ben", why="the screen was closed")
    assert [entry.state for entry in keep.list("fabrikam")] == ["lost"]
    newer = keep.put("fabrikam", OneTimeCredentials("admin", "n3w-canary"), by="Ben")
    assert {entry.reference: entry.state for entry in keep.list("fabrikam")} == {lost: "replaced", newer: "waiting"}
    client.close()
