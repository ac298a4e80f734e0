"""Costs in a browser: a click on a bar or a name narrows everything, a link brings the same view back, and the chart looks as its data say."""

import io
import re
from collections.abc import Iterator

import pytest
from PIL import Image
from playwright.sync_api import Locator, expect

from pages.parts.spendrequests import COUNTED
from pipeline.records import Decision
from pipeline.studio import portraits, requests, reviews
from pipeline.workflows.wishes import AvatarWish
from tests.little_studio import ME, LittleStudio
from tests.pages.running import RunningApp
from tests.pages.watching import OVERHANGS, Watched

pytestmark = pytest.mark.browser
BLUE, AMBER = (0x00, 0x72, 0xB2), (0xE6, 0x9F, 0x00)
NEAR = 40


@pytest.fixture(scope="module")
def studio(app: RunningApp) -> Iterator[LittleStudio]:
    """Five avatars of one style and three of another, one of them rejected."""
    made = LittleStudio(app.settings.folder.parent)
    made.customer("case-1", "anna")
    for number, style in enumerate(("pixar",) * 5 + ("ghibli",) * 3, 1):
        asked = portraits.ask_next_avatar(made.place, "case-1", "anna", AvatarWish(style=style, seed=number), ME, number)
        requests.wait_for(made.place, asked.run.id, on_change=lambda _: None, meanwhile=lambda: None)
    newest = made.rows("SELECT sha256 FROM assets WHERE kind = 'avatar' ORDER BY created_at DESC LIMIT 1")[0]["sha256"]
    asset = next(one for one in made.assets() if one.sha256 == newest)
    reviews.decide_on(made.place, asset, "anna", Decision.REJECTED, ME, "hands")
    yield made
    made.place.database.close()


def chart(watched: Watched) -> Locator:
    bars = watched.page.locator(".js-plotly-plot .bars path")
    expect(bars).to_have_count(2)
    return bars


def test_the_question_of_the_week_is_answered_and_its_proof_is_one_click_away(app: RunningApp, studio: LittleStudio, watched: Watched) -> None:
    page = watched.page
    page.goto(f"{app.url}/costs?period=7d&by=style")
    table = page.get_by_role("table", name="Spent by style")
    expect(table.get_by_role("row").nth(1)).to_contain_text("Pixar")
    expect(table.get_by_role("columnheader", name="Per published")).to_be_visible()
    expect(table.get_by_role("row").last).to_contain_text("$0.24")
    page.get_by_role("link", name="equals 8 charges in the ledger").click()
    expect(page).to_have_url(f"{app.url}/costs?part=right")


def test_a_click_on_a_bar_narrows_everything_and_the_link_brings_it_back(app: RunningApp, studio: LittleStudio, watched: Watched) -> None:
    page = watched.page
    page.goto(f"{app.url}/costs?period=7d&by=style")
    bar = chart(watched).nth(1)
    bar.scroll_into_view_if_needed()
    box = bar.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    chips = page.locator("#narrowed .chip")
    expect(chips).to_have_count(2)
    expect(page.locator("#in-all")).to_have_text(f"{COUNTED}: 3, $0.09 in all")
    expect(page.locator(".figures .main")).to_contain_text("$0.09")
    link = page.url
    assert "style=ghibli" in link
    assert "on=" in link
    page.goto("about:blank")
    page.goto(link)
    expect(chips).to_have_count(2)
    expect(page.locator("#in-all")).to_have_text(f"{COUNTED}: 3, $0.09 in all")
    expect(page.locator(".js-plotly-plot .bars path").first).to_have_css("opacity", "0.3")


def test_a_name_in_the_legend_narrows_and_the_chip_takes_it_back(app: RunningApp, studio: LittleStudio, watched: Watched) -> None:
    page = watched.page
    page.goto(f"{app.url}/costs?period=7d&by=style")
    chart(watched)
    page.locator(".legend").get_by_role("link", name="Ghibli").press("Enter")
    expect(page.locator("#in-all")).to_have_text(f"{COUNTED}: 3, $0.09 in all")
    page.get_by_role("link", name="Take away: Style: Ghibli").click()
    expect(page.locator("#in-all")).to_have_text(f"{COUNTED}: 8, $0.24 in all")
    expect(page.locator("#narrowed")).to_have_count(0)


def test_a_row_leads_to_the_request_its_lines_and_its_picture(app: RunningApp, studio: LittleStudio, watched: Watched) -> None:
    page = watched.page
    page.goto(f"{app.url}/costs?period=7d&sort=dearest")
    page.get_by_role("table", name="Requests").get_by_role("row").nth(1).get_by_role("link").first.click()
    expect(page.get_by_role("table", name="Ledger lines").get_by_role("row").last).to_contain_text("$0.03")
    expect(page.locator(".made img")).to_be_visible()
    page.get_by_role("link", name="Look at the run").click()
    expect(page).to_have_url(re.compile(r"/queue\?run="))


def test_a_period_from_day_to_day_is_chosen_in_the_form(app: RunningApp, studio: LittleStudio, watched: Watched) -> None:
    page = watched.page
    page.goto(f"{app.url}/costs")
    page.get_by_label("Period").select_option("between")
    page.locator("input[name=since]").fill("2020-01-01")
    page.locator("input[name=until]").fill("2020-01-31")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("1 – 31 Jan 2020 (UTC)")).to_be_visible()
    assert "since=2020-01-01&until=2020-01-31" in page.url


def test_the_chart_and_its_sketch_show_areas_as_their_data_say(app: RunningApp, studio: LittleStudio, watched: Watched) -> None:
    page = watched.page
    page.goto(f"{app.url}/costs?period=today&by=style")
    chart(watched)
    page.wait_for_timeout(500)
    drawn = coloured(page.locator(".js-plotly-plot").screenshot())
    assert drawn[0] / drawn[1] == pytest.approx(5 / 3, rel=0.1)
    page.locator(".js-plotly-plot").evaluate("chart => (chart.style.visibility = 'hidden')")
    page.locator(".sketch").scroll_into_view_if_needed()
    box = page.locator(".sketch").bounding_box()
    assert box is not None
    sketched = coloured(page.screenshot(clip=box))
    assert sketched[0] / sketched[1] == pytest.approx(5 / 3, rel=0.1)
    assert sketched[0] == pytest.approx(drawn[0], rel=0.1)


def coloured(png: bytes) -> tuple[int, int]:
    """Count the pixels of the dearest name's colour and of the next one's."""
    pixels = list(Image.open(io.BytesIO(png)).convert("RGB").getdata())
    return tuple(sum(all(abs(a - b) < NEAR for a, b in zip(pixel, wanted, strict=True)) for pixel in pixels) for wanted in (BLUE, AMBER))  # type: ignore[return-value]


@pytest.mark.parametrize("width", [390, 820, 1440])
def test_nothing_hangs_over_the_edge(app: RunningApp, studio: LittleStudio, watched: Watched, width: int) -> None:
    page = watched.page
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{app.url}/costs?period=7d&by=style")
    chart(watched)
    expect(page.get_by_role("table", name="Requests")).to_be_visible()
    assert [one for one in page.evaluate(OVERHANGS) if "listing" not in one and not one.startswith(("<t", "<span", "<a", "<b"))] == []


def test_on_a_phone_a_name_has_four_lines_and_the_others_are_one_press_away(app: RunningApp, studio: LittleStudio, watched: Watched) -> None:
    page = watched.page
    page.set_viewport_size({"width": 390, "height": 900})
    page.goto(f"{app.url}/costs?period=7d&by=style")
    cells = page.get_by_role("table", name="Spent by style").get_by_role("row").nth(1).locator("td:visible")
    expect(cells).to_have_count(3)
    page.get_by_text("Every column").click()
    expect(cells).to_have_count(9)


@pytest.mark.parametrize("width", [794, 390])
def test_printing_keeps_every_column_on_the_page(app: RunningApp, studio: LittleStudio, watched: Watched, width: int) -> None:
    """794 px is a sheet of A4; a phone prints its own width."""
    page = watched.page
    page.set_viewport_size({"width": width, "height": 1123})
    page.goto(f"{app.url}/costs?period=7d&by=style")
    chart(watched)
    expect(page.get_by_role("table", name="Requests")).to_be_visible()
    page.emulate_media(media="print")
    for name, columns in (("Spent by style", 10), ("Requests", 8)):
        table = page.get_by_role("table", name=name)
        head, first = table.locator("thead th"), table.locator("tbody tr").first.locator("th, td")
        assert (head.count(), first.count()) == (columns, columns)
        for cell in (*head.all(), *first.all()):
            box = cell.bounding_box()
            assert box is not None
            assert box["width"] > 0
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= max(width, 794) + 1
    page.emulate_media(media="screen")
