"""What `csp doctor` checks of one connection: addresses, clocks, credentials, rights, handover, mail.

Every check ends in a line, never in an exception; nothing is written but what --renew asks for.
"""

import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

import schemas
from clients.errors import ClientError
from clients.session import Session
from clients.wire import clock
from clients.wire.bounded import is_untrusted, open_client, time_limit, whole_body
from clients.wire.http import httpx
from csp import access
from csp.diagnosis.check import Check, Options, failed
from csp.diagnosis.credentials import ion_checks, microsoft_checks, reseller_checks
from csp.errors import CommandError
from csp.project import Project
from onboarding.core.remedy import Trouble
from schemas.command import command

PROBE_SECONDS = 10.0
SKEW_WARN, SKEW_FAIL = 30.0, 240.0
"""Seconds between our clock and a server's. Entra refuses tokens and assertions at about 300 s (general knowledge)."""


def connection_checks(project: Project, name: str, options: Options) -> Iterator[Check]:
    """All checks of one connection, in the order of the screen."""
    try:
        with access.opened(name) as session:
            yield _connection(session)
            yield from _addresses(session)
            yield from ion_checks(session, options)
            yield from microsoft_checks(session, options)
            yield from reseller_checks(session, options)
            yield _handover(session)
            yield _mail(session)
            yield from _shared(session)
    except schemas.DeclarationErrors as errors:
        yield Check(name, "connection", "fail", "; ".join(map(str, errors.findings)), "correct the connection file")
    except CommandError as error:
        found, action = str(error), ""
        if isinstance(error.message, Trouble):
            found, action = error.message.why, error.message.do
        again = f"mend stacks/connections/{name}.yaml, then look again with {command('doctor', connection=name)}"
        yield Check(
            name, "connection", "fail", found, action or ("name one of them" if error.exit_code == 2 else again)
        )


def _connection(session: Session) -> Check:
    connection = session.connection
    parts = [connection.role, f"ION account {session.account}" if session.account else "no ION account"]
    if session.partner_tenant:
        parts.append(f"partner tenant {session.partner_tenant}")
    if connection.sandbox:
        parts.append(f"SANDBOX {connection.sandbox.profile}")
    return Check(connection.name, "connection", "pass", ", ".join(parts))


def _addresses(session: Session) -> Iterator[Check]:
    """Reach every address without a credential; any answer is good enough. One more line for the clocks."""
    name, where = session.connection.name, session.endpoints
    urls = {}
    if session.ion is not None:
        urls["ION address"] = where.ion
    if session.partner_center is not None:
        urls["Partner Center"] = where.partner_center
        document = f"{where.partner_tenant}/v2.0/.well-known/openid-configuration"
        urls["Microsoft login"] = f"{where.login.rstrip('/')}/{document}"
    if session.partner_center is None or where.entra != where.login:
        urls["Entra discovery"] = where.entra
    skews: dict[str, float] = {}
    # A sandbox is on loopback, where no proxy must come between; live addresses go the way that runs go.
    direct = session.connection.sandbox is not None
    with open_client(seconds=PROBE_SECONDS, connect_seconds=PROBE_SECONDS, trust_env=not direct) as http:
        for what, url in urls.items():
            check, skew = _reached(name, what, url, http)
            yield check
            if skew is not None:
                skews[what] = skew
    if skews:
        yield _clock(name, skews)


def _reached(name: str, what: str, url: str, http: httpx.Client) -> tuple[Check, float | None]:
    """The line, and the server's clock minus ours in seconds (None when it tells no time)."""
    before, started = clock.now(), time.monotonic()
    try:
        with time_limit(PROBE_SECONDS), http.stream("GET", url) as answer:
            whole_body(answer)
    except httpx.HTTPError as error:
        text = " ".join(str(error).split()) or type(error).__name__
        fix = "check name, firewall and HTTPS_PROXY"
        if is_untrusted(error):
            fix = "name your organisation's certificate authority in SSL_CERT_FILE"
        return Check(name, what, "fail", f"{url}: {text}", fix), None
    seconds = time.monotonic() - started
    skew = None
    if date := answer.headers.get("date"):
        try:
            # Half the way there and back, and half the second that the header cuts off.
            skew = (parsedate_to_datetime(date) - before).total_seconds() - seconds / 2 + 0.5
        except ValueError:
            skew = None
    found = f"{httpx.URL(url).host}: answered {answer.status_code} in {seconds * 1000:.0f} ms"
    if answer.status_code >= 500:
        return Check(name, what, "warn", found, "the service has trouble: try again later"), skew
    if what == "Microsoft login" and answer.status_code >= 400:
        return Check(name, what, "fail", f"{found}: no such tenant", "correct partner_center.tenant_id"), skew
    return Check(name, what, "pass", found), skew


def _clock(name: str, skews: dict[str, float]) -> Check:
    what, worst = max(skews.items(), key=lambda pair: abs(pair[1]))
    if abs(worst) < SKEW_WARN:
        return Check(name, "clock", "pass", f"within {max(abs(worst), 1):.0f} s of every server")
    side = "behind" if worst > 0 else "ahead of"
    found = f"this machine's clock is {access.duration(abs(worst))} {side} that of {what}"
    return Check(name, "clock", "fail" if abs(worst) >= SKEW_FAIL else "warn", found, "let NTP set the clock")


def _handover(session: Session) -> Check:
    name, declared = session.connection.name, session.connection.handover
    if declared is None:
        fix = "name age public keys under handover.recipients"
        if session.partner_center is None:
            return Check(
                name, "handover", "warn", "no recipient: a one-time password has nobody to be encrypted for", fix
            )
        return Check(name, "handover", "warn", "no recipient: no new tenant is made by API", fix)
    if declared.key_vault and not declared.recipients:
        fix = "name age public keys under handover.recipients, for the second place"
        return Check(name, "handover", "warn", "a vault without a second place: no new tenant is made by API", fix)
    if declared.key_vault:
        return Check(name, "handover", "pass", f"{declared.key_vault} (not tried: only a write would show the right)")
    try:
        session.handover.release(session.handover.reserve("doctor"))
    except ClientError as error:
        return failed(name, "handover", error)
    number = len(declared.recipients)
    return Check(name, "handover", "pass", f"{number} recipient{'s' if number != 1 else ''} can open credentials")


def _shared(session: Session) -> Iterator[Check]:
    """Take a lock that nothing else takes. Nothing is said where runners meet in a folder."""
    if session.connection.coordination is None:
        return
    name, what = session.connection.name, "coordination"
    try:
        with session.locks.hold("doctor", name):
            session.locks.check()
    except ClientError as error:
        fix = "reach the database of CSP_POSTGRESQL from here, as a user who may create tables in it"
        yield Check(name, what, "fail", error.problem.message, fix)
    else:
        yield Check(name, what, "pass", "locks, pauses and sent markers are in a database that answers")


def _mail(session: Session) -> Check:
    """Greets the mail server and says goodbye: no mail, no login."""
    name, declared = session.connection.name, session.connection.mail
    if declared is None or session.mail is None:
        return Check(name, "mail", "pass", "no mail server: next steps hold the mails for a person to send")
    fix = "correct mail.host, mail.port and mail.starttls, or open the way to the server"
    if wrong := session.mail.check():
        return Check(name, "mail", "fail", f"{session.mail}: {wrong}", fix)
    return Check(name, "mail", "pass", f"{session.mail} answers, mails come from {declared.sender}")
