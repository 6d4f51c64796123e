"""Many looked at side by side, as adoption and `csp status --live` do: one that cannot be read stops no other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from threading import Event
from typing import TYPE_CHECKING, TypeVar

from clients.errors import ClientError, CredentialsLost, WrongAccount, contained
from onboarding.core.contract import Tell
from onboarding.core.remedy import Trouble

if TYPE_CHECKING:
    from onboarding.look.snapshot import Look

S = TypeVar("S")
T = TypeVar("T")


def handled(look: Look, subject: S, see: Callable[[S], T], blind: Callable[[S, str], T]) -> T:
    """Look at one subject: `see(subject)`, or `blind(subject, why)` where that failed. Raises CredentialsLost and
    WrongAccount, because every other subject would meet the same."""
    try:
        with contained():
            return see(subject)
    except (CredentialsLost, WrongAccount):
        raise
    except ClientError as error:
        return blind(subject, Trouble.of(error, look.session.connection.name))


def each(
    look: Look,
    subjects: Sequence[S],
    see: Callable[[S], T],
    blind: Callable[[S, str], T],
    tell: Tell = lambda done, total: None,
) -> list[T]:
    """Look at many side by side, as many at a time as the connection allows; the results in the order of `subjects`.

    see: looks at one. blind: makes a result of the line that tells why it could not be seen. Raises what `handled`
    raises; after that, or Ctrl-C, nothing more is sent."""
    stop = Event()

    def turn(subject: S) -> T:
        if stop.is_set():
            return blind(subject, "not looked at")
        try:
            return handled(look, subject, see, blind)
        except BaseException:
            stop.set()
            raise

    tell(0, len(subjects))
    with ThreadPoolExecutor(look.session.connection.limits.concurrency, "look") as pool:
        asked = [pool.submit(turn, subject) for subject in subjects]
        try:
            for number, answered in enumerate(as_completed(asked), 1):
                answered.result()
                tell(number, len(subjects))
        finally:
            stop.set()
    return [one.result() for one in asked]
