"""``python -m dynamic_engine`` and the console script ``dynamic-engine``."""

from __future__ import annotations

import sys

from dynamic_engine.cli import main as run


def main() -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(run())


if __name__ == "__main__":
    main()
