"""Which address and account a stored chain was made for: another one never gets its tokens.

Without it whoever changes the address or the account of a connection file would have the tokens that were stored for
the old one. The address is stored with the first token; ION's account once ION has answered for it, so that a mistyped
account id costs no new credentials.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from clients.errors import ClientError, Problem, WrongAccount
from clients.tokens.store import Chain, TokenStore


@dataclass(frozen=True, slots=True)
class Binding:
    """`address`: where the tokens go (a sandbox, whose port changes, is called by its profile). `account`: the ION
    account or the partner tenant. `first_use`: an unbound chain of an earlier release may be bound to this. `seed`: the
    digest of a token whose chain is of this place for sure. `login`: the command that starts another chain."""

    address: str
    account: str
    login: str
    first_use: bool = False
    seed: str = ""

    def of(self, chain: Chain) -> bool:
        """Whether the chain says that it was made for this address, and for no other account."""
        return chain.address == self.address and chain.account in ("", self.account)


class BoundStore:
    """A store whose chain is for one place. `load` refuses that of another one, `save` writes the place with it."""

    def __init__(self, inner: TokenStore, binding: Binding, *, account_proven: bool) -> None:
        """`account_proven`: whoever saves has seen that the tokens are of the account."""
        self.inner = inner
        self.binding = binding
        self._account = binding.account if account_proven else ""
        self._settled = False

    @property
    def place(self) -> str:
        return self.inner.place

    def load(self) -> Chain | None:
        """Raises WrongAccount for the chain of another place, and for one that does not say which, save at its first
        use."""
        chain = self.inner.load()
        if chain is None or self.binding.of(chain):
            return chain
        if chain.address:
            raise WrongAccount(self._problem(f"are of {_words(chain.account, chain.address)}"))
        if self.binding.first_use or (self.binding.seed and self.binding.seed in chain.seed.split()):
            return replace(chain, address=self.binding.address, account=self._account)
        raise WrongAccount(self._problem("are of an earlier release, which did not note for which address"))

    def reserve(self) -> None:
        self.inner.reserve()

    def save(self, chain: Chain) -> None:
        self.inner.save(replace(chain, address=self.binding.address, account=self._account or chain.account))

    def lease(self) -> contextlib.AbstractContextManager[None]:
        return self.inner.lease()

    def proven(self) -> None:
        self.inner.proven()

    def spec(self) -> dict[str, str]:
        said = {"address": self.binding.address, "account": self.binding.account, "login": self.binding.login}
        yes = {"first_use": "yes" if self.binding.first_use else "", "proven": "yes" if self._account else ""}
        return {**self.inner.spec(), **said, **yes, "seed": self.binding.seed}

    def settle(self) -> None:
        """The account has answered to these tokens: note it with them, once. Where the store cannot be written, or
        another process has it, the next use does it."""
        if self._settled:
            return
        self._account, self._settled = self.binding.account, True
        with contextlib.suppress(OSError, ClientError):
            if _noted(self.inner.load(), self.binding):
                return
            with self.lease():
                chain = self.load()
                if chain is not None and not _noted(self.inner.load(), self.binding):
                    self.save(chain)

    def _problem(self, what: str) -> Problem:
        ours = _words(self.binding.account, self.binding.address)
        message = (
            f"nothing was sent: the tokens in {self.place} {what}, and this connection is {ours}. Put the connection "
            f"file back as it was, or start anew with {self.binding.login}"
        )
        return Problem("tokens", "load", None, "other-place", message)


def bound(inner: TokenStore, spec: Mapping[str, str]) -> TokenStore:
    """The store of another process' `spec()` with its binding, as far as it names one."""
    if not spec.get("address"):
        return inner
    binding = Binding(
        spec["address"], spec["account"], spec["login"], bool(spec.get("first_use")), seed=spec.get("seed", "")
    )
    return BoundStore(inner, binding, account_proven=bool(spec.get("proven")))


def unbound(store: TokenStore) -> TokenStore:
    """The store without its binding: for whoever puts back a chain as it was, or looks at the file."""
    return store.inner if isinstance(store, BoundStore) else store


def settle(store: TokenStore | None) -> None:
    """See BoundStore.settle."""
    if isinstance(store, BoundStore):
        store.settle()


def _noted(chain: Chain | None, binding: Binding) -> bool:
    return chain is not None and (chain.address, chain.account) == (binding.address, binding.account)


def _words(account: str, address: str) -> str:
    return f"account {account} at {address}" if account else address
