"""R2's adapter keeps the contract, sends what R2 needs, and turns every failure into our words."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from pipeline import errors
from pipeline.settings import ROOT
from pipeline.storage.port import sha256_of
from pipeline.storage.r2 import R2Store
from tests.providers.little_server import Asked, LittleServer, Reply, little_server
from tests.storage.contract import DETAILS, KEY, StoreContract


class TestR2(StoreContract):
    @pytest.fixture
    def store(self, r2_store: R2Store) -> R2Store:
        return r2_store


def test_a_signed_link_reads_one_object_and_says_how_long(r2_store: R2Store) -> None:
    r2_store.put(KEY, b"one", **DETAILS)
    url = r2_store.signed_url(KEY, seconds=60)
    query = parse_qs(urlsplit(url).query)
    assert (query["X-Amz-Expires"], query["X-Amz-Algorithm"], query["X-Amz-SignedHeaders"]) == (["60"], ["AWS4-HMAC-SHA256"], ["host"])
    assert len(query["X-Amz-Signature"][0]) == 64
    assert "test-secret" not in url
    with urllib.request.urlopen(url) as answer:
        assert (answer.read(), answer.headers["Content-Type"]) == (b"one", "image/png")


def test_a_signed_link_can_make_a_browser_save_the_object_under_a_name(r2_store: R2Store) -> None:
    r2_store.put(KEY, b"one", **DETAILS)
    with urllib.request.urlopen(r2_store.signed_url(KEY, seconds=60, save_as="Zoë.png")) as answer:
        assert answer.headers["Content-Disposition"] == "attachment; filename=\"Zo_.png\"; filename*=UTF-8''Zo%C3%AB.png"


@pytest.mark.parametrize("seconds", [0, -1, 604_801])
def test_a_link_longer_than_a_week_is_refused(r2_store: R2Store, seconds: int) -> None:
    with pytest.raises(errors.BadParameter):
        r2_store.signed_url(KEY, seconds=seconds)


def test_a_put_is_plain_conditional_and_complete_on_the_wire(r2_store: R2Store) -> None:
    sent: list[dict[str, str]] = []
    r2_store._s3.meta.events.register(
        "before-send.s3.PutObject", lambda request, **more: sent.append({k.lower(): v for k, v in request.headers.items()})
    )
    r2_store.put(KEY, b"one", **DETAILS)
    [headers] = [{name: value.decode() if isinstance(value, bytes) else str(value) for name, value in one.items()} for one in sent]
    assert (headers["if-none-match"], headers["content-type"], headers["cache-control"]) == ("*", *DETAILS.values())
    assert headers["x-amz-content-sha256"] == headers["x-amz-meta-sha256"] == sha256_of(b"one")
    assert not {"content-encoding", "x-amz-trailer", "x-amz-sdk-checksum-algorithm"} & headers.keys()


def test_an_object_of_another_program_is_compared_by_its_bytes(r2_store: R2Store) -> None:
    r2_store._s3.put_object(Bucket=r2_store._bucket, Key=KEY, Body=b"one")
    assert r2_store.put(KEY, b"one", **DETAILS).sha256 == sha256_of(b"one")
    with pytest.raises(errors.KeyTaken):
        r2_store.put(KEY, b"two", **DETAILS)


def test_names_that_no_key_of_ours_could_have_are_left_out_of_a_list(r2_store: R2Store) -> None:
    r2_store.put(KEY, b"one", **DETAILS)
    r2_store._s3.put_object(Bucket=r2_store._bucket, Key="folder/", Body=b"")
    assert [found.key for found in r2_store.list("")] == [KEY]


def test_a_missing_bucket_is_the_stores_refusal(s3_address: str) -> None:
    store = R2Store("no-such-bucket", endpoint_url=s3_address, access_key_id="a", secret_access_key="b", region="us-east-1")
    for verb in (lambda: store.put(KEY, b"one", **DETAILS), store.check, lambda: list(store.list(""))):
        with pytest.raises(errors.StoreRefused):
            verb()
    store.close()


@pytest.fixture
def refusing() -> Iterator[tuple[R2Store, LittleServer]]:
    with little_server() as server:
        store = R2Store("b", endpoint_url=server.address, access_key_id="test-key", secret_access_key="test-secret")
        yield store, server
        store.close()


@pytest.mark.parametrize(
    ("status", "code"), [(403, "AccessDenied"), (403, "SignatureDoesNotMatch"), (400, "Unauthorized"), (409, "ConditionalRequestConflict")]
)
def test_a_refusal_is_told_without_the_stores_own_words(refusing: Any, status: int, code: str) -> None:
    store, server = refusing
    server.always(status=status, body=f"<Error><Code>{code}</Code><Message>RAW WORDS</Message></Error>".encode())
    for verb in (lambda: store.put(KEY, b"one", **DETAILS), lambda: store.read(KEY), lambda: store.head(KEY)):
        with pytest.raises(errors.StoreRefused) as caught:
            verb()
        assert "RAW WORDS" not in str(caught.value.as_json())
        assert caught.value.retry


def test_a_put_whose_first_answer_was_lost_is_known_by_its_hash(refusing: Any) -> None:
    store, server = refusing
    facts = {"x-amz-meta-sha256": sha256_of(b"one"), "Last-Modified": "Fri, 01 May 2026 12:00:00 GMT", "Content-Type": "image/png"}

    def script(asked: Asked) -> Reply:
        if asked.method == "HEAD":
            return Reply(body=b"one", headers=facts)
        return Reply(drop=True) if len(server.asked) == 1 else Reply(status=412, body=b"<Error><Code>PreconditionFailed</Code></Error>")

    server.script = script
    assert store.put(KEY, b"one", **DETAILS).sha256 == sha256_of(b"one")
    with pytest.raises(errors.KeyTaken):
        store.put(KEY, b"two", **DETAILS)
    assert [asked.method for asked in server.asked] == ["PUT", "PUT", "HEAD", "PUT", "HEAD"]


def test_half_a_body_is_not_an_object(refusing: Any) -> None:
    store, server = refusing
    server.always(body=b"x" * 900, send=450, headers={"ETag": '"a"'})
    with pytest.raises(errors.StoreRefused):
        store.read(KEY)


def test_a_store_out_of_reach_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        store = R2Store("b", endpoint_url=f"http://127.0.0.1:{free.getsockname()[1]}", access_key_id="a", secret_access_key="b")
        with pytest.raises(errors.StoreRefused):
            store.head(KEY)
        store.close()


def test_an_address_that_is_none_is_refused_when_the_store_is_made() -> None:
    with pytest.raises(errors.StoreRefused):
        R2Store("b", endpoint_url="not an address", access_key_id="a", secret_access_key="b")


def test_what_this_machine_keeps_for_aws_never_matters(s3_address: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In a process of its own, as the session is made once."""
    (tmp_path / "config").write_text("[profile work]\nregion = eu-west-1\nendpoint_url = http://127.0.0.1:9\n[default]\ns3 =\n  broken")
    (tmp_path / "credentials").write_text("[default]\naws_access_key_id = theirs\naws_secret_access_key = theirs\n")
    foreign = {"AWS_PROFILE": "no-such-profile", "AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_USE_FIPS_ENDPOINT": "true"}
    foreign |= {"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"), "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_SESSION_TOKEN": "theirs"}
    code = (
        "import sys; from pipeline.storage.r2 import R2Store; s = R2Store('b', endpoint_url=sys.argv[1], access_key_id='ours', "
        "secret_access_key='o'); c = s._s3._request_signer._credentials; "
        "print(c.access_key, c.token, s._s3.meta.endpoint_url, s._s3.meta.region_name)"
    )
    told = subprocess.run(
        [sys.executable, "-c", code, s3_address], env={**os.environ, **foreign}, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (told.stdout.split(), told.stderr) == (["ours", "None", s3_address, "auto"], "")


def test_a_conflict_with_another_request_is_tried_again(refusing: Any) -> None:
    store, server = refusing
    facts = {"x-amz-meta-sha256": sha256_of(b"one"), "Last-Modified": "Fri, 01 May 2026 12:00:00 GMT", "Content-Type": "image/png"}
    conflict = Reply(status=409, body=b"<Error><Code>ConditionalRequestConflict</Code></Error>")
    puts = iter([conflict, conflict, Reply(headers={"ETag": '"a"'})])
    server.script = lambda asked: Reply(body=b"one", headers=facts) if asked.method == "HEAD" else next(puts)
    assert store.put(KEY, b"one", **DETAILS).sha256 == sha256_of(b"one")
    assert [asked.method for asked in server.asked] == ["PUT", "PUT", "PUT", "HEAD"]


def test_further_stores_share_what_boto3_loads_once(s3_address: str) -> None:
    def seconds() -> float:
        began = time.process_time()
        R2Store("b", endpoint_url=s3_address, access_key_id="a", secret_access_key="b").close()
        return time.process_time() - began

    seconds()
    assert min(seconds() for _ in range(3)) < 0.1
