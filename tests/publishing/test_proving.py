"""`doctor` tries the public store with a real object, and names the right or the setting that is missing."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.doctor import Finding, _examine, _store
from pipeline.errors import BadSetting, StoreRefused
from pipeline.publishing.proving import exercise
from pipeline.studio.place import open_storefront
from tests.little_s3 import SECRETS, LittleS3, little_s3, settings_for


@pytest.fixture
def s3() -> Iterator[LittleS3]:
    with little_s3() as running:
        yield running


def found(s3: LittleS3, **more: str) -> Finding:
    return _examine("store", _store, settings_for(s3.address, **more))


def test_a_store_with_every_right_is_tried_with_a_real_object_and_left_as_it_was(s3: LittleS3) -> None:
    finding = found(s3)
    assert (finding.ok, s3.objects) == (True, {})
    assert finding.say == (
        "private media in the folder, published in r2:media: wrote, read in parts and removed test objects; guests read from https://media.example.com"
    )
    assert [asked.method for asked in s3.asked] == ["PUT", "HEAD", "GET", "GET", "HEAD", "DELETE", "HEAD"]
    assert all("/_check/" in asked.path or "list-type" in asked.path for asked in s3.asked)
    assert s3.asked[0].path.startswith("/media/sandbox/_check/")


@pytest.mark.parametrize(
    ("verb", "right"),
    [("PUT", "write objects"), ("HEAD", "describe objects"), ("GET", "read objects"), ("LIST", "list objects"), ("DELETE", "delete objects")],
)
def test_the_missing_right_is_named(s3: LittleS3, verb: str, right: str) -> None:
    s3.refused[verb] = (403, "AccessDenied")
    finding = found(s3)
    assert not finding.ok
    assert finding.say == f"The public store does not let us {right}. The store says that its key may not do this."
    assert "R2_ACCESS_KEY_ID" in finding.remedy
    assert (s3.objects == {}) == (verb not in ("HEAD", "DELETE"))


@pytest.mark.parametrize(
    ("status", "code", "says", "setting"),
    [
        (403, "InvalidAccessKeyId", "does not know the access key", "R2_ACCESS_KEY_ID"),
        (401, "Unauthorized", "does not know the access key", "R2_ACCESS_KEY_ID"),
        (403, "SignatureDoesNotMatch", "does not accept the secret key", "R2_SECRET_ACCESS_KEY"),
        (404, "NoSuchBucket", "no bucket of that name", "R2_BUCKET_NAME"),
        (403, "RequestTimeTooSkewed", "clocks", "clock of this machine"),
        (418, "SomethingNew", "refused", "doctor"),
    ],
)
def test_each_fault_says_which_setting_to_look_at(s3: LittleS3, status: int, code: str, says: str, setting: str) -> None:
    s3.refused = dict.fromkeys(("PUT", "HEAD", "GET", "DELETE"), (status, code))
    finding = found(s3)
    assert (finding.ok, says in finding.say, setting in finding.remedy) == (False, True, True)
    assert not any(word in f"{finding.say}{finding.remedy}" for word in ("RAW", code, *SECRETS.values()))


def test_a_store_that_is_too_busy_or_out_of_reach_says_so(s3: LittleS3, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    s3.refused["PUT"] = (503, "SlowDown")
    assert "too busy" in found(s3).say
    nobody = _examine("store", _store, settings_for("http://127.0.0.1:9"))
    assert ("could not be reached" in nobody.say, "R2_ENDPOINT" in nobody.remedy) == (True, True)


@pytest.mark.parametrize("domain", ["pub-0.r2.dev", "PUB-0.R2.DEV", "pub-0.r2.dev:443"])
def test_an_address_on_r2_dev_is_no_public_domain(s3: LittleS3, domain: str) -> None:
    with pytest.raises(BadSetting, match="R2_PUBLIC_DOMAIN"):
        exercise(open_storefront(settings_for(s3.address, R2_PUBLIC_DOMAIN=domain)))
    assert s3.asked == []


@pytest.mark.parametrize("name", ["R2_ENDPOINT", "R2_ACCESS_KEY_ID", "R2_SECRET_ACCESS_KEY", "R2_BUCKET_NAME", "R2_PUBLIC_DOMAIN"])
def test_a_setting_that_is_missing_is_named(s3: LittleS3, name: str) -> None:
    finding = found(s3, **{name: ""})
    assert (finding.ok, name in finding.say) == (False, True)


def test_a_store_that_gives_back_something_else_is_not_good_enough(s3: LittleS3) -> None:
    front = open_storefront(settings_for(s3.address))
    answer = s3.answer
    with little_s3() as forgetful:
        forgetful.objects = s3.objects
        forgetful._put = lambda key, asked: answer(asked)  # type: ignore[method-assign]
        front = open_storefront(settings_for(forgetful.address))
        exercise(front)
        forgetful._put = lambda key, asked: (answer(asked), s3.objects.update({key: (b"x" * 64, s3.objects[key][1])}))[0]  # type: ignore[method-assign]
        with pytest.raises(StoreRefused, match="content differs"):
            exercise(front)
    assert s3.objects == {}


def test_the_folder_store_is_tried_in_the_same_way(tmp_path: Path) -> None:
    settings = settings_for("http://127.0.0.1:9", STUDIO_STORE="folder", STUDIO_DATA=str(tmp_path))
    assert _examine("store", _store, settings).ok
    assert [path for path in (settings.folder / "public").rglob("*") if path.suffix in (".webp", ".json")] == []
