"""Real files to scan, which nobody made for a scanner: this machine's, and what package managers bring.

Every tree is a folder of plain files. Packages are fetched without running any script of theirs (an sdist's build
back end alone is asked for its metadata by pip) and archives are unpacked here, a level deep.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_SECONDS = 1200

NPM = (
    "react", "react-dom", "vue", "lodash", "express", "webpack", "typescript", "next", "axios", "eslint", "jest",
    "prettier", "chalk", "commander", "rxjs", "moment", "socket.io", "@babel/core", "@stripe/stripe-js", "stripe",
)  # fmt: skip
"""Twenty packages that nearly every JavaScript project has some of; their dependencies come with them."""

WHEELS = (
    "numpy", "pandas", "requests", "django", "boto3", "botocore", "cryptography", "stripe", "pillow", "setuptools",
)  # fmt: skip
SDISTS = (
    "stripe", "dj-stripe", "pinax-stripe-light", "localstripe", "detect-secrets", "ggshield", "standardwebhooks",
    "svix",
)  # fmt: skip
"""Python's Stripe packages with their tests, scanners with theirs, and another issuer of `whsec_` secrets."""

TARBALLS = ("stripe@4.25.0", "@stripe/react-stripe-js", "@stripe/mcp", "@stripe/agent-toolkit")
"""npm's Stripe packages alone, one of them from the days when tests were packed as well."""

OTHERS = (
    "@clerk/clerk-sdk-node", "@clerk/backend", "@clerk/shared", "@workos-inc/node", "svix", "standardwebhooks",
    "resend", "@paystack/inline-js", "magic-sdk", "@supabase/supabase-js",
)  # fmt: skip
"""npm packages of those who issue keys under the same prefixes, or secrets that look alike."""


class NoTree(Exception):  # noqa: N818 - it says what happened: there is no tree
    """A tree cannot be fetched here; the text says why."""


@dataclass(frozen=True, slots=True)
class Tree:
    """A folder to scan. `fetch` makes it in an empty folder and returns its top; `holds` says what is in it."""

    name: str
    holds: str
    fetch: Callable[[Path], Path]


def _run(command: Sequence[str | Path], within: Path) -> None:
    program = shutil.which(command[0])
    if program is None:
        raise NoTree(f"no {Path(command[0]).name}")
    try:
        done = subprocess.run([program, *command[1:]], cwd=within, capture_output=True, check=False, timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        raise NoTree(f"{Path(command[0]).name} takes more than {_SECONDS} s") from None
    if done.returncode:
        raise NoTree(f"{Path(command[0]).name} ends with exit code {done.returncode}")


def _debian(folder: Path) -> Path:
    _run(["debootstrap", "--variant=minbase", "bookworm", folder / "root"], folder)
    return folder / "root"


def _npm(folder: Path) -> Path:
    (folder / "package.json").write_text("{}\n")
    _run(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", folder, *NPM], folder)
    return folder / "node_modules"


def _packed(*packages: str) -> Callable[[Path], Path]:
    def fetch(folder: Path) -> Path:
        _run(["npm", "pack", "--ignore-scripts", "--pack-destination", folder, *packages], folder)
        return _unpacked(folder)

    return fetch


def _pip(packages: Sequence[str], *options: str) -> Callable[[Path], Path]:
    def fetch(folder: Path) -> Path:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", *options, "--dest", str(folder)]
        _run([*command, *packages], folder)
        return _unpacked(folder)

    return fetch


def _unpacked(folder: Path) -> Path:
    """Unpack every archive into a folder named after its package, without the version."""
    top = folder / "unpacked"
    top.mkdir()
    for archive in sorted(folder.iterdir()):
        if not archive.is_file():
            continue
        into = top / re.split(r"-\d", archive.name, maxsplit=1)[0]
        if archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as wheel:
                wheel.extractall(into)  # noqa: S202 - published packages, and zipfile keeps names inside
        elif tarfile.is_tarfile(archive):
            with tarfile.open(archive) as sdist:
                _unpack(sdist, into)
    return top


def _unpack(archive: tarfile.TarFile, into: Path) -> None:
    """Write the files of an archive, and nothing else: no link, and no name that leads outside.

    `extractall(filter="data")` would do, but early releases of Python 3.11 do not have it.
    """
    for member in archive:
        name = PurePosixPath(member.name)
        data = archive.extractfile(member) if member.isfile() else None
        if data is None or name.is_absolute() or ".." in name.parts:
            continue
        path = into / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.read())


TREES: dict[str, Tree] = {
    tree.name: tree
    for tree in (
        Tree("usr", "this machine's /usr", lambda _: Path("/usr")),
        Tree("debian", "a minimal root of Debian 12", _debian),
        Tree("npm", f"{len(NPM)} npm packages with their dependencies", _npm),
        Tree("wheels", f"{len(WHEELS)} wheels", _pip(WHEELS, "--only-binary=:all:")),
        Tree(
            "sdists",
            f"{len(SDISTS)} sdists of Stripe packages, scanners and another issuer, with tests",
            _pip(SDISTS, "--no-binary=:all:"),
        ),
        Tree("tarballs", f"{len(TARBALLS)} npm packages of Stripe's, alone", _packed(*TARBALLS)),
        Tree("others", f"{len(OTHERS)} npm packages of other issuers", _packed(*OTHERS)),
    )
}
"""By name, in the order of the report."""
