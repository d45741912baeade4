"""Names for code scanning: short names, categories, and URIs that no reader can resolve to another place.

Nothing here depends on a tag, a digest or the machine, or alerts would be closed and opened again at each build.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from imgscan.model import SCHEMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from imgscan.model import TargetReport

NESTED = "!/"
"""Between an archive's path and the path inside it."""

# Unreserved characters (RFC 3986, section 2.3) are never quoted. Of the others these are harmless in a path segment;
# a colon is not, since it would make a scheme of the first segment.
_SAFE = "!@+,="

_SCHEME = re.compile(rf"(?:{'|'.join(SCHEMES)}|registry):")
_TAG = re.compile(r":[^/:]*$")
_IMAGE_ID = re.compile(r"(?:sha256:)?[0-9a-f]{12,64}")
_ARCHIVE_SUFFIX = re.compile(r"\.(?:tar|tgz|tbz2|txz|tzst|gz|bz2|xz|zst|zip|oci)$", re.IGNORECASE)
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


def repository(report: TargetReport) -> str:
    """Name an image without its tag and digest: `ghcr.io/acme/app`; an archive by its file name without suffixes.

    A reference of a single word is a tag (OCI layouts name their images `latest`), so the target names such an image.
    """
    reference = report.reference or ""
    if "/" in reference or (":" in reference and not _IMAGE_ID.fullmatch(reference)):
        return _without_tag(reference) or "image"
    target = report.target
    scheme = _SCHEME.match(target)
    rest = target[scheme.end() :] if scheme else target
    if rest == "-":
        return "stdin"
    if _IMAGE_ID.fullmatch(rest):
        return "image"
    if scheme and scheme.group() in {"docker:", "podman:", "registry:"}:
        return _without_tag(rest) or "image"
    name = _without_tag(rest.rstrip("/")).rpartition("/")[2]
    while (shorter := _ARCHIVE_SUFFIX.sub("", name)) not in {name, ""}:
        name = shorter
    return name if name not in {"", ".", ".."} else "image"


def short_name(report: TargetReport) -> str:
    """Name an image in one path segment."""
    return repository(report).rstrip("/").rpartition("/")[2] or "image"


def category(report: TargetReport, override: str | None = None) -> str:
    """Make the `automationDetails.id` of a run: `imgscan/<repository>/<os-arch>/`.

    Code scanning takes all before the last slash for the category, hence the slash at the end. Directories and
    repositories have their kind in the place of the platform.
    """
    if override:
        return override.rstrip("/") + "/"
    if report.kind == "image":
        parts = [*repository(report).split("/"), (report.platform or "").replace("/", "-")]
    else:
        parts = [*_directory(report), report.kind]
    return "/".join(["imgscan", *(quote(raw_name(part), safe=_SAFE + ":") for part in parts if part)]) + "/"


def distinct(identity: str, taken: Iterable[str]) -> str:
    """Make a category distinct from those that the file has: `…/2/`, `…/3/`, in the order of the targets.

    GitHub rejects a file in which two runs of one tool have the same category.
    """
    used = set(taken)
    candidate, number = identity, 1
    while candidate in used:
        number += 1
        candidate = f"{identity}{number}/"
    return candidate


def location_uri(report: TargetReport, path: str, path_bytes: bytes | None = None) -> str:
    """Make the URI of a finding: the image's short name and the path.

    In a repository it is the path itself, in a directory the path behind the target as the user typed it, so that
    alerts meet the files of a checkout; of a target outside the working directory only the path inside it is kept.
    """
    raw = raw_name(path) if path_bytes is None else path_bytes
    return relative_uri([*_prefix(report, path), *raw.split(b"/")])


def plain_path(report: TargetReport, path: str) -> str:
    """Name a finding's file as `location_uri` does, for readers that take a name as it is: nothing is quoted."""
    return "/".join([*_prefix(report, path), path])


def relative_uri(segments: Sequence[str | bytes]) -> str:
    """Join path segments to a relative reference: percent-encoded, without empty or dot segments.

    Readers resolve `.` and `..` even where their dots are encoded (WHATWG URL, "double-dot URL path segment"). So
    such a segment is glued to a neighbour with an encoded slash: `a/../b` becomes `a/%2E%2E%2Fb`.
    """
    joined, glued = "", False
    for position, segment in enumerate(segments):
        raw = segment if isinstance(segment, bytes) else raw_name(segment)
        hollow = raw in {b"", b".", b".."}
        last = position == len(segments) - 1
        if position:
            joined += "%2F" if glued or (hollow and last) else "/"
        joined += "%2E" * len(raw) if hollow else quote(raw, safe=_SAFE)
        glued = hollow
    return joined + "%2F" if len(segments) == 1 and glued else joined


def file_uri(path: str) -> str:
    """Make the URI of a file of the checkout, as the user or a source map names it."""
    parts = _parts(path)
    return relative_uri(parts or [path])


def _prefix(report: TargetReport, path: str) -> Sequence[str]:
    if report.kind == "image":
        return [short_name(report)]
    if report.kind == "git":
        return []
    parts = _directory(report)
    # The path of a single file is its own name, which ends the target too.
    if parts and (path == parts[-1] or path.startswith(parts[-1] + NESTED)):
        return parts[:-1]
    return parts


def _directory(report: TargetReport) -> list[str]:
    outside = report.target.startswith("/") or _DRIVE.match(report.target)
    parts = _parts(report.target)
    return [] if outside or ".." in parts else parts


def _parts(path: str) -> list[str]:
    plain = path.replace("\\", "/") if _DRIVE.match(path) else path
    normal = posixpath.normpath(plain).lstrip("/")
    return [] if normal in {"", ".", "-"} else normal.split("/")


def _without_tag(reference: str) -> str:
    return _TAG.sub("", reference.partition("@")[0])


def raw_name(text: str) -> bytes:
    """Return a name's bytes; lone surrogates stand for the bytes that no UTF-8 reader could decode (PEP 383)."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a surrogate that stands for no byte
        return text.encode("utf-8", "surrogatepass")
