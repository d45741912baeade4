"""Lines and columns: what an editor would show for a byte of a file."""

from __future__ import annotations

import codecs
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.builders import tar
from fixtures.keys import Keys
from imgscan.scan.position import HEAD, TextPosition, charset_of
from tests.effort import examples
from tests.scan.support import search, short_sight

KEY = Keys("position").secret99()


def at(data: bytes, offset: int, *cuts: int) -> tuple[int, int]:
    """Return line and column of a byte, the file having been skipped in pieces."""
    position = TextPosition(data[:HEAD])
    for start, end in pairwise(sorted({0, *(min(cut, offset) for cut in cuts), offset})):
        # The buffer holds what stands around the piece, as a window does.
        low = max(0, start - 3)
        position.advance(data[low : end + 3], start - low, end - low)
    assert position.offset == offset
    return position.line, position.column


# what a file is


def test_the_first_bytes_tell_what_a_file_is() -> None:
    """A byte order mark or zeros on one side of the units mean UTF-16, any other NUL a binary."""
    table = [
        (b"", "8-bit"),
        (b"plain", "8-bit"),
        (b"\xff\xfe", "utf-16-le"),
        (b"\xfe\xff", "utf-16-be"),
        ("Schlüssel\n".encode("utf-16-le"), "utf-16-le"),
        ("Schlüssel\n".encode("utf-16-be"), "utf-16-be"),
        (b"\xef\xbb\xbftext", "8-bit"),
        (b"text with a \0 byte in it", "binary"),
        (b"\0", "binary"),
        (b"\x7fELF\x02\x01\x01" + bytes(9), "binary"),
        (b"a\0\0b", "binary"),
        (b"a" * 40 + b"\0", "binary"),
        (b"\xe9t\xe9", "8-bit"),
    ]
    assert [(head, charset_of(head)) for head, _ in table] == table


@pytest.mark.parametrize(("at_most", "line"), [(HEAD - 1, None), (HEAD, 1)])
def test_only_the_first_8_kib_decide(at_most: int, line: int | None) -> None:
    """A NUL in the first 8 KiB makes a file a binary; one behind them does not."""
    data = b"x" * at_most + b"\0" + b" " + KEY.encode()
    (hit,) = search(data, tar=False)
    assert (hit.line, hit.offset) == (line, at_most + 2)


def test_a_binary_has_no_lines() -> None:
    """A key in a binary is told by its offset alone."""
    (hit,) = search(b"\x7fELF\n\n\0\0" + KEY.encode(), tar=False)
    assert (hit.line, hit.column, hit.end_line, hit.end_column, hit.offset) == (None, None, None, None, 8)


# where a byte is


def test_lines_and_columns_count_characters() -> None:
    """Columns count characters of UTF-8, and bytes in a line that is not UTF-8; a byte order mark is no character."""
    table = [
        (b"", 1, 1),
        (b"KEY=", 1, 5),
        (b"a\nb\n", 3, 1),
        (b"a\r\nbc\r\nd", 3, 2),
        (b"\n\n\n  ", 4, 3),
        (b"old\rmac ", 1, 9),
        ("größe=".encode(), 1, 7),
        ("鍵🔑=".encode(), 1, 4),
        ("gr\n鍵🔑=".encode(), 2, 4),
        ("größe=".encode("latin-1"), 1, 7),
        (b"\xff\nx ", 2, 3),
        (b"\xef\xbb\xbfKEY=", 1, 5),
        (b"\xef\xbb\xbf\nKEY=", 2, 5),
        (b"a\xe2\x82 ", 1, 5),
        (b"valid \xc3\xa9\nwrong \xe9 \xc3\xa9 ", 2, 12),
    ]
    for before, line, column in table:
        (hit,) = search(before + KEY.encode(), tar=False)
        assert (hit.line, hit.column, hit.offset) == (line, column, len(before)), before
        assert (hit.end_line, hit.end_column) == (line, column + len(KEY)), before


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("mark", [True, False])
def test_utf_16_is_counted_in_its_characters(codec: str, mark: bool) -> None:
    """A key in a UTF-16 file has the line and column that an editor shows, with a mark and without."""
    before = "line\r\nSchlüssel 🔑 = "
    bom = codecs.BOM_UTF16_LE if codec == "utf-16-le" else codecs.BOM_UTF16_BE
    data = (bom if mark else b"") + (before + KEY + "\r\n").encode(codec)
    (hit,) = search(data, tar=False)
    assert (hit.line, hit.column, hit.encoding) == (2, 15, codec)
    assert hit.offset == len(bom) * mark + len(before.encode(codec))
    assert hit.length == 2 * len(KEY)
    assert (hit.end_line, hit.end_column) == (2, 15 + len(KEY))


def test_units_that_look_like_newlines_are_none() -> None:
    """In UTF-16, only an aligned newline unit ends a line: U+0A41 and U+410A do not."""
    for codec in ("utf-16-le", "utf-16-be"):
        text = "\u0a41\u410a\u0a0a\u000a\u0a00\u0a00"
        data = text.encode(codec) + "end".encode(codec)
        data = (codecs.BOM_UTF16_LE if codec == "utf-16-le" else codecs.BOM_UTF16_BE) + data
        assert at(data, len(data) - 6) == (2, 3)


def test_the_end_of_a_carrier_of_several_lines() -> None:
    """A carrier that runs over a line's end ends on the next line."""
    position = TextPosition(b"ab cd\nefg")
    position.advance(b"ab cd\nefg", 0, 3)
    assert position.past(b"cd\nef") == (2, 3)
    assert position.past(b"cd") == (1, 6)


texts = st.text(st.sampled_from("ab é鍵🔑\r") | st.just("\n"), max_size=60)


@given(st.data(), texts, st.sampled_from(["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be"]))
@settings(max_examples=examples(60))
def test_pieces_change_nothing(data: st.DataObject, text: str, codec: str) -> None:
    """However a file goes by, a character has the line and column that counting in the text gives."""
    mark = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}.get(codec, b"")
    encoded = mark + text.encode(codec)
    index = data.draw(st.integers(0, len(text)))
    offset = len(mark + text[:index].encode(codec))
    cuts = data.draw(st.lists(st.integers(0, len(encoded)), max_size=6))
    line = text.count("\n", 0, index) + 1
    column = index - (text.rfind("\n", 0, index) + 1) + 1
    assert at(encoded, offset, *cuts) == (line, column)


@given(st.data(), st.lists(st.sampled_from([b"\n", b"ab", b"\xc3\xa9", b"\xff", b"\xc3", b"\xe2\x82"]), max_size=30))
@settings(max_examples=examples(60))
def test_broken_utf_8_is_counted_the_same_in_pieces(data: st.DataObject, parts: list[bytes]) -> None:
    """A line that is not UTF-8 counts bytes, wherever it was cut."""
    content = b"".join(parts)
    offset = data.draw(st.integers(0, len(content)))
    cuts = data.draw(st.lists(st.integers(0, len(content)), max_size=6))
    start = content.rfind(b"\n", 0, offset) + 1
    before = content[start:offset]
    try:
        column = len(before.decode()) + 1
    except UnicodeDecodeError:
        column = len(before) + 1
    assert at(content, offset, *cuts) == (content.count(b"\n", 0, offset) + 1, column)


@pytest.mark.parametrize("window", [100, 4096, 1 << 20])
@pytest.mark.parametrize("codec", ["utf-8", "utf-16-le"])
def test_a_position_far_into_a_file_is_right(window: int, codec: str) -> None:
    """The state of the text is carried over many windows, also past other files of the archive."""
    lines = "".join(f"größe {number} 鍵\n" for number in range(1500))
    data = (lines + "KEY=" + KEY + "\n" + lines + "  KEY=" + KEY).encode(codec)
    archive = tar([("small", b"x"), ("large", data), ("other", b"\n\nK=" + KEY.encode()), ("last", data)])
    with short_sight() as by:
        hits = search(archive, window=window, chunk=700, by=by)
    places = [(hit.name, hit.line, hit.column) for hit in hits]
    in_large = [(1501, 5), (3002, 7)]
    assert places == [
        *((b"large", *place) for place in in_large),
        (b"other", 3, 3),
        *((b"last", *place) for place in in_large),
    ]


def test_a_file_that_ends_in_a_window_leaves_its_state_behind() -> None:
    """A large file, a small one with a key right behind it, and another large one: windows end anywhere in them."""
    large = b"line\n" * 3000
    archive = tar([("a", large), ("b", b"K=" + KEY.encode()), ("c", large + b"K=" + KEY.encode())])
    for window in range(500, 4000, 370):
        with short_sight() as by:
            hits = search(archive, window=window, chunk=512, by=by)
        assert [(hit.name, hit.line, hit.column) for hit in hits] == [(b"b", 1, 3), (b"c", 3001, 3)]
