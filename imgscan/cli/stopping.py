"""What stops a scan early: Ctrl-C, a signal to terminate, `--timeout`. The report is still written.

The scan runs on a thread of its own. The main thread, which alone receives signals, only waits: for the end of the
scan, for a signal, for the time to run out. So nothing is ever interrupted in the middle; the scan sees that it is to
stop, and ends as it would after any other failure.
"""

from __future__ import annotations

import signal
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from enum import Enum, auto
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from imgscan.cli.exits import STOPPING, ignore_signals, leave
from imgscan.model import Diagnostic
from imgscan.streams.stop import INTERRUPTED, STEP, Stop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from imgscan.model import TargetReport

TIMEOUT = "timeout"
"""The code of a scan that `--timeout` stopped."""

_GRACE = 10.0
"""Seconds for which a scan that was stopped may go on writing before another signal ends the process at once."""


class _Event(Enum):
    """What the main thread waits for."""

    SIGNAL = auto()
    END = auto()


class Supervisor:
    """Runs a scan; `stop` is set by a signal, or when its time runs out: after so many `seconds`, None for never."""

    def __init__(self, seconds: float | None) -> None:
        self.stop = Stop()
        self._seconds = seconds
        self._expired = False
        self._events: SimpleQueue[_Event] = SimpleQueue()

    def run(self, work: Callable[[], int]) -> int:
        """Do the work on another thread, and return or raise what it does."""
        ended: list[int | BaseException] = []

        def run() -> None:
            try:
                ended.append(work())
            except BaseException as error:  # noqa: BLE001 - it is raised again, on the main thread
                ended.append(error)
            self._events.put(_Event.END)

        with self._signals():
            threading.Thread(target=run, name="imgscan-scan", daemon=True).start()
            self._wait()
        [end] = ended
        if isinstance(end, BaseException):
            raise end
        return end

    def explain(self, report: TargetReport) -> TargetReport:
        """If the scan was stopped because its time ran out, say so in the report."""
        if not self._expired:
            return report
        return replace(
            report,
            diagnostics=tuple(_timeout(each) if each.code == INTERRUPTED else each for each in report.diagnostics),
        )

    def _wait(self) -> None:
        expiry = None if self._seconds is None else time.monotonic() + self._seconds
        patience: float | None = None
        while True:
            now = time.monotonic()
            if expiry is not None and now >= expiry and not self.stop.is_set():
                self._expired = True
                self.stop.set()
            wait = STEP if expiry is None or self.stop.is_set() else min(STEP, expiry - now)
            try:
                if self._events.get(timeout=max(wait, 0)) is _Event.END:
                    return
            except Empty:  # in steps: a wait without end does not notice Ctrl-C on Windows
                continue
            if patience is not None and now >= patience:
                leave()
            patience = patience or now + _GRACE
            self.stop.set()

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Turn signals into events; only the main thread can."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, lambda *_: self._events.put(_Event.SIGNAL)) for number in STOPPING}
        try:
            yield
        finally:
            if leave in before.values():
                ignore_signals()  # the reports are written: the process only has to end
            else:
                for number, handler in before.items():
                    signal.signal(number, handler)


def _timeout(interrupted: Diagnostic) -> Diagnostic:
    message = interrupted.message.replace("interrupted", "stopped by --timeout")
    return Diagnostic("error", TIMEOUT, message, interrupted.layer, interrupted.path)
