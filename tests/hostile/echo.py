"""A proxy in front of the sandbox that puts the secrets of a request into all of its answer."""

from __future__ import annotations

import base64
import http.server
import json
import re
import threading
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx

FREE_TEXT = re.compile(r"(?i)(organization|companyname|displayname|description|message|title|city|firstname|lastname)$")
SECRET_FIELDS = ("refresh_token", "client_secret", "access_token", "client_assertion")


class Echo(http.server.ThreadingHTTPServer):
    """`seen`: every secret of every request and answer; an answer echoes those of its own request, and its own.
    `mode`: "fields" (every free text of a good answer, and fields that nobody knows), "errors" (every answer but the
    token's is a refusal) or "tokens" (the token service refuses)."""

    daemon_threads = True

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = target
        self.mode = "fields"
        self.seen: dict[str, None] = {}
        self.client = httpx.Client(trust_env=False, timeout=60)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def spellings(self) -> set[str]:
        every = self.seen.copy()
        coded = {base64.b64encode(one.encode()).decode().rstrip("=") for one in every}
        inside = {base64.b64encode(b" " * n + one.encode()).decode()[4:-4] for one in every for n in range(3)}
        # Of a JWT its signature: the beginning is in page marks too, and opens nothing.
        parts = [one.rpartition(".")[2] if one.count(".") == 2 else one for one in every]
        cut = {piece for one in parts if len(one) >= 40 for piece in (one[:30], one[-30:], one[5:35])}
        digits = {one.encode().hex() for one in every}
        return {*every, *coded, *inside, *cut, *digits, *(quote(one, safe="") for one in every)}

    def close(self) -> None:
        self.shutdown()
        self.server_close()
        self.client.close()


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Echo
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Quiet."""

    def _forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._body, self._sent = body, self._secrets_of(body)
        self.server.seen.update(dict.fromkeys(self._sent))
        headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "content-length", "connection")}
        host = urlsplit(self.server.target).netloc
        answer = self.server.client.request(
            self.command, self.server.target + self.path, content=body, headers={**headers, "Host": host}
        )
        status, content = self._spoiled(answer, is_token=b"grant_type" in body)
        self.send_response(status)
        for name, value in answer.headers.items():
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "content-encoding"):
                self.send_header(name, value)
        self.send_header("MS-RequestId", quote(self._echo()))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._forward
        raise AttributeError(name)

    def _secrets_of(self, body: bytes) -> list[str]:
        sent = [self.headers.get("Authorization", "").partition(" ")[2]]
        if b"grant_type" in body or b"access_token" in body:
            form = parse_qs(body.decode(errors="replace"))
            sent += [value for name in SECRET_FIELDS for value in form.get(name, [])]
        return [one for one in sent if one]

    def _echo(self) -> str:
        """The secrets, as they are and as servers spoil them: cut, the whole request in base64, in digits."""
        whole = base64.b64encode(self._body + " ".join(self._sent).encode()).decode()
        cut = [
            part for one in self._sent for part in (f"{one[:30]}...", f"...{one[-30:]}", one[5:35], one.encode().hex())
        ]
        return " ".join((*self._sent, *cut, whole))

    def _spoiled(self, answer: httpx.Response, *, is_token: bool) -> tuple[int, bytes]:
        try:
            data = answer.json()
        except ValueError:
            return answer.status_code, answer.content
        if answer.is_success and is_token and self.server.mode != "tokens":  # else nobody ever gets them
            for name in SECRET_FIELDS:
                if isinstance(data, dict) and data.get(name):
                    self._sent.append(data[name])
                    self.server.seen[data[name]] = None
        mode, echo = self.server.mode, self._echo()
        if mode == "tokens" and is_token:
            told = f"cannot validate token: {echo}"
            return 400, json.dumps({"error": told, "error_description": told}).encode()
        discovery = self.path.endswith("openid-configuration")
        if mode == "errors" and not is_token and not discovery:
            told = {"code": 3, "message": f"no: {echo}", "description": f"no: {echo}", "details": [{"reason": echo}]}
            return 400, json.dumps(told).encode()
        if discovery:
            return answer.status_code, answer.content.replace(self.server.target.encode(), self.server.url.encode())
        if is_token:
            return answer.status_code, answer.content
        return answer.status_code, json.dumps(_filled(data, echo)).encode()


def _filled(value: Any, echo: str) -> Any:
    if isinstance(value, list):
        return [_filled(member, echo) for member in value]
    if not isinstance(value, dict):
        return value
    filled = {
        name: f"{member} {echo}" if isinstance(member, str) and FREE_TEXT.search(name) else _filled(member, echo)
        for name, member in value.items()
    }
    return {**filled, "echoOfEverything": echo}
