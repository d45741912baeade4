"""Images for tests, built at run time and byte for byte the same each time.

An `Image` says what is in it; the functions below write it in each dialect that a real tool writes: `docker_legacy`
(Docker up to 24), `docker_modern` (25 and later), `docker_containerd`, `podman_archive`, `crane_archive`, `oci_folder`,
`oci_archive`, `docker_dir`, `ancient` (before 1.10), `rootfs`. Layers are compressed by one of `COMPRESSIONS`.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import json
import lzma
import tarfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import zstandard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"


@dataclass(frozen=True)
class Link:
    """A link in a layer: hard, or symbolic."""

    target: str
    hard: bool = True


Content = bytes | Link | None
"""What a member is: a file's bytes, a link, or None for a directory."""


def tar(members: Mapping[str, Content] | Iterable[tuple[str, Content]], *, end: bool = True, **options: Any) -> bytes:
    """Pack members, in order; a name may come twice. `end` False leaves the end marker out."""
    pairs = members.items() if hasattr(members, "items") else members
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", **({"format": tarfile.GNU_FORMAT} | options)) as archive:
        for name, content in pairs:
            info = tarfile.TarInfo(name)
            if isinstance(content, bytes):
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
            elif isinstance(content, Link):
                info.type = tarfile.LNKTYPE if content.hard else tarfile.SYMTYPE
                info.linkname = content.target
                archive.addfile(info)
            else:
                info.type, info.mode = tarfile.DIRTYPE, 0o755
                archive.addfile(info)
        size = archive.offset
    return buffer.getvalue() if end else buffer.getvalue()[:size]


def _members(compress: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """Compress in pieces of 700 bytes, each a member or frame of its own."""
    return lambda data: b"".join(compress(data[at : at + 700]) for at in range(0, len(data), 700))


def _gzip(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


COMPRESSIONS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "plain": ("", bytes),
    "gzip": ("+gzip", _gzip),
    "gzip-members": ("+gzip", _members(_gzip)),
    "zstd": ("+zstd", zstandard.ZstdCompressor(write_checksum=True).compress),
    "zstd-frames": ("+zstd", _members(zstandard.ZstdCompressor().compress)),
    "xz": ("", lzma.compress),
    "bz2": ("", bz2.compress),
}
"""Name -> suffix of the media type, and the function."""


def sha256(data: bytes) -> str:
    """Give the hex digest."""
    return hashlib.sha256(data).hexdigest()


@dataclass(frozen=True)
class Layer:
    """A layer: its tar, and the instruction that made it."""

    tar: bytes
    created_by: str = "COPY . / # buildkit"


@dataclass(frozen=True)
class Image:
    """What an image is; see the writers for its dialects.

    `empty` are instructions that make no layer, as (position among all instructions, text). `annotations` go to the
    manifest, `attestation` is an in-toto statement about the image.
    """

    layers: Sequence[Layer]
    config: Mapping[str, Any] = field(default_factory=dict)
    empty: Sequence[tuple[int, str]] = ()
    tag: str = "shop:1"
    architecture: str = "amd64"
    annotations: Mapping[str, str] = field(default_factory=dict)
    attestation: Mapping[str, Any] | None = None

    @property
    def history(self) -> list[dict[str, Any]]:
        """The instructions, base first."""
        entries: list[dict[str, Any]] = [{"created_by": layer.created_by} for layer in self.layers]
        for position, text in sorted(self.empty):
            entries.insert(position, {"created_by": text, "empty_layer": True})
        return entries

    @property
    def config_json(self) -> bytes:
        """The config document."""
        return dump(
            {
                "architecture": self.architecture,
                "os": "linux",
                "config": dict(self.config),
                "rootfs": {"type": "layers", "diff_ids": [f"sha256:{sha256(layer.tar)}" for layer in self.layers]},
                "history": self.history,
            }
        )


def dump(document: Any) -> bytes:
    """Write a JSON document."""
    return json.dumps(document, separators=(",", ":")).encode()


def write(path: Path, data: bytes) -> Path:
    """Write a file and give its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


# docker save


def docker_legacy_members(image: Image) -> list[tuple[str, Content]]:
    """Give the members as Docker up to 24 writes them: a repeated layer is a symbolic link, metadata comes last."""
    members: list[tuple[str, Content]] = []
    first: dict[str, str] = {}
    names = []
    parent = ""
    for number, layer in enumerate(image.layers):
        identity = sha256(b"%d" % number + parent.encode() + layer.tar)
        known = first.setdefault(sha256(layer.tar), identity)
        names.append(f"{identity}/layer.tar")
        content = layer.tar if known == identity else Link(f"../{known}/layer.tar", hard=False)
        v1: dict[str, Any] = {"id": identity, "os": "linux"} | ({"parent": parent} if parent else {})
        if number == len(image.layers) - 1:
            v1["config"] = dict(image.config)
        members += [
            (f"{identity}/", None),
            (f"{identity}/VERSION", b"1.0"),
            (f"{identity}/json", dump(v1)),
            (f"{identity}/layer.tar", content),
        ]
        parent = identity
    name = f"{sha256(image.config_json)}.json"
    members.sort(key=lambda member: member[0])
    manifest = dump([{"Config": name, "RepoTags": [image.tag], "Layers": names}])
    repository, _, tag = image.tag.partition(":")
    members += [(name, image.config_json), ("manifest.json", manifest)]
    return [*members, ("repositories", dump({repository: {tag: parent}}))]


def docker_legacy(image: Image) -> bytes:
    """Write what `docker save` of Docker up to 24 writes."""
    return tar(docker_legacy_members(image))


def ancient(image: Image) -> bytes:
    """Write what Docker before 1.10 wrote: no `manifest.json`, no config, layers chained by `parent`."""
    members = docker_legacy_members(image)
    return tar([member for member in members if member[0] != "manifest.json" and not member[0].endswith(".json")])


def podman_archive(image: Image) -> bytes:
    """Write what `podman save` and skopeo's docker-archive write."""
    members: list[tuple[str, Content]] = []
    names = []
    for layer in image.layers:
        name = f"{sha256(layer.tar)}.tar"
        if name not in names:
            members.append((name, layer.tar))
        names.append(name)
    config = f"{sha256(image.config_json)}.json"
    members.append((config, image.config_json))
    for number, name in enumerate(names):
        identity = sha256(f"{number}{name}".encode())
        members += [
            (f"{identity}/layer.tar", Link(f"../{name}", hard=False)),
            (f"{identity}/VERSION", b"1.0"),
            (f"{identity}/json", dump({"id": identity})),
        ]
    manifest = [{"Config": config, "RepoTags": [f"localhost/{image.tag}"], "Layers": names}]
    return tar([*members, ("manifest.json", dump(manifest)), ("repositories", b"{}")])


def crane_archive(image: Image, compression: str = "gzip") -> bytes:
    """Write what crane, ko and kaniko write: the config first, layers compressed."""
    config = f"sha256:{sha256(image.config_json)}"
    members: list[tuple[str, Content]] = [(config, image.config_json)]
    names = []
    for layer in image.layers:
        blob = COMPRESSIONS[compression][1](layer.tar)
        names.append(f"{sha256(blob)}.tar.gz")
        members.append((names[-1], blob))
    manifest = [{"Config": config, "RepoTags": [image.tag], "Layers": names}]
    return tar([*dict(members).items(), ("manifest.json", dump(manifest))])


def docker_modern(image: Image) -> bytes:
    """Write what `docker save` of Docker 25 and later writes: an OCI layout and a `manifest.json` in one archive."""
    files = oci_files(image)
    layers = [f"blobs/sha256/{sha256(layer.tar)}" for layer in image.layers]
    config = f"blobs/sha256/{sha256(image.config_json)}"
    manifest = dump([{"Config": config, "RepoTags": [image.tag], "Layers": layers, "LayerSources": {}}])
    return _sorted_archive(files | {"manifest.json": manifest, "repositories": b'{"shop":{"1":"x"}}'})


def docker_containerd(images: Sequence[Image], compression: str = "gzip", absent: Sequence[str] = ()) -> bytes:
    """Write what `docker save` over containerd's store writes: index, inner index, a manifest for each platform.

    `absent` are architectures that the index names but that were never pulled. `manifest.json` names the first image.
    """
    files: dict[str, bytes] = {}
    entries = []
    for image in images:
        files |= oci_files(image, compression)
        entries += json.loads(files["index.json"])["manifests"]
    for architecture in absent:
        platform = {"os": "linux", "architecture": architecture}
        entries.append({"mediaType": OCI_MANIFEST, "digest": f"sha256:{sha256(architecture.encode())}",
                        "size": 9, "platform": platform})  # fmt: skip
    inner = dump({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries})
    annotations = {"io.containerd.image.name": f"docker.io/library/{images[0].tag}"}
    files |= {f"blobs/sha256/{sha256(inner)}": inner}
    named = descriptor(inner, OCI_INDEX, annotations=annotations)
    files["index.json"] = dump({"schemaVersion": 2, "manifests": [named]})
    blobs = [COMPRESSIONS[compression][1](layer.tar) for layer in images[0].layers]
    config = f"blobs/sha256/{sha256(images[0].config_json)}"
    layers = [f"blobs/sha256/{sha256(blob)}" for blob in blobs]
    files["manifest.json"] = dump([{"Config": config, "RepoTags": [images[0].tag], "Layers": layers}])
    return _sorted_archive(files)


def _sorted_archive(files: Mapping[str, bytes]) -> bytes:
    folders = {"/".join(name.split("/")[:depth]) + "/" for name in files for depth in range(1, name.count("/") + 1)}
    members: list[tuple[str, Content]] = [*((folder, None) for folder in folders), *files.items()]
    return tar(sorted(members, key=lambda member: member[0]))


# OCI


def descriptor(data: bytes, media_type: str, **more: Any) -> dict[str, Any]:
    """Describe a blob."""
    return {"mediaType": media_type, "digest": f"sha256:{sha256(data)}", "size": len(data)} | more


def oci_files(image: Image, compression: str = "plain") -> dict[str, bytes]:
    """Give the files of an OCI layout by name."""
    suffix, compress = COMPRESSIONS[compression]
    blobs = [compress(layer.tar) for layer in image.layers]
    config = image.config_json
    manifest = dump(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": descriptor(config, OCI_CONFIG),
            "layers": [descriptor(blob, OCI_LAYER + suffix) for blob in blobs],
            **({"annotations": dict(image.annotations)} if image.annotations else {}),
        }
    )
    platform = {"os": "linux", "architecture": image.architecture}
    name = {"org.opencontainers.image.ref.name": image.tag}
    entries = [descriptor(manifest, OCI_MANIFEST, platform=platform, annotations=name)]
    stored = [*blobs, config, manifest]
    if image.attestation is not None:
        statement = dump(image.attestation)
        about = dump(
            {
                "schemaVersion": 2,
                "mediaType": OCI_MANIFEST,
                "config": descriptor(b"{}", OCI_CONFIG),
                "layers": [descriptor(statement, "application/vnd.in-toto+json")],
            }
        )
        kind = {
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": f"sha256:{sha256(manifest)}",
        }
        unknown = {"os": "unknown", "architecture": "unknown"}
        entries.append(descriptor(about, OCI_MANIFEST, platform=unknown, annotations=kind))
        stored += [b"{}", statement, about]
    return {
        "oci-layout": b'{"imageLayoutVersion":"1.0.0"}',
        "index.json": dump({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}),
        **{f"blobs/sha256/{sha256(data)}": data for data in stored},
    }


def folder(path: Path, files: Mapping[str, bytes]) -> Path:
    """Write files below a folder."""
    for name, data in files.items():
        write(path / name, data)
    return path


def oci_folder(path: Path, image: Image, compression: str = "plain") -> Path:
    """Write an OCI layout."""
    return folder(path, oci_files(image, compression))


def oci_archive(image: Image, compression: str = "gzip") -> bytes:
    """Write an OCI layout as an archive."""
    return _sorted_archive(oci_files(image, compression))


def docker_dir(path: Path, image: Image, compression: str = "gzip") -> Path:
    """Write what skopeo's `dir:` transport writes: a registry manifest, blobs by their hex."""
    blobs = [COMPRESSIONS[compression][1](layer.tar) for layer in image.layers]
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": descriptor(image.config_json, "application/vnd.docker.container.image.v1+json"),
        "layers": [descriptor(blob, "application/vnd.docker.image.rootfs.diff.tar.gzip") for blob in blobs],
    }
    files = {sha256(data): data for data in (*blobs, image.config_json)}
    return folder(path, files | {"manifest.json": dump(manifest), "version": b"Directory Transport Version: 1.1\n"})


def rootfs(image: Image) -> bytes:
    """Write what `docker export` writes: the files that are visible in the end, without whiteouts."""
    visible: dict[str, Content] = {".dockerenv": b""}
    for layer in image.layers:
        with tarfile.open(fileobj=io.BytesIO(layer.tar)) as archive:
            for info in archive:
                base = info.name.rpartition("/")[2]
                if base.startswith(".wh."):
                    visible.pop(info.name.replace(".wh.", ""), None)
                elif info.isfile():
                    file = archive.extractfile(info)
                    visible[info.name] = file.read() if file else b""
    return tar(visible)
