"""The `csp` command: what an operator, a pipeline and a reviewer type."""

import sys
from types import TracebackType


def _quiet(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Ctrl-C is no error of ours, in whatever phase it comes: also while modules are loaded no traceback is printed."""
    if issubclass(kind, KeyboardInterrupt):
        sys.stderr.write("\ncsp: stopped\n")
    else:
        sys.__excepthook__(kind, error, trace)


sys.excepthook = _quiet
