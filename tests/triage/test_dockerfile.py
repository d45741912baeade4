"""Reading Dockerfiles: which instructions are there, and on which lines."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from imgscan.triage.dockerfile import LIMIT, Dockerfile
from imgscan.triage.reader import MOST, Instruction
from tests.effort import examples


def parse(text: str | bytes) -> Dockerfile:
    """Read a text as a Dockerfile."""
    return Dockerfile.parse(text if isinstance(text, bytes) else text.encode())


def only(text: str | bytes) -> Instruction:
    """Read a text that holds one instruction."""
    (instruction,) = parse(text).instructions
    return instruction


def test_one_instruction() -> None:
    """An instruction has its keyword, its arguments as the builder joins them, and its lines."""
    table: list[tuple[str, str, str, int, int]] = [
        ("RUN a", "RUN", "a", 1, 1),
        ("run a", "RUN", "a", 1, 1),
        ("\n# comment\n  RUN  a  \n", "RUN", "a", 3, 3),
        ("RUN a \\\n  b", "RUN", "a   b", 1, 2),
        ("RUN a \\  \n  b", "RUN", "a   b", 1, 2),
        ("RUN a \\\n# comment\n\n   # another\n  b\n", "RUN", "a   b", 1, 5),
        ("RUN a \\\n  b # no comment\n", "RUN", "a   b # no comment", 1, 2),
        ("RUN a\\\\\n", "RUN", "a\\\\", 1, 1),
        ("RUN \\\n\\\na", "RUN", "a", 1, 3),
        ("RUN a \\", "RUN", "a", 1, 1),
        ("RUN a \\\n", "RUN", "a", 1, 1),
        ("RUN a \\\r\n b\r\n", "RUN", "a  b", 1, 2),
        ("\ufeffRUN a", "RUN", "a", 1, 1),
        ("# escape=`\nRUN a `\n b\\", "RUN", "a  b\\", 2, 3),
        ("# syntax=docker/dockerfile:1\n# Escape = `\nRUN a `\n b", "RUN", "a  b", 3, 4),
        ("# comment\n# escape=`\nRUN a `\n", "RUN", "a `", 3, 3),
        ("# escape=x\nRUN a \\\n b", "RUN", "a  b", 2, 3),
        ("\n# escape=`\nRUN a `", "RUN", "a `", 3, 3),
        ("EXPOSE", "EXPOSE", "", 1, 1),
        ("ONBUILD RUN a \\\n b", "ONBUILD", "RUN a  b", 1, 2),
        ("HEALTHCHECK --interval=5s --retries=3 \\\n  CMD a --b", "HEALTHCHECK", "CMD a --b", 1, 2),
        ("COPY --from=x --chown=1:1 --link a b", "COPY", "a b", 1, 1),
        ("RUN -- --a", "RUN", "--a", 1, 1),
    ]
    for text, keyword, arguments, first, last in table:
        found = only(text)
        assert (found.keyword, found.text, found.first, found.last) == (keyword, arguments, first, last), (
            text,
            keyword,
            arguments,
            first,
            last,
        )


def test_flags() -> None:
    """Flags have a value or none, and end with the first word that is no flag."""
    copy = only("COPY --from=builder --link --chown='a b' x --y z")
    assert copy.flags == (("from", "builder"), ("link", ""), ("chown", "'a b'"))
    assert copy.text == "x --y z"
    assert (copy.flag("from"), copy.flag("link"), copy.flag("chmod")) == ("builder", "", None)


def test_exec_form() -> None:
    """The exec form is a JSON list of strings; anything else is for the shell."""
    table: list[tuple[str, tuple[str, ...] | None]] = [
        ('RUN ["a", "b c"]', ("a", "b c")),
        ('COPY [ "a b", "c" ]', ("a b", "c")),
        ("CMD []", ()),
        ("CMD ['a']", None),
        ('CMD ["a", 1]', None),
        ('CMD ["a"', None),
        ("CMD [" * 5000, None),
        ('ENV ["a"]', None),
        ("RUN [ -f x ] && y", None),
    ]
    for text, listed in table:
        assert only(text).listed == listed, (text, listed)


def test_line_of_each_piece() -> None:
    """A place in the joined line has the line of the file on which it is."""
    found = only("ENV A=1 \\\n    # about B\n    B=2 \\\n\n    C=3\n")
    lines = {name: found.line_at(found.line.index(f"{name}=")) for name in "ABC"}
    assert lines == {"A": 1, "B": 3, "C": 5}


def test_here_documents() -> None:
    """A here-document has its name, its content and the number of its first line, and the instruction ends with it."""
    table: list[tuple[str, list[tuple[str, str, int]], int]] = [
        ("RUN <<EOF\na\nb\nEOF\n", [("EOF", "a\nb\n", 2)], 4),
        ("RUN <<EOF\nEOF\n", [("EOF", "", 2)], 2),
        ("RUN <<-EOF\n\ta\n\t\tb\n\tEOF\n", [("EOF", "a\nb\n", 2)], 4),
        ("RUN <<EOF\n\tEOF\nEOF\n", [("EOF", "\tEOF\n", 2)], 3),
        ("RUN cat <<'E F' > x\n$a\nE F\n", [("E F", "$a\n", 2)], 3),
        ('COPY <<"a" <<b /x\n1\na\n2\nb\n', [("a", "1\n", 2), ("b", "2\n", 4)], 5),
        ("RUN a \\\n  <<EOF\nx \\\n# no comment\n\ny\nEOF\n", [("EOF", "x \\\n# no comment\n\ny\n", 3)], 7),
        ("RUN 3<<EOF a\nx\nEOF\n", [("EOF", "x\n", 2)], 3),
        ("RUN <<EOF\r\na\r\nEOF\r\n", [("EOF", "a\n", 2)], 3),
        ("RUN <<EOF\nnever ends", [("EOF", "never ends\n", 2)], 2),
        ("ONBUILD RUN <<EOF\na\nEOF\n", [("EOF", "a\n", 2)], 3),
        ("RUN cat <<< word", [], 1),
        ("RUN echo $((1<<2))", [], 1),
        ("RUN a << b", [], 1),
        ("CMD <<EOF", [], 1),
        ("RUN echo '<<EOF'", [], 1),
    ]
    for text, documents, last in table:
        found = only(text)
        assert [(each.name, each.text, each.first) for each in found.heredocs] == documents, (text, documents, last)
        assert found.last == last, (text, documents, last)


def test_quoted_here_documents_are_not_expanded() -> None:
    """Variables in a here-document are replaced unless its name is quoted."""
    found = only("COPY <<a <<'b' <<\"c\" /x\na\nb\nc\n")
    assert [each.expanded for each in found.heredocs] == [True, False, False]


def test_instructions_go_on_after_a_here_document() -> None:
    """The line after a here-document is the next instruction."""
    found = parse("FROM x\nRUN <<EOF\nFROM y\nEOF\nCMD z\n").instructions
    assert [(each.keyword, each.first) for each in found] == [("FROM", 1), ("RUN", 2), ("CMD", 5)]


def test_stages() -> None:
    """Each FROM begins a stage, with its base, its name in lower case, and its instructions."""
    text = "ARG V=1\nFROM --platform=$BUILDPLATFORM golang:$V AS Build\nRUN a\nfrom scratch\nCOPY --from=build /a /\n"
    found = parse(text)
    assert [each.keyword for each in found.heads] == ["ARG"]
    assert [(each.base, each.name, len(each.instructions)) for each in found.stages] == [
        ("golang:$V", "build", 1),
        ("scratch", None, 1),
    ]
    assert [each.stage for each in found.instructions] == [-1, 0, 0, 1, 1]


def test_lines_of_bytes() -> None:
    """A byte of the file has the number of its line, whatever the encoding."""
    found = parse("\ufeff# é\nRUN a\n".encode())
    assert [found.line_of(found.data.index(each)) for each in (b"#", b"RUN", b"a")] == [1, 2, 2]


def test_a_name_that_is_not_utf_8_is_kept() -> None:
    """Bytes that are not UTF-8 come back as they were."""
    assert only(b"COPY \xff /x").text.encode("utf-8", "surrogateescape") == b"\xff /x"


def test_a_huge_file_is_read_in_part() -> None:
    """Of a huge file the beginning is read, and of very many instructions the first."""
    assert len(parse(b"RUN a\n" * LIMIT).data) == LIMIT
    assert len(parse("RUN a\n" * (MOST + 1)).instructions) == MOST


PIECES = st.lists(
    st.sampled_from(
        ["RUN ", "COPY ", "FROM a AS b", "\\", "`", "\n", "\r\n", "<<EOF", "<<-'E'", "EOF", "\t", "# escape=`"]
    )
    | st.text(alphabet="a \\\"'[]{}$<-#=", max_size=6),
    max_size=30,
).map("".join)


@given(PIECES | st.text(max_size=60))
def test_any_text_is_read(text: str) -> None:
    """No text makes the reader fail; lines ascend and are lines of the file."""
    found = parse(text.encode("utf-8", "surrogatepass"))
    count = text.count("\n") + 1
    before = 0
    for each in found.instructions:
        assert before < each.first <= each.last <= count
        assert all(each.first <= line <= each.last for line in each.lines)
        assert all(each.first < document.first <= count + 1 for document in each.heredocs)
        before = each.last


WORD = st.text(alphabet="abc/.=$", min_size=1, max_size=5)
SILENT = st.sampled_from(["", "  ", "# comment", "   # another \\"])


@st.composite
def spelled(draw: st.DrawFn) -> tuple[list[str], list[tuple[str, list[str], int, int]]]:
    """Write instructions over several lines; returns the lines, and what should be read."""
    lines: list[str] = []
    expected = []
    for _ in range(draw(st.integers(0, 5))):
        lines += draw(st.lists(SILENT, max_size=2))
        keyword, first = draw(st.sampled_from(["RUN", "ENV", "COPY"])), len(lines) + 1
        words = draw(st.lists(WORD, min_size=1, max_size=4))
        line = keyword if draw(st.booleans()) else keyword.lower()
        for word in words:
            if draw(st.booleans()):
                lines.append(line + " \\")
                lines += draw(st.lists(SILENT, max_size=2))
                line = ""
            line += draw(st.sampled_from([" ", "  ", "\t"])) + word
        lines.append(line)
        expected.append((keyword, words, first, len(lines)))
    return lines, expected


@settings(max_examples=examples(66))
@given(spelled(), st.sampled_from(["\n", "\r\n"]))
def test_what_is_written_is_read(made: tuple[list[str], list[tuple[str, list[str], int, int]]], ending: str) -> None:
    """Instructions that are written over lines, with comments between them, are read with their words and lines."""
    lines, expected = made
    found = parse(ending.join(["# a comment", *lines, ""])).instructions
    read = [(each.keyword, each.text.split(), each.first - 1, each.last - 1) for each in found]
    assert read == expected
