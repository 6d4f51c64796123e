"""Stored tokens are for the address and the account that they were made for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from clients.errors import WrongAccount
from clients.session import Session
from clients.tokens.store import digest
from tests.hostile.accounts import TENANT, Wire, live, session_of, store

CASES = yaml.safe_load((Path(__file__).parent / "chains.yaml").read_text("utf-8"))
HERE = "http://127.0.0.1:1/x"
PC = f"https://login.microsoftonline.com and https://api.partnercenter.microsoft.com {TENANT}"


def ready_file(home: Path, **more: str) -> None:
    folder = home / "sandbox"
    folder.mkdir()
    account = {"ion_account_id": "10501", "pc_tenant": TENANT, **more}
    told = {"ion": HERE, "partner_center": HERE, "entra": HERE, "accounts": {"us": account}}
    (folder / "provider.json").write_text(json.dumps(told), "utf-8")


@contextmanager
def opened(case: dict[str, Any], home: Path, wire: Wire) -> Iterator[Session]:
    session = session_of(live(**case.get("changed", {})), home, wire, case.get("runner"))
    yield session
    session.close()


def acts(session: Session, kind: str) -> dict[str, Callable[[], object]]:
    """Everything that takes stored tokens: runs, commands of people, the doctor."""
    if kind == "microsoft":
        tokens = session.user_tokens
        assert tokens is not None
        assert tokens.store is not None
        assert session.partner_center is not None
        return {"call": session.partner_center.customers, "token": tokens.token, "look": tokens.store.load}
    ion = session.ion_tokens
    assert ion is not None
    assert session.ion is not None
    return {
        "call": session.ion.customers,
        "keepalive": ion.keepalive,
        "life": lambda: ion.life(session.ion_transport(), session.endpoints.ion),
        "try again": ion.try_again,
        "look": ion.store.load,
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_another_place_gets_no_token(case: dict[str, Any], tmp_path: Path) -> None:
    kind = case.get("kind", "ion")
    file = store(tmp_path, "us.json" if kind == "ion" else "us.pc.json", **case["stored"])
    before = file.read_bytes()
    ready_file(tmp_path)
    names = ("call", "keepalive", "life", "try again", "look") if kind == "ion" else ("call", "token", "look")
    for name in names:
        wire = Wire()
        with opened(case, tmp_path, wire) as session:
            act = acts(session, kind)[name]
            if "told" not in case:
                act()
                continue
            with pytest.raises(WrongAccount) as refused:
                act()
        line = str(refused.value)
        assert "nothing was sent" in line
        assert case["told"] in line
        assert f"`csp auth {kind} login -c us`" in line, "it says what to do"
        assert "canary" not in line
        assert wire.sent == []
        assert file.read_bytes() == before, "the tokens are kept for the connection that they are of"


def test_an_old_chain_is_bound_at_its_first_use(tmp_path: Path) -> None:
    """Without waiting for a renewal: the stored access token is good for two hours."""
    file = store(tmp_path)
    wire = Wire()
    with opened({}, tmp_path, wire) as session:
        assert session.ion is not None
        session.ion.customers()
    kept = json.loads(file.read_text("utf-8"))
    assert (kept["address"], kept["account"]) == ("https://ion.tdsynnex.com", "10501")
    assert kept["refresh_token"] == "stored-refresh-canary"
    assert [request.url.path for request in wire.sent if "oauth" in request.url.path] == []


def test_a_mistyped_account_costs_no_new_credentials(tmp_path: Path) -> None:
    """The account is noted once ION has answered for it, so a refusal leaves the way back open."""

    def refuse(request: httpx.Request) -> httpx.Response | None:
        if "/accounts/10999/" not in request.url.path:
            return None
        return httpx.Response(403, json={"code": 403, "message": "permission denied to access accounts/10999"})

    seed = {"CSP_US_ION_REFRESH_TOKEN": "seed-canary"}
    with opened({"changed": {"ion__account_id": "10999"}, "runner": seed}, tmp_path, Wire(refuse)) as session:
        assert session.ion is not None
        with pytest.raises(Exception, match="permission denied"):
            session.ion.customers()
    with opened({"runner": seed}, tmp_path, Wire()) as session:
        assert session.ion is not None
        session.ion.customers()
    kept = json.loads((tmp_path / "tokens" / "us.json").read_text("utf-8"))
    assert (kept["address"], kept["account"]) == ("https://ion.tdsynnex.com", "10501")


def test_a_person_who_logs_in_decides(tmp_path: Path) -> None:
    """A login starts another chain whatever was stored; when ION refuses the token, the one of before is as it was."""
    file = store(tmp_path, address="https://ion.tdsynnex.com", account="10501")
    before = file.read_text("utf-8")
    changed = {"changed": {"ion__account_id": "10999"}}
    no = httpx.Response(400, json={"error": "cannot validate token: redis: nil"})
    with opened(changed, tmp_path, Wire(lambda _: no)) as session:
        assert session.ion_tokens is not None
        with pytest.raises(Exception, match=r"ION|redis"):
            session.ion_tokens.login("mistyped-canary")
    assert json.loads(file.read_text("utf-8")) == json.loads(before)
    with opened(changed, tmp_path, Wire()) as session:
        assert session.ion_tokens is not None
        assert session.ion is not None
        session.ion_tokens.login("fresh-canary")
        session.ion.customers()
    assert json.loads(file.read_text("utf-8"))["account"] == "10999"


def test_a_sandbox_takes_its_own_old_chain(tmp_path: Path) -> None:
    """After an upgrade `make up` goes on: the token that started the chain is the sandbox's."""
    file = store(tmp_path, seed=digest("sandbox-seed"))
    ready_file(tmp_path, ion_refresh_token="sandbox-seed")
    with opened({"changed": {"sandbox": {"profile": "provider"}}}, tmp_path, Wire()) as session:
        assert session.ion is not None
        session.ion.customers()
    assert json.loads(file.read_text("utf-8"))["address"] == "sandbox provider"
