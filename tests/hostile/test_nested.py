"""JSON that is nested without an end, where nobody thinks of it: in a text of an answer, in a token, on our disk."""

from __future__ import annotations

import base64
from pathlib import Path

import httpx
import pytest

import schemas
from clients.endpoints import ready_file
from clients.errors import PersonMustAct
from clients.handover import HandoverStore, make_local_recipient
from clients.partner_center.errors import describe
from clients.tokens.entra import AppCredential, Authority, EntraTokens
from clients.wire.clock import SystemClock
from clients.wire.transport import Call
from csp.sandbox import find
from equipment.virtual import VirtualClock, transport
from onboarding.look.cache import Observed
from schemas.read.json_text import json_of
from tests.hostile.accounts import TENANT, live

DEEP = '{"a":' * 60_000
LIST = "[" * 60_000


@pytest.mark.parametrize("text", [DEEP, LIST, "{", "", "[1,", "\ud800"])
def test_what_is_no_document_is_one_kind_of_error(text: str) -> None:
    with pytest.raises(ValueError, match=r".") as told:
        json_of(text)
    assert "\n" not in str(told.value)


def test_a_document_inside_a_description() -> None:
    """Old address validation writes JSON into the text of an error."""
    body = {"code": 2000, "description": DEEP, "data": []}
    wire = transport(lambda _: httpx.Response(400, json=body), system="partner_center", describe=describe)
    answer = wire.send(Call("customers.get", "GET", "https://pc.example/v1/customers/x", expected=(400,)))
    assert "\n" not in describe(Call("customers.get", "GET", "https://pc.example"), answer).line()


def test_a_token_whose_claims_are_nested() -> None:
    claims = base64.urlsafe_b64encode(DEEP.encode()).decode().rstrip("=")

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            root = f"https://entra.example/{TENANT}"
            found = {"issuer": root, "authorization_endpoint": f"{root}/authorize", "token_endpoint": f"{root}/token"}
            return httpx.Response(200, json=found)
        token = {"access_token": f"eyJhbGciOiJub25lIn0.{claims}.sig", "expires_in": 3600, "token_type": "Bearer"}
        return httpx.Response(200, json=token)

    wire = transport(answer, system="entra")
    authority, app = Authority("https://entra.example", TENANT), AppCredential("app", "s")
    tokens = EntraTokens(authority, app, wire, clock=VirtualClock())
    assert tokens.token().startswith("eyJ")  # the service verifies it, we read it as far as we can


def test_files_of_ours(tmp_path: Path) -> None:
    for name in ("handover/contoso-1.json", "observed/us.json", "sandbox/provider.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(LIST, "utf-8")
    handover = HandoverStore(tmp_path, (f"file:{make_local_recipient(tmp_path)}",), clock=SystemClock(), scope="us")
    with pytest.raises(PersonMustAct, match="not readable"):
        handover.list()
    assert Observed.load(tmp_path / "observed/us.json", "10501", "") == Observed("10501", "")
    assert find(tmp_path, "provider") is None
    (tmp_path / "sandbox/provider.json").write_text(LIST, "utf-8")
    connection = schemas.Connection.model_validate({"name": "us", **live(sandbox={"profile": "provider"})})
    with pytest.raises(PersonMustAct, match="no running sandbox"):
        ready_file(connection, tmp_path)
