"""Who may hold many hits: of the pours of a run, one at a time.

Hits that are found wait, packed, until their layer is settled. Of one layer that is a matter of megabytes, and of as
many layers as there are jobs it would be too much. So a pour that has found some thousands waits for its turn.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from imgscan.streams.stop import STEP

if TYPE_CHECKING:
    from imgscan.scan.session import Session

SOME = 2048
"""Hits that a pour holds without asking."""


class Turn:
    """One pour's turn to hold many hits; its threads share it. Whoever asks must give it back.

    What asks for much memory in another way (`Spool.hungry`) takes its turn first. So nobody who waits here has what
    another needs to come to an end.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._own = Lock()
        self._count = 0
        self._held = False

    def counted(self) -> None:
        """Count a hit; wait for the turn if there are many. Raises the StreamError of an interruption."""
        self._count += 1
        if self._count > SOME and not self._held:
            self.ask()

    def ask(self) -> None:
        """Wait for the turn. Raises the StreamError of an interruption."""
        with self._own:
            while not self._held:
                self._held = self._session.crowd.acquire(timeout=STEP)
                if not self._held:
                    self._session.go_on()

    def give_back(self, *, unless_many: bool = False) -> None:
        """Let others have their turn."""
        with self._own:
            if self._held and not (unless_many and self._count > SOME):
                self._held = False
                self._session.crowd.release()
