"""`imgscan config`: each setting that is in effect here, and where its value comes from."""

from __future__ import annotations

import os
from typing import Any

import click

from imgscan.cli.pairing import scanning
from imgscan.cli.settings import Value, effective, settings_of, strays
from imgscan.cli.stdio import fit, say, show, show_json


@click.command()
@click.option("-f", "--format", "form", type=click.Choice(("text", "json")), default="text", help="How to print it.")
@click.pass_context
def config(context: click.Context, form: str) -> None:
    """Show each setting, its current value, and where the value comes from.

    Settings are the long options, in imgscan.toml or in [tool.imgscan] of pyproject.toml, in this folder or the nearest
    one above it in the same repository, and variables such as IMGSCAN_FAIL_ON. The command line takes precedence, then
    variables, then the file.
    """
    known = settings_of(scanning(context))
    found = effective(known)
    views: list[dict[str, Any]] = []
    for key in sorted(known):
        setting = known[key]
        value = found.get(key, Value(setting.default(), "default"))
        views.append({"setting": key, "value": value.value, "source": value.source, "commands": list(setting.commands)})
    for remark in strays(known, os.environ):
        say(remark)
    if form == "json":
        show_json(views)
        return
    everywhere = max((len(view["commands"]) for view in views), default=0)
    rows = [
        (view["setting"], _text(view["value"]), fit(view["source"]), _where(view["commands"], everywhere))
        for view in views
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        show("  ".join([*cells, row[3]]).rstrip())


def _text(value: Any) -> str:
    if value in (None, "", []):
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    return fit(", ".join(value) if isinstance(value, list) else str(value))


def _where(commands: list[str], everywhere: int) -> str:
    return "" if len(commands) == everywhere else f"({', '.join(commands)})"
