"""Who can open one-time credentials: age public keys, written out or in a file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from clients.errors import PersonMustAct, Problem
from schemas.read.inside import UnreadableError, read_inside
from schemas.write.whole_file import private_folder

_FIX = "name an age public key (age1... or ssh-ed25519 ...) under handover.recipients of the connection"


def make_local_recipient(home: Path) -> Path:
    """For a sandbox: an age key pair below `<home>/handover`, made once. Returns the file with the public key."""
    folder = private_folder(home / "handover")
    public, private = folder / "recipient.txt", folder / "identity.txt"
    if not public.exists():
        import pyrage

        identity = pyrage.x25519.Identity.generate()
        handle = os.open(private, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            os.fchmod(handle, 0o600)
            stream.write(f"{identity}\n")
        public.write_text(f"{identity.to_public()}\n", encoding="utf-8")
    return public


def resolve(recipients: tuple[str, ...], home: Path) -> list[str]:
    """Public keys as text; `file:PATH` is read (`$CSP_HOME` in it is `home`). Raises PersonMustAct."""
    keys: list[str] = []
    for recipient in recipients:
        if not recipient.startswith("file:"):
            keys.append(recipient.strip())
            continue
        path = Path(recipient.removeprefix("file:").replace("${CSP_HOME}", str(home)).replace("$CSP_HOME", str(home)))
        try:
            # A pipe or a device, which a reviewed line may name, must neither hang nor fill the memory.
            lines = read_inside(path.expanduser(), Path("/")).decode("utf-8").splitlines()
        except (UnreadableError, UnicodeDecodeError, RuntimeError) as error:
            raise _refused(f"the recipient file {path.name} cannot be read: {error}") from None
        keys += [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    return keys


def parse(keys: list[str]) -> list[Any]:
    """age recipients. Raises PersonMustAct for none, or one that is not a public key."""
    if not keys:
        raise _refused("no recipient for one-time credentials")
    return [_recipient(key) for key in keys]


def _recipient(key: str) -> Any:
    import pyrage

    kinds = (pyrage.ssh.Recipient,) if key.startswith("ssh-") else (pyrage.x25519.Recipient,)
    try:
        return kinds[0].from_str(key)
    except pyrage.RecipientError:
        # The value is not shown: somebody may have pasted the private key.
        raise _refused("a recipient is not an age or SSH public key") from None


def _refused(message: str) -> PersonMustAct:
    return PersonMustAct(Problem("handover", "recipients", None, "", message), owner="us", action=_FIX)
