"""What stops a scan early: Ctrl-C, a signal to terminate, `--timeout`. The report is still written."""

from __future__ import annotations

import _thread
import signal
import threading
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn, Self

from imgscan.cli.exits import STOPPING, ignore_signals
from imgscan.model import Diagnostic

if TYPE_CHECKING:
    from types import TracebackType

    from imgscan.model import TargetReport


def heed_signals() -> None:
    """Let the first signal raise a KeyboardInterrupt, which ends the scan; does nothing outside the main thread."""
    if threading.current_thread() is threading.main_thread():
        for number in STOPPING:
            signal.signal(number, _stopped)


def _stopped(_signal: int, _frame: object) -> NoReturn:
    ignore_signals()  # the report is still being written, which takes a moment
    raise KeyboardInterrupt


class Timeout(AbstractContextManager["Timeout"]):
    """Interrupts the scan after so many seconds, as Ctrl-C does; None for never."""

    def __init__(self, seconds: float | None) -> None:
        self._expired = threading.Event()
        self._timer = None if seconds is None else threading.Timer(seconds, self._expire)

    def _expire(self) -> None:
        self._expired.set()
        main = threading.main_thread().ident
        if main is not None and hasattr(signal, "pthread_kill"):
            signal.pthread_kill(main, signal.SIGINT)  # a real signal: it also ends a read that waits for input
        else:
            _thread.interrupt_main(signal.SIGINT)

    def explain(self, report: TargetReport) -> TargetReport:
        """If the scan was interrupted because its time ran out, say so in the report."""
        if not self._expired.is_set():
            return report
        return replace(
            report,
            diagnostics=tuple(_timeout(each) if each.code == "interrupted" else each for each in report.diagnostics),
        )

    def __enter__(self) -> Self:
        if self._timer is not None:
            self._timer.daemon = True
            self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()


def _timeout(interrupted: Diagnostic) -> Diagnostic:
    message = interrupted.message.replace("interrupted", "stopped by --timeout")
    return Diagnostic("error", "timeout", message, interrupted.layer, interrupted.path)
