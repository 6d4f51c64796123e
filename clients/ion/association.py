"""The association write endpoint. Its contract is ours (docs/provider-association-api.md); ION does not offer it. It is
used only where a connection names its base path."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from clients.errors import NotFound, OurBug, Problem, UnknownOutcome
from clients.ion.errors import RULES, describe
from clients.ion.models import MICROSOFT_PROVIDER_ID, AssociationRow
from clients.wire.rules import classify
from clients.wire.shape import Lower, Needed, Said, ShapeError, Text, read
from clients.wire.transport import Answer, AuthorizedTransport, Call, join


@dataclass(frozen=True, kw_only=True)
class _Row:
    provider: Needed
    pricebook: Text = ""
    provider_currency: Text = ""
    invoice_currency: Text = ""
    portal_access: Said
    tenant_id: Lower = ""
    domain: Lower = ""


class AssociationClient:
    """Cloud Provider rows of one ION account. Thread-safe."""

    def __init__(self, base_url: str, base_path: str, account: str, transport: AuthorizedTransport) -> None:
        self._root = join(base_url.rstrip("/") + "/" + base_path.strip("/"), "accounts", account)
        self._account = account
        self._transport = transport

    def get(self, customer_id: str) -> AssociationRow | None:
        """The Microsoft row; None when the customer has none."""
        call = Call("association.get", "GET", self._url(customer_id), scope=self._scope(customer_id))
        try:
            answer = self._send(call)
        except NotFound:
            return None
        return self._row(call, answer)

    def put(self, customer_id: str, row: AssociationRow) -> AssociationRow:
        """Replaces the whole row, so start from `get`."""
        body: dict[str, Any] = {
            "provider": row.provider,
            "pricebook": row.pricebook,
            "provider_currency": row.provider_currency,
            "invoice_currency": row.invoice_currency,
            "portal_access": row.portal_access,
            "tenant_id": row.tenant_id or None,
            "domain": row.domain or None,
        }
        call = Call(
            "association.put", "PUT", self._url(customer_id), write=True, json=body, scope=self._scope(customer_id)
        )
        return self._row(call, self._send(call))

    def _url(self, customer_id: str) -> str:
        return join(self._root, "customers", customer_id, "providers", MICROSOFT_PROVIDER_ID)

    def _scope(self, customer_id: str) -> str:
        return f"ion-{self._account}-{re.sub(r'[^A-Za-z0-9-]', '_', customer_id)}"

    def _send(self, call: Call) -> Answer:
        answer = self._transport.send(call)
        if answer.ok:
            return answer
        raise classify(RULES, describe(call, answer))

    @staticmethod
    def _row(call: Call, answer: Answer) -> AssociationRow:
        try:
            return AssociationRow(**vars(read(_Row, answer.data, "")))
        except ShapeError as error:
            problem = Problem(
                "association", call.operation, answer.status, "bad-answer", f"not the documented shape: {error}"
            )
            raise (UnknownOutcome if call.write else OurBug)(problem) from None
