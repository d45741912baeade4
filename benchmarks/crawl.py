"""How slowly the slowest input is searched: `python -m benchmarks.crawl [NAME ...]` prints a table, slowest first.

A name is a text and the encodings around it, the innermost first: `words/base64/hex`. The texts are anchors and what
nearly is a credential, as dense as they can be. Each is searched as a scan does, in windows, and beside it by the
automaton alone, a window at a time in turn, so that what the machine does meanwhile slows both down. What counts is the
ratio. `--json` prints it for one name.
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import time
from typing import TYPE_CHECKING, NamedTuple

from imgscan.detect import Engine
from imgscan.detect.stripe import STRIPE

if TYPE_CHECKING:
    from collections.abc import Callable

_WINDOW = 1 << 20
_SLICE = 1 << 14
_CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SECRET, _PUBLISHABLE = "sk_" + "live_", "pk_" + "live_"


def _body(chance: random.Random, count: int) -> str:
    return "".join(chance.choices(_CHARACTERS, k=count))


TEXTS: dict[str, Callable[[random.Random], str]] = {
    "anchors": lambda _: _SECRET,
    "lines": lambda _: _SECRET + "\n",
    "halves": lambda _: "sk_\n",
    "short": lambda chance: f"{_SECRET}{_body(chance, 23)}\n",
    "crossed": lambda chance: f"{_SECRET}{_body(chance, 12)}xxxx{_body(chance, 8)}\n",
    "words": lambda _: f"{_SECRET}Your0Secret0Key0Goes0Her\n",
    "masked": lambda chance: f"{_SECRET}{_body(chance, 24)}...\n",
    "long": lambda chance: f"{_SECRET}{_body(chance, 300)}\n",
    "webhooks": lambda chance: f"whsec_{_body(chance, 32)}+\n",
    "siblings": lambda chance: f"{_PUBLISHABLE}{_body(chance, 20)}xxxx\n",
    "pieces": lambda chance: f'"sk_" + "live_51{_body(chance, 20)}" + "{_body(chance, 10)}"',
    "intents": lambda chance: f"pi_{_body(chance, 24)}_secret_{_body(chance, 24)}\n",
    "oak": lambda _: "oak_" + "abcdefghjk_lmnopqrst\n",
    "clients": lambda chance: f"ek_live_YWNjdF{_body(chance, 65)}_00{_body(chance, 8)}\n",
    "keys": lambda chance: f"{_SECRET}{_body(chance, 24)}\n",
}
"""What a text consists of, again and again; `keys` are credentials."""


def _lines(digits: bytes, width: int, indent: bytes = b"") -> bytes:
    return b"".join(indent + digits[at : at + width] + b"\n" for at in range(0, len(digits), width))


ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "base64": base64.b64encode,
    "base64-1": lambda text: base64.b64encode(b"1" + text),
    "base64-2": lambda text: base64.b64encode(b"22" + text),
    "base64-76": base64.encodebytes,
    "base64-16": lambda text: _lines(base64.b64encode(text), 16),
    "base64-8": lambda text: _lines(base64.b64encode(text), 8, b"          "),
    "slashed": lambda text: b"/".join(base64.b64encode(line).rstrip(b"=") for line in text.splitlines(keepends=True)),
    "padded": lambda text: b"".join(base64.b64encode(line) for line in text.splitlines(keepends=True)),
    "hex": lambda text: text.hex().encode(),
    "HEX": lambda text: text.hex().upper().encode(),
    "hex-64": lambda text: _lines(text.hex().encode(), 64),
    "percent": lambda text: b"".join(b"%%%02X" % byte for byte in text),
    "percent_": lambda text: text.replace(b"_", b"%5F"),
    "x": lambda text: b"".join(b"\\x%02x" % byte for byte in text),
    "u": lambda text: b"".join(b"\\u%04x" % byte for byte in text),
    "u_": lambda text: text.replace(b"_", b"\\u005f"),
    "octal": lambda text: b"".join(b"_live".join(b"\\%03o" % byte for byte in part) for part in text.split(b"_live")),
    "octal_": lambda text: text.replace(b"_", b"\\137"),
    "html_": lambda text: text.replace(b"_", b"&#95;"),
    "bar_": lambda text: text.replace(b"_", b"&UnderBar;"),
    "utf-16-le": lambda text: text.decode("latin-1").encode("utf-16-le"),
    "utf-16-be": lambda text: text.decode("latin-1").encode("utf-16-be"),
}
"""Ways to write a text, with an underscore where only those are written otherwise."""


class Speed(NamedTuple):
    """Bytes per second of the detector and of the automaton alone, and how many candidates there were."""

    detector: float
    automaton: float
    candidates: int

    @property
    def ratio(self) -> float:
        """How many times as long as the automaton the detector takes."""
        return self.automaton / self.detector


def made(name: str, size: int) -> bytes:
    """Make so many bytes of an input."""
    text, *encoders = name.split("/")
    chance = random.Random(1)
    parts: list[str] = []
    held = 0
    while held < size:
        parts.append(TEXTS[text](chance))
        held += len(parts[-1])
    data = "".join(parts).encode()
    for encoder in encoders:
        data = ENCODERS[encoder](data)[:size]
    return data


def measure(name: str, size: int) -> Speed:
    """Search an input as a scan does, and with the automaton alone."""
    data = made(name, size)
    engine, automaton = Engine(STRIPE, screen=False), STRIPE.automaton
    slow = fast = 0.0
    found = 0
    for start in range(0, len(data), _WINDOW):
        low, end = max(0, start - engine.reach_behind), min(len(data), start + _WINDOW)
        window = data[low : end + engine.reach_ahead]
        begun = time.process_time()
        for at in range(start - low, end - low, _SLICE):
            found += len(automaton.find(window, at, min(at + _SLICE, end - low)))
        between = time.process_time()
        view = engine.open(window)
        for candidates in view.slices(start - low, end - low):
            view.confirm(candidates, 0, len(window))
        fast += between - begun
        slow += time.process_time() - between
    return Speed(len(data) / slow, len(data) / fast, found)


def main() -> None:
    """Measure some inputs, or every text in every encoding."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.crawl", description="Measure the slowest input.")
    parser.add_argument("names", nargs="*", metavar="TEXT/ENCODING/...", help="by default all texts in one encoding")
    parser.add_argument("--bytes", type=int, default=1 << 20, metavar="N", help="of each (default: a mebibyte)")
    parser.add_argument("--json", action="store_true", help="print the ratio of one input")
    options = parser.parse_args()
    if options.json:
        print(json.dumps(measure(options.names[0], options.bytes)._asdict()))
        return
    names = options.names or [*TEXTS, *(f"{text}/{encoder}" for text in TEXTS for encoder in ENCODERS)]
    speeds = {name: measure(name, options.bytes) for name in names}
    print(f"{'input':<32}{'detector':>10}{'automaton':>11}  MB/s{'ratio':>9}")
    for name, speed in sorted(speeds.items(), key=lambda each: -each[1].ratio):
        print(f"{name:<32}{speed.detector / 1e6:>10.2f}{speed.automaton / 1e6:>11.2f}{speed.ratio:>15.1f}")


if __name__ == "__main__":
    main()
