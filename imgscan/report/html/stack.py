"""The layers as a stack, the newest on top: how large each is, what was found in it, and what it took away."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from imgscan.report.base import human_bytes, instruction, plural, shorten
from imgscan.report.html.markup import code, fate, layer_id, tail, text
from imgscan.report.words import life

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from imgscan.model import Finding, LayerInfo, TargetReport

_MOST_MARKS = 8
"""Findings that a layer shows before it counts the others: the stack is the overview, the list has them all."""

_LONGEST = 300
_TAIL = 38

_Marked = tuple[int, "Finding"]


def stack_section(report: TargetReport, number: int) -> Iterator[str]:
    """Write the stack; nothing for targets without layers."""
    if not report.layers:
        return
    found: dict[int | None, list[_Marked]] = defaultdict(list)
    removed: dict[int, list[_Marked]] = defaultdict(list)
    for position, finding in enumerate(report.findings):
        found[finding.location.layer].append((position, finding))
        visibility = finding.visibility
        if visibility is not None and visibility.layer is not None and visibility.state != "visible":
            removed[visibility.layer].append((position, finding))
    largest = max((_size(layer) or 0 for layer in report.layers), default=0)
    yield f'<section class="stack" aria-labelledby="t{number}-layers">\n<h3 id="t{number}-layers">Layers</h3>\n'
    yield '<p class="hint">Newest on top, base at the bottom. What an upper layer deletes stays in the lower one.</p>\n'
    if found[None]:
        yield '<div class="layer described"><p class="made">Image description</p>\n'
        yield '<p class="size">configuration and history, pulled with every layer</p>\n'
        yield from _marks(report, number, found[None])
        yield "</div>\n"
    yield f'<ol reversed tabindex="0" aria-label="Layers, {plural(len(report.layers), "layer")}, the newest first">\n'
    for layer in sorted(report.layers, key=lambda one: one.index, reverse=True):
        yield from _layer(report, number, layer, largest, found[layer.index], removed[layer.index])
    yield "</ol>\n</section>\n"


def _layer(
    report: TargetReport,
    number: int,
    layer: LayerInfo,
    largest: int,
    found: Sequence[_Marked],
    removed: Sequence[_Marked],
) -> Iterator[str]:
    kinds = [("held", found), ("removes", removed), ("base", layer.from_base)]
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
    yield from _marks(report, number, found)
    yield from _removals(number, removed)
    if found:
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


def _marks(report: TargetReport, number: int, found: Sequence[_Marked]) -> Iterator[str]:
    if not found:
        return
    yield '<ul class="marks">\n'
    for position, finding in found[:_MOST_MARKS]:
        state = fate(report, finding)
        words = life(report, finding) or ""
        name = finding.location.field if finding.location.field is not None else finding.location.path
        line = "" if finding.location.line is None else f":{finding.location.line}"
        label = f'<span class="dot {state}" aria-hidden="true"></span><span>{text(tail(name, _TAIL) + line)}</span>'
        about = f'<span class="unseen">{text(f", {finding.title}, {words}")}</span>'
        yield f'<li><a class="mark {finding.level}" href="#t{number}-f{position}">{label}{about}</a></li>\n'
    if len(found) > _MOST_MARKS:
        yield f'<li class="more">and {len(found) - _MOST_MARKS:,} more</li>\n'
    yield "</ul>\n"


def _removals(number: int, removed: Sequence[_Marked]) -> Iterator[str]:
    if not removed:
        return
    yield '<ul class="removals">\n'
    for position, finding in removed[:_MOST_MARKS]:
        verb = "deletes" if finding.visibility is not None and finding.visibility.state == "deleted" else "overwrites"
        where = "" if finding.location.layer is None else f", still in layer&nbsp;{finding.location.layer + 1}"
        name = code(tail(finding.location.path, _TAIL))
        yield f'<li><a href="#t{number}-f{position}">{verb} {name}</a>{where}</li>\n'
    if len(removed) > _MOST_MARKS:
        yield f"<li>and {len(removed) - _MOST_MARKS:,} more</li>\n"
    yield "</ul>\n"
