"""The hosts that credentials may go to. A file can choose among them; only the runner can add one.

Whoever may change a connection file may otherwise have every stored token sent to a host of their own. So the hosts of
ION, Entra, Partner Center and Azure Key Vault are built in, for every cloud that docs/systems name
(ion.md 1.1, partner-center.md 1.2), and any other one must be named by a variable of the environment.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from schemas.kinds.nearest import nearest, quoted

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_HOST = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+")
_ODD = re.compile(r"[\\\s\x00-\x20\x7f<>\"]")
_LEADS_ON = re.compile(r"(?i)[/\\]{2}|\bhttps?:|[a-z]:[/\\]")
_CODED = re.compile(r"aHR0c|SFRUU")
""""http", "HTTP" in base64: how redirecting pages like to write where they lead."""
_ANYBODYS = frozenset(
    f"{name}.microsoft.com"
    for name in (
        *("forms", "customervoice", "answers", "techcommunity", "social", "teams", "sway", "create", "events"),
        *("go", "login", "account", "myapps", "outlook", "onedrive", "gallery"),
    )
)
_SIGN_INS = re.compile(r"(?i)/+(devicelogin|deviceauth|link)(/|$)")
"""Below microsoft.com, but not Microsoft's word: pages that anybody makes, short links, sign-ins with a code of
somebody else."""
_ADDRESS = re.compile(rf"https://(?P<host>{_HOST.pattern})(:443)?/?")


@dataclass(frozen=True, slots=True)
class Service:
    """Who answers at a host. `below`: any single name in front of one of these (Key Vault names a host for each vault).
    `variable`: where the runner names further hosts, separated by commas."""

    label: str
    hosts: tuple[str, ...]
    variable: str
    below: tuple[str, ...] = ()


_LOGINS = (
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.partner.microsoftonline.cn",
    "login.chinacloudapi.cn",
)
SERVICES: Mapping[str, Service] = {
    "ion": Service("ION", ("ion.tdsynnex.com",), "CSP_ION_HOSTS"),
    "partner_center": Service(
        "Partner Center",
        ("api.partnercenter.microsoft.com", "partner.partnercenterapi.microsoftonline.cn"),
        "CSP_PARTNER_CENTER_HOSTS",
    ),
    "login": Service("Microsoft's sign-in", _LOGINS, "CSP_LOGIN_HOSTS"),
    "key_vault": Service(
        "Azure Key Vault",
        (),
        "CSP_KEY_VAULT_HOSTS",
        below=("vault.azure.net", "vault.usgovcloudapi.net", "vault.azure.cn"),
    ),
    "mail": Service("the mail server", (), "CSP_MAIL_HOSTS"),
}


@dataclass(frozen=True, slots=True)
class Refused:
    """Why an address gets no credential, and what to write instead."""

    message: str
    hint: str

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}"


def refused(service: str, address: str, environment: Mapping[str, str], *, sandbox: bool = False) -> Refused | None:
    """None when credentials may go to ``address`` (a URL without path). ``service`` is a key of SERVICES.

    ``sandbox``: the connection is one, so this machine is where it belongs, and only this machine.
    """
    of = SERVICES[service]
    known = ", ".join(of.hosts or [f"NAME.{one}" for one in of.below])
    try:
        parts = urlsplit(address)
        host, user = (parts.hostname or ""), "@" in parts.netloc
        parts.port  # noqa: B018 - raises for a port that is none
    except ValueError:
        return Refused(f"{quoted(address)} is no address", f"{of.label} is at {known}")
    if user:
        return Refused("the address holds a user name or password", f"write https://{host}, without what is before @")
    if host in LOOPBACK:
        hint = f"drop the line ({of.label} is at {known}), or declare sandbox: {{profile: ...}}"
        return None if sandbox else Refused(f"{host} is this machine, where only a sandbox is", hint)
    if _is_number(host):
        return Refused(f"{host} is a number instead of a name", f"{of.label} is at {known}")
    match = _ADDRESS.fullmatch(address)
    if match is None:
        return Refused(
            f"{quoted(address)} is more than https:// and a host name",
            f"write https://{host}" if _HOST.fullmatch(host) else f"{of.label} is at {known}",
        )
    return _unknown(of, match["host"], known, environment)


def refused_host(service: str, host: str, environment: Mapping[str, str]) -> Refused | None:
    """The same of a bare host name (the mail server, which may also be a number)."""
    named = re.split(r"[,\s]+", environment.get(SERVICES[service].variable, "").lower())
    return None if host.lower() in named else _unknown(SERVICES[service], host.lower(), "", {})


def is_built_in(address: str) -> bool:
    """Whether ``address`` is at a host that needs no word of the runner."""
    return any(refused(service, address, {}) is None for service in SERVICES)


def not_microsofts(link: str) -> str:
    """Why a link is no page of Microsoft's that a customer may be sent to; "" when it is one."""
    try:
        parts = urlsplit(link)
        host, port = (parts.hostname or ""), parts.port
        given = [value for _, value in parse_qsl(parts.query)]
    except ValueError:
        return f"{quoted(link)} is no address"
    if _ODD.search(link):  # browsers read a backslash as / and drop line breaks, so that another host is asked
        return "the link holds a blank, a quote, or a backslash, which a browser reads as another address"
    if parts.scheme != "https":
        return f"the link uses {parts.scheme or 'no scheme'} instead of https"
    if "@" in parts.netloc or port not in (None, 443):
        return "the link holds a user name or a port"
    if any(map(leads_on, (*given, parts.path, unquote(parts.fragment)))):
        return "the link holds another address, which could lead the customer somewhere else"
    if host in _ANYBODYS or _SIGN_INS.match(parts.path):
        return f"the link leads to {host}{parts.path[:20]}, where anybody can put a page or ask for a sign-in"
    if _HOST.fullmatch(host) and f".{host}".endswith(".microsoft.com"):
        return ""
    return f"the link leads to {host or 'no host'}, which is not Microsoft's"


def leads_on(text: str) -> bool:
    """Whether a part of a link, decoded, is an address that a page could send its reader to."""
    return bool(_LEADS_ON.search(unquote(text)) or _CODED.search(text))


def is_loopback(address: str) -> bool:
    """Whether ``address`` is on this machine."""
    try:
        parts = urlsplit(address)
        return parts.hostname in LOOPBACK and "@" not in parts.netloc
    except ValueError:
        return False


def _unknown(of: Service, host: str, known: str, environment: Mapping[str, str]) -> Refused | None:
    if host in of.hosts or host.partition(".")[2] in of.below or host in trusted(of, environment):
        return None
    close = nearest(host, of.hosts)
    ours = f"try https://{close}; " if close else f"known: {known}; " if known else ""
    return Refused(
        f"no credential is sent to {host}: it is none of the known hosts of {of.label}",
        f"{ours}if it is meant, the machine that runs csp sets {of.variable}={host}, no file can",
    )


def trusted(of: Service, environment: Mapping[str, str]) -> frozenset[str]:
    """Hosts that the runner names. Anything but a plain host name counts for nothing."""
    named = re.split(r"[,\s]+", environment.get(of.variable, "").lower())
    return frozenset(host for host in named if _HOST.fullmatch(host) and not _is_number(host))


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        # Also the spellings that resolvers take: 0x7f.1, 2130706433, 127.1.
        last = host.rstrip(".").rpartition(".")[2]
        return bool(re.fullmatch(r"0x[0-9a-f]*|[0-9]+", last))
    return True
