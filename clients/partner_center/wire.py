"""How this package speaks to Partner Center: URLs, tokens of both kinds, request ids, error classes."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from clients.errors import OurBug, PersonMustAct, Problem, UnknownOutcome
from clients.partner_center.errors import LASTING_401, RULES, describe
from clients.wire.rules import SIGN_IN, classify
from clients.wire.shape import ShapeError, listed, mapping
from clients.wire.transport import Answer, AuthorizedTransport, Call, Credential, Transport, join

T = TypeVar("T")
APPLICATION = "csp-onboarding"


def refreshable(answer: Answer) -> bool:
    """Whether a new token could cure this 401."""
    body = answer.data if isinstance(answer.data, dict) else {}
    return str(body.get("code", "")) not in LASTING_401


class Wire:
    """Calls of one partner tenant. `user` signs App+User calls, `app` app-only calls; either may be missing, which is
    told before anything is sent."""

    def __init__(
        self, base_url: str, tenant: str, transport: Transport, *, user: Credential | None, app: Credential | None
    ) -> None:
        self._root = join(base_url, "v1")
        self.base_url = base_url.rstrip("/")
        self._tenant = tenant
        self._user = AuthorizedTransport(transport, user, refresh_on=refreshable) if user else None
        self._app = AuthorizedTransport(transport, app, refresh_on=refreshable) if app else None

    def url(self, *segments: str) -> str:
        return join(self._root, *segments)

    def scope(self, customer: str) -> str:
        return f"partner_center-{self._tenant}-{re.sub(r'[^A-Za-z0-9-]', '_', customer)}"

    def get(
        self, call: Call, *, app_only: bool = False, accept: Callable[[Answer], bool] = lambda answer: False
    ) -> Answer:
        """`accept` names refusals that carry a result."""
        return self._send(self._with_ids(call, str(uuid.uuid4())), app_only, accept)

    def write(self, call: Call, request_id: str, *, app_only: bool = False) -> Answer:
        """The same `request_id` marks a repeat of the same request."""
        return self._send(self._with_ids(call, request_id), app_only)

    def collection(self, call: Call, read: Callable[[Any, str], T]) -> list[T]:
        """A collection without paging. Microsoft's swagger types some of them as a bare list: both are accepted."""
        answer = self.get(call)

        def entries() -> list[T]:
            data = answer.data
            found = data if isinstance(data, list) else mapping(data, "answer").get("items")
            return [read(entry, f"items[{number}]") for number, entry in enumerate(listed(found, "items"))]

        return self.shaped(call, entries)

    def shaped(self, call: Call, read: Callable[[], T]) -> T:
        """`read()`; an undocumented shape is an unknown outcome after a write, our bug after a read."""
        try:
            return read()
        except ShapeError as error:
            problem = Problem(
                "partner_center",
                call.operation,
                None,
                "bad-answer",
                f"the answer does not have the documented shape: {error}",
                request_id=call.headers.get("MS-RequestId", ""),
            )
            raise (UnknownOutcome if call.write else OurBug)(problem) from None

    def _with_ids(self, call: Call, request_id: str) -> Call:
        return call.with_headers(
            {
                "Accept": "application/json",
                "MS-RequestId": request_id,
                "MS-CorrelationId": str(uuid.uuid4()),
                "MS-PartnerCenter-Application": APPLICATION,
            }
        )

    def _send(self, call: Call, app_only: bool, accept: Callable[[Answer], bool] = lambda answer: False) -> Answer:
        sender = self._app if app_only else self._user
        if sender is None:
            kind = "app-only" if app_only else "App+User"
            problem = Problem(
                "partner_center",
                call.operation,
                None,
                "no-credential",
                f"not sent: this call needs an {kind} credential",
            )
            raise PersonMustAct(
                replace(problem, request_id=call.headers.get("MS-RequestId", "")),
                owner="us",
                action="set the client id with a secret, certificate or federated token" if app_only else SIGN_IN,
            )
        answer = sender.send(call)
        if answer.ok or answer.status in call.expected or accept(answer):
            return answer
        raise classify(RULES, describe(call, answer))
