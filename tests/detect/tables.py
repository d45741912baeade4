"""Tables of cases: one fact, held for every row, is one test."""

from __future__ import annotations

import inspect
from functools import wraps
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any


def over(names: str | tuple[str, ...], rows: Iterable[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Hold a test for each row of a table, which gives the arguments that are named; a failure names its row.

    Rows of one argument are the argument itself. The other arguments of the test are fixtures, or other tables'. A
    table without a row is an error, as it would hold nothing.
    """
    keys = (names,) if isinstance(names, str) else names
    table = [dict(zip(keys, (row,) if isinstance(names, str) else row, strict=True)) for row in rows]
    if not table:
        raise ValueError(f"no rows: {names}")

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        @wraps(test)
        def held(**fixtures: Any) -> None:
            for row in table:
                try:
                    test(**fixtures, **row)
                except Exception as error:
                    error.add_note(f"where {', '.join(f'{name} is {value!r}' for name, value in row.items())}")
                    raise

        signature = inspect.signature(test)
        rest = [each for name, each in signature.parameters.items() if name not in keys]
        held.__signature__ = signature.replace(parameters=rest)  # type: ignore[attr-defined]
        return held

    return decorate
