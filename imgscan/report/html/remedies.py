"""What to do, once for the whole page: rotate each kind of key, then build without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgscan.report.grouped import rebuilds
from imgscan.report.html.markup import link, text
from imgscan.report.text.notes import CLEAN_UP

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from imgscan.model import RuleInfo


def remedies_section(concerned: Sequence[tuple[int, RuleInfo]], kinds: AbstractSet[str]) -> Iterator[str]:
    """Write the steps for each rule with new findings; `kinds` are the kinds of the targets that have some."""
    if not concerned:
        return
    yield '<section class="remedies" aria-labelledby="remedies">\n<h2 id="remedies">What to do</h2>\n'
    yield '<div class="cards">\n'
    for position, rule in concerned:
        yield f'<article id="rule-{position}" tabindex="-1" class="{rule.level}">\n'
        yield f"<h3>Rotate: {text(rule.title)}</h3>\n<p>{text(rule.description)}</p>\n"
        yield from _steps(rule.rotate)
        yield f"<p>{link(rule.help_uri, 'Stripe on this kind of key')}</p>\n</article>\n"
    if "image" in kinds:
        for heading, steps in rebuilds(rule for _, rule in concerned):
            yield f"<article>\n<h3>{text(heading)}</h3>\n"
            yield from _steps(steps)
            yield "</article>\n"
    if kinds - {"image"}:
        yield "<article>\n<h3>Clean up</h3>\n"
        yield from _steps(CLEAN_UP)
        yield "</article>\n"
    yield "</div>\n</section>\n"


def _steps(steps: Sequence[str]) -> Iterator[str]:
    yield "<ol>\n"
    yield "".join(f"<li>{text(step)}</li>\n" for step in steps)
    yield "</ol>\n"
