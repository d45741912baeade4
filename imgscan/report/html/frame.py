"""What stands around the targets: head, policy, verdict, list of targets, foot."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from imgscan.model import LEVELS
from imgscan.report.html.markup import text
from imgscan.report.html.target import target_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from imgscan.report.html.target import Summary


@cache
def _asset(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8").replace("\r\n", "\n")


def _hash(content: str) -> str:
    """Name inline content for the policy (CSP Level 3, section 2.3.1, hash-source)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


def _open(title: str) -> Iterator[str]:
    style, script = _asset("report.css"), _asset("report.js")
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; base-uri 'none'; form-action 'none'"
    )
    yield (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        '<meta name="referrer" content="no-referrer">\n<meta name="robots" content="noindex">\n'
        f"<title>{text(title)} - imgscan</title>\n<style>{style}</style>\n</head>\n<body>\n"
        '<a class="skip" href="#findings">Skip to the findings</a>\n'
    )


def _close(version: str) -> Iterator[str]:
    yield (
        f"<footer><p>imgscan {text(version)}. This page contains no key, only the prefix and last four characters of "
        f"each, and loads nothing.</p></footer>\n<script>{_asset('report.js')}</script>\n</body>\n</html>\n"
    )


def document(
    title: str, summaries: Sequence[Summary], body: tuple[str, Sequence[bytes], str], version: str
) -> Iterator[bytes]:
    """Yield the page in parts; `title` is the verdict over all, `body` the filter, the targets and the remedies."""
    form, sections, remedies = body
    several = len(summaries) > 1
    yield "".join(_open(title)).encode()
    worst = next((level for level in LEVELS if any(one.level == level for one in summaries)), None)
    tone = worst or ("clean" if all(one.whole for one in summaries) else "unsure")
    yield f'<header class="verdict {tone}">\n<p class="brand">imgscan</p>\n<h1>{text(title)}</h1>\n'.encode()
    if not several:
        yield "".join(summaries[0].about()).encode()
    yield b"</header>\n<main>\n"
    if several:
        entries = "".join(summary.entry() for summary in summaries)
        yield f'<nav class="targets" aria-label="Targets">\n<ol>\n{entries}</ol>\n</nav>\n'.encode()
    yield form.encode()
    for summary, section in zip(summaries, sections, strict=True):
        name = f"t{summary.number}"
        alone = f'<h2 class="unseen" id="{name}-name">{text(summary.target)}</h2>\n'
        yield f'<section class="target" id="{name}" aria-labelledby="{name}-name">\n'.encode()
        yield (target_name(summary) if several else alone).encode()
        yield section
        yield b"</section>\n"
    yield remedies.encode()
    yield b"</main>\n"
    yield "".join(_close(version)).encode()


def nothing_scanned(version: str) -> Iterator[str]:
    """Yield the page of a run without targets, which is no clean result."""
    title = "No target was scanned"
    yield from _open(title)
    yield f'<header class="verdict unsure">\n<p class="brand">imgscan</p>\n<h1>{title}</h1>\n</header>\n'
    yield '<main id="findings"></main>\n'
    yield from _close(version)
