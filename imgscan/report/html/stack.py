"""The layers as a stack, the newest on top: how large each is, what was found in it, and what it took away."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from imgscan.report.base import human_bytes, instruction, plural, shorten
from imgscan.report.html.markup import code, fate, layer_id, tail, text
from imgscan.report.words import life

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgscan.model import Finding, LayerInfo, TargetReport
    from imgscan.report.html.chosen import Chosen

_MOST_MARKS = 8
"""Findings that a layer shows before it counts the others: the stack is the overview, the list has them all."""

_LONGEST = 300
_TAIL = 38


class _Marked:
    """The findings of a layer: the first of them, with their positions, and how many there are."""

    def __init__(self) -> None:
        self.first: list[tuple[int, Finding]] = []
        self.count = 0
        self.listed = False

    def add(self, position: int, finding: Finding, chosen: Chosen) -> None:
        """Count one finding."""
        self.count += 1
        self.listed = self.listed or chosen.lists(position)
        if len(self.first) < _MOST_MARKS:
            self.first.append((position, finding))


def stack_section(report: TargetReport, number: int, chosen: Chosen) -> Iterator[str]:
    """Write the stack; nothing for targets without layers. Findings that the page lists are linked to."""
    if not report.layers:
        return
    found: dict[int | None, _Marked] = defaultdict(_Marked)
    removed: dict[int, _Marked] = defaultdict(_Marked)
    for position, finding in enumerate(report.findings):
        found[finding.location.layer].add(position, finding, chosen)
        visibility = finding.visibility
        if visibility is not None and visibility.layer is not None and visibility.state != "visible":
            removed[visibility.layer].add(position, finding, chosen)
    largest = max((_size(layer) or 0 for layer in report.layers), default=0)
    yield f'<section class="stack" aria-labelledby="t{number}-layers">\n<h3 id="t{number}-layers">Layers</h3>\n'
    yield '<p class="hint">Newest on top, base at the bottom. What an upper layer deletes stays in the lower one.</p>\n'
    if found[None].count:
        yield '<div class="layer described"><p class="made">Image description</p>\n'
        yield '<p class="size">configuration and history, pulled with every layer</p>\n'
        yield from _marks(report, number, found[None], chosen)
        yield "</div>\n"
    yield f'<ol reversed tabindex="0" aria-label="Layers, {plural(len(report.layers), "layer")}, the newest first">\n'
    for layer in sorted(report.layers, key=lambda one: one.index, reverse=True):
        yield from _layer(report, number, layer, largest, (found[layer.index], removed[layer.index]), chosen)
    yield "</ol>\n</section>\n"


def _layer(
    report: TargetReport,
    number: int,
    layer: LayerInfo,
    largest: int,
    marked: tuple[_Marked, _Marked],
    chosen: Chosen,
) -> Iterator[str]:
    found, removed = marked
    kinds = [("held", found.count), ("removes", removed.count), ("base", layer.from_base)]
    classes = " ".join(["layer", *(kind for kind, present in kinds if present)])
    name = layer_id(number, layer.index)
    yield f'<li class="{classes}" id="{name}">\n'
    made = shorten(instruction(layer.created_by), _LONGEST) if layer.created_by else ""
    said = f"<code>{text(made)}</code>" if made else "<em>no instruction recorded</em>"
    yield f'<p class="made"><span class="number">{layer.index + 1}</span>{said}</p>\n'
    size = _size(layer)
    parts = ["not read" if size is None else human_bytes(size)]
    if layer.entries is not None:
        parts.append(plural(layer.entries, "entry", "entries"))
    if layer.from_base:
        parts.append("base image")
    yield f'<p class="size">{_bar(size, largest)}<span>{text(", ".join(parts))}</span></p>\n'
    yield from _marks(report, number, found, chosen)
    yield from _removals(number, removed, chosen)
    if found.listed:
        yield f'<button type="button" class="only" data-only="{name}" aria-pressed="false" hidden>'
        yield f'Only this layer<span class="unseen">: {layer.index + 1}</span></button>\n'
    yield "</li>\n"


def _size(layer: LayerInfo) -> int | None:
    size = layer.size if layer.size is not None else layer.bytes
    return None if size is None else max(size, 0)


def _bar(size: int | None, largest: int) -> str:
    """Draw the size against the largest layer's; the number is beside it, so readers of text miss nothing."""
    width = 0 if not size or not largest else max(100 * size / largest, 1.5)
    return (
        '<svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
        f'<rect class="room" width="100" height="4"/><rect class="full" width="{width:.1f}" height="4"/></svg>'
    )


def _marks(report: TargetReport, number: int, found: _Marked, chosen: Chosen) -> Iterator[str]:
    if not found.count:
        return
    yield '<ul class="marks">\n'
    for position, finding in found.first:
        state = fate(report, finding)
        words = life(report, finding) or ""
        name = finding.location.field if finding.location.field is not None else finding.location.path
        line = "" if finding.location.line is None else f":{finding.location.line}"
        label = f'<span class="dot {state}" aria-hidden="true"></span><span>{text(tail(name, _TAIL) + line)}</span>'
        about = f'<span class="unseen">{text(f", {finding.title}, {words}")}</span>'
        element, link = ("a", f' href="#t{number}-f{position}"') if chosen.lists(position) else ("span", "")
        yield f'<li><{element} class="mark {finding.level}"{link}>{label}{about}</{element}></li>\n'
    if found.count > _MOST_MARKS:
        yield f'<li class="more">and {found.count - _MOST_MARKS:,} more</li>\n'
    yield "</ul>\n"


def _removals(number: int, removed: _Marked, chosen: Chosen) -> Iterator[str]:
    if not removed.count:
        return
    yield '<ul class="removals">\n'
    for position, finding in removed.first:
        verb = "deletes" if finding.visibility is not None and finding.visibility.state == "deleted" else "overwrites"
        where = "" if finding.location.layer is None else f", still in layer&nbsp;{finding.location.layer + 1}"
        name = code(tail(finding.location.path, _TAIL))
        words = f"{verb} {name}"
        linked = f'<a href="#t{number}-f{position}">{words}</a>' if chosen.lists(position) else words
        yield f"<li>{linked}{where}</li>\n"
    if removed.count > _MOST_MARKS:
        yield f"<li>and {removed.count - _MOST_MARKS:,} more</li>\n"
    yield "</ul>\n"
