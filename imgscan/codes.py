"""The one register of diagnostic codes: what each means, and what to do about it.

It is data, and long because there are many; `docs/diagnostics.md` is written from it (`make docs`), and
`tests/test_codes.py` checks it against the code strings that the program uses. No scan needs it. Codes are part of what
a report promises (`schema/report.json`): one may be added, but none is renamed or reused.
"""

from __future__ import annotations

from typing import Final, NamedTuple

ERROR: Final = "`error`"
SKIPPED: Final = "`skipped`"
INSIDE: Final = (
    "`error` for a layer, an archive or a file that was named; `skipped` inside a layer, a tree or a container"
)
"""For damaged or truncated data. Images and trees are full of broken test files, which must not fail every scan."""


class Code(NamedTuple):
    """Its severity (or which one when), in Markdown; what it means and what to do, in one sentence each."""

    severity: str
    meaning: str
    advice: str


_AGAIN: Final = "Get the file again: it was truncated in transit, or is still being written."
_DAMAGED: Final = "Get the file again, or repair it; credentials in the readable part are reported."
_ALTERED: Final = "Get the image again from a source you trust, and find out who changed it."
_WRITER: Final = "Write the archive again with the tool that made it."

SECTIONS: Final[dict[str, dict[str, Code]]] = {
    "Files and streams": {
        "file-changed": Code(
            ERROR, "A file became shorter while it was being read.", "Scan again when nothing writes to it."
        ),
        "cut-stream": Code(INSIDE, "Compressed data or an archive ends too early.", _AGAIN),
        "damaged-stream": Code(INSIDE, "Compressed data, or a member of an archive, is damaged.", _DAMAGED),
        "damaged-container": Code(INSIDE, "The structure of an archive or database is damaged.", _DAMAGED),
        "trailing-data": Code(
            SKIPPED,
            "Other data follows the end of compressed data or of an archive.",
            "Usually nothing; its raw bytes were searched.",
        ),
        "unsupported": Code(
            SKIPPED,
            "The content is in a format or compression that imgscan recognises but cannot read.",
            "Unpack it and scan the result with `imgscan fs`.",
        ),
        "encrypted": Code(
            "`error` for a layer, `skipped` for a file or a member of an archive",
            "The content is encrypted, and imgscan has no keys.",
            "Decrypt it and scan the result.",
        ),
        "overlapping-members": Code(
            SKIPPED,
            "Members of a zip archive share their bytes, as in a bomb; bytes already read twice were not read again.",
            "Find out who made the archive, and do not unpack it.",
        ),
        "missing-base": Code(
            SKIPPED,
            "Objects of a git pack are stored as deltas to others that the pack does not contain.",
            "Scan the whole repository with `imgscan git`.",
        ),
        "digest-mismatch": Code(
            INSIDE,
            "A git pack does not match the checksum at its end.",
            "Run `git fsck`, and fetch the repository again.",
        ),
        "read-error": Code(
            ERROR, "Reading failed: the system reported an error.", "Check the disk or connection, and scan again."
        ),
    },
    "Limits": {
        "depth-limit": Code(
            SKIPPED, "A container is nested more deeply than the limit allows.", "Raise `--max-depth`."
        ),
        "members-limit": Code(SKIPPED, "A container has more files than the limit allows.", "Raise `--max-members`."),
        "expansion-limit": Code(
            SKIPPED,
            "One file, or all of them together, expand to more bytes than the limit allows.",
            "Raise `--max-entry-bytes` or `--max-bytes`.",
        ),
        "ratio-limit": Code(
            SKIPPED,
            "A file expands to a larger multiple of its size than the limit allows, as a bomb does.",
            "Raise `--max-ratio`.",
        ),
        "spool-limit": Code(
            SKIPPED, "A container needs more space in temporary files than the limit allows.", "Raise `--max-spool`."
        ),
        "memory-limit": Code(
            "`error` for a layer, `skipped` inside a container",
            "A decoder needs more memory than imgscan allows.",
            "Recompress the file with a smaller window or dictionary, or unpack it and scan the result.",
        ),
        "size-limit": Code(
            SKIPPED,
            "An object of a git pack is too large to be assembled in memory.",
            "Scan the repository with `imgscan git`.",
        ),
        "work-limit": Code(
            SKIPPED,
            "Reading a git pack takes more work than its size explains.",
            "Find out who made it; scan with `imgscan git`.",
        ),
    },
    "Tar archives and layers": {
        "tar-bad-record": Code(ERROR, "A PAX header is malformed; the rest of it was not used.", _WRITER),
        "tar-bad-size": Code(ERROR, "A header has no usable size, so later members may have been missed.", _WRITER),
        "tar-bad-sparse": Code(ERROR, "The map of a sparse file is damaged or does not fit its data.", _WRITER),
        "tar-cut-header": Code(ERROR, "The archive ends inside the header of a member.", _AGAIN),
        "tar-cut-member": Code(ERROR, "The archive ends inside a member.", _AGAIN),
        "tar-damaged-header": Code(
            ERROR, "A header's checksum is wrong, so later members may have been missed.", _DAMAGED
        ),
        "tar-header-too-large": Code(ERROR, "Extension headers are larger than any reader accepts.", _WRITER),
        "tar-no-end": Code(
            "`error`, unless a digest matches",
            "The end marker is missing; every member that is present was read.",
            _AGAIN,
        ),
        "tar-stray-extension": Code(ERROR, "An extension header is not followed by a member.", _WRITER),
        "tar-trailing-data": Code(ERROR, "Data that is not a tar archive follows the archive's end.", _DAMAGED),
        "findings-limit": Code(
            ERROR,
            "There are more findings than are kept: the first 250,000 of a target are listed.",
            "Remove the keys that are listed, or scan parts of it: a layer, a folder, a range of commits.",
        ),
        "names-limit": Code(
            SKIPPED,
            "There are too many names or hard links to follow, so it is not known which files are still visible.",
            "Find out who made the image; every file was searched all the same.",
        ),
        "sparse-member": Code(
            ERROR, "A member of an image archive is stored as a sparse file and was not read.", _WRITER
        ),
    },
    "Images": {
        "no-image": Code(
            ERROR, "Nothing says which layers make an image.", "Check that the target is an image, saved whole."
        ),
        "kind-unclear": Code(
            ERROR,
            "The target was read as a root filesystem but contains an image's manifest.",
            "Use `docker-archive:-` or `rootfs:-` instead of `-`.",
        ),
        "platform-missing": Code(
            ERROR, "The image is not stored here for that platform.", "Choose another `--platform`, or pull that one."
        ),
        "not-present": Code(
            SKIPPED,
            "An index names an image that is not stored here, for example because only one platform was pulled.",
            "Pull the other platforms too, if they matter.",
        ),
        "document-unreadable": Code(ERROR, "A document of the image is not valid JSON.", _ALTERED),
        "document-digest": Code(ERROR, "A document of the image does not match its digest.", _ALTERED),
        "documents-disagree": Code(
            ERROR,
            "The image's old description contains a credential that its config lacks, so one of them was altered.",
            _ALTERED,
        ),
        "manifests-disagree": Code(
            ERROR,
            "`manifest.json` and the OCI manifest list different layers for one image; all of them were searched.",
            _ALTERED,
        ),
        "manifest-unreadable": Code(
            ERROR, "A manifest does not describe an image, or one of its layers has no digest.", _ALTERED
        ),
        "index-unreadable": Code(ERROR, "An index lists no manifests, or one without a valid digest.", _ALTERED),
        "index-depth": Code(ERROR, "Indexes are nested more deeply than any tool writes them.", _ALTERED),
        "index-altered": Code(
            ERROR, "The index names a manifest that is missing, and omits one that is present.", _ALTERED
        ),
        "config-missing": Code(ERROR, "The image's config is missing or is not JSON.", "Save or pull the image again."),
        "config-digest": Code(ERROR, "The image's config does not match its digest.", _ALTERED),
        "layer-count": Code(ERROR, "Manifest and config disagree on the number of layers.", _ALTERED),
        "layer-missing": Code(ERROR, "A layer's blob is not stored here.", "Save or pull the complete image again."),
        "layer-unread": Code(
            ERROR, "A layer was not read, because the scan ended first.", "See the other diagnostics."
        ),
        "layer-unreadable": Code(
            ERROR,
            "A layer is not a tar archive in any compression that imgscan reads.",
            "Unpack the layer and scan it with `imgscan fs`.",
        ),
        "layer-digest": Code(ERROR, "A layer does not match its digest.", _ALTERED),
        "layer-diff-id": Code(ERROR, "A layer's uncompressed bytes do not match the digest in the config.", _ALTERED),
        "foreign-layer": Code(
            ERROR,
            "A layer is distributed from elsewhere and its bytes are not here.",
            "Download the layer from there, and scan it.",
        ),
        "digest-unverified": Code(
            SKIPPED,
            "A digest was not checked: imgscan does not support its algorithm there.",
            "Compare it with another tool.",
        ),
        "blob-digest": Code(
            ERROR,
            "Inline data, or a blob that no image refers to, does not match the digest that names it.",
            _ALTERED,
        ),
        "unsearched": Code(
            ERROR,
            "A member of the image archive was not searched, although nothing is known to be wrong with it.",
            "Report it to imgscan's authors; `imgscan fs` on the unpacked archive searches all files.",
        ),
    },
    "Engines": {
        "engine-failed": Code(
            ERROR, "The engine refused to send the image, or stopped midway.", "Check the engine's log, and scan again."
        ),
        "engine-stalled": Code(
            ERROR,
            "The engine sent nothing for too long.",
            "Raise `IMGSCAN_ENGINE_TIMEOUT`, or save the image to a file.",
        ),
        "engine-layers": Code(
            ERROR,
            "The engine sent layers other than those it lists for the image.",
            "Scan again: the image was probably retagged meanwhile.",
        ),
    },
    "Files and folders": {
        "unreadable-file": Code(
            ERROR, "A file cannot be read.", "Give imgscan permission to read it, or `--exclude` it."
        ),
        "unreadable-folder": Code(
            ERROR, "A folder cannot be listed.", "Give imgscan permission to read it, or `--exclude` it."
        ),
        "link-outside": Code(
            SKIPPED,
            "A link leads out of the folder that holds the image, and was not followed.",
            "Scan what it leads to with `imgscan fs`.",
        ),
        "special-file": Code(SKIPPED, "A socket, device or pipe was not read.", "Nothing: it stores nothing."),
        "pseudo-file": Code(SKIPPED, "A file claims to be empty but is not: the kernel generates it.", "Nothing."),
        "pseudo-filesystem": Code(SKIPPED, "A filesystem such as `/proc` stores nothing and was not read.", "Nothing."),
        "excluded": Code(
            SKIPPED, "`--exclude` left out files or folders.", "Check that it leaves out no more than you intend."
        ),
        "git-ignored": Code(
            SKIPPED, "`--respect-gitignore` left out what git ignores.", "Scan without it if that matters."
        ),
    },
    "Git": {
        "git-failed": Code(ERROR, "git ended with an error.", "Follow the message; `git fsck` may say more."),
        "object-missing": Code(
            ERROR, "An object of the repository is missing or damaged.", "Run `git fsck`, and fetch it again."
        ),
        "shallow-clone": Code(
            SKIPPED, "The history before a commit is not in this clone.", "Run `git fetch --unshallow`, and scan again."
        ),
    },
    "The scan": {
        "interrupted": Code(ERROR, "The scan was stopped before it finished.", "Scan again."),
        "timeout": Code(ERROR, "`--timeout` stopped the scan before it finished.", "Allow more time, or scan less."),
        "internal-error": Code(
            ERROR, "imgscan itself failed; what it had found is reported.", "Please report it, with the message."
        ),
        "target-unreadable": Code(
            ERROR, "The target cannot be opened, or is not something that imgscan reads.", "Check what you typed."
        ),
    },
}

CODES: Final[dict[str, Code]] = {code: each for section in SECTIONS.values() for code, each in section.items()}
