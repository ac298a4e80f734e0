"""A real emulator in its own process, and the real fal-client pointed at it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from fal_client import client as fal

PHOTO = Path(__file__).parents[2] / "data" / "samples" / "astronaut.jpg"
FLUX = "fal-ai/flux/dev/image-to-image"
KLING = "fal-ai/kling-video/v2.6/pro/image-to-video"
RUN = """
import sys
from pathlib import Path
from pipeline.sandbox.server import serve
folder, speed, slots, pictures = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
def ready(port): (folder / "port.tmp").write_text(str(port)); (folder / "port.tmp").rename(folder / "port")
serve(folder, speed=speed, slots=slots, pictures=pictures, on_ready=ready, should_stop=lambda: (folder / "stop").exists())
"""


class Detour(httpx.BaseTransport):
    """Carries every request to the emulator and tells it which host was meant."""

    def __init__(self, port: int) -> None:
        self.port, self.wire = port, httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.headers["X-Emulated-Host"] = request.url.host
        request.url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self.port)
        return self.wire.handle_request(request)

    def close(self) -> None:
        self.wire.close()


class Tokens(fal.CDNTokenManager):
    """Fetches upload tokens through the same detour."""

    def __init__(self, auth: Any, web: httpx.Client) -> None:
        super().__init__(auth)
        self.web = web

    def _refresh_token(self) -> fal.CDNToken:
        facts = self.web.post(self._url, headers=self._headers, json={}).raise_for_status().json()
        return fal.CDNToken(facts["token"], facts["token_type"], facts["base_url"], fal.datetime.fromisoformat(facts["expires_at"]))


class Client(fal.SyncClient):
    """The real client; only the way its bytes travel is ours."""

    def point_at(self, port: int) -> "Client":
        self.__dict__["port"] = port
        self.__dict__["_client"] = self.travel(f"Key {self.key}")
        self.__dict__["_token_manager"] = Tokens(self._auth, self._client)
        return self

    def travel(self, authorization: str) -> httpx.Client:
        headers = {"Authorization": authorization, "User-Agent": fal.USER_AGENT}
        return httpx.Client(transport=Detour(self.__dict__["port"]), timeout=self.default_timeout, follow_redirects=True, headers=headers)

    def _get_cdn_client(self) -> httpx.Client:
        if "cdn" not in self.__dict__:
            token = self._token_manager.get_token()
            self.__dict__["cdn"] = self.travel(f"{token.token_type} {token.token}")
        return self.__dict__["cdn"]

    def close(self) -> None:
        self._client.close()
        if "cdn" in self.__dict__:
            self.__dict__["cdn"].close()


class Sandbox:
    """One emulator on one folder: start, kill, stop, and talk to it."""

    def __init__(self, folder: Path, *, speed: str = "0.05", slots: int = 10, pictures: str = "rendered") -> None:
        self.folder, self.speed, self.slots, self.pictures = folder, speed, slots, pictures
        self.process: subprocess.Popen[bytes] | None = None
        self.clients: list[httpx.Client | Client] = []

    def start(self, **environment: str) -> "Sandbox":
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "port").unlink(missing_ok=True)
        command = [sys.executable, "-W", "error", "-c", RUN, str(self.folder), self.speed, str(self.slots), self.pictures]
        self.process = subprocess.Popen(command, cwd=PHOTO.parents[2], env={**os.environ, **environment})
        until = time.monotonic() + 30
        while not (self.folder / "port").exists():
            assert self.process.poll() is None, "the emulator ended instead of starting"
            assert time.monotonic() < until
            time.sleep(0.01)
        self.port = int((self.folder / "port").read_text())
        self.web = httpx.Client(transport=Detour(self.port), headers={"Authorization": "Key test"}, timeout=60)
        self.clients.append(self.web)
        self.fal = self.client()
        return self

    def client(self, key: str = "test", timeout: float = 60) -> Client:
        client = Client(key=key, default_timeout=timeout).point_at(self.port)
        self.clients.append(client)
        return client

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> float:
        assert self.process is not None
        (self.folder / "stop").touch()
        begun = time.monotonic()
        if self.process.poll() is None:
            assert self.process.wait(20) == 0
        (self.folder / "stop").unlink()
        return time.monotonic() - begun

    def close(self) -> None:
        for client in self.clients:
            client.close()
        if self.process is not None and self.process.poll() is None:
            self.kill()

    def submit(self, arguments: dict[str, Any] | None = None, endpoint: str = FLUX, **headers: str) -> httpx.Response:
        """POST once, whatever happens, unlike the real client."""
        body = {"prompt": "a Pixar-style portrait", "image_url": photo_uri(), "seed": 1} if arguments is None else arguments
        return self.web.post(f"https://queue.fal.run/{endpoint}", content=json.dumps(body), headers=headers)

    def accepted(self, arguments: dict[str, Any] | None = None, endpoint: str = FLUX, **headers: str) -> str:
        return str(self.submit(arguments, endpoint, **headers).raise_for_status().json()["request_id"])

    def get(self, url: str, **params: Any) -> httpx.Response:
        return self.web.get(url, params=params)

    def ended(self, request_id: str, endpoint: str = FLUX) -> dict[str, Any]:
        """Poll until a request has ended; return its last status."""
        owner = "/".join(endpoint.split("/")[:2])
        until = time.monotonic() + 60
        while time.monotonic() < until:
            answer = self.get(f"https://queue.fal.run/{owner}/requests/{request_id}/status", logs="true")
            if answer.status_code == 200:
                return dict(answer.json())
            assert answer.status_code == 202
            time.sleep(0.02)
        raise AssertionError("the request never ended")

    def result(self, request_id: str, endpoint: str = FLUX) -> httpx.Response:
        return self.get(f"https://queue.fal.run/{'/'.join(endpoint.split('/')[:2])}/requests/{request_id}")


def photo_bytes(side_px: int = 512) -> bytes:
    pixels = cv2.resize(cv2.imread(str(PHOTO)), (side_px, side_px))
    return bytes(cv2.imencode(".jpg", pixels)[1])


def photo_uri(side_px: int = 384) -> str:
    import base64

    return "data:image/jpeg;base64," + base64.b64encode(photo_bytes(side_px)).decode()


def decoded(data: bytes) -> Any:
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


@pytest.fixture
def new_sandbox(tmp_path: Path) -> Iterator[Callable[..., Sandbox]]:
    """Make emulators that end with the test."""
    made: list[Sandbox] = []

    def make(**options: Any) -> Sandbox:
        made.append(Sandbox(tmp_path / f"sandbox{len(made)}", **options))
        return made[-1]

    yield make
    for sandbox in made:
        sandbox.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One quick emulator for all tests of a file that leave it as they found it."""
    sandbox = Sandbox(tmp_path_factory.mktemp("sandbox")).start()
    yield sandbox
    sandbox.close()


@pytest.fixture
def sandbox(shared: Sandbox) -> Sandbox:
    """The file's emulator, without any fault ordered before."""
    from pipeline.sandbox import faults

    faults.clear(shared.folder)
    return shared
