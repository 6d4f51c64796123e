"""Pulumi's passphrase secrets: PBKDF2 key, AES-256-GCM texts, the salt line of stack files and states."""

from __future__ import annotations

import base64
import binascii
import functools
import hashlib
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from dynamic_engine.errors import EngineError

_ROUNDS = 1_000_000
_CHECK = "pulumi"  # the known text whose encryption ends the salt line


@functools.lru_cache(maxsize=8)
def _key(passphrase: str, salt: bytes) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", passphrase.encode(), salt, _ROUNDS, 32)


def passphrase_from_environment() -> str:
    """The passphrase of ``PULUMI_CONFIG_PASSPHRASE`` (an empty one is valid) or of the file that
    ``PULUMI_CONFIG_PASSPHRASE_FILE`` names. Raises :class:`EngineError` when neither is set."""
    if (passphrase := os.environ.get("PULUMI_CONFIG_PASSPHRASE")) is not None:
        return passphrase
    if path := os.environ.get("PULUMI_CONFIG_PASSPHRASE_FILE"):
        try:
            return Path(path).read_text("utf-8").strip()
        except OSError as error:
            raise EngineError(f"cannot read PULUMI_CONFIG_PASSPHRASE_FILE: {error.strerror}") from None
    raise EngineError(
        "passphrase must be set with PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE environment variables"
    )


class Crypter:
    """Encrypts and decrypts texts under one salt. A text that was decrypted here is encrypted to the same
    ciphertext again in the same *place*, so that unchanged secrets do not change the file."""

    def __init__(self, passphrase: str, salt_line: str) -> None:
        """*salt_line* is ``v1:<salt>:<check>``. Raises :class:`EngineError` for a wrong passphrase."""
        version, _, rest = salt_line.partition(":")
        salt, _, check = rest.partition(":")
        if version != "v1" or not check:
            raise EngineError("unsupported encryption salt: expected the form v1:<salt>:<check>")
        self.salt_line = salt_line
        self._cipher = AESGCM(_key(passphrase, base64.b64decode(salt)))
        self._known: dict[tuple[str, str], str] = {}
        if self.decrypt(check) != _CHECK:
            raise EngineError("incorrect passphrase")

    @classmethod
    def create(cls, passphrase: str) -> Crypter:
        """A crypter with a new random salt."""
        salt = os.urandom(8)
        check = _encrypt(AESGCM(_key(passphrase, salt)), _CHECK)
        return cls(passphrase, f"v1:{base64.b64encode(salt).decode()}:{check}")

    def encrypt(self, text: str, place: str = "") -> str:
        """The ciphertext of *text*, ``v1:<nonce>:<data>``."""
        known = self._known.get((place, text))
        if known is None:
            known = self._known[place, text] = _encrypt(self._cipher, text)
        return known

    def decrypt(self, ciphertext: str, place: str = "") -> str:
        """The text of *ciphertext*. Raises :class:`EngineError` when it does not belong to this key."""
        try:
            version, nonce, data = ciphertext.split(":")
            if version != "v1":
                raise ValueError(version)
            text = self._cipher.decrypt(base64.b64decode(nonce), base64.b64decode(data), None).decode()
        except InvalidTag:
            raise EngineError("incorrect passphrase") from None
        except (ValueError, binascii.Error):
            raise EngineError("malformed ciphertext") from None
        self._known.setdefault((place, text), ciphertext)
        return text


def _encrypt(cipher: AESGCM, text: str) -> str:
    nonce = os.urandom(12)
    data = cipher.encrypt(nonce, text.encode(), None)
    return f"v1:{base64.b64encode(nonce).decode()}:{base64.b64encode(data).decode()}"
