"""Files that hold keys, made by real compilers: Java, .NET, C, Go, Rust, Python, JavaScript.

Every function is given the tools of this machine and a sample, keys by sort, and returns one file with all of them;
Missing if there is no such tool.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from accuracy.real.samples import halves, quoted, script

if TYPE_CHECKING:
    from collections.abc import Callable

    from accuracy.real.samples import Sample
    from accuracy.real.toolbox import Toolbox


def _java(sample: Sample, between: str) -> str:
    return f"public class Holder {{ static final String[] ALL = {{\n{halves(sample, between)} }}; }}"


def java_class(box: Toolbox, sample: Sample) -> bytes:
    """Compile a class whose constants are strings, written in two pieces that the compiler joins."""
    folder = box.folder()
    (folder / "Holder.java").write_text(_java(sample, " + "))
    box.run("javac", "Holder.java", within=folder)
    return (folder / "Holder.class").read_bytes()


_SERIAL = """import java.io.*;
class Writer { public static void main(String[] a) throws Exception {
  Object all = new BufferedReader(new InputStreamReader(System.in)).lines().toArray(String[]::new);
  new ObjectOutputStream(System.out) {{ writeObject(all); flush(); }}; } }
"""


def java_serial(box: Toolbox, sample: Sample) -> bytes:
    """Serialise an array of strings."""
    folder = box.folder()
    (folder / "Writer.java").write_text(_SERIAL)
    return box.run("java", "Writer.java", within=folder, given="\n".join(sample.values()).encode())


def dot_net(box: Toolbox, sample: Sample) -> bytes:
    """Compile C#: string literals, which are UTF-16 in the assembly's heap of user strings."""
    return _c_sharp(box, f"class P {{ static string[] all = {{\n{quoted(sample)} }}; static void Main() {{ }} }}")


def dot_net_attribute(box: Toolbox, sample: Sample) -> bytes:
    """Compile C# attributes, whose strings are UTF-8 in the assembly."""
    uses = "".join(f'[M("{key}")] class C{at} {{ }}\n' for at, key in enumerate(sample.values()))
    return _c_sharp(
        box,
        "[System.AttributeUsage(System.AttributeTargets.All)] class M : System.Attribute { public M(string s) { } }\n"
        f"{uses}class P {{ static void Main() {{ }} }}",
    )


def _c_sharp(box: Toolbox, source: str) -> bytes:
    folder = box.folder()
    (folder / "p.cs").write_text(source)
    box.run("mcs", "-out:p.exe", "p.cs", within=folder)
    return (folder / "p.exe").read_bytes()


def c_strings(prefix: str, kind: str) -> Callable[[Toolbox, Sample], bytes]:
    """Return the compiler of a C program that holds literals of a prefix and a type."""

    def make(box: Toolbox, sample: Sample) -> bytes:
        folder = box.folder()
        (folder / "p.c").write_text(
            f"#include <stddef.h>\n#include <uchar.h>\nconst {kind} *const all[] = {{\n"
            f"{quoted(sample, prefix + chr(34))} }};\n"
            "int main(int n, char **v) { (void)v; return (int)all[n & 3][n]; }\n"
        )
        box.run("gcc", "-O2", "-o", "p", "p.c", within=folder)
        return (folder / "p").read_bytes()

    return make


def go(box: Toolbox, sample: Sample) -> bytes:
    """Build a Go program; its linker puts all strings together without a border."""
    folder = box.folder()
    (folder / "p.go").write_text(
        f"package main\n\nvar all = []string{{\n{quoted(sample)},\n}}\n\n"
        "func main() {\n\tfor _, each := range all {\n\t\tprintln(each)\n\t}\n}\n"
    )
    cache = str(box.folder())
    box.run("go", "build", "-o", "p", "p.go", within=folder, GOCACHE=cache, GOPROXY="off", GO111MODULE="off")
    return (folder / "p").read_bytes()


def rust(box: Toolbox, sample: Sample) -> bytes:
    """Build a Rust program; its strings have lengths elsewhere, and no border."""
    folder = box.folder()
    (folder / "p.rs").write_text(
        f"static ALL: [&str; {len(sample)}] = [\n{quoted(sample)}\n];\n"
        'fn main() { for each in ALL.iter() { println!("{}", std::hint::black_box(each)); } }\n'
    )
    box.run("rustc", "-O", "-o", "p", "p.rs", within=folder)
    return (folder / "p").read_bytes()


def python(box: Toolbox, sample: Sample) -> bytes:
    """Compile a module whose constants are written in two pieces that the compiler joins."""
    folder = box.folder()
    (folder / "p.py").write_text(f"ALL = [\n{halves(sample, ' ')}\n]\n")
    box.run(sys.executable, "-m", "compileall", "-q", ".", within=folder)
    [made] = (folder / "__pycache__").iterdir()
    return made.read_bytes()


def minified(name: str, *options: str, split: bool = False, file: str = "out.js") -> Callable[[Toolbox, Sample], bytes]:
    """Return the run of a minifier from npm; `file` is what is taken of its output."""

    def make(box: Toolbox, sample: Sample) -> bytes:
        program = box.package(name)
        folder = box.folder()
        (folder / "in.js").write_text(script(sample, split=split))
        box.run(program, "in.js", *options, within=folder)
        return (folder / file).read_bytes()

    return make


def node_snapshot(box: Toolbox, sample: Sample) -> bytes:
    """Take a snapshot of a JavaScript heap at start-up."""
    folder = box.folder()
    (folder / "in.js").write_text(f"globalThis.everything = [\n{quoted(sample)}\n];\n")
    box.run("node", "--snapshot-blob", "out.blob", "--build-snapshot", "in.js", within=folder)
    return (folder / "out.blob").read_bytes()


def node_cache(box: Toolbox, sample: Sample) -> bytes:
    """Write the code cache that V8 makes of a script."""
    folder = box.folder()
    (folder / "in.js").write_text(f"[\n{quoted(sample)}\n].length;\n")
    (folder / "make.js").write_text(
        "const vm = require('vm'), fs = require('fs');\n"
        "const script = new vm.Script(fs.readFileSync('in.js', 'utf8')); script.runInThisContext();\n"
        "fs.writeFileSync('out.cache', script.createCachedData());\n"
    )
    box.run("node", "make.js", within=folder)
    return (folder / "out.cache").read_bytes()
