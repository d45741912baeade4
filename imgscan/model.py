"""The nouns of imgscan: what a target is made of and what a scan says about it.

Every value here is frozen and free of secrets: a `Finding` holds a redacted credential and its SHA-256, never
the credential. Strings that came out of an image (paths, `created_by`, field names) were redacted before
they were put in, so code that prints these values need only escape them, not redact them.

Layers are numbered from 0, base first, as in the JSON report; people are shown numbers from 1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

Level = Literal["error", "warning", "note"]
Confidence = Literal["very-high", "high", "medium", "low"]
Status = Literal["new", "baseline", "example"]
Mode = Literal["live", "test"]
State = Literal["visible", "overwritten", "deleted"]
Severity = Literal["error", "skipped"]
TargetKind = Literal["image", "filesystem", "git"]

LEVELS: tuple[Level, ...] = ("error", "warning", "note")
"""Most severe first."""

CONFIDENCES: tuple[Confidence, ...] = ("very-high", "high", "medium", "low")
"""Most certain first."""

SCHEMA = "imgscan/1"
"""The schema of JSON reports, which `docs/schema/report.json` describes."""

SCHEMES = ("docker", "podman", "docker-archive", "oci-archive", "oci-layout", "docker-dir", "rootfs")
"""What an image's target may begin with, before a colon, to say what it is."""

IMAGE_DOCUMENTS = ".image/"
"""Where findings in the manifest, config, history and attestations have their path; no real file is there."""

_HEX_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}
_DIGEST = re.compile(r"([a-z0-9]+(?:[.+_-][a-z0-9]+)*):([A-Za-z0-9=_-]+)")


@dataclass(frozen=True, slots=True, order=True)
class Digest:
    """A content address, parsed once so that it cannot be wrong later.

    The grammar is the OCI image specification's, descriptor.md, "Digests". `encoded` is lower-case hex for the
    registered algorithms; an algorithm that imgscan cannot compute is kept, and `verifiable` is then false.
    """

    algorithm: str
    encoded: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `algorithm:encoded`; ValueError if it is not of that form or of the wrong length."""
        match = _DIGEST.fullmatch(text)
        if match is None:
            raise ValueError("not a digest")
        algorithm, encoded = match.groups()
        length = _HEX_LENGTHS.get(algorithm)
        if length is not None and (len(encoded) != length or re.fullmatch(r"[0-9a-f]+", encoded) is None):
            raise ValueError(f"not a {algorithm} digest")
        return cls(algorithm, encoded)

    @property
    def verifiable(self) -> bool:
        """Whether imgscan can compute this digest itself."""
        return self.algorithm in _HEX_LENGTHS

    @property
    def short(self) -> str:
        """The form for prose: the algorithm and the first twelve characters."""
        return f"{self.algorithm}:{self.encoded[:12]}"

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.encoded}"


@dataclass(frozen=True, slots=True)
class LayerInfo:
    """One layer of an image, as its manifest and config describe it and as the scan measured it.

    `digest` is of the blob as stored (compressed or not), `diff_id` of the uncompressed tar. `created_by` is
    None if the history does not say which instruction made the layer; it is redacted. `size` counts the
    stored bytes, `bytes` the uncompressed ones, `entries` the tar members; None if they were not read.
    """

    index: int
    digest: Digest | None
    diff_id: Digest | None
    media_type: str | None
    created_by: str | None
    size: int | None
    bytes: int | None
    entries: int | None
    from_base: bool = False


@dataclass(frozen=True, slots=True)
class Secret:
    """What may be said about a credential: never the credential itself.

    `redacted` is its prefix and last four characters, `sha256` the hex SHA-256 of the exact credential,
    `length` its characters. `account` is the `acct_…` that the credential itself names, `account_created` that
    account's creation time (ISO 8601, UTC, to the second), each None if the credential does not say.
    """

    redacted: str
    sha256: str
    length: int
    mode: Mode | None
    account: str | None = None
    account_created: str | None = None


@dataclass(frozen=True, slots=True)
class Location:
    r"""Where a credential is.

    `layer` is None for image documents and for targets without layers. `path` is the member's name without a
    leading `./` or `/`, bytes that are not UTF-8 written `\xNN`; `path_bytes` holds the raw name in that case.
    `line` and `column` start at 1 and point at the first byte of the carrier; both are None in a binary and in an
    image document. `offset` is the carrier's first byte in the file. `field` names the place in a document
    (`config/Env/STRIPE_KEY`) or in the archive's own structure (`tar/name`). `end_line` and `end_column` (one
    past the last character) and `length` (bytes of the carrier) are for reports that mark a region. In a git
    repository `commit` is the full id of the commit that brought the credential in, `authored` that commit's author
    date (ISO 8601, with the author's offset from UTC); both are None for what is staged and in other targets.
    """

    layer: int | None
    path: str
    path_bytes: bytes | None = None
    line: int | None = None
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None
    offset: int | None = None
    length: int | None = None
    encoding: str = "plain"
    field: str | None = None
    commit: str | None = None
    authored: str | None = None

    def __post_init__(self) -> None:
        numbers = self.layer, self.offset, self.length
        places = self.line, self.column, self.end_line, self.end_column
        if any(each is not None and each < 0 for each in numbers) or any(
            each is not None and each < 1 for each in places
        ):
            raise ValueError("layers, offsets and lengths count from 0; lines and columns from 1")
        if (self.line is None) != (self.column is None) or (self.end_line is None) != (self.end_column is None):
            raise ValueError("line and column come together")
        if self.line is None and self.end_line is not None:
            raise ValueError("a region with an end line has a start line")
        if self.commit is None and self.authored is not None:
            raise ValueError("only a commit has an author date")


@dataclass(frozen=True, slots=True)
class Visibility:
    """What became of the file in the finished filesystem; `layer` is the one that overwrote or deleted it.

    In a git repository: in the commit that the scan ends with (HEAD, or what is pushed); `layer` is None there.
    """

    state: State
    layer: int | None = None

    def __post_init__(self) -> None:
        if self.state == "visible" and self.layer is not None:
            raise ValueError("a visible file has no layer that removed it")


@dataclass(frozen=True, slots=True)
class Origin:
    """The Dockerfile or source line that brought the credential in; exactly one of the two names is set.

    `ignorable` says that a line in `.dockerignore` would have kept the source file out of the image.
    """

    line: int
    dockerfile: str | None = None
    source: str | None = None
    ignorable: bool = False

    def __post_init__(self) -> None:
        if (self.dockerfile is None) == (self.source is None) or self.line < 1:
            raise ValueError("an origin is a line, counted from 1, of a Dockerfile or a source file")


@dataclass(frozen=True, slots=True)
class Finding:
    """One credential at one place.

    `fingerprint` stays the same over rebuilds, new tags and new layers; see `imgscan.secrecy.fingerprint`.
    `visibility` is None if nothing can be said: documents, targets without layers.
    """

    rule_id: str
    title: str
    level: Level
    confidence: Confidence
    status: Status
    secret: Secret
    location: Location
    visibility: Visibility | None
    fingerprint: str
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """Something that was not scanned, or not fully.

    `error` means that the scan is incomplete (exit code 2); `skipped` means that content was passed over for the
    stated reason. `code` is a stable kebab-case word, `message` one sentence for a person. `layer` is an index,
    `path` as in `Location`, `bytes` how many were not read, each None if unknown.
    """

    severity: Severity
    code: str
    message: str
    layer: int | None = None
    path: str | None = None
    bytes: int | None = None

    def __post_init__(self) -> None:
        if (self.layer is not None and self.layer < 0) or not self.message:
            raise ValueError("a diagnostic has a message, and a layer counts from 0")


@dataclass(frozen=True, slots=True)
class Hidden:
    """How many findings were left out of the list, and why."""

    confidence: int = 0
    examples: int = 0
    publishable: int = 0
    ignored: int = 0
    baseline: int = 0


@dataclass(frozen=True, slots=True)
class Stats:
    """What was read: uncompressed bytes, archive members and layers (each distinct layer once).

    `expanded` are the bytes of `members` files that came out of containers (jars, compressed files, packs, …) in them;
    they are not among `bytes` and `entries`.
    """

    bytes: int = 0
    entries: int = 0
    layers: int = 0
    expanded: int = 0
    members: int = 0


@dataclass(frozen=True, slots=True)
class TargetReport:
    """Everything known about one image (one platform of it), directory or file.

    `target` is what the user typed, redacted; `reference` the name inside the archive or engine. Findings are in
    layer, entry, offset order, documents last.
    """

    target: str
    kind: TargetKind
    reference: str | None = None
    digest: Digest | None = None
    config_digest: Digest | None = None
    platform: str | None = None
    layers: tuple[LayerInfo, ...] = ()
    findings: Sequence[Finding] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    hidden: Hidden = field(default_factory=Hidden)
    stats: Stats = field(default_factory=Stats)

    @property
    def secrets(self) -> int:
        """How many different credentials the findings hold."""
        return self.tally()[0]

    @property
    def by_level(self) -> dict[Level, int]:
        """The number of findings of each level, every level present."""
        return self.tally()[1]

    def tally(self) -> tuple[int, dict[Level, int]]:
        """Return both; each time all findings are gone through, of which there may be many."""
        counts: dict[Level, int] = dict.fromkeys(LEVELS, 0)
        marks: set[int] = set()  # hashes take a fifth of the room of the digests
        for finding in self.findings:
            counts[finding.level] += 1
            marks.add(hash(finding.secret.sha256))
        return len(marks), counts

    @property
    def whole(self) -> bool:
        """Whether every byte that should have been read was read, and matched its digest."""
        return not any(diagnostic.severity == "error" for diagnostic in self.diagnostics)


@dataclass(frozen=True, slots=True)
class RuleInfo:
    """What reports say about a rule: nothing here depends on any finding.

    `name` is PascalCase, `score` the severity from 0.0 to 10.0 as code scanning sorts by it, `precision` the
    SARIF word. `summary` is one sentence, `description` what the credential is and what a holder can do with
    it, `rotate` and `rebuild` the remedy as short paragraphs or numbered steps in plain text.
    """

    id: str
    name: str
    title: str
    level: Level
    score: float
    precision: Literal["very-high", "high", "medium", "low"]
    summary: str
    description: str
    rotate: tuple[str, ...]
    rebuild: tuple[str, ...]
    help_uri: str
