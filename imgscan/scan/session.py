"""What all scans of one run share, as one value that each scanner receives.

Session = detector + what to show + how much to do + where to keep it + who is notified + when to stop
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from imgscan.scan.limits import Limits
from imgscan.scan.policy import Policy
from imgscan.scan.progress import Progress
from imgscan.scan.search import WINDOW
from imgscan.scan.stop import interruption

if TYPE_CHECKING:
    from collections.abc import Callable

    from imgscan.scan.hits import Concealer
    from imgscan.streams.budget import Budget
    from imgscan.streams.spool import Spool

Made = TypeVar("Made")


@dataclass(frozen=True)
class Session:
    """One run. `jobs` is how many blobs or files are read at once, `window` the bytes of a window.

    `stop` is set once the user has stopped the run: running reads end the next time they check it.
    """

    concealer: Concealer
    policy: Policy = field(default_factory=Policy)
    limits: Limits = field(default_factory=Limits)
    progress: Progress = field(default_factory=Progress)
    jobs: int = 1
    window: int = WINDOW
    stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        if self.jobs < 1 or self.window < 1:
            raise ValueError("a session needs at least one job, and windows of at least one byte")

    @cached_property
    def budget(self) -> Budget:
        """The memory that readers reserve. Ask for it first on the thread that starts the others."""
        from imgscan.streams.budget import Budget  # noqa: PLC0415 - decoders are slow to import; a git hook has no use

        return Budget()

    @cached_property
    def spool(self) -> Spool:
        """What holds whole containers; as with `budget`."""
        from imgscan.streams.spool import Spool  # noqa: PLC0415 - as above

        return Spool(quota=self.limits.spool)

    @property
    def interrupted(self) -> bool:
        """Whether the user has stopped the run."""
        return self.stop.is_set()

    def go_on(self) -> None:
        """Raise the StreamError of an interruption if the user has stopped the run."""
        if self.stop.is_set():
            raise interruption()

    def complete(self, make: Callable[[], Made]) -> Made:
        """Make something of what was found. If Ctrl-C falls into that, it is made once more, as of a stopped run.

        `make` must be repeatable. Further signals are ignored by then.
        """
        try:
            return make()
        except KeyboardInterrupt:
            self.stop.set()
            return make()

    def advance(self, count: int) -> None:
        """Report stored bytes that were read, and `go_on`."""
        self.go_on()
        self.progress.advance(count)
