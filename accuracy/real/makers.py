"""Every way to make a file that holds keys: who makes it, and the byte form where that tool is missing."""

from __future__ import annotations

import marshal
import pickle
import plistlib
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from accuracy.real import compilers, samples, stores

if TYPE_CHECKING:
    from collections.abc import Callable

    from accuracy.real.samples import Sample
    from accuracy.real.toolbox import Toolbox


@dataclass(frozen=True, slots=True)
class Maker:
    """One way to make a file; `form` is the byte form.

    `glued` says that strings are there without a border, or between numbers and types that may look like letters:
    keys that do not say themselves where they begin and end cannot be found in it, save by chance. `beyond` names what
    no form of imgscan's promises to read; such a file is looked at, and counts for nothing.
    """

    name: str
    tool: str
    make: Callable[[Toolbox, Sample], bytes]
    form: Callable[[Sample], bytes]
    glued: bool = False
    beyond: str = ""


def _own(write: Callable[[Sample], bytes]) -> Callable[[Toolbox, Sample], bytes]:
    return lambda _, sample: write(sample)


_PYTHON = f"Python {sys.version_info.major}.{sys.version_info.minor}"
_DUMP = "a dump with other characters between the bytes"

MAKERS: tuple[Maker, ...] = (
    Maker("Java class, joined by the compiler", "javac", compilers.java_class, samples.counted(2)),
    Maker("Java serialised strings", "java", compilers.java_serial, samples.counted(2), glued=True),
    Maker("DEX string data", "", _own(samples.dex), samples.dex),
    Maker(".NET assembly, user strings", "mcs", compilers.dot_net, samples.wide("utf-16-le", 2)),
    Maker(".NET assembly, attribute", "mcs", compilers.dot_net_attribute, samples.counted(1)),
    Maker("ELF, C strings", "gcc", compilers.c_strings("", "char"), samples.ended),
    Maker('ELF, C strings u""', "gcc", compilers.c_strings("u", "char16_t"), samples.wide("utf-16-le", 2)),
    Maker('ELF, C strings L""', "gcc", compilers.c_strings("L", "wchar_t"), samples.wide("utf-32-le", 4)),
    Maker("ELF, Go", "go", compilers.go, samples.adjoined, glued=True),
    Maker("ELF, Rust", "rustc", compilers.rust, samples.adjoined, glued=True),
    Maker(
        "Python bytecode, joined by the compiler",
        _PYTHON,
        compilers.python,
        lambda s: marshal.dumps(tuple(s.values())),
        glued=True,
    ),
    Maker("Python pickle", _PYTHON, _own(lambda s: pickle.dumps(dict(s))), samples.counted(1)),
    Maker(
        "property list, binary",
        _PYTHON,
        _own(lambda s: plistlib.dumps(dict(s), fmt=plistlib.FMT_BINARY)),
        samples.counted(1),
    ),
    Maker(
        "JavaScript, joined and minified by esbuild",
        "esbuild",
        compilers.minified("esbuild", "--minify", "--outfile=out.js", split=True),
        samples.script_form,
    ),
    Maker(
        "JavaScript, joined and minified by terser",
        "terser",
        compilers.minified("terser", "--compress", "--mangle", "-o", "out.js", split=True),
        samples.script_form,
    ),
    Maker(
        "JavaScript source map",
        "esbuild",
        compilers.minified("esbuild", "--minify", "--sourcemap", "--outfile=out.js", file="out.js.map"),
        samples.map_form,
    ),
    Maker(
        "JavaScript source map of split literals",
        "esbuild",
        compilers.minified("esbuild", "--minify", "--sourcemap", "--outfile=out.js", split=True, file="out.js.map"),
        lambda s: samples.map_form(s, split=True),
        glued=True,
    ),
    Maker(
        "JavaScript with its source map inside",
        "esbuild",
        compilers.minified("esbuild", "--minify", "--sourcemap=inline", "--outfile=out.js"),
        samples.inline_form,
    ),
    Maker("V8 start-up snapshot", "node", compilers.node_snapshot, samples.ended),
    Maker("V8 code cache", "node", compilers.node_cache, samples.ended),
    Maker("SQLite table", "SQLite", stores.sqlite(), samples.counted(1)),
    Maker("SQLite deleted rows", "SQLite", stores.sqlite(deleted=True), samples.counted(1), glued=True),
    Maker("SQLite write-ahead log", "SQLite", stores.sqlite(wal=True), samples.counted(1), glued=True),
    Maker("SQLite index", "SQLite", stores.sqlite_index, samples.adjoined, glued=True),
    Maker(
        "SQLite table in UTF-16LE",
        "SQLite",
        stores.sqlite(encoding="UTF-16le"),
        samples.wide("utf-16-le", 1),
    ),
    Maker(
        "SQLite table in UTF-16BE",
        "SQLite",
        stores.sqlite(encoding="UTF-16be"),
        samples.wide("utf-16-be", 1),
    ),
    Maker("Protocol Buffers message", "protoc", stores.protobuf, samples.counted(1)),
    Maker("MessagePack", "msgpack", stores.message_pack, samples.counted(1)),
    Maker("LevelDB log", "LevelDB", stores.level_db("*.log"), samples.counted(1), glued=True),
    Maker("LevelDB table", "LevelDB", stores.level_db("*.ldb"), samples.adjoined, glued=True),
    Maker("base64, 64 a line", "openssl", stores.encoded("openssl", "base64"), samples.base64_lines(64)),
    Maker("base64, 76 a line", "base64", stores.encoded("base64", "-w", "76"), samples.base64_lines(76)),
    Maker("base64, one line", "base64", stores.encoded("base64", "-w", "0"), samples.base64_lines(1 << 20)),
    Maker("Kubernetes Secret", "kubectl", stores.kubernetes, samples.kubernetes_form),
    Maker("hex, 60 a line", "xxd", stores.encoded("xxd", "-p"), samples.hex_lines(60)),
    Maker("hex, one line", "xxd", stores.encoded("xxd", "-p", "-c", "0"), samples.hex_lines(1 << 20)),
    Maker("hex dump with text", "xxd", stores.encoded("xxd"), samples.hex_lines(60), beyond=_DUMP),
    Maker("hex as a C array", "xxd", stores.encoded("xxd", "-i"), samples.hex_lines(60), beyond=_DUMP),
    Maker("hex dump in pairs", "od", stores.encoded("od", "-An", "-v", "-tx1"), samples.hex_lines(60), beyond=_DUMP),
    Maker(
        "UTF-16LE text", "iconv", stores.encoded("iconv", "-f", "UTF-8", "-t", "UTF-16LE"), samples.text_as("utf-16-le")
    ),
    Maker(
        "UTF-16BE text", "iconv", stores.encoded("iconv", "-f", "UTF-8", "-t", "UTF-16BE"), samples.text_as("utf-16-be")
    ),
    Maker(
        "UTF-16 text with a mark",
        "iconv",
        stores.encoded("iconv", "-f", "UTF-8", "-t", "UTF-16"),
        samples.text_as("utf-16"),
    ),
    Maker(
        "UTF-32LE text", "iconv", stores.encoded("iconv", "-f", "UTF-8", "-t", "UTF-32LE"), samples.text_as("utf-32-le")
    ),
)
"""Every way, in the order of the table."""
