"""ION's access token, shared by all processes of a connection while it is valid."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from clients.errors import ClientError, CredentialsLost, Problem, RetryLater
from clients.ion.errors import LOGIN, RULES, describe
from clients.redact import SECRETS
from clients.tokens.binding import settle, unbound
from clients.tokens.renewal import Wanted, usable
from clients.tokens.store import Chain, TokenStore, digest
from clients.wire.clock import Clock
from clients.wire.rules import classify
from clients.wire.shape import Number, ShapeError, member
from clients.wire.transport import Call, Transport, join
from schemas.command import Sentence

Renew = Callable[[TokenStore, Wanted], None]


class LoginRefused(CredentialsLost):
    """ION refused the refresh token that a person brought. `kept`: the credentials of before are in the store again."""

    def __init__(self, problem: Problem, *, action: Sentence, kept: bool) -> None:
        super().__init__(problem, action=action)
        self.kept = kept


@dataclass(frozen=True, slots=True)
class TokenLife:
    """Seconds left, None when unknown; `state` is `good`, `missing`, `unknown` (interrupted renewal) or `rejected`."""

    state: str
    place: str
    access_seconds: float | None
    refresh_seconds: float | None


class IonTokens:
    """Credential of one ION user. Thread-safe. `renew` does the rotation (in a process of its own, outside tests)."""

    def __init__(
        self, store: TokenStore, renew: Renew, *, clock: Clock, seed: str = "", seed_again: bool = False
    ) -> None:
        self.store = store
        self._renew = renew
        self._clock = clock
        self._seed = seed
        self._seed_again = seed_again
        self._lock = threading.Lock()
        self._chain: Chain | None = None
        self._proven = ""
        SECRETS.add(seed)

    def token(self, *, rejected: str = "") -> str:
        """Raises CredentialsLost, RetryLater."""
        wanted = Wanted(seed=self._seed, rejected=rejected, seed_again=self._seed_again)
        with self._lock:
            if rejected or not usable(self._chain, wanted, self._now()):
                self._chain = self.store.load()
                if not usable(self._chain, wanted, self._now()):
                    self._renew(self.store, wanted)
                    self._chain = self.store.load()
            chain = self._chain
        if chain is None or not chain.access_token:
            raise CredentialsLost(_missing(self.store), action=LOGIN)
        return chain.access_token

    def worked(self, token: str) -> None:
        """ION accepted `token`: the chain is proven and the generation before it may go."""
        if token != self._proven:
            self._proven = token
            self.store.proven()

    def answered(self) -> None:
        """ION answered a call on the connection's account: the chain is of that account from here on."""
        settle(self.store)

    def login(self, refresh_token: str) -> None:
        """Starts a new chain with a refresh token that a person got from ION, and proves it at once.

        A token that ION refuses must not cost credentials that still work: the chain of before comes back. Where ION
        was not reached, or nobody knows whether the token was spent, the new chain stays. Raises LoginRefused,
        CredentialsLost, RetryLater.
        """
        SECRETS.add(refresh_token)
        with self._lock:
            self._chain = None
            with self.store.lease():
                before = unbound(self.store).load()  # whatever it was made for: a person has decided
                self.store.save(
                    Chain(refresh_token=refresh_token, seed=f"{digest(refresh_token)} {digest(self._seed)}")
                )
            try:
                self._renew(self.store, Wanted(force=True))
            except RetryLater:
                raise
            except CredentialsLost as error:
                if error.problem.code == "unknown":
                    raise
                raise LoginRefused(error.problem, action=LOGIN, kept=self._put_back(before, refresh_token)) from None
            except ClientError:
                self._put_back(before, refresh_token)
                raise

    def _put_back(self, before: Chain | None, tried: str) -> bool:
        """True when the chain of before is in the store again; nothing is touched when it was not usable, or somebody
        else has stored another one meanwhile."""
        if before is None or before.rejected or before.sent_at is not None:
            return False
        with self.store.lease():
            now = self.store.load()
            if now is None or now.refresh_token != tried:
                return False
            unbound(self.store).save(before)
        return True

    def keepalive(self) -> None:
        """Renews now; run it weekly where nothing else runs, the chain ends after 30 to 32 idle days."""
        with self._lock:
            self._chain = None
            self._renew(self.store, Wanted(seed=self._seed, seed_again=self._seed_again, force=True))

    def try_again(self) -> None:
        """After an interrupted renewal a *person* may decide to send the token once more: it works when the
        request never arrived. Never called by a run."""
        with self._lock:
            with self.store.lease():
                chain = self.store.load()
                if chain is not None:
                    self.store.save(Chain(refresh_token=chain.refresh_token, seed=chain.seed, account=chain.account))
            self._chain = None
            self._renew(self.store, Wanted(force=True))

    def life(self, transport: Transport | None = None, base_url: str = "") -> TokenLife:
        """What is stored; with a transport also what ION says of it (`validateAccess`), without renewing anything."""
        chain = self.store.load()
        if chain is None:
            return TokenLife("missing" if not self._seed else "good", self.store.place, None, None)
        state = "rejected" if chain.rejected else "unknown" if chain.sent_at is not None else "good"
        access = chain.expires_at - self._now() if chain.access_token else None
        if transport is None or not chain.access_token:
            return TokenLife(state, self.store.place, access, None)
        call = Call(
            "oauth.validateAccess",
            "POST",
            join(base_url, "oauth", "validateAccess"),
            form={"access_token": chain.access_token},
        )
        answer = transport.send(call)
        if not answer.ok:
            # The vendor's two packages disagree on 400 and 401 here (ion.md 13): both say "not valid any more".
            if answer.status in (400, 401):
                return TokenLife(state, self.store.place, 0.0, None)
            error: ClientError = classify(RULES, describe(call, answer))
            raise error
        try:
            seconds = [member(Number, answer.data, name) for name in ("access_expires_in", "refresh_expires_in")]
        except ShapeError:
            return TokenLife(state, self.store.place, access, None)
        return TokenLife(state, self.store.place, seconds[0], seconds[1])

    def _now(self) -> float:
        return self._clock.now().timestamp()


class GivenAccess:
    """An access token from the environment, for a preview that may neither renew nor write: good until it ends."""

    def __init__(self, access_token: str) -> None:
        self._token = access_token
        SECRETS.add(access_token)

    def token(self, *, rejected: str = "") -> str:
        """Raises CredentialsLost once ION has refused it."""
        if rejected:
            problem = Problem("ion", "oauth.token", 401, "given-token", "the given access token is not valid any more")
            raise CredentialsLost(
                problem, action="give a current access token, or run where the token store may be written"
            )
        return self._token

    def worked(self, token: str) -> None:
        """Nothing to keep."""


def _missing(store: TokenStore) -> Problem:
    return Problem("ion", "oauth.token", None, "no-token", f"no access token in {store.place}")
