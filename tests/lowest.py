"""Print the lowest versions that pyproject.toml allows, as constraints for pip.

`python tests/lowest.py pyproject.toml > lowest.txt`, then `pip install --constraint lowest.txt`.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path


def lowest(requirements: list[str]) -> list[str]:
    """Turn each `name>=version` into `name==version`; a requirement of another form is an error."""
    pins = []
    for requirement in requirements:
        match = re.fullmatch(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?>=([0-9][0-9.]*)(?:,[^;]*)?(?:;.*)?", requirement)
        if match is None:
            raise SystemExit(f"{requirement!r} names no lowest version")
        pins.append(f"{match[1]}=={match[2]}")
    return pins


if __name__ == "__main__":
    project = tomllib.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["project"]
    sys.stdout.write("\n".join(lowest(project["dependencies"])) + "\n")
