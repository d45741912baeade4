"""The lines of the budget: what runs, against what, and how much is allowed.

A line is a function of a `Bench` that gives a `Result`; its name is what `--only` takes. Peak memory is held to
`MEMORY` on every line that scans.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from benchmarks.measure import Command, FailedError, Run, Spread, in_turn, ratios, shell

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from benchmarks.images import Images

MEMORY = 300 * 10**6
"""The most that any scan may hold, in bytes."""

_FOUND = (1,)  # the exit code of a scan that found the key
_LINEAR = 2.5  # twice the input may take this many times as long; were it quadratic, it would be 4
_START = 0.150
_START_RUNS = 10


@dataclass(frozen=True, slots=True)
class Bench:
    """What a line needs: images, how often to run and in what environment, and someone to tell what is going on."""

    images: Images
    rounds: int
    environment: Mapping[str, str]
    tell: Callable[[str], None]

    def in_turn(self, *commands: Command, rounds: int | None = None) -> list[list[Run]]:
        """Run commands in turn."""
        return in_turn(commands, rounds or self.rounds, self.environment, self.tell)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a line.

    `value` is what is compared, in words, `budget` what is allowed; `within` is None where there is no budget.
    `runs` are all runs by their labels. `failure` says why there is nothing to compare.
    """

    name: str
    what: str
    value: str = ""
    budget: str = ""
    within: bool | None = None
    peak: int = 0
    runs: tuple[tuple[str, tuple[Run, ...]], ...] = ()
    failure: str | None = None

    @property
    def good(self) -> bool:
        """Whether the line was measured and holds."""
        return self.failure is None and self.within is not False and self.peak <= MEMORY

    @property
    def verdict(self) -> str:
        """One or two words."""
        if self.failure is not None:
            return self.failure
        if self.peak > MEMORY:
            return "over: memory"
        return {True: "ok", False: "OVER", None: "ok" if self.peak else "shown"}[self.within]


class MissingToolError(Exception):
    """A tool that a line compares with is not on this machine; the message is its name."""


LINES: dict[str, Callable[[Bench], Result]] = {}
"""The lines by name, in the order in which they are measured."""


def line(name: str, *needs: str) -> Callable[[Callable[[Bench], Result]], Callable[[Bench], Result]]:
    """Enter a function as a line that needs certain commands."""

    def enter(measure: Callable[[Bench], Result]) -> Callable[[Bench], Result]:
        def guarded(bench: Bench) -> Result:
            what = (measure.__doc__ or "").rstrip(".")
            lacking = [tool for tool in needs if shutil.which(tool) is None]
            if lacking:
                return Result(name, what, failure=f"not measured: needs {', '.join(lacking)}")
            try:
                return measure(bench)
            except FailedError as error:
                return Result(name, what, failure=f"failed: {error}")

        LINES[name] = guarded
        return guarded

    return enter


def scan(target: Path | str, *options: str, feed: Path | None = None, label: str = "imgscan") -> Command:
    """Scan as a user would."""
    arguments = (sys.executable, "-m", "imgscan", "image", str(target), "-q", "--no-progress", *options)
    return Command(label, arguments, feed, codes=_FOUND, says="srv/app/.env")


def reference(label: str, name: str, *paths: Path) -> Command:
    """Run one of the references of this package."""
    return Command(label, (sys.executable, "-m", "benchmarks.reference", name, *map(str, paths)))


def versus(
    bench: Bench,
    name: str,
    what: str,
    ours: Command,
    other: Command,
    *,
    faster: float | None = None,
    within: float | None = None,
) -> Result:
    """Compare with another command: at least `faster` times its speed, or at most `within` times its time."""
    mine, its = bench.in_turn(ours, other)
    good: bool | None = None
    budget = ""
    if faster is not None:
        spread = ratios(its, mine)
        value, budget, good = f"{spread.show()} x the speed", f"at least {faster}", spread.median >= faster
    else:
        spread = ratios(mine, its)
        value = f"{spread.show()} x the time"
        if within is not None:
            budget, good = f"at most {within}", spread.median <= within
    runs = ((ours.label, tuple(mine)), (other.label, tuple(its)))
    return Result(name, what, value, budget, good, max(each.peak for each in mine), runs)


@line("version")
def _version(bench: Bench) -> Result:
    """`imgscan --version`."""
    command = Command("imgscan --version", (sys.executable, "-m", "imgscan", "--version"))
    (runs,) = bench.in_turn(command, rounds=_START_RUNS)
    spread = Spread(tuple(each.seconds * 1000 for each in runs))
    return Result(
        "version",
        "imgscan --version",
        f"{spread.show(0)} ms",
        f"at most {_START * 1000:.0f} ms",
        spread.median <= _START * 1000,
        max(each.peak for each in runs),
        ((command.label, tuple(runs)),),
    )


@line("gzip", "gzip")
def _gzip(bench: Bench) -> Result:
    """OCI layout, gzip layers, against inflating them with gzip."""
    folder, layers = bench.images.gzip
    other = shell("gzip -dc | cat", 'gzip -dc "$@" | cat > /dev/null', *layers)
    return versus(bench, "gzip", "gzip layers against gzip -dc | cat", scan(folder), other, faster=2.5)


@line("gzip-isal", "gzip")
def _gzip_isal(bench: Bench) -> Result:
    """OCI layout, gzip layers, against isal and SHA-256 alone."""
    folder, layers = bench.images.gzip
    other = reference("isal + SHA-256", "inflate", *layers)
    what = "gzip layers against isal + SHA-256 alone, one thread"
    return versus(bench, "gzip-isal", what, scan(folder), other, within=1.25)


@line("plain", "openssl")
def _plain(bench: Bench) -> Result:
    """docker-archive, plain layers, against hashing it."""
    image = bench.images.plain
    other = Command("openssl dgst", ("openssl", "dgst", "-sha256", str(image)))
    return versus(bench, "plain", "plain docker-archive against openssl dgst -sha256", scan(image), other, within=1.5)


@line("zstd", "zstd", "openssl")
def _zstd(bench: Bench) -> Result:
    """OCI layout, zstd layers, against inflating and hashing them."""
    folder, layers = bench.images.zstd
    other = shell("zstd -dc | openssl dgst", 'zstd -dc "$@" | openssl dgst -sha256', *layers)
    return versus(bench, "zstd", "zstd layers against zstd -dc | openssl dgst -sha256", scan(folder), other, within=1.4)


@line("stdin", "openssl")
def _stdin(bench: Bench) -> Result:
    """docker-archive on standard input, against hashing it from there."""
    image = bench.images.plain
    other = Command("openssl dgst", ("openssl", "dgst", "-sha256"), feed=image)
    return versus(bench, "stdin", "plain docker-archive on standard input", scan("-", feed=image), other)


@line("stdin-gzip", "gzip")
def _stdin_gzip(bench: Bench) -> Result:
    """docker-archive of gzip, one stream, on standard input, against inflating it."""
    image = bench.images.plain_gzip
    other = Command("gzip -dc | cat", ("sh", "-c", "gzip -dc | cat > /dev/null"), feed=image)
    what = "docker-archive, gzip as a whole, on standard input"
    result = versus(bench, "stdin-gzip", what, scan("-", feed=image), other)
    bench.images.release(image)
    return result


@line("jobs", "gzip")
def _jobs(bench: Bench) -> Result:
    """OCI layout, gzip layers, all read at the same time."""
    folder, _ = bench.images.gzip
    what = "gzip layers, eight at a time against one"
    ours, other = scan(folder, "--jobs", "8"), scan(folder, "--jobs", "1", label="imgscan --jobs 1")
    return versus(bench, "jobs", what, ours, other)


@line("zstd-long", "zstd", "openssl")
def _zstd_long(bench: Bench) -> Result:
    """OCI layout, zstd layers with windows of 128 MiB."""
    folder, layers = bench.images.zstd_long
    other = shell("zstd -dc | openssl dgst", 'zstd -dc --long=27 "$@" | openssl dgst -sha256', *layers)
    return versus(bench, "zstd-long", "zstd layers with windows of 128 MiB", scan(folder), other)


@line("tiny", "tar")
def _tiny(bench: Bench) -> Result:
    """Very many very small files, against listing them with tar."""
    image = bench.images.tiny
    other = shell("tar tf", 'tar tf "$1" > /dev/null', image)
    what = f"{bench.images.sizes.tiny_files:,} tiny files against tar tf"
    return versus(bench, "tiny", what, scan(f"rootfs:{image}"), other)


@line("tiny-tarfile")
def _tiny_tarfile(bench: Bench) -> Result:
    """Very many very small files, against listing them with tarfile."""
    image = bench.images.tiny
    other = reference("tarfile", "list", image)
    what = f"{bench.images.sizes.tiny_files:,} tiny files against listing with tarfile"
    return versus(bench, "tiny-tarfile", what, scan(f"rootfs:{image}"), other)


@line("single", "openssl")
def _single(bench: Bench) -> Result:
    """One very large file, against hashing it."""
    image = bench.images.single
    other = Command("openssl dgst", ("openssl", "dgst", "-sha256", str(image)))
    what = f"one file of {bench.images.sizes.single_file >> 20} MiB against openssl dgst -sha256"
    result = versus(bench, "single", what, scan(image), other, within=1.5)
    bench.images.release(image)
    return result


def _growth(bench: Bench, name: str, what: str, make: Callable[[int], Path]) -> Result:
    """Compare twice the input with once, what starting takes left out."""
    paths = (bench.images.nothing(), make(1), make(2))
    labels = ("nothing", "size n", "size 2n")
    commands = [scan(f"rootfs:{path}", label=f"imgscan, {label}") for path, label in zip(paths, labels, strict=True)]
    start, once, twice = bench.in_turn(*commands)
    base = Spread(tuple(each.seconds for each in start)).median
    spread = Spread(
        tuple((two.seconds - base) / max(one.seconds - base, 0.01) for one, two in zip(once, twice, strict=True))
    )
    runs = tuple((command.label, tuple(done)) for command, done in zip(commands, (start, once, twice), strict=True))
    return Result(
        name,
        what,
        f"{spread.show()} x for 2 x",
        f"at most {_LINEAR}",
        spread.median <= _LINEAR,
        max(each.peak for each in twice),
        runs,
    )


@line("prefixes")
def _prefixes(bench: Bench) -> Result:
    """Nothing but prefixes, once and twice."""
    what = f"{bench.images.sizes.prefixes >> 10} KiB of nothing but the live prefix, and twice as much"
    return _growth(bench, "prefixes", what, bench.images.prefixes)


@line("placeholders")
def _placeholders(bench: Bench) -> Result:
    """Placeholders, once and twice."""
    what = f"{bench.images.sizes.placeholders:,} placeholders, and twice as many"
    return _growth(bench, "placeholders", what, bench.images.placeholders)


@line("anchors")
def _anchors(bench: Bench) -> Result:
    """Nothing but base64 anchors, once and twice."""
    what = f"{bench.images.sizes.prefixes >> 10} KiB of nothing but the live prefix in base64, and twice as much"
    return _growth(bench, "anchors", what, bench.images.anchors)


@line("digits")
def _digits(bench: Bench) -> Result:
    """One run of base64 of base64, once and twice."""
    what = f"{50 * bench.images.sizes.prefixes >> 20} MiB of one run of base64 of base64, and twice as much"
    return _growth(bench, "digits", what, bench.images.digits)


@line("fallback")
def _fallback(bench: Bench) -> Result:
    """Scan without Hyperscan, against with it."""
    image = bench.images.plain
    paths = (str(bench.images.without_hyperscan()), bench.environment.get("PYTHONPATH"))
    kept_out = {"PYTHONPATH": os.pathsep.join(path for path in paths if path)}
    label = "imgscan without Hyperscan"
    ours = replace(scan(image, label=label), environment=kept_out)
    return versus(bench, "fallback", "plain docker-archive without Hyperscan against with it", ours, scan(image))


@line("sieves")
def _sieves(bench: Bench) -> Result:
    """Run the screen and the automaton alone."""
    path = bench.images.plain
    size = min(bench.images.sizes.tree, 400 << 20)
    command = Command("sieves", (sys.executable, "-m", "benchmarks.sieves", str(path), str(size)))
    (runs,) = bench.in_turn(command)
    told = [json.loads(each.output) for each in runs]

    def spread(key: str, scale: float) -> Spread:
        return Spread(tuple(each[key] * scale for each in told))

    value = (
        f"{spread('screen', 1e-9).median:.2f} GB/s with Hyperscan, "
        f"{spread('automaton', 1e-9).median:.2f} GB/s without, "
        f"{spread('setup', 1000).median:.0f} ms to set up"
    )
    return Result("sieves", "the sieves alone, one thread", value, runs=((command.label, tuple(runs)),))
