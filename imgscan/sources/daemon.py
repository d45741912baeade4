"""Images of a container engine, through the docker SDK: Docker, podman, and what speaks their API.

The metadata is requested before the image is streamed. The stream is a `docker save` archive; an engine that fails
midway ends it with HTTP 200 and a few words of JSON, which the walker of the archive notices. Chunks come in
pieces of 32 KiB at most and are gathered. The owner of docker and requests; imported only when an engine is asked.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import docker
import docker.errors
import docker.tls
import requests
import urllib3

from imgscan.errors import EngineError, TargetError
from imgscan.image.documents import parse_digest
from imgscan.sources.base import Told
from imgscan.sources.onepass import ArchiveStream
from imgscan.streams.inflate import gather
from imgscan.streams.readers import CHUNK, StreamError
from imgscan.streams.stop import Stop, patiently

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STALL_SECONDS = 600
"""How long an engine may send nothing. Docker's classic store writes the whole image to disk before the first byte,
which takes minutes for the largest; IMGSCAN_ENGINE_TIMEOUT changes it."""

_CONNECT_SECONDS = 10


def open_engine(name: str, scheme: str | None, stop: Stop | None = None) -> EngineStream:
    """Find an engine that has the image `name`. `scheme` is `docker`, `podman` or None for either.

    EngineError if no engine answers, TargetError if none has the image; both say what to do. Once `stop` is set, what
    waits for the stream of the image ends with the StreamError of an interruption.
    """
    answered = []
    failures = []
    for label, connect in _candidates(scheme):
        try:
            client = connect()
        except (docker.errors.DockerException, requests.RequestException, OSError, ValueError) as error:
            failures.append(f"{label}: {_reason(error)}")
            continue
        try:
            image = client.images.get(name)
        except docker.errors.NotFound:
            answered.append(label)
            client.close()
            continue
        except (docker.errors.DockerException, requests.RequestException, OSError, ValueError) as error:
            failures.append(f"{label}: {_reason(error)}")
            client.close()
            continue
        return EngineStream(client, name, image.attrs, stop or Stop())
    save = f"or save it to a file where it is (docker save -o image.tar {name}) and scan the file"
    if answered:
        where = " and ".join(answered)
        raise TargetError(
            f"{name} is not a file here, and {where} has no image with that name: pull it (docker pull {name}), {save}"
        )
    tried = "; ".join(failures) or "no socket was found and DOCKER_HOST is not set"
    raise EngineError(f"{name} is not a file here, and no container engine answers ({tried}): start one, {save}")


def _candidates(scheme: str | None) -> Iterator[tuple[str, Callable[[], docker.DockerClient]]]:
    """Return the engines to ask, in the order of preference, each with a label for messages."""
    environment = os.environ
    if scheme in (None, "docker"):
        if environment.get("DOCKER_HOST"):
            yield "the engine of DOCKER_HOST", _from_environment
        else:
            chosen = _context_host()
            if chosen is not None:
                yield chosen
            for path in ("/var/run/docker.sock",) if chosen is None else ():
                if Path(path).exists():
                    yield f"the engine at {path}", _at(f"unix://{path}")
            if chosen is None and os.name == "nt":
                yield "Docker Desktop", _at("npipe:////./pipe/docker_engine")
    if scheme in (None, "podman"):
        host = environment.get("CONTAINER_HOST")
        if host:
            yield "the engine of CONTAINER_HOST", _at(host)
            return
        runtime = environment.get("XDG_RUNTIME_DIR")
        sockets = [Path(runtime) / "podman/podman.sock"] if runtime else []
        for socket in (*sockets, Path("/run/podman/podman.sock")):
            if socket.exists():
                yield f"podman at {socket}", _at(f"unix://{socket}")


def _context_host() -> tuple[str, Callable[[], docker.DockerClient]] | None:
    """Return the engine of the current docker context, None for the default one; EngineError if it does not exist.

    The files are read as the docker command reads them; the SDK looks in the working directory where the client has
    no config.json.
    """
    folder = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    name = os.environ.get("DOCKER_CONTEXT") or _json_of(folder / "config.json").get("currentContext") or "default"
    if name == "default":
        return None
    identity = hashlib.sha256(os.fsencode(str(name))).hexdigest()
    meta = folder / "contexts" / "meta" / identity / "meta.json"
    if not meta.exists():
        raise EngineError(f"the docker context {name} does not exist: see docker context ls")
    try:
        endpoint = _json_of(meta)["Endpoints"]["docker"]
        host = str(endpoint["Host"])
    except (KeyError, TypeError) as error:
        raise EngineError(f"the docker context {name} cannot be read: see docker context inspect {name}") from error
    keys = folder / "contexts" / "tls" / identity / "docker"
    verify = not endpoint.get("SkipTLSVerify")

    def connect() -> docker.DockerClient:
        tls: docker.tls.TLSConfig | bool = False
        if keys.is_dir():
            pair = (str(keys / "cert.pem"), str(keys / "key.pem")) if (keys / "cert.pem").exists() else None
            tls = docker.tls.TLSConfig(client_cert=pair, ca_cert=str(keys / "ca.pem"), verify=verify)
        return docker.DockerClient(
            base_url=host, tls=tls, version="auto", timeout=_stall(), use_ssh_client=_by_ssh(host)
        )

    return f"the engine of docker context {name}", connect


def _json_of(path: Path) -> dict[str, Any]:
    """Read a JSON object of docker's client; an absent or broken file counts as empty."""
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _from_environment() -> docker.DockerClient:
    return docker.from_env(version="auto", timeout=_stall(), use_ssh_client=_by_ssh(os.environ.get("DOCKER_HOST", "")))


def _at(host: str) -> Callable[[], docker.DockerClient]:
    return lambda: docker.DockerClient(base_url=host, version="auto", timeout=_stall(), use_ssh_client=_by_ssh(host))


def _by_ssh(host: str) -> bool:
    """Whether to run `ssh`, with its configuration and agent, as docker does; the SDK's other way needs paramiko."""
    return host.startswith("ssh:")


def _stall() -> int:
    try:
        return max(1, int(os.environ.get("IMGSCAN_ENGINE_TIMEOUT", STALL_SECONDS)))
    except ValueError:
        return STALL_SECONDS


def _reason(error: BaseException) -> str:
    """Say in a few words why an engine did not answer; the SDK wraps the cause several times."""
    seen = []
    current: BaseException | None = error
    while current is not None and current not in seen:
        seen.append(current)
        if isinstance(current, OSError) and current.strerror:
            return current.strerror.lower()
        inner = current.args[0] if current.args and isinstance(current.args[0], BaseException) else None
        reason = getattr(current, "reason", None)
        current = inner or (reason if isinstance(reason, BaseException) else None) or current.__cause__
    if isinstance(error, docker.errors.APIError):
        return f"it answered {error.status_code}: {error.explanation}"
    text = str(error)
    if "Permission denied" in text:
        return "permission denied"
    if "Connection refused" in text:
        return "connection refused"
    if "No such file" in text:
        return "no such socket"
    return text[:200]


class EngineStream(ArchiveStream):
    """An image as an engine streams it."""

    def __init__(self, client: docker.DockerClient, name: str, attributes: dict[str, Any], stop: Stop) -> None:
        self._client = client
        self._name = name
        self._response: requests.Response | None = None
        pieces = gather(self._receive(), CHUNK)
        super().__init__(iter(lambda: patiently(lambda: next(pieces, b""), stop), b""))
        tags = [tag for tag in attributes.get("RepoTags") or [] if isinstance(tag, str)]
        layers = (attributes.get("RootFS") or {}).get("Layers")
        digests = [parse_digest(str(digest).rpartition("@")[2]) for digest in attributes.get("RepoDigests") or []]
        self.told = Told(
            reference=name if name in tags or not tags else tags[0],
            digest=next((digest for digest in reversed(digests) if digest is not None), None),
            diff_ids=tuple(layers) if isinstance(layers, list) else None,
        )

    def _receive(self) -> Iterator[bytes]:
        api = self._client.api
        url = f"{api.base_url}/v{api.api_version}/images/{quote(self._name, safe='/:@')}/get"
        try:
            # The read timeout applies between bytes: a stalled engine ends the scan, a slow one does not. The
            # SDK's own get_image() switches it off.
            self._response = api.get(url, stream=True, timeout=(_CONNECT_SECONDS, _stall()))
            if self._response.status_code != requests.codes.ok:
                raise StreamError("engine-failed", f"the engine answered {self._response.status_code}")
            yield from self._response.raw.stream(CHUNK, decode_content=False)
        except (requests.Timeout, urllib3.exceptions.TimeoutError) as error:
            text = f"the engine sent nothing for {_stall()} seconds (IMGSCAN_ENGINE_TIMEOUT allows more)"
            raise StreamError("engine-stalled", text) from error
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise StreamError("engine-failed", f"the engine stopped midway: {_reason(error)}") from error

    def close(self) -> None:
        """Close the connection."""
        if self._response is not None:
            self._response.close()
        self._client.close()
