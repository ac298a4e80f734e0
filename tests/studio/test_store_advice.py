"""The rules of the public bucket are told ready to paste, and set on request beside those that are there."""

from pathlib import Path

import pytest

from pipeline.errors import NotAllowed, NotNow
from pipeline.publishing.cache_rule import APPLIED, NOT_SET_UP
from pipeline.records import Person, Role
from pipeline.studio import store_advice
from pipeline.studio.place import Place
from tests.little_s3 import little_s3, settings_for
from tests.little_studio import ME, LittleStudio
from tests.providers.little_server import Asked, Reply, little_server
from tests.public_store import r2_settings

TOKEN = {"CLOUDFLARE_ZONE_ID": "zone-1", "CLOUDFLARE_API_TOKEN": "the-token"}


@pytest.fixture
def little(tmp_path: Path, s3_address: str) -> LittleStudio:
    return LittleStudio(tmp_path, **r2_settings(s3_address), **TOKEN)


def test_what_is_told_is_what_is_set_and_other_rules_stay(little: LittleStudio) -> None:
    store = little.place.storefront.store
    named = {"Bucket": little.place.settings.r2_bucket_name}
    other_cors = {"AllowedOrigins": ["https://a.example"], "AllowedMethods": ["PUT"]}
    other_rule = {"ID": "abort", "Status": "Enabled", "Filter": {"Prefix": ""}, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}}
    store._s3.put_bucket_cors(**named, CORSConfiguration={"CORSRules": [other_cors]})  # type: ignore[attr-defined]
    store._s3.put_bucket_lifecycle_configuration(**named, LifecycleConfiguration={"Rules": [other_rule]})  # type: ignore[attr-defined]
    told = store_advice.advise(little.place)
    with little_server() as api:
        api.script = lambda asked: Reply(status=404) if asked.method == "GET" else Reply(body={"success": True})
        for _ in range(2):
            done = store_advice.apply(little.place, ME, api=api.address)
            assert (done.all_done, done.cors) == (True, APPLIED)
            cors = store._s3.get_bucket_cors(**named)["CORSRules"]  # type: ignore[attr-defined]
            rules = store._s3.get_bucket_lifecycle_configuration(**named)["Rules"]  # type: ignore[attr-defined]
            assert (cors[0]["AllowedOrigins"], cors[1:]) == (["https://a.example"], list(told.cors))
            assert [one["ID"] for one in rules] == ["abort", store_advice.RULE_ID]
            assert (rules[1]["Filter"], rules[1]["Expiration"]) == ({"Prefix": "sandbox/uploads/temp/"}, {"Days": 1})


def test_a_bucket_without_rules_gets_its_first(little: LittleStudio) -> None:
    done = store_advice.apply(little.place, ME)
    assert (done.cors, done.lifecycle, done.all_done) == (APPLIED, APPLIED, False)
    assert "the sandbox calls nobody" in done.cache_rule


def test_a_token_without_that_right_is_told_so(tmp_path: Path) -> None:
    with little_s3() as s3:
        s3.refused["LIST"] = s3.refused["PUT"] = (403, "AccessDenied")
        done = store_advice.apply(Place(settings_for(s3.address, STUDIO_DATA=str(tmp_path))), ME)
    assert {"Admin Read & Write" in words for words in (done.cors, done.lifecycle)} == {True}
    assert done.cache_rule == NOT_SET_UP


def test_the_folder_needs_no_rules_and_is_told_them_all_the_same(tmp_path: Path) -> None:
    place = LittleStudio(tmp_path).place
    assert "media.example.com" in store_advice.advise(place).cache_rule["expression"]
    with pytest.raises(NotNow):
        store_advice.apply(place, ME)


def test_without_the_role_nothing_is_set(little: LittleStudio) -> None:
    asked: list[Asked] = []
    with little_server() as api:
        api.script = lambda one: (asked.append(one), Reply(status=404))[1]
        with pytest.raises(NotAllowed):
            store_advice.apply(little.place, Person(name="cleo", roles=frozenset(Role) - {Role.ADMIN}), api=api.address)
    assert asked == []
