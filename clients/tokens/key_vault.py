"""A token chain in Azure Key Vault: one secret, a version a generation, renewed under a lease.

Key Vault has no conditional write. The lease is a second secret: whoever wants it writes a version of it, waits until
every version of the same second is visible, and holds it if its own is the oldest that is neither released nor expired.
Tried against a fake over a socket, never against a live vault.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from clients.errors import PersonMustAct, Problem, RetryLater
from clients.tokens.store import Chain
from clients.wire.bounded import MOST_BYTES, WHOLE_SECONDS, in_time
from clients.wire.clock import Clock, SystemClock

if TYPE_CHECKING:
    from azure.core.pipeline.transport import HttpTransport
    from azure.keyvault.secrets import SecretClient, SecretProperties

T = TypeVar("T")
_SETTLE = 2.0  # versions carry whole seconds; after this wait, competitors of the same second are visible
_LEASE = timedelta(seconds=180)
SECURE: Mapping[str, Any] = {"permit_redirects": False}
"""A vault that redirects is none: neither token nor secret follows."""
_FIX = "let this identity get, set, list and update secrets in the vault (role Key Vault Secrets Officer)"


class KeyVaultTokenStore:
    """Secret `name`; its lease is `name`-lease. Threads of one process queue before they ask the vault."""

    def __init__(
        self, client: SecretClient, name: str, *, clock: Clock | None = None, patience_seconds: float = 120.0
    ) -> None:
        self._client = client
        self._name = name
        self._clock = clock or SystemClock()
        self._patience = patience_seconds
        self._threads = threading.Lock()

    @classmethod
    def open(cls, vault: str, name: str) -> KeyVaultTokenStore:
        return cls(open_vault(vault), name)

    @property
    def place(self) -> str:
        return f"{self._client.vault_url} (secret {self._name})"

    def spec(self) -> dict[str, str]:
        return {"kind": "key_vault", "vault": self._client.vault_url, "name": self._name}

    def load(self) -> Chain | None:
        from azure.core.exceptions import ResourceNotFoundError

        def read() -> str | None:
            try:
                return self._client.get_secret(self._name).value or ""
            except ResourceNotFoundError:
                return None

        value = self._guard("load", read)
        try:
            return None if value is None else Chain.from_json(value)
        except (ValueError, TypeError):
            problem = Problem("tokens", "load", None, "bad-secret", f"{self.place} holds no token document")
            raise PersonMustAct(problem, owner="us", action="log in again, or name another secret") from None

    def reserve(self) -> None:
        """A vault has room, and the note before the sending shows the right to write."""

    def save(self, chain: Chain) -> None:
        """Durable once Key Vault has answered; it keeps older versions by itself."""
        self._guard(
            "save", lambda: self._client.set_secret(self._name, chain.to_json(), content_type="application/json")
        )

    def proven(self) -> None:
        """Older versions stay in the vault, where its own retention removes them."""

    @contextlib.contextmanager
    def lease(self) -> Iterator[None]:
        with self._threads:
            version = self._take()
            try:
                yield
            finally:
                self._release(version)

    def _take(self) -> str:
        name = f"{self._name}-lease"
        mine = self._guard(
            "lease",
            lambda: self._client.set_secret(name, uuid.uuid4().hex, expires_on=self._clock.now() + _LEASE),
        )
        version = str(mine.properties.version)
        deadline = self._clock.monotonic() + self._patience
        while True:
            self._clock.sleep(_SETTLE)
            versions: list[SecretProperties] = self._guard(
                "lease", lambda: list(self._client.list_properties_of_secret_versions(name))
            )
            standing = [entry for entry in versions if entry.enabled and _alive(entry.expires_on, self._clock.now())]
            oldest = min(standing, key=_age, default=None)
            if oldest is not None and oldest.version == version:
                return version
            if self._clock.monotonic() > deadline or all(entry.version != version for entry in standing):
                self._release(version)
                message = f"another process holds the lease of {self.place}"
                raise RetryLater(Problem("tokens", "lease", None, "lease-taken", message))

    def _release(self, version: str) -> None:
        # A failed release only costs the others the rest of the lease's life.
        with contextlib.suppress(RetryLater, PersonMustAct):
            self._guard(
                "release",
                lambda: self._client.update_secret_properties(f"{self._name}-lease", version, enabled=False),
            )

    def _guard(self, operation: str, act: Callable[[], T]) -> T:
        return guard(operation, self.place, act)


def open_vault(vault: str) -> SecretClient:
    """A client with the identity of the environment (workload identity, managed identity, Azure CLI)."""
    from azure.identity import DefaultAzureCredential
    from azure.keyvault.secrets import SecretClient

    wire = bounded_transport()
    return SecretClient(vault_url=vault, credential=DefaultAzureCredential(transport=wire), transport=wire, **SECURE)


def bounded_transport(**more: Any) -> HttpTransport[Any, Any]:
    """What Azure's libraries send through: a body has the limit of every other answer. `more`: of RequestsTransport."""
    import requests
    from azure.core.pipeline.transport import RequestsTransport
    from requests.adapters import HTTPAdapter

    class Adapter(HTTPAdapter):
        def build_response(self, req: Any, resp: Any) -> Any:
            response = super().build_response(req, resp)
            response.raw = _BoundedBody(resp)
            return response

    session = requests.Session()
    session.mount("https://", Adapter())
    transport: HttpTransport[Any, Any] = RequestsTransport(session=session, session_owner=False, **more)
    return transport


class _BoundedBody:
    """The body of a response of urllib3, of which `requests` reads `stream`."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def stream(self, size: int, decode_content: bool | None = None) -> Iterator[bytes]:
        read = 0
        for chunk in self._inner.stream(size, decode_content=decode_content):
            read += len(chunk)
            if read > MOST_BYTES:
                from requests.exceptions import ChunkedEncodingError

                raise ChunkedEncodingError(f"more than {MOST_BYTES // (1024 * 1024)} MiB")
            yield chunk


def guard(operation: str, place: str, act: Callable[[], T]) -> T:
    """`act()` with Azure's errors as ours."""
    from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

    _quiet()
    try:
        return in_time(act, WHOLE_SECONDS)
    except TimeoutError as error:
        raise RetryLater(_problem(operation, place, error)) from None
    except ClientAuthenticationError as error:
        raise _denied(operation, place, error) from None
    except HttpResponseError as error:
        if error.status_code in (401, 403):
            raise _denied(operation, place, error) from None
        raise RetryLater(_problem(operation, place, error)) from None
    except AzureError as error:
        raise RetryLater(_problem(operation, place, error)) from None
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        # What Azure's library raises for an answer that is no JSON, or JSON of another shape.
        kind = type(error).__name__
        told = Problem("key_vault", operation, None, "bad-answer", f"{place}: no usable answer ({kind})")
        raise RetryLater(told) from None


@functools.cache
def _quiet() -> None:
    """Azure's library logs a traceback for an answer that is no JSON, which Python prints where nobody set a log up.
    What it means is in our line."""
    logging.getLogger("azure").addHandler(logging.NullHandler())


class KeyVaultHandover:
    """One-time credentials as secrets of a vault, their entries as tags. A delivered one is disabled, and stays
    recoverable by the vault's owner."""

    def __init__(self, client: SecretClient, *, clock: Clock | None = None) -> None:
        self._client = client
        self._clock = clock

    def put(self, name: str, value: str, tags: Mapping[str, str]) -> None:
        guard("put", self._client.vault_url, lambda: self._client.set_secret(name, value, tags=dict(tags)))

    def get(self, name: str) -> str:
        return guard("get", self._client.vault_url, lambda: self._client.get_secret(name)).value or ""

    def tag(self, name: str, tags: Mapping[str, str], *, enabled: bool) -> None:
        """Replace the tags. The value is not read for it: that of a disabled secret could not be."""

        def act() -> Any:
            last = max(self._client.list_properties_of_secret_versions(name), key=_age)
            return self._client.update_secret_properties(name, last.version, enabled=enabled, tags=dict(tags))

        guard("tag", self._client.vault_url, act)

    def tagged(self, tag: str) -> list[Mapping[str, str]]:
        """The tags of every secret that has this one."""
        every = guard("list", self._client.vault_url, lambda: list(self._client.list_properties_of_secrets()))
        return [entry.tags for entry in every if entry.tags and tag in entry.tags]

    def lease(self, name: str) -> contextlib.AbstractContextManager[None]:
        """Keeps two deliveries of one secret apart, also from two machines."""
        return KeyVaultTokenStore(self._client, name, clock=self._clock, patience_seconds=10.0).lease()


def _alive(expires: datetime | None, now: datetime) -> bool:
    return expires is None or expires > now


def _age(entry: SecretProperties) -> tuple[float, str]:
    created = entry.created_on
    return (created.timestamp() if created else 0.0, str(entry.version))


def _denied(operation: str, place: str, error: Exception) -> PersonMustAct:
    return PersonMustAct(_problem(operation, place, error, code="denied"), owner="us", action=_FIX)


def _problem(operation: str, place: str, error: Exception, *, code: str = "vault") -> Problem:
    status = getattr(error, "status_code", None)
    first_line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return Problem("key_vault", operation, status, code, f"{place}: {first_line}")
