"""Files that people keep and edit, read so that a mistake is reported with its place.

A syntax error in JSON is reported by line and column, a wrong value by its JSON pointer (RFC 6901). What is read is
never echoed: a report that was written with whole secrets is read here too.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from imgscan.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def read_file(path: Path, most: int, what: str) -> bytes:
    """Read a whole file, which is called a `what`; UsageError if that fails or it has more than `most` bytes."""
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise UsageError(f"cannot read the {what} {path}: {error.strerror or error}") from error
    if len(data) > most:
        raise UsageError(f"{path}: too large for a {what}: more than {most:,} bytes")
    return data


def parse(data: bytes, name: str, *, first_line: int = 1) -> Any:
    """Read a JSON document; UsageError with `name`, line and column where it is none.

    `first_line` is the line of `name` on which `data` begins.
    """
    try:
        return json.loads(data.decode("utf-8-sig"), object_pairs_hook=_object, parse_constant=_constant)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + first_line
        raise UsageError(f"{name}:{line}: not JSON: it is not UTF-8") from error
    except json.JSONDecodeError as error:
        text = f"{name}:{error.lineno + first_line - 1}:{error.colno}: not JSON: {error.msg}"
        raise UsageError(text) from error
    except RecursionError as error:
        raise UsageError(f"{name}: it is nested too deeply") from error
    except ValueError as error:  # a number of thousands of digits, a name that stands twice
        raise UsageError(f"{name}: not JSON: {error}") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a name appears twice in one object")
    return made


def _constant(_name: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")


class JsonValue(NamedTuple):
    """A value of a document and its place in it; each question that does not fit is a UsageError with that place."""

    value: Any
    file: str
    pointer: str = ""

    def wrong(self, message: str) -> UsageError:
        """Make the error that says what is wrong here."""
        return UsageError(f"{self.file}: {self.pointer or 'the document'}: {message}")

    def object(self) -> dict[str, Any]:
        """Return the object that is here."""
        if not isinstance(self.value, dict):
            raise self.wrong("must be an object")
        return self.value

    def items(self) -> Iterator[JsonValue]:
        """Yield the elements of the array that is here."""
        if not isinstance(self.value, list):
            raise self.wrong("must be an array")
        for index, value in enumerate(self.value):
            yield JsonValue(value, self.file, f"{self.pointer}/{index}")

    def get(self, name: str) -> JsonValue:
        """Return a member of the object that is here; its value is None if there is none."""
        escaped = name.replace("~", "~0").replace("/", "~1")
        return JsonValue(self.object().get(name), self.file, f"{self.pointer}/{escaped}")

    def text(self) -> str:
        """Return the string that is here."""
        if not isinstance(self.value, str):
            raise self.wrong("must be a string" if self.value is not None else "is missing")
        return self.value

    def text_or_none(self) -> str | None:
        """Return the string that is here, or None for null or nothing."""
        return None if self.value is None else self.text()

    def whole_number(self) -> int:
        """Return the integer that is here."""
        if not isinstance(self.value, int) or isinstance(self.value, bool):
            raise self.wrong("must be a whole number")
        return self.value
