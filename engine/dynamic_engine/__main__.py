"""``python -m dynamic_engine`` and the console script ``dynamic-engine``."""

from __future__ import annotations

import io
import os
import sys


def main() -> None:
    """Run the command line and leave with its exit code. Everything in and out is UTF-8, also of what is started."""
    os.environ |= {"PYTHONUTF8": "1", "PYTHONIOENCODING": "utf-8:backslashreplace"}
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        from dynamic_engine.commands.cli import main as run

        sys.exit(run())
    except KeyboardInterrupt:  # also while modules are loaded
        print("error: canceled", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
