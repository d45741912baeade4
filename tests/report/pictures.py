"""The pictures of the README, made from real output: `python -m tests.report.pictures`.

It builds the image of `make demo`, scans it by the command line, and writes docs/images/report-text.svg (the text
report as a terminal shows it) and docs/images/report-html.png (the page in Chromium).
"""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import tempfile
from html import escape
from pathlib import Path

from fixtures import builders
from tests.demo import TARGET, demo_image
from tests.report.browser import Browser

_TOP = Path(__file__).parents[2]
_IMAGES = _TOP / "docs" / "images"
_COLUMNS = 96

# One cell of the terminal, in pixels, and the sixteen colours of which the report uses some.
_WIDTH, _HEIGHT, _SIZE, _MARGIN = 8.43, 20, 14, 20
_INK, _GROUND = "#d8dee6", "#15191e"
_COLORS = {"31": "#ff8a80", "32": "#8bd5a0", "33": "#f2c069", "34": "#8fbdf2", "36": "#7fd3d8"}
_SGR = re.compile(r"\x1b\[([\d;]*)m")


def terminal(folder: Path) -> list[str]:
    """Run the scan in a pseudo-terminal and return the lines that it shows."""
    reading, writing = pty.openpty()
    environment = os.environ | {"PYTHONPATH": str(_TOP), "TERM": "xterm-256color", "COLUMNS": str(_COLUMNS)}
    environment.pop("NO_COLOR", None)
    command = [sys.executable, "-m", "imgscan", "image", TARGET, "--no-progress"]
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=writing, stderr=subprocess.DEVNULL) as scan:
        os.close(writing)
        shown = bytearray()
        while True:
            try:
                chunk = os.read(reading, 65_536)
            except OSError:  # Linux says so when the other end is closed
                break
            if not chunk:
                break
            shown += chunk
        scan.wait()
    os.close(reading)
    return shown.decode().replace("\r\n", "\n").rstrip("\n").split("\n")


def excerpt(lines: list[str]) -> list[str]:
    """Keep the findings and the totals; what to do is long, and an ellipsis stands for it."""
    plain = [_SGR.sub("", line) for line in lines]
    end = plain.index("What to do")
    return [
        f"$ imgscan image {TARGET}",
        *lines[:end],
        "\x1b[2mWhat to do … (rotate each key, rebuild the image)\x1b[0m",
        "",
        lines[-1],
    ]


def drawing(lines: list[str]) -> str:
    """Draw lines with SGR sequences as an SVG picture."""
    width = round(2 * _MARGIN + _COLUMNS * _WIDTH)
    height = 2 * _MARGIN + len(lines) * _HEIGHT
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'role="img" aria-label="The text report of imgscan in a terminal">\n'
        f'<rect width="{width}" height="{height}" rx="10" fill="{_GROUND}"/>\n'
        '<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, DejaVu Sans Mono, monospace" '
        f'font-size="{_SIZE}" fill="{_INK}">\n'
    )
    parts = [head]
    for row, line in enumerate(lines):
        y = _MARGIN + row * _HEIGHT + _SIZE
        parts += [_run(column, y, text, style) for column, text, style in _runs(line)]
    return "".join([*parts, "</g>\n</svg>\n"])


def _runs(line: str) -> list[tuple[int, str, frozenset[str]]]:
    """Cut a line into runs of one style: column, text, SGR codes."""
    runs, style, column = [], frozenset[str](), 0
    pieces = _SGR.split(line)
    for position, piece in enumerate(pieces):
        if position % 2:
            style = frozenset() if piece in {"", "0"} else frozenset(piece.split(";"))
        elif piece:
            runs.append((column, piece, style))
            column += len(piece)
    return runs


def _run(column: int, y: int, text: str, style: frozenset[str]) -> str:
    lead = len(text) - len(text.lstrip())
    shown = text.strip()
    if not shown:
        return ""
    color = next((_COLORS[code] for code in style if code in _COLORS), None)
    about = f' fill="{color}"' if color else ""
    about += ' font-weight="700"' if "1" in style else ""
    about += ' opacity=".65"' if "2" in style else ""
    x = _MARGIN + (column + lead) * _WIDTH
    # Whatever font the reader has, a run is as long as its cells.
    return (
        f'<text x="{x:.1f}" y="{y}" textLength="{len(shown) * _WIDTH:.1f}" lengthAdjust="spacingAndGlyphs"'
        f' xml:space="preserve"{about}>{escape(shown)}</text>\n'
    )


def main() -> int:
    """Write the pictures."""
    image, _ = demo_image()
    _IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="imgscan-pictures-") as name:
        folder = Path(name)
        builders.write(folder / TARGET, builders.docker_modern(image))
        lines = excerpt(terminal(folder))
        (_IMAGES / "report-text.svg").write_text(drawing(lines), encoding="utf-8")
        scan = [sys.executable, "-m", "imgscan", "image", TARGET, "-f", "html", "-o", "shop.html", "--fail-on", "never"]
        subprocess.run(scan, cwd=folder, env=os.environ | {"PYTHONPATH": str(_TOP)}, check=True, capture_output=True)
        with Browser(folder / "profile") as browser:
            page = browser.open(folder / "shop.html", 1340)
            page.look(1340, 1060)
            page.settle()
            page.screenshot(_IMAGES / "report-html.png", whole=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
