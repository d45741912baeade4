"""Images that buildah pushes, skopeo copies and umoci changes."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from tests.real.machine import run, trixie
from tests.real.scanner import agree, rows_of, scan
from tests.real.subject import CONFIG, LAYERS, NAME, Row

if TYPE_CHECKING:
    from pathlib import Path

    from tests.real.machine import Storage
    from tests.real.subject import Subject

pytestmark = pytest.mark.real("buildah")

_COPIES: list[tuple[str, tuple[str, ...]]] = [
    ("docker-archive", ()),
    ("oci-archive", ()),
    ("oci-archive", ("--dest-compress-format=zstd",)),
    ("oci", ()),
    ("oci", ("--dest-oci-accept-uncompressed-layers",)),
    ("oci", ("--dest-compress-format=gzip", "--dest-compress-level=9")),
    ("oci", ("--dest-compress-format=zstd",)),
    ("oci", ("--dest-compress-format=zstd:chunked",)),
    ("dir", ()),
    ("dir", ("--dest-compress",)),
    ("dir", ("--format=oci", "--dest-compress", "--dest-compress-format=zstd")),
]
"""The layers come in plain; where a transport has no compression of its own, these change it."""


def _destination(transport: str, path: Path) -> str:
    names = {"docker-archive": f":{NAME}", "oci-archive": ":v1", "oci": ":v1", "dir": ""}
    return f"{transport}:{path}{names[transport]}"


@pytest.mark.parametrize("transport", ["docker-archive", "oci-archive", "oci", "dir"])
def test_buildah_push(buildah: Storage, subject: Subject, transport: str) -> None:
    """Each transport that buildah pushes to gives the same findings."""
    path = buildah.directory / f"pushed-{transport}"
    buildah.run("buildah", "push", NAME, _destination(transport, path))
    agree(scan(path), subject)


@pytest.mark.real("skopeo")
@pytest.mark.parametrize(("transport", "options"), _COPIES)
def test_skopeo_copy(archive: Path, subject: Subject, tmp_path: Path, transport: str, options: tuple[str, ...]) -> None:
    """Each transport and compression that skopeo copies to gives the same findings."""
    path = tmp_path / "copy"
    run("skopeo", "copy", *options, f"docker-archive:{archive}", _destination(transport, path))
    agree(scan(path), subject)


@pytest.mark.parametrize("form", ["gzip", "zstd", "zstd:chunked"])
def test_recent_skopeo_copy(buildah: Storage, archive: Path, subject: Subject, form: str) -> None:
    """The layers of a recent skopeo (Debian 13's 1.18) give the same findings in each of its compressions."""
    path = buildah.directory / f"recent-{form.replace(':', '-')}"
    run(
        *("skopeo", "copy", f"--dest-compress-format={form}"),
        *(f"docker-archive:{archive}", f"oci:{path}:v1"),
        within=(trixie(), buildah.directory),
    )
    agree(scan(path), subject)


@pytest.mark.real("skopeo", "umoci")
class TestUmoci:
    """umoci adds layers to an OCI layout; the findings below stay where they are, and know what became of them."""

    @pytest.fixture
    def layout(self, archive: Path, tmp_path: Path) -> Path:
        """Return the subject as an OCI layout."""
        path = tmp_path / "layout"
        run("skopeo", "copy", f"docker-archive:{archive}", f"oci:{path}:v1")
        return path

    def test_insert(self, layout: Path, subject: Subject, tmp_path: Path) -> None:
        """A file that `umoci insert` adds is found in the layer that it makes."""
        added = self._added(subject)
        file = tmp_path / "late.env"
        file.write_text(f"# moved\nSTRIPE_KEY={added}\n")
        self._umoci("insert", layout, file, "/srv/late.env")
        self._collect(layout)
        late = self._row(subject, added, "srv/late.env", 2)
        self._agree(layout, subject, subject.rows | {late})

    @pytest.mark.parametrize("form", ["whiteout", "opaque"])
    def test_insert_that_hides(self, layout: Path, subject: Subject, tmp_path: Path, form: str) -> None:
        """What a whiteout or an opaque directory of `umoci insert` hides is deleted in that layer."""
        if form == "whiteout":
            self._umoci("insert", layout, "--whiteout", "/srv/app/k8s")
            hidden = "srv/app/k8s/"
        else:
            empty = tmp_path / "empty"
            empty.mkdir()
            self._umoci("insert", layout, "--opaque", empty, "/srv/app")
            hidden = "srv/app/"
        self._collect(layout)
        rows = {
            row._replace(state="deleted", hidden_by=LAYERS)
            if row.path.startswith(hidden) and row.state == "visible"
            else row
            for row in subject.rows
        }
        self._agree(layout, subject, frozenset(rows))

    def test_repack(self, layout: Path, subject: Subject, tmp_path: Path) -> None:
        """A root filesystem that was unpacked, changed and repacked gives one more layer with the changes."""
        bundle = tmp_path / "bundle"
        run("umoci", "unpack", "--image", f"{layout}:v1", bundle)
        application = bundle / "rootfs/srv/app"
        (application / ".env").unlink()
        (application / "config.json").write_text('{"stripe": {}}\n')
        added = self._added(subject)
        (application / "new.env").write_text(f"STRIPE_KEY={added}\n")
        run("umoci", "repack", "--image", f"{layout}:v1", bundle)
        self._collect(layout)
        changed = {"srv/app/.env": "deleted", "srv/app/config.json": "overwritten"}
        rows = {
            row._replace(state=changed[row.path], hidden_by=LAYERS) if row.path in changed else row
            for row in subject.rows
        }
        rows.add(self._row(subject, added, "srv/app/new.env", 1))
        self._agree(layout, subject, frozenset(rows))

    def test_config(self, layout: Path, subject: Subject) -> None:
        """A variable that `umoci config` sets is found in the document, and no layer is added."""
        added = self._added(subject)
        self._umoci("config", layout, f"--config.env=STRIPE_LATE_KEY={added}")
        self._collect(layout)
        done = scan(layout)
        late = self._row(subject, added, CONFIG, None)._replace(layer=None, state=None)
        assert done.rows == subject.rows | {late}
        assert "config/Env/STRIPE_LATE_KEY" in done.fields
        assert len(done.target["layers"]) == LAYERS

    def test_layer_in_two_images(self, layout: Path, subject: Subject, tmp_path: Path) -> None:
        """A layout with two tags is two targets; the layers that they share are reported for both."""
        file = tmp_path / "late.txt"
        file.write_text("nothing\n")
        run("umoci", "insert", "--image", f"{layout}:v1", "--tag", "v2", file, "/srv/late.txt")
        targets = scan(layout).targets
        assert [len(target["layers"]) for target in targets] == [LAYERS, LAYERS + 1]
        assert [rows_of(target) for target in targets] == [subject.rows, subject.rows]

    @staticmethod
    def _umoci(verb: str, layout: Path, *arguments: str | Path) -> None:
        run("umoci", verb, "--image", f"{layout}:v1", *arguments)

    @staticmethod
    def _collect(layout: Path) -> None:
        """Drop the manifest and config that the tag no longer names."""
        run("umoci", "gc", "--layout", layout)

    @staticmethod
    def _added(subject: Subject) -> str:
        """Return a credential that is in the subject already: a further place, no further credential."""
        return subject.secrets[0]

    @staticmethod
    def _row(subject: Subject, secret: str, path: str, line: int | None) -> Row:
        digest = hashlib.sha256(secret.encode()).hexdigest()
        known = next(row for row in subject.rows if row.sha256 == digest)
        return known._replace(path=path, line=line, layer=LAYERS, state="visible", hidden_by=None)

    @staticmethod
    def _agree(layout: Path, subject: Subject, rows: frozenset[Row]) -> None:
        done = scan(layout)
        agree(done, subject, rows=rows, layers=LAYERS + 1)
