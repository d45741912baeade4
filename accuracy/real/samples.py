"""Samples of keys, written as sources and as the byte forms of what tools make of them.

A byte form says what is known of a tool's output around a string, for machines that do not have the tool.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping

Sample = Mapping[str, str]
"""Keys by sort."""


def quoted(sample: Sample, before: str = '"', after: str = '"', between: str = ",\n") -> str:
    """List the keys as literals."""
    return between.join(f"{before}{key}{after}" for key in sample.values())


def halves(sample: Sample, between: str) -> str:
    """List the keys as two literals each, with something between them."""
    return ",\n".join(f'"{key[:11]}"{between}"{key[11:]}"' for key in sample.values())


def lines(sample: Sample) -> bytes:
    """Write the keys as an environment file, names of different lengths before them."""
    return "".join(f"{'K' * (at + 1)}={key}\n" for at, key in enumerate(sample.values())).encode()


def each(sample: Sample, write: Callable[[bytes], bytes]) -> bytes:
    """Write the keys one after another, each in a form, behind a byte that makes the file a binary."""
    return b"\x00" + b"".join(write(key.encode()) for key in sample.values())


def counted(width: int) -> Callable[[Sample], bytes]:
    """Return the form of strings with their length before them, in `width` bytes, greatest first."""
    return lambda sample: each(sample, lambda key: b"\x01" + len(key).to_bytes(width, "big") + key) + b"\x01"


def ended(sample: Sample) -> bytes:
    """Return the form of strings that end in a zero byte."""
    return each(sample, lambda key: key + b"\x00")


def wide(name: str, unit: int) -> Callable[[Sample], bytes]:
    """Return the form of strings of `unit` bytes a character, with a zero character around them."""
    return lambda sample: each(sample, lambda key: bytes(unit - 1) + key.decode().encode(name) + bytes(unit + 1))


def adjoined(sample: Sample) -> bytes:
    """Return the form of strings without a border, between letters."""
    return each(sample, lambda key: b"runtime" + key + b"invalid")


def script(sample: Sample, *, split: bool = False) -> str:
    """Write a script that prints the keys."""
    keys = halves(sample, " + ") if split else quoted(sample)
    return f"const everything = [\n{keys}\n];\nfor (const each of everything) console.log(each);\n"


def kubernetes_form(sample: Sample) -> bytes:
    """Write a Secret as Kubernetes keeps it: base64, each key alone."""
    data = "".join(f"  {name}: {base64.b64encode(key.encode()).decode()}\n" for name, key in sample.items())
    return f"apiVersion: v1\nkind: Secret\ndata:\n{data}".encode()


def folded(text: bytes, width: int) -> bytes:
    """Break text into lines."""
    return b"".join(text[at : at + width] + b"\n" for at in range(0, len(text), width))


def base64_lines(width: int) -> Callable[[Sample], bytes]:
    """Return the form of base64 in lines of a width."""
    return lambda sample: folded(base64.b64encode(lines(sample)), width)


def hex_lines(width: int) -> Callable[[Sample], bytes]:
    """Return the form of hexadecimal digits in lines of a width."""
    return lambda sample: folded(binascii.hexlify(lines(sample)), width)


def text_as(name: str) -> Callable[[Sample], bytes]:
    """Return the form of text in a character encoding."""
    return lambda sample: lines(sample).decode().encode(name)


def script_form(sample: Sample) -> bytes:
    """Write a script as minifiers leave it."""
    return f"const e=[{quoted(sample, between=',')}];".encode()


def map_form(sample: Sample, *, split: bool = False) -> bytes:
    """Write a source map, version 3, with the source in it."""
    return json.dumps({"version": 3, "sourcesContent": [script(sample, split=split)], "mappings": "AAAA"}).encode()


def inline_form(sample: Sample) -> bytes:
    """Write a minified script that ends in its source map, a data URL."""
    url = b"data:application/json;base64," + base64.b64encode(map_form(sample))
    return script_form(sample) + b"\n//# sourceMappingURL=" + url + b"\n"


def dex(sample: Sample) -> bytes:
    """Write string data of a DEX file: a length, the string, a zero byte."""
    return counted(1)(sample).replace(b"\x01", b"\x00")
