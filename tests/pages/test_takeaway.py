"""Take away without a browser: every file says what the screen says, and a press makes a backup that is proven."""

import csv
import io
import re
import time
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import anyio
import httpx
import pytest
from pyarrow import parquet
from starlette.applications import Starlette
from starlette.routing import Route

from pages.parts import daylinks, here, spendcloser, steady, takeaway, takefiles
from pages.parts.spendask import Asked
from pipeline.records import Decision, Person, Role
from pipeline.studio import backups, looks, people, reviews
from pipeline.studio.export_columns import ADDING_UP, Table, columns_of
from tests.little_studio import ME, OWNER, LittleStudio
from tests.pages.screens import drawn, visit

PATIENCE_SECONDS = 40.0
LINK = re.compile(r'href="(/take/[^"]+)"')


@pytest.fixture
def studio(own_data_folder: Path) -> LittleStudio:
    studio = LittleStudio(own_data_folder, customer=True)
    studio.approved_clip()
    reviews.decide_on(studio.place, studio.avatar(), OWNER, Decision.REJECTED, ME)
    return studio


class Client:
    """A browser that follows the links of the part."""

    def get(self, path: str) -> httpx.Response:
        async def ask() -> httpx.Response:
            app = Starlette(routes=[Route("/take/{token}/{name}", takefiles.take)])
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
                return await client.get(path)

        with ThreadPoolExecutor(1) as thread:
            return thread.submit(anyio.run, ask).result()


@pytest.fixture
def client() -> Client:
    return Client()


def part(**query: str) -> str:
    return drawn(visit("costs", part="takeaway", **query))


def links(seen: str) -> dict[str, str]:
    return {urlsplit(found).path.rpartition("/")[2]: unescape(found) for found in LINK.findall(seen)}


def spent(name: str, body: bytes) -> int:
    lines = csv.DictReader(io.StringIO(body.decode("utf-8-sig"))) if name.endswith("csv") else parquet.read_table(io.BytesIO(body)).to_pylist()
    rows = list(lines)
    if "ledger" in name:
        return sum(int(row["micro_usd"]) for row in rows if row["kind"] in ("charge", "adjust"))
    return sum(int(row["charged_micro_usd"]) for row in rows)


def adds_up(name: str) -> bool:
    return name.removeprefix("whole-").partition(".")[0] in ADDING_UP


def test_every_file_of_a_view_comes_to_what_the_screen_says(studio: LittleStudio, client: Client) -> None:
    seen = part(model="flux-dev")
    assert "<b>$0.06</b>" in seen
    taken = {name: spent(name, client.get(link).content) for name, link in links(seen).items() if adds_up(name)}
    assert len(links(seen)) == 2 * len(Table) + 4
    assert len(taken) == 2 * len(ADDING_UP) + 4
    total = looks.ledger_totals(studio.place)["charged_micro_usd"]
    assert {name: money for name, money in taken.items() if money != (total if name.startswith("whole-") else 60_000)} == {}
    assert [path.name for path in studio.place.settings.folder.glob("tmp-screens/*")] == []


def test_a_file_has_a_name_that_says_what_it_is_and_that_its_days_are_utc(studio: LittleStudio, client: Client) -> None:
    found = links(part(period="all"))
    told = {name: client.get(link).headers["content-disposition"].partition("''")[2] for name, link in found.items()}
    assert told["whole-ledger.csv"] == "sandbox%20ledger%20UTC.csv"
    assert told["costs.parquet"].startswith("sandbox%20costs%20by%20model")


def test_a_link_that_was_not_given_out_here_opens_nothing(studio: LittleStudio, client: Client) -> None:
    good = daylinks.sign("costs")
    asked = {f"/take/{good}/ledger.csv": 200, "/take/x/ledger.csv": 403, f"/take/{daylinks.sign('sweep')}/ledger.csv": 403}
    asked |= {f"/take/{good}/{name}": 404 for name in ("cases.csv", "ledger", "ledger.db", "whole-.csv")}
    asked |= {f"/take/{good}/requests.csv?period=between&since=x": 200, f"/take/{good}/requests.csv?model={'x' * 500}": 200}
    assert {path: client.get(path).status_code for path in asked} == asked


def test_every_column_is_explained(studio: LittleStudio) -> None:
    seen = part(by="style")
    for table in Table:
        for column in columns_of(table, ("style",) if table is Table.COSTS else ()):
            assert f"<code>{column.name}</code>" in seen
    assert "Sums by style" in seen
    assert "UTC" in seen


def test_the_spending_leads_to_the_files_of_the_same_view_and_back(studio: LittleStudio) -> None:
    seen = drawn(visit("costs", model="flux-dev", by="style"))
    assert 'href="/costs?by=style&amp;model=flux-dev&amp;part=takeaway"' in seen
    assert 'href="/costs?by=style&amp;model=flux-dev" data-go>Choose other days' in part(model="flux-dev", by="style")


def ended() -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while takeaway.errand().outcome.began_at or not takeaway.errand().outcome.ended_at:
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_press_makes_a_backup_and_says_what_it_holds(studio: LittleStudio) -> None:
    assert "There is no backup yet." in part()
    takeaway.ACTIONS["back-up"]({})
    ended()
    [made] = backups.backups(studio.place.settings)
    seen = part()
    assert "Backed up and proven: 3 runs, 9 ledger lines, $0.41 spent" in seen
    assert made.name in seen
    assert "python -m" not in seen
    assert str(studio.place.settings.data) not in seen


def test_a_backup_that_cannot_be_made_is_said_in_words(studio: LittleStudio) -> None:
    with studio.place.database.writing() as tx:
        tx.execute("UPDATE balances SET charged_micro_usd = 1")
    takeaway.ACTIONS["back-up"]({})
    ended()
    assert "does not add up" in part()
    assert backups.backups(studio.place.settings) == ()


def test_who_may_not_change_how_the_studio_is_run_sees_why_there_is_no_backup_to_press(studio: LittleStudio) -> None:
    people.add(studio.place, "me", "studio", frozenset(Role), Person(name="me"))
    people.add(studio.place, "guest", "studio", frozenset({Role.VIEW}), Person(name="me"))
    app = visit("costs", part="takeaway")
    app.session_state["person"] = "guest"
    assert "Your role does not allow backups." in drawn(app.run())


def test_what_people_are_called_cannot_break_the_page(studio: LittleStudio) -> None:
    assert "<script>" not in part(person="<script>alert(1)</script>", since="<b>")


def test_estimates_stand_beside_what_was_charged_and_a_drift_is_flagged(studio: LittleStudio) -> None:
    said = html_of(Asked(closer="prices"))
    assert "Too few requests to tell (2 of 20)." in said
    with studio.place.database.writing() as tx:
        names = [row["name"] for row in tx.execute("PRAGMA table_info(costs)") if row["name"] not in ("id", "charged_micro_usd")]
        others = f"{', '.join(names)}) SELECT ?, 31500, {', '.join(names)} FROM costs WHERE endpoint LIKE '%flux%' LIMIT 1"
        tx.executemany(f"INSERT INTO costs(id, charged_micro_usd, {others}", [(f"r{number}",) for number in range(20)])
    said = html_of(Asked(closer="prices", by="style"))
    assert "It costs 4.5 % more than estimated" in said
    assert "+4.55 %" in said


def html_of(asked: Asked) -> str:
    here._version.clear()
    steady._kept.clear()
    return str(spendcloser.draw(asked))
