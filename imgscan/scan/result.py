"""The result of scanning one blob, as a value that can be serialised and read back.

It holds no secret and no raw name: hits are free of theirs, paths are redacted, names are hashes. So it can be kept,
passed to another process, and used in any image that has the blob; the report is the same.
"""

from __future__ import annotations

import base64
import json
from array import array
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Self

from imgscan.image.lifecycle import LayerNames
from imgscan.model import Diagnostic, Location, Secret
from imgscan.scan.hits import Hit
from imgscan.scan.manyhits import ManyHits
from imgscan.streams.stop import INTERRUPTED
from imgscan.streams.tar_header import NO_END

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Literal


@dataclass(frozen=True, slots=True)
class LayerResult:
    """One blob, read to its end or as far as it goes.

    `stored` and `size` are bytes, as stored and as searched. `digests` are those of the stored bytes, by algorithm, as
    hex; `diff_id` is the hex SHA-256 of the plain bytes, None if they were not seen as one stream. `shape` is what
    the plain bytes are; a tar has `entries` members and their `names`, a file may be in a container `format` that is
    known. `hits` are at most as many as are kept of one blob, and `left_out` counts the others. `failure` is what
    ended the reading of the stored bytes, `problems` what is wrong with the tar, `unread` what was not read in its
    files, from whose containers `inner` files with `expanded` bytes came; none of them has a layer.
    """

    stored: int = 0
    size: int = 0
    digests: Mapping[str, str] = field(default_factory=dict)
    diff_id: str | None = None
    compressed: bool = False
    shape: Literal["tar", "file"] = "file"
    format: str | None = None
    entries: int = 0
    names: LayerNames | None = None
    hits: Sequence[Hit] = ()
    left_out: int = 0
    failure: Diagnostic | None = None
    problems: tuple[Diagnostic, ...] = ()
    unread: tuple[Diagnostic, ...] = ()
    expanded: int = 0
    inner: int = 0

    @property
    def interrupted(self) -> bool:
        """Whether the user stopped the scan while this blob was read."""
        return self.failure is not None and self.failure.code == INTERRUPTED

    @property
    def members_known(self) -> bool:
        """Whether every member was seen; if only the end marker is missing, all were."""
        whole = self.failure is None or self.failure.severity == "skipped"
        return whole and self.names is not None and all(problem.code == NO_END for problem in self.problems)

    @property
    def content(self) -> str | None:
        """What identifies the plain bytes among blobs, compressed or not."""
        return self.diff_id or self.digests.get("sha256")

    def diagnostics(self, *, trusted: bool) -> Iterator[Diagnostic]:
        """Say what was wrong with the blob. `trusted` means that its digest matches: a missing end is then harmless."""
        if self.failure is not None:
            yield self.failure
        for problem in self.problems:
            if problem.code != NO_END or not trusted or self.failure is not None:
                yield problem
        yield from self.unread

    def write(self) -> bytes:
        """Serialise it as JSON in UTF-8."""
        written = {name: getattr(self, name) for name in _PLAIN}
        written |= {
            "digests": dict(self.digests),
            "names": _written_names(self.names) if self.names is not None else None,
            "hits": [_written_hit(hit) for hit in self.hits],
            "failure": asdict(self.failure) if self.failure is not None else None,
            "problems": [asdict(each) for each in self.problems],
            "unread": [asdict(each) for each in self.unread],
        }
        return json.dumps(written, separators=(",", ":")).encode()

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Read what `write` wrote; ValueError, KeyError or TypeError for anything else."""
        given = json.loads(data)
        given["names"] = _read_names(given["names"]) if given["names"] is not None else None
        given["hits"] = ManyHits(map(_read_hit, given["hits"])).kept()
        given["failure"] = Diagnostic(**given["failure"]) if given["failure"] is not None else None
        for name in ("problems", "unread"):
            given[name] = tuple(Diagnostic(**each) for each in given[name])
        return cls(**given)


def _written_hit(hit: Hit) -> dict[str, Any]:
    location = asdict(hit.location)
    if hit.location.path_bytes is not None:
        location["path_bytes"] = base64.b64encode(hit.location.path_bytes).decode()
    return {**hit._asdict(), "secret": asdict(hit.secret), "location": location}


def _read_hit(given: dict[str, Any]) -> Hit:
    location = given["location"]
    if location["path_bytes"] is not None:
        location["path_bytes"] = base64.b64decode(location["path_bytes"])
    given |= {"secret": Secret(**given["secret"]), "location": Location(**location), "trail": tuple(given["trail"])}
    return Hit(**given)


def _written_names(names: LayerNames) -> dict[str, Any]:
    written: dict[str, Any] = {name: base64.b64encode(getattr(names, name)).decode() for name in _ARRAYS}
    return written | {"whole": names.whole, "folders": names.folders}


def _read_names(given: dict[str, Any]) -> LayerNames:
    names = LayerNames()
    names.whole = given["whole"]
    names.folders = [tuple(folder) for folder in given["folders"]]
    for name, kind in _ARRAYS.items():
        data = base64.b64decode(given[name])
        setattr(names, name, array(kind, data) if kind else bytearray(data))
    return names


_PLAIN = (*("stored", "size", "diff_id", "compressed", "shape", "format", "entries", "left_out", "expanded", "inner"),)
"""What is written as it is."""

_ARRAYS = {"hashes": "q", "kinds": "", "whiteouts": "q", "opaque": "q", "targets": "q", "parents": "i"}
"""The arrays that a layer's names are kept in, and the type of each; of bytes where there is none."""
