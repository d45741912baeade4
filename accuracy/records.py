"""The records that long measurements leave in the repository, as JSON, for the document to read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
REAL, COMPILED = _HERE / "real" / "real.json", _HERE / "real" / "compiled.json"
MUTANTS = _HERE / "mutants" / "mutants.json"


def read(path: Path) -> Any:
    """Read a record; None if nothing was measured yet."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def write(path: Path, document: object) -> None:
    """Write a record, so that the same figures give the same bytes."""
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
