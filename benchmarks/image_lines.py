"""The lines of the budget that scan images."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from benchmarks.lines import Bench, Result, line, reference, scan, started, versus
from benchmarks.measure import Command, Spread, shell

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_LINEAR = 2.5  # twice the input may take this many times as long; were it quadratic, it would be 4
_START = 150  # milliseconds
_CRAWL = 20.0  # times as long as the automaton alone
_SLOWEST = (
    "halves", "words", "pieces", "anchors/base64-1", "anchors/base64-76", "anchors/hex", "anchors/percent_",
    "anchors/u_", "anchors/octal_", "anchors/html_", "anchors/utf-16-be", "crossed/base64-1", "crossed/percent_",
    "crossed/utf-16-le",
)  # fmt: skip
"""Of the inputs of `benchmarks.crawl`, anchors in each encoding and what is most like a credential.

Placeholders of words in wrapped digits (up to 50 times as long) and credentials (up to 60) are over the budget.
"""


@line("version")
def _version(bench: Bench) -> Result:
    """`imgscan --version`."""
    command = Command("imgscan --version", (sys.executable, "-m", "imgscan", "--version"))
    return started(bench, "version", "imgscan --version", command, _START)


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
    """Compare twice the input with once, without the time that starting takes."""
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
        f"{what}, and twice as much",
        f"{spread.show()} x for 2 x",
        f"at most {_LINEAR}",
        spread.median <= _LINEAR,
        max(each.peak for each in twice),
        runs,
    )


@line("prefixes")
def _prefixes(bench: Bench) -> Result:
    """Nothing but prefixes, once and twice."""
    size = bench.images.sizes.prefixes >> 10
    return _growth(bench, "prefixes", f"{size} KiB of nothing but the live prefix", bench.images.prefixes)


@line("placeholders")
def _placeholders(bench: Bench) -> Result:
    """Placeholders, once and twice."""
    return _growth(
        bench, "placeholders", f"{bench.images.sizes.placeholders:,} placeholders", bench.images.placeholders
    )


@line("anchors")
def _anchors(bench: Bench) -> Result:
    """Nothing but base64 anchors, once and twice."""
    size = bench.images.sizes.prefixes >> 10
    return _growth(bench, "anchors", f"{size} KiB of nothing but the live prefix in base64", bench.images.anchors)


@line("digits")
def _digits(bench: Bench) -> Result:
    """One run of base64 of base64, once and twice."""
    size = 50 * bench.images.sizes.prefixes >> 20
    return _growth(bench, "digits", f"{size} MiB of one run of base64 of base64", bench.images.digits)


@line("fallback")
def _fallback(bench: Bench) -> Result:
    """Scan without Hyperscan, against with it."""
    image = bench.images.plain
    paths = (str(bench.images.without_hyperscan()), bench.environment.get("PYTHONPATH"))
    kept_out = {"PYTHONPATH": os.pathsep.join(path for path in paths if path)}
    label = "imgscan without Hyperscan"
    ours = replace(scan(image, label=label), environment=kept_out)
    return versus(bench, "fallback", "plain docker-archive without Hyperscan against with it", ours, scan(image))


@line("crawl")
def _crawl(bench: Bench) -> Result:
    """Search nothing but anchors in each encoding, against the automaton alone."""
    size = 16 * bench.images.sizes.prefixes
    script = (sys.executable, "-m", "benchmarks.crawl", "--json", "--bytes", str(size))
    ratios, runs = {}, []
    for name in _SLOWEST:
        command = Command(name, (*script, name))
        (done,) = bench.in_turn(command, rounds=1)
        speed = json.loads(done[0].output)
        ratios[name] = speed["automaton"] / speed["detector"]
        runs.append((name, tuple(done)))
    slowest = max(ratios, key=ratios.__getitem__)
    value = f"{ratios[slowest]:.1f} x the time ({slowest})"
    within, peak = ratios[slowest] <= _CRAWL, max(run.peak for _, done in runs for run in done)
    what = f"{size >> 20} MiB of nothing but anchors, in each encoding, against the automaton alone"
    return Result("crawl", what, value, f"at most {_CRAWL:.0f}", within, peak, tuple(runs))


@line("sieves")
def _sieves(bench: Bench) -> Result:
    """Run the screen and the automaton alone."""
    path = bench.images.plain
    size = min(bench.images.sizes.tree, 400 << 20)
    command = Command("sieves", (sys.executable, "-m", "benchmarks.sieves", str(path), str(size)))
    (runs,) = bench.in_turn(command)
    speeds = [json.loads(each.output) for each in runs]

    def spread(key: str, scale: float) -> Spread:
        return Spread(tuple(each[key] * scale for each in speeds))

    value = (
        f"{spread('screen', 1e-9).median:.2f} GB/s with Hyperscan, "
        f"{spread('automaton', 1e-9).median:.2f} GB/s without, "
        f"{spread('setup', 1000).median:.0f} ms to set up"
    )
    return Result("sieves", "the sieves alone, one thread", value, runs=((command.label, tuple(runs)),))
