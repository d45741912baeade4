"""What all scans of one run share, as one value that each scanner receives.

Session = detector + what to show + how much to do + where to keep it + who is notified + when to stop
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING

from imgscan.scan.limits import Limits
from imgscan.scan.policy import Policy
from imgscan.scan.progress import Progress
from imgscan.scan.search import WINDOW
from imgscan.streams.stop import Stop

if TYPE_CHECKING:
    from imgscan.scan.hits import Concealer
    from imgscan.streams.budget import Budget
    from imgscan.streams.spool import Spool


@dataclass(frozen=True)
class Session:
    """One run. `jobs` is how many blobs or files are read at once, `window` the bytes of a window.

    `stop` is set to end the run early, from any thread: each scan then yields the report of what it has found.
    """

    concealer: Concealer
    policy: Policy = field(default_factory=Policy)
    limits: Limits = field(default_factory=Limits)
    progress: Progress = field(default_factory=Progress)
    jobs: int = 1
    window: int = WINDOW
    stop: Stop = field(default_factory=Stop)
    crowd: Lock = field(default_factory=Lock)
    """Held by the one pour that may hold many hits (`imgscan.scan.crowd`)."""

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
        self.stop.check()

    def finish_up(self) -> None:
        """Raise the same once the run should have stopped some time ago: a search ends what it has at hand."""
        self.stop.check_overdue()

    def advance(self, count: int) -> None:
        """Report stored bytes that were read, and `go_on`."""
        self.go_on()
        self.progress.advance(count)
