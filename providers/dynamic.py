"""The one place that knows Pulumi's dynamic-provider protocol (docs/systems/pulumi.md).

A resource is declared by a `Resource` subclass and run by a `Provider` that holds a module of `onboarding` (its verbs).
Providers are pickled by reference to a module-level function, a path that stays in state for ever (docs/state.md).
"""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import pulumi
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    UpdateResult,
)
from pulumi.dynamic import Resource as DynamicResource
from pulumi.output import Unknown, contains_unknowns
from pydantic import ValidationError

from clients.errors import ClientError, CredentialsLost, OurBug, PersonMustAct, Unexpected, WrongAccount, contained
from onboarding.allowed import reviewed, said
from onboarding.core import kept, state, state_format
from onboarding.core.catalogue import RESOURCES
from onboarding.core.contract import NEXT_RUN, Facts, Known, Outcome, blocked, unobserved, waiting
from onboarding.core.remedy import reason, remedy
from onboarding.core.session_checks import wrong_account
from providers import noted, planned, removals, sessions
from providers.by_reference import ByReference
from providers.errors import OnboardingError, handed_over
from schemas.command import command, for_connection, shown
from schemas.dotted import value_at
from schemas.model.gates import ResourceName
from schemas.plain import plain

if TYPE_CHECKING:  # the program only declares: what looks and writes is loaded where it is asked for
    from clients.session import Session
    from onboarding.look.snapshot import Look
    from onboarding.plan.judged import Subject

END_RELATIONSHIP = "end-relationship"


class Thing(Protocol):
    """A module of `onboarding`."""

    @property
    def Inputs(self) -> type[Any]: ...  # noqa: N802
    @property
    def CARRIED(self) -> tuple[str, ...]: ...  # noqa: N802
    @property
    def observe(self) -> Callable[[Any, Known, Look], Facts]: ...
    @property
    def assess(self) -> Callable[[Any, Known, Facts, Session], Outcome]: ...
    @property
    def converge(self) -> Callable[[Any, Known, Facts, Session], Outcome]: ...
    @property
    def release(self) -> Callable[[Known, Session], Outcome]: ...


class Provider(ByReference):
    """Maps Pulumi's calls to the verbs of one thing. No state of its own: the pickle is a reference to a function."""

    def __init__(
        self,
        kind: str,
        thing: Callable[[], Any],
        by_reference: Callable[[], Provider],
        from_others: tuple[str, ...] = (),
    ) -> None:
        """`kind`: how messages name the resource. `thing`: loads its verbs. `from_others`: inputs that come from
        outputs of other resources."""
        super().__init__(by_reference)
        self._kind = kind
        self._name = next((name for name, one in RESOURCES.items() if one.title == kind), kind)
        self._load = thing
        self._from_others = from_others
        self._connection = ""

    @functools.cached_property
    def _thing(self) -> Thing:
        verbs: Thing = self._load()
        return verbs

    def configure(self, req: ConfigureRequest) -> None:
        self._connection = req.config.get("connection") or ""

    # The program's side of a run: no call leaves the machine in here.

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Validate and make regular. A value of another resource that is not known (yet) keeps what was known
        before."""
        inputs = state.plain(news)
        before = state.plain(_olds)
        planning, key = bool(said.planning()), str(inputs.get("key"))
        for name in self._from_others:
            if isinstance(inputs.get(name, ""), Unknown) or not inputs.get(name):
                coming = planned.carried(self._connection, key, name) if planning else ""
                inputs[name] = before.get(name) or coming
        if contains_unknowns(inputs):
            return CheckResult(inputs, [])
        try:
            inputs = self._regular(inputs)
        except ValidationError as wrong:
            return CheckResult(inputs, [CheckFailure("", line) for line in _lines(wrong)])
        if planning and not before:
            planned.about(self._subject(None, inputs, Known()))
        return CheckResult(inputs, [])

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Declared inputs first (the engine then tells which), else progress: what was seen against what was
        handled."""
        news, olds = state.plain(_news), kept.full(state.plain(_olds))
        if state_format.refusal(olds):  # as in read: the guard has said so
            return DiffResult(changes=False)
        changes = self._changes(olds, news)
        if said.planning() and not contains_unknowns(news):
            known = Known(olds)
            if changes is not False or planned.may_follow(self._connection, str(olds.get("key")), known):
                before = self._projection(state.with_paths(olds, olds.get("declared") or {}))
                planned.about(self._subject(before, news, known))
        return DiffResult(changes=changes)

    def _changes(self, olds: dict[str, Any], news: dict[str, Any]) -> bool | None:
        """None: the engine tells what differs."""
        if contains_unknowns(news) or self._projection(olds) != news:
            return None
        known = Known(olds)
        retry = str(olds.get("key")) in _retries() and bool(known.rejected or known.text("status") == "blocked")
        return retry or _renewing(olds) or known.handled != known.seen

    def _subject(self, before: Mapping[str, Any] | None, inputs: Mapping[str, Any], known: Known) -> Subject:
        """This resource, for the plan."""
        from onboarding.plan.judged import Subject

        key = str(inputs.get("key"))
        return Subject(self._connection, key, self._name, self._thing, before, inputs, known)

    # The system's side.

    @handed_over
    def create(self, props: dict[str, Any]) -> CreateResult:
        inputs = state.plain(props)
        outs = self._converged(inputs, Known())
        return CreateResult(f"{outs['account'] or outs['partner_tenant']}/{inputs['key']}", kept.short(outs))

    @handed_over
    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        inputs, olds = state.plain(_news), kept.full(state.plain(_olds))
        _not_newer(olds)
        known = Known({**olds, "retrying": str(olds.get("key")) in _retries(), "renewing": _renewing(olds)})
        return UpdateResult(kept.short(self._converged(inputs, known)))

    @handed_over
    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Look, never raise, never say "gone": what cannot be looked at is `unobserved`, and noted for the end of the
        run."""
        outs = state.plain(props)
        if state_format.refusal(outs):  # the guard says so, once for all
            return ReadResult(id_, outs, self._raw_projection(outs))
        outs = kept.full(outs)
        known = Known(outs)
        key = str(outs.get("key") or id_)
        try:
            outs = self._looked_at(outs, known)
        except Exception as failure:  # a plugin that raises here ends the run of everybody
            outs = state.unobserved(known, *self._blind(failure))
            self._could_not_look(key, failure, outs["unobserved"]["since"])
        else:
            noted.looked(self._connection, self._kind, key)
        return ReadResult(id_, kept.short(outs), self._raw_projection(outs))

    def _looked_at(self, outs: dict[str, Any], known: Known) -> dict[str, Any]:
        """The outputs after a look. Raises what stands in its way."""
        inputs = self._regular(state.with_paths(self._raw_projection(outs), outs.get("declared") or {}))
        session = sessions.session(self._connection)
        desired = self._thing.Inputs.model_validate(inputs)
        refused = wrong_account(known, session)
        if refused:
            outcome = _other_account(refused)
        else:
            facts = self._thing.observe(desired, known, sessions.estate_look(self._connection))
            outcome = self._thing.assess(desired, known, facts, session)
            known = state.in_todays_form(known, outcome.facts)
            outcome = _as_rejected(known, outcome)
        return self._outputs(inputs, known, outcome, _accounts(session), converged=False)

    @handed_over
    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Reached only with on_remove: end-relationship; counted against CSP_ALLOW_REMOVALS in this process."""
        props = kept.full(state.plain(_props))
        _not_newer(props)
        key, known = str(props.get("key")), Known(props)
        if props.get("on_remove") != END_RELATIONSHIP:
            raise OnboardingError(
                f"{self._kind} {key}: nothing is ended, because on_remove: {END_RELATIONSHIP} was not applied before"
            ) from None
        try:
            session = sessions.session(self._connection)
        except (ClientError, sessions.CannotOpen) as failure:
            self._could_not_look(key, failure)
            raise OnboardingError(self._told(key, failure)) from None
        refused = wrong_account(known, session)
        if refused:
            raise OnboardingError(f"{self._kind} {key}: {refused}") from None
        removals.count(self._kind, key, _id)
        try:
            with contained():
                outcome = self._thing.release(known, session)
        except ClientError as failure:
            raise OnboardingError(self._told(key, failure)) from None
        if outcome.status != "ready":
            raise OnboardingError(f"{self._kind} {key}: {outcome.reason}") from None

    # Inside.

    def _blind(self, failure: Exception) -> tuple[str, str]:
        """Why a look failed, and the one thing to do."""
        why, do = _why(failure), remedy(failure, self._connection)
        return self._named(why), self._named(do)

    def _could_not_look(self, key: str, failure: Exception, since: str = "") -> None:
        noted.could_not_look(self._connection, self._kind, key, *self._blind(failure), since)

    def _converged(self, inputs: dict[str, Any], known: Known) -> dict[str, Any]:
        key = str(inputs.get("key"))
        try:
            desired = self._thing.Inputs.model_validate(inputs)
        except ValidationError as wrong:
            raise OnboardingError(f"{self._kind} {key}: {'; '.join(_lines(wrong))}") from None
        if otherwise := planned.declared_otherwise(self._name, inputs):
            raise OnboardingError(f"{self._kind} {key}: {otherwise}") from None
        try:
            session = sessions.session(self._connection)
        except (ClientError, sessions.CannotOpen) as failure:
            account = self._account_of_closed(key, known, failure)
            outcome = unobserved(*self._blind(failure), memory=self._unsettled(desired, known))
        else:
            account, refused = _accounts(session), wrong_account(known, session)
            outcome = _other_account(refused) if refused else self._attempt(desired, known, session, key)
        if outcome.alarm:
            noted.alarm(self._connection, key, outcome.alarm)
        if outcome.do:
            noted.could_not_look(self._connection, self._kind, key, outcome.reason, outcome.do)
        else:
            noted.looked(self._connection, self._kind, key)
        return self._outputs(inputs, known, outcome, account, converged=True)

    def _account_of_closed(self, key: str, known: Known, why: Exception) -> tuple[str, str]:
        """ION account and partner tenant of a resource whose connection cannot be opened: from state, else from the
        connection, which names them without a credential. Raises OnboardingError where nobody knows: an id in state is
        for ever, and one without its account would belong to any."""
        account = known.text("account"), known.text("partner_tenant")
        if not any(account):
            with contextlib.suppress(Exception):  # what stands in the way is `why`, and told
                account = sessions.accounts(self._connection)
        if any(account):
            return account
        self._could_not_look(key, why)
        raise OnboardingError(self._told(key, why)) from None

    def _attempt(self, desired: Any, known: Known, session: Session, key: str) -> Outcome:
        """Observe directly and converge; only a wrong account ends the run of this resource. Lost credentials do not:
        after a failure the engine begins nothing more, and customers of other connections would wait for a sign-in."""
        from clients.locks import Taken
        from onboarding import steps
        from onboarding.look.snapshot import Look
        from onboarding.resources import reconcile

        facts = Facts()
        try:
            with contained():
                facts = self._thing.observe(desired, known, Look(session))
                if (held := self._held(desired, known, facts, session, key)) is not None:
                    return held
                outcome = self._thing.converge(desired, known, facts, session)
            if outcome.final or outcome.again:  # something was or may have been written: reads must look again
                sessions.wrote(self._connection)
            return outcome
        except WrongAccount as lost:
            self._could_not_look(key, lost)
            raise OnboardingError(self._told(key, lost)) from None
        except CredentialsLost as lost:
            return unobserved(*self._blind(lost), facts, memory=self._unsettled(desired, known))
        except Unexpected as ours:  # one customer's line; after a mended release the next run tries by itself
            sessions.wrote(self._connection)
            return blocked(facts, str(ours), steps.report_defect(), memory=self._unsettled(desired, known), again=True)
        except (PersonMustAct, OurBug) as refused:
            do = "" if facts.fields else "".join(getattr(refused, "action", ()))
            return reconcile.refused(facts, refused, session, memory=self._unsettled(desired, known), do=do)
        except ClientError as later:
            sessions.wrote(self._connection)
            memory = self._unsettled(desired, known)
            if isinstance(later, Taken):
                return waiting(facts, NEXT_RUN, str(later), memory=memory, again=True)
            return unobserved(*self._blind(later), facts, memory=memory)

    def _held(self, desired: Any, known: Known, facts: Facts, session: Session, key: str) -> Outcome | None:
        """What a reviewed plan holds back; None without one, and where the change may go on."""
        if not os.environ.get(reviewed.PLAN):
            return None
        seen = self._thing.assess(desired, known, facts, session)
        held = planned.held(self._name, key, self._connection, known, seen, session)
        return held.but(memory=self._unsettled(desired, known)) if held is not None else None

    def _unsettled(self, desired: Any, known: Known) -> dict[str, str]:
        """The new declaration goes into state although nothing of it was done: keep what the old one is needed for."""
        unsettled = getattr(self._thing, "unsettled", None)
        return dict(unsettled(desired, known)) if unsettled else {}

    def _outputs(
        self, inputs: Mapping[str, Any], known: Known, outcome: Outcome, account: tuple[str, str], *, converged: bool
    ) -> dict[str, Any]:
        outcome = outcome.but(reason=self._named(outcome.reason))
        return state.outputs(inputs, known, outcome, account=account, carried=self._thing.CARRIED, converged=converged)

    def _named(self, text: str) -> str:
        """The text, whose commands about a connection name ours."""
        return for_connection(text, self._connection)

    def _told(self, key: object, why: Exception) -> str:
        """One line of an error, as whoever reads the run can follow it."""
        return f"{self._kind} {key}: {shown(str(why), connection=self._connection)}"

    def _regular(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Inputs through their model and back: one shape for check, diff and read. Raises ValidationError."""
        model = self._thing.Inputs.model_validate(inputs)
        dumped: dict[str, Any] = model.model_dump(mode="json", exclude_none=True)
        return dumped

    def _raw_projection(self, outs: Mapping[str, Any]) -> dict[str, Any]:
        return {k: v for k, v in outs.items() if k in self._thing.Inputs.model_fields}

    def _projection(self, outs: Mapping[str, Any]) -> dict[str, Any]:
        """The inputs inside outputs; as they are when an older release wrote them in a shape of its own."""
        raw = self._raw_projection(outs)
        try:
            return self._regular(raw)
        except ValidationError:
            return raw


def provider_of(name: ResourceName, by_reference: Callable[[], Provider]) -> Provider:
    """The provider of a resource of the catalogue; `by_reference`: the function that its pickle names for ever."""
    one = RESOURCES[name]
    return Provider(one.title, lambda: one.thing, by_reference, tuple(one.from_others))


class Resource(DynamicResource):
    """Base of the resources of this project: fresh inputs, all outputs declared, no `import_`."""

    status: pulumi.Output[str]
    waiting_on: pulumi.Output[str]
    reason: pulumi.Output[str]
    account: pulumi.Output[str]

    def __init__(
        self,
        provider: Provider,
        name: str,
        inputs: Mapping[str, Any],
        outputs: tuple[str, ...],
        opts: pulumi.ResourceOptions,
    ) -> None:
        if opts.import_ is not None:
            raise OnboardingError(f"{name}: import_ does not work with dynamic resources; use {command('adopt')}")
        common = ("status", "waiting_on", "reason", "account")
        props: dict[str, Any] = {**dict.fromkeys((*common, *outputs)), **inputs}
        super().__init__(provider, name, props, opts)


def _not_newer(outs: Mapping[str, Any]) -> None:
    """Raises for a state that a newer release wrote."""
    if refused := state_format.refusal(outs):
        raise OnboardingError(refused) from None


def _renewing(olds: Mapping[str, Any]) -> bool:
    """A new invitation was ordered for this customer (`csp invite renew`), and this resource holds its invitation."""
    wanted = str(olds.get("key")) in os.environ.get("CSP_RENEW_INVITATION", "").split(",")
    return wanted and value_at(olds, "identity.method") == "invite"


def _retries() -> frozenset[str]:
    """Customers whose last rejection is to be tried again (`csp retry`)."""
    return frozenset(filter(None, os.environ.get("CSP_RETRY", "").split(",")))


def _accounts(session: Session) -> tuple[str, str]:
    """ION account and partner tenant; "" where the connection has none."""
    return session.account, session.partner_tenant


def _other_account(why: str) -> Outcome:
    from onboarding import steps

    facts = Facts(seen={"account": why})
    return blocked(facts, why, steps.point_back())


def _as_rejected(known: Known, outcome: Outcome) -> Outcome:
    """A rejection holds as long as nothing changed since: one attempt per observation."""
    if not known.rejected or dict(outcome.facts.seen) != known.handled:
        return outcome
    from onboarding.steps.registry import read as read_step

    step = known.outputs.get("next_step")
    return blocked(
        outcome.facts,
        known.rejected,
        read_step(step) if step else outcome.next_step,
        carried=outcome.carried,
    )


def _why(failure: Exception) -> str:
    """A failed look in one line."""
    if isinstance(failure, ValidationError):
        return f"state is not readable: {_lines(failure)[0]}"
    if isinstance(failure, (ClientError, sessions.CannotOpen)):
        return reason(failure)
    return f"our bug: {type(failure).__name__}: {' '.join(str(failure).split())}"


def _lines(wrong: ValidationError) -> list[str]:
    """Every failure as `path: message`; the input value is never repeated, it may be a secret."""
    return [
        plain(f"{'.'.join(str(p) for p in e['loc'])}: {e['msg']}")
        for e in wrong.errors(include_input=False, include_url=False)
    ]
