"""A tiny HTTP server on loopback that answers as told and remembers every request: the far end when the sandbox is too kind."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    host: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(kw_only=True)
class Reply:
    """What to answer; `drop` closes the connection after the request was read, `wait_seconds` answers late, `send` only so many bytes."""

    status: int = 200
    body: object = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: bool = False
    wait_seconds: float = 0.0
    send: int | None = None
    drip_seconds: float = 0.0
    without_length: bool = False

    def payload(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class _QuietServer(ThreadingHTTPServer):
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is what these tests are about, not news."""


class LittleServer:
    """Answers each request with what `script` returns for it."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.script: Callable[[Asked], Reply] = lambda asked: Reply(status=404)
        self._stopping = threading.Event()
        self._http = _QuietServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    def posts(self) -> int:
        return sum(asked.method == "POST" for asked in self.asked)

    def always(self, **reply: object) -> None:
        self.script = lambda asked: Reply(**reply)  # type: ignore[arg-type]

    def stop(self) -> None:
        self._stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                host = self.headers.get("X-Emulated-Host", "")
                asked = Asked(method=self.command, path=self.path, host=host, headers=dict(self.headers), body=body)
                server.asked.append(asked)
                reply = server.script(asked)
                server._stopping.wait(reply.wait_seconds)
                if reply.drop:
                    self.connection.shutdown(socket.SHUT_RDWR)
                    self.close_connection = True
                    return
                self.give(reply)

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = answer

            def give(self, reply: Reply) -> None:
                payload = reply.payload()
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                if not reply.without_length:
                    self.send_header("Content-Length", str(len(payload)))
                if reply.send is not None or reply.without_length:
                    self.send_header("Connection", "close")
                    self.close_connection = True
                self.end_headers()
                self.drip(b"" if self.command == "HEAD" else payload[: reply.send], reply.drip_seconds)

            def drip(self, payload: bytes, pause_seconds: float) -> None:
                step = 1 if pause_seconds else max(1, len(payload))
                for start in range(0, len(payload), step):
                    try:
                        self.wfile.write(payload[start : start + step])
                    except OSError:
                        return
                    if pause_seconds and not server._stopping.is_set():
                        time.sleep(pause_seconds)

            def log_message(self, *words: object) -> None: ...

        return Handler


@contextmanager
def little_server() -> Iterator[LittleServer]:
    """Run one for the length of a block."""
    server = LittleServer()
    try:
        yield server
    finally:
        server.stop()
