"""Publishing beside a plain loop that makes the same requests, and the comparison of stores and records; the S3 server has a process of its own."""

import hashlib
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError

from pipeline.database import insert
from pipeline.publishing.addresses import PUBLIC
from pipeline.settings import load
from pipeline.storage import parts
from pipeline.storage.keys import key_for
from pipeline.storage.r2 import R2Store
from pipeline.studio import orphans, publishing
from pipeline.studio.place import Place, public_folder
from tests.benchmarks.bulk_media import QuickStore
from tests.benchmarks.figure import Figure
from tests.little_studio import CASE, ME, LittleStudio

AVATARS, AVATAR_BYTES, ROUNDS, AT_ONCE = 1_000, 60_000, 3, 8
OBJECTS, PAGES = 100_000, 20_000
KEYS = {"R2_ACCESS_KEY_ID": "bench-key", "R2_SECRET_ACCESS_KEY": "bench-secret", "R2_PUBLIC_DOMAIN": "media.example"}
COPIED = ("cases", "runs", "outputs", "assets", "approvals")


@dataclass(frozen=True, kw_only=True)
class Ready:
    """A studio with as many approved avatars as there are cases: its data folder, what to publish, and the files that go out."""

    folder: Path
    wanted: Sequence[tuple[str, str]]
    files: Sequence[Path]


def measure(avatars: int = AVATARS, rounds: int = ROUNDS, objects: int = OBJECTS) -> list[Figure]:
    """Publish to a bucket and to the folder, in turns with the plain loops; then look for orphans in either store."""
    with tempfile.TemporaryDirectory() as name, s3_server() as address:
        ready = _studio(Path(name), avatars)
        _publish(ready, address, 0)  # whatever is loaded at first use is loaded
        both = [(_publish(ready, address, number), _plain(ready, address, number)) for number in range(1, rounds + 1)]
        beside = ", ".join(f"{ours:.1f} s beside {plain:.1f} s" for ours, plain in both)
        ratio = statistics.median(ours / plain for ours, plain in both)
        local = [(_publish(ready, "", number), _plain_files(ready, Path(name) / f"plain-{number}")) for number in range(rounds)]
        plain_s3 = statistics.median(plain for _, plain in both)
        folder_beside = ", ".join(f"{ours:.1f} s beside {plain:.1f} s of plain files" for ours, plain in local)
        figures = [
            Figure(name=f"{avatars:,} avatars published to S3 ÷ a plain boto3 loop", value=ratio, unit="×", limit=1.3, beside=beside),
            Figure(
                name="… to the folder ÷ the same boto3 loop",
                value=statistics.median(ours for ours, _ in local) / plain_s3,
                unit="×",
                limit=1.3,
                beside=folder_beside,
            ),
        ]
        return [*figures, *_scans(Path(name), address, objects)]


@contextmanager
def s3_server() -> Iterator[str]:
    """Run an S3 in memory as a process of its own and give its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).with_name("moto_server")), "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address, server)
        yield address
    finally:
        server.terminate()
        server.wait()


def _wait_for(address: str, server: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(f"{address}/moto-api/").close()
            return
        except URLError:
            assert server.poll() is None, "the S3 server ended by itself"
            assert time.monotonic() < end, "the S3 server did not come up"
            time.sleep(0.05)


def _studio(folder: Path, count: int) -> Ready:
    """Make one case with an approved avatar as people do, and the others after its pattern, each with bytes of its own."""
    little = LittleStudio(folder / "studio", customer=True)
    avatar = little.approved_avatar()
    display = little.display_of(avatar)
    rows = {table: little.rows(f"SELECT * FROM {table}") for table in COPIED}
    store, wanted, files = QuickStore(little.place.settings.folder / "objects"), [], []
    with little.place.database.writing() as tx:
        for number in range(count):
            case, data = f"bench-{number}", os.urandom(AVATAR_BYTES)
            new = {avatar.sha256: hashlib.sha256(b"%d" % number).hexdigest(), display.sha256: hashlib.sha256(data).hexdigest()}
            key = key_for(case, display.kind.value, new[display.sha256], display.media_type)
            store.put(key, data, media_type=display.media_type, cache_control="no-store")
            for table in COPIED:
                for row in rows[table]:
                    insert(tx, table, _renamed(table, row, case, new, key, len(data)))
            wanted.append((case, new[avatar.sha256]))
            files.append(little.place.settings.folder / "objects" / key)
    little.place.database.close()
    return Ready(folder=folder / "studio", wanted=wanted, files=files)


def _renamed(table: str, row: dict[str, Any], case: str, new: dict[str, str], key: str, size: int) -> dict[str, Any]:
    """Return a row of the pattern as one of another case."""

    def other(name: str, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if name in ("id", "run_id", "parent_run") and table != "cases":
            return f"{value}-{case}"
        for old, sha256 in new.items():
            value = value.replace(old, sha256)
        return case if value == CASE else value

    changed = {name: other(name, value) for name, value in row.items() if name not in ("model", "style")}
    if table == "assets":
        is_display = row["sha256"] in list(new)[1:]
        changed |= {"key": key, "bytes": size} if is_display else {"key": changed["key"].replace(CASE, case)}
    return changed


def _publish(ready: Ready, address: str, number: int) -> float:
    """Publish everything, to a new bucket or to an empty folder, and return the seconds; what was published before is forgotten."""
    settings = {"STUDIO_STORE": "r2", "R2_ENDPOINT": address, "R2_BUCKET_NAME": f"ours-{number}", **KEYS} if address else {}
    place = Place(load({"STUDIO_DATA": str(ready.folder), **settings}))
    with place.database.writing() as tx:
        tx.execute("DELETE FROM publications")
    shutil.rmtree(public_folder(place.settings), ignore_errors=True)
    if address:
        _client(address).create_bucket(Bucket=f"ours-{number}")
    assert place.storefront.name  # connected before the clock runs, as the plain loop's client is
    began = time.perf_counter()
    outcomes = publishing.publish_many(place, ready.wanted, ME)
    seconds = time.perf_counter() - began
    assert [one.error for one in outcomes if one.error] == []
    assert sum(len(one.publications) for one in outcomes) == len(ready.wanted)
    place.database.close()
    return seconds


def _client(address: str) -> Any:
    named = {"access_key_id": KEYS["R2_ACCESS_KEY_ID"], "secret_access_key": KEYS["R2_SECRET_ACCESS_KEY"]}
    return R2Store("none", endpoint_url=address, region="us-east-1", **named)._s3


def _plain(ready: Ready, address: str, number: int) -> float:
    """Put every file and read it back by a range, with the same client settings and as many threads, and nothing else."""
    client, bucket = _client(address), f"plain-{number}"
    client.create_bucket(Bucket=bucket)

    def one(file: Path) -> None:
        key = f"avatars/{file.parts[-3]}/{file.name}"
        client.put_object(Bucket=bucket, Key=key, Body=file.read_bytes(), ContentType="image/webp", CacheControl=PUBLIC, IfNoneMatch="*")
        client.get_object(Bucket=bucket, Key=key, Range="bytes=0-")["Body"].read()

    return _seconds(one, ready.files)


def _plain_files(ready: Ready, folder: Path) -> float:
    """Write every file, flush it to the disk and read it back."""

    def one(file: Path) -> None:
        with parts.written(folder, file.read_bytes()) as part:
            part.path.read_bytes()

    return _seconds(one, ready.files)


def _seconds(one: Callable[[Path], None], files: Sequence[Path]) -> float:
    began = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(one, files))
    return time.perf_counter() - began


def _scans(folder: Path, address: str, count: int) -> list[Figure]:
    """Look for orphans among so many objects without rows; the S3 server's own listing is measured on a fifth and reckoned up."""
    LittleStudio(folder / "many", customer=True).place.database.close()
    place = Place(load({"STUDIO_DATA": str(folder / "many")}))
    store = QuickStore(place.settings.folder / "objects")
    for number in range(count):
        store.put(_key(number), b"x", media_type="image/jpeg", cache_control="no-store")
    seconds, found = _scanned(place)
    assert found == count
    place.database.close()
    listed = min(count, PAGES)
    bucket = _filled(address, listed)
    settings = {"R2_PRIVATE_BUCKET_NAME": bucket, "R2_ENDPOINT": address, **KEYS}
    place = Place(load({"STUDIO_DATA": str(folder / "many"), **settings}))
    s3_seconds, found = _scanned(place)
    assert found == listed
    place.database.close()
    return [
        Figure(name=f"orphans among {count:,} objects of the folder store", value=seconds, unit="s", limit=60),
        Figure(name=f"… of S3, reckoned up from {listed:,}", value=s3_seconds * count / listed, unit="s", limit=60),
    ]


def _key(number: int) -> str:
    return key_for(CASE, "avatar", hashlib.sha256(b"%d" % number).hexdigest(), "image/jpeg")


def _scanned(place: Place) -> tuple[float, int]:
    began = time.perf_counter()
    report = orphans.scan(place)
    return time.perf_counter() - began, report.private.young + len(report.private.orphans)


def _filled(address: str, count: int) -> str:
    client, bucket = _client(address), "many"
    client.create_bucket(Bucket=bucket)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda number: client.put_object(Bucket=bucket, Key=_key(number), Body=b"x"), range(count)))
    return bucket
