"""Who may come in: attacks of a web page that is open in a browser on this machine, and of another program."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest
from csp_sandbox.systems import SYSTEMS

from .conftest import Box, Running

CHANGING = sorted(
    (f"{system.base}{operation.path}".replace("{", "").replace("}", ""), operation.method)
    for system in SYSTEMS
    for operation in system.operations
    if operation.method not in ("GET", "HEAD")
)


@pytest.fixture
def stranger(box: Box) -> httpx.Client:
    """A client of the same sandbox that does not know its token."""
    return httpx.Client(transport=box.http._transport, base_url=box.world.base)


@pytest.mark.parametrize(("path", "method"), CHANGING)
def test_no_page_of_another_site_changes_anything(box: Box, path: str, method: str) -> None:
    for headers in (
        {"Origin": "https://attacker.example"},
        {"Origin": "null"},
        {"Origin": "http://sandbox.test:8080"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "attacker.example"},
        {"Host": "sandbox.test.attacker.example"},
        {"Host": "["},
        {"Host": ""},
    ):
        answer = box.http.request(method, path, headers=headers, content=b"{}")
        assert answer.status_code == 403, headers
        assert answer.headers["content-type"] == "application/json"


def test_our_own_page_and_programs_without_a_page_come_in(box: Box) -> None:
    for headers in (
        {},
        {"Origin": "http://sandbox.test"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
    ):
        assert box.http.post("/_sandbox/clock", json={"advance": 1}, headers=headers).status_code == 200


def test_a_rebound_name_reads_nothing_either(box: Box) -> None:
    for path in ("/_sandbox/secrets", "/console/", "/entra/common/discovery/instance"):
        assert box.http.get(path, headers={"Host": "attacker.example"}).status_code == 403
    for host in ("localhost:4711", "127.0.0.1", "LOCALHOST.", "[::1]:80"):
        assert box.http.get("/_sandbox/clock", headers={"Host": host}).status_code == 200


def test_a_fault_is_not_spent_on_a_request_that_never_came_in(box: Box) -> None:
    box.admin("POST", "/faults", json=[{"system": "ion", "kind": "html"}])
    assert box.http.post("/ion/oauth/token", headers={"Origin": "https://attacker.example"}).status_code == 403
    assert len(box.admin("GET", "/faults").json()["faults"]) == 1


def test_administration_needs_the_token(box: Box, stranger: httpx.Client) -> None:
    for system in SYSTEMS:
        if system.name != "admin":
            continue
        for operation in system.operations:
            answer = stranger.request(operation.method, f"/_sandbox{operation.path}")
            if operation.id == "admin.openapi":
                assert answer.status_code == 200
                continue
            assert answer.status_code == 401, operation.id
            assert set(answer.json()) == {"error"}
    for wrong in ("Bearer x", f"Basic {box.world.token}", "Bearer ", box.world.token):
        assert stranger.get("/_sandbox/secrets", headers={"Authorization": wrong}).status_code == 401
    right = {"Authorization": f"Bearer {box.world.token}"}
    assert stranger.get("/_sandbox/secrets", headers=right).json()["secrets"]
    assert stranger.get(f"/_sandbox/secrets?token={box.world.token}").status_code == 401


def test_a_browser_opens_the_console_once_with_its_address(box: Box, stranger: httpx.Client) -> None:
    for path in ("/console/", "/console/mail", "/console/ion/10501/customers"):
        refused = stranger.get(path)
        assert refused.status_code == 401
        assert "ready line" in refused.text
    assert stranger.get("/console/?token=wrong").status_code == 401
    address = str(box.ready["console"]).removeprefix(box.world.base)
    opened = stranger.get(address)
    assert (opened.status_code, opened.headers["location"]) == (303, "/console/")
    assert "HttpOnly; SameSite=Strict" in opened.headers["set-cookie"]
    assert stranger.get("/console/").status_code == 200  # the cookie
    assert stranger.get("/_sandbox/clock").status_code == 200


def test_a_program_that_follows_a_link_is_counted_and_accepts_nothing(box: Box, stranger: httpx.Client) -> None:
    link = "https://admin.microsoft.com/AdminPortal/Home?ref=/BillingAccounts/agreement"
    admin = "admin@adventure.example"
    assert stranger.get("/console/microsoft/accept", params={"as": admin, "link": link}).status_code == 401
    form = {"as": admin, "link": link, "answer": "accept"}
    assert stranger.post("/console/microsoft/accept", data=form).status_code == 401
    assert stranger.get("/console/microsoft/attestation/1").status_code == 403
    assert box.admin("GET", "/counters").json()["links_opened_by_others"] == 3
    assert len(box.world.store.agreements) == 0


def test_a_reset_and_a_restart_keep_the_token_and_files_are_ours_alone(
    run: Callable[..., AbstractContextManager[Running]], tmp_path: Path
) -> None:
    db, file = tmp_path / "box.db", tmp_path / "ready.json"
    with run("--db", str(db), "--ready-file", str(file)) as sandbox:
        assert sandbox.admin("POST", "reset").status_code == 200
        token = sandbox.ready["token"]
        assert {path.stat().st_mode & 0o777 for path in (db, file)} == {0o600}
    with run("--db", str(db)) as sandbox:
        assert sandbox.ready["token"] == token
    with run() as sandbox:
        assert sandbox.ready["token"] != token


def test_a_name_of_a_real_system_leads_to_that_system_alone(box: Box) -> None:
    def get(host: str, path: str) -> httpx.Response:
        return box.http.get(path, headers={"Host": host})

    found = get("login.microsoftonline.com", "/adventureworks.onmicrosoft.com/v2.0/.well-known/openid-configuration")
    assert found.json()["token_endpoint"].startswith("https://login.microsoftonline.com/")
    assert get("api.partnercenter.microsoft.com", "/v1//customers").status_code == 401
    assert get("ion.tdsynnex.com", "/oauth/token").status_code == 405
    for host in ("ion.tdsynnex.com", "login.microsoftonline.com"):
        assert get(host, "/_sandbox/secrets").status_code == 404
        assert get(host, "/console/").status_code == 404
