"""What every provider of ours begins with: it has no state of its own, and its pickle names a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pulumi.dynamic import ResourceProvider

from providers.errors import quiet_tracebacks


class ByReference(ResourceProvider):
    """In every state stands which function makes it: `providers.<module>:provider` (docs/state.md)."""

    serialize_as_secret_always = False

    def __init__(self, made_by: Callable[[], ResourceProvider]) -> None:
        super().__init__()
        quiet_tracebacks()
        self._made_by = made_by

    def __reduce__(self) -> Any:
        return (self._made_by, ())
