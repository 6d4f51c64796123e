"""A reviewed file cannot send a credential to a host of its author's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

import schemas
from clients.errors import ClientError, NotReached, OurBug, PersonMustAct
from clients.mail import Message
from clients.session import Session
from tests.hostile.accounts import TENANT, Wire, live, session_of

CASES = yaml.safe_load((Path(__file__).parent / "addresses.yaml").read_text("utf-8"))


def content_of(case: dict[str, Any]) -> dict[str, Any]:
    content = live(**{case["at"].replace(".", "__"): case["value"]})
    if case.get("sandbox"):
        for name in ("ion", "partner_center", "entra", "reseller"):
            content.pop(name, None)
        content["sandbox"] = {"profile": "provider"}
    return content


def named(case: dict[str, Any]) -> str:
    return " ".join([case["at"], case["value"].encode("ascii", "backslashreplace").decode(), *case.get("runner", {})])


@pytest.mark.parametrize("case", CASES, ids=named)
def test_the_file_is_judged_with_line_and_column(
    case: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in case.get("runner", {}).items():
        monkeypatch.setenv(variable, value)
    file = tmp_path / "stacks" / "connections" / "us.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(yaml.safe_dump(content_of(case), allow_unicode=True), "utf-8")
    if "told" not in case:
        assert schemas.load_connection("us", tmp_path).name == "us"
        return
    with pytest.raises(schemas.DeclarationErrors) as wrong:
        schemas.load_connection("us", tmp_path)
    (finding,) = wrong.value.findings
    assert finding.path == case["at"]
    assert finding.rule in ("CSP-CONN-006", "CSP-CONN-012")
    assert finding.line > 1
    assert case["told"] in str(finding)
    assert "secret" not in str(finding)


@pytest.mark.parametrize("case", [case for case in CASES if not case.get("sandbox")], ids=named)
def test_no_session_is_opened_for_it_either(case: dict[str, Any], tmp_path: Path) -> None:
    """Also where nobody validated the file, nothing leaves for a host that is not known."""
    connection = schemas.Connection.model_construct
    wire = Wire()
    if "told" not in case:
        session_of(content_of(case), tmp_path, wire, case.get("runner", {})).close()
        return
    part, member = case["at"].split(".")
    sound = schemas.Connection.model_validate({"name": "us", **live()})
    kind = type(sound).model_fields[part].annotation
    inner = next(one for one in kind.__args__ if one is not type(None))
    fields = {**(getattr(sound, part).__dict__ if getattr(sound, part) else {}), member: case["value"]}
    for name, field in inner.model_fields.items():
        fields.setdefault(name, field.get_default(call_default_factory=True))
    wrong = connection(**{**sound.__dict__, part: inner.model_construct(**fields)})
    with pytest.raises(PersonMustAct) as refused:
        Session(wrong, tmp_path, case.get("runner", {}), carrier=wire)
    assert "us: " in str(refused.value)
    assert wire.sent == []


def test_a_sandbox_is_on_this_machine(tmp_path: Path) -> None:
    """The ready file may come from anywhere: it is in the project's folder."""
    ready = tmp_path / "sandbox" / "provider.json"
    ready.parent.mkdir()
    evil = "https://ion.tdsynnex.com.evil.example"
    here = "http://127.0.0.1:1/x"
    for name in ("ion", "partner_center", "entra"):
        told = {"ion": here, "partner_center": here, "entra": here, name: evil}
        text = str({**told, "accounts": {"us": {"ion_account_id": "10501"}}}).replace("'", '"')
        ready.write_text(text, "utf-8")
        with pytest.raises(PersonMustAct, match="names an address that is not on this machine"):
            session_of(
                {
                    "role": "indirect-provider",
                    "sandbox": {"profile": "provider"},
                    "partner_center_region": "us",
                    "countries": ["US"],
                    "currencies": ["USD"],
                },
                tmp_path,
                Wire(),
            )


ELSEWHERE = "https://evil.example/"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_carries_no_credential(status: int, tmp_path: Path) -> None:
    """Neither a bearer token, nor a refresh token, nor a client secret follows; the line says what answered."""
    wire = Wire(lambda request: httpx.Response(status, headers={"Location": ELSEWHERE}))
    environment = {"CSP_US_ION_REFRESH_TOKEN": "seed-canary", "CSP_US_PC_REFRESH_TOKEN": "pc-seed-canary"}
    session = session_of(live(), tmp_path, wire, environment)
    assert session.ion is not None
    assert session.partner_center is not None
    assert session.app_tokens is not None
    assert session.user_tokens is not None
    for act in (
        session.ion.customers,
        session.partner_center.customers,
        session.app_tokens.token,
        session.user_tokens.token,
        lambda: session.entra.tenant_id("contoso.example"),
    ):
        with pytest.raises(ClientError):
            act()
    given = session_of(live(), tmp_path, wire, {"CSP_US_ION_ACCESS_TOKEN": "given-canary"})
    assert given.ion is not None
    with pytest.raises(NotReached, match="redirect"):
        given.ion.customers()
    assert wire.hosts() == {"ion.tdsynnex.com", "login.microsoftonline.com"}
    session.close()
    given.close()


def test_an_answer_cannot_name_another_host_for_a_secret(tmp_path: Path) -> None:
    """msal takes the token endpoint from the discovery document."""

    def answer(request: httpx.Request) -> httpx.Response | None:
        if not request.url.path.endswith("openid-configuration"):
            return None
        return httpx.Response(
            200,
            json={
                "issuer": f"https://login.microsoftonline.com/{TENANT}/v2.0",
                "token_endpoint": f"{ELSEWHERE}token",
                "authorization_endpoint": f"{ELSEWHERE}authorize",
                "device_authorization_endpoint": f"{ELSEWHERE}device",
            },
        )

    wire = Wire(answer)
    session = session_of(live(), tmp_path, wire, {"CSP_US_PC_REFRESH_TOKEN": "pc-seed-canary"})
    assert session.app_tokens is not None
    assert session.user_tokens is not None
    for tokens in (session.app_tokens, session.user_tokens):
        with pytest.raises(OurBug, match=r"not sent: the address is not at https://login\.microsoftonline\.com:443"):
            tokens.token()
    assert wire.hosts() == {"login.microsoftonline.com"}
    session.close()


def test_a_next_page_on_another_host_is_read_from_ours(tmp_path: Path) -> None:
    pages = 0

    def answer(request: httpx.Request) -> httpx.Response | None:
        nonlocal pages
        if not request.url.path.startswith("/v1/customers"):
            return None
        pages += 1
        more = {"links": {"next": {"uri": f"{ELSEWHERE}v1/customers?seekOperation=Next", "headers": []}}}
        return httpx.Response(200, json={"items": [], "totalCount": 0, **(more if pages == 1 else {})})

    wire = Wire(answer)
    session = session_of(live(), tmp_path, wire, {"CSP_US_PC_REFRESH_TOKEN": "pc-seed-canary"})
    assert session.partner_center is not None
    session.partner_center.customers()
    assert pages > 1
    assert wire.hosts() == {"login.microsoftonline.com", "api.partnercenter.microsoft.com"}
    session.close()


@pytest.mark.parametrize("path", ["/@evil.example/x", "//evil.example/x", "/\\evil.example", "/x?y=//evil.example"])
def test_paths_of_a_file_stay_on_the_host(path: str, tmp_path: Path) -> None:
    """`association_api` and `enhanced_attestation` name paths below an address."""
    wire = Wire(lambda request: httpx.Response(404) if "evil" in str(request.url) else None)
    content = live(association_api__base_path=path, enhanced_attestation__path=path)
    session = session_of(content, tmp_path, wire, {"CSP_US_ION_ACCESS_TOKEN": "given-canary"})
    assert session.association is not None
    assert session.partner_center is not None
    assert session.association.get("1") is None
    with pytest.raises(ClientError):
        session.partner_center.attestation("attestation")
    assert wire.hosts() == {"ion.tdsynnex.com", "login.microsoftonline.com", "api.partnercenter.microsoft.com"}
    session.close()


def test_the_mail_password_goes_to_the_server_that_the_runner_names(tmp_path: Path) -> None:
    content = live(mail={"host": "smtp.evil.example", "from": "us@reseller.example"})
    login = {"CSP_US_MAIL_USER": "us", "CSP_US_MAIL_PASSWORD": "mail-password-canary"}
    message = Message("it@contoso.example", "subject", "text")
    session = session_of(content, tmp_path, Wire(), login)
    assert session.mail is not None
    assert session.mail.send(message) == "failed"
    told = session.mail.last_error
    assert "no credential is sent to smtp.evil.example" in told
    assert "CSP_MAIL_HOSTS=smtp.evil.example" in told
    assert session.mail.check() in told
    session.close()
    asked: list[str] = []

    def connect(host: str, _port: int, timeout: float) -> Any:
        asked.append(host)
        raise OSError(f"{timeout} no network in tests")

    for environment in (login | {"CSP_MAIL_HOSTS": "other.example smtp.evil.example"}, {}):
        session = session_of(content, tmp_path, Wire(), environment)
        assert session.mail is not None
        session.mail._connect = connect
        assert session.mail.send(message) == "failed"
        assert "no credential" not in session.mail.last_error
        session.close()
    assert asked == ["smtp.evil.example"] * 2, "a named server gets it, and no password needs no name"
