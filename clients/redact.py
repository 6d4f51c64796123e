"""Removes secrets and personal data from anything that is about to be printed, logged or raised."""

from __future__ import annotations

import base64
import functools
import html
import json
import re
import threading
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

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
# What is a credential by its name in an answer. Not the code that a person types, nor the mark of a page.
_CREDENTIALS = _SECRET_KEYS - {"usercode", "usercredentials", "mscontinuationtoken", "token"}
_VARIABLE = re.compile(r"(CSP|PULUMI|AZURE)_.*(TOKEN|SECRET|PASSWORD|PASSPHRASE)")
_TOKEN = 16
_LONG, _PIECE = 32, 24
"""Of a value of _LONG characters each piece of _PIECE is hidden too: servers cut what they echo."""
_RUN = re.compile(rf"[A-Za-z0-9._~+/=%-]{{{_PIECE},}}")
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
    r"(?i)([\"']?(?:refresh_?token|access_?token|id_?token|client_?secret|client_?assertion|password|device_?code"
    # A known secret may be a word of such a name ("access"): what is left of the name still says what follows.
    r"|(?<![\w-])[\w-]+\[hidden\][\w-]*|\[hidden\][\w-]+)[\"']?"
    r"\s*[:=]\s*)(\"(?:[^\"\\]|\\.)*\"?|'(?:[^'\\]|\\.)*'?|[^\s,;&}\]]+)"
)
_AGE_KEY = re.compile(
    r"AGE-SECRET-KEY-1[0-9A-Z]+|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    re.IGNORECASE | re.DOTALL,
)


class Secrets:
    """Values known to be secret in this process; `redact` removes them wherever they turn up.

    Patterns alone cannot recognise an opaque token, so whoever reads or receives one registers it here.
    """

    def __init__(self) -> None:
        self._adding = threading.Lock()
        self._values: set[str] = set()
        self._by_length: tuple[list[str], list[int]] = ([], [])
        """The values, the longest first, and their negative lengths: replaced as a whole, never changed."""
        self._pieces: set[str] = set()

    def add(self, *values: str) -> None:
        with self._adding:
            for value in values:
                # A short value would hit ordinary words; no credential of the two systems is that short.
                if len(value) >= 6:
                    self._values.update(_spellings(value))
                # Without its signature a JWT opens nothing, and it begins as many others do: page marks, for one.
                body = value.rpartition(".")[2] if _JWT.fullmatch(value) else value
                if len(body) >= _LONG:
                    self._pieces.update(body[at : at + _PIECE] for at in range(len(body) - _PIECE + 1))
            if len(self._values) != len(self._by_length[0]):
                ordered = sorted(self._values, key=len, reverse=True)
                self._by_length = (ordered, [-len(value) for value in ordered])

    def add_environment(self, environment: Mapping[str, str]) -> None:
        """Register the credentials of every connection and of the engine, whoever uses them."""
        self.add(*(value for name, value in environment.items() if _VARIABLE.fullmatch(name)))

    def learn(self, answer: Any) -> None:
        """Register what an answer names a credential (JSON-like), whoever reads it afterwards."""
        if isinstance(answer, Mapping):
            for name, member in answer.items():
                if isinstance(member, str) and _plain(str(name)) in _CREDENTIALS:
                    self.add(member)
                self.learn(member)
        elif isinstance(answer, list):
            for member in answer:
                self.learn(member)

    def in_text(self, text: str) -> bool:
        """Whether a JSON text may hold one, also with its characters written as \\u0041."""
        return "\\u" in text or any(value in text for value in self._that_fit(text)) or self._in_pieces(text)

    def _in_pieces(self, text: str) -> bool:
        return bool(self._pieces) and any(self._without_pieces(run) != run[0] for run in _RUN.finditer(text))

    def _without_pieces(self, run: re.Match[str]) -> str:
        """A run of characters that tokens are made of, without those that belong to one."""
        text = run[0]
        found = [at for at in range(len(text) - _PIECE + 1) if text[at : at + _PIECE] in self._pieces]
        if not found:
            return text
        belongs = {place for at in found for place in range(at, at + _PIECE)}
        return re.sub("\0+", HIDDEN, "".join("\0" if at in belongs else one for at, one in enumerate(text)))

    def _that_fit(self, text: str, shortest: int = 6) -> list[str]:
        """The values that could be in the text, the longest first: most texts are shorter than any token."""
        values, lengths = self._by_length
        return values[bisect_left(lengths, -len(text)) : bisect_right(lengths, -shortest)]

    def hide(self, text: str, *, shortest: int = 6) -> str:
        for value in self._that_fit(text, shortest):
            if value in text:
                text = text.replace(value, HIDDEN)
        return _RUN.sub(self._without_pieces, text) if self._pieces and len(text) >= _PIECE else text

    def hide_data(self, value: Any, *, keep: bool = False) -> Any:
        """A JSON-like value without any known token in its texts and names, in lists and mappings of its own.

        Tokens alone (16 characters and more): a short password may be a word of ordinary data, and a changed value
        would look like drift. `keep`: what is named a credential stays, because it is meant to be read.
        """
        if isinstance(value, str):
            return self.hide(value, shortest=_TOKEN)
        if isinstance(value, list | tuple):
            return [self.hide_data(member, keep=keep) for member in value]
        if isinstance(value, Mapping):
            return {
                self.hide_data(name): member
                if keep and isinstance(member, str) and _plain(str(name)) in _CREDENTIALS
                else self.hide_data(member, keep=keep)
                for name, member in value.items()
            }
        return value


def _spellings(value: str) -> list[str]:
    """A value as it is, in a URL, in JSON, in HTML, in hexadecimal digits, and in base64 wherever it begins there."""
    raw = value.encode()
    coded = [base64.b64encode(raw).decode(), *(_inside_base64(raw, before) for before in range(3))]
    coded += [one.translate(_FOR_URLS) for one in coded]
    found = [value, quote(value, safe=""), json.dumps(value)[1:-1], html.escape(value), raw.hex(), *coded]
    return [one for one in dict.fromkeys(found) if len(one) >= 6]


_FOR_URLS = str.maketrans("+/", "-_")


def _inside_base64(raw: bytes, before: int) -> str:
    """What base64 makes of it behind so many bytes, without the characters that depend on what stands around it."""
    coded = base64.b64encode(b"\0" * before + raw).decode().rstrip("=")
    whole = (before + len(raw)) * 8 // 6
    return coded[-(-before * 8 // 6) : whole]


SECRETS = Secrets()


def redact(text: str) -> str:
    """`text` without any known secret value, token, password or age key. Personal data in prose stays: an operator
    needs the customer's name in a message; structured data goes through `redact_data`."""
    text = SECRETS.hide(text)
    text = _JWT.sub(HIDDEN, text)
    text = _BEARER.sub(lambda match: f"{match.group(1)} {HIDDEN}", text)
    text = _ASSIGNED.sub(lambda match: f"{match.group(1)}{HIDDEN}", text)
    return _AGE_KEY.sub(HIDDEN, text)


def leaving(text: str) -> str:
    """What is about to leave the process, without a known secret or what cannot be anything else. Texts of servers went
    through `redact` before; here words like "password: ..." may be our own."""
    return _AGE_KEY.sub(HIDDEN, _JWT.sub(HIDDEN, SECRETS.hide(text)))


@functools.lru_cache(maxsize=4096)
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
