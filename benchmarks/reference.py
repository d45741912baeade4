"""What a scan is compared with where no command does it: `python -m benchmarks.reference NAME FILE...`.

`inflate` inflates gzip files with isal and hashes the stored and the plain bytes, on one thread and in the sizes that
imgscan uses: the least that anything must do that reads a gzip layer and checks it. `list` lists a tar with `tarfile`.
"""

from __future__ import annotations

import hashlib
import sys
import tarfile
from pathlib import Path

from isal import isal_zlib

_READ = 1 << 18
_CHUNK = 1 << 20


def inflate(path: Path) -> tuple[str, str]:
    """Return the digest of a gzip file (of any number of members) and of what is in it."""
    stored, plain = hashlib.sha256(), hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        decoder = isal_zlib.decompressobj(31)
        data = b""
        while True:
            if not data:
                data = file.read(_READ)
                if not data:
                    break
                stored.update(data)
            plain.update(decoder.decompress(data, _CHUNK))
            data = decoder.unconsumed_tail
            if decoder.eof:
                data = decoder.unused_data
                decoder = isal_zlib.decompressobj(31)
    return stored.hexdigest(), plain.hexdigest()


def names(path: Path) -> None:
    """Print the names of a tar's members."""
    with tarfile.open(path) as archive:
        for member in archive:
            print(member.name)


if __name__ == "__main__":
    for argument in sys.argv[2:]:
        if sys.argv[1] == "inflate":
            print(*inflate(Path(argument)))
        else:
            names(Path(argument))
