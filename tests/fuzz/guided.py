"""One target under atheris: started by the driver, with libFuzzer's options. `python -m tests.fuzz.guided NAME ...`."""

from __future__ import annotations

import importlib
import sys
from typing import Any

atheris: Any = importlib.import_module("atheris")

with atheris.instrument_imports(include=["imgscan.containers", "imgscan.streams"]):
    from tests.fuzz.targets import TARGETS


def main() -> None:
    """Hand the target to atheris, which ends the process."""
    name, *options = sys.argv[1:]
    atheris.Setup([sys.argv[0], *options], TARGETS[name].run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
