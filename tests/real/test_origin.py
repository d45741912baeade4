"""Origins in images that the real tools built: each key of a build points at the line that brought it in.

The build uses what builds use: several stages, ARG, ENV, folders, renames, wildcards, an archive, a key that RUN
writes, and here-documents where the tool knows them. podman needs `--isolation=chroot` here, which cannot run a
here-document as a script of its own.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

import pytest

from fixtures.keys import Keys
from imgscan.api import Options, image_scanner, open_session
from imgscan.image.plan import plan_images
from imgscan.model import Origin
from imgscan.sources.base import SeekableSource
from imgscan.sources.recognise import open_source
from imgscan.triage.dockerfile import Dockerfile
from imgscan.triage.origin import Origins
from tests import tools
from tests.real.machine import HOST, Storage, dockerd, scratch, trixie

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from imgscan.model import Finding

NAME = "imgscan-origin:v1"
_GIVEN = "BUILD_KEY"

_RECIPE = """\
# How the application is built.
ARG FLAVOUR=prod
FROM scratch AS base
COPY root /

FROM base AS builder
WORKDIR /src
COPY src ./
RUN /bin/busybox mkdir dist && \\
    /bin/busybox cp pay.js dist/bundle.js && \\
    echo "token = <built>" > dist/built.ini

from base
ARG DEPLOY_KEY=<argument>
ARG BUILD_KEY
ARG FLAVOUR
ENV STRIPE_KEY=<variable> \\
    # the second one
    STRIPE_RESTRICTED="<second>"
LABEL com.example.stripe=<label>
WORKDIR /srv/app
COPY conf ./conf/
COPY ["settings/prod.env", ".env"]
COPY settings/${FLAVOUR}*.json settings/
COPY --from=builder /src/dist ./dist
ADD vendor.tar.gz /opt
RUN /bin/busybox mkdir -p /etc/app && \\

    # what it is for
    printf 'a = 1\\nkey = <written>\\n' > /etc/app/run.ini
RUN echo "$FLAVOUR" && \\
    echo "$BUILD_KEY" > /etc/app/given
"""
_HEREDOCS = """\
RUN <<EOF
echo one > /etc/app/one
echo "<document>" > /etc/app/two
EOF
COPY <<-one <<two /etc/app/docs/
	first = 1
	key = <tabbed>
one
other = <other>
two
"""
_LAST = """\
CMD ["/bin/sh", "-c", "serve --key <command>"]
"""
_FILES = {
    "src/pay.js": "// pay\n\nconst key = '<source>'\n",
    "src/lib/old.js": "// old\n",
    "conf/sub/folder.ini": "[a]\nb = c\nkey = <folder>\n",
    "settings/prod.env": "A=1\nSTRIPE=<renamed>\n",
    "settings/prod-eu.json": '{\n"key": "<wildcard>"\n}\n',
    "settings/test.json": "{}\n",
}
_PACKED = "vendor/etc/pay.env"


class Where(NamedTuple):
    """Where a key was found: in a document or in a file."""

    secret: str
    document: bool


@dataclass(frozen=True)
class Build:
    """A build context, and the origin of each key of it by where it is found."""

    context: Path
    given: str = field(repr=False)
    expected: dict[Where, Origin] = field(repr=False)

    @property
    def arguments(self) -> tuple[str, ...]:
        """What continues the command line of the build."""
        return ("--build-arg", f"{_GIVEN}={self.given}")


def _sha256(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _fill(text: str, keys: Keys) -> tuple[str, dict[str, tuple[str, int]]]:
    """Put keys in place of the names in angle brackets; returns the key of each and its line."""
    made: dict[str, tuple[str, int]] = {}
    lines = []
    for number, line in enumerate(text.split("\n"), 1):
        head, mark, rest = line.partition("<")
        name, end, tail = rest.partition(">")
        if mark and end and name.isidentifier():
            made[name] = keys.secret99(), number
            lines.append(head + made[name][0] + tail)
        else:
            lines.append(line)
    return "\n".join(lines), made


def _make(context: Path, busybox: Path, *, heredocs: bool) -> Build:
    keys = Keys(f"origins {heredocs}")
    shell = context / "root/bin"
    shell.mkdir(parents=True)
    shutil.copy(busybox, shell / "busybox")
    (shell / "sh").symlink_to("busybox")
    expected: dict[Where, Origin] = {}
    for path, text in _FILES.items():
        filled, made = _fill(text, keys)
        (context / path).parent.mkdir(parents=True, exist_ok=True)
        (context / path).write_text(filled)
        for key, line in made.values():
            expected[Where(_sha256(key), document=False)] = Origin(line=line, source=path)
    packed = keys.secret99()
    with tarfile.open(context / "vendor.tar.gz", "w:gz") as archive:
        content = f"STRIPE={packed}\n".encode()
        member = tarfile.TarInfo(_PACKED)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    expected[Where(_sha256(packed), document=False)] = Origin(line=1, source="vendor.tar.gz")

    recipe, made = _fill(_RECIPE + (_HEREDOCS if heredocs else "") + _LAST, keys)
    (context / "Dockerfile").write_text(recipe)
    for key, line in made.values():
        for document in (False, True):
            expected[Where(_sha256(key), document)] = Origin(line=line, dockerfile="Dockerfile")
    given, lines = keys.secret99(), recipe.split("\n")
    declared = lines.index(f"ARG {_GIVEN}") + 1
    expected[Where(_sha256(given), document=True)] = Origin(line=declared, dockerfile="Dockerfile")
    use = next(number for number, line in enumerate(lines, 1) if f"${_GIVEN}" in line)
    expected[Where(_sha256(given), document=False)] = Origin(line=use, dockerfile="Dockerfile")
    return Build(context, given, expected)


def _findings(archive: Path, build: Build) -> dict[Where, set[Origin | None]]:
    """Scan an archive, and return the origins of each key in documents and in files."""
    session = open_session(Options(jobs=1))
    (report,) = image_scanner(session, Options()).scan(str(archive))
    assert report.whole, report.diagnostics
    source = open_source(str(archive))
    assert isinstance(source, SeekableSource)
    (image,) = plan_images(source.shelf).images
    assert image.config is not None

    def find(data: bytes) -> list[tuple[str, int]]:
        return [
            (hashlib.sha256(match.secret).hexdigest(), match.start) for match in session.concealer.engine.search(data)
        ]

    dockerfile = Dockerfile.parse((build.context / "Dockerfile").read_bytes())
    origins = Origins(dockerfile, build.context, find, certain=True)
    traced = origins.image(image.config.history, image.config.align_history(len(image.layers)))
    assert traced is not None, "the Dockerfile is not known again"
    found: dict[Where, set[Origin | None]] = {}
    for finding in report.findings:
        trace = traced.trace(finding)
        found.setdefault(_where(finding), set()).add(replace(trace, ignorable=False) if trace is not None else None)
    return found


def _where(finding: Finding) -> Where:
    return Where(finding.secret.sha256, document=finding.location.path.startswith(".image/"))


def _agree(archive: Path, build: Build) -> None:
    """Hold the origins of all findings against what was planted; each planted key was found."""
    found = _findings(archive, build)
    assert {where: {build.expected.get(where)} for where in found} == found
    hidden = {where.secret for where in build.expected} - {where.secret for where in found}
    assert not hidden


_PLAIN, _WITH_HEREDOCS = False, True


@pytest.fixture(scope="module")
def build(request: pytest.FixtureRequest) -> Iterator[Build]:
    """Yield the build context, with here-documents and without."""
    busybox = tools.find("busybox")
    if b"/ld-linux" in busybox.read_bytes()[:8192]:
        tools.missing("a static busybox (Debian's busybox-static)")
    with scratch("origin") as directory:
        yield _make(directory, busybox, heredocs=request.param)


@pytest.mark.real("podman")
@pytest.mark.parametrize("layers", ["--layers", "--layers=false", "--squash"])
@pytest.mark.parametrize(
    ("build", "root"),
    [(_PLAIN, "host"), (_PLAIN, "trixie"), (_WITH_HEREDOCS, "trixie")],  # podman 4.3 knows no here-documents
    indirect=["build"],
)
def test_podman(build: Build, root: str, layers: str) -> None:
    """Images of podman lead to their lines, also where one layer holds the work of a whole stage."""
    tools.root("an own containers/storage mounts its layers")
    with scratch("origin-podman") as directory:
        storage = Storage(directory, "vfs", HOST if root == "host" else trixie())
        context = directory / "context"
        shutil.copytree(build.context, context, symlinks=True)
        isolation = ("--isolation=chroot", "--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024")
        storage.run("podman", "build", *isolation, layers, *build.arguments, "--tag", NAME, context)
        archive = directory / "image.tar"
        storage.run("podman", "save", "--format", "docker-archive", "--output", archive, NAME)
        _agree(archive, build)


@pytest.mark.real("docker")
@pytest.mark.parametrize("build", [_PLAIN, _WITH_HEREDOCS], indirect=True)
def test_buildkit(build: Build, tmp_path: Path) -> None:
    """BuildKit's images lead to their lines."""
    with dockerd(trixie(), containerd_store=True) as engine:
        archive = tmp_path / "image.tar"
        output = f"--output=type=docker,dest={archive},name={NAME}"
        options = ("--network=none", "--provenance=false", output, *build.arguments)
        engine.docker("buildx", "build", *options, build.context, buildkit=True)
    _agree(archive, build)


@pytest.mark.real("docker")
@pytest.mark.parametrize("build", [_PLAIN], indirect=True)  # here-documents came with BuildKit
def test_classic_builder(build: Build, tmp_path: Path) -> None:
    """The images of Docker's builder before BuildKit, which hides the sources of COPY, lead to their lines."""
    with dockerd(trixie(), containerd_store=False) as engine:
        engine.docker("build", *build.arguments, "--tag", NAME, build.context)
        archive = tmp_path / "image.tar"
        engine.docker("save", "--output", archive, NAME)
    _agree(archive, build)


class _Pipeline:
    """A pipeline's steps: build the context, scan the image with the command line."""

    def __init__(self, directory: Path, build: Build) -> None:
        self.context = directory / "context"
        shutil.copytree(build.context, self.context, symlinks=True)
        self.baseline = directory / "imgscan-baseline.json"
        self.report = directory / "report.json"
        self._archive = directory / "image.tar"
        self._storage = Storage(directory, "vfs", trixie())
        self._arguments = build.arguments

    def build(self, tag: str) -> None:
        """Build the context as it is now."""
        options = ("--isolation=chroot", "--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024", "--layers")
        self._storage.run("podman", "build", *options, *self._arguments, "--tag", tag, self.context)
        self._archive.unlink(missing_ok=True)
        self._storage.run("podman", "save", "--format", "docker-archive", "--output", self._archive, tag)

    def scan(self, *options: str | Path) -> tuple[int, dict[str, str]]:
        """Return the exit code, and the status of each fingerprint."""
        arguments = ["image", self._archive, "--dockerfile", self.context / "Dockerfile", *options]
        code = self.imgscan(*arguments, "-f", "json", "-o", self.report)
        (target,) = json.loads(self.report.read_bytes())["targets"]
        return code, {finding["fingerprint"]: finding["status"] for finding in target["findings"]}

    def imgscan(self, *arguments: str | Path) -> int:
        """Run the command line and return its exit code."""
        return subprocess.run(
            [sys.executable, "-m", "imgscan", *arguments], check=False, capture_output=True
        ).returncode


@pytest.mark.real("podman")
@pytest.mark.parametrize("build", [_WITH_HEREDOCS], indirect=True)
def test_a_rebuild_shows_nothing_new_but_a_new_key(build: Build) -> None:
    """With unrelated changes and another tag the fingerprints stay; a baseline lets through all but a new key."""
    tools.root("an own containers/storage mounts its layers")
    with scratch("origin-rebuild") as directory:
        pipeline = _Pipeline(directory, build)
        pipeline.build("imgscan-origin:v1")
        code, first = pipeline.scan()
        assert (code, set(first.values())) == (1, {"new"})
        assert pipeline.imgscan("baseline", "add", pipeline.report, "--file", pipeline.baseline, "--reason", "old") == 0

        dockerfile = pipeline.context / "Dockerfile"
        dockerfile.write_text(
            dockerfile.read_text().replace("FROM base AS builder", "# one more\n\nFROM base AS builder")
        )
        (pipeline.context / "conf/readme.txt").write_text("nothing\n")
        pipeline.build("imgscan-origin:v2")
        code, second = pipeline.scan("--baseline", pipeline.baseline)
        assert (code, set(second), set(second.values())) == (0, set(first), {"baseline"})

        (pipeline.context / "conf/new.ini").write_text(f"key = {Keys('one more').secret99()}\n")
        pipeline.build("imgscan-origin:v3")
        code, third = pipeline.scan("--baseline", pipeline.baseline)
        assert code == 1
        assert list(third.values()).count("new") == 1
        assert {each for each, status in third.items() if status == "baseline"} == set(first)
