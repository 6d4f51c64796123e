"""A sandbox process on a socket, and connections that lead to it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

import schemas
from clients.handover import make_local_recipient


@dataclass
class RunningSandbox:
    """`admin` posts to the admin API; `home` is a CSP_HOME with the ready file."""

    ready: dict[str, Any]
    home: Path
    process: subprocess.Popen[str]

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        response = httpx.request(
            method,
            f"{self.ready['admin']}/{path}",
            json=body,
            headers={"Authorization": f"Bearer {self.ready['token']}"},
            trust_env=False,
            timeout=30,
        )
        assert response.is_success, response.text
        return response.json() if response.content else None

    def advance(self, seconds: float) -> None:
        self.admin("POST", "clock", {"advance": seconds})

    def reset(self) -> None:
        self.admin("DELETE", "faults")
        self.admin("POST", "reset")


def start_sandbox(profile: str, home: Path, *arguments: str) -> RunningSandbox:
    process = subprocess.Popen(
        [sys.executable, "-m", "csp_sandbox", "--port", "0", "--profile", profile, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
    )
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    folder = home / "sandbox"
    folder.mkdir(parents=True)
    (folder / f"{profile}.json").write_text(json.dumps({**ready, "pid": process.pid}), "utf-8")
    make_local_recipient(home)
    return RunningSandbox(ready, home, process)


def stop_sandbox(running: RunningSandbox) -> None:
    running.process.terminate()
    running.process.wait(20)
    assert running.process.stdout is not None
    running.process.stdout.close()


def connection(profile: str, account: str = "us", **more: Any) -> schemas.Connection:
    """A sandbox connection as a file would declare it."""
    country = {"us": "US", "ca": "CA"}[account]
    return schemas.Connection.model_validate(
        {
            "name": f"{profile}-{account}",
            "sandbox": {"profile": profile, "account": account},
            "role": "indirect-reseller" if profile == "reseller" else "indirect-provider",
            "partner_center_region": account,
            "countries": [country],
            "currencies": ["USD", "CAD"],
            "association_api": None if profile == "reseller" else {"base_path": "/csp-association/v1"},
            "handover": {"recipients": ["file:$CSP_HOME/handover/recipient.txt"]},
            "mail": {"from": "csp@reseller.example", "host": ""},
            "limits": {"concurrency": 8, "requests_per_second": 1000},
            **more,
        }
    )
