"""The one register of diagnostic codes: what each means, and what to do about it.

It is data, and long because there are many; `docs/diagnostics.md` is written from it (`make docs`), and
`tests/test_codes.py` holds it to the code strings that the program uses. Nothing here is needed for a scan. A code is
part of what a report promises (`schema/report.json`): it may be added, and is not renamed or reused.
"""

from __future__ import annotations

from typing import Final, NamedTuple

ERROR: Final = "`error`"
SKIPPED: Final = "`skipped`"
INSIDE: Final = (
    "`error` for a layer, an archive or a file that was named; `skipped` inside a layer, a tree or a container"
)
"""What is damaged or cut. Images and trees are full of broken test files, which must not fail every scan of them."""


class Code(NamedTuple):
    """How grave it is (or when which), in Markdown; what it means, and what to do: one sentence each."""

    severity: str
    meaning: str
    advice: str


_AGAIN: Final = "Get the file again: it was cut on its way, or is still being written."
_DAMAGED: Final = "Get the file again, or repair it; the credentials in what can be read are reported."
_ALTERED: Final = "Get the image again from where you trust it, and find out who changed it."
_WRITER: Final = "Write the archive again with the tool that it came from."

SECTIONS: Final[dict[str, dict[str, Code]]] = {
    "Files and streams": {
        "cut-stream": Code(INSIDE, "Compressed data or an archive ends too early.", _AGAIN),
        "damaged-stream": Code(INSIDE, "Compressed data, or a member of an archive, is damaged.", _DAMAGED),
        "damaged-container": Code(INSIDE, "The structure of an archive or database is damaged.", _DAMAGED),
        "trailing-data": Code(
            SKIPPED,
            "Something of another kind follows the end of compressed data or of an archive.",
            "Nothing as a rule; its bytes were searched as they are.",
        ),
        "unsupported": Code(
            SKIPPED,
            "The content is in a format or compression that imgscan knows and cannot read.",
            "Unpack it and scan the result with `imgscan fs`.",
        ),
        "encrypted": Code(
            "`error` for a layer, `skipped` for a file or a member of an archive",
            "The content is encrypted, and imgscan has no keys.",
            "Decrypt it and scan the result.",
        ),
        "overlapping-members": Code(
            SKIPPED,
            "Members of a zip archive share their bytes, as in a bomb; what had been read twice was not read again.",
            "Find out who made the archive, and do not unpack it.",
        ),
        "missing-base": Code(
            SKIPPED,
            "Objects of a git pack are stored as changes to others that the pack does not hold.",
            "Scan the whole repository with `imgscan git`.",
        ),
        "digest-mismatch": Code(
            INSIDE,
            "A git pack is not what the checksum at its end says.",
            "Run `git fsck`, and fetch the repository again.",
        ),
        "read-error": Code(
            ERROR, "Reading failed: the system reported an error.", "Look at the disk or connection; scan again."
        ),
    },
    "Limits": {
        "depth-limit": Code(SKIPPED, "A container lies deeper in others than is allowed.", "Raise `--max-depth`."),
        "members-limit": Code(SKIPPED, "A container holds more files than is allowed.", "Raise `--max-members`."),
        "expansion-limit": Code(
            SKIPPED,
            "A file, or all of them, expands to more bytes than is allowed.",
            "Raise `--max-entry-bytes` or `--max-bytes`.",
        ),
        "ratio-limit": Code(
            SKIPPED, "A file expands to more times its size than is allowed, as a bomb does.", "Raise `--max-ratio`."
        ),
        "spool-limit": Code(
            SKIPPED, "A container needs more room in temporary files than is allowed.", "Raise `--max-spool`."
        ),
        "memory-limit": Code(
            "`error` for a layer, `skipped` inside a container",
            "A decoder asks for more memory than imgscan gives to any.",
            "Compress the file anew with a smaller window or dictionary, or scan what it unpacks to.",
        ),
        "size-limit": Code(
            SKIPPED,
            "An object of a git pack is too large to be put together in memory.",
            "Scan the repository with `imgscan git`.",
        ),
        "work-limit": Code(
            SKIPPED,
            "A git pack asks for more work than its size explains.",
            "Find out who made it; scan with `imgscan git`.",
        ),
    },
    "Tar archives and layers": {
        "tar-bad-record": Code(ERROR, "A PAX header is malformed; the rest of it was not used.", _WRITER),
        "tar-bad-size": Code(
            ERROR, "A header states no usable size, so members may follow that were not seen.", _WRITER
        ),
        "tar-bad-sparse": Code(ERROR, "The map of a sparse file is damaged or does not fit its data.", _WRITER),
        "tar-cut-header": Code(ERROR, "The archive ends inside the header of a member.", _AGAIN),
        "tar-cut-member": Code(ERROR, "The archive ends inside a member.", _AGAIN),
        "tar-damaged-header": Code(
            ERROR, "A header's checksum does not hold, so members may follow that were not seen.", _DAMAGED
        ),
        "tar-header-too-large": Code(ERROR, "Extension headers are larger than any reader takes.", _WRITER),
        "tar-no-end": Code(
            "`error`, unless a digest holds", "The end marker is missing; every member that is there was read.", _AGAIN
        ),
        "tar-stray-extension": Code(ERROR, "An extension header is not followed by a member.", _WRITER),
        "tar-trailing-data": Code(ERROR, "Something that is no tar archive follows the archive's end.", _DAMAGED),
        "sparse-member": Code(
            ERROR, "A member of an image archive is stored as a sparse file, and was not read.", _WRITER
        ),
    },
    "Images": {
        "no-image": Code(
            ERROR, "Nothing says which layers make an image.", "Check that the target is an image, saved whole."
        ),
        "kind-unclear": Code(
            ERROR,
            "What was read as a root filesystem holds an image's manifest.",
            "Say `docker-archive:-` or `rootfs:-` in place of `-`.",
        ),
        "platform-missing": Code(
            ERROR, "The image is not here for the platform.", "Give another `--platform`, or pull it."
        ),
        "not-present": Code(
            SKIPPED,
            "An index names an image that is not stored here, as where one platform of several was pulled.",
            "Pull the other platforms too, if they matter.",
        ),
        "document-unreadable": Code(ERROR, "A document of the image is no valid JSON.", _ALTERED),
        "document-digest": Code(ERROR, "A document of the image is not what its digest says.", _ALTERED),
        "documents-disagree": Code(
            ERROR, "The image's old description holds a credential that its config lacks, so one was altered.", _ALTERED
        ),
        "manifest-unreadable": Code(
            ERROR, "A manifest does not describe an image, or a layer of it has no digest.", _ALTERED
        ),
        "index-unreadable": Code(ERROR, "An index lists no manifests, or one without a valid digest.", _ALTERED),
        "index-depth": Code(ERROR, "Indexes lie deeper in each other than any tool writes them.", _ALTERED),
        "index-altered": Code(
            ERROR, "The index names a manifest that is missing, and does not name one that is here.", _ALTERED
        ),
        "config-missing": Code(ERROR, "The image's config is missing or is no JSON.", "Save or pull the image again."),
        "config-digest": Code(ERROR, "The image's config is not what its digest says.", _ALTERED),
        "layer-count": Code(ERROR, "Manifest and config disagree on the number of layers.", _ALTERED),
        "layer-missing": Code(ERROR, "A layer's blob is not stored here.", "Save or pull the image again, whole."),
        "layer-unread": Code(
            ERROR, "A layer was not read any more, because the scan ended before.", "See the other diagnostics."
        ),
        "layer-unreadable": Code(
            ERROR,
            "A layer is no tar in any compression that imgscan reads.",
            "Unpack the layer and scan it with `imgscan fs`.",
        ),
        "layer-digest": Code(ERROR, "A layer is not what its digest says.", _ALTERED),
        "layer-diff-id": Code(ERROR, "A layer's uncompressed bytes are not what the config says.", _ALTERED),
        "foreign-layer": Code(
            ERROR,
            "A layer is distributed from elsewhere and its bytes are not here.",
            "Get them from there, and scan them.",
        ),
        "digest-unverified": Code(
            SKIPPED,
            "A digest was not checked: imgscan does not compute its algorithm there.",
            "Compare it with another tool.",
        ),
        "blob-digest": Code(ERROR, "A blob that no image refers to is not what its name says.", _ALTERED),
    },
    "Engines": {
        "engine-failed": Code(
            ERROR, "The engine refused the image or broke off.", "Look at the engine's log; scan again."
        ),
        "engine-stalled": Code(
            ERROR,
            "The engine has sent nothing for too long.",
            "Raise `IMGSCAN_ENGINE_TIMEOUT`, or save the image to a file.",
        ),
        "engine-layers": Code(
            ERROR,
            "The engine sent other layers than it lists for the image.",
            "Scan again: it was tagged anew meanwhile.",
        ),
    },
    "Files and folders": {
        "unreadable-file": Code(
            ERROR, "A file cannot be read.", "Give imgscan the right to read it, or `--exclude` it."
        ),
        "unreadable-folder": Code(
            ERROR, "A folder cannot be listed.", "Give imgscan the right to read it, or `--exclude` it."
        ),
        "special-file": Code(SKIPPED, "A socket, device or pipe was not read.", "Nothing: it stores nothing."),
        "pseudo-file": Code(SKIPPED, "A file says that it is empty and is not: the kernel makes it up.", "Nothing."),
        "pseudo-filesystem": Code(
            SKIPPED, "A filesystem such as `/proc` stores nothing, and was not read.", "Nothing."
        ),
        "excluded": Code(
            SKIPPED, "`--exclude` left out files or folders.", "Check that it leaves out no more than you mean."
        ),
        "git-ignored": Code(
            SKIPPED, "`--respect-gitignore` left out what git ignores.", "Scan without it where that matters."
        ),
    },
    "Git": {
        "git-failed": Code(ERROR, "git ended with an error.", "Do what the message says; `git fsck` may say more."),
        "object-missing": Code(
            ERROR, "An object of the repository is not here, or is damaged.", "Run `git fsck`; fetch it again."
        ),
        "shallow-clone": Code(
            SKIPPED, "What came before a commit is not in this clone.", "Run `git fetch --unshallow`, and scan again."
        ),
    },
    "The scan": {
        "interrupted": Code(ERROR, "The scan was stopped before its end.", "Scan again."),
        "target-unreadable": Code(
            ERROR, "The target cannot be opened or is nothing that imgscan reads.", "Check what you typed."
        ),
    },
}

CODES: Final[dict[str, Code]] = {code: each for section in SECTIONS.values() for code, each in section.items()}
