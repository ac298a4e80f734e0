"""Both stores: a folder, and R2's adapter against an S3 server on loopback."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.storage.folder import FolderStore
from pipeline.storage.r2 import R2Store

SECRET = b"s" * 32


@pytest.fixture
def folder_store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "objects", secret=SECRET)


@pytest.fixture(scope="session")
def s3_address() -> Iterator[str]:
    """The address of an in-memory S3 that behaves like R2 in conditional puts and ranges, but checks no signature."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def r2_store(s3_address: str) -> Iterator[R2Store]:
    bucket = f"bucket-{secrets.token_hex(6)}"
    store = R2Store(bucket, endpoint_url=s3_address, access_key_id="test-key", secret_access_key="test-secret", region="us-east-1", page_size=7)
    store._s3.create_bucket(Bucket=bucket)
    yield store
    store.close()
