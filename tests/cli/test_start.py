"""How imgscan starts: what it does not wait for."""

from __future__ import annotations

import subprocess
import sys

import pytest

from imgscan import __version__
from tests.cli.driver import environment

HEAVY = {"hyperscan", "ahocorasick", "isal", "zstandard", "docker", "requests", "urllib3", "tqdm", "orjson", "asyncio"}


def _imported(*arguments: str) -> tuple[str, set[str]]:
    """Run imgscan; return what it wrote and the top-level packages it imported."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "imgscan", *arguments],
        capture_output=True, text=True, env=environment(), check=True, timeout=300,
    )  # fmt: skip
    modules = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    return done.stdout, {module.partition(".")[0] for module in modules}


def test_version_imports_nothing_heavy() -> None:
    """`imgscan --version` imports neither the detector nor an engine's client."""
    out, imported = _imported("--version")
    assert out == f"imgscan {__version__}\n"
    assert "click" in imported
    assert imported & HEAVY == set()


@pytest.mark.parametrize("arguments", [["--help"], ["image", "--help"], ["rules", "--help"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    """Nor does the help."""
    assert _imported(*arguments)[1] & HEAVY == set()


def test_rules_import_no_client() -> None:
    """`imgscan rules` imports nothing that it does not need."""
    assert _imported("rules")[1] & {"docker", "requests", "tqdm", "orjson", "zstandard"} == set()


def test_package_imports_nothing_heavy() -> None:
    """`import imgscan` is cheap; the scanner comes with its first use."""
    code = "import sys, imgscan; print(*sys.modules); imgscan.scan_image; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment(), check=True, timeout=300
    )
    before, after = (set(line.split()) for line in done.stdout.splitlines())
    assert before & HEAVY == set()
    assert "ahocorasick" in after
    assert "docker" not in after
