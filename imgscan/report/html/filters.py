"""The filter: by level, life, confidence, layer, status, and words. Hidden until the page's script shows it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from imgscan.model import LEVELS
from imgscan.report.base import plural
from imgscan.report.html.markup import fate, layer_id, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from imgscan.model import TargetReport
    from imgscan.report.html.chosen import Chosen
    from imgscan.report.html.target import Summary

_LIVES = {
    "visible": "visible",
    "overwritten": "overwritten",
    "deleted": "deleted",
    "description": "in the description",
    "unknown": "elsewhere",
}
_STATUSES = {"new": "new", "baseline": "accepted", "example": "documented"}
_CONFIDENCES = {"low": "any", "medium": "medium or higher", "high": "high or higher", "very-high": "very high"}


class Counts:
    """How many findings each choice of the filter would show."""

    def __init__(self) -> None:
        self.levels: Counter[str] = Counter()
        self.lives: Counter[str] = Counter()
        self.statuses: Counter[str] = Counter()
        self.confidences: Counter[str] = Counter()
        self.layers: dict[int, Counter[int | None]] = {}
        self.keys = 0
        self.total = 0

    def add(self, report: TargetReport, number: int, chosen: Chosen) -> None:
        """Count what is listed of one target."""
        self.layers[number] = Counter(finding.location.layer for finding in chosen.findings)
        self.levels.update(finding.level for finding in chosen.findings)
        self.lives.update(fate(report, finding) for finding in chosen.findings)
        self.statuses.update(finding.status for finding in chosen.findings)
        self.confidences.update(finding.confidence for finding in chosen.findings)
        self.keys += len(chosen.keys)
        self.total += len(chosen.findings)


def filter_form(counts: Counts, summaries: Sequence[Summary]) -> Iterator[str]:
    """Write the form; nothing if there is nothing to choose from."""
    if counts.total < 2:
        return
    yield '<form id="filter" role="search" aria-label="Filter the findings" hidden>\n'
    yield (
        '<p class="words"><label for="words">Search</label>'
        '<input type="search" id="words" name="words" autocomplete="off" spellcheck="false" '
        'placeholder="path, key, account, instruction"></p>\n'
    )
    yield '<p class="result"><output id="shown" aria-live="polite" aria-atomic="true">'
    yield f"{plural(counts.total, 'place')}, {plural(counts.keys, 'key')}</output> "
    yield '<button type="reset">Show all</button></p>\n'
    choices = "".join(_choices(counts, summaries))
    if choices:
        yield '<details class="choices" open><summary>Level, state, layer</summary>\n'
        yield f"<div>\n{choices}</div>\n</details>\n"
    yield "</form>\n"


def _choices(counts: Counts, summaries: Sequence[Summary]) -> Iterator[str]:
    """Write the controls that have more than one value to choose from."""
    yield from _boxes("level", "Level", counts.levels, {level: level for level in LEVELS})
    yield from _boxes("life", "The file is", counts.lives, _LIVES)
    yield from _boxes("status", "Status", counts.statuses, _STATUSES)
    if len(counts.confidences) > 1:
        yield '<p><label for="confidence">Confidence</label><select id="confidence" name="confidence">\n'
        yield "".join(f'<option value="{value}">{words}</option>\n' for value, words in _CONFIDENCES.items())
        yield "</select></p>\n"
    yield from _layers(counts, summaries)


def _boxes(name: str, legend: str, counted: Counter[str], words: dict[str, str]) -> Iterator[str]:
    present = [value for value in words if counted[value]]
    if len(present) < 2:
        return
    yield f"<fieldset><legend>{legend}</legend>\n"
    for value in present:
        yield (
            f'<label class="box {value}"><input type="checkbox" name="{name}" value="{value}" checked> '
            f"{words[value]} <small>{counted[value]:,}</small></label>\n"
        )
    yield "</fieldset>\n"


def _layers(counts: Counts, summaries: Sequence[Summary]) -> Iterator[str]:
    if sum(len(layers) for layers in counts.layers.values()) < 2:
        return
    yield '<p><label for="layer">Layer</label><select id="layer" name="layer">\n<option value="">any</option>\n'
    for summary in summaries:
        layers = counts.layers[summary.number]
        if not layers:
            continue
        several = len(summaries) > 1
        yield f'<optgroup label="{text(summary.target)}">\n' if several else ""
        for index in sorted(index for index in layers if index is not None):
            yield f'<option value="{layer_id(summary.number, index)}">layer {index + 1} ({layers[index]:,})</option>\n'
        if layers[None]:
            yield f'<option value="t{summary.number}-none">outside the layers ({layers[None]:,})</option>\n'
        yield "</optgroup>\n" if several else ""
    yield "</select></p>\n"
