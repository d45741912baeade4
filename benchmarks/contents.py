"""What containers are measured on: jars, small compressed files, a git repository, a change to be committed."""

from __future__ import annotations

import gzip
import hashlib
import io
import random
import subprocess
import zipfile
from typing import TYPE_CHECKING

from benchmarks.packing import add_bytes, forget, planted, writer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from benchmarks.images import Images

_WORDS = [f"word{number} = value of {number * number}\n".encode() for number in range(2000)]
_JAR_MEMBERS = 60


def _texts(seed: str, least: int, most: int) -> Iterator[bytes]:
    chance = random.Random(seed)
    while True:
        yield b"".join(chance.choices(_WORDS, k=chance.randrange(least, most)))


def _image(path: Path) -> Path:
    """Put the files of a folder, and one with a key, into a root filesystem's tar."""
    image = path.with_suffix(".tar")
    with writer(image) as archive:
        for file in sorted(path.rglob("*")):
            if file.is_file():
                archive.add(file, f"data/{file.relative_to(path)}")
                forget(archive)
        add_bytes(archive, "srv/app/.env", planted())
    return image


def jars(images: Images) -> tuple[Path, Path]:
    """Make jars of some sixty classes each; return the folder, and an image that holds it."""
    folder = images.new("jars", "x").parent
    images.tell(f"building {images.sizes.archives:,} jars")
    texts = _texts("imgscan jars", 5, 120)
    for number in range(images.sizes.archives):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            for member in range(_JAR_MEMBERS):
                archive.writestr(f"com/example/p{number}/C{member}.class", b"\xca\xfe\xba\xbe\0" + next(texts))
        (folder / f"lib{number:05}.jar").write_bytes(buffer.getvalue())
    return folder, _image(folder)


def pages(images: Images) -> tuple[Path, Path]:
    """Make small gzip files like manual pages; return the folder, and an image that holds it."""
    folder = images.new("pages", "x").parent
    images.tell(f"building {images.sizes.compressed:,} small gzip files")
    texts = _texts("imgscan pages", 20, 300)
    for number in range(images.sizes.compressed):
        (folder / f"page{number:06}.1.gz").write_bytes(gzip.compress(next(texts), 9, mtime=0))
    return folder, _image(folder)


def repository(images: Images) -> tuple[Path, Path]:
    """Make a git repository with so many objects in one pack; return it, and an image that holds it."""
    folder = images.new("repository", "x").parent
    images.tell(f"building a repository of {images.sizes.objects:,} objects")
    git = ("git", "-C", str(folder))
    subprocess.run((*git, "init", "-q", "-b", "main"), check=True)
    fast_import((*git, "fast-import", "--quiet"), _stream(images.sizes.objects))
    subprocess.run((*git, "repack", "-adq"), check=True)
    return folder, _image(folder)


def fast_import(command: Sequence[str], stream: Iterable[bytes]) -> None:
    """Run `git fast-import` and give it a stream. CalledProcessError if it fails."""
    with subprocess.Popen(command, stdin=subprocess.PIPE) as importer:
        if importer.stdin is None:
            raise AssertionError
        for piece in stream:
            importer.stdin.write(piece)
    if importer.returncode:
        raise subprocess.CalledProcessError(importer.returncode, "git fast-import")


def _stream(objects: int) -> Iterator[bytes]:
    """Yield a history in which each commit changes a few files: a commit is some seven objects (git-fast-import(1))."""
    chance = random.Random("imgscan repository")
    files = {f"src/d{number % 50}/f{number}.txt": chance.choices(_WORDS, k=40) for number in range(500)}
    names = sorted(files)
    for number in range(objects // 7):
        message = f"change {number}".encode()
        yield b"commit refs/heads/main\ncommitter A <a@example.org> %d +0000\n" % (1_600_000_000 + number)
        yield b"data %d\n%s\n" % (len(message), message)
        for name in chance.sample(names, 3) if number else names:
            files[name][chance.randrange(40)] = hashlib.sha256(f"{number} {name}".encode()).hexdigest().encode() + b"\n"
            text = b"".join(files[name])
            yield b"M 100644 inline %s\ndata %d\n%s\n" % (name.encode(), len(text), text)


def change(images: Images) -> Path:
    """Make a git repository with a change of ten files staged, one of which holds a key."""
    folder = images.new("change", "x").parent
    texts = _texts("imgscan change", 50, 400)
    git = ("git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@example.org")
    subprocess.run((*git, "init", "-q", "-b", "main"), check=True)
    for round_ in range(2):
        for number in range(10):
            (folder / f"file{number}.txt").write_bytes(next(texts))
        if round_:
            (folder / ".env").write_bytes(planted())
        subprocess.run((*git, "add", "-A"), check=True)
        if not round_:
            subprocess.run((*git, "commit", "-q", "-m", "first"), check=True)
    return folder
