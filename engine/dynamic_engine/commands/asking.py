"""Questions to whoever sits at the terminal."""

from __future__ import annotations

import argparse
import sys


def interactive(options: argparse.Namespace) -> bool:
    """Whether somebody can be asked."""
    return not options.non_interactive and sys.stdin.isatty() and sys.stdout.isatty()


def confirmed(question: str) -> bool:
    """The answer to a yes-or-no question."""
    return input(f"{question} [yes/no] ").strip().lower() in ("y", "yes")
