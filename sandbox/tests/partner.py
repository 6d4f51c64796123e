"""A small Partner Center caller for tests; written against docs/systems, not against the sandbox."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

from .conftest import Box


@dataclass
class Partner:
    """One account's calls. `user` chooses App+User (default) or app-only."""

    box: Box
    key: str = "us"
    _tokens: dict[bool, str] = field(default_factory=dict)

    def call(self, method: str, path: str, *, user: bool = True, **more: Any) -> httpx.Response:
        if user not in self._tokens:
            self._tokens[user] = self.box.pc_token(user=user, key=self.key)
        headers = {
            "Authorization": f"Bearer {self._tokens[user]}",
            "MS-RequestId": str(uuid4()),
            **more.pop("headers", {}),
        }
        return self.box.http.request(method, f"/partner-center/v1{path}", headers=headers, **more)

    def create(self, prefix: str, **more: Any) -> httpx.Response:
        return self.call("POST", "/customers", json=new_customer(self.box, prefix, **more))


def new_customer(box: Box, prefix: str, **changes: Any) -> dict[str, Any]:
    """The minimal request (partner-center.md 2.1) for the account's reseller. `changes` overlay the top level."""
    return {
        "enableGDAPByDefault": False,
        "AssociatedPartnerId": box.ready["reseller_tenant_id"],
        "CompanyProfile": {"Domain": f"{prefix}.onmicrosoft.com"},
        "BillingProfile": {
            "Email": "it@alpine.example",
            "Culture": "EN-us",
            "Language": "en",
            "CompanyName": "Alpine Ski House",
            "DefaultAddress": {
                "FirstName": "Alma",
                "LastName": "Pine",
                "AddressLine1": "One Microsoft Way",
                "City": "Redmond",
                "State": "WA",
                "PostalCode": "98052",
                "Country": "US",
                "PhoneNumber": "4255550111",
            },
        },
        **changes,
    }
