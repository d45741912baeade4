"""Images of an engine: who is asked, and what is made of each way to fail."""

from __future__ import annotations

import importlib.util
import json
import socket
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fixtures import builders
from imgscan.errors import EngineError, TargetError
from imgscan.model import Digest
from tests.sources.driver import codes, scan, shop
from tests.sources.engine import CutError, FakeEngine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# The docker SDK leaves a socket that could not connect to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
    pytest.mark.usefixtures("collected"),
]

IMAGE = shop()
ARCHIVE = builders.docker_modern(IMAGE)
LAYERS = [f"sha256:{builders.sha256(layer.tar)}" for layer in IMAGE.layers]
FINDINGS = 4


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeEngine]:
    """Yield an engine at DOCKER_HOST that has the image shop:1."""
    fake = FakeEngine(ARCHIVE, attributes={"RootFS": {"Layers": LAYERS}})
    with fake.listening() as path:
        monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
        yield fake


def test_found(engine: FakeEngine) -> None:
    """An image that the engine has is scanned from its stream, after its metadata was requested."""
    engine.attributes["RepoDigests"] = ["shop@sha256:" + "1" * 64]
    [report] = scan("shop:1")
    assert report.whole
    assert len(report.findings) == FINDINGS
    assert report.reference == "shop:1"
    assert report.digest is not None
    inspect, get = (path.rpartition("/")[2] for path in engine.asked if "/images/" in path)
    assert (inspect, get) == ("json", "get")


def test_digest_of_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the archive names no manifest, the digest is the one that the engine knows."""
    digest = Digest("sha256", "1" * 64)
    fake = FakeEngine(builders.docker_legacy(IMAGE), attributes={"RepoDigests": [f"shop@{digest}"]})
    with fake.listening() as path:
        monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
        [report] = scan("shop:1")
    assert report.digest == digest


@pytest.mark.parametrize("name", ["example.com:5000/team/shop:1", "shop@sha256:" + "2" * 64, "localhost/shop"])
def test_names(engine: FakeEngine, name: str) -> None:
    """Names with a host, a port or a digest reach the engine as they were typed."""
    engine.names = (name,)
    [report] = scan(f"docker:{name}")
    assert report.whole
    assert report.reference == name


def test_not_found(engine: FakeEngine) -> None:
    """A name that the engine does not have is reported with what to do."""
    with pytest.raises(
        TargetError, match=r"other:2 is not a file here, and the engine of DOCKER_HOST has no image"
    ) as told:
        scan("other:2")
    assert not isinstance(told.value, EngineError)
    assert "docker pull other:2" in str(told.value)


def test_inspect_fails(engine: FakeEngine) -> None:
    """An engine that answers with an error is reported with what it answered."""
    engine.inspect_status = 500
    with pytest.raises(EngineError, match="it answered 500: no"):
        scan("shop:1")


def test_get_fails(engine: FakeEngine) -> None:
    """An engine that has the image but does not hand it out leaves a scan that is not whole."""
    engine.get_status = 500
    [report] = scan("shop:1")
    assert "engine-failed" in codes(report)


def test_error_in_the_stream(engine: FakeEngine) -> None:
    """An engine that fails half-way, with HTTP 200 and a JSON error in the stream, leaves a scan that is not whole."""

    def deliver(send: Callable[[bytes], None], archive: bytes) -> None:
        send(archive[: len(archive) // 2])
        send(b'{"message":"open /var/lib/docker: no space left on device"}\n')

    engine.deliver = deliver
    [report] = scan("shop:1")
    assert not report.whole


def test_error_instead_of_the_end(engine: FakeEngine) -> None:
    """A JSON error in place of the end of an archive whose members are all there is a scan that is not whole."""
    engine.deliver = lambda send, archive: send(archive.rstrip(b"\0") + b'{"message":"blob not found"}')
    [report] = scan("shop:1")
    assert not report.whole


def test_connection_cut(engine: FakeEngine) -> None:
    """A connection that is cut leaves a scan that is not whole, with what was found until then."""

    def deliver(send: Callable[[bytes], None], archive: bytes) -> None:
        send(archive[: len(archive) * 9 // 10])
        raise CutError

    engine.deliver = deliver
    [report] = scan("shop:1")
    assert "engine-failed" in codes(report)
    assert report.findings


def test_connection_cut_at_once(engine: FakeEngine) -> None:
    """An engine that hangs up before the first byte leaves a scan that is not whole."""

    def deliver(send: Callable[[bytes], None], archive: bytes) -> None:
        raise CutError

    engine.deliver = deliver
    [report] = scan("shop:1")
    assert "engine-failed" in codes(report)
    assert report.findings == ()


def test_nothing_sent(engine: FakeEngine) -> None:
    """An engine that sends an empty stream leaves a scan that is not whole."""
    engine.deliver = lambda *_: None
    [report] = scan("shop:1")
    assert not report.whole


def test_stalled(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that sends nothing for IMGSCAN_ENGINE_TIMEOUT seconds is left, and what had come is reported."""
    monkeypatch.setenv("IMGSCAN_ENGINE_TIMEOUT", "1")

    def deliver(send: Callable[[bytes], None], archive: bytes) -> None:
        send(archive[: len(archive) * 9 // 10])
        engine.released.wait(20)

    engine.deliver = deliver
    [report] = scan("shop:1")
    assert not engine.released.is_set()
    assert "engine-stalled" in codes(report)
    assert report.findings


def test_slow(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that takes longer than that in all, but never pauses so long, is waited for."""
    monkeypatch.setenv("IMGSCAN_ENGINE_TIMEOUT", "2")

    def deliver(send: Callable[[bytes], None], archive: bytes) -> None:
        step = len(archive) // 4
        for start in range(0, len(archive), step):
            send(archive[start : start + step])
            engine.released.wait(0.45)  # the pause that is meant: nothing happens in it

    engine.deliver = deliver
    [report] = scan("shop:1")
    assert report.whole


@pytest.mark.parametrize("value", ["", "soon", "-5", "0"])
def test_odd_timeouts(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """A time that makes no sense does not stop the scan."""
    monkeypatch.setenv("IMGSCAN_ENGINE_TIMEOUT", value)
    [report] = scan("shop:1")
    assert report.whole


def test_small_chunks(engine: FakeEngine) -> None:
    """The size of the pieces in which an engine sends changes nothing."""

    def deliver(send: Callable[[bytes], None], archive: bytes) -> None:
        for start in range(0, len(archive), 700):
            send(archive[start : start + 700])

    engine.deliver = deliver
    [report] = scan("shop:1")
    assert report.whole
    assert len(report.findings) == FINDINGS


def test_other_layers(engine: FakeEngine) -> None:
    """Layers that are not those which the engine listed before make a scan that is not whole."""
    engine.attributes["RootFS"] = {"Layers": LAYERS[:-1]}
    [report] = scan("shop:1")
    assert codes(report) == ["engine-layers"]
    assert len(report.findings) == FINDINGS


@pytest.mark.parametrize("attributes", [{"RootFS": None}, {"RepoTags": None, "RepoDigests": None}, {"RootFS": []}])
def test_sparse_metadata(engine: FakeEngine, attributes: dict[str, object]) -> None:
    """Metadata that an engine leaves out is done without."""
    engine.attributes = attributes
    [report] = scan("shop:1")
    assert report.whole


def test_platforms(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an image for several platforms an engine's is that of the host, or the one asked for, or all."""
    images = [shop(architecture=architecture) for architecture in ("amd64", "arm64", "s390x")]
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    fake = FakeEngine(builders.docker_containerd(images))
    with fake.listening() as path:
        monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
        assert [report.platform for report in scan("shop:1")] == ["linux/arm64"]
        assert [report.platform for report in scan("shop:1", platform="linux/s390x")] == ["linux/s390x"]
        assert len(scan("shop:1", platform="all")) == 3


# Who is asked


def test_no_engine() -> None:
    """Where no engine answers, the message names each that was tried and why it did not answer."""
    with pytest.raises(EngineError) as told:
        scan("shop:1")
    assert "the engine of DOCKER_HOST: no such socket" in str(told.value)
    assert "the engine of CONTAINER_HOST: no such socket" in str(told.value)
    assert "docker save -o image.tar shop:1" in str(told.value)


def test_no_engine_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no socket to try, the message says so."""
    monkeypatch.delenv("DOCKER_HOST")
    monkeypatch.delenv("CONTAINER_HOST")
    monkeypatch.setattr(Path, "exists", lambda _: False)
    with pytest.raises(EngineError, match="no socket was found and DOCKER_HOST is not set"):
        scan("shop:1")


def test_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket that nobody listens at is reported as a refused connection."""
    with tempfile.TemporaryDirectory() as folder:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(f"{folder}/s")
        monkeypatch.setenv("DOCKER_HOST", f"unix://{folder}/s")
        with pytest.raises(EngineError, match="the engine of DOCKER_HOST: connection refused"):
            scan("docker:shop:1")


def test_permission(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket that may not be opened is reported as that."""

    def connect(_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("docker.transport.unixconn.UnixHTTPConnection.connect", connect)
    with pytest.raises(EngineError, match="the engine of DOCKER_HOST: permission denied"):
        scan("docker:shop:1")


@pytest.mark.parametrize("host", ["nonsense", "ftp://example.com", "unix://", "tcp://[::1"])
def test_host_that_makes_no_sense(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    """A DOCKER_HOST that is none is reported as one."""
    monkeypatch.setenv("DOCKER_HOST", host)
    with pytest.raises(EngineError, match=r"no container engine answers \(the engine of DOCKER_HOST: ."):
        scan("docker:shop:1")


def test_container_host(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `podman:` the engine of CONTAINER_HOST is asked, and no other."""
    podman = FakeEngine(ARCHIVE)
    with podman.listening() as path:
        monkeypatch.setenv("CONTAINER_HOST", f"unix://{path}")
        [report] = scan("podman:shop:1")
    assert report.whole
    assert podman.asked
    assert not engine.asked


def test_docker_alone(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `docker:` podman is not asked."""
    podman = FakeEngine(ARCHIVE)
    engine.names = ()
    with podman.listening() as path:
        monkeypatch.setenv("CONTAINER_HOST", f"unix://{path}")
        with pytest.raises(TargetError):
            scan("docker:shop:1")
    assert not podman.asked


def test_podman_after_docker(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a scheme, an image that Docker does not have is looked for in podman; neither has it: both are named."""
    podman = FakeEngine(ARCHIVE, names=("shop:1", "shop:2"))
    with podman.listening() as path:
        monkeypatch.setenv("CONTAINER_HOST", f"unix://{path}")
        assert scan("shop:2")[0].whole
        with pytest.raises(
            TargetError, match="the engine of DOCKER_HOST and the engine of CONTAINER_HOST has no image"
        ):
            scan("shop:3")


def test_podman_socket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The socket of a user's podman is found below XDG_RUNTIME_DIR."""
    monkeypatch.delenv("CONTAINER_HOST")
    with FakeEngine(ARCHIVE).listening() as path:
        (path.parent / "podman").mkdir()
        path.rename(path.parent / "podman/podman.sock")
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(path.parent))
        [report] = scan("shop:1")
    assert report.whole


def _context(folder: Path, name: str, meta: str) -> None:
    builders.write(folder / "contexts/meta" / sha256(name.encode()).hexdigest() / "meta.json", meta.encode())


def _endpoint(name: str, host: str) -> str:
    return json.dumps({"Name": name, "Metadata": {}, "Endpoints": {"docker": {"Host": host, "SkipTLSVerify": False}}})


@pytest.fixture
def config(no_engines: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of docker's configuration, without a DOCKER_HOST that would go before it."""
    monkeypatch.delenv("DOCKER_HOST")
    builders.write(no_engines / "config.json", b"{}")
    return no_engines


@pytest.mark.parametrize("by", ["variable", "file"])
def test_docker_context(config: Path, monkeypatch: pytest.MonkeyPatch, by: str) -> None:
    """The engine of docker's current context is asked, be it chosen by DOCKER_CONTEXT or by docker's configuration."""
    if by == "variable":
        monkeypatch.setenv("DOCKER_CONTEXT", "remote")
    else:
        builders.write(config / "config.json", b'{"currentContext": "remote"}')
    fake = FakeEngine(ARCHIVE)
    with fake.listening() as path:
        _context(config, "remote", _endpoint("remote", f"unix://{path}"))
        [report] = scan("shop:1")
        fake.names = ()
        with pytest.raises(TargetError, match="the engine of docker context remote has no image"):
            scan("docker:shop:1")
    assert report.whole


def test_docker_host_before_context(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """DOCKER_HOST goes before a docker context, as it does in docker."""
    monkeypatch.setenv("DOCKER_CONTEXT", "missing")
    assert scan("shop:1")[0].whole


def test_missing_context(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A docker context that does not exist is an error, not a reason to ask another engine."""
    monkeypatch.setenv("DOCKER_CONTEXT", "missing")
    with pytest.raises(EngineError, match="the docker context missing does not exist: see docker context ls"):
        scan("shop:1")


@pytest.mark.parametrize(
    "meta", ["{", "[]", "{}", '{"Name": "remote"}', '{"Name": "remote", "Endpoints": {"docker": 5}}']
)
def test_broken_context(config: Path, monkeypatch: pytest.MonkeyPatch, meta: str) -> None:
    """A docker context that cannot be made sense of is reported as one."""
    monkeypatch.setenv("DOCKER_CONTEXT", "remote")
    _context(config, "remote", meta)
    with pytest.raises(EngineError, match="docker context remote"):
        scan("docker:shop:1")


def test_ssh_without_paramiko(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine behind ssh needs a package that the docker SDK does not bring, and the message names it."""
    if importlib.util.find_spec("paramiko") is not None:
        pytest.skip("paramiko is installed")
    monkeypatch.setenv("DOCKER_HOST", "ssh://example.com")
    with pytest.raises(EngineError, match="the engine of DOCKER_HOST: Install paramiko"):
        scan("docker:shop:1")
