"""Renews ION's single-use refresh token without ever losing the chain.

The token call carries no other secret, so a lost answer ends the chain (streamone-ion-api 0.1, 1.4). Therefore: one
renewer at a time, a note before sending, the new token stored before it is used, and no second sending of a token whose
fate is unknown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from clients.clock import Clock
from clients.errors import ClientError, CredentialsLost, Problem, RetryLater, UnknownOutcome
from clients.ion.errors import LOGIN, RULES, describe
from clients.redact import SECRETS
from clients.rules import classify
from clients.shape import ShapeError, mapping, number, required_text
from clients.tokens.store import Chain, TokenStore, digest
from clients.transport import Call, Transport, join

MARGIN = 600.0  # renew this long before the end, so that a run does not start with a dying token
_LEAST = 60.0  # an access token this short-lived is not handed out any more


@dataclass(frozen=True, slots=True)
class Wanted:
    """`seed` is a refresh token from a person ("" when none); `rejected` an access token that ION has just refused;
    `seed_again` allows one try with the seed when the stored chain is refused: only a sandbox, which starts afresh with
    the same token, may do that; `force` renews although the access token is still good."""

    seed: str = field(default="", repr=False)
    rejected: str = field(default="", repr=False)
    seed_again: bool = False
    force: bool = False


@dataclass(frozen=True, slots=True)
class Exchanged:
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int


Exchange = Callable[[str], Exchanged]


def usable(chain: Chain | None, wanted: Wanted, now: float, *, margin: float = MARGIN) -> bool:
    """Whether the stored access token can be used as it is."""
    return (
        chain is not None
        and not wanted.force
        and bool(chain.access_token)
        and chain.access_token != wanted.rejected
        and chain.expires_at - now > margin
        and chain.sent_at is None
        and not chain.rejected
        and not _newer_seed(chain, wanted)
    )


def renew(store: TokenStore, exchange: Exchange, wanted: Wanted, clock: Clock) -> None:
    """Leaves a usable access token in `store`, or raises RetryLater (not sent), CredentialsLost (dead or unknown)."""
    with store.lease():
        chain = store.load()
        if usable(chain, wanted, clock.now().timestamp()):
            return  # another process has just done it
        if chain is None or _newer_seed(chain, wanted):
            if not wanted.seed:
                raise CredentialsLost(_problem("no-token", f"no refresh token in {store.place}"), action=LOGIN)
            chain = Chain(refresh_token=wanted.seed, seed=digest(wanted.seed))
        elif (chain.sent_at is not None or chain.rejected) and wanted.seed_again:
            chain = Chain(refresh_token=wanted.seed, seed=digest(wanted.seed))
        _stop_if_lost(chain, store)
        try:
            _exchange(store, exchange, chain, clock)
        except CredentialsLost as error:
            refused = error.problem.code != "unknown"
            if not (refused and wanted.seed_again and wanted.seed and chain.refresh_token != wanted.seed):
                raise
            _exchange(store, exchange, Chain(refresh_token=wanted.seed, seed=digest(wanted.seed)), clock)
        except RetryLater:
            if usable(chain, wanted, clock.now().timestamp(), margin=_LEAST):
                return
            raise


def _exchange(store: TokenStore, exchange: Exchange, chain: Chain, clock: Clock) -> None:
    store.save(replace(chain, sent_at=clock.now().timestamp()))
    try:
        new = exchange(chain.refresh_token)
    except RetryLater:
        store.save(chain)  # it was not sent, or refused unread: the token is as good as before
        raise
    except UnknownOutcome as error:
        raise _unknown(store, str(error)) from None
    except CredentialsLost as error:
        store.save(replace(chain, rejected=error.problem.message or "refused"))
        raise
    except ClientError:
        store.save(chain)  # a definite answer that does not concern the token (wrong address, role)
        raise
    now = clock.now().timestamp()
    SECRETS.add(new.refresh_token, new.access_token)
    renewed = replace(
        chain,
        refresh_token=new.refresh_token,
        access_token=new.access_token,
        expires_at=now + new.expires_in,
        obtained_at=now,
    )
    try:
        store.save(renewed)
    except Exception as first:
        # The only copy is in our hands: try once more before giving up.
        try:
            store.save(renewed)
        except Exception:
            raise _unknown(store, f"the new token could not be stored ({type(first).__name__})") from None


def _newer_seed(chain: Chain, wanted: Wanted) -> bool:
    return bool(wanted.seed) and digest(wanted.seed) not in chain.seed.split()


def _stop_if_lost(chain: Chain, store: TokenStore) -> None:
    if chain.rejected:
        raise CredentialsLost(_problem("rejected", f"ION refused the refresh token in {store.place}"), action=LOGIN)
    if chain.sent_at is not None:
        raise _unknown(store, "a renewal was interrupted before its answer was stored")


def _unknown(store: TokenStore, why: str) -> CredentialsLost:
    return CredentialsLost(
        _problem("unknown", f"nobody knows whether the refresh token in {store.place} was spent: {why}"), action=LOGIN
    )


def _problem(code: str, message: str) -> Problem:
    return Problem("ion", "oauth.token", None, code, message)


def exchange_over(transport: Transport, base_url: str) -> Exchange:
    """The token call. The transport repeats it only when it was not sent or was throttled unread."""

    def exchange(refresh_token: str) -> Exchanged:
        SECRETS.add(refresh_token)
        call = Call(
            "oauth.token",
            "POST",
            join(base_url, "oauth", "token"),
            write=True,
            form={"grant_type": "refresh_token", "refresh_token": refresh_token},
        )
        answer = transport.send(call)
        if not answer.ok:
            raise classify(RULES, describe(call, answer))
        try:
            data = mapping(answer.data, "answer")
            return Exchanged(
                access_token=required_text(data, "access_token"),
                refresh_token=required_text(data, "refresh_token"),
                expires_in=number(data, "expires_in") or 7200,
            )
        except ShapeError as error:
            raise UnknownOutcome(_problem("bad-answer", f"the answer holds no tokens: {error}")) from None

    return exchange
