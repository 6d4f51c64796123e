"""One thread writes the file of a run; whoever changes something waits for the next write, and many share one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence


class Write:
    """One write to disk. Those whose changes are in it wait for it."""

    def __init__(self) -> None:
        self._ended = threading.Event()
        self._error: Exception | None = None

    def wait(self) -> None:
        """Return when it is on disk. Raises what went wrong."""
        self._ended.wait()
        if self._error is not None:
            raise self._error

    def end(self, error: Exception | None = None) -> None:
        """It is on disk, or *error* prevented it."""
        self._error = error
        self._ended.set()


Text = Sequence[bytes]
"""The content of a file, in pieces."""
PATIENCE = 0.05  # seconds that a write may wait for company at most

NOTHING = Write()
"""Stands for a write where nothing is written (previews, changes that can wait for the last write)."""
NOTHING.end()


class Writer:
    """Writes whenever something has changed. While one write is under way the changes of everybody gather for the next.

    A write of a large state is dear: while others are at work whose results could share it, the next one waits as long
    as the last one took. After a write that failed nothing is written any more, and everybody gets its error: the file
    stays as it was then.
    """

    def __init__(
        self,
        lock: threading.RLock,
        text: Callable[[], Text],
        store: Callable[[Text], None],
        busy: Callable[[], bool] = lambda: False,
    ) -> None:
        """*text* makes the content and is called with *lock* held, so that it is of one moment; *store* puts it on disk
        and is called without, so that others can go on meanwhile. *busy* says, with the lock held, whether others are
        at work that do not wait for a write yet."""
        self._changed = threading.Condition(lock)
        self._text = text
        self._store = store
        self._busy = busy
        self._next: Write | None = None
        self.last = NOTHING  # the write that was begun last
        self._closed = self._urgent = False
        self._error: Exception | None = None
        self._thread: threading.Thread | None = None

    def ask(self, *, urgent: bool = False) -> Write:
        """The write that will hold everything that has changed until now. Called with the lock held. An *urgent* one
        waits for nobody."""
        self._urgent |= urgent
        if self._next is None:
            self._next = Write()
            if self._thread is None:
                self._start()
        self._changed.notify()
        return self._next

    def _start(self) -> None:
        # A daemon: a second Ctrl-C must not wait for a disk that hangs.
        self._thread = threading.Thread(target=self._work, name="state-writer", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """What was asked for is written still; then the thread ends. Whoever asks later is served by a new one."""
        if self._thread is None:
            return
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()
        with self._changed:
            self._closed, self._thread = False, None
            if self._next is not None:
                self._start()

    def _work(self) -> None:
        pause = 0.0
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._next is not None or self._closed)
                self._changed.wait_for(lambda: self._urgent or self._closed or not self._busy(), timeout=pause)
                write, self._next, self._urgent = self._next, None, False
                if write is None:
                    return
                self.last = write
                began = time.monotonic()
                text = self._made()
            if text is not None:
                try:
                    self._store(text)
                except Exception as error:
                    self._error = error
            write.end(self._error)
            pause = min(time.monotonic() - began, PATIENCE)

    def _made(self) -> Text | None:
        if self._error is None:
            try:
                return self._text()
            except Exception as error:
                self._error = error
        return None
