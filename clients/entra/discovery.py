"""Which tenant owns a domain: OpenID discovery, public, without a credential (partner-center.md 4.4)."""

from __future__ import annotations

import re
from dataclasses import replace

from clients.entra.errors import describe_token_error
from clients.errors import OurBug, Problem
from clients.wire.rules import classify
from clients.wire.said import without_json
from clients.wire.shape import Needed, ShapeError, member
from clients.wire.transport import Answer, Call, Transport, join

_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NO_SUCH_TENANT = "AADSTS90002"


def describe(call: Call, answer: Answer) -> Problem:
    body = answer.data if isinstance(answer.data, dict) else {}
    problem = describe_token_error(call.operation, body, status=answer.status)
    return problem if body else replace(problem, message=without_json(answer) or problem.message)


class EntraDiscovery:
    """Thread-safe."""

    def __init__(self, base_url: str, transport: Transport) -> None:
        self._base = base_url
        self._transport = transport

    def tenant_id(self, domain: str) -> str | None:
        """The tenant (GUID, lower case) of an initial or custom domain; None when Entra knows no such domain."""
        call = Call("discovery", "GET", join(self._base, domain, "v2.0", ".well-known", "openid-configuration"))
        answer = self._transport.send(call)
        if not answer.ok:
            problem = describe(call, answer)
            if answer.status == 404 or problem.code in (_NO_SUCH_TENANT, "invalid_tenant"):
                return None
            raise classify((), problem)
        try:
            issuer = member(Needed, answer.data, "issuer")
        except ShapeError as error:
            raise OurBug(Problem("entra", call.operation, answer.status, "bad-answer", str(error))) from None
        found = _GUID.search(issuer.lower())
        return found.group(0) if found else None
