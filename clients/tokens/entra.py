"""Partner Center tokens by msal: app-only, and App+User from a refresh token that device code with MFA started.

Unlike ION's, an Entra refresh token may be sent again; a new one is stored whenever one comes back.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import logging
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from clients.entra.errors import token_error
from clients.errors import CredentialsLost, PersonMustAct, Problem, RetryLater, WrongAccount
from clients.redact import SECRETS, redact
from clients.tokens.store import Chain, TokenStore, digest
from clients.wire.clock import Clock
from clients.wire.http import httpx
from clients.wire.rules import SIGN_IN
from clients.wire.shape import Number, ShapeError, member
from clients.wire.transport import Call, Transport
from schemas.kinds.hosts import LOOPBACK
from schemas.read.json_text import json_of

AUDIENCE = "https://api.partnercenter.microsoft.com"
_AUDIENCE_ID = "fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd"  # app id of "Microsoft Partner Center" (partner-center.md 1.4)
_SCOPES = [f"{AUDIENCE}/.default"]
_LIFE = 3_600  # of a token whose answer does not say
_LONGEST_LIFE = 86_400
_MARGIN = 120.0
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PUBLIC_CLIENT = "AADSTS700025"  # "client is public": the refresh token came by device code without a secret


@dataclass(frozen=True, slots=True)
class AppCredential:
    """The app registration. One of: `secret`, `certificate_file` (PEM with key), `token_file` (workload identity
    federation: the pipeline's OIDC token, read again at each use because it lives for minutes)."""

    client_id: str
    secret: str = field(default="", repr=False)
    certificate_file: str = ""
    token_file: str = ""

    @property
    def kind(self) -> str:
        if self.secret:
            return "secret"
        return "certificate" if self.certificate_file else "federated" if self.token_file else ""

    def for_msal(self) -> Any:
        if self.secret:
            return self.secret
        if self.certificate_file:
            pem = _read(self.certificate_file, "certificate")
            if "-----BEGIN CERTIFICATE-----" not in pem or "PRIVATE KEY-----" not in pem:
                raise PersonMustAct(
                    _problem("bad-certificate", "the certificate file holds no PEM certificate with its private key"),
                    owner="us",
                    action="give one PEM file with certificate and private key",
                )
            return {"private_key": pem[_key_at(pem) :], "public_certificate": pem}
        if self.token_file:
            return {"client_assertion": self._federated}
        return None

    def _federated(self) -> str:
        token = _read(self.token_file, "federated token").strip()
        SECRETS.add(token)
        return token


@dataclass(frozen=True, slots=True)
class Authority:
    """`base_url` is the login address; a loopback one is a sandbox."""

    base_url: str
    tenant: str


class EntraTokens:
    """Credential of one kind (`user` True: App+User). Thread-safe; msal is loaded only when a token is needed."""

    def __init__(
        self,
        authority: Authority,
        app: AppCredential,
        transport: Transport,
        *,
        clock: Clock,
        store: TokenStore | None = None,
        seed: str = "",
    ) -> None:
        self._authority = authority
        self._app = app
        self._http = _MsalHttp(transport, authority.base_url)
        self._clock = clock
        self.store = store
        self._seed = seed
        self._lock = threading.Lock()
        self._access = ""
        self._expires_at = 0.0
        SECRETS.add(app.secret, seed)

    def token(self, *, rejected: str = "") -> str:
        """Raises CredentialsLost, PersonMustAct, RetryLater."""
        with self._lock:
            if not self._fresh(self._access, self._expires_at, rejected):
                if self.store is None:
                    self._keep(self._ask("token.app", lambda app: app.acquire_token_for_client(_SCOPES)))
                else:
                    self._user_token(self.store, rejected)
            return self._access

    def worked(self, token: str) -> None:
        """Nothing to prove: an Entra refresh token stays good until it is replaced."""

    def login(self, show: Callable[[str], None]) -> None:
        """Device code with MFA: `show` gets Microsoft's sentence with address and code. Blocks until done."""
        assert self.store is not None
        with self._lock:
            application = self._application(public=True)
            flow = self._guard("token.device", lambda: application.initiate_device_flow(_SCOPES))
            if "user_code" not in flow:
                raise token_error("token.device", flow)
            text = str(flow.get("message") or f"Open {flow['verification_uri']} and enter {flow['user_code']}")
            show(self._http.plain(text))
            answer = self._poll(application, flow)
            access, expires_at = self._checked("token.device", answer)
            refresh = str(answer.get("refresh_token") or "")
            if not refresh:
                raise CredentialsLost(_problem("no-token", "the sign-in gave no refresh token"), action=SIGN_IN)
            with self.store.lease():
                self.store.save(
                    Chain(refresh, access, expires_at, self._now(), seed=f"{digest(refresh)} {digest(self._seed)}")
                )
            self._access, self._expires_at = access, expires_at

    def _poll(self, application: Any, flow: dict[str, Any]) -> dict[str, Any]:
        """Until the person is done, refused, or the code has expired. Our loop, because msal's sleeps by itself."""
        while True:
            answer = self._guard(
                "token.device", lambda: application.acquire_token_by_device_flow(flow, exit_condition=lambda _: True)
            )
            waiting = answer.get("error") in ("authorization_pending", "slow_down")
            if not waiting or self._now() > float(flow.get("expires_at", 0)):
                return answer
            self._clock.sleep(float(flow.get("interval", 5)))
            flow.pop("latest_attempt_at", None)

    def claims(self) -> Mapping[str, Any]:
        """Claims of the current token, unverified; for `csp doctor`."""
        return _claims(self.token())

    # --- inside

    def _user_token(self, store: TokenStore, rejected: str) -> None:
        with store.lease():
            chain = store.load()
            if self._seed and (chain is None or digest(self._seed) not in chain.seed.split()):
                chain = Chain(refresh_token=self._seed, seed=digest(self._seed))
            if chain is None:
                raise CredentialsLost(_problem("no-token", f"no refresh token in {store.place}"), action=SIGN_IN)
            if self._fresh(chain.access_token, chain.expires_at, rejected):
                self._access, self._expires_at = chain.access_token, chain.expires_at
                return
            try:
                answer = self._redeem(chain.refresh_token)
            except CredentialsLost:
                # A sandbox that started afresh knows only the token it printed.
                if not self._seed or chain.refresh_token == self._seed:
                    raise
                chain = Chain(refresh_token=self._seed, seed=digest(self._seed))
                answer = self._redeem(chain.refresh_token)
            self._keep(answer)
            refresh = str(answer.get("refresh_token") or chain.refresh_token)
            SECRETS.add(refresh)
            renewed = replace(
                chain,
                refresh_token=refresh,
                access_token=self._access,
                expires_at=self._expires_at,
                obtained_at=self._now(),
            )
            # Entra keeps the old token valid (partner-center.md 1.4), so a full disk costs the next process one more
            # redemption and this run nothing.
            with contextlib.suppress(PersonMustAct, RetryLater):
                store.save(renewed)

    def _redeem(self, refresh_token: str) -> dict[str, Any]:
        def ask(app: Any) -> Any:
            return app.acquire_token_by_refresh_token(refresh_token, _SCOPES)

        try:
            return self._ask("token.user", ask)
        except PersonMustAct as error:
            if error.problem.code != _PUBLIC_CLIENT:
                raise
        return self._ask("token.user", ask, public=True)

    def _ask(self, operation: str, ask: Callable[[Any], Any], *, public: bool = False) -> dict[str, Any]:
        application = self._application(public=public)
        answer = self._guard(operation, lambda: ask(application))
        self._checked(operation, answer)
        return answer

    def _guard(self, operation: str, act: Callable[[], Any]) -> dict[str, Any]:
        from msal.exceptions import MsalError

        try:
            answer = act()
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError, MsalError) as error:
            # msal raises these for answers that are not JSON, lack members or have them of another kind.
            raise RetryLater(
                _problem("bad-answer", f"no usable answer from the token service: {redact(str(error))}", operation)
            ) from None
        SECRETS.learn(answer)
        return SECRETS.hide_data(answer, keep=True) if isinstance(answer, dict) else {}

    def _application(self, *, public: bool = False) -> Any:
        import msal

        # An answer that is not whole JSON goes into msal's log as it is, tokens and all; without a logging
        # configuration Python prints that on stderr. What a person needs to know is in our errors.
        logging.getLogger("msal").setLevel(logging.CRITICAL + 1)

        def build() -> Any:
            kind = msal.PublicClientApplication if public or not self._app.kind else msal.ConfidentialClientApplication
            secret = {} if kind is msal.PublicClientApplication else {"client_credential": self._app.for_msal()}
            return kind(
                self._app.client_id,
                authority=self._http.https(f"{self._authority.base_url.rstrip('/')}/{self._authority.tenant}"),
                http_client=self._http,
                instance_discovery=False,
                **secret,
            )

        holder: list[Any] = []
        self._guard("token", lambda: holder.append(build()))
        return holder[0]

    def _checked(self, operation: str, answer: Mapping[str, Any]) -> tuple[str, float]:
        token = answer.get("access_token")
        if not isinstance(token, str) or not token:
            raise token_error(operation, answer)
        SECRETS.add(token)
        claims = _claims(token)
        audience = str(claims.get("aud", "")).rstrip("/")
        if claims and audience not in (AUDIENCE, _AUDIENCE_ID):
            raise PersonMustAct(
                _problem("audience", f"the token is for {audience or 'nobody'}, not for Partner Center", operation),
                owner="us",
                action=f"ask for the audience {AUDIENCE}",
            )
        tenant, ours = str(claims.get("tid", "")).lower(), self._authority.tenant.lower()
        if tenant and _GUID.fullmatch(ours) and tenant != ours:
            raise WrongAccount(
                _problem("other-tenant", f"the token is of partner tenant {tenant}, not {ours}", operation)
            )
        methods = claims.get("amr")
        if self.store is not None and isinstance(methods, list) and "mfa" not in methods:
            raise CredentialsLost(
                _problem("no-mfa", "the sign-in was without MFA (Microsoft: 900421)", operation), action=SIGN_IN
            )
        try:
            seconds = member(Number, answer, "expires_in")
        except ShapeError:
            seconds = None
        return token, self._now() + min(_LIFE if seconds is None else seconds, _LONGEST_LIFE)

    def _keep(self, answer: Mapping[str, Any]) -> None:
        self._access, self._expires_at = self._checked("token", answer)

    def _fresh(self, access: str, expires_at: float, rejected: str) -> bool:
        return bool(access) and access != rejected and expires_at - self._now() > _MARGIN

    def _now(self) -> float:
        return self._clock.now().timestamp()


class _MsalHttp:
    """msal's idea of an HTTP client, on our transport: Retry-After holds for all, and what is no answer never reaches
    msal. Every call may be repeated: an Entra refresh token is not used up.

    msal insists on https; a sandbox on loopback speaks http, so its addresses are written as https towards msal and
    sent as http."""

    def __init__(self, transport: Transport, base_url: str) -> None:
        self._transport = transport
        url = httpx.URL(base_url)
        self._plain = f"http://{url.netloc.decode()}" if url.scheme == "http" and _loopback(url.host) else ""
        self._secure = self._plain.replace("http://", "https://", 1)

    def https(self, text: str) -> str:
        return text.replace(self._plain, self._secure) if self._plain else text

    def plain(self, text: str) -> str:
        return text.replace(self._secure, self._plain) if self._plain else text

    def post(self, url: str, params: Any = None, data: Any = None, headers: Any = None, **_: Any) -> _MsalAnswer:
        return self._send("POST", url, params, data, headers)

    def get(self, url: str, params: Any = None, headers: Any = None, **_: Any) -> _MsalAnswer:
        return self._send("GET", url, params, None, headers)

    def close(self) -> None:
        """The client belongs to the session."""

    def _send(self, method: str, url: str, params: Any, data: Any, headers: Any) -> _MsalAnswer:
        # msal hands a signed assertion over as bytes, which httpx would write as Python shows them.
        form = {k: v.decode() if isinstance(v, bytes) else str(v) for k, v in data.items()} if data else None
        known = {k: str(v) for k, v in (params or {}).items()}
        answer = self._transport.send(
            Call("token", method, self.plain(url), params=known, headers=headers or {}, form=form)
        )
        return _MsalAnswer(answer.status, self.https(answer.text), dict(answer.headers))


@dataclass(frozen=True, slots=True)
class _MsalAnswer:
    status_code: int
    text: str = field(repr=False)
    headers: dict[str, str]

    def raise_for_status(self) -> None:
        if self.status_code >= 400:
            raise ValueError(f"answered {self.status_code}")


def _loopback(host: str) -> bool:
    return host in LOOPBACK


def _claims(token: str) -> Mapping[str, Any]:
    """Claims of a JWT without verification (the service verifies); {} for an opaque token."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        data = json_of(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error):
        return {}
    return data if isinstance(data, dict) else {}


def _read(path: str, what: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise PersonMustAct(
            _problem("no-file", f"the {what} file cannot be read: {error.strerror}"),
            owner="us",
            action=f"give a readable {what} file",
        ) from None


def _key_at(pem: str) -> int:
    """Where the private key begins: msal wants it without what stands before."""
    return max(pem.rfind(f"-----BEGIN {kind}PRIVATE KEY-----") for kind in ("", "RSA ", "EC ", "ENCRYPTED "))


def _problem(code: str, message: str, operation: str = "token") -> Problem:
    return Problem("entra", operation, None, code, message)
