"""What every report format shares: the context, the protocol, and words for people.

Names come from hostile images. Whatever is shown to a person, in a terminal or in a message, passes through
`gate.printable` first; machine formats carry the exact value, in their own quoting.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, BinaryIO, Protocol

from imgscan.gate import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from imgscan.model import LayerInfo, RuleInfo, TargetReport

_SHELL_NOP = re.compile(r"^/bin/sh -c #\(nop\)\s+")
_SHELL = re.compile(r"^(?:RUN )?/bin/sh -c\s+")


_MOST_BYTES = 10**30
"""More than there are; a header may claim a number that no float holds."""


def _now() -> datetime:
    return datetime.now(UTC)


def _unheard(_message: str) -> None:
    """Drop a remark: without a listener nothing is lost that the report itself does not say."""


@dataclass(frozen=True, slots=True)
class ReportContext:
    """What a report needs besides the findings.

    `color` and `width` matter to text only, `quiet` and `verbose` (how many times) the same way; `sarif_category` is
    the user's own category for code scanning, None for the default, and `sarif_accepted` lists findings of the
    baseline in SARIF too, as suppressed ones. `commit` is the commit that is being built, as 40 or 64 hex digits,
    for GitLab.

    `clock` gives the time to the one format that must state it (gitlab: when the scan began and ended). `warn`
    takes sentences for the user about the report rather than the targets: for example that its reader will not
    accept all of it. They are escaped, and contain no secret.
    """

    version: str
    rules: Sequence[RuleInfo] = ()
    color: bool = False
    width: int = 80
    quiet: bool = False
    verbose: int = 0
    sarif_category: str | None = None
    sarif_accepted: bool = False
    commit: str | None = None
    clock: Callable[[], datetime] = _now
    warn: Callable[[str], None] = _unheard


class Report(Protocol):
    """One output file in one format.

    `start`, then `target` for each target as soon as it is resolved, then `finish`. What was written so far need
    not be a whole document before `finish`.
    """

    def start(self, out: BinaryIO) -> None:
        """Write what precedes the first target."""

    def target(self, report: TargetReport, out: BinaryIO) -> None:
        """Take one target's result."""

    def finish(self, out: BinaryIO) -> None:
        """Write the rest; the document is complete afterwards."""


def shorten(text: str, width: int) -> str:
    """Cut a text to `width` characters, the last being an ellipsis if anything was cut."""
    return text if len(text) <= width else text[: max(width - 1, 0)] + "…"


def instruction(created_by: str) -> str:
    """Show a history entry as the Dockerfile instruction that it came from, on one line, escaped.

    The classic builder writes `/bin/sh -c #(nop) COPY …` and `/bin/sh -c make`, BuildKit `COPY … # buildkit`.
    """
    line = " ".join(created_by.split()).removesuffix(" # buildkit")
    line, found = _SHELL_NOP.subn("", line)
    if not found:
        line = _SHELL.sub("RUN ", line)
    return printable(line)


def human_bytes(count: int) -> str:
    """Show a byte count in decimal units, as registries and `docker images` do: `412.6 MB`."""
    if abs(count) < 1000:
        return plural(count, "byte")
    size = float(min(max(count, -_MOST_BYTES), _MOST_BYTES))
    for unit in ("kB", "MB", "GB", "TB", "PB"):
        size /= 1000
        # 999.95 would be rounded up to 1000.0 of the smaller unit
        if abs(size) < 999.95:
            return f"{size:.1f} {unit}"
    return f"{size / 1000:,.1f} EB"


def plural(count: int, noun: str, many: str | None = None) -> str:
    """Count a noun: `1 layer`, `21,003 entries`."""
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"


def layer_number(report: TargetReport, index: int) -> str:
    """Name a layer for people, counted from 1: `layer 5 of 9`; `layer 5` where the report does not list it."""
    total = len(report.layers)
    return f"layer {index + 1} of {total}" if index < total else f"layer {index + 1}"


def layer_of(report: TargetReport, index: int) -> LayerInfo | None:
    """Find a layer by the index that findings and diagnostics carry; None if the report does not list it."""
    layers = report.layers
    if index < len(layers) and layers[index].index == index:  # all of them, unless some are missing
        return layers[index]
    return next((layer for layer in layers if layer.index == index), None)
