"""No test can reach the network or spend: sockets answer on loopback only, and every key is gone."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

for _name in list(os.environ):
    if _name.startswith(("STUDIO_", "FAL_", "R2_", "WAVESPEED_", "AWS_")):
        del os.environ[_name]
os.environ["STUDIO_MODE"] = "sandbox"
_connect = socket.socket.connect
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def _only_loopback(self: socket.socket, address: object) -> None:
    if isinstance(address, tuple) and address[0] not in LOOPBACK:
        raise OSError(f"tests may not connect to {address[0]}")
    _connect(self, address)  # type: ignore[arg-type]


socket.socket.connect = _only_loopback  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def own_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test has its own data folder, so none can touch the user's."""
    monkeypatch.setenv("STUDIO_DATA", str(tmp_path / "studio"))
    return tmp_path / "studio"


@pytest.fixture(scope="session")
def s3_address() -> Iterator[str]:
    """The address of an in-memory S3 that behaves like R2 in conditional puts and ranges, but checks no signature."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()
