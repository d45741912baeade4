"""The command line reference, written from what the program declares: `python -m tests.reference` (`make docs`).

Commands, options, settings and variables come from click and `imgscan.cli.settings`; only what neither of them knows is
written here, and `tests/test_reference.py` checks that against the program as well. The result depends on nothing but
the declarations: no terminal, no environment, no version of click.
"""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imgscan.cli import settings
from imgscan.cli.app import cli
from imgscan.cli.exits import EXIT_CLEAN, EXIT_FINDINGS, EXIT_INCOMPLETE
from imgscan.cli.pairing import PairedCommand
from imgscan.report import FORMATS, summary

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

FILE = Path(__file__).parents[1] / "docs" / "reference.md"
WIDTH = 120

EXITS = {
    EXIT_CLEAN: "nothing found at or above `--fail-on`, and everything was read",
    EXIT_FINDINGS: "findings, and the list is complete",
    EXIT_INCOMPLETE: "could not run, or not everything was read; takes precedence over 1. A report is always written",
}

VARIABLES = {
    "IMGSCAN_ENGINE_TIMEOUT": "how many seconds a container engine may be silent (600)",
    "GITHUB_ACTIONS": "if it is `true`, findings are also written to standard error as annotations",
    "CI_COMMIT_SHA": "the commit that a `gitlab` report names",
    "NO_COLOR": "if not empty, no colours in a terminal",
    "PRE_COMMIT_FROM_REF": "with its siblings, what `imgscan git --pre-push` reads when pre-commit runs it",
    "_IMGSCAN_COMPLETE": "shell completion, see [settings](settings.md#shell-completion)",
}
"""Variables that are not settings, by what they do. Those of git, Docker and podman act through their own programs."""

_UNITS = ((1 << 30, "GiB"), (1 << 20, "MiB"))


def text() -> str:
    """Return the whole page."""
    shared = _shared()
    parts = [
        "# Reference",
        _wrapped(
            "Every command and option. `make docs` writes this page from the program's own declarations: change those, "
            "not this file. Every command accepts `-h` and `--help`."
        ),
        *_command(cli, "imgscan", shared),
        "## Options of every scan",
        _wrapped(f"{_listed([f'`imgscan {name}`' for name in _scanning()])} accept these."),
        _options(shared),
        "### Formats",
        "Each `-o` belongs to the `-f` before it; at most one format goes to standard output.",
        _table(("format", "what it is"), ((f"`{name}`", summary(name)) for name in FORMATS)),
        "## Exit codes",
        _table(("exit code", "meaning"), ((str(code), each) for code, each in EXITS.items())),
        "## Settings and variables",
        _wrapped(
            "A setting is a long option, in `imgscan.toml` or under `[tool.imgscan]` in `pyproject.toml`. The command "
            "line takes precedence, then the variable, then the file. [settings.md](settings.md) says where "
            "imgscan looks for files, and [schema/settings.json](schema/settings.json) describes them for editors."
        ),
        _table(("setting", "variable", "default", "commands"), _settings()),
        "Other variables:",
        _table(("variable", "effect"), ((f"`{name}`", each) for name, each in VARIABLES.items())),
    ]
    return "\n\n".join(parts) + "\n"


def _scanning() -> dict[str, click.Command]:
    return {name: command for name, command in cli.commands.items() if isinstance(command, PairedCommand)}


def _shared() -> list[click.Option]:
    """Return the options that all scanning commands share, in the order of the first."""
    first, *others = [_shown(command) for command in _scanning().values()]
    return [option for option in first if all(_row(option) in map(_row, other) for other in others)]


def _shown(command: click.Command) -> list[click.Option]:
    return [each for each in command.params if isinstance(each, click.Option) and not each.hidden]


def _command(command: click.Command, path: str, shared: Sequence[click.Option]) -> Iterator[str]:
    """Yield the sections of a command and of those below it."""
    yield f"## {path}"
    arguments = [
        each.make_metavar(click.Context(command)) for each in command.params if isinstance(each, click.Argument)
    ]
    words = [path, "[OPTIONS]", *(["COMMAND"] if isinstance(command, click.Group) else []), *arguments]
    yield f"```\n{' '.join(words)}\n```"
    yield from _prose(command.help or "")
    common = {_row(option) for option in shared}
    own = _shown(command)
    rest = [each for each in own if not isinstance(command, PairedCommand) or _row(each) not in common]
    if rest:
        yield _options(rest)
    if len(rest) < len(own):
        yield "Also the [options of every scan](#options-of-every-scan)."
    if isinstance(command, click.Group):
        below = {name: each for name, each in command.commands.items() if not each.hidden}
        yield _table(
            ("command", "what it does"),
            ((f"[`{path} {name}`](#{_anchor(f'{path} {name}')})", _summary(each)) for name, each in below.items()),
        )
        for name, each in below.items():
            yield from _command(each, f"{path} {name}", shared)


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")


def _summary(command: click.Command) -> str:
    first = (command.short_help or command.help or "").partition("\n\n")[0]
    return _escaped(" ".join(first.split()))


def _prose(told: str) -> Iterator[str]:
    """Yield the paragraphs of a help text; those after click's mark for verbatim lines, as code."""
    mark = "\b"
    for paragraph in textwrap.dedent(told).split("\n\n"):
        lines = paragraph.strip("\n").splitlines()
        if lines and lines[0].strip(" ") == mark:
            yield "```\n" + textwrap.dedent("\n".join(lines[1:])) + "\n```"
        elif lines:
            yield _wrapped(_escaped(" ".join(paragraph.split())))


def _options(options: Iterable[click.Option]) -> str:
    return _table(("option", "meaning"), map(_row, options))


def _row(option: click.Option) -> tuple[str, str]:
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    value = _value(option)
    meaning = [_escaped(option.help or "")]
    if isinstance(option.type, click.Choice):
        meaning.append("One of " + ", ".join(f"`{each}`" for each in option.type.choices) + ".")
    if isinstance(option.type, click.IntRange) and option.type.max is not None:
        meaning.append(f"From {option.type.min} to {option.type.max}.")
    default = _default(option)
    if default != "-" and not option.is_flag and not option.count:
        meaning.append(f"Default: {default}.")
    if option.multiple and "epeat" not in meaning[0]:
        meaning.append("Repeatable.")
    return names + (f" `{_piped(value)}`" if value else ""), " ".join(meaning)


def _value(option: click.Option) -> str:
    kind = option.type
    if option.is_flag or option.count:
        return ""
    if option.metavar:
        return option.metavar
    if isinstance(kind, click.Path):
        return "FILE" if not kind.dir_okay else "FOLDER" if not kind.file_okay else "PATH"
    if isinstance(kind, click.types.IntParamType | click.types.FloatParamType):
        return "N"
    return "WORD" if isinstance(kind, click.Choice) else "TEXT"


def _default(option: click.Option) -> str:
    default: Any = settings.Setting("", option, ()).default()
    if default in (None, [], "") or (default is False and option.is_flag) or (default == 0 and option.count):
        return "-"
    if isinstance(default, int) and not isinstance(default, bool):
        for size, unit in _UNITS:
            if default >= size and default % size == 0:
                return f"`{default}` ({default // size} {unit})"
    return f"`{default}`"


def _settings() -> Iterator[tuple[str, str, str, str]]:
    everywhere = len(_scanning())
    for key, setting in sorted(settings.settings_of(_scanning()).items()):
        commands = "" if len(setting.commands) == everywhere else ", ".join(setting.commands)
        yield f"`{key}`", f"`{setting.variable}`", _default(setting.option), commands


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines).replace("|  |", "| |")


def _escaped(told: str) -> str:
    """Escape what has a meaning in Markdown; lone brackets and underscores inside words have none."""
    return re.sub(r"([*<>|`\\])", r"\\\1", told)


def _piped(told: str) -> str:
    return told.replace("|", "\\|")


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _wrapped(told: str) -> str:
    return textwrap.fill(told, WIDTH, break_long_words=False, break_on_hyphens=False)


def main() -> None:
    """Write the page."""
    FILE.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
