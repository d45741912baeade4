r"""The gate: what comes from outside passes one of these functions before it is shown.

Names, build commands, settings and reasons are chosen by others. Credentials in them are redacted where the text comes
in (`scan.hits.Concealer`, `cli.stdio`); here the characters that a reader would obey instead of showing are made
visible. `printable` is for text that a person reads on one line, `json_escaped` for documents that a program reads.
"""

from __future__ import annotations

import re

# What CI runners interpret as commands in a program's output: GitHub's runner reads `::` after
# leading blanks and `##[` anywhere, Azure Pipelines `##vso[`, TeamCity `##teamcity[`. Wrapping may move any word to
# the start of a line, so `::` is broken up at the start of each word.
_COMMAND = re.compile(r"(?<!\S):(?=:|$)|#(?=#(?:\[|vso\[|teamcity\[))")


def printable(text: str) -> str:
    r"""Make any string safe to print on one line.

    Controls (C0, DEL, C1), bidirectional and other format characters, line and paragraph separators, lone
    surrogates and all else that Python calls unprintable become `\xNN` or `\u{...}`; the openings of CI runner
    commands lose their first character the same way.
    """
    if not text.isprintable():
        text = "".join(character if character.isprintable() else _visible(character) for character in text)
    return _COMMAND.sub(lambda match: _visible(match.group()), text)


def _visible(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{{{code:x}}}"


def json_escaped(document: str) -> str:
    r"""Write the unprintable characters of a JSON document as `\uNNNN` (RFC 8259, section 7); its values are the same.

    JSON lets DEL, C1 controls and bidirectional marks be raw, and a terminal obeys them. Line ends between values stay:
    in a string JSON has none.
    """
    if document.replace("\n", "").isprintable():
        return document
    return "".join(
        character if character.isprintable() or character == "\n" else _json_visible(character)
        for character in document
    )


def _json_visible(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
