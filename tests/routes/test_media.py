"""Media: one stored file for the bearer of a link, and nothing else for anybody."""

import hashlib
import io

import httpx
import pytest
from PIL import Image

from pipeline import assets
from pipeline.records import Asset, AssetKind
from pipeline.storage import links
from pipeline.storage.folder import FolderStore
from pipeline.studio.place import Place

CLIP = bytes(range(256)) * 40


@pytest.fixture
def stored(place: Place) -> Asset:
    return assets.keep(place.database, place.store, CLIP, Asset(scope="case-1", kind=AssetKind.CLIP, media_type="video/mp4"))


def test_a_link_opens_its_file_with_its_type_and_stays_private(web: httpx.Client, place: Place, stored: Asset) -> None:
    answer = web.get(place.store.signed_url(stored.key, seconds=60))
    assert (answer.status_code, answer.content) == (200, CLIP)
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["etag"] == f'"{hashlib.sha256(CLIP).hexdigest()}"'
    assert answer.headers["cache-control"].startswith("private, max-age=")
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_player_may_ask_for_a_part(web: httpx.Client, place: Place, stored: Asset) -> None:
    answer = web.get(place.store.signed_url(stored.key, seconds=60), headers={"range": "bytes=100-199"})
    assert (answer.status_code, answer.content) == (206, CLIP[100:200])
    assert answer.headers["content-range"] == f"bytes 100-199/{len(CLIP)}"


def test_a_part_past_the_end_is_refused(web: httpx.Client, place: Place, stored: Asset) -> None:
    answer = web.get(place.store.signed_url(stored.key, seconds=60), headers={"range": f"bytes={len(CLIP)}-"})
    assert answer.status_code == 416


def test_a_head_request_tells_the_size_without_the_bytes(web: httpx.Client, place: Place, stored: Asset) -> None:
    answer = web.head(place.store.signed_url(stored.key, seconds=60))
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(CLIP))


def test_a_browser_that_has_the_file_is_not_sent_it_again(web: httpx.Client, place: Place, stored: Asset) -> None:
    url = place.store.signed_url(stored.key, seconds=60)
    known = web.get(url).headers["etag"]
    assert web.get(url, headers={"if-none-match": known}).status_code == 304
    assert web.get(url, headers={"if-none-match": f'W/{known}, "other"'}).status_code == 304
    assert web.get(url, headers={"if-none-match": '"other"'}).status_code == 200


def test_a_link_that_names_a_file_makes_the_browser_save_it_under_that_name(web: httpx.Client, place: Place, stored: Asset) -> None:
    answer = web.get(place.store.signed_url(stored.key, seconds=60, save_as="Zoë & “Bo”; clip.mp4"))
    assert (answer.status_code, answer.content) == (200, CLIP)
    said = answer.headers["content-disposition"]
    assert said == "attachment; filename=\"Zo_ & _Bo_; clip.mp4\"; filename*=UTF-8''Zo%C3%AB%20%26%20%E2%80%9CBo%E2%80%9D%3B%20clip.mp4"
    assert "content-disposition" not in web.get(place.store.signed_url(stored.key, seconds=60)).headers


def test_a_grid_is_sent_small_copies_of_pictures(web: httpx.Client, place: Place) -> None:
    out = io.BytesIO()
    Image.new("RGB", (512, 640), "teal").save(out, "WEBP")
    kept = assets.keep(place.database, place.store, out.getvalue(), Asset(scope="case-1", kind=AssetKind.AVATAR_DISPLAY, media_type="image/webp"))
    url = place.store.signed_url(kept.key, seconds=60)
    answer = web.get(f"{url}?small")
    with Image.open(io.BytesIO(answer.content)) as small:
        assert (answer.headers["content-type"], small.size) == ("image/webp", (154, 192))
    assert answer.headers["etag"] != web.get(url).headers["etag"]
    assert web.get(f"{url}?small", headers={"if-none-match": answer.headers["etag"]}).status_code == 304
    place.store.delete(kept.key)  # type: ignore[attr-defined]
    assert web.get(f"{url}?small").status_code == 404


def test_an_expired_link_opens_nothing(web: httpx.Client, place: Place, stored: Asset) -> None:
    secret = links.secret_for(place.settings.folder)
    answer = web.get(f"/m/{links.sign(stored.key, secret=secret, seconds=-1)}")
    assert (answer.status_code, answer.content) == (403, b"")


@pytest.mark.parametrize(
    "change", [lambda t: t[:-6] + ("A" if t[-6] != "A" else "B") + t[-5:], lambda t: "x" + t, lambda t: t.rpartition(".")[0], lambda t: "nothing"]
)
def test_a_changed_link_opens_nothing_and_says_nothing(web: httpx.Client, place: Place, stored: Asset, change: object) -> None:
    token = place.store.signed_url(stored.key, seconds=60).removeprefix("/m/")
    answer = web.get("/m/" + change(token))  # type: ignore[operator]
    assert (answer.status_code, answer.content) == (403, b"")


def test_a_link_signed_by_another_studio_opens_nothing(web: httpx.Client, stored: Asset) -> None:
    assert web.get(f"/m/{links.sign(stored.key, secret=b'x' * 32, seconds=60)}").status_code == 403


def test_what_was_removed_is_not_found(web: httpx.Client, place: Place, stored: Asset) -> None:
    url = place.store.signed_url(stored.key, seconds=60)
    assert isinstance(place.store, FolderStore)
    place.store.delete(stored.key)
    answer = web.get(url)
    assert (answer.status_code, answer.content) == (404, b"")


@pytest.mark.parametrize(
    "path", ["/m/", "/m/../studio.db", "/m/%2e%2e%2fstudio.db", "/m/a/b", "/samples/NOTICE.md", "/samples/..%2fmodels%2fflux-dev.toml"]
)
def test_no_other_file_is_reachable(web: httpx.Client, stored: Asset, path: str) -> None:
    assert web.get(path).status_code in (403, 404)


def test_nobody_can_write_through_the_route(web: httpx.Client, place: Place, stored: Asset) -> None:
    url = place.store.signed_url(stored.key, seconds=60)
    assert {web.request(method, url, content=b"x").status_code for method in ("POST", "PUT", "DELETE", "PATCH")} == {405}


def test_the_sample_photo_is_public(web: httpx.Client) -> None:
    answer = web.get("/samples/astronaut.jpg")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
