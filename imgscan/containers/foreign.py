"""Formats that imgscan knows by sight but cannot read, so that the ledger says so instead of keeping silent.

Each is named by its magic bytes; those of two bytes alone would be found in one random file of 65,536, so what
follows them is looked at too. None of these is read because none has a reader in the standard library or in a
package that the project wants to carry; the raw bytes are searched in any case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from imgscan.containers.base import Streamed, Unread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgscan.containers.base import Member
    from imgscan.streams.readers import Reader

_MAGIC: Final[tuple[tuple[bytes, str], ...]] = (
    (b"LZIP\x01", "lzip"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
    (b"Rar!\x1a\x07", "RAR"),
    (b"\x89LZO\x00\r\n\x1a\n", "lzop"),
    (b"MSCF\0\0\0\0", "Microsoft Cabinet"),
    (b"hsqs", "squashfs"),
    (b"sqsh", "squashfs"),
    (b"LRZI", "lrzip"),
    (b"xar!\0\x1c", "xar"),
    (b"\x45\x3d\xcd\x28", "cramfs"),
    (b"MSWIM\0\0\0", "Windows Imaging"),
    (b"QFI\xfb", "QEMU disk image"),
    (b"vhdxfile", "VHDX disk image"),
    (b"KDMV", "VMDK disk image"),
    (b"\xff\x06\x00\x00sNaPpY", "Snappy"),
)
_ENCRYPTED: Final[tuple[tuple[bytes, str], ...]] = (
    (b"LUKS\xba\xbe", "LUKS disk image"),
    (b"Salted__", "OpenSSL file"),
    (b"age-encryption.org/v1\n", "age file"),
)
"""Encrypted as a whole."""

BEGINNINGS: Final = (b"\x1f\x9d", *(magic for magic, _ in _MAGIC + _ENCRYPTED))


def foreign_format(head: bytes) -> str | None:
    """Name a format that imgscan knows but cannot read, by a file's first bytes; None if it is none."""
    if _is_compress(head):
        return "compress (.Z)"
    return next((name for magic, name in _MAGIC if head.startswith(magic)), None)


def _is_compress(head: bytes) -> bool:
    """Whether `head` begins compress(1) data: 9 to 16 bits a code, and two flags that are never set."""
    return head[:2] == b"\x1f\x9d" and len(head) > 2 and not head[2] & 0x60 and 9 <= head[2] & 0x1F <= 16


def _encrypted(head: bytes) -> str | None:
    return next((name for magic, name in _ENCRYPTED if head.startswith(magic)), None)


def _members(raw: Reader) -> Iterator[Member | Unread]:
    """Say what it is, and that it was not read."""
    head = raw.read(64)
    name = foreign_format(head)
    if name is not None:
        yield Unread("skipped", "unsupported", f"the content is {name} data, which imgscan cannot read")
        return
    name = _encrypted(head) or "file"
    yield Unread("skipped", "encrypted", f"the content is an encrypted {name}")


FOREIGN: Final = Streamed("foreign", lambda head: bool(foreign_format(head) or _encrypted(head)), _members)
