"""The progress line on standard error. The owner of tqdm."""

from __future__ import annotations

import sys
import threading
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Never, Self

from imgscan.scan.progress import Progress

if TYPE_CHECKING:
    from types import TracebackType

    from tqdm import tqdm


class QuietProgress(Progress, AbstractContextManager["QuietProgress"]):
    """Shows nothing."""

    def hide(self) -> None:
        """Make room for other output."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.hide()


class TerminalProgress(QuietProgress):
    """Bytes, rate and findings so far, on one line that disappears at the end."""

    def __init__(self) -> None:
        from tqdm import tqdm  # noqa: PLC0415 - only where it is shown

        self._make = tqdm
        self._bar: tqdm[Never] | None = None
        self._found = self._done = 0
        self._of = ""
        self._lock = threading.Lock()

    def begin(self, target: str, total: int | None, layers: int | None) -> None:
        """Start a new line."""
        self.hide()
        label = target if len(target) <= 30 else f"…{target[-29:]}"
        printable = "".join(character if character.isprintable() else "?" for character in label)
        with self._lock:
            self._found = self._done = 0
            self._of = "" if layers is None else f"/{layers}"
            self._bar = self._make(
                total=total, desc=printable, unit="B", unit_scale=True, leave=False, file=sys.stderr, dynamic_ncols=True
            )

    def advance(self, count: int) -> None:
        """Move on."""
        with self._lock:
            if self._bar is not None:
                self._bar.update(count)

    def layer(self, found: int) -> None:
        """Show how many layers have been read, and how many keys were found in them."""
        with self._lock:
            self._found += found
            self._done += 1
            if self._bar is not None:
                self._bar.set_postfix_str(f"layer {self._done}{self._of}, found {self._found}")

    def hide(self) -> None:
        """Remove the line."""
        with self._lock:
            if self._bar is not None:
                self._bar.close()
                self._bar = None

    def __enter__(self) -> Self:
        return self


def make_progress(*, enabled: bool) -> QuietProgress:
    """Return a progress line if it was not switched off and standard error is a terminal."""
    return TerminalProgress() if enabled and sys.stderr is not None and sys.stderr.isatty() else QuietProgress()
