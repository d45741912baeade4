"""A container engine for tests: the three answers of Docker's API that imgscan needs, over a real unix socket."""

from __future__ import annotations

import json
import shutil
import socketserver
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

API = "1.44"


class CutError(Exception):
    """Raised by a delivery: the engine hangs up without having finished."""


@dataclass
class FakeEngine:
    """What the engine has and how it behaves; `asked` notes the paths of all requests."""

    archive: bytes = b""
    names: tuple[str, ...] = ("shop:1",)
    attributes: dict[str, Any] = field(default_factory=dict)
    inspect_status: int = 200
    get_status: int = 200
    deliver: Callable[[Callable[[bytes], None], bytes], None] = lambda send, archive: send(archive)
    asked: list[str] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    """Set at the end of the test: a delivery that stalls waits for it."""

    @contextmanager
    def listening(self) -> Iterator[Path]:
        """Yield the socket, which is in a folder of a short name: its path may have 107 bytes at most."""
        folder = Path(tempfile.mkdtemp(prefix="imgscan-"))
        path = folder / "engine.sock"
        try:
            with _Server(str(path), _handler(self)) as server:
                thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
                thread.start()
                try:
                    yield path
                finally:
                    self.released.set()
                    server.shutdown()
                    thread.join()
        finally:
            shutil.rmtree(folder)


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """A thread for each connection; leaving the context waits for them."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that hang up are part of the tests."""


def _handler(engine: FakeEngine) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 20

        def do_GET(self) -> None:
            engine.asked.append(self.path)
            self.close_connection = True
            path = unquote(self.path).removeprefix(f"/v{API}")
            if path == "/version":
                self._answer(200, {"ApiVersion": API, "MinAPIVersion": "1.24", "Version": "26.1.5"})
            elif path.removeprefix("/images/").removesuffix("/json").removesuffix("/get") not in engine.names:
                self._answer(404, {"message": "No such image"})
            elif path.endswith("/json"):
                attributes = {"Id": "sha256:" + "0" * 64, "RepoTags": [engine.names[0]]} | engine.attributes
                self._answer(engine.inspect_status, attributes if engine.inspect_status == 200 else {"message": "no"})
            elif engine.get_status != 200:
                self._answer(engine.get_status, {"message": "no space left on device"})
            else:
                self._stream()

        def _answer(self, status: int, document: Any) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(body)

        def _stream(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/x-tar")
            self.send_header("Transfer-Encoding", "chunked")
            self.send_header("Connection", "close")
            self.end_headers()
            try:
                engine.deliver(self._chunk, engine.archive)
            except CutError:
                return
            self.wfile.write(b"0\r\n\r\n")

        def _chunk(self, data: bytes) -> None:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            self.wfile.flush()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is http.server's
            """Keep quiet."""

    return Handler
