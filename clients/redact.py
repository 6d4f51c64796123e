"""Removes secrets and personal data from anything that is about to be printed, logged or raised."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

HIDDEN = "[hidden]"

# Keys are compared in lower case without separators, so that refresh_token, refreshToken and Refresh-Token are one.
_SECRET_KEYS = frozenset(
    [
        "password",
        "secret",
        "clientsecret",
        "refreshtoken",
        "accesstoken",
        "idtoken",
        "authorization",
        "clientassertion",
        "assertion",
        "devicecode",
        "usercode",
        "token",
        "usercredentials",
        "mscontinuationtoken",
    ]
)
_PERSONAL_KEYS = frozenset(
    [
        "email",
        "customeremail",
        "alternateemail",
        "firstname",
        "lastname",
        "middlename",
        "primarycontactfirstname",
        "primarycontactlastname",
        "phone",
        "phonenumber",
        "customerphone",
        "customername",
        "signatoryfirstname",
        "signatorylastname",
        "signatoryemail",
        "signatoryphonenumber",
        "addressline1",
        "addressline2",
        "addressline3",
        "street",
        "suite",
        "username",
    ]
)

_JWT = re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}")
_ASSIGNED = re.compile(
    r"(?i)([\"']?(?:refresh_?token|access_?token|id_?token|client_?secret|client_?assertion|password|device_?code)[\"']?"
    r"\s*[:=]\s*)(\"(?:[^\"\\]|\\.)*\"?|'(?:[^'\\]|\\.)*'?|[^\s,;&}\]]+)"
)
_AGE_KEY = re.compile(r"AGE-SECRET-KEY-1[0-9A-Z]+", re.IGNORECASE)


class Secrets:
    """Values known to be secret in this process; `redact` removes them wherever they turn up.

    Patterns alone cannot recognise an opaque token, so whoever reads or receives one registers it here.
    """

    def __init__(self) -> None:
        self._values: dict[str, None] = {}

    def add(self, *values: str) -> None:
        for value in values:
            # A short value would hit ordinary words; no credential of the two systems is that short.
            if len(value) >= 6:
                self._values[value] = None

    def hide(self, text: str) -> str:
        for value in sorted(self._values.copy(), key=len, reverse=True):
            if value in text:
                text = text.replace(value, HIDDEN)
        return text


SECRETS = Secrets()


def redact(text: str) -> str:
    """`text` without any known secret value, token, password or age key. Personal data in prose stays: an operator
    needs the customer's name in a message; structured data goes through `redact_data`."""
    text = SECRETS.hide(text)
    text = _JWT.sub(HIDDEN, text)
    text = _BEARER.sub(lambda match: f"{match.group(1)} {HIDDEN}", text)
    text = _ASSIGNED.sub(lambda match: f"{match.group(1)}{HIDDEN}", text)
    return _AGE_KEY.sub(HIDDEN, text)


def _plain(key: str) -> str:
    return re.sub(r"[^a-z0-9]", "", key.lower())


def secret_key(name: str) -> bool:
    """Whether a member of this name holds a secret."""
    return _plain(name) in _SECRET_KEYS


def redact_data(value: Any, *, key: str = "") -> Any:
    """A JSON-like value with secret and personal members replaced; used by the debug log."""
    if _plain(key) in _SECRET_KEYS or _plain(key) in _PERSONAL_KEYS:
        return HIDDEN if value not in ("", None) else value
    if isinstance(value, Mapping):
        return {str(name): redact_data(member, key=str(name)) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [redact_data(member) for member in value]
    return redact(value) if isinstance(value, str) else value


def redact_url(url: str) -> str:
    """`url` with query values hidden where they name a person or a secret (ION's e-mail filter)."""
    parts = urlsplit(url)
    query = [
        (name, HIDDEN if _plain(name.rpartition(".")[2]) in _SECRET_KEYS | _PERSONAL_KEYS else redact(text))
        for name, text in parse_qsl(parts.query, keep_blank_values=True)
    ]
    netloc = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, netloc, parts.path, urlencode(query, safe="[]{}"), parts.fragment))
