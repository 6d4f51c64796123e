"""One-line errors.

Pulumi prints the traceback of a provider's exception and never masks it. An exception of this class, raised `from None`
in a plugin whose traceback limit is zero, prints exactly one line that starts with the product's name. The limit is set
in the plugin process only: in the program it hangs the engine (the SDK's own stack capture does not expect an empty
stack).
"""

from __future__ import annotations

import sys
from types import FrameType

PLUGIN_MAIN = "pulumi.dynamic.__main__"


class OnboardingError(Exception):
    """What failed, on which customer, what the remote said, what to do next: one line."""


OnboardingError.__module__ = "builtins"  # drops the module from the printed line
OnboardingError.__qualname__ = OnboardingError.__name__ = "csp-onboarding"


def in_plugin() -> bool:
    """True in the process that runs provider code, False in the program and in tests."""
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    return getattr(spec, "name", "") == PLUGIN_MAIN


def quiet_tracebacks() -> None:
    """Cut tracebacks to their last line, in the plugin process only."""
    if in_plugin():
        sys.tracebacklimit = 0


def quiet_interrupts() -> None:
    """For the program: when a resource fails, the engine interrupts the program, and Python would print 26 lines about
    it."""
    import os
    import signal

    def leave(_signal: int, _frame: FrameType | None) -> None:
        os._exit(0)

    signal.signal(signal.SIGINT, leave)
