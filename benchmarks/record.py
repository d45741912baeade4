"""Writing the results: a table for the terminal, and a record for the repository."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.lines import MEMORY
from imgscan import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.images import Images
    from benchmarks.lines import Result

_PACKAGES = ("hyperscan", "isal", "pyahocorasick", "zstandard", "orjson", "click")
_TOOLS = ("gzip", "zstd", "openssl", "tar")
_HEADER = ("scan, and what it is compared with", "median (least to greatest)", "budget", "peak memory", "verdict")


def table(results: Sequence[Result]) -> str:
    """Lay the results out in columns."""
    rows = [_HEADER, *(_row(result) for result in results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER) - 1)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]).rstrip()
        for row in rows
    )


def _row(result: Result) -> tuple[str, ...]:
    peak = f"{result.peak / 1e6:.0f} MB" if result.peak else ""
    return result.what, result.value, result.budget, peak, result.verdict


def markdown(results: Sequence[Result], images: Images, command: str, loads: tuple[float, float]) -> str:
    """Write the record: what was run, where, and every number."""
    return "\n".join(_markdown(results, images, command, loads)) + "\n"


def _markdown(results: Sequence[Result], images: Images, command: str, loads: tuple[float, float]) -> Iterator[str]:
    over = [result.name for result in results if not result.good]
    tree = images.tree
    yield f"# Benchmark of {datetime.now(UTC):%Y-%m-%d}"
    yield ""
    yield f"    {command}"
    yield ""
    yield f"{machine()}. Load average {loads[0]:.1f} before and {loads[1]:.1f} after."
    yield ""
    yield versions()
    yield ""
    yield (
        f"The images hold {tree.files:,} files of {tree.size / 1e6:,.0f} MB from this machine's `{images.top}`, in "
        "layers, and one planted key, which each scan has to find. On every line a scan warms up once and then runs in "
        "turn with what it is compared with, start-up included. Speeds are ratios within one run on one machine; do "
        f"not compare them across records. Memory is the whole process's peak, at most {MEMORY // 10**6} MB."
    )
    yield ""
    yield f"| {' | '.join(_HEADER)} |"
    yield "| --- | --- | --- | ---: | --- |"
    for result in results:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in _row(result)) + " |"
    yield ""
    yield f"Over budget: {', '.join(over)}." if over else "Every line is within its budget."
    yield ""
    yield "## Raw seconds"
    yield ""
    yield "Wall time of each run; in brackets the median of processor time, all threads together."
    yield ""
    for result in results:
        for label, runs in result.runs:
            seconds = " ".join(f"{each.seconds:.3f}" for each in runs)
            processor = sorted(each.processor for each in runs)[len(runs) // 2]
            yield f"    {result.name:<13} {label:<26} {seconds} ({processor:.3f})"


def machine() -> str:
    """Describe the machine in words."""
    model, memory = platform.machine(), ""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        if found := re.search(r"model name\s*:\s*(.+)", text):
            model = found[1]
        if found := re.search(r"MemTotal:\s*(\d+) kB", Path("/proc/meminfo").read_text(encoding="utf-8")):
            memory = f", {int(found[1]) / 2**20:.0f} GiB of memory"
    except OSError:  # not Linux
        pass
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{model}, {usable} cores{memory}, {platform.system()} {platform.release().partition('-')[0]}"


def versions() -> str:
    """Name what ran, each with its version."""
    parts = [f"imgscan {__version__}", f"{platform.python_implementation()} {platform.python_version()}"]
    parts += [f"{package} {_package(package)}" for package in _PACKAGES]
    parts += [f"{tool} {_tool(tool)}" for tool in _TOOLS]
    return ", ".join(parts) + "."


def _package(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "(not installed)"


def _tool(name: str) -> str:
    if shutil.which(name) is None:
        return "(not installed)"
    arguments = (name, "version") if name == "openssl" else (name, "--version")
    said = subprocess.run(arguments, capture_output=True, text=True, check=False).stdout
    found = re.search(r"\d+\.\d+(?:\.\d+)*\w*", said)
    return found[0] if found else "(unknown)"
