"""A session: everything that one connection can talk to. Built once per process and connection, without network I/O."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import schemas
from clients.endpoints import Endpoints, check_hosts, endpoints_of, ready_file
from clients.entra.discovery import EntraDiscovery
from clients.entra.discovery import describe as describe_entra
from clients.errors import PersonMustAct, Problem
from clients.handover import HandoverStore
from clients.handover.opening import open_handover
from clients.home import INTERRUPTED, home_of
from clients.ion.association import AssociationClient
from clients.ion.client import IonClient
from clients.ion.errors import describe as describe_ion
from clients.ledger import FileLedger, Ledger
from clients.locks import KeyLocks, Locks
from clients.mail import MailSender, Outbox
from clients.mail.outbox import Markers
from clients.mail.sender import MailServer
from clients.partner_center.agreements import AttestationSettings
from clients.partner_center.client import PartnerCenterClient
from clients.partner_center.errors import describe as describe_partner_center
from clients.partner_center.wire import Wire
from clients.redact import SECRETS
from clients.tokens.binding import Binding, BoundStore
from clients.tokens.entra import AppCredential, Authority, EntraTokens
from clients.tokens.ion import GivenAccess, IonTokens
from clients.tokens.opening import open_store
from clients.tokens.renewal import Wanted
from clients.tokens.renewer import renew_detached
from clients.tokens.store import TokenStore, digest
from clients.wire.bounded import open_client
from clients.wire.clock import Clock, SystemClock
from clients.wire.http import httpx
from clients.wire.pace import CallStats, Limits, Pace, Pauses, PausesOf
from clients.wire.transport import AuthorizedTransport, Credential, Describe, Transport
from clients.wire.wirelog import WireLog
from schemas.check.token_place import token_file
from schemas.command import command
from schemas.kinds import hosts


class Session:
    """See the attributes; each client is None where the connection cannot use it."""

    connection: schemas.Connection
    account: str
    partner_tenant: str
    reseller_tenant: str
    reseller_partner_id: str
    ion: IonClient | None
    ion_tokens: IonTokens | None
    partner_center: PartnerCenterClient | None
    user_tokens: EntraTokens | None
    app_tokens: EntraTokens | None
    association: AssociationClient | None
    entra: EntraDiscovery
    mail: MailSender | None
    outbox: Outbox
    interrupted: frozenset[str]
    project: Path | None
    handover: HandoverStore
    locks: Locks
    ledger: Ledger
    calls: CallStats
    endpoints: Endpoints
    home: Path

    @classmethod
    def open(cls, name: str, *, project_dir: Path | None = None, clock: Clock | None = None) -> Session:
        """The connection `stacks/connections/<name>.yaml` of `project_dir` (default: the current folder).

        Raises schemas.DeclarationErrors (unreadable connection) and PersonMustAct (sandbox not started, no credential).
        """
        project = project_dir or Path.cwd()
        return cls(schemas.load_connection(name, project), home_of(project), os.environ, clock=clock, project=project)

    def __init__(
        self,
        connection: schemas.Connection,
        home: Path,
        environment: Mapping[str, str],
        *,
        clock: Clock | None = None,
        detached: bool = True,
        carrier: httpx.BaseTransport | None = None,
        project: Path | None = None,
    ) -> None:
        """`project`: the folder whose `stacks/` may hold mail templates of its own.

        `detached` False renews ION's token inside this process, `carrier` takes the requests instead of the network:
        both for tests on virtual time only."""
        self.connection = connection
        self.home = home
        self.project = project
        self.calls = CallStats()
        self._clock = clock or SystemClock()
        self._environment = environment
        SECRETS.add_environment(environment)
        self._detached = detached
        self._ready = ready_file(connection, home)
        self.endpoints = endpoints_of(connection, self._ready)
        check_hosts(connection, self.endpoints, environment)
        self.account = self.endpoints.account
        self.partner_tenant = self.endpoints.partner_tenant
        self.reseller_tenant = self.endpoints.reseller_tenant
        self.reseller_partner_id = self.endpoints.reseller_partner_id
        self._limits = Limits(
            concurrency=connection.limits.concurrency,
            requests_per_second=connection.limits.requests_per_second,
            deadline_seconds=connection.limits.deadline_seconds,
        )
        scope = f"{self.account}/{self.partner_tenant}"
        self._pauses: PausesOf
        markers: Path | Markers
        self._shared = ""
        if connection.coordination == "postgresql":
            from clients.shared import postgres

            self._shared = environment.get(postgres.VARIABLE, "")
            database = postgres.Database(self._shared)
            self.locks = postgres.SharedLocks(database, scope)
            self._pauses, markers = postgres.SharedPauses(database), postgres.SharedMarkers(database)
            self.ledger = postgres.SharedLedger(database)
        else:
            self.locks = KeyLocks(home / "locks", scope)
            self._pauses, markers = Pauses(home / "locks" / "pauses", self._clock), home / "mail"
            self.ledger = FileLedger(home / "locks")
        self._http = open_client(
            seconds=self._limits.read_seconds,
            connect_seconds=self._limits.connect_seconds,
            # Shorter than what servers keep, so that a write rarely meets a connection that was just closed.
            limits=httpx.Limits(max_connections=4 * self._limits.concurrency, keepalive_expiry=3.0),
            # A sandbox is on loopback: proxies of the environment must not see it.
            trust_env=connection.sandbox is None,
            transport=carrier,
        )
        self._log = WireLog.from_environment()
        self.entra = EntraDiscovery(
            self.endpoints.entra, self._transport("entra", "public", describe_entra, self.endpoints.entra)
        )
        self._open_ion()
        self._open_partner_center()
        self.mail = self._mail()
        self.outbox = Outbox(markers, self._clock, self.locks.check)
        # Customers whose last run was stopped on another machine (`csp up` tells): their mails may have left there.
        self.interrupted = frozenset(filter(None, environment.get(INTERRUPTED, "").split(",")))
        self.handover = self._handover()

    def close(self) -> None:
        self._http.close()
        self._pauses.close()

    # --- the systems

    def _open_ion(self) -> None:
        self.ion = self.ion_tokens = self.association = None
        where = self.endpoints
        if not where.account:
            return
        credential: Credential
        if given := self._environment.get(self._variable("ION_ACCESS_TOKEN"), ""):
            credential = GivenAccess(given)
        else:
            seed = self._secret("ION_REFRESH_TOKEN", "ion_refresh_token")
            again = bool(seed) and self.connection.sandbox is not None
            store = self._store("", "ion", (where.ion,), where.account, seed)
            credential = self.ion_tokens = IonTokens(store, self._renew, clock=self._clock, seed=seed, seed_again=again)
        plain = self._transport("ion", where.account, describe_ion, where.ion)
        answered = self.ion_tokens.answered if self.ion_tokens else lambda: None
        self.ion = IonClient(where.ion, where.account, AuthorizedTransport(plain, credential, answered=answered))
        if where.association:
            self.association = AssociationClient(
                where.ion,
                where.association,
                where.account,
                AuthorizedTransport(self._transport("association", where.account, describe_ion, where.ion), credential),
            )

    def _renew(self, store: TokenStore, wanted: Wanted) -> None:
        if self._detached:
            self.calls.add("ion")
            renew_detached(
                store,
                self.endpoints.ion,
                wanted,
                pauses=None if self._shared else self.home / "locks" / "pauses",
                database=self._shared,
                trust_env=self.connection.sandbox is None,
            )
        else:
            from clients.tokens.renewal import exchange_over, renew

            exchange = exchange_over(self.ion_transport(), self.endpoints.ion)
            renew(store, exchange, wanted, self._clock)

    def ion_transport(self) -> Transport:
        """Without a token: for the oauth calls."""
        return self._transport("ion", "oauth", describe_ion, self.endpoints.ion)

    def _open_partner_center(self) -> None:
        self.partner_center = self.user_tokens = self.app_tokens = None
        where = self.endpoints
        if self.connection.role == "indirect-reseller" or not where.partner_tenant:
            return
        app = AppCredential(
            client_id=self._secret("PC_CLIENT_ID", "pc_client_id"),
            secret=self._secret("PC_CLIENT_SECRET", "pc_client_secret"),
            certificate_file=self._environment.get(self._variable("PC_CERTIFICATE_FILE"), ""),
            token_file=self._environment.get(self._variable("PC_FEDERATED_TOKEN_FILE"), ""),
        )
        authority = Authority(where.login, where.partner_tenant)
        if app.client_id:
            seed = self._secret("PC_REFRESH_TOKEN", "pc_refresh_token")
            login = self._transport("entra", where.partner_tenant, describe_entra, where.login)
            store = self._store(".pc", "microsoft", (where.login, where.partner_center), where.partner_tenant, seed)
            self.user_tokens = EntraTokens(authority, app, login, clock=self._clock, store=store, seed=seed)
            if app.kind:
                self.app_tokens = EntraTokens(authority, app, login, clock=self._clock)
        settings = self.connection.enhanced_attestation
        wire = Wire(
            where.partner_center,
            where.partner_tenant,
            self._transport("partner_center", where.partner_tenant, describe_partner_center, where.partner_center),
            user=self.user_tokens,
            app=self.app_tokens,
        )
        self.partner_center = PartnerCenterClient(
            wire,
            AttestationSettings(
                path=settings.path,
                fields=dict(settings.fields),
                link_template=settings.link_template,
                link_minutes=settings.link_minutes,
                words=dict(self.connection.status_words),
            ),
        )

    def _mail(self) -> MailSender | None:
        declared = self.connection.mail
        host = (declared.host if declared else "") or self.endpoints.smtp_host
        if declared is None or not host:
            return None
        sandbox = self.connection.sandbox is not None and not declared.host
        refused = hosts.refused_host("mail", host, self._environment)
        return MailSender(
            MailServer(
                host=host,
                port=self.endpoints.smtp_port if sandbox else declared.port,
                starttls=declared.starttls and not sandbox,
                tls=declared.tls and not sandbox,
                sender=str(declared.sender),
                copy_to=str(declared.copy_to or ""),
                user="" if sandbox else self._environment.get(self._variable("MAIL_USER"), ""),
                password="" if sandbox else self._secret("MAIL_PASSWORD", ""),
                refused=str(refused or ""),
            )
        )

    def _handover(self) -> HandoverStore:
        return open_handover(self.connection, self.home, self._clock)  # its vault is checked already

    # --- inside

    def _transport(self, system: str, account: str, describe: Describe, base: str) -> Transport:
        return Transport(
            system,
            self._http,
            clock=self._clock,
            pace=Pace(f"{system}-{account}", self._limits, self._pauses, self._clock),
            limits=self._limits,
            stats=self.calls,
            describe=describe,
            log=self._log,
            base=base,
            before_write=self.locks.check,
        )

    def _store(self, suffix: str, kind: str, addresses: tuple[str, ...], account: str, seed: str) -> TokenStore:
        """The tokens of one credential, for these addresses and this account alone. `kind`: of `csp auth`."""
        declared, sandbox = self.connection.token_store, self.connection.sandbox
        name = f"{self.connection.name}{suffix}"
        login = command("auth", kind, "login", connection=self.connection.name)
        binding = Binding(
            # The port of a sandbox is another one after each start.
            address=f"sandbox {sandbox.profile}" if sandbox else " and ".join(dict.fromkeys(addresses)),
            account=account,
            login=login,
            first_use=sandbox is None and all(map(hosts.is_built_in, addresses)),
            seed=digest(seed) if sandbox else "",
        )
        return BoundStore(self._opened_store(declared, name, suffix), binding, account_proven=kind == "microsoft")

    def _opened_store(self, declared: schemas.TokenStore | None, name: str, suffix: str) -> TokenStore:
        if declared is not None and declared.key_vault:
            secret = "csp-" + name.replace(".", "-").replace("_", "-")
            return open_store({"kind": "key_vault", "vault": str(declared.key_vault), "name": secret})
        if declared is not None and declared.file:
            path = token_file(declared.file, self.home, self.project or Path.cwd())
            if isinstance(path, hosts.Refused):
                problem = Problem("tokens", "open", None, "place", f"token_store.file {path.message}")
                raise PersonMustAct(problem, owner="us", action=path.hint)
            return open_store({"kind": "file", "path": str(path.with_name(path.stem + suffix + path.suffix))})
        return open_store({"kind": "file", "path": str(self.home / "tokens" / f"{name}.json")})

    def _variable(self, what: str) -> str:
        return f"CSP_{self.connection.name.upper().replace('-', '_')}_{what}"

    def _secret(self, what: str, ready_key: str) -> str:
        """Environment first; a sandbox's ready file only for a sandbox connection."""
        value = self._environment.get(self._variable(what), "") or str(self._ready.get(ready_key) or "")
        if what != "PC_CLIENT_ID":
            SECRETS.add(value)
        return value
