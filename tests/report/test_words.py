"""Escaping and counting, for people."""

from __future__ import annotations

import pytest

from imgscan.gate import printable
from imgscan.report.base import human_bytes, instruction, plural, shorten


def test_unprintable_characters_are_shown() -> None:
    """A name is printed with each unprintable character written out, and all others as they are."""
    table: list[tuple[str, str]] = [
        ("app/.env", "app/.env"),
        ("ümläut/日本語/🔑", "ümläut/日本語/🔑"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\nb\r\tc\x00", "a\\x0ab\\x0d\\x09c\\x00"),
        ("\x7f\x85\x9b", "\\x7f\\x85\\x9b"),
        ("a\u202eb\u2066c", "a\\u{202e}b\\u{2066}c"),
        ("a\u2028b\u2029", "a\\u{2028}b\\u{2029}"),
        ("\u200b\ufeff\u00ad", "\\u{200b}\\u{feff}\\xad"),
        ("\udce9\ud800", "\\u{dce9}\\u{d800}"),
        ("\U000e0041", "\\u{e0041}"),
    ]
    for name, shown in table:
        assert printable(name) == shown, (name, shown)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("::error file=a::b", "\\x3a:error file=a::b"),
        (" ::error::b", " \\x3a:error::b"),
        ("##[error]b", "\\x23#[error]b"),
        ("a##vso[task.complete]", "a\\x23#vso[task.complete]"),
        ("##teamcity[x]", "\\x23#teamcity[x]"),
        ("std::string", "std::string"),
        ("a ## b", "a ## b"),
    ],
)
def test_runner_commands_are_broken_up(name: str, shown: str) -> None:
    """A name that CI runners would take for a command is printed so that they do not."""
    assert printable(name) == shown


@pytest.mark.parametrize(
    ("created_by", "shown"),
    [
        ("/bin/sh -c #(nop) COPY file:1 in /app ", "COPY file:1 in /app"),
        ("/bin/sh -c apt-get update", "RUN apt-get update"),
        ("RUN /bin/sh -c apt-get update # buildkit", "RUN apt-get update"),
        ("COPY . /app # buildkit", "COPY . /app"),
        ("RUN |1 A=b /bin/sh -c make # buildkit", "RUN |1 A=b /bin/sh -c make"),
        ("RUN a \\\n    && b\x1b", "RUN a \\ && b\\x1b"),
    ],
)
def test_history_reads_like_the_dockerfile(created_by: str, shown: str) -> None:
    """A layer's history entry is shown as the instruction that the Dockerfile has, on one line."""
    assert instruction(created_by) == shown


def test_sizes_are_decimal() -> None:
    """Sizes are shown in units of a thousand, as registries do."""
    table: list[tuple[int, str]] = [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1_000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (412_605_440, "412.6 MB"),
        (2**63, "9.2 EB"),
        (2**80, "1,208,925.8 EB"),
    ]
    for count, shown in table:
        assert human_bytes(count) == shown, (count, shown)


def test_counts_agree_with_their_noun() -> None:
    """One layer, two layers, 21,003 entries."""
    assert [plural(1, "layer"), plural(2, "layer"), plural(21_003, "entry", "entries")] == [
        "1 layer",
        "2 layers",
        "21,003 entries",
    ]


def test_shortened_text_ends_in_an_ellipsis() -> None:
    """A text that is cut says so, and is as long as there was room for."""
    assert [shorten("abcdef", 6), shorten("abcdef", 5), shorten("abcdef", 0)] == ["abcdef", "abcd…", "…"]
