"""The command line reference says what the program does."""

from __future__ import annotations

import re
from pathlib import Path

import click

import imgscan
from imgscan.cli.app import cli
from imgscan.cli.pairing import PairedCommand
from imgscan.cli.settings import settings_of
from imgscan.report import FORMATS
from tests import reference

SOURCES = sorted(Path(imgscan.__file__).parent.rglob("*.py"))


def commands(command: click.Command, path: str) -> dict[str, click.Command]:
    """Return a command and those below it, by what is typed."""
    found = {path: command}
    if isinstance(command, click.Group):
        for name, each in command.commands.items():
            found |= commands(each, f"{path} {name}")
    return found


def section(page: str, title: str) -> str:
    """Return what is under a heading."""
    return page.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def test_the_reference_is_up_to_date() -> None:
    """docs/reference.md is what `make docs` writes; run it after a change of the command line."""
    assert reference.FILE.read_text(encoding="utf-8") == reference.text()


def test_every_command_has_a_section() -> None:
    """Each command that is not hidden has its section, with its arguments."""
    page = reference.text()
    shown = {path: each for path, each in commands(cli, "imgscan").items() if not each.hidden}
    assert [path for path in shown if f"\n## {path}\n\n```\n{path} [OPTIONS]" not in page] == []


def test_every_option_is_told_where_it_can_be_given() -> None:
    """Each option is in its command's section, or in that of the options which every scan takes."""
    page = reference.text()
    shared = section(page, "Options of every scan")
    missing = [
        f"{path} {name}"
        for path, command in commands(cli, "imgscan").items()
        for option in command.params
        if isinstance(option, click.Option) and not option.hidden
        for name in option.opts
        if f"`{name}`" not in section(page, path) + (shared if isinstance(command, PairedCommand) else "")
    ]
    assert missing == []


def test_an_option_of_every_scan_is_one() -> None:
    """What is under "Options of every scan" is taken by each command that scans."""
    told = set(re.findall(r"^\| .*?`(--[a-z-]+)`", section(reference.text(), "Options of every scan"), re.MULTILINE))
    for command in cli.commands.values():
        if isinstance(command, PairedCommand):
            assert told <= {name for option in command.params for name in option.opts}


def test_every_setting_has_its_variable() -> None:
    """Each setting is in the reference, with the variable that it is read from."""
    page = section(reference.text(), "Settings and variables")
    scanning = {name: each for name, each in cli.commands.items() if isinstance(each, PairedCommand)}
    assert [
        setting.key
        for setting in settings_of(scanning).values()
        if f"| `{setting.key}` | `{setting.variable}` |" not in page
    ] == []


def test_every_format_is_described() -> None:
    """The reference says what each report format is for, and the README names it."""
    table = reference.text().split("### Formats\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `([a-z]+)` \| \w", table, re.MULTILINE)
    assert tuple(rows) == FORMATS
    [named] = re.findall(r"-f sarif .* or (.+)", (reference.FILE.parents[1] / "README.md").read_text(encoding="utf-8"))
    assert {"text", "sarif", *named.split(", ")} == set(FORMATS)


def test_every_variable_told_is_read_somewhere() -> None:
    """A variable that is not a setting occurs in the program, and each of ours that does is reported."""
    source = "".join(path.read_text(encoding="utf-8") for path in SOURCES)
    assert [name for name in reference.VARIABLES if name not in source] == []
    ours = set(re.findall(r"environ\S*\(\s*\"(_?IMGSCAN_[A-Z_]+)\"", source))
    assert ours
    assert ours <= set(reference.VARIABLES)


def test_lines_to_be_kept_become_code() -> None:
    """What click prints as it is is in a code block, and the mark that asks for it does not show."""
    page = reference.text()
    assert "```\nimgscan image myapp:latest\n" in page
    assert "\b" not in page
    assert "\\b" not in page


def test_what_markdown_would_read_is_escaped() -> None:
    """Globs in help texts neither become emphasis nor end a table's cell."""
    assert r"\*.log, /build/, docs/\*\*/\*.pdf" in reference.text()
