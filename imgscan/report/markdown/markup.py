"""GitHub's and GitLab's Markdown, around names that come from hostile images and sentences that hold such names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from imgscan.gate import printable
from imgscan.report.base import shorten

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_NAME = 2048

_URL = re.compile(r"https://[A-Za-z0-9./_-]+")

# Punctuation that is only ever itself within a line. All other is written as a character reference, which cannot be
# markup (CommonMark 0.31, section 2.5).
_MARKUP = re.compile(r"[^\w ,;.:'()/+=>\"?…-]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|:(?! )|\.(?=\u2060)")

_LIST = re.compile(r"[^A-Za-z0-9]|[0-9]{1,9}[.)]")

# What makes a user, an issue, an emoji or a link of the word behind it. Those are looked for in the text that was
# rendered, so no quoting keeps them off: a WORD JOINER, which nobody sees, comes between.
_SIGIL = re.compile(r"([@#!$%&~^:.])(?=\S)")


def code(text: str) -> str:
    """Show foreign text in a code span."""
    shown = shorten(printable(text), LONGEST_NAME).replace("`", "\\x60").replace("|", "\\x7c")
    # A span of nothing is not a span; a space at either end would be stripped.
    shown = shown if shown.strip() == shown else shown.replace(" ", "\\x20")
    return f"`{shown}`" if shown else "`''`"


def prose(text: str) -> str:
    """Show a sentence that may have foreign words in it, without any of it being read as markup."""
    return _quote(_SIGIL.sub("\\1\u2060", printable(text)))


def _quote(text: str) -> str:
    # At the start of a line more is markup than within it: `- `, `> `, `1. `.
    first = f"&#{ord(text[0])};" if _LIST.match(text) else text[:1]
    return first + _MARKUP.sub(lambda match: f"&#{ord(match.group())};", text[1:])


def details(heading: str, steps: Sequence[str], link: str = "") -> str:
    """Fold a numbered list; the texts are the rules' own, so they are quoted but nothing is put into their words."""
    numbered = "".join(f"{number}. {_quote(printable(step))}\n" for number, step in enumerate(steps, 1))
    more = f"\nMore: <{link}>\n" if _URL.fullmatch(link) else ""
    return f"<details><summary>{_quote(printable(heading))}</summary>\n\n{numbered}{more}\n</details>\n\n"
