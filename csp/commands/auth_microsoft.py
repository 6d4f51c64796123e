"""`csp auth microsoft ...`: the App+User sign-in for Partner Center, by device code with MFA."""

import os
from contextlib import closing
from dataclasses import asdict
from typing import Annotated

import typer

from clients.errors import ClientError, CredentialsLost
from clients.session import Session
from clients.tokens.entra import EntraTokens
from csp import access, secret_input
from csp.diagnosis.check import Options
from csp.diagnosis.credentials import claims_line, explained, microsoft_checks, partner_center_rights
from csp.errors import CommandError
from csp.options import TextOrJson
from csp.say import say, say_block, say_json

app = typer.Typer(
    help="Microsoft Partner Center: an app registration, and a user who signed in with MFA.", no_args_is_help=True
)


@app.command("login")
def login(
    connection: access.ConnectionName = "",
    stdin: Annotated[
        bool, typer.Option("--stdin", help="Read a refresh token of an earlier sign-in from standard input.")
    ] = False,
    from_env: Annotated[
        bool, typer.Option("--from-env", help="Take it from CSP_<CONNECTION>_PC_REFRESH_TOKEN.")
    ] = False,
) -> None:
    """Sign in with a device code and MFA, as a user who is Admin agent. The refresh token goes to the token store.

    A sign-in without MFA is told at once: Partner Center would refuse every later call (900421).
    """
    with access.opened(connection) as session:
        _user_tokens(session)
        name = session.connection.name
        variable = f"CSP_{access.variable_part(name)}_PC_REFRESH_TOKEN"
        source = secret_input.Source(stdin=stdin, variable=variable if from_env else "")
        seed = {variable: secret_input.read("", source)} if source.given else {}
        # A session whose environment holds the given token: its first use proves and stores it.
        with closing(Session(session.connection, session.home, {**os.environ, **seed})) as seeded:
            raise typer.Exit(_sign_in(seeded, ask=not seed))


def _sign_in(session: Session, *, ask: bool) -> int:
    """Get and store a refresh token, then check what it is good for. The exit code."""
    name, tokens = session.connection.name, _user_tokens(session)
    try:
        if ask:
            tokens.login(_show)
        else:
            tokens.token()
    except CredentialsLost as error:
        raise CommandError(f"{error.problem.message}: {explained(error, name) or ''.join(error.action)}") from None
    except ClientError as error:
        raise CommandError(explained(error, name) or str(error)) from None
    assert tokens.store is not None
    say(f"{name}: signed in, stored in {tokens.store.place}")
    checks = [claims_line(session, "App+User token", tokens), partner_center_rights(session)]
    for check in checks:
        say_block(check.line())
    return int(any(check.verdict == "fail" for check in checks))


@app.command("status")
def status(
    connection: access.ConnectionName = "",
    renew: Annotated[bool, typer.Option("--renew", help="Renew an access token that has ended.")] = False,
    format_: TextOrJson = "text",
) -> None:
    """Show both kinds of tokens: whose, with MFA or not, how long they last, where they are. Exit 1 when one fails."""
    with access.opened(connection) as session:
        _user_tokens(session)
        checks = list(microsoft_checks(session, Options(renew=renew)))
    if format_ == "json":
        say_json([asdict(check) for check in checks])
    else:
        for check in checks:
            say_block(check.line())
    raise typer.Exit(1 if any(check.verdict == "fail" for check in checks) else 0)


def _user_tokens(session: Session) -> EntraTokens:
    """Raises CommandError where this connection cannot have an App+User sign-in."""
    name = session.connection.name
    if session.connection.role == "indirect-reseller":
        raise CommandError(f"{name} is an indirect reseller: Microsoft gives it no access to Partner Center's API", 2)
    if session.partner_center is None:
        raise CommandError(f"the connection {name} names no Partner Center", 2)
    if session.user_tokens is None:
        raise CommandError(f"no app registration is named: set CSP_{access.variable_part(name)}_PC_CLIENT_ID", 2)
    return session.user_tokens


def _show(message: str) -> None:
    """Microsoft's sentence with address and code. The code is for the person at this terminal and ends in minutes."""
    say_block(message, err=True)
    say("Waiting for the sign-in (Ctrl-C ends the wait, nothing is stored then) ...", err=True)
