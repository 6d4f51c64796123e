"""Everything one stack declares, loaded and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from schemas.model.connection import Connection
from schemas.model.customer import Customer
from schemas.model.policy import Policy
from schemas.report.findings import Finding


@dataclass(frozen=True, slots=True)
class Estate:
    """The customers of one stack and the connections that serve them; valid as a whole."""

    stack: str
    project_dir: Path
    customers: tuple[Customer, ...]
    connections: Mapping[str, Connection]
    sources: Mapping[str, str] = field(default_factory=dict)
    """Customer key -> the file that declares it, relative to the project."""
    warnings: tuple[Finding, ...] = ()
    """What does not stop the estate, sorted by place."""
    if_sent: Mapping[str, tuple[Finding, ...]] = field(default_factory=dict)
    """Customer key -> errors that hold only if the value is sent (`schemas.report.rules.SENT`); empty unless the caller
    asked for them."""
    policy: Policy = field(default_factory=Policy)
    """The rules of the stack."""

    @property
    def renamed(self) -> dict[str, str]:
        """Former key -> key, of every customer that names one (`previously`)."""
        return {former: one.key for one in self.customers for former in one.previously}

    def customer(self, key: str) -> Customer:
        """The customer with this key. Raises ``KeyError``."""
        for one in self.customers:
            if one.key == key:
                return one
        raise KeyError(key)

    def connection_of(self, customer: Customer) -> Connection:
        """The connection that serves ``customer``."""
        return self.connections[customer.connection]
