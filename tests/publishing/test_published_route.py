"""Addresses that were given away go on answering: after a move they lead on, and a page made with an older script still finds it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
import httpx
import pytest
from starlette.applications import Starlette

from pipeline.guest.hero import script, script_key
from pipeline.publishing import publications
from pipeline.routes import all_routes
from pipeline.routes import here as served
from pipeline.studio import moving, publishing
from tests.little_studio import CASE, ME, OWNER, LittleStudio
from tests.public_store import r2_settings


def answers(*paths: str) -> list[httpx.Response]:
    async def ask() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=Starlette(routes=all_routes())), base_url="http://studio") as client:
            return [await client.get(path) for path in paths]

    with ThreadPoolExecutor(1) as beside:
        return beside.submit(anyio.run, ask).result()


@pytest.fixture
def little(own_data_folder: Path) -> LittleStudio:
    served._opened.cache_clear()
    return LittleStudio(own_data_folder, customer=True)


def test_what_moved_to_a_bucket_is_still_found_under_the_address_that_was_given_away(
    little: LittleStudio, own_data_folder: Path, s3_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shown,) = publishing.publish(little.place, CASE, little.approved_avatar().sha256, OWNER, ME)
    bucket = r2_settings(s3_address)
    moved = LittleStudio(own_data_folder, **bucket)
    assert moving.migrate(moved.place, ME).copied == 1
    for name, value in bucket.items():
        monkeypatch.setenv(name, value)
    served._opened.cache_clear()
    (answer,) = answers(f"/p/{shown.key}")
    with moved.place.database.reading() as db:
        (live,) = publications.live(db, CASE).values()
    assert (answer.status_code, answer.headers["location"], answer.headers["cache-control"]) == (307, live.url, "no-store")
    assert live.url.startswith("https://media.example/sandbox/avatars/")
    served._opened.cache_clear()


def test_an_older_script_stays_and_no_other_file_passes_for_one(little: LittleStudio) -> None:
    publishing.publish(little.place, CASE, little.approved_avatar().sha256, OWNER, ME)
    older = "scripts/living-portrait-0123456789ab.js"
    little.place.storefront.store.put(older, b"// older", media_type="text/javascript", cache_control="no-store")
    now, then, none, other = answers(f"/p/{script_key()}", f"/p/{older}", "/p/scripts/living-portrait-ffffffffffff.js", "/p/scripts/other.js")
    assert (now.content, then.content, none.status_code, other.status_code) == (script(), b"// older", 404, 404)
    assert then.headers["content-type"].startswith("text/javascript")
    assert little.place.storefront.store.fetch(script_key()).data == script()
    served._opened.cache_clear()
