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


@pytest.fixture
def r2_store(s3_address: str) -> Iterator[R2Store]:
    bucket = f"bucket-{secrets.token_hex(6)}"
    store = R2Store(bucket, endpoint_url=s3_address, access_key_id="test-key", secret_access_key="test-secret", region="us-east-1", page_size=7)
    store._s3.create_bucket(Bucket=bucket)
    yield store
    store.close()
