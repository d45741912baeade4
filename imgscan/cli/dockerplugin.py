"""`docker imgscan`: imgscan as a plugin of Docker's command line; `imgscan.cli.dockerinstall` puts it there.

Docker looks for executables named `docker-NAME` in `cli-plugins` of its configuration folder. It runs each with
`docker-cli-plugin-metadata` and reads one JSON object; in use it passes its own command line as typed, with its
global options first: `docker-imgscan --context build imgscan myapp:latest`
(cli-plugins/metadata of github.com/docker/cli).
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, NoReturn

import click

from imgscan._version import __version__
from imgscan.cli.exits import EXIT_INCOMPLETE
from imgscan.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

METADATA = "docker-cli-plugin-metadata"
_COMMAND = "imgscan"
_PAGE = "https://docs.stripe.com/keys-best-practices"
"""The page that SARIF reports name too, repeated here: importing it would load the reports."""

_SETTINGS = {
    "--config": "DOCKER_CONFIG",
    "--context": "DOCKER_CONTEXT",
    "-c": "DOCKER_CONTEXT",
    "--host": "DOCKER_HOST",
    "-H": "DOCKER_HOST",
}
"""Docker's global options that choose an engine, and the variables that tell imgscan the same."""
_PASSED_OVER = frozenset(("-l", "--log-level"))
"""Global options with a value that have nothing to do with the engine."""
_FLAGS = frozenset(("-D", "--debug", "--debug=true", "--debug=false"))


def metadata() -> str:
    """Return the metadata that Docker asks a plugin for, in schema version 0.1.0."""
    told = {
        "SchemaVersion": "0.1.0",
        "Vendor": "The imgscan authors",
        "Version": __version__,
        "ShortDescription": "Find leaked Stripe keys in container images",
        "URL": _PAGE,
    }
    return json.dumps(told)


def arguments_of(given: Sequence[str], commands: frozenset[str]) -> tuple[list[str], dict[str, str]]:
    """Turn what Docker passes into imgscan's arguments, and variables that choose the engine.

    What follows `imgscan` is an image, unless it begins with one of imgscan's `commands` or asks for help or the
    version. UsageError for a global option that cannot be passed on: without it imgscan would use another engine.
    """
    variables: dict[str, str] = {}
    words = iter(given)
    for word in words:
        if word == _COMMAND:
            return _command(list(words), commands), variables
        if word == "help":  # docker help imgscan
            return ["--help"], variables
        if word in ("-h", "--help"):
            return ["--help"], variables
        _global(word, words, variables)
    return ["--help"], variables


def _command(rest: list[str], commands: frozenset[str]) -> list[str]:
    if not rest:
        return ["--help"]
    if rest[0] in commands or rest[0] in ("-h", "--help", "-V", "--version"):
        return rest
    return ["image", *rest]


def _global(word: str, words: Iterator[str], variables: dict[str, str]) -> None:
    """Record one of Docker's global options, which may take its value from the next word."""
    option, equals, value = word.partition("=")
    if word in _FLAGS:
        return
    if len(word) > 2 and word[0] == "-" and word[1] in "cHl":  # -Hunix:///run/docker.sock, -H=unix:///run/docker.sock
        option, equals, value = word[:2], "=", word[2:].removeprefix("=")
    if option in _SETTINGS or option in _PASSED_OVER:
        if not equals:
            value = next(words, "")
        if option in _SETTINGS:
            variables[_SETTINGS[option]] = value
            if _SETTINGS[option] == "DOCKER_CONTEXT":  # Docker prefers --context to a DOCKER_HOST of the environment
                variables["DOCKER_HOST"] = ""
        return
    raise UsageError(
        f"docker's option {option} cannot be passed on: set DOCKER_HOST, DOCKER_TLS_VERIFY and DOCKER_CERT_PATH instead"
    )


def main() -> NoReturn:
    """Answer Docker; the console script `docker-imgscan`."""
    given = sys.argv[1:]
    if given[:1] == [METADATA]:
        click.echo(metadata())
        sys.exit(0)
    if given[:1] and given[0].startswith("__complete"):
        click.echo(":0")  # nothing to suggest; the shell completes file names
        sys.exit(0)
    import imgscan.cli  # noqa: PLC0415 - Docker asks every plugin for its metadata, often: keep it quick
    from imgscan.cli.app import cli  # noqa: PLC0415

    try:
        arguments, variables = arguments_of(given, frozenset(cli.commands))
    except UsageError as error:
        click.echo(f"{_COMMAND}: {error}", err=True)
        sys.exit(EXIT_INCOMPLETE)
    os.environ.update(variables)
    sys.argv = [_COMMAND, *arguments]
    imgscan.cli.main()


if __name__ == "__main__":
    main()
