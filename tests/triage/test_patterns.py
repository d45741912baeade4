"""The patterns of `.dockerignore` and of COPY."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from imgscan.triage.dockerignore import IgnoreFile
from imgscan.triage.wildcards import Name


def test_one_component() -> None:
    """A component fits by the rules of Go's `path.Match`."""
    table: list[tuple[str, str, bool]] = [
        ("a", "a", True),
        ("*", "", True),
        ("*", "abc", True),
        ("a*c", "abbc", True),
        ("a*c", "abcd", False),
        ("a*b*c", "abxbc", True),
        ("?", "é", True),
        ("?", "", False),
        ("[a-c]x", "bx", True),
        ("[a-c]x", "dx", False),
        ("[^a-c]x", "dx", True),
        ("[a", "[a", True),
        (r"\*", "*", True),
        (r"\*", "a", False),
        (r"a\b", "ab", True),
    ]
    for pattern, name, fitting in table:
        assert Name.of(pattern).matches(name) is fitting, (pattern, name, fitting)


def test_many_stars_take_no_time() -> None:
    """A pattern of many stars is decided without trying each way to share the name among them."""
    assert not Name.of("*a" * 60 + "b").matches("a" * 250)


def test_ignored() -> None:
    """The last pattern that fits a path, or a folder that it is in, decides."""
    table: list[tuple[str, str, bool]] = [
        (".env", ".env", True),
        (".env", "app/.env", False),
        ("**/.env", "app/.env", True),
        ("**/.env", ".env", True),
        ("/.env", ".env", True),
        ("./app/", "app/x/y", True),
        ("app", "app/x/y", True),
        ("app", "apple", False),
        ("*/.env", "app/.env", True),
        ("*/.env", "a/b/.env", False),
        ("app/**", "app/x", True),
        ("app/**/z", "app/z", True),
        ("app/**/z", "app/x/y/z", True),
        ("**", "x/y", True),
        ("*", "x/y", True),
        ("*\n!app", "app/x", False),
        ("*\n!app\napp/secret", "app/secret", True),
        ("# .env", ".env", False),
        ("\ufeff.env", ".env", True),
        (" .env \r\n", ".env", True),
        ("!", ".env", False),
        ("../x", "x", True),
        ("", "x", False),
    ]
    for text, path, ignored in table:
        assert IgnoreFile.parse(text).ignores(path) is ignored, (text, path, ignored)


@given(st.text(alphabet="a*?[]^-!/.\\\n", max_size=30), st.text(alphabet="ab/.", min_size=1, max_size=12))
def test_any_text_is_read(text: str, path: str) -> None:
    """No pattern and no path makes the matching fail."""
    assert IgnoreFile.parse(text).ignores(path) in (True, False)
