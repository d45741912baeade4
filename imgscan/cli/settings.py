"""Settings: `imgscan.toml`, `[tool.imgscan]` in `pyproject.toml`, and variables named `IMGSCAN_…`.

A setting is an option of a scanning command under its long name; nothing is declared twice. The command
line takes precedence, then the environment, then the nearest file, then the option's default. The values go to click as
`default_map`, after they are checked here, where the line is still known.
"""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from imgscan.cli.settingsfile import line, nearest, shown, table
from imgscan.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

PREFIX = "IMGSCAN_"

NOT_SETTINGS = frozenset(("help", "version", "output", "show-secrets", "staged", "pre-push", "all-history"))
"""Options for the command line only: where to write and whether to show secrets would be dangerous in a repository that
one has only cloned; the others say what is scanned."""

_BOOLEANS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


class Setting(NamedTuple):
    """A setting, as its option declares it. `key` is the long name without the leading dashes."""

    key: str
    option: click.Option
    commands: tuple[str, ...]

    @property
    def variable(self) -> str:
        """The name of its environment variable."""
        return PREFIX + self.key.upper().replace("-", "_")

    @property
    def listed(self) -> bool:
        """Whether it is a list: an option that may be repeated, or one that takes a comma-separated list."""
        return self.option.multiple or self.option.metavar == "LIST"

    def read(self, value: Any) -> Any:
        """Check a value from a file and return it as click expects it; ValueError with a sentence if it is wrong."""
        option = self.option
        if self.listed:
            values = [value] if isinstance(value, str) else value
            if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
                raise ValueError("must be a string or an array of strings")
            checked = [self._converted(each) for each in values]
            return checked if option.multiple else ",".join(checked)
        if option.is_flag:
            if not isinstance(value, bool):
                raise ValueError("must be true or false")
            return value
        numbers = self._numbers()
        if numbers:
            if not isinstance(value, numbers) or isinstance(value, bool):
                raise ValueError("must be a whole number" if numbers == (int,) else "must be a number")
            return self._converted(value)
        if not isinstance(value, str):
            raise ValueError("must be a string")  # noqa: TRY004 - one exception for everything wrong
        return self._converted(value)

    def read_variable(self, text: str) -> Any:
        """Check the text of a variable, as `read` does. A list is separated by commas."""
        if self.listed:
            return self.read([each.strip() for each in text.split(",") if each.strip()])
        if self.option.is_flag:
            value = _BOOLEANS.get(text.strip().lower())
            if value is None:
                raise ValueError("must be true or false")
            return value
        if self._numbers():
            if re.fullmatch(r"\s*-?[0-9]{1,18}(\.[0-9]{1,9})?\s*", text) is None:
                raise ValueError("must be a number")
            return self.read(float(text) if "." in text else int(text))
        return self.read(text)

    def _numbers(self) -> tuple[type, ...]:
        kind = self.option.type
        if isinstance(kind, click.types.FloatParamType):
            return int, float
        return (int,) if self.option.count or isinstance(kind, click.types.IntParamType) else ()

    def _converted(self, value: Any) -> Any:
        """Ask the option's own type; ValueError with click's message if the value is invalid."""
        kind = self.option.type
        if isinstance(kind, click.Path):  # the commands that use the path check that it exists
            return value
        try:
            kind.convert(value, None, None)
        except click.BadParameter as error:
            choices = [str(each) for each in kind.choices] if isinstance(kind, click.Choice) else []
            raise ValueError(error.message.rstrip(".") + meant(str(value), choices)) from error
        return value

    def schema(self) -> dict[str, Any]:
        """Describe the values that a file may have for it, as JSON schema."""
        option = self.option
        kind = option.type
        told: dict[str, Any]
        if isinstance(kind, click.Choice):
            told = {"enum": [str(each) for each in kind.choices]}
        elif option.is_flag:
            told = {"type": "boolean"}
        elif option.count:
            told = {"type": "integer", "minimum": 0}
        elif self._numbers():
            told = {"type": "integer" if self._numbers() == (int,) else "number"}
            if isinstance(kind, click.IntRange | click.FloatRange):
                least = "exclusiveMinimum" if kind.min_open else "minimum"
                limits = {least: kind.min, "maximum": kind.max}
                told |= {name: limit for name, limit in limits.items() if limit is not None}
        else:
            told = {"type": "string"}
        if self.listed:
            told = {"anyOf": [told, {"type": "array", "items": told}]}
        told["description"] = (option.help or "").replace(" Repeatable.", "")
        default = self.default()
        return told if default in (None, [], ()) else told | {"default": default}

    def default(self) -> Any:
        """Return the option's own default; None if it has none."""
        default = self.option.to_info_dict()["default"]
        if isinstance(default, tuple):
            return list(default)
        return default if isinstance(default, str | int | bool | float | list) else None


class Value(NamedTuple):
    """The value of a setting and its source: a file and line, or a variable."""

    value: Any
    source: str


def settings_of(commands: Mapping[str, click.Command]) -> dict[str, Setting]:
    """Return the settings of some commands, by key, in the order in which the options were declared."""
    found: dict[str, Setting] = {}
    for name, command in commands.items():
        for option in command.params:
            key = _key(option)
            if key is None or not isinstance(option, click.Option):
                continue
            before = found.get(key)
            found[key] = Setting(key, before.option if before else option, (*(before.commands if before else ()), name))
    return found


def _key(option: click.Parameter) -> str | None:
    longs = [each[2:] for each in option.opts if each.startswith("--")]
    return longs[0] if longs and longs[0] not in NOT_SETTINGS else None


def effective(
    settings: Mapping[str, Setting], folder: Path | None = None, environment: Mapping[str, str] | None = None
) -> dict[str, Value]:
    """Read the nearest file and the environment; UsageError if one is wrong. Unset settings are left out."""
    found: dict[str, Value] = {}
    file = nearest(folder or Path.cwd())
    if file is not None:
        found |= _read_file(file, settings)
    environment = os.environ if environment is None else environment
    for setting in settings.values():
        text = environment.get(setting.variable)
        if not text:
            continue
        try:
            found[setting.key] = Value(setting.read_variable(text), setting.variable)
        except ValueError as error:
            raise UsageError(f"{setting.variable}: {error}") from error
    return found


def apply(command: click.Command, context: click.Context, commands: Mapping[str, click.Command]) -> None:
    """Apply files and environment below the command line, before the command's options are processed."""
    found = effective(settings_of(commands))
    names = {_key(option): option.name for option in command.params if _key(option) is not None}
    context.default_map = {name: found[key].value for key, name in names.items() if key in found and name is not None}


def _read_file(file: Path, settings: Mapping[str, Setting]) -> dict[str, Value]:
    found = {}
    name = shown(file)
    for key, value in (table(file) or {}).items():
        place = f"{name}:{line(file, key)}"
        setting = settings.get(key)
        if setting is None:
            line_only = key in NOT_SETTINGS
            why = "not allowed in a file: give it on the command line" if line_only else "there is no such setting"
            raise UsageError(f"{place}: {key}: {why}" + meant(key, settings))
        try:
            found[key] = Value(setting.read(value), place)
        except ValueError as error:
            raise UsageError(f"{place}: {key}: {error}") from error
    return found


def meant(word: str, known: Iterable[str]) -> str:
    """Suggest what may have been meant; empty if nothing is close."""
    near = difflib.get_close_matches(word, list(known), 1)
    return f" (did you mean {near[0]}?)" if near else ""


def strays(settings: Mapping[str, Setting], environment: Mapping[str, str]) -> Iterator[str]:
    """Yield a remark for each variable that looks like a setting but is not one."""
    known = {setting.variable for setting in settings.values()}
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in known and (hint := meant(name, known)):
            yield f"{name} is not a setting{hint}"


def schema(settings: Mapping[str, Setting]) -> dict[str, Any]:
    """Return the JSON schema of `imgscan.toml`, which also applies to `[tool.imgscan]`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "imgscan settings",
        "description": "imgscan.toml, or [tool.imgscan] in pyproject.toml. Keys are long options of the command line.",
        "type": "object",
        "properties": {key: settings[key].schema() for key in sorted(settings)},
        "additionalProperties": False,
    }
