"""Cloudflare R2, or any S3, through boto3.

Checksums only where S3 requires them: boto3's defaults send bodies in a form that R2 answers with a misleading `Unauthorized`.
A key is created with `If-None-Match: *`, so the store itself refuses to overwrite.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import quote, unquote

from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from pipeline.errors import BadParameter, NotStored, StoreRefused
from pipeline.storage import refusals
from pipeline.storage.checking import exercise
from pipeline.storage.keys import check_details, check_key, check_prefix, check_range, is_key
from pipeline.storage.links import attachment
from pipeline.storage.port import NO_METADATA, Fetched, Listed, StoredObject, same_or_taken, sha256_of

_ABSENT = frozenset({"404", "NoSuchKey", "NotFound", "NoSuchCORSConfiguration", "NoSuchLifecycleConfiguration"})
_EXISTS = frozenset({"412", "PreconditionFailed"})
_CONFLICT = frozenset({"409", "ConditionalRequestConflict", "OperationAborted"})
_PAST_THE_END = frozenset({"416", "InvalidRange"})
TRIES = 5
_LONGEST_LINK_SECONDS = 7 * 86_400
_PARTIAL = 206
_HEADS_AT_ONCE = 8
# Left as they are in a metadata header; the rest is percent-encoded, because headers carry ASCII only and lose outer spaces.
_PLAIN = "!#$&'()*+,/:;=?@[]"


class _KeyExists(StoreRefused):
    """The key holds something already."""


class _Conflict(StoreRefused):
    """Another request was writing this key at the same moment; the store did nothing and asks to be asked again."""


class _PastTheEnd(StoreRefused):
    """The range begins behind the last byte."""


_session_lock = Lock()


@cache
def _session() -> Any:
    """Return the one session of boto3: its description of S3 takes 0.4 s to load, and what this machine keeps for AWS is no business of ours."""
    import boto3
    import botocore.session

    unseen = (None, None, os.devnull, None)
    core = botocore.session.Session(session_vars={"profile": (None, None, None, None), "config_file": unseen, "credentials_file": unseen})
    return boto3.session.Session(botocore_session=core)


def _client(**settings: Any) -> Any:
    with _session_lock:
        return _session().client("s3", **settings)


class R2Store:
    """The ObjectStore port on one bucket."""

    def __init__(
        self, bucket: str, *, endpoint_url: str, access_key_id: str, secret_access_key: str, region: str = "auto", page_size: int = 1000
    ) -> None:
        """Connect to nothing yet; `region` is R2's own name, other S3 services have theirs."""
        from botocore.config import Config

        self._bucket, self._page_size = bucket, page_size
        config = Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            retries={"mode": "standard", "max_attempts": 5},
            connect_timeout=5,
            read_timeout=60,
            max_pool_connections=32,
            use_fips_endpoint=False,
            use_dualstack_endpoint=False,
        )
        with _in_our_words():
            self._s3: Any = _client(
                endpoint_url=endpoint_url, region_name=region, config=config, aws_access_key_id=access_key_id, aws_secret_access_key=secret_access_key
            )

    def put(self, key: str, data: bytes | Path, *, media_type: str, cache_control: str, metadata: Mapping[str, str] = NO_METADATA) -> StoredObject:
        """Create an object; the same bytes again return it as first stored; KeyTaken, StoreRefused, BadKey."""
        check_details(media_type, cache_control, metadata)
        sha256 = sha256_of(data)
        about = {"sha256": sha256} | {name: quote(value, safe=_PLAIN) for name, value in metadata.items()}
        try:
            self._create(check_key(key), data, ContentType=media_type, CacheControl=cache_control, Metadata=about)
        except _KeyExists:
            return same_or_taken(self._hashed(self.head(key)), sha256)
        return self.head(key)

    def create(self, key: str, data: bytes, *, media_type: str, cache_control: str) -> bool:
        """Create an object by one request; False when the key holds something already; StoreRefused, BadKey."""
        check_details(media_type, cache_control, NO_METADATA)
        try:
            self._create(check_key(key), data, ContentType=media_type, CacheControl=cache_control, Metadata={"sha256": sha256_of(data)})
        except _KeyExists:
            return False
        return True

    def fetch(self, key: str) -> Fetched:
        """Read a whole object by one request for a range; NotStored, StoreRefused, BadKey."""
        with _in_our_words():
            answer = self._s3.get_object(Bucket=self._bucket, Key=check_key(key), Range="bytes=0-")
            with closing(answer["Body"]) as body:
                data = bytes(body.read())
        partial = answer["ResponseMetadata"]["HTTPStatusCode"] == _PARTIAL and bool(answer.get("ContentRange"))
        return Fetched(data=data, media_type=answer.get("ContentType", ""), cache_control=answer.get("CacheControl", ""), partial=partial)

    def head(self, key: str) -> StoredObject:
        """Describe an object; NotStored, StoreRefused, BadKey."""
        with _in_our_words():
            answer = self._s3.head_object(Bucket=self._bucket, Key=check_key(key))
        metadata = {name.lower(): unquote(value) for name, value in answer["Metadata"].items()}
        return StoredObject(
            key=key,
            bytes=answer["ContentLength"],
            media_type=answer.get("ContentType", ""),
            cache_control=answer.get("CacheControl", ""),
            sha256=metadata.pop("sha256", ""),
            metadata=metadata,
            modified_at=answer["LastModified"],
        )

    def read(self, key: str) -> bytes:
        """Return a whole object; NotStored, StoreRefused, BadKey."""
        return self._bytes(key)

    def read_range(self, key: str, start: int, end: int | None) -> bytes:
        """Return the bytes from `start` up to but without `end`, empty past the last; NotStored, StoreRefused, BadKey, BadParameter."""
        check_range(start, end)
        if end is not None and end <= start:
            self.head(key)
            return b""
        try:
            return self._bytes(key, Range=f"bytes={start}-{'' if end is None else end - 1}")
        except _PastTheEnd:
            return b""

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """Describe every object whose key starts with `prefix`, in key order; a listing lacks most facts, so each is asked for."""
        with ThreadPoolExecutor(_HEADS_AT_ONCE) as pool:
            for page in self._pages(prefix):
                yield from (known for known in pool.map(self._head_or_none, (row["Key"] for row in page)) if known is not None)

    def survey(self, prefix: str) -> Iterator[Listed]:
        """Name every object whose key starts with `prefix`, in key order, a thousand a request; StoreRefused, BadKey."""
        for page in self._pages(prefix):
            yield from (Listed(key=row["Key"], bytes=row["Size"], modified_at=row["LastModified"]) for row in page)

    def delete(self, key: str) -> bool:
        """Remove an object; False when there was none; StoreRefused, BadKey."""
        if self._head_or_none(check_key(key)) is None:
            return False
        with _in_our_words():
            self._s3.delete_object(Bucket=self._bucket, Key=key)
        return True

    def signed_url(self, key: str, *, seconds: int, save_as: str = "") -> str:
        """Return an address at the store that reads this object for so long, a week at most; BadKey, BadParameter."""
        if not 1 <= seconds <= _LONGEST_LINK_SECONDS:
            raise BadParameter("A signed link lasts from one second to a week.")
        saving = {"ResponseContentDisposition": attachment(save_as)} if save_as else {}
        wanted = {"Bucket": self._bucket, "Key": check_key(key), **saving}
        with _in_our_words():
            return str(self._s3.generate_presigned_url("get_object", Params=wanted, ExpiresIn=seconds))

    def check(self) -> None:
        """Put, describe, read and remove a real object; raises what a user of the store would meet."""
        exercise(self)

    def allow_origins(self, rules: Sequence[Mapping[str, Any]]) -> None:
        """Add CORS rules to those of the bucket; one that is there already is not added again; StoreRefused."""
        known = self._configured(self._s3.get_bucket_cors, "CORSRules")
        same = [_unordered(rule) for rule in known]
        missing = [rule for rule in rules if _unordered(rule) not in same]
        if missing:
            with _in_our_words():
                self._s3.put_bucket_cors(Bucket=self._bucket, CORSConfiguration={"CORSRules": [*known, *missing]})

    def let_expire(self, rules: Sequence[Mapping[str, Any]]) -> None:
        """Set lifecycle rules of the bucket, each in place of the one with its ID; all others stay; StoreRefused."""
        ids = {rule["ID"] for rule in rules}
        known = self._configured(self._s3.get_bucket_lifecycle_configuration, "Rules")
        wanted = [*(rule for rule in known if rule.get("ID") not in ids), *rules]
        with _in_our_words():
            self._s3.put_bucket_lifecycle_configuration(Bucket=self._bucket, LifecycleConfiguration={"Rules": wanted})

    def close(self) -> None:
        """Close every connection."""
        self._s3.close()

    @retry(retry=retry_if_exception_type(_Conflict), stop=stop_after_attempt(TRIES), wait=wait_random_exponential(0.05, 1), reraise=True)
    def _create(self, key: str, data: bytes | Path, **details: Any) -> None:
        with _in_our_words():
            if isinstance(data, bytes):
                self._s3.put_object(Bucket=self._bucket, Key=key, Body=data, IfNoneMatch="*", **details)
                return
            with data.open("rb") as file:
                self._s3.put_object(Bucket=self._bucket, Key=key, Body=file, IfNoneMatch="*", **details)

    def _bytes(self, key: str, **more: str) -> bytes:
        with _in_our_words():
            answer = self._s3.get_object(Bucket=self._bucket, Key=check_key(key), **more)
            # Not `with answer["Body"]`: that hands out the raw stream, whose errors are not botocore's.
            with closing(answer["Body"]) as body:
                return bytes(body.read())

    def _configured(self, ask: Any, name: str) -> Sequence[Mapping[str, Any]]:
        try:
            with _in_our_words():
                return list(ask(Bucket=self._bucket).get(name, ()))
        except NotStored:
            return []

    def _head_or_none(self, key: str) -> StoredObject | None:
        try:
            return self.head(key)
        except NotStored:
            return None

    def _hashed(self, known: StoredObject) -> StoredObject:
        """Return an object with its hash, which one that another program stored lacks."""
        return known if known.sha256 else replace(known, sha256=sha256_of(self.read(known.key)))

    def _pages(self, prefix: str) -> Iterator[Sequence[Mapping[str, Any]]]:
        wanted = {"Bucket": self._bucket, "Prefix": check_prefix(prefix), "PaginationConfig": {"PageSize": self._page_size}}
        pages = iter(self._s3.get_paginator("list_objects_v2").paginate(**wanted))
        while True:
            with _in_our_words():
                page = next(pages, None)
            if page is None:
                return
            yield [row for row in page.get("Contents", ()) if is_key(row["Key"])]


def _unordered(rule: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: sorted(value) if isinstance(value, list) else value for name, value in rule.items()}


@contextmanager
def _in_our_words() -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        raise _meaning(str(error.response.get("Error", {}).get("Code", ""))) from error
    except (BotoCoreError, OSError, ValueError) as error:
        say = "The media store could not be reached."
        raise StoreRefused(say, next="Check R2_ENDPOINT and the network of this machine, then try again.") from error


def _meaning(code: str) -> StoreRefused | NotStored:
    if code in _ABSENT:
        return NotStored()
    if code in _EXISTS:
        return _KeyExists()
    if code in _CONFLICT:
        say, next_ = refusals.words(code)
        return _Conflict(say, next=next_)
    if code in _PAST_THE_END:
        return _PastTheEnd()
    say, next_ = refusals.words(code)
    return StoreRefused(say, next=next_)
