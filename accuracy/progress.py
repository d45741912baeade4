"""What a measurement is doing, on the terminal's last line."""

from __future__ import annotations

import sys


def tell(message: str, *, logged: bool = False) -> None:
    """Show a message in the place of the one before it; where there is no terminal, on a line if it is `logged`."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{message}", end="", file=sys.stderr, flush=True)
    elif logged:
        print(message, file=sys.stderr, flush=True)
