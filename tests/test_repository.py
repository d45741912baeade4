"""What must not be in the repository: credentials, and anything that is true on one machine only."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from fixtures.keys import SHAPED

_TOP = Path(__file__).parents[1]

_LOCAL = {
    "a path beside the repository": re.compile(rb"\.\./shared"),
    "a path of one machine": re.compile(rb"(?<![\w.-])/work\b/"),
    "the host of a package registry": re.compile(
        rb"pypi\.(?:org|io)|pythonhosted\.(?:org|com)|npmjs\.(?:org|com)|\b(?:deb|security|snapshot)\.debian\.org"
    ),
}


def _files() -> list[Path]:
    """Return the files that are in the repository, or would be with the next commit."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=_TOP,
            capture_output=True,
            check=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs git and a checkout")
    files = [_TOP / name.decode() for name in listed.split(b"\0") if name]
    assert files
    return [file for file in files if file.is_file()]


def _places(pattern: re.Pattern[bytes]) -> list[str]:
    """Return `file:line` of each match, and never the matched text."""
    places = []
    for file in _files():
        content = file.read_bytes()
        for match in pattern.finditer(content):
            line = content.count(b"\n", 0, match.start()) + 1
            places.append(f"{file.relative_to(_TOP)}:{line}")
    return places


def test_no_credential_stands_in_the_repository() -> None:
    """No file holds text of a Stripe credential's shape, not even an invented one."""
    assert _places(SHAPED) == []


@pytest.mark.parametrize("what", _LOCAL)
def test_nothing_local_stands_in_the_repository(what: str) -> None:
    """No file names what is to be found on one machine only."""
    assert _places(_LOCAL[what]) == []
