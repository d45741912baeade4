"""Files in bulk that hold no key: what fills images, and what is hardest on a search for short anchors."""

from __future__ import annotations

import base64
import json
import uuid
from random import Random
from typing import TYPE_CHECKING

from accuracy.corpus.surroundings import lines, noise, words
from fixtures.keys import BASE62, HEX

if TYPE_CHECKING:
    from collections.abc import Iterator

_BASE64 = BASE62 + "+/"
_ENCODED = (
    "c2tfbGl2ZV", "NrX2xpdmVf", "za19saXZlX", "c2tfdGVzdF", "NrX3Rlc3Rf", "za190ZXN0X", "d2hzZWNf", "dGZiR2wyWlY",
    "736b5f6c6976655f",
)  # fmt: skip
_READABLE = (
    "sk_" + "live_", "pk_" + "test_", "whsec" + "_", "absec" + "_", "oak_", "sk%5Flive%5F", "sk\\u005flive\\u005f",
)  # fmt: skip
"""Prefixes: no sixteen letters and digits follow them, or any body would be a key as good as another."""


def _text(random: Random, size: int, alphabet: str) -> str:
    return "".join(random.choices(alphabet, k=size))


def _wrap(text: str, width: int, newline: str = "\n", indent: str = "") -> str:
    return "".join(f"{indent}{text[at : at + width]}{newline}" for at in range(0, len(text), width))


def _base64(random: Random, size: int) -> str:
    return base64.b64encode(random.randbytes(size * 3 // 4)).decode()


def _anchored(random: Random, size: int) -> str:
    """Make a run of base64 in which an anchor begins every hundred characters or so."""
    pieces = []
    for _ in range(size // 200):
        pieces += [random.choice(_ENCODED), _text(random, random.randrange(60, 130), _BASE64)]
        pieces += [random.choice(_READABLE), _text(random, 15, BASE62), "/", _text(random, 40, _BASE64)]
    return "".join(pieces)


def _javascript(random: Random, size: int) -> str:
    made = []
    for _ in range(size // 60):
        a, b, c = (_text(random, random.randrange(1, 3), BASE62[36:]) for _ in range(3))
        made.append(
            random.choice((
                f"function {a}({b},{c}){{return {b}[{c}]||({c}=>{b}.{words(random, 1)})({a})}}",
                f'var {a}={{{b}:"{words(random, 2)}",{c}:!0}},',
                f'case"{words(random, 1)}_live_{words(random, 1)}":return {a}({b})?{c}:void 0;',
                f'e.{words(random, 1)}_secret_{words(random, 1)}="{_text(random, 20, HEX)}",',
                f"{a}.task_live_{words(random, 1)}={b}&&{c}.network_test_{words(random, 1)};",
            ))
        )  # fmt: skip
    return "".join(made) + "\n"


def _source_map(random: Random, size: int) -> str:
    mappings = ";".join(",".join(_text(random, 4, _BASE64[10:]) for _ in range(9)) for _ in range(size // 50))
    sources = [f"webpack://shop/./src/{words(random, 1)}.ts" for _ in range(40)]
    content = [_javascript(random, 2000) for _ in sources]
    return json.dumps({"version": 3, "sources": sources, "sourcesContent": content, "names": [], "mappings": mappings})


def _npm(random: Random) -> str:
    packages = {
        f"node_modules/{words(random, 1)}-{number}": {
            "version": f"{number}.0.1",
            "resolved": f"https://registry.example/{words(random, 1)}/-/{number}.tgz",
            "integrity": f"sha512-{base64.b64encode(random.randbytes(64)).decode()}",
        }
        for number in range(700)
    }
    return json.dumps({"lockfileVersion": 3, "packages": packages}, indent=2)


def _yarn(random: Random) -> str:
    return "".join(
        f'"{words(random, 1)}@^{number}.1.0":\n  version "{number}.1.3"\n  resolved "https://registry.example/'
        f'{words(random, 1)}.tgz#{_text(random, 40, HEX)}"\n  integrity sha512-'
        f"{base64.b64encode(random.randbytes(64)).decode()}\n\n"
        for number in range(700)
    )


def _go_sum(random: Random) -> str:
    return "".join(
        f"example.org/{words(random, 1)}/v{number % 9} v1.{number}.0{random.choice(('', '/go.mod'))} "
        f"h1:{base64.b64encode(random.randbytes(32)).decode()}\n"
        for number in range(1500)
    )


def _hashes(random: Random) -> str:
    """Make what poetry and cargo write: a hash in hex for each file."""
    return "".join(
        f'[[package]]\nname = "{words(random, 1)}"\nversion = "{number}.0"\nchecksum = "{_text(random, 64, HEX)}"\n'
        f'    {{file = "{words(random, 1)}.whl", hash = "sha256:{_text(random, 64, HEX)}"}},\n\n'
        for number in range(900)
    )


def _font(random: Random, size: int) -> bytes:
    tables = b"".join(
        tag + random.randbytes(12) for tag in (b"GDEF", b"GPOS", b"OS/2", b"cmap", b"glyf", b"head", b"name", b"post")
    )
    names = "".join(words(random, 4).title().replace(" ", "") for _ in range(40)).encode("utf-16-be")
    return b"\x00\x01\x00\x00\x00\x08\x00\x80\x00\x03\x00\x00" + tables + names + noise(random, size)


def _executable(random: Random, size: int) -> bytes:
    """Make an ELF file: code, then strings between zeros, then Go's strings without anything between them."""
    strings = b"\x00".join(words(random, 2).replace(" ", "_").encode() for _ in range(size // 60))
    glued = "".join(words(random, 3).title().replace(" ", "") for _ in range(size // 60)).encode()
    head = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00\x3e\x00\x01\x00\x00\x00" + bytes(40)
    return head + noise(random, size) + strings + b"\x00" + glued + noise(random, size // 4)


def _xxd(data: bytes) -> str:
    rows = []
    for at in range(0, len(data), 16):
        row = data[at : at + 16]
        pairs = " ".join(row[i : i + 2].hex() for i in range(0, len(row), 2))
        rows.append(f"{at:08x}: {pairs:<39}  {''.join(chr(c) if 32 <= c < 127 else '.' for c in row)}\n")
    return "".join(rows)


def _pem(random: Random, what: str) -> str:
    return f"-----BEGIN {what}-----\n{_wrap(_base64(random, 1600), 64)}-----END {what}-----\n"


def _jwt(random: Random) -> str:
    claims = {
        "sub": str(uuid.UUID(int=random.getrandbits(128))),
        "iat": random.randrange(1 << 31),
        "scope": words(random, 5),
    }
    parts = (b'{"alg":"RS256","typ":"JWT"}', json.dumps(claims).encode(), random.randbytes(256))
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts) + "\n"


def files(seed: int, *, quick: bool = False) -> Iterator[tuple[str, str, bytes]]:
    """Yield each file's name, its class and its bytes; `quick` makes them a sixteenth of the size."""
    random = Random(f"{seed} bulk")
    size = 1 << (16 if quick else 20)
    yield "random.bin", "random bytes", random.randbytes(4 * size)
    yield "sparse.bin", "random bytes", random.randbytes(size).translate(bytes(v if v % 2 else 0 for v in range(256)))
    yield "run.b64", "random base64", _base64(random, 4 * size).encode()
    yield "lines64.b64", "random base64", _wrap(_base64(random, size), 64).encode()
    yield "lines76.b64", "random base64", _wrap(_base64(random, size), 76, "\r\n", "  ").encode()
    yield "twice.b64", "random base64", base64.b64encode(_base64(random, size).encode())
    yield "base62.txt", "random base62", _wrap(_text(random, size, BASE62), 4000).encode()
    yield "hex.txt", "random hexadecimal", random.randbytes(size // 2).hex().encode()
    yield "anchors.b64", "random base64 among anchors", _anchored(random, size).encode()
    yield "anchors64.b64", "random base64 among anchors", _wrap(_anchored(random, size), 64).encode()
    yield "app.min.js", "minified JavaScript", _javascript(random, size).encode()
    yield "app.js.map", "source map", _source_map(random, size).encode()
    inline = base64.b64encode(_source_map(random, size // 2).encode())
    yield "inline.js", "source map", b"//# sourceMappingURL=data:application/json;base64," + inline
    yield "package-lock.json", "lock file", _npm(random).encode()
    yield "yarn.lock", "lock file", _yarn(random).encode()
    yield "go.sum", "lock file", _go_sum(random).encode()
    yield "Cargo.lock", "lock file", _hashes(random).encode()
    font, program = _font(random, size // 4), _executable(random, size)
    yield "a.ttf", "font", font
    yield "a.css", "font", b"@font-face{src:url(data:font/ttf;base64," + base64.b64encode(font) + b")}"
    yield "a.out", "executable", program
    yield "a.out.b64", "executable, encoded", _wrap(base64.b64encode(program).decode(), 76).encode()
    yield "a.xxd", "hex dump", _xxd(program[: size // 2]).encode()
    yield "a.hex", "hex dump", _wrap(program[: size // 2].hex(), 60).encode()
    yield "ca.pem", "certificates and tokens", "".join(_pem(random, "CERTIFICATE") for _ in range(140)).encode()
    yield "id.pem", "certificates and tokens", "".join(_pem(random, "PRIVATE " + "KEY") for _ in range(40)).encode()
    yield "tokens.txt", "certificates and tokens", "".join(_jwt(random) for _ in range(400)).encode()
    ids = (f"{uuid.UUID(int=random.getrandbits(128))}\n" for _ in range(9000))
    yield "ids.txt", "UUID list", "".join(ids).encode()
    yield "book.txt", "text", lines(random, size // 40).encode()
    yield "book16.txt", "text", lines(random, size // 80).encode("utf-16")
