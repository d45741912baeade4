"""Findings in a terminal: by layer, what it is first, where it stands second, what became of it third."""

from __future__ import annotations

from array import array
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from imgscan.gate import printable
from imgscan.packed import Alike, Picked
from imgscan.report.base import human_bytes, instruction, layer_number, layer_of, plural, shorten
from imgscan.report.text.style import LEVEL_STYLES
from imgscan.report.words import IN_HISTORY, commit, ended, ignorable, in_description, origin, place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from imgscan.model import Finding, LayerInfo, TargetReport
    from imgscan.report.text.style import Style

LABEL = 2
INDENT = 11
"""Columns of the level's label, and of everything about a finding."""

_STATUS = {
    "example": "an example from Stripe's documentation, not a leak",
    "baseline": "accepted in the baseline",
}


def findings_section(report: TargetReport, style: Style, verbose: int) -> Iterator[str]:
    """Write the findings under their layers; when verbose, also the layers that have none."""
    groups: dict[int | None, array[int]] = {}
    for position, finding in enumerate(report.findings):
        groups.setdefault(finding.location.layer, array("q")).append(position)
    indexes = {index for index in groups if index is not None}
    if verbose:
        indexes |= {layer.index for layer in report.layers}
    order: list[int | None] = [*sorted(indexes), *([None] if None in groups else [])]
    shown = array("q", chain.from_iterable(groups.get(index, ()) for index in order))
    places, number = _Places(report, shown), 0
    for index in order:
        heading = list(_heading(report, index, style, verbose))
        yield from [*heading, ""] if heading else []
        for position in groups.get(index, ()):
            yield from _finding(report, report.findings[position], places.of(number), style, verbose)
            yield ""
            number += 1


class _Known(NamedTuple):
    """The first place of a credential, None at that place itself; how many places there are, and in how many layers."""

    first: Finding | None
    places: int = 1
    layers: int = 1


class _Places:
    """The places of each credential, in the order in which they are shown."""

    def __init__(self, report: TargetReport, shown: Sequence[int]) -> None:
        self._shown = Picked(report.findings, shown)
        self._layers = array("q")
        self._alike = Alike(self._marks())

    def _marks(self) -> Iterator[int]:
        for finding in self._shown:
            self._layers.append(-1 if finding.location.layer is None else finding.location.layer)
            yield hash(finding.secret.sha256)

    def of(self, number: int) -> _Known:
        """Return what is known of the credential of a finding, by its number among those that are shown."""
        first = self._alike.first[number]
        if first != number:
            return _Known(self._shown[first])
        places = self._alike.of(first)
        return _Known(None, len(places), len({self._layers[place] for place in places}))


def quiet_line(report: TargetReport, finding: Finding, style: Style) -> str:
    """Write a finding on one line, the way compilers do."""
    context = [printable(report.target)]
    if finding.location.layer is not None:
        context.append(layer_number(report, finding.location.layer))
    if (brought := commit(finding)) is not None:
        context.append(brought)
    if (life := life_text(report, finding)) is not None:
        context.append(life.partition(",")[0])
    if (source := origin(finding)) is not None:
        context.append(f"from {source}")
    if finding.status != "new":
        context.append(_STATUS[finding.status].partition(",")[0])
    level = style.paint(finding.level, LEVEL_STYLES[finding.level])
    what = f"{printable(finding.title)} {printable(finding.secret.redacted)}"
    return f"{place(finding)}: {level}: {what} ({', '.join(context)})"


def life_text(report: TargetReport, finding: Finding) -> str | None:
    """Say whether the file is still to be seen, and who can read it anyway."""
    visibility = finding.visibility
    if visibility is None:
        if in_description(report, finding):
            return "in the image's own description, which comes with every pull"
        return None
    if report.kind == "git":
        return IN_HISTORY[visibility.state]
    if visibility.state == "visible":
        return "visible in the finished image"
    return f"{ended(visibility)}, still readable by anyone who pulls the image"


def _heading(report: TargetReport, index: int | None, style: Style, verbose: int) -> Iterator[str]:
    if index is None:
        if report.kind == "image":
            yield style.paint("image description", "bold") + style.paint("  outside the layers", "dim")
        return
    number = layer_number(report, index)
    layer = layer_of(report, index)
    if layer is None:
        yield style.paint(number, "bold")
    else:
        yield from _layer_heading(number, layer, style, verbose)


def _layer_heading(number: str, layer: LayerInfo, style: Style, verbose: int) -> Iterator[str]:
    digest = layer.digest or layer.diff_id
    parts = ["" if digest is None else printable(digest.short), "base image" if layer.from_base else ""]
    about = "".join(f"  {part}" for part in parts if part)
    line = style.paint(number, "bold") + style.paint(about, "dim")
    created_by = instruction(layer.created_by) if layer.created_by else ""
    room = max(style.width - len(number) - len(about) - 2, 16)
    if created_by and not verbose:
        line += "  " + style.paint(shorten(created_by, room), "cyan")
    yield line
    if verbose:
        if created_by:
            yield from style.prose(created_by, 2, "", "cyan")
        measures = [
            "not read" if layer.bytes is None else human_bytes(layer.bytes),
            *([] if layer.entries is None else [plural(layer.entries, "entry", "entries")]),
            *([] if layer.digest is None else [f"digest {printable(str(layer.digest))}"]),
            *([] if layer.diff_id is None else [f"diff_id {printable(str(layer.diff_id))}"]),
        ]
        yield from style.items(measures, 2, "dim")


def _finding(report: TargetReport, finding: Finding, known: _Known, style: Style, verbose: int) -> Iterator[str]:
    label = style.paint(finding.level, "bold", LEVEL_STYLES[finding.level])
    gap = " " * (INDENT - LABEL - len(finding.level))
    title = style.paint(printable(finding.title), "bold")
    yield f"{' ' * LABEL}{label}{gap}{title}  {printable(finding.secret.redacted)}"
    encoding = finding.location.encoding
    carrier = "" if encoding == "plain" else f"  as {printable(encoding)}"
    yield " " * INDENT + style.paint(place(finding), "cyan") + carrier
    if (source := origin(finding)) is not None:
        yield f"{' ' * INDENT}from {source}"
    if (advice := ignorable(finding)) is not None:
        yield from style.prose(advice, INDENT)
    if (brought := commit(finding)) is not None:
        yield " " * INDENT + brought
    if (life := life_text(report, finding)) is not None:
        yield from style.prose(life, INDENT)
    if finding.status != "new":
        yield from style.prose(_STATUS[finding.status], INDENT)
    if known.first is not None:
        yield " " * INDENT + style.paint(f"same secret as {_reference(report, known.first)}", "dim")
    else:
        yield from _account(finding)
        yield from style.items(_about(finding, known), INDENT, "dim")
    if verbose:
        yield from style.items(_details(finding), INDENT, "dim")


def _reference(report: TargetReport, finding: Finding) -> str:
    layer = finding.location.layer
    return place(finding) + ("" if layer is None else f" in {layer_number(report, layer)}")


def _account(finding: Finding) -> Iterator[str]:
    secret = finding.secret
    if secret.account is not None:
        created = "" if secret.account_created is None else f", created {secret.account_created[:10]}"
        yield " " * INDENT + printable(f"account {secret.account}{created}")


def _about(finding: Finding, known: _Known) -> Iterator[str]:
    yield f"confidence {finding.confidence.replace('-', ' ')}"
    if known.places > 1:
        yield f"{known.places} places" + (f", {known.layers} layers" if known.layers > 1 else "")


def _details(finding: Finding) -> Iterator[str]:
    yield printable(f"rule {finding.rule_id}")
    yield f"{finding.secret.length} characters"
    yield printable(f"fingerprint {finding.fingerprint}")
    yield printable(f"sha256 {finding.secret.sha256}")
