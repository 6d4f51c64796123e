"""Faults on order: what a network or a sick service does to one operation, some number of times."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal["cut_before", "cut_after", "status", "latency", "truncate", "html", "bom", "throttle"]


class FaultSpec(BaseModel):
    """One order.

    ``cut_before``: the connection is closed before any effect. ``cut_after``: the effect is committed, then the
    connection is closed without an answer. ``status``, ``html`` and ``throttle`` answer without any effect.
    ``latency``: the answer comes ``seconds`` later (real seconds). ``truncate``: half of the body, then a cut.
    ``bom``: the body begins with a byte order mark.
    """

    model_config = ConfigDict(extra="forbid")

    system: Literal["ion", "partner_center", "entra", "association"]
    operation: str = Field(default="", description="Operation id; empty means every operation of the system")
    kind: Kind
    status: int = Field(default=0, ge=0, le=599, description="HTTP status; 0 means the kind's own")
    body: str | None = Field(default=None, description="Body of a status answer; none means an empty body")
    headers: dict[str, str] = Field(default_factory=dict)
    seconds: float = Field(default=1.0, ge=0, le=60, description="Of latency, and the Retry-After of throttle")
    times: int = Field(default=1, ge=1)
    skip: int = Field(default=0, ge=0, description="Matching requests that pass before the first hit")


class Faults:
    """The orders that are still open."""

    def __init__(self) -> None:
        self._open: list[FaultSpec] = []

    def add(self, specs: list[FaultSpec]) -> None:
        """Append orders; they are tried in this sequence."""
        self._open.extend(spec.model_copy() for spec in specs)

    def clear(self) -> None:
        """Cancel all orders."""
        self._open.clear()

    def list(self) -> list[FaultSpec]:
        """What is still to come."""
        return [spec.model_copy() for spec in self._open]

    def take(self, system: str, operation: str) -> FaultSpec | None:
        """The fault for this request, if any; counts it down."""
        if not self._open:
            return None
        for spec in self._open:
            if spec.system != system or spec.operation not in ("", operation):
                continue
            if spec.skip:
                spec.skip -= 1
                continue
            spec.times -= 1
            if not spec.times:
                self._open.remove(spec)
            return spec
        return None
