"""One-line errors.

Pulumi prints the traceback of a provider's exception and never masks it. An exception of this class, raised `from None`
in a plugin whose traceback limit is zero, prints exactly one line that starts with the product's name. The limit is set
in the plugin process only: in the program it hangs the engine (the SDK's own stack capture does not expect an empty
stack).
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, TypeVar

from clients.output import guard_output
from clients.redact import SECRETS, redact
from providers import engine_gone
from schemas.plain import plain

R = TypeVar("R")

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
    """Cut tracebacks to their last line, let no known secret out, and end with the engine: in the plugin process
    only."""
    if in_plugin():
        sys.tracebacklimit = 0
        guard_output()
        engine_gone.watch()


def handed_over(method: Callable[..., R]) -> Callable[..., R]:
    """A method of a provider whose result goes into state and whose exception is printed: neither holds a known secret.

    Whatever else is raised is a bug of ours; in the plugin it is one line too, since its text may hold anything.
    """

    @functools.wraps(method)
    def guarded(*arguments: Any) -> R:
        try:
            with engine_gone.call():
                result = method(*arguments)
        except engine_gone.EngineGoneError:
            raise OnboardingError("not begun: the engine of this run is gone") from None
        except OnboardingError as told:
            raise OnboardingError(plain(redact(str(told)))) from None
        except Exception as bug:
            if not in_plugin():
                raise
            raise OnboardingError(plain(f"{type(bug).__name__}: {redact(' '.join(str(bug).split()))}")) from None
        for name in ("outs", "inputs"):
            if isinstance(member := getattr(result, name, None), dict):
                setattr(result, name, SECRETS.hide_data(member))
        return result

    return guarded


def quiet_interrupts() -> None:
    """For the program: when a resource fails, the engine interrupts the program, and Python would print 26 lines about
    it."""
    import os
    import signal

    def leave(_signal: int, _frame: FrameType | None) -> None:
        os._exit(0)

    signal.signal(signal.SIGINT, leave)
