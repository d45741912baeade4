"""Formats that imgscan recognises but cannot read, so that the report names them.

Each is named by its magic bytes; those of two bytes alone would be found in one random file of 65,536, so what
follows them is checked too. None of these is read because none has a reader in the standard library or in a
package that the project wants to carry, or because the key is missing; the raw bytes are always searched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from imgscan.containers.base import Format
from imgscan.unread import Unread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from imgscan.containers.base import Member
    from imgscan.streams.readers import Reader

_COMPRESS: Final = b"\x1f\x9d"


def is_compress(head: bytes) -> bool:
    """Whether `head` begins compress(1) data: 9 to 16 bits a code, and two flags that are never set."""
    return head.startswith(_COMPRESS) and len(head) > 2 and not head[2] & 0x60 and 9 <= head[2] & 0x1F <= 16


def _foreign(name: str, *begins: bytes, recognise: Callable[[bytes], bool] | None = None) -> Format:
    """Make a format of which only the name is known."""
    return _known(
        name,
        begins,
        recognise,
        Unread("skipped", "unsupported", f"the content is {name} data, which imgscan cannot read"),
    )


def _encrypted(name: str, what: str, *begins: bytes) -> Format:
    """Make a format that is encrypted as a whole."""
    return _known(name, begins, None, Unread("skipped", "encrypted", f"the content is an encrypted {what}"))


def _known(name: str, begins: tuple[bytes, ...], recognise: Callable[[bytes], bool] | None, unread: Unread) -> Format:
    def members(_raw: Reader) -> Iterator[Member | Unread]:
        yield unread

    return Format(
        name=name,
        begins=begins,
        recognise=recognise or (lambda head: head.startswith(begins)),
        members=members,
        streamed=True,
        foreign=True,
    )


_PGP: Final = (
    *(b"\x8c\x0d\x04" + bytes((cipher, 3)) for cipher in range(1, 14)),  # a password, salted and iterated
    *(b"\x85" + bytes((size, 0x0C, 3)) for size in (1, 2, 4)),  # a key of RSA
    b"\x84\x5e\x03",  # a key of Curve25519
)
"""How a message begins that is encrypted to a password or a key (RFC 9580, sections 5.1 and 5.3), as gpg writes it."""

FOREIGN: Final = (
    _foreign("compress (.Z)", _COMPRESS, recognise=is_compress),
    _foreign("lzip", b"LZIP\x01"),
    _foreign("7-Zip", b"7z\xbc\xaf\x27\x1c"),
    _foreign("RAR", b"Rar!\x1a\x07"),
    _foreign("lzop", b"\x89LZO\x00\r\n\x1a\n"),
    _foreign("Microsoft Cabinet", b"MSCF\0\0\0\0"),
    _foreign("squashfs", b"hsqs", b"sqsh"),
    _foreign("lrzip", b"LRZI"),
    _foreign("xar", b"xar!\0\x1c"),
    _foreign("cramfs", b"\x45\x3d\xcd\x28"),
    _foreign("Windows Imaging", b"MSWIM\0\0\0"),
    _foreign("QEMU disk image", b"QFI\xfb"),
    _foreign("VHDX disk image", b"vhdxfile"),
    _foreign("VMDK disk image", b"KDMV"),
    _foreign("VirtualBox disk image", b"<<< Oracle VM VirtualBox", b"<<< Sun xVM VirtualBox"),
    _foreign("VHD disk image", b"conectix\0\0\0"),
    _foreign("Snappy", b"\xff\x06\x00\x00sNaPpY"),
    _encrypted("LUKS", "LUKS disk image", b"LUKS\xba\xbe"),
    _encrypted("OpenSSL", "OpenSSL file", b"Salted__", b"U2FsdGVkX1"),
    _encrypted("age", "age file", b"age-encryption.org/v1\n", b"-----BEGIN AGE ENCRYPTED FILE-----"),
    _encrypted("OpenPGP", "OpenPGP file", b"-----BEGIN PGP MESSAGE-----", *_PGP),
    _encrypted("Ansible Vault", "Ansible Vault file", b"$ANSIBLE_VAULT;"),
    _encrypted("git-crypt", "git-crypt file", b"\0GITCRYPT\0"),
)
"""The one table of them, for layers and for files."""
