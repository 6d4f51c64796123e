"""Renews ION's single-use refresh token without ever losing the chain.

The token call carries no other secret, so a lost answer ends the chain (ion.md 0.1, 1.4). Therefore: one
renewer at a time, a note before sending, the new token stored before it is used, and no second sending of a token whose
fate is unknown.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from clients.errors import ClientError, CredentialsLost, PersonMustAct, Problem, RetryLater, UnknownOutcome
from clients.ion.errors import LOGIN, RULES, describe
from clients.redact import SECRETS
from clients.tokens.store import Chain, TokenStore, digest
from clients.wire.clock import Clock
from clients.wire.rules import classify
from clients.wire.shape import Needed, ShapeError, mapping, member
from clients.wire.transport import Call, Transport, join

MARGIN = 600.0  # renew this long before the end, so that a run does not start with a dying token
_LIFE, _LONGEST_LIFE = 7200, 86400 * 31
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
    """Leaves a usable access token in `store`. Otherwise raises RetryLater (not sent, or the new refresh token is
    stored), PersonMustAct (not sent: the store cannot be written), CredentialsLost (dead, or unknown)."""
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
        except (RetryLater, PersonMustAct):
            if usable(chain, wanted, clock.now().timestamp(), margin=_LEAST):
                return
            raise


def _exchange(store: TokenStore, exchange: Exchange, chain: Chain, clock: Clock) -> None:
    try:
        store.save(replace(chain, sent_at=clock.now().timestamp()))
        store.reserve()  # for the answer: the note has used what was reserved before
    except (PersonMustAct, RetryLater) as failed:
        # A note that got there although the store says no would read as a renewal that was interrupted.
        _take_back(store, chain)
        failed.problem = replace(failed.problem, message=f"the refresh token was not sent: {failed.problem.message}")
        raise
    try:
        new = exchange(chain.refresh_token)
    except UnknownOutcome as error:
        raise unknown(store, str(error)) from None
    except CredentialsLost as error:
        _take_back(store, replace(chain, rejected=error.problem.message or "refused"))
        raise
    except ClientError:
        # Not sent, refused unread, or a definite answer that does not concern the token (wrong address, role): it is as
        # good as before.
        _take_back(store, chain)
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
    _keep(store, renewed)
    if not new.access_token:
        told = f"ION's answer held no access token; its new refresh token is stored in {store.place}"
        raise RetryLater(_problem("no-access-token", f"{told}, and the next run renews again"))


def _keep(store: TokenStore, renewed: Chain) -> None:
    """The only copy is in our hands: tried three times before giving up."""
    why = ""
    for _ in range(3):
        try:
            store.save(renewed)
        except Exception as failed:
            why = why or (failed.problem.message if isinstance(failed, ClientError) else type(failed).__name__)
        else:
            return
    raise CredentialsLost(
        _problem("unknown", f"the refresh token was spent, and the new one could not be stored: {why}"), action=LOGIN
    )


def _take_back(store: TokenStore, chain: Chain) -> None:
    """Remove the note that the token is being sent. Where that fails the note stays: the next run then stops and asks,
    which is slower and loses nothing."""
    with contextlib.suppress(ClientError, OSError):
        store.save(chain)


def _newer_seed(chain: Chain, wanted: Wanted) -> bool:
    return bool(wanted.seed) and digest(wanted.seed) not in chain.seed.split()


def _stop_if_lost(chain: Chain, store: TokenStore) -> None:
    if chain.rejected:
        raise CredentialsLost(_problem("rejected", f"ION refused the refresh token in {store.place}"), action=LOGIN)
    if chain.sent_at is not None:
        raise unknown(store, "a renewal was interrupted before its answer was stored")


def unknown(store: TokenStore, why: str) -> CredentialsLost:
    """Nobody knows whether the refresh token was spent."""
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
            refresh = member(Needed, data, "refresh_token")
        except ShapeError as error:
            raise UnknownOutcome(_problem("bad-answer", f"the answer holds no refresh token: {error}")) from None
        # Nothing else in the answer may cost the new refresh token, whatever it looks like.
        access = data.get("access_token")
        return Exchanged(access if isinstance(access, str) else "", refresh, _seconds(data.get("expires_in")))

    return exchange


def _seconds(value: object) -> int:
    """The life of an access token. ION documents 7200 (ion.md 1.3), which also stands for what is no
    plausible number: a token that ends earlier is refused with 401 and renewed then."""
    try:
        seconds = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else 0.0
    except (ValueError, OverflowError):
        seconds = 0.0
    return int(seconds) if 0 < seconds <= _LONGEST_LIFE else _LIFE
