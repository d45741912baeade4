"""The demonstration behind `make demo`: an image such as teams ship, with six keys in it, and what imgscan says of it.

`python -m tests.demo` builds the image, scans it by the command line, shows the text report, and leaves `demo.json`
and `demo.sarif` in the current directory. It exits with 0 only if every key was found where it was put.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from fixtures import builders
from fixtures.builders import Image, Layer
from fixtures.keys import Keys

TARGET = "shop.tar"
_TOP = Path(__file__).parents[1]

_OS_RELEASE = b"""\
PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION="12 (bookworm)"
VERSION_CODENAME=bookworm
ID=debian
HOME_URL="https://www.debian.org/"
"""

_STATUS = b"""\
Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.36-9+deb12u9

Package: python3
Status: install ok installed
Architecture: amd64
Version: 3.11.2-1+b1

"""

_MAIN = b"""\
import os

import stripe

stripe.api_key = os.environ["STRIPE_SECRET_KEY"]
"""

_CHARGE = b"""\
class Charge(ListableAPIResource):
    OBJECT_NAME = "charge"
"""


@dataclass(frozen=True)
class Place:
    """Where the demonstration puts a key; `layer` is None in the image's config, `life` in a document."""

    key: str = field(repr=False)
    layer: int | None
    where: str
    life: str | None

    @property
    def sha256(self) -> str:
        """What reports call the key."""
        return hashlib.sha256(self.key.encode()).hexdigest()


def demo_image() -> tuple[Image, list[Place]]:
    """Return the image and the six places where its keys are."""
    keys = Keys("demo")
    account = keys.account()
    visible = keys.secret99(account=account)
    overwritten = keys.secret34()
    deleted = keys.secret24()
    environment = keys.webhook()
    argument = keys.secret99(live=False, account=account)
    nested = keys.restricted(account=account)
    places = [
        Place(visible, 2, "app/.env", "visible"),
        Place(overwritten, 2, "app/config/settings.py", "overwritten"),
        Place(deleted, 2, "app/scripts/migrate.sh", "deleted"),
        Place(nested, 2, "app/services/billing/config/production/payments.yaml", "visible"),
        Place(argument, 1, "history/5/created_by", None),
        Place(environment, None, "config/Env/STRIPE_WEBHOOK_SECRET", None),
    ]
    base = {
        "bin/": None,
        "etc/": None,
        "etc/debian_version": b"12.8\n",
        "etc/os-release": _OS_RELEASE,
        "etc/passwd": b"root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
        "usr/": None,
        "usr/share/doc/libc6/copyright": b"This is the Debian prepackaged version of the GNU C Library.\n" * 200,
        "var/lib/dpkg/status": _STATUS,
    }
    packages = {
        "usr/local/lib/python3.11/site-packages/stripe/__init__.py": b"api_key: str | None = None\n",
        "usr/local/lib/python3.11/site-packages/stripe/_charge.py": _CHARGE * 100,
    }
    shop = {
        "app/": None,
        "app/.env": (
            f"# Payments\nSTRIPE_PUBLISHABLE_KEY={keys.publishable(account=account)}\nSTRIPE_SECRET_KEY={visible}\n"
        ).encode(),
        "app/config/settings.py": f'DEBUG = True\nSTRIPE_API_KEY = "{overwritten}"\n'.encode(),
        "app/main.py": _MAIN,
        "app/scripts/migrate.sh": (
            f"#!/bin/sh\nset -eu\ncurl https://api.stripe.com/v1/customers -u {deleted}:\n"
        ).encode(),
        "app/services/billing/config/production/payments.yaml": (
            f"payments:\n  provider: stripe\n  credentials:\n    api_key: {nested}\n"
        ).encode(),
    }
    settings = {
        "app/config/settings.py": b'import os\n\nDEBUG = False\nSTRIPE_API_KEY = os.environ["STRIPE_SECRET_KEY"]\n'
    }
    removed = {"app/": None, "app/scripts/.wh.migrate.sh": b""}
    install = "/bin/sh -c pip install --no-cache-dir -r requirements.txt # buildkit"
    image = Image(
        layers=[
            Layer(builders.tar(base), "# debian.sh --arch 'amd64' out/ 'bookworm' '@1733097600'"),
            Layer(builders.tar(packages), f"RUN |1 STRIPE_KEY={argument} {install}"),
            Layer(builders.tar(shop), "COPY . /app # buildkit"),
            Layer(builders.tar(settings), "COPY deploy/settings.py /app/config/settings.py # buildkit"),
            Layer(builders.tar(removed), "RUN /bin/sh -c rm /app/scripts/migrate.sh # buildkit"),
        ],
        empty=[
            (1, 'CMD ["bash"]'),
            (2, "WORKDIR /app"),
            (3, f"ENV STRIPE_WEBHOOK_SECRET={environment}"),
            (4, "ARG STRIPE_KEY"),
            (9, "EXPOSE map[8000/tcp:{}]"),
            (10, 'CMD ["python3" "main.py"]'),
        ],
        config={
            "Env": ["PATH=/usr/local/bin:/usr/bin:/bin", f"STRIPE_WEBHOOK_SECRET={environment}"],
            "Cmd": ["python3", "main.py"],
            "ExposedPorts": {"8000/tcp": {}},
            "Labels": {"org.opencontainers.image.title": "shop"},
            "WorkingDir": "/app",
        },
        tag="shop:1.4.2",
    )
    return image, places


def missed(report: Path, places: list[Place]) -> list[str]:
    """Name the places at which a JSON report has not found what was put there."""
    findings = json.loads(report.read_bytes())["targets"][0]["findings"]
    found = {
        (
            finding["secret"]["sha256"],
            finding["location"]["layer"],
            finding["location"]["field"] or finding["location"]["path"],
            finding["visibility"] and finding["visibility"]["state"],
        )
        for finding in findings
    }
    return [place.where for place in places if (place.sha256, place.layer, place.where, place.life) not in found]


def main() -> int:
    """Build, scan, show; 0 if all was found."""
    image, places = demo_image()
    here = Path.cwd()
    outputs = {name: here / f"demo.{name}" for name in ("json", "sarif")}
    with tempfile.TemporaryDirectory(prefix="imgscan-demo-") as folder:
        builders.write(Path(folder) / TARGET, builders.docker_modern(image))
        _tell(f"An image of {len(image.layers)} layers with {len(places)} Stripe keys in it, as imgscan sees it:\n")
        arguments = ["image", TARGET, "-f", "text"]
        for name, path in outputs.items():
            arguments += ["-f", name, "-o", str(path)]
        _tell(f"$ imgscan image {TARGET} -f text -f json -o demo.json -f sarif -o demo.sarif --fail-on never\n")
        scan = [sys.executable, "-m", "imgscan", *arguments, "--fail-on", "never"]
        done = subprocess.run(scan, cwd=folder, env=os.environ | {"PYTHONPATH": str(_TOP)}, check=False)
    if done.returncode != 0:
        _tell(f"\nThe scan ended with {done.returncode}, and should have with 0.")
        return 1
    lost = missed(outputs["json"], places)
    if lost:
        _tell(f"\nNot found, or not as it should be: {', '.join(lost)}")
        return 1
    _tell(f"\nAll {len(places)} keys were found. For machines: {outputs['json']} and {outputs['sarif']}")
    python = Path(sys.executable)
    command = f"{python.relative_to(here) if python.is_relative_to(here) else python} -m imgscan"
    _tell(f"""
Try next:
  {command} image NAME                  an image of your Docker or podman, or an archive of one
  docker save NAME | {command} image -
  {command} rules stripe-secret-key     what a holder can do, and how to rotate""")
    return 0


def _tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()  # the report comes from another process


if __name__ == "__main__":
    sys.exit(main())
