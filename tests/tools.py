"""Find the real tools that some tests drive, and say what is missing.

A test that needs podman, dockerd or the like asks here first. A tool that is not on the machine skips the test with
a reason that names it; where `IMGSCAN_REQUIRE_REAL=1` (continuous integration) it fails instead, so that a
machine that lost a tool cannot pass by testing less.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest


def required() -> bool:
    """Whether a missing tool is a failure."""
    return os.environ.get("IMGSCAN_REQUIRE_REAL") == "1"


def missing(what: str) -> NoReturn:
    """Leave the running test: skipped, or failed where real tools are required."""
    reason = f"needs {what}"
    if required():
        pytest.fail(f"{reason}, and IMGSCAN_REQUIRE_REAL=1 asks for it", pytrace=False)
    pytest.skip(reason)


def find(name: str, *, variable: str | None = None) -> Path:
    """Return the path of an executable, or leave the test.

    `variable` names an environment variable that may hold the path of a tool which is not on PATH.
    """
    if variable is not None and (path := os.environ.get(variable)):
        if os.access(path, os.X_OK):
            return Path(path)
        missing(f"{name}, but {variable} does not name an executable file")
    found = shutil.which(name)
    if found is None:
        missing(f"{name} on PATH" if variable is None else f"{name} on PATH or in {variable}")
    return Path(found)


def index(why: str) -> None:
    """Leave the test unless real tools are required; `why` names what asks the package index, which takes minutes."""
    if not required():
        missing(f"the package index ({why}): IMGSCAN_REQUIRE_REAL=1 asks for it")


def root(why: str) -> None:
    """Leave the test unless it runs as root; `why` names what wants it."""
    if os.geteuid() != 0:
        missing(f"root ({why})")
