"""What the suite consists of does not depend on when, where or by which process it is collected.

pytest-xdist collects in each worker and refuses to run where two of them differ: a test whose id holds compressed data,
whose header has the time, made `make test` fail on some machines and not on others.
"""

from __future__ import annotations

import os
import subprocess
import sys
from difflib import unified_diff
from pathlib import Path

TOP = Path(__file__).parents[1]

_COLLECT = """
import sys, time
clock, nanoseconds, shift = time.time, time.time_ns, int(sys.argv.pop(1))
time.time = lambda: clock() + shift
time.time_ns = lambda: nanoseconds() + shift * 1_000_000_000
import pytest
sys.exit(pytest.main(sys.argv[1:]))
"""
"""Collects by another clock: the first argument is how many seconds it is fast."""


def _collecting(shift: int, seed: int, folder: Path) -> subprocess.Popen[str]:
    folder.mkdir()
    options = ("-q", "--collect-only", "-p", "no:cacheprovider", "-p", "no:xdist", f"--rootdir={TOP}")
    return subprocess.Popen(
        [sys.executable, "-c", _COLLECT, str(shift), *options, str(TOP / "tests")],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(TOP), "PYTHONHASHSEED": str(seed), "TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_the_same_tests_are_collected_in_every_process_and_at_every_time(tmp_path: Path) -> None:
    """Clock, hash seed and working folder change no test's id, nor the order of the tests."""
    running = [_collecting(0, 1, tmp_path / "here"), _collecting(40_000_000, 77, tmp_path / "there")]
    outputs = [process.communicate(timeout=600)[0] for process in running]
    assert [process.returncode for process in running] == [0, 0], outputs[0][-2000:]
    first, second = ([line for line in output.splitlines() if "::" in line] for output in outputs)
    assert len(first) > 1000
    assert list(unified_diff(first, second, lineterm="", n=0)) == []
