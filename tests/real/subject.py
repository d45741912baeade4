"""The image that every real tool is asked to build, save, copy and serve, and what imgscan has to say of it.

The context is made at run time, keys and all. Each file knows the row that a report must hold for it, so a test
compares whole sets: one finding too many is as wrong as one too few.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from fixtures.keys import Keys

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "imgscan-subject:v1"
CONFIG = ".image/config.json"
LAYERS = 5
"""Of the finished image: shell, application, RUN, RUN, COPY. ENV, LABEL and CMD make none with any builder."""

_APPLICATION = 1
_GENERATED = 2
_CLEANED = 3
_REPLACED = 4
_DEEP = "/".join(["src", "main", "resources", *(f"payments-and-invoices-{n:02}" for n in range(6))])
"""More than the 100 and the 155 characters that a ustar header holds: the tools write PAX or GNU records."""


class Row(NamedTuple):
    """The part of a finding that every producer must agree on; `hidden_by` is the layer that hid the file."""

    rule: str
    sha256: str
    path: str
    line: int | None
    layer: int | None
    state: str | None
    hidden_by: int | None
    account: str | None


@dataclass(frozen=True)
class Subject:
    """A build context, and what a scan of its image must say."""

    context: Path
    build_arguments: tuple[str, ...] = field(repr=False)
    rows: frozenset[Row] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)

    def flattened(self) -> frozenset[Row]:
        """Return what is left in the root filesystem: no layers, no documents, one name of the hard link."""
        kept = (row for row in self.rows if row.state == "visible")
        return frozenset(
            row._replace(layer=None, path=row.path.replace("/build/a.ini", "/build/b.ini")) for row in kept
        )


class _Planted(NamedTuple):
    rule: str
    secret: str
    account: str | None = None

    def row(
        self,
        path: str,
        line: int | None,
        layer: int | None,
        state: str | None = "visible",
        hidden_by: int | None = None,
    ) -> Row:
        digest = hashlib.sha256(self.secret.encode()).hexdigest()
        return Row(self.rule, digest, path, line, layer, state, hidden_by, self.account)


class _File(NamedTuple):
    """A file of the application layer, the key in it, and what becomes of it."""

    path: str
    key: _Planted
    content: bytes
    line: int | None
    state: str = "visible"
    hidden_by: int | None = None

    @property
    def row(self) -> Row:
        return self.key.row(f"srv/app/{self.path}", self.line, _APPLICATION, self.state, self.hidden_by)


def _secret(keys: Keys) -> _Planted:
    secret = keys.secret99()
    return _Planted("stripe-secret-key", secret, _account(secret))


def _restricted(keys: Keys) -> _Planted:
    secret = keys.restricted()
    return _Planted("stripe-restricted-key", secret, _account(secret))


def _account(secret: str) -> str:
    """Return the account that a current key names: sixteen characters after the first of its body."""
    return "acct_" + secret.split("_", 2)[2][1:17]


def make(directory: Path, busybox: Path) -> Subject:
    """Write the build context into an empty directory, and say what its image holds.

    `busybox` is a static one: the image is made from nothing, and a `RUN` needs a shell.
    """
    shell = directory / "root/bin"
    shell.mkdir(parents=True)
    shutil.copy(busybox, shell / "busybox")
    (shell / "sh").symlink_to("busybox")

    keys = Keys("the image that real tools build")
    files = list(_files(keys))
    for file in files:
        path = directory / "app" / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
    replacement = directory / "later/settings.py"
    replacement.parent.mkdir()
    replacement.write_text("import os\n\nSTRIPE_KEY = os.environ['STRIPE_KEY']\n")

    variable, label, argument = _secret(keys), _restricted(keys), _secret(keys)
    (directory / "Dockerfile").write_text(_dockerfile(variable.secret, label.secret))
    for entry in sorted(directory.rglob("*")):
        os.utime(entry, (1_700_000_000, 1_700_000_000), follow_symlinks=False)
    rows = (
        *(file.row for file in files),
        variable.row(CONFIG, None, None, None),
        label.row(CONFIG, None, None, None),
        # The history of each RUN repeats the build arguments declared before it.
        argument.row(CONFIG, None, _GENERATED, None),
        argument.row(CONFIG, None, _CLEANED, None),
        # Its first name holds the bytes; that one is deleted, and the file is still there under the second.
        argument.row("srv/build/a.ini", 2, _GENERATED),
    )
    planted = (*(file.key for file in files), variable, label, argument)
    return Subject(
        context=directory,
        build_arguments=("--build-arg", f"STRIPE_BUILD_KEY={argument.secret}"),
        rows=frozenset(rows),
        secrets=tuple(key.secret for key in planted),
    )


def _dockerfile(variable: str, label: str) -> str:
    """Return the recipe; the number of each layer is a constant above."""
    return f"""\
FROM scratch
COPY root /
COPY app /srv/app
ENV STRIPE_SECRET_KEY={variable}
LABEL com.example.stripe={label}
ARG STRIPE_BUILD_KEY
RUN /bin/busybox mkdir /srv/build && \\
    printf '[stripe]\\ntoken = %s\\n' "$STRIPE_BUILD_KEY" > /srv/build/a.ini && \\
    /bin/busybox ln /srv/build/a.ini /srv/build/b.ini
RUN /bin/busybox rm /srv/build/a.ini /srv/app/old/backup.env
COPY later /srv/app
CMD ["/bin/sh"]
"""


def _files(keys: Keys) -> Iterator[_File]:
    key = _secret(keys)
    text = f"NODE_ENV=production\nPORT=8080\nSTRIPE_SECRET_KEY={key.secret}\nLOG=info\n"
    yield _File(".env", key, text.encode(), 3)

    key = _secret(keys)
    text = f'{{\n  "debug": false,\n  "stripe": {{"secretKey": "{key.secret}"}}\n}}\n'
    yield _File("config.json", key, text.encode(), 3)

    key = _Planted("stripe-webhook-secret", keys.webhook())
    text = f"stripe:\n  webhook:\n    secret: {key.secret}\n"
    yield _File("values.yaml", key, text.encode(), 3)

    # A length byte before it, which is a letter, and a letter behind it.
    key = _secret(keys)
    content = b"\x7fMSG\0\0\1\xa3key" + bytes([len(key.secret)]) + key.secret.encode() + b"zend\0\0"
    yield _File("cache/session.bin", key, content, None)

    key = _secret(keys)
    text = f"\ufeff[billing]\r\nStripeKey={key.secret}\r\n"
    yield _File("Billing.ini", key, text.encode("utf-16-le"), 2)

    key = _secret(keys)
    carrier = base64.b64encode(key.secret.encode()).decode()
    text = f"apiVersion: v1\nkind: Secret\ndata:\n  stripe-key: {carrier}\n"
    yield _File("k8s/secret.yaml", key, text.encode(), 4)

    key = _restricted(keys)
    yield _File(f"{_DEEP}/application.properties", key, f"stripe.key={key.secret}\n".encode(), 1)

    key = _Planted("stripe-secret-key-test", keys.secret24(live=False))
    yield _File("clés/paiement d'été.env", key, f"# développement\nSTRIPE_KEY={key.secret}\n".encode(), 2)

    key = _secret(keys)
    yield _File("old/backup.env", key, f"export STRIPE_KEY='{key.secret}'\n".encode(), 1, "deleted", _CLEANED)

    key = _secret(keys)
    text = f'import os\n\nSTRIPE_KEY = "{key.secret}"\n'
    yield _File("settings.py", key, text.encode(), 3, "overwritten", _REPLACED)
