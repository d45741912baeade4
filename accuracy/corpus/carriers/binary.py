"""Keys in compiled and packed files, in the byte form that the formats' specifications give.

Files made by the real compilers are measured apart; these reach every kind of credential and every byte beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from accuracy.corpus.carriers.carrier import PLACES, Carrier
from accuracy.corpus.kinds import STRUCTURAL, TIERS
from accuracy.corpus.units import unit, utf16
from fixtures.keys import BASE62

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from accuracy.corpus.units import Unit


def _varint(value: int) -> bytes:
    """Write a number as protobuf, LevelDB and (as ULEB128) DEX do: seven bits a byte, least first."""
    more = b""
    while value >> 7:
        more += bytes([value & 0x7F | 0x80])
        value >>= 7
    return more + bytes([value])


def _java(_random: Random, secret: bytes) -> Unit:
    """Java virtual machine specification, 4.4.7: tag 1, two bytes of length, modified UTF-8."""
    before = b"\x01\x00\x04Code\x08\x00\x12\x01" + len(secret).to_bytes(2, "big")
    return unit(before, secret, b"\x01\x00\x06<init>\x0c\x00\x05\x00\x06")


def _dex(_random: Random, secret: bytes) -> Unit:
    """Dalvik executable format, string_data_item: ULEB128 length, modified UTF-8, a zero byte."""
    return unit(b"\x04main\x00" + _varint(len(secret)), secret, b"\x00\x03out\x00")


def _marshal(random: Random, secret: bytes) -> Unit:
    """CPython, Python/marshal.c: a short ASCII string has one byte of length, a longer one four."""
    short = len(secret) < 256
    kind = random.choice((b"\xda", b"Z", b"\xfa", b"z") if short else (b"\xe1", b"a"))
    return unit(
        b"\xe9\x00\x00\x00\x00" + kind + len(secret).to_bytes(1 if short else 4, "little"), secret, b")\x02r\x00"
    )


def _protobuf(_random: Random, secret: bytes) -> Unit:
    """Protocol Buffers encoding: field number and wire type, varint length, the bytes."""
    return unit(b"\x08\x01\x12" + _varint(len(secret)), secret, b"\x1a\x03usd")


def _msgpack(_random: Random, secret: bytes) -> Unit:
    """MessagePack specification, str 8 and str 16."""
    size = len(secret)
    head = b"\xd9" + bytes([size]) if size < 256 else b"\xda" + size.to_bytes(2, "big")
    return unit(b"\x82\xa3key" + head, secret, b"\xa1n\x01")


def _cbor(_random: Random, secret: bytes) -> Unit:
    """RFC 8949, 3.1: text string of one or two bytes of length, in an array; a number follows."""
    size = len(secret)
    head = b"\x78" + bytes([size]) if size < 256 else b"\x79" + size.to_bytes(2, "big")
    return unit(b"\x83\x63key" + head, secret, b"\x01\x00")


def _string_table(_random: Random, secret: bytes) -> Unit:
    """C: strings that end in a zero byte."""
    return unit(b"\x00%s: %d\n\x00", secret, b"\x00out of memory\x00")


def _glued(random: Random, secret: bytes) -> Unit:
    """Go and Rust: string literals without anything between them."""
    left, right = ("".join(random.choices(BASE62, k=9)).encode() for _ in range(2))
    return unit(b"runtime: out of memory" + left, secret, right + b"invalid argument")


def _sqlite(random: Random, secret: bytes) -> Unit:
    """SQLite file format, 2.1: a header of serial types (13 + 2 n for text), then the columns without a gap."""
    name, date = b"provider" + random.choice((b"A", b"7", b"z")), b"2021-03-04"
    types = b"\x01" + b"".join(_varint(13 + 2 * len(text)) for text in (name, secret, date))
    row = bytes([len(types) + 1]) + types + b"\x07" + name
    return unit(_varint(len(row) + len(secret) + len(date)) + b"\x01" + row, secret, date)


def _leveldb(_random: Random, secret: bytes) -> Unit:
    """LevelDB table format: shared, unshared and value length, then key and value without a gap."""
    key = b"settings/payment"
    head = b"\x00" + bytes([len(key)]) + _varint(len(secret))
    return unit(head + key, secret, b"\x09\x03\x01url/")


def _user_strings(random: Random, secret: bytes) -> Unit:
    """ECMA-335, II.24.2.4: the #US heap, a length of one or two bytes, UTF-16-LE, and a final flag."""
    size = 2 * len(secret) + 1
    head = bytes([size]) if size < 0x80 else (0x8000 | size).to_bytes(2, "big")
    other = "ok".encode("utf-16-le")
    inner = utf16(unit(b"", secret, b""), "le")
    return inner.between(
        b"\x01" * random.randrange(4) + b"\x05" + other + b"\x00" + head, b"\x00\x05" + other + b"\x00"
    )


_FORMATS: dict[str, tuple[str, str, Callable[[Random, bytes], Unit]]] = {
    "Java class": ("plain", TIERS, _java),
    "DEX": ("plain", TIERS, _dex),
    "Python bytecode": ("plain", TIERS, _marshal),
    "protobuf": ("plain", TIERS, _protobuf),
    "MessagePack": ("plain", TIERS, _msgpack),
    "CBOR": ("plain", TIERS, _cbor),
    "C strings": ("plain", TIERS, _string_table),
    "Go or Rust, glued": ("plain", STRUCTURAL, _glued),
    "SQLite record": ("plain", STRUCTURAL, _sqlite),
    "LevelDB block": ("plain", STRUCTURAL, _leveldb),
    ".NET #US heap": ("utf-16-le", TIERS, _user_strings),
}


def _carrier(name: str) -> Carrier:
    encoding, tiers, write = _FORMATS[name]
    return Carrier(
        f"binary: {name}", encoding, tiers, PLACES, "binary", lambda random, secret, _: write(random, secret.encode())
    )


def carriers() -> tuple[Carrier, ...]:
    """Return the carriers of this module."""
    return tuple(_carrier(name) for name in _FORMATS)
