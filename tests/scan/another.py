"""Another process, with another seed of Python's own hashes, that reads results of layers and writes them again."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Self

from imgscan.scan.result import LayerResult

if TYPE_CHECKING:
    from types import TracebackType

_COPY = """
import sys
from imgscan.scan.result import LayerResult

while size := sys.stdin.buffer.readline():
    written = LayerResult.read(sys.stdin.buffer.read(int(size))).write()
    sys.stdout.buffer.write(b"%d\\n" % len(written) + written)
    sys.stdout.buffer.flush()
"""


class Another:
    """The process, as a context manager."""

    def __init__(self) -> None:
        self.passed = 0
        self._lock = threading.Lock()  # layers are scanned on several threads
        self._process = subprocess.Popen(
            [sys.executable, "-c", _COPY],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"PYTHONHASHSEED": "7"},
        )

    def __call__(self, result: LayerResult) -> LayerResult:
        """Return a result as the other process has read and written it: what it wrote is what we wrote."""
        given, taken = self._process.stdin, self._process.stdout
        assert given is not None
        assert taken is not None
        written = result.write()
        with self._lock:
            given.write(b"%d\n" % len(written) + written)
            given.flush()
            again = taken.read(int(taken.readline()))
        assert again == written
        self.passed += 1
        return LayerResult.read(again)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()
        assert self._process.returncode == 0
