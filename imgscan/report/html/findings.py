"""The keys of one target: what it is, why it matters, and each place where it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgscan.report.base import instruction, layer_number, layer_of, plural, shorten
from imgscan.report.grouped import Key, listing
from imgscan.report.html.markup import code, fate, layer_id, path, text
from imgscan.report.words import STATUS, commit, ignorable, life, origin

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from imgscan.model import Finding, RuleInfo, TargetReport
    from imgscan.report.html.chosen import Chosen

_LONGEST = 160


def findings_section(
    report: TargetReport, number: int, chosen: Chosen, rules: Mapping[str, tuple[int, RuleInfo]]
) -> Iterator[str]:
    """Write the chosen keys, the most severe first, and how many places are not on the page."""
    anchor = ' id="findings"' if number == 1 else ""
    yield f'<section class="findings"{anchor} aria-labelledby="t{number}-findings" tabindex="-1">\n'
    yield f'<h3 id="t{number}-findings">Findings</h3>\n'
    if not report.findings:
        words = "Nothing was found." if report.whole else "Nothing was found in what could be read."
        yield f'<p class="none">{words}</p>\n</section>\n'
        return
    if left_out := len(report.findings) - len(chosen.findings):
        worst = f"the worst {len(chosen.findings):,}" if chosen.findings else "none of them: it is full"
        yield (
            f'<p class="hint">{plural(len(report.findings), "place")}; this page lists {worst}. '
            f"{left_out:,} more are in the report that this command writes: {code(listing(report))}</p>\n"
        )
    for position, (key, count) in enumerate(chosen.keys, 1):
        yield from _key(key, f"t{number}-k{position}", rules)
        for place, finding in zip(key.positions[:count], key.findings[:count], strict=True):
            yield from _place(report, finding, number, place)
        if more := len(key.findings) - count:
            yield f'<li class="more">and {plural(more, "more place")}</li>\n'
        yield "</ul>\n"
        yield from _details(key, count)
        yield "</article>\n"
    yield '<p class="none" data-empty hidden>No finding here matches the filter.</p>\n</section>\n'


def _key(key: Key, name: str, rules: Mapping[str, tuple[int, RuleInfo]]) -> Iterator[str]:
    leader = key.first
    secret = leader.secret
    known = "" if leader.status == "new" else " known"
    yield f'<article class="key {leader.level}{known}" id="{name}" aria-labelledby="{name}-title">\n<header>\n'
    yield (
        f'<h4 id="{name}-title"><span class="label {leader.level}">{leader.level}</span> '
        f'{text(leader.title)} <code class="redacted">{text(secret.redacted)}</code></h4>\n'
    )
    facts = []
    if secret.account is not None:
        created = "" if secret.account_created is None else f", created {text(secret.account_created[:10])}"
        facts.append(f"opens account {code(secret.account)}{created}")
    facts.append(f"confidence {leader.confidence.replace('-', ' ')}")
    if len(key.findings) > 1:
        facts.append(key.places)
    if leader.status in STATUS:
        facts.append(f"<strong>{STATUS[leader.status]}</strong>")
    yield f'<p class="facts-of-key">{" · ".join(facts)}</p>\n'
    if leader.rule_id in rules:
        position, rule = rules[leader.rule_id]
        more = f' <a href="#rule-{position}">What to do</a>' if leader.status == "new" else ""
        yield f'<p class="why">{text(rule.summary)}{more}</p>\n'
    yield '</header>\n<ul class="places" role="list">\n'


def _place(report: TargetReport, finding: Finding, number: int, position: int) -> Iterator[str]:
    location = finding.location
    state = fate(report, finding)
    layer = "" if location.layer is None else layer_id(number, location.layer)
    yield (
        f'<li class="place" id="t{number}-f{position}" tabindex="-1" data-level="{finding.level}" '
        f'data-confidence="{finding.confidence}" data-life="{state}" data-layer="{layer or f"t{number}-none"}" '
        f'data-status="{finding.status}">\n'
    )
    yield f'<p class="where">{_where(finding)}</p>\n'
    if (source := origin(finding)) is not None:
        yield f'<p class="origin">from <code>{path(source)}</code></p>\n'
    if (advice := ignorable(finding)) is not None:
        yield f'<p class="origin">{text(advice)}</p>\n'
    if (brought := commit(finding)) is not None:
        yield f'<p class="from">{text(brought)}</p>\n'
    if (words := life(report, finding)) is not None:
        yield f'<p class="life"><span class="dot {state}" aria-hidden="true"></span>{text(words)}</p>\n'
    if location.layer is not None:
        info = layer_of(report, location.layer)
        named = text(layer_number(report, location.layer))
        linked = f'<a href="#{layer}">{named}</a>' if info is not None else named
        made = shorten(instruction(info.created_by), _LONGEST) if info is not None and info.created_by else ""
        yield f'<p class="from">{linked}{f" <code>{text(made)}</code>" if made else ""}</p>\n'
    if finding.status in STATUS:
        yield f'<p class="status">{STATUS[finding.status]}</p>\n'
    yield "</li>\n"


def _where(finding: Finding) -> str:
    location = finding.location
    after = ""
    if location.line is not None:
        after = f":{location.line}" + ("" if location.column is None else f":{location.column}")
    elif location.offset is not None and location.field is None:
        after = f" at byte {location.offset:,}"
    shown = f"<code>{path(location.path)}{after if after.startswith(':') else ''}</code>"
    if after and not after.startswith(":"):
        shown += f"<span>{after}</span>"
    if location.field is not None:
        shown += f" <span>field</span> <code>{path(location.field)}</code>"
    return shown if location.encoding == "plain" else f"{shown} <span>as {text(location.encoding)}</span>"


def _details(key: Key, count: int) -> Iterator[str]:
    leader = key.first
    rows = [
        ("Rule", leader.rule_id),
        ("Length", f"{leader.secret.length:,} characters"),
        ("SHA-256", leader.secret.sha256),
        *(("Fingerprint", finding.fingerprint) for finding in key.findings[:count]),
    ]
    yield "<details><summary>Fingerprints</summary><dl>\n"
    yield "".join(f"<dt>{name}</dt><dd><code>{text(value)}</code></dd>\n" for name, value in rows)
    yield "</dl></details>\n"
