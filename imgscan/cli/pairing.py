"""Formats and their files: the options whose order matters, since each -o belongs to the -f before it."""

from __future__ import annotations

from pathlib import Path

import click

from imgscan.cli.settings import apply

_PAIRS = "imgscan.pairs"
STANDARD_OUTPUT = "-"
Pair = tuple[str, str | None]


class PairedCommand(click.Command):
    """A command that remembers in which order -f and -o were given."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Apply settings, pair formats with outputs, then parse as usual."""
        values, _, order = self.make_parser(ctx).parse_args(args=list(args))
        formats = iter(values.get("formats") or ())
        outputs = iter(values.get("outputs") or ())
        given = [
            (parameter.name, next(formats if parameter.name == "formats" else outputs))
            for parameter in order
            if parameter.name in ("formats", "outputs")
        ]
        if not ctx.resilient_parsing and not {"-h", "--help"} & set(args):
            apply(self, ctx, scanning(ctx))
            if all(name != "formats" for name, _ in given):
                given = [("formats", each) for each in (ctx.default_map or {}).get("formats", ())] + given
        ctx.meta[_PAIRS] = pair(given, ctx)
        return super().parse_args(ctx, args)


def scanning(ctx: click.Context) -> dict[str, click.Command]:
    """Return the scanning commands by name: their options can be settings."""
    root = ctx.find_root().command
    commands = root.commands if isinstance(root, click.Group) else {root.name or "": root}
    return {name: command for name, command in commands.items() if isinstance(command, PairedCommand)}


def pair(given: list[tuple[str, str]], ctx: click.Context | None = None) -> list[Pair]:
    """Pair the formats and outputs in the order in which they were typed; click.UsageError if they do not fit."""
    pairs: list[Pair] = []
    for name, value in given:
        if name == "formats":
            pairs.append((value, None))
        elif not pairs:
            pairs.append(("text", value))
        elif pairs[-1][1] is None:
            pairs[-1] = (pairs[-1][0], value)
        else:
            raise click.UsageError(f"-o {value}: every -f before it already has an -o", ctx)
    if not pairs:
        pairs.append(("text", None))
    pairs = [(name, None if output == STANDARD_OUTPUT else output) for name, output in pairs]
    named = [output for _, output in pairs if output is not None]
    twice = next((output for output in named if named.count(output) > 1 and not Path(output).is_char_device()), None)
    if twice is not None:
        raise click.UsageError(f"-o {twice}: two reports cannot go to the same file", ctx)
    if sum(output is None for _, output in pairs) > 1:
        raise click.UsageError("only one -f can go to standard output: give the others a file with -o", ctx)
    return pairs


def pairs_of(ctx: click.Context) -> list[Pair]:
    """Return the pairs of format and output file (None: standard output)."""
    pairs: list[Pair] = ctx.meta[_PAIRS]
    return pairs
