"""Files that screens write on the way: gone when what they were for fails, found by tidying after a crash."""

import io
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
import httpx
import pytest
from starlette.types import Receive, Scope, Send

from pages.parts import tmpfiles, upload
from pages.parts.here import notice
from pipeline.errors import NotNow
from pipeline.studio import tidy
from pipeline.studio.bills import BillFile
from pipeline.studio.costs import Period
from tests.little_studio import LittleStudio
from tests.pages.screens import visit

DATA = b"request_id,endpoint_id,timestamp,cost\n"


@pytest.fixture
def studio(own_data_folder: Path) -> LittleStudio:
    """The studio whose folder the screens of this test write to."""
    made = LittleStudio(own_data_folder, customer=True)
    visit("costs", part="right")
    return made


class Given(io.BytesIO):
    """What a browser handed over."""

    name = "october.csv"


def left(studio: LittleStudio) -> list[Path]:
    """Return the files that lie about in the data folder."""
    folder = studio.place.settings.folder
    return [path for path in (*folder.glob("bill-*"), *folder.glob("take-*"), *folder.glob("tmp*/*")) if path.is_file()]


def test_an_uploaded_bill_is_handed_over_where_tidying_looks(studio: LittleStudio) -> None:
    got: list[tuple[BillFile, Path, Period]] = []
    upload.hand_over(Given(DATA), "UTC", "2026-10", lambda *what: got.append(what))
    [(bill, path, period)] = got
    assert (bill.name, path.read_bytes(), period) == ("october.csv", DATA, Period(since="2026-10-01", until="2026-10-31"))
    assert left(studio) == [path]
    os.utime(path, (time.time() - 86_500,) * 2)
    assert tidy.clear_temporary(studio.place) == 1
    assert left(studio) == []


def test_a_bill_that_is_refused_leaves_no_file_and_can_be_tried_again(studio: LittleStudio) -> None:
    def busy(*_: object) -> None:
        raise NotNow("The bill is being compared already.", next="Look again in a moment.")

    given = Given(DATA)
    for days in ("2026-10", "2026-13"):
        upload.hand_over(given, upload.SAID, days, busy)
        assert notice() != ""
        assert left(studio) == []
    got: list[bytes] = []
    upload.hand_over(given, upload.SAID, upload.TO_ITS_END, lambda _, path, __: got.append(path.read_bytes()))
    assert got == [DATA]


def test_a_file_that_cannot_be_written_to_its_end_is_gone(studio: LittleStudio) -> None:
    def write() -> None:
        with tmpfiles.begun(".csv") as path:
            path.write_bytes(b"half")
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        write()
    assert left(studio) == []


@pytest.mark.parametrize(("wanted", "status"), [(None, 200), ("bytes=0-3", 206), ("bytes=900-999", 416), ("bytes=x-y,", 400), ("lines=1-2", 400)])
def test_a_lent_file_is_gone_after_any_answer(studio: LittleStudio, wanted: str | None, status: int) -> None:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        with tmpfiles.begun(".csv") as path:
            path.write_bytes(DATA)
        await tmpfiles.LentFile(path)(scope, receive, send)

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(answer), base_url="http://127.0.0.1") as client:
            return await client.get("/", headers={"range": wanted} if wanted else {})

    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(anyio.run, ask).result().status_code == status
    assert left(studio) == []
