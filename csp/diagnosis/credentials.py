"""What `csp doctor` checks of credentials: kind, store, life and rights of each token, the reseller's authorisation."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import schemas
from clients.errors import ClientError, CredentialsLost
from clients.ion.client import IonClient
from clients.session import Session
from clients.tokens.binding import unbound
from clients.tokens.entra import EntraTokens
from clients.tokens.renewal import MARGIN
from clients.tokens.store import FileTokenStore, TokenStore
from clients.wire import clock
from clients.wire.transport import AuthorizedTransport
from csp.access import DAY, duration, variable_part
from csp.diagnosis.check import Check, Options, failed
from csp.say import say
from schemas.command import command
from schemas.distributor import DISTRIBUTOR

REFRESH_DAYS = 30
"""Life of ION's refresh token: 32 days as specified, 30 as an integrator says; we plan for the shorter (ion 1.2)."""
WEEK = 7 * DAY
NOBODY = "nobody@csp-doctor.invalid"


class _Stored:
    """Signs with the stored access token and never renews, whatever the server says."""

    def __init__(self, token: str) -> None:
        self._token = token

    def token(self, *, rejected: str = "") -> str:
        return self._token

    def worked(self, token: str) -> None:
        """Nothing is kept."""


def ion_checks(session: Session, options: Options) -> Iterator[Check]:
    """Token store, token and rights in ION."""
    tokens, name = session.ion_tokens, session.connection.name
    if tokens is None:
        return
    yield _store(name, "ION token store", tokens.store)
    login = command("auth", "ion", "login", connection=name)
    keepalive = command("auth", "ion", "keepalive", connection=name)
    try:
        life = tokens.life(session.ion_transport(), session.endpoints.ion)
        ended = life.state == "good" and (life.access_seconds is None or life.access_seconds <= MARGIN)
        if ended and options.renew:
            say(f"{name}: renewing ION's token (single-use; the new one is stored first)", err=True)
            tokens.keepalive()
            life, ended = tokens.life(session.ion_transport(), session.endpoints.ion), False
        chain = tokens.store.load()
    except ClientError as error:
        yield failed(name, "ION token", error)
        return
    if life.state != "good":
        told = {
            "missing": "there is none",
            "unknown": "a renewal was interrupted: nobody knows whether the refresh token was spent",
            "rejected": "ION refused the refresh token: it was used before or has ended",
        }
        again = command("auth", "ion", "try-again", connection=name)
        first = f"{again}; if ION refuses: " if life.state == "unknown" else ""
        yield Check(name, "ION token", "fail", told[life.state], f"{first}{login}")
        return
    if chain is None:
        found = "not used yet: a refresh token waits in the environment, and the first run stores its successor"
        yield Check(name, "ION token", "warn", found, f"{keepalive} does that now")
        return
    left = life.refresh_seconds
    if left is None:
        left = chain.obtained_at + REFRESH_DAYS * DAY - clock.now().timestamp() if chain.obtained_at else 0
    kind = f"single-use refresh token, {'about ' if life.refresh_seconds is None else ''}{duration(left)} left"
    if ended:
        found = f"{kind}; the access token has ended, and only a renewal brings another"
        fix = f"any run renews it; to check its rights: {command('doctor', connection=name, renew=True)}"
        yield Check(name, "ION token", "warn", found, fix)
        return
    found = f"{kind}; access token, {duration(life.access_seconds or 0)} left"
    soon = left < WEEK
    fix = f"{keepalive}, best on a weekly schedule" if soon else ""
    yield Check(name, "ION token", "warn" if soon else "pass", found, fix)
    yield ion_rights(session, chain.access_token)


def ion_rights(session: Session, token: str) -> Check:
    """One small read with the stored access token: is it of this account, may it read customers?"""
    name, account = session.connection.name, session.account
    transport = AuthorizedTransport(session.ion_transport(), _Stored(token))
    try:
        IonClient(session.endpoints.ion, account, transport).customers(email=NOBODY)
    except CredentialsLost as error:
        # ION's own word on the token was good a moment ago, so this is not the refresh token's end.
        fix = f"{command('auth', 'ion', 'keepalive', connection=name)}, then look again"
        return Check(name, "ION rights", "fail", error.problem.line(), fix)
    except ClientError as error:
        return failed(name, "ION rights", error)
    return Check(
        name, "ION rights", "pass", f"may read the customers of account {account}; writing is tried by no check"
    )


def microsoft_checks(session: Session, options: Options) -> Iterator[Check]:
    """Token store, both kinds of tokens and rights in Partner Center. An indirect reseller has no API access there."""
    if session.partner_center is None:
        return
    name = session.connection.name
    prefix = f"CSP_{variable_part(name)}_PC_"
    if session.app_tokens is None:
        found = "no app-only credential: an attestation cannot be requested, nor an agreement put on record"
        fix = f"set {prefix}CLIENT_ID and one of {prefix}CLIENT_SECRET, _CERTIFICATE_FILE, _FEDERATED_TOKEN_FILE"
        yield Check(name, "app-only token", "warn", found, fix)
    else:
        yield claims_line(session, "app-only token", session.app_tokens)
    user = session.user_tokens
    if user is None or user.store is None:
        yield Check(name, "App+User token", "fail", "no app registration is named", f"set {prefix}CLIENT_ID")
        return
    yield _store(name, "App+User store", user.store)
    try:
        chain = user.store.load()
    except ClientError as error:
        yield failed(name, "App+User token", error)
        return
    ended = chain is None or not chain.access_token or chain.expires_at - clock.now().timestamp() < MARGIN / 2
    if ended and not options.renew:
        since = f", last renewed {_ago(chain.obtained_at)} ago" if chain and chain.obtained_at else ""
        missing = chain is None and not os.environ.get(f"{prefix}REFRESH_TOKEN") and session.connection.sandbox is None
        if missing:
            fix = command("auth", "microsoft", "login", connection=name)
            yield Check(name, "App+User token", "fail", "there is none", fix)
        else:
            found = f"there is a refresh token{since}, and no valid access token"
            if chain is None:
                found = "not used yet: a refresh token waits in the environment"
            fix = f"to check it: {command('doctor', connection=name, renew=True)}"
            yield Check(name, "App+User token", "warn", found, fix)
        return
    if ended:
        say(f"{name}: renewing Microsoft's token (the refresh token stays good)", err=True)
    line = claims_line(session, "App+User token", user)
    yield line
    if line.verdict != "fail":
        yield partner_center_rights(session)


def claims_line(session: Session, what: str, tokens: EntraTokens) -> Check:
    """What an access token says of itself: whose, for which tenant, with MFA, how long."""
    name = session.connection.name
    try:
        claims = tokens.claims()
    except ClientError as error:
        return failed(name, what, error, explained(error, name))
    tenant = str(claims.get("tid") or "").lower()
    if tenant and tenant != session.partner_tenant:
        found = f"the token is of tenant {tenant}, the connection names {session.partner_tenant}"
        return Check(name, what, "fail", found, "sign in to the partner tenant, or correct partner_center.tenant_id")
    left = float(claims.get("exp") or 0) - clock.now().timestamp()
    life = f", {duration(left)} left" if left > 0 else ""
    if tokens.store is None:
        proof = {"1": " by secret", "2": " by certificate or federation"}.get(str(claims.get("appidacr")), "")
        return Check(name, what, "pass", f"app {_who(claims)}{proof}{life}")
    if not isinstance(claims.get("amr"), list):
        fix = f"if calls end with 900421: {command('auth', 'microsoft', 'login', connection=name)}, with MFA"
        return Check(name, what, "warn", f"{_who(claims)}{life}; it does not tell whether MFA was used", fix)
    return Check(name, what, "pass", f"{_who(claims)}, with MFA{life}")


def _who(claims: Mapping[str, Any]) -> str:
    for claim in ("upn", "preferred_username", "unique_name", "appid", "azp", "oid"):
        if claims.get(claim):
            return str(claims[claim])
    return "unnamed"


def explained(error: ClientError, name: str) -> str:
    """What to do about the two refusals that Microsoft tells by number only; "" for others."""
    login = command("auth", "microsoft", "login", connection=name)
    if error.problem.code in ("no-mfa", "900421"):
        return f"Partner Center refuses App+User calls without MFA (900421): {login}, and complete the MFA prompt"
    if error.problem.code in ("audience", "900420"):
        return "Partner Center refuses tokens for another audience (900420): remove graph.windows.net from the app"
    return ""


def partner_center_rights(session: Session) -> Check:
    """One small read that needs the role Admin agent or Sales agent."""
    name, pc = session.connection.name, session.partner_center
    assert pc is not None
    try:
        pc.find_by_domain("csp-doctor-nobody.onmicrosoft.com")
    except ClientError as error:
        return failed(name, "Partner Center rights", error, explained(error, name))
    return Check(name, "Partner Center rights", "pass", "may read customers; writing is tried by no check")


def reseller_checks(session: Session, options: Options) -> Iterator[Check]:
    """May the reseller transact? Microsoft's word where the role can ask, else a person's confirmation."""
    connection, name = session.connection, session.connection.name
    if connection.role == "direct-bill":
        return
    if session.partner_center is None:
        yield _program_access(connection)
        return
    if not _user_token_at_hand(session, options):
        found = "not asked: that would renew Microsoft's token"
        yield Check(name, "reseller", "warn", found, command("doctor", connection=name, renew=True))
        return
    try:
        yield _validated(session)
        if session.reseller_tenant:
            signed = session.partner_center.partner_agreement_signed(session.reseller_tenant)
            fix = "" if signed else "the reseller accepts the Microsoft Partner Agreement in its own Partner Center"
            found = "the reseller has signed it" if signed else "the reseller has not signed it"
            yield Check(name, "partner agreement", "pass" if signed else "fail", found, fix)
    except ClientError as error:
        yield failed(name, "reseller", error, explained(error, name))


def _user_token_at_hand(session: Session, options: Options) -> bool:
    store = session.user_tokens.store if session.user_tokens else None
    if store is None:
        return False
    try:
        chain = store.load()
    except ClientError:
        return False
    return options.renew or (chain is not None and chain.expires_at - clock.now().timestamp() >= MARGIN / 2)


def _validated(session: Session) -> Check:
    name, partner = session.connection.name, session.reseller_partner_id
    assert session.partner_center is not None
    if not partner:
        return Check(
            name, "reseller", "warn", "the connection names no reseller", "add reseller: {tenant_id, partner_id}"
        )
    verdict = session.partner_center.reseller_may_transact([partner]).get(partner)
    if verdict is None:
        return Check(name, "reseller", "warn", f"Microsoft said nothing about partner id {partner}", "try again later")
    if verdict.valid:
        return Check(name, "reseller", "pass", f"partner id {partner} may be partner of record")
    fix = "the reseller gives its Partner Location Account id (Partner Center > Account settings > Identifiers > CSP)"
    return Check(name, "reseller", "fail", f"partner id {partner}: {verdict.code} {verdict.message}", fix)


def _program_access(connection: schemas.Connection) -> Check:
    given = schemas.program_access_of(connection)
    if given is not None:
        ref = f" ({given.ref})" if given.ref else ""
        found = f"confirmed by {given.by} on {given.on.isoformat()}{ref}; no API shows it"
        return Check(connection.name, "program access", "pass", found)
    menu = " > ".join(DISTRIBUTOR.programs_edit)
    fix = f"look in ION under {menu}, then add program_access to the connection file"
    found = f"nobody has confirmed that {DISTRIBUTOR.name} approved the CSP program"
    found += ", and no API shows it: no customer can order"
    if connection.program_access is not None:
        found = "the confirmation is for another account"
    return Check(connection.name, "program access", "warn", found, fix)


def _store(name: str, what: str, store: TokenStore) -> Check:
    """Who else can read the tokens, and can we write them? A run may have to renew, so even a preview writes here."""
    try:
        store.load()
    except ClientError as error:
        return failed(name, what, error)
    store = unbound(store)
    if not isinstance(store, FileTokenStore):
        return Check(name, what, "pass", f"{store.place}; readable (only a renewal would show the right to write)")
    file = Path(store.place)
    if loose := store.loose_permissions():
        return Check(name, what, "fail", f"{file} can be read by others (mode {loose})", f"chmod 600 {file}")
    folder = next(parent for parent in file.parents if parent.exists())
    if not os.access(folder, os.W_OK | os.X_OK) or (file.exists() and not os.access(file, os.R_OK | os.W_OK)):
        return Check(name, what, "fail", f"{file} cannot be written", "give this user write access to file and folder")
    return Check(name, what, "pass", f"{file} ({'mode 0600' if file.exists() else 'not there yet'})")


def _ago(stamp: float) -> str:
    return duration(clock.now().timestamp() - stamp)
