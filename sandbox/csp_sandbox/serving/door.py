"""Who may come in.

A sandbox listens on loopback, where every program and every open web page of this machine reaches it. Three rules: a
page of another site may not speak through a browser (Host and Origin), what is the sandbox's own (administration and
console, where its secrets are) needs the token of the ready line, and a simulated system asks for what the real one
asks for.
"""

from __future__ import annotations

import hmac
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlencode, urlsplit

from csp_sandbox.ledger import OURS, Rule, rule
from csp_sandbox.serving.web import Answer, Call, RefusalError

HOST = rule(
    "door.host",
    "Host must be 127.0.0.1, localhost, [::1] or the name of a simulated system: another name that leads here by DNS "
    "may belong to anybody. 403.",
    source=OURS,
)
ORIGIN = rule(
    "door.origin",
    "A request that may change something and comes from a web page (Origin, Sec-Fetch-Site) must come from a page of "
    "the same address: 403.",
    source=OURS,
)
TOKEN = rule(
    "door.token",
    "Administration and console need the token of the ready line: Authorization: Bearer, or in a browser ?token= once "
    "(then a cookie). 401.",
    source=OURS,
)
#: Names of the real systems. Who carries a client's connection here may leave its Host as it is.
REAL_HOSTS = {
    "ion.tdsynnex.com": "ion",
    "api.partnercenter.microsoft.com": "partner_center",
    "login.microsoftonline.com": "entra",
    "login.windows.net": "entra",
}
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_READS = ("GET", "HEAD", "OPTIONS")


def barred(call: Call) -> RefusalError | None:
    """The refusal of a request that must not come in at all, else None."""
    host = call.headers.get("host", "")
    if _name(host) not in (*_LOOPBACK, *REAL_HOSTS, urlsplit(call.world.base).hostname):
        return _refusal(HOST, 403, "this sandbox answers on 127.0.0.1 and localhost only")
    if call.method not in _READS and not _same_site(call, host):
        return _refusal(ORIGIN, 403, "a page of another site may not change anything here")
    return None


def token_given(call: Call) -> bool:
    """Whether a request shows the token of the ready line."""
    scheme, _, bearer = call.headers.get("authorization", "").partition(" ")
    given = bearer.strip() if scheme.lower() == "bearer" else _cookie(call)
    return hmac.compare_digest(given.encode(), call.world.token.encode())


def need_token(call: Call) -> None:
    """The rule of the administration. Raises the refusal."""
    if call.operation.auth != "none" and not token_given(call):
        message = "the token of the ready line is needed: Authorization: Bearer TOKEN"
        raise _refusal(TOKEN, 401, message, {"WWW-Authenticate": "Bearer"})


def let_browser_in(call: Call) -> None:
    """A right ``?token=`` becomes a cookie, and the address is shown without it. Raises the redirect."""
    query = dict(call.query)
    if not hmac.compare_digest(query.pop("token", "").encode(), call.world.token.encode()):
        return
    # The number of the port keeps sandboxes apart: browsers share cookies between the ports of a host.
    cookie = f"{_cookie_name(call)}={call.world.token}; Path=/; HttpOnly; SameSite=Strict"
    place = call.path + (f"?{urlencode(query)}" if query else "")
    raise RefusalError(TOKEN, Answer(303, headers={"Location": place, "Set-Cookie": cookie}))


def _cookie_name(call: Call) -> str:
    return f"csp-sandbox-{urlsplit(call.world.base).port or 80}"


def _cookie(call: Call) -> str:
    try:
        found = SimpleCookie(call.headers.get("cookie", "")).get(_cookie_name(call))
    except CookieError:
        return ""
    return found.value if found else ""


def _name(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _same_site(call: Call, host: str) -> bool:
    origin = call.headers.get("origin")
    if origin is not None:
        return origin.lower() in (f"http://{host.lower()}", f"https://{host.lower()}")
    return call.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")


def _refusal(row: Rule, status: int, message: str, headers: dict[str, str] | None = None) -> RefusalError:
    return RefusalError(row, Answer(status, {"error": message}, headers=headers or {}))
