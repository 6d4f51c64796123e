"""How far a long command is: a bar on a terminal, a plain line now and then in a log."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from onboarding.core.contract import Tell
from schemas.plain import plain

PERCENT, APART, SILENCE = 10, 10.0, 60.0
"""A line every 10 %, at least 10 seconds apart, so that a short command prints none; after a minute in any case."""


@contextmanager
def progress(what: str) -> Iterator[Tell]:
    """On stderr. `what`: a word or two, such as "reading"."""
    if not sys.stderr.isatty():
        yield lines(what, sys.stderr)
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(plain(what), total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def lines(what: str, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> Tell:
    """Plain lines for a pipeline's log."""
    said_at, said = clock(), 0

    def tell(done: int, total: int) -> None:
        nonlocal said_at, said
        share, waited = 100 * done // max(total, 1), clock() - said_at
        if waited >= SILENCE or (waited >= APART and share >= said + PERCENT):
            said_at, said = clock(), share - share % PERCENT
            print(plain(f"{what}: {done} of {total} ({share} %)"), file=stream, flush=True)

    return tell
