"""`csp auth ion|microsoft ...`: bring in, look at and keep alive the credentials of a connection.

No secret is ever an argument (arguments are visible to every user of a machine) or printed.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, NoReturn

import typer

from clients.errors import CredentialsLost, RetryLater
from clients.session import Session
from clients.tokens.binding import unbound
from clients.tokens.ion import IonTokens, LoginRefused
from clients.tokens.store import FileTokenStore
from clients.wire import clock
from csp import access, secret_input
from csp.commands import auth_microsoft
from csp.diagnosis.check import Check
from csp.diagnosis.credentials import REFRESH_DAYS, ion_rights
from csp.errors import CommandError
from csp.options import TextOrJson
from csp.say import say, say_block, say_json
from csp.views.readiness import pasted
from schemas.command import command

app = typer.Typer(help="Sign in, and look at or keep alive the credentials of a connection.", no_args_is_help=True)


def register(above: typer.Typer) -> None:
    above.add_typer(app, name="auth")


ion = typer.Typer(
    help="StreamOne ION: one single-use refresh token that is renewed all the time.", no_args_is_help=True
)
app.add_typer(ion, name="ion")
app.add_typer(auth_microsoft.app, name="microsoft")

CLICKS = """In ION (management console), as an Account Admin:
  1. Settings (triple bar, top right) > Users > add a user for this tool alone: any mailbox that you can read, role
     Account Admin, Ops or Sales (which of them suffices is not published; the role User does not)
  2. pick the user > Edit > OAuth credentials > Request New Credentials
  3. copy the refresh token: it is shown once and works once"""
WHY_ALONE = (
    "Requesting new credentials may end those of another tool that uses the same ION user, and two tools with one "
    "refresh token throw each other out."
)


@ion.command("login")
def login(
    connection: access.ConnectionName = "",
    stdin: Annotated[bool, typer.Option("--stdin", help="Read the refresh token from standard input.")] = False,
    from_env: Annotated[
        bool, typer.Option("--from-env", help="Take it from CSP_<CONNECTION>_ION_REFRESH_TOKEN.")
    ] = False,
    own_user: Annotated[
        bool, typer.Option("--own-user", help="The token's user is used by no other tool: do not ask.")
    ] = False,
) -> None:
    """Store a refresh token that ION has just shown, and prove it by one renewal."""
    with _opened(connection) as (session, tokens):
        name = session.connection.name
        variable = f"CSP_{access.variable_part(name)}_ION_REFRESH_TOKEN"
        source = secret_input.Source(stdin=stdin, variable=variable if from_env else "")
        _ask_own_user(own_user, source)
        token = secret_input.read("Refresh token (not shown)", source)
        _start_chain(name, tokens, token)
        say(f"{name}: ION took the refresh token, and its successor is stored in {tokens.store.place}")
        _finish(session, tokens)


def _start_chain(name: str, tokens: IonTokens, token: str) -> None:
    """Store and prove a new refresh token. Raises CommandError that says what became of the old and the new one."""
    try:
        tokens.login(token)
    except LoginRefused as error:
        kept = "The credentials stored before are kept. " if error.kept else ""
        raise CommandError(
            "ION refused this refresh token: it was used before, has ended or was not copied whole. "
            f"{kept}Request new credentials and run {command('auth', 'ion', 'login', connection=name)} again"
        ) from None
    except CredentialsLost as error:
        raise _unknown(name, error) from None
    except RetryLater as error:
        raise CommandError(
            f"the token is stored in {tokens.store.place} and not used up, because ION was not reached: {error}. "
            f"Go on with {command('auth', 'ion', 'keepalive', connection=name)}"
        ) from None


@ion.command("status")
def status(
    connection: access.ConnectionName = "",
    format_: TextOrJson = "text",
) -> None:
    """Show how long the token lasts, where it is kept and what it may do. Renews nothing. Exit 1 when it is lost."""
    with _opened(connection) as (session, tokens):
        facts = _facts(session, tokens)
    if format_ == "json":
        say_json(facts)
    else:
        _print(facts)
    raise typer.Exit(_exit_code(facts))


@ion.command("keepalive")
def keepalive(connection: access.ConnectionName = "") -> None:
    """Renew the token now. Run it weekly where nothing else runs: an idle refresh token ends after 30 to 32 days."""
    with _opened(connection) as (session, tokens):
        name = session.connection.name
        try:
            tokens.keepalive()
        except RetryLater as error:
            raise CommandError(f"not renewed, and nothing is lost: {error}. Run it again later") from None
        except CredentialsLost as error:
            raise _lost(name, error) from None
        say(f"{name}: renewed, stored in {tokens.store.place}")
        _finish(session, tokens)


@ion.command("try-again")
def try_again(connection: access.ConnectionName = "") -> None:
    """After an interrupted renewal: send the same refresh token once more. Works when the request never arrived.

    If it did arrive, ION refuses, and a person requests new credentials: nothing is lost by trying.
    """
    with _opened(connection) as (session, tokens):
        name = session.connection.name
        chain = tokens.store.load()
        if chain is None or chain.sent_at is None:
            look = command("auth", "ion", "status", connection=name)
            raise CommandError(f"no renewal of {name} was interrupted: {look}", 2)
        try:
            tokens.try_again()
        except CredentialsLost as error:
            raise _lost(name, error) from None
        say(f"{name}: the request had not arrived. Renewed, stored in {tokens.store.place}")
        _finish(session, tokens)


@contextmanager
def _opened(connection: str) -> Iterator[tuple[Session, IonTokens]]:
    with access.opened(connection) as session:
        if session.ion_tokens is None:
            raise CommandError(f"the connection {session.connection.name} names no ION account", 2)
        yield session, session.ion_tokens


def _ask_own_user(sure: bool, source: secret_input.Source) -> None:
    """Nobody shall end another integration without knowing it."""
    if sure:
        return
    say(WHY_ALONE, err=True)
    if source.given or not sys.stdin.isatty():
        raise CommandError("if the token's user is used by no other tool, say so with --own-user", 2)
    if not typer.confirm("Is the user of this token used by no other tool?", default=False):
        say_block(CLICKS)
        raise CommandError("nothing was stored; come back with the token of a user of its own")


def _unknown(name: str, error: CredentialsLost) -> CommandError:
    return CommandError(
        f"{error.problem.message}. Nothing is sent with it until a person decides: run "
        f"{command('auth', 'ion', 'try-again', connection=name)} (works if the request never arrived); if ION refuses, "
        "open Settings > Users > the user > Edit > OAuth credentials > Request New Credentials in ION, and run "
        f"{command('auth', 'ion', 'login', connection=name)}"
    )


def _lost(name: str, error: CredentialsLost) -> CommandError:
    if error.problem.code == "unknown":
        return _unknown(name, error)
    return CommandError(
        f"{error.problem.message}: in ION open Settings > Users > the tool's user > Edit > OAuth credentials > Request "
        f"New Credentials, then run {command('auth', 'ion', 'login', connection=name)}"
    )


def _finish(session: Session, tokens: IonTokens) -> NoReturn:
    """Prove the new chain (the one before it may go then), show what it is good for, and end."""
    facts = _facts(session, tokens)
    chain = tokens.store.load()
    if facts["rights_ok"]:
        tokens.answered()
    if chain is not None and facts["access_seconds"]:
        tokens.worked(chain.access_token)
    _print(facts)
    raise typer.Exit(_exit_code(facts))


def _exit_code(facts: dict[str, Any]) -> int:
    """1 when a person must do something: the chain is lost, or it is not good for this account."""
    return 0 if facts["state"] in ("good", "waiting") and facts["rights_ok"] is not False else 1


def _facts(session: Session, tokens: IonTokens) -> dict[str, Any]:
    """What `status` tells. `state`: good, waiting (in the environment, not used yet), refused (ION does not take the
    access token), missing, unknown, rejected."""
    life, chain = tokens.life(session.ion_transport(), session.endpoints.ion), tokens.store.load()
    access_seconds = max(life.access_seconds or 0.0, 0.0)
    refresh, told_by = life.refresh_seconds, "ION"
    if refresh is None and chain is not None and chain.obtained_at:
        refresh = max(chain.obtained_at + REFRESH_DAYS * access.DAY - clock.now().timestamp(), 0.0)
        told_by = f"our own clock, at {REFRESH_DAYS} days"
    rights = ion_rights(session, chain.access_token) if chain and life.state == "good" and access_seconds > 0 else None
    store = tokens.store
    file = unbound(store)
    loose = file.loose_permissions() if isinstance(file, FileTokenStore) else ""
    return {
        "connection": session.connection.name,
        "account": session.account,
        "state": _state(life.state, chain is not None, rights),
        "access_seconds": int(access_seconds),
        "refresh_seconds": None if refresh is None else int(refresh),
        "told_by": told_by if refresh is not None else "",
        "rights": "not checked: that needs a valid access token" if rights is None else rights.found,
        "rights_fix": "" if rights is None else rights.fix,
        "rights_ok": None if rights is None else rights.verdict == "pass",
        "store": store.place,
        "store_readable_by_others": loose,
    }


def _state(life: str, stored: bool, rights: Check | None) -> str:
    """`good` is said only of a token that ION takes, or of one that nobody could ask about without renewing it."""
    if life != "good":
        return life
    if not stored:
        return "waiting"
    return "refused" if rights is not None and rights.verdict == "fail" else "good"


def _print(facts: dict[str, Any]) -> None:
    name = facts["connection"]
    words = {
        "good": "good",
        "refused": f"ION does not take it: {facts['rights']}",
        "waiting": "in the environment, not used yet; the first run stores its successor",
        "missing": f"there is none: {pasted('auth', 'ion', 'login', connection=name)}",
        "unknown": f"nobody knows whether it was spent: {pasted('auth', 'ion', 'try-again', connection=name)}",
        "rejected": f"refused by ION: {pasted('auth', 'ion', 'login', connection=name)}",
    }
    rows = {
        "account": f"ION {facts['account']}. ION does not tell which user a token belongs to",
        "token": words[facts["state"]],
    }
    if facts["state"] == "good":
        left = facts["access_seconds"]
        rows["access"] = f"{access.duration(left)} left" if left else "has ended; the next run renews it"
        if facts["refresh_seconds"] is not None:
            rows["refresh"] = f"{access.duration(facts['refresh_seconds'])} left (by {facts['told_by']})"
        rows["rights"] = facts["rights"]
    if facts["state"] == "refused" and facts["rights_fix"]:
        rows["to do"] = facts["rights_fix"]
    loose = facts["store_readable_by_others"]
    rows["store"] = facts["store"] + (f"  READABLE BY OTHERS (mode {loose}): chmod 600" if loose else "")
    say(name)
    for label, text in rows.items():
        say(f"  {label:8} {text}")
