"""A fake of Azure Key Vault's secret API over TLS on a socket: versions, properties, paging, refusals.

Only what the store needs, written from the public REST reference; the azure library itself talks to it unmodified.
"""

from __future__ import annotations

import http.server
import json
import ssl
import threading
import time
import uuid
from pathlib import Path
from typing import Any

from azure.core.credentials import AccessToken
from azure.keyvault.secrets import SecretClient

from clients.tokens.key_vault import SECURE, bounded_transport
from clients.wire.clock import Clock, SystemClock
from equipment.tls import certificate_in


class FixedCredential:
    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        return AccessToken("vault-token", int(time.time()) + 3600)


class FakeVault(http.server.ThreadingHTTPServer):
    """`secrets[name]` holds versions, oldest first. `deny` answers 403 to everything, `moved_to` (an address) with a
    redirect; `asked` counts the requests that came."""

    daemon_threads = True

    def __init__(self, folder: Path, certificate: Path | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.secrets: dict[str, list[dict[str, Any]]] = {}
        self.lock = threading.Lock()
        self.deny = False
        self.moved_to = ""
        self.asked = 0
        self.fault: tuple[str, str, str, dict[str, Any]] | None = None
        """Method, text in the path, "before" or "after" the effect, and what happens instead of the answer."""
        self.struck = 0
        self.clock: Clock = SystemClock()
        self.certificate = certificate or certificate_in(folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.server_address[1]}"

    def client(self) -> SecretClient:
        return SecretClient(
            vault_url=self.url,
            credential=FixedCredential(),
            verify_challenge_resource=False,
            retry_total=0,
            **SECURE,
            transport=bounded_transport(connection_verify=str(self.certificate)),
        )


class _Handler(http.server.BaseHTTPRequestHandler):
    server: FakeVault
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if not self._allowed():
            return
        parts = self._parts()
        if len(parts) == 1:
            with self.server.lock:
                last = [_item(self.server.url, name, found[-1]) for name, found in self.server.secrets.items()]
            self._send(200, {"value": last, "nextLink": None})
            return
        with self.server.lock:
            versions = self.server.secrets.get(parts[1], [])
            if not versions:
                self._send(404, {"error": {"code": "SecretNotFound", "message": "A secret was not found."}})
            elif len(parts) > 2 and parts[2] == "versions":
                self._send(
                    200, {"value": [_item(self.server.url, parts[1], one) for one in versions], "nextLink": None}
                )
            elif not versions[-1]["enabled"]:
                self._send(403, {"error": {"code": "Forbidden", "message": "The secret is disabled."}})
            else:
                self._send(200, _bundle(self.server.url, parts[1], versions[-1]))

    def do_PUT(self) -> None:
        body = self._body()
        if not self._allowed():
            return
        name = self._parts()[1]
        version = {
            "version": uuid.uuid4().hex,
            "value": body["value"],
            "created": int(self.server.clock.now().timestamp()),
            "exp": body.get("attributes", {}).get("exp"),
            "enabled": True,
            "tags": body.get("tags") or {},
        }
        with self.server.lock:
            self.server.secrets.setdefault(name, []).append(version)
        self._send(200, _bundle(self.server.url, name, version))

    def do_PATCH(self) -> None:
        body = self._body()
        if not self._allowed():
            return
        _, name, wanted = self._parts()
        with self.server.lock:
            version = next(one for one in self.server.secrets[name] if one["version"] == wanted)
            version["enabled"] = body["attributes"]["enabled"]
            version["tags"] = body.get("tags", version["tags"])
        self._send(200, _item(self.server.url, name, version))

    def _allowed(self) -> bool:
        self.server.asked += 1
        if self.headers.get("Authorization") != "Bearer vault-token":
            where = 'Bearer authorization="https://login.example/tenant", resource="https://vault.azure.net"'
            self._send(401, {"error": {"code": "Unauthorized"}}, {"WWW-Authenticate": where})
            return False
        if self.server.moved_to:
            self._send(307, {}, {"Location": self.server.moved_to + self.path})
            return False
        if self._struck("before"):
            return False
        if self.server.deny:
            self._send(403, {"error": {"code": "Forbidden", "message": "no permission"}})
            return False
        return True

    def _parts(self) -> list[str]:
        return [part for part in self.path.partition("?")[0].split("/") if part]

    def _body(self) -> Any:
        return json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")

    def handle_one_request(self) -> None:
        self._spoiled = False
        super().handle_one_request()

    def _struck(self, moment: str) -> bool:
        """Whether the ordered fault has taken the place of this answer."""
        fault = self.server.fault
        if self._spoiled or fault is None or self.server.struck:
            return self._spoiled
        method, path, when, what = fault
        if (method, when) != (self.command, moment) or path not in self.path:
            return False
        self.server.struck += 1
        self._spoiled = True
        if what.get("cut"):
            self.close_connection = True
            self.connection.close()
            return True
        content = what.get("body", "").encode()
        self.send_response(what["status"])
        for name, value in {
            "Content-Type": "application/json",
            "Connection": "close",
            **what.get("headers", {}),
        }.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content) + what.get("missing", 0)))
        self.end_headers()
        self.wfile.write(content)
        self.close_connection = True
        return True

    def _send(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        if status != 401 and self._struck("after"):
            return
        content = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


def _item(url: str, name: str, version: dict[str, Any]) -> dict[str, Any]:
    attributes = {"enabled": version["enabled"], "created": version["created"], "updated": version["created"]}
    if version["exp"]:
        attributes["exp"] = version["exp"]
    return {"id": f"{url}/secrets/{name}/{version['version']}", "attributes": attributes, "tags": version["tags"]}


def _bundle(url: str, name: str, version: dict[str, Any]) -> dict[str, Any]:
    return {**_item(url, name, version), "value": version["value"]}
