"""Compare without a browser: what the page says before anybody pays, and what its buttons do."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from pages.parts import daylinks, sweepfeed
from pipeline.errors import NotAllowed
from pipeline.records import RunKind
from pipeline.studio import replays, sweep_runs, sweep_view, sweeps, testphotos
from pipeline.sweeps.plans import read_plan
from tests.little_studio import ME, LittleStudio, intake
from tests.pages.screens import drawn, visit

NASTY = "<script>alert(1)</script> & Söhne 👰🤵"


@pytest.fixture
def studio(own_data_folder: Path) -> LittleStudio:
    """The studio that the screens of this test look at."""
    return LittleStudio(own_data_folder)


@pytest.fixture
def sweep(studio: LittleStudio) -> sweeps.Sweep:
    """A plan of two photos, two styles and two strengths."""
    return planned(studio, "s1", "Spring presets", style="pixar, ghibli", strength="0.5, 0.6")


def planned(studio: LittleStudio, sweep_id: str, name: str, **axes: str) -> sweeps.Sweep:
    sources = [testphotos.add(studio.place, f"{colour} {NASTY}", intake(colour), ME).id for colour in ("blue", "red")]
    plan = read_plan(RunKind.AVATAR, [("photo", "\n".join(sources)), *axes.items()]).plan
    return sweeps.save(studio.place, sweep_id, name, plan, ME, version=0)


def buy(studio: LittleStudio, sweep_id: str = "s1") -> None:
    sweep_runs.start(studio.place, sweep_id, ME, ceiling_micro_usd=10_000_000)


def test_an_empty_list_says_what_a_sweep_is_for(studio: LittleStudio) -> None:
    seen = drawn(visit("compare"))
    assert "Which strength and which words keep the face" in seen
    assert "New sweep" in seen


def test_the_plan_says_cells_price_and_what_is_left_before_anybody_pays(studio: LittleStudio, sweep: sweeps.Sweep) -> None:
    seen = drawn(visit("compare", sweep=sweep.id))
    assert "8 cells" in seen
    assert "8 × $0.03 (1 megapixel at $0.03) = $0.24" in seen
    assert "Make 8 pictures · $0.24" in seen
    assert "$50.00 is left of today’s cap." in seen
    assert "Spring presets" in seen
    assert "<script>" not in seen


def test_what_is_bought_is_asked_for_no_more(studio: LittleStudio, sweep: sweeps.Sweep) -> None:
    buy(studio)
    seen = drawn(visit("compare", sweep=sweep.id))
    assert "Every cell of this plan was asked for." in seen
    assert "0 of 8 made · 8 on their way" in seen
    assert "Cancel the other 8" in seen


def test_what_failed_is_offered_again_at_its_price(studio: LittleStudio, sweep: sweeps.Sweep) -> None:
    buy(studio)
    for row in studio.rows("SELECT id FROM runs"):
        studio.fail(studio.run(row["id"]))
    assert "Retry 8 · $0.24" in drawn(visit("compare", sweep=sweep.id))


def test_strengths_that_look_the_same_are_named_with_a_button_that_saves(studio: LittleStudio) -> None:
    seen = drawn(visit("compare", sweep=planned(studio, "s2", "same", strength="0.6, 0.61").id))
    assert "Strengths 0.6 and 0.61 take the same 24 of 40 steps" in seen
    assert "Merge them and save $0.06" in seen


def test_a_sweep_that_is_not_there_gets_a_friendly_page(studio: LittleStudio) -> None:
    assert "There is no sweep “nothing”." in drawn(visit("compare", sweep="nothing"))


class Web:
    """The feed as the app serves it."""

    def get(self, address: str, **params: str) -> httpx.Response:
        async def ask() -> httpx.Response:
            served = httpx.ASGITransport(Starlette(routes=[Route("/grid/{token}", sweepfeed.feed)]))
            async with httpx.AsyncClient(transport=served, base_url="http://studio") as client:
                return await client.get(address, params=params)

        # In a thread of its own: a browser that other tests drive keeps a loop in this one.
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(anyio.run, ask).result()


@pytest.fixture
def web(studio: LittleStudio) -> Web:
    return Web()


def test_the_feed_tells_everything_once_and_then_only_what_changed(studio: LittleStudio, sweep: sweeps.Sweep, web: Web) -> None:
    address = sweepfeed.address(sweep.id, ME.name)
    whole = web.get(address).json()
    assert (whole["whole"], len(whole["cells"]), [axis["name"] for axis in whole["axes"]]) == (True, 8, ["photo", "style", "strength"])
    assert {cell["state"] for cell in whole["cells"]} == {"planned"}
    assert web.get(address, since=whole["cursor"]).json()["cells"] == []
    buy(studio)
    asked = web.get(address, since=whole["cursor"]).json()
    assert (asked["whole"], len(asked["cells"]), {cell["state"] for cell in asked["cells"]}) == (False, 8, {"waiting"})
    made = studio.run(asked["cells"][0]["id"])
    studio.succeed(made)
    changed = web.get(address, since=asked["cursor"]).json()["cells"]
    assert [(cell["id"], cell["state"], cell["cost_micro_usd"]) for cell in changed] == [(made.id, "made", 30_000)]
    assert changed[0]["picture"].startswith("/m/")


def test_the_feed_of_a_sweep_opens_for_nobody_who_was_not_given_its_address(studio: LittleStudio, sweep: sweeps.Sweep, web: Web) -> None:
    token = sweepfeed.address(sweep.id, ME.name).rpartition("/")[2]
    other = daylinks.sign("sweep", sweep.id, ME.name)
    assert [web.get(f"/grid/{one}").status_code for one in (token, token[:-2], other, "nothing")] == [200, 403, 403, 403]
    assert web.get(sweepfeed.address("gone", ME.name)).status_code == 404
    with pytest.raises(NotAllowed):
        daylinks.read("grid", other)


def test_nothing_that_did_not_change_has_another_version(studio: LittleStudio, sweep: sweeps.Sweep) -> None:
    def version() -> str:
        return sweepfeed.version(sweep_view.look(studio.place, sweep.id), ME.name)

    before = version()
    assert version() == before
    buy(studio)
    assert version() != before


def test_cells_that_ask_for_the_very_same_share_a_run_and_have_names_of_their_own(studio: LittleStudio, web: Web) -> None:
    sweep = planned(studio, "s3", "same words", model="flux-kontext", strength="0.5, 0.6")
    cells = web.get(sweepfeed.address(sweep.id, ME.name)).json()["cells"]
    assert len({cell["id"] for cell in cells}) == 4
    assert len({cell["id"].partition("@")[0] for cell in cells}) == 2
    assert json.dumps(cells).count("Ignored by this model") == 4


def test_a_replay_says_where_it_stands_and_then_what_it_showed(studio: LittleStudio, web: Web) -> None:
    sweep = planned(studio, "s4", "proof", strength="0.5")
    buy(studio, sweep.id)
    cell = studio.run(studio.rows("SELECT id FROM runs ORDER BY id")[0]["id"])
    studio.succeed(cell)
    again = replays.replay(studio.place, cell.id, ME, told_micro_usd=30_000)

    def proof() -> str:
        cells = web.get(sweepfeed.address(sweep.id, ME.name)).json()["cells"]
        return dict(map(tuple, next(one for one in cells if one["id"] == cell.id)["facts"])).get("Replay", "")

    assert proof() == studio.run(again).stage
    studio.fail(again)
    assert proof() == "Failed"
    assert len(web.get(sweepfeed.address(sweep.id, ME.name)).json()["cells"]) == 2
