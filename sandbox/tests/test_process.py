"""The process: ready line, signals, ports, the database file, faults on a real socket."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer
from csp_sandbox.__main__ import write_behaviours, write_openapi

from .conftest import Running
from .test_ion import BODY

Run = Callable[..., AbstractContextManager[Running]]


def fail(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "csp_sandbox", *arguments], capture_output=True, text=True, encoding="utf-8", timeout=30
    )


def access(ready: dict[str, Any]) -> str:
    form = {"grant_type": "refresh_token", "refresh_token": ready["ion_refresh_token"]}
    return str(httpx.post(f"{ready['ion']}/oauth/token", data=form).json()["access_token"])


def create(ready: dict[str, Any], token: str, email: str) -> httpx.Response:
    return httpx.post(
        f"{ready['ion']}/api/v3/accounts/{ready['ion_account_id']}/customers",
        headers={"Authorization": f"Bearer {token}"},
        json={**BODY, "customerEmail": email},
    )


def test_ready_line_and_clean_stop(run: Run) -> None:
    with run("--profile", "provider") as sandbox:
        ready = sandbox.ready
        assert set(ready["accounts"]) == {"us", "ca"}
        assert ready["accounts"]["us"]["ion_account_id"] == ready["ion_account_id"] == "10501"
        for key in ("ion", "partner_center", "entra", "admin", "console"):
            assert ready[key].startswith("http://127.0.0.1:")
        assert sandbox.admin("GET", "clock").status_code == 200
        sandbox.process.send_signal(signal.SIGTERM)
        assert sandbox.process.wait(timeout=20) == 0


def test_a_ready_file_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = fail("--profile", "reseller", "--ready-file", str(tmp_path / "file" / "reseller.json"))
    assert result.returncode == 1
    assert result.stderr.startswith("csp-sandbox: the ready file ")
    assert "Traceback" not in result.stderr


def test_a_reseller_gets_no_partner_center_credentials(run: Run) -> None:
    with run("--profile", "reseller") as sandbox:
        assert sandbox.ready["role"] == "indirect-reseller"
        assert sandbox.ready["pc_client_secret"] == sandbox.ready["pc_refresh_token"] == ""


def test_busy_port_is_one_line_and_exit_1() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        ended = fail("--port", str(port))
    assert ended.returncode == 1
    assert ended.stderr.strip().splitlines() == [
        f"csp-sandbox: port {port} on 127.0.0.1 is not free (Address already in use)"
    ]


def test_a_wrong_seed_file_is_one_line_and_exit_1(tmp_path: Path) -> None:
    file = tmp_path / "seed.json"
    file.write_text('{"tenant": []}', "utf-8")
    ended = fail("--seed-file", str(file))
    assert ended.returncode == 1
    assert len(ended.stderr.strip().splitlines()) == 1
    assert "tenant: Extra inputs are not permitted" in ended.stderr


def test_a_database_belongs_to_one_process_and_one_profile(run: Run, tmp_path: Path) -> None:
    db = str(tmp_path / "box.db")
    with run("--db", db) as sandbox:
        second = fail("--db", db)
        assert (second.returncode, "locked" in second.stderr) == (1, True)
        sandbox.process.terminate()
        sandbox.process.wait(timeout=20)
    assert "holds profile provider" in fail("--profile", "reseller", "--db", db).stderr


def test_nothing_acknowledged_is_lost_when_the_process_is_killed(run: Run, tmp_path: Path) -> None:
    db = str(tmp_path / "box.db")
    with run("--db", db) as sandbox:
        token = access(sandbox.ready)
        names = [create(sandbox.ready, token, f"k{n}@kill.test").json()["name"] for n in range(20)]
        sandbox.admin("POST", "clock", json={"advance": 3600})
        os.kill(sandbox.process.pid, signal.SIGKILL)
        sandbox.process.wait(timeout=20)
    with run("--db", db) as sandbox:
        base = f"{sandbox.ready['ion']}/api/v3"
        for name in names:
            assert httpx.get(f"{base}/{name}", headers={"Authorization": f"Bearer {token}"}).status_code == 200
        made = create(sandbox.ready, token, "after@kill.test").json()["name"]
        assert made not in names
        # the spent token stays spent, the ready line offers the one that is left
        assert access(sandbox.ready)
        new = httpx.get(f"{base}/{made}", headers={"Authorization": f"Bearer {token}"}).json()
        old = httpx.get(f"{base}/{names[0]}", headers={"Authorization": f"Bearer {token}"}).json()
        assert new["createTime"][:13] > old["createTime"][:13]


def order(sandbox: Running, **spec: Any) -> None:
    assert sandbox.admin("POST", "faults", json=[{"system": "ion", **spec}]).status_code == 200


def test_faults_before_and_after_the_commit(run: Run) -> None:
    with run() as sandbox:
        ready = sandbox.ready
        token = access(ready)
        for kind, stored in (("cut_before", 200), ("cut_after", 412)):
            order(sandbox, operation="ion.customers.create", kind=kind)
            with pytest.raises(httpx.RemoteProtocolError):
                create(ready, token, f"{kind}@fault.test")
            assert create(ready, token, f"{kind}@fault.test").status_code == stored
        order(sandbox, kind="truncate")
        with pytest.raises(httpx.RemoteProtocolError):
            create(ready, token, "truncate@fault.test")
        order(sandbox, kind="html")
        assert create(ready, token, "html@fault.test").headers["content-type"].startswith("text/html")
        order(sandbox, kind="status", status=503, body='{"error":"UNAVAILABLE"}', skip=1, times=1)
        assert [create(ready, token, f"s{n}@fault.test").status_code for n in range(3)] == [200, 503, 200]
        order(sandbox, kind="bom")
        assert create(ready, token, "bom@fault.test").content.startswith(b"\xef\xbb\xbf")
        order(sandbox, kind="throttle", seconds=30)
        assert create(ready, token, "slow@fault.test").headers["Retry-After"] == "30"
        assert create(ready, token, "slow@fault.test").status_code == 200
        counters = sandbox.admin("GET", "counters").json()
        assert counters["early_retries"] == 1
        kinds = [e["fault"] for e in sandbox.admin("GET", "requests").json()["requests"] if e["fault"]]
        assert kinds == ["cut_before", "cut_after", "truncate", "html", "status", "bom", "throttle"]


def test_ledger_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "behaviours.md"
    write_behaviours(page)
    assert page.read_text(encoding="utf-8").startswith("# Behaviours of the sandbox")
    write_behaviours(page, check=True)
    page.write_text("old", encoding="utf-8")
    with pytest.raises(typer.Exit):
        write_behaviours(page, check=True)
    write_openapi()
    assert json.loads(capsys.readouterr().out)["openapi"] == "3.1.0"
