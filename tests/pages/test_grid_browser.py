"""The Compare grid in a real browser: laid at will, walked by keys, judged, compared, linked to, and kept up to date without flicker."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.pages.grid_harness import STRENGTHS, GridServer, address, axis, cells_of, clip, serving, usual_axes
from tests.pages.scanner import prepare, serious
from tests.pages.watching import OVERHANGS, Watched

pytestmark = pytest.mark.browser
TAGGED = "() => [...document.querySelector('#host').shadowRoot.querySelectorAll('.cell img.picture')].map(image => (image.tagged = true)).length"
STILL_TAGGED = "() => [...document.querySelector('#host').shadowRoot.querySelectorAll('.cell img.picture')].filter(image => image.tagged).length"
# Milliseconds from choosing another order to the frame after it is drawn.
RELAID = """([name, axis]) => new Promise(done => {
    const select = document.querySelector('#host').shadowRoot.querySelector(`[data-name="${name}"]`)
    const begun = performance.now()
    select.value = axis
    select.dispatchEvent(new Event('change', { bubbles: true }))
    requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - begun)))
})"""
CLIPS = "() => [...document.querySelector('#host').shadowRoot.querySelectorAll('.cell video')].map(clip => [clip.paused, clip.currentTime])"
TWO_FRAMES = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
# The height of the first row at every frame of a second.
HEIGHTS_OF_A_SECOND = """() => new Promise(done => {
    const row = document.querySelector('#host').shadowRoot.querySelector('.body-row')
    const [begun, seen] = [performance.now(), []]
    const look = () => {
        seen.push(row.offsetHeight)
        if (performance.now() - begun < 1000) requestAnimationFrame(look)
        else done(seen)
    }
    look()
})"""


Serve = Callable[..., GridServer]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Serve sweeps until the test's browser has gone."""
    with ExitStack() as ends:
        yield lambda cells, axes, **how: ends.enter_context(serving(tmp_path, cells, axes, **how))


@pytest.fixture
def sweep(tmp_path: Path, serve: Serve) -> GridServer:
    """Forty made cells: two photos, two styles, five strengths, two seeds."""
    axes = usual_axes()
    return serve(cells_of(tmp_path, axes), axes)


def opened(watched: Watched, sweep: GridServer, view: str = "") -> Page:
    """Open the grid and wait until its first cell is drawn."""
    watched.page.goto(f"{sweep.url}/{view}")
    expect(watched.page.locator(".cell[data-id]").first).to_be_attached()
    return watched.page


def cell(page: Page, id_: str) -> Locator:
    return page.locator(f'.cell[data-id="{id_}"]')


def told(page: Page, count: int) -> list[dict[str, Any]]:
    """Return what Python was told, once it was told this many things."""
    page.wait_for_function("count => told.length >= count", arg=count)
    said = page.evaluate("() => told.map(({ wish, ...rest }) => rest)")
    assert len(said) == count
    return list(said)


def hash_of(page: Page, pattern: str) -> str:
    page.wait_for_function("pattern => new RegExp(pattern).test(location.hash)", arg=pattern)
    return str(page.evaluate("() => location.hash"))


def top_and_left(place: Locator) -> tuple[float, float]:
    box = place.bounding_box()
    assert box is not None
    return box["x"], box["y"]


def test_the_usual_view_is_photos_and_styles_by_strengths_with_seeds_in_the_cell(sweep: GridServer, watched: Watched) -> None:
    page = opened(watched, sweep)
    expect(page.get_by_role("columnheader")).to_have_text([re.compile("Photo, Style.*Strength"), *STRENGTHS])
    expect(page.get_by_role("rowheader")).to_have_text(["Ana & BenPixar", "Ana & BenGhibli", "LimPixar", "LimGhibli"])
    expect(page.get_by_role("rowheader").first.locator("img")).to_have_js_property("complete", True)
    expect(page.locator(".grid-fixed")).to_have_text("Fixed: Steps 40")
    expect(page.get_by_role("gridcell").first).to_have_accessible_name(
        re.compile("^Ana & Ben, Pixar, strength 0.50, seed 7: made, likeness 0.30, \\$0.03$")
    )
    assert page.evaluate("() => location.hash") == ""


def test_any_axis_goes_anywhere_without_a_word_to_the_server_and_no_picture_comes_again(sweep: GridServer, watched: Watched) -> None:
    page = opened(watched, sweep)
    page.wait_for_function("() => [...document.querySelector('#host').shadowRoot.querySelectorAll('.cell img')].length === 40")
    page.wait_for_load_state("networkidle")
    asked, feeds, tagged = len(sweep.asked), len(sweep.feeds), page.evaluate(TAGGED)
    page.get_by_label("Columns", exact=True).select_option("seed")
    expect(page.get_by_role("columnheader")).to_have_text([re.compile("Seed"), "7", "8"])
    expect(page.get_by_label("In the cell", exact=True)).to_have_value("strength")
    page.get_by_label("Pages", exact=True).select_option("style")
    expect(page.get_by_role("rowheader")).to_have_text(["Ana & Ben", "Lim"])
    expect(page.get_by_label("Page", exact=True).locator("option")).to_have_text(["Pixar", "Ghibli"])
    page.get_by_role("button", name="Next page").click()
    expect(page.get_by_role("gridcell").first).to_have_accessible_name(re.compile("Ghibli"))
    expect(page.get_by_role("gridcell").first.locator(".of")).to_have_text("strength 0.50")
    page.get_by_role("button", name="Swap rows and columns").click()
    expect(page.get_by_role("rowheader")).to_have_text(["7", "8"])
    expect(page.get_by_role("gridcell")).to_have_count(20)
    page.get_by_label("Rows, then").select_option("style")
    expect(page.get_by_role("rowheader")).to_have_text(["7Pixar", "7Ghibli", "8Pixar", "8Ghibli"])
    assert page.evaluate(STILL_TAGGED) == tagged == 40
    assert (len(sweep.asked), len(sweep.feeds)) == (asked, feeds)
    assert told(page, 0) == []


def test_an_axis_is_always_somewhere(sweep: GridServer, watched: Watched) -> None:
    page = opened(watched, sweep)
    page.get_by_label("In the cell", exact=True).select_option("")
    expect(page.get_by_label("Pages", exact=True)).to_have_value("seed")
    page.get_by_label("Pages", exact=True).select_option("")
    expect(page.get_by_label("In the cell", exact=True)).to_have_value("seed")
    expect(page.get_by_role("gridcell")).to_have_count(40)


@pytest.mark.parametrize("width", [390, 1280])
def test_heads_stay_while_the_grid_scrolls_in_its_own_box(sweep: GridServer, watched: Watched, width: int) -> None:
    watched.page.set_viewport_size({"width": width, "height": 700})
    page = opened(watched, sweep, "#size=200")
    column, row, box = page.get_by_role("columnheader").nth(1), page.get_by_role("rowheader").first, page.locator(".grid-scroller")
    before = top_and_left(column), top_and_left(row)
    box.evaluate("box => box.scrollTo(300, 250)")
    page.wait_for_function("box => box.scrollTop === 250 && box.scrollLeft === 300", arg=box.element_handle())
    assert top_and_left(column) == (before[0][0] - 300, before[0][1])
    assert top_and_left(row) == (before[1][0], before[1][1] - 250)
    corner = page.get_by_role("columnheader").first
    assert top_and_left(corner) == (before[1][0], before[0][1])
    assert page.evaluate(OVERHANGS.replace("drawn(node)", "drawn(node) && !node.closest('.grid-scroller')")) == []


def test_a_long_label_is_whole(tmp_path: Path, serve: Serve, watched: Watched) -> None:
    long = "a very long wording of a prompt with a-word-that-has-no-place-to-break-" + "x" * 60
    axes = [axis("style", long, "Pixar"), axis("strength", *STRENGTHS)]
    sweep = serve(cells_of(tmp_path, axes, size_px=32), axes)
    page = opened(watched, sweep, "#size=64")
    for view in ("rowheader", "columnheader"):
        label = page.get_by_role(view).filter(has_text=long).locator(".label")  # type: ignore[arg-type]
        expect(label).to_have_text(long)
        fits = "head => head.scrollWidth <= head.clientWidth && head.scrollHeight <= head.clientHeight + 1"
        assert label.evaluate(f"label => ({fits})(label.closest('.head'))")
        page.get_by_role("button", name="Swap rows and columns").click()


def test_arrows_walk_and_the_focus_is_one_stop_for_the_tab_key(sweep: GridServer, watched: Watched) -> None:
    page = opened(watched, sweep)
    cell(page, "c0").focus()
    for key, id_ in (
        ("ArrowRight", "c1"),
        ("ArrowRight", "c2"),
        ("ArrowDown", "c12"),
        ("ArrowLeft", "c11"),
        ("ArrowUp", "c1"),
        ("ArrowUp", "c1"),
        ("End", "c9"),
    ):
        page.keyboard.press(key)
        expect(cell(page, id_)).to_be_focused()
    assert page.locator('.cell[tabindex="0"]').count() == 1
    page.get_by_label("Columns", exact=True).select_option("style")
    expect(cell(page, "c9")).to_have_attribute("tabindex", "0")


def test_stars_show_at_once_are_told_once_and_go_with_zero(sweep: GridServer, watched: Watched) -> None:
    page = opened(watched, sweep)
    cell(page, "c3").focus()
    page.keyboard.press("4")
    page.keyboard.press("4")
    expect(cell(page, "c3").locator(".votes")).to_have_text("★4")
    page.keyboard.press("0")
    expect(cell(page, "c3").locator(".votes")).to_have_count(0)
    assert told(page, 2) == [{"do": "rate", "cell": "c3", "stars": "4"}, {"do": "rate", "cell": "c3", "stars": "0"}]
    sweep.change("c3", stars=2, mean_stars=3.5)
    sweep.tell(page)
    expect(cell(page, "c3").locator(".votes")).to_have_text("★2")


def test_a_rejection_has_a_reason_and_perhaps_a_note(sweep: GridServer, watched: Watched) -> None:
    page = opened(watched, sweep)
    cell(page, "c5").focus()
    page.keyboard.press("r")
    dialog = page.get_by_role("dialog", name="Reject")
    dialog.get_by_text("hands", exact=True).click()
    dialog.get_by_label("Note, if you like").fill("six fingers, 1 2 3")
    dialog.get_by_role("button", name="Reject").click()
    expect(cell(page, "c5").locator(".rejected")).to_contain_text("hands")
    assert told(page, 1) == [{"do": "reject", "cell": "c5", "reason": "hands", "note": "six fingers, 1 2 3"}]
    expect(cell(page, "c5")).to_be_focused()


def test_full_size_shows_every_fact_and_arrows_walk_inside_it(sweep: GridServer, watched: Watched) -> None:
    page = opened(watched, sweep)
    cell(page, "c2").click()
    full = page.get_by_role("dialog", name="Ana & Ben, Pixar, strength 0.55, seed 7")
    for words in ("0.54 · close", "$0.03", "9.1 s", "192 × 192 px", "FLUX.1 [dev]", "fal-ai/flux/dev/image-to-image", "40"):
        expect(full.get_by_text(words, exact=True).first).to_be_visible()
    hash_of(page, "open=c2")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("dialog", name="Ana & Ben, Ghibli, strength 0.55, seed 7")).to_be_visible()
    page.keyboard.press("5")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(cell(page, "c12")).to_be_focused()
    expect(cell(page, "c12").locator(".votes")).to_have_text("★5")
    assert "open" not in hash_of(page, "^(?!.*open)")


def test_buttons_of_the_full_view_tell_python_what_and_for_how_much(sweep: GridServer, watched: Watched) -> None:
    sweep.change("c1", state="failed", words="The model broke off", picture=None, full=None, likeness=None)
    page = opened(watched, sweep)
    cell(page, "c1").click()
    page.get_by_role("button", name="Try again").click()
    page.keyboard.press("ArrowLeft")
    page.get_by_role("button", name="Replay · $0.03").dblclick()
    page.get_by_role("button", name="Animate this one in a sweep").click()
    cell(page, "c0").click()
    page.get_by_role("button", name="Make this the preset for support").click()
    assert told(page, 4) == [
        {"do": "retry-cell", "cell": "c1"},
        {"do": "replay", "cell": "c0", "price": "30000"},
        {"do": "use-source", "cell": "c0"},
        {"do": "preset", "cell": "c0"},
    ]


def test_two_presses_of_x_compare_two_cells_under_one_zoom(sweep: GridServer, watched: Watched) -> None:
    page = opened(watched, sweep)
    cell(page, "c0").focus()
    page.keyboard.press("x")
    expect(cell(page, "c0")).to_have_accessible_name(re.compile("marked A"))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("x")
    pair = page.get_by_role("dialog", name="Pair view")
    expect(pair.locator(".lens-layer")).to_have_count(2)
    page.keyboard.press("b")
    lens = pair.locator(".lens")
    expect(lens).to_have_count(2)
    box = lens.first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + box["height"] * 0.25)
    page.mouse.wheel(0, -300)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.65, box["y"] + box["height"] * 0.3, steps=3)
    page.mouse.up()
    places = [picture.evaluate("picture => getComputedStyle(picture).transform") for picture in pair.locator(".looked").all()]
    assert places[0] == places[1]
    scale, _, _, _, left, top = (float(part) for part in places[0].removeprefix("matrix(").removesuffix(")").split(","))
    # The wheel zooms about the pointer: what lies there stays there. Then the drag moves it along.
    expected = [box["width"] * (0.75 * (1 - 1.2) - 0.1), box["height"] * max(0.25 * (1 - 1.2) + 0.05, 1 - 1.2)]
    assert scale == pytest.approx(1.2)
    assert [left, top] == pytest.approx([max(expected[0], box["width"] * (1 - 1.2)), min(0, expected[1])], abs=2)
    page.keyboard.press("ArrowRight")
    hash_of(page, "pair=c0,c2&mode=beside")
    page.keyboard.press("f")
    expect(pair.locator(".lens-layer.turned")).to_have_attribute("data-of", "c0")
    expect(pair.locator(".lens-layer.turned")).to_have_attribute("data-of", "c2")
    page.keyboard.press("Escape")
    expect(pair).to_have_count(0)
    expect(cell(page, "c2")).to_be_focused()


def test_the_slider_uncovers_and_the_compare_strip_holds_more_than_two(sweep: GridServer, watched: Watched) -> None:
    page = opened(watched, sweep, "#pair=c0,c1&mode=slider")
    pair = page.get_by_role("dialog", name="Pair view")
    pair.get_by_role("slider").fill("20")
    lens = pair.locator(".lens")
    expect(lens.locator(".lens-layer").last).to_have_css("clip-path", "inset(0px 0px 0px 20%)")
    box = lens.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 0.75, box["y"] + box["height"] / 2)
    expect(pair.get_by_role("slider")).to_have_value("75")
    page.keyboard.press("Escape")
    for id_ in ("c0", "c4", "c8"):
        cell(page, id_).focus()
        page.keyboard.press("c")
    page.get_by_role("button", name="Compare 3").click()
    page.keyboard.press("b")
    expect(pair.locator(".lens")).to_have_count(3)


def test_the_source_photo_is_one_key_away(sweep: GridServer, watched: Watched) -> None:
    page = opened(watched, sweep)
    cell(page, "c2").focus()
    page.keyboard.press("p")
    expect(page.get_by_alt_text("The source photo")).to_have_count(2)
    expect(cell(page, "c3").get_by_alt_text("The source photo")).to_be_visible()
    page.keyboard.press("p")
    expect(page.get_by_alt_text("The source photo")).to_have_count(0)
    page.keyboard.down("p")
    expect(page.get_by_alt_text("The source photo")).to_have_count(2)
    page.wait_for_function("begun => performance.now() - begun > 400", arg=page.evaluate("() => performance.now()"))
    page.keyboard.up("p")
    expect(page.get_by_alt_text("The source photo")).to_have_count(0)
    page.keyboard.press("Enter")
    page.keyboard.press("p")
    expect(page.locator(".full-frame").get_by_alt_text("The source photo")).to_be_visible()


def test_a_copied_link_opens_the_exact_view_in_a_fresh_browser(sweep: GridServer, watched: Watched, browser: Browser) -> None:
    watched.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = opened(watched, sweep)
    page.get_by_label("Columns", exact=True).select_option("style")
    page.get_by_label("Pages", exact=True).select_option("photo")
    page.get_by_role("button", name="Next page").click()
    page.get_by_label("Size", exact=True).fill("120")
    page.get_by_label("Highlight by").select_option("likeness")
    page.get_by_label("Dim below").fill("0.5")
    cell(page, "c24").click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("status").filter(has_text="copied")).to_be_attached()
    link = page.evaluate("() => navigator.clipboard.readText()")
    assert link == f"{sweep.url}/#rows=strength&columns=style&cell=seed&pages=photo&page=2&size=120&by=likeness&dim=0.5"
    seen = [one.get_attribute("aria-label") for one in page.get_by_role("gridcell").all()]
    other = Watched(browser)
    fresh = opened(other, sweep, link.partition("/#")[2].join(("#", "&open=c24")))
    expect(fresh.get_by_role("dialog", name="Lim, Pixar, strength 0.60, seed 7")).to_be_visible()
    fresh.keyboard.press("Escape")
    assert [one.get_attribute("aria-label") for one in fresh.get_by_role("gridcell").all()] == seen
    expect(fresh.get_by_label("Size", exact=True)).to_have_value("120")
    expect(fresh.get_by_label("Highlight by")).to_have_value("likeness")
    expect(fresh.locator(".looks label b")).to_have_text("0.50")
    other.context.close()
    assert other.troubles == []


def test_a_view_of_another_sweep_or_nonsense_in_the_address_is_no_trouble(sweep: GridServer, watched: Watched) -> None:
    view = "#rows=nothing,photo,photo&columns=steps&page=-7&size=99999&by=beauty&dim=x&open=gone&pair=c0,gone&mode=wild&%E0%A4=1"
    page = opened(watched, sweep, view)
    expect(page.get_by_role("gridcell")).to_have_count(40)
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.evaluate("() => (location.hash = 'rows=seed&columns=strength&cell=style&pages=photo&page=2')")
    expect(page.get_by_role("rowheader")).to_have_text(["7", "8"])


def test_a_new_version_changes_one_cell_and_loads_no_picture_again(sweep: GridServer, watched: Watched) -> None:
    sweep.change("c7", state="working", words="Painting", progress=0.4, picture=None, full=None, likeness=None)
    made = sweep.cells["c0"][1]["picture"]
    page = opened(watched, sweep)
    page.wait_for_load_state("networkidle")
    expect(cell(page, "c7").get_by_role("progressbar")).to_have_attribute("aria-valuenow", "40")
    page.locator(".grid-scroller").evaluate("box => box.scrollTo(0, 120)")
    cell(page, "c12").focus()
    before, tagged = len(sweep.pictures()), page.evaluate(TAGGED)
    stood = page.locator(".grid-scroller").evaluate("box => box.scrollTop")
    sweep.change("c7", state="made", words="Made", progress=None, picture=address("cell7.webp"), full=None, likeness=0.5)
    sweep.change("c0", picture=address("cell0.webp", seconds=7200), stars=3)
    assert sweep.cells["c0"][1]["picture"] != made
    sweep.tell(page)
    expect(cell(page, "c7").locator("img")).to_have_js_property("complete", True)
    expect(cell(page, "c0").locator(".votes")).to_have_text("★3")
    page.wait_for_load_state("networkidle")
    assert sweep.pictures()[before:] == ["cell7.webp"]
    assert page.evaluate(STILL_TAGGED) == tagged
    assert sweep.feeds == ["", "2"]
    expect(cell(page, "c12")).to_be_focused()
    assert page.locator(".grid-scroller").evaluate("box => box.scrollTop") == stood


def test_a_picture_is_seen_while_it_is_being_measured(sweep: GridServer, watched: Watched) -> None:
    sweep.change("c7", state="working", words="Measuring the likeness", progress=0.9, likeness=None, band=None)
    page = opened(watched, sweep)
    expect(cell(page, "c7").locator("img.picture")).to_have_js_property("naturalWidth", 192)
    expect(cell(page, "c7").locator(".badges")).to_contain_text("being measured")
    page.wait_for_load_state("networkidle")
    sweep.change("c7", state="made", words="Made", progress=None, likeness=0.5, band="close")
    sweep.tell(page)
    expect(cell(page, "c7").locator(".likely")).to_have_text("face0.50")
    page.wait_for_load_state("networkidle")
    assert sweep.pictures().count("cell7.webp") == 1


def test_a_row_of_a_hundred_columns_keeps_its_height(tmp_path: Path, serve: Serve, watched: Watched) -> None:
    axes = [axis("photo", "Lim", pictures=True), axis("strength", *(f"{number / 100:.2f}" for number in range(100)))]
    sweep = serve(cells_of(tmp_path, axes, size_px=32), axes)
    page = opened(watched, sweep, "#size=96")
    page.wait_for_load_state("networkidle")
    page.evaluate(TWO_FRAMES)
    seen = page.evaluate(HEIGHTS_OF_A_SECOND)
    assert len(seen) > 10
    assert len(set(seen)) == 1
    page.locator(".grid-scroller").evaluate("box => box.scrollTo(box.scrollWidth, 0)")
    expect(cell(page, "c99").locator("img")).to_have_js_property("complete", True)
    page.wait_for_load_state("networkidle")
    page.evaluate(TWO_FRAMES)
    assert set(page.evaluate(HEIGHTS_OF_A_SECOND)) == set(seen)


def test_a_feed_that_fails_is_asked_again_and_says_so_meanwhile(sweep: GridServer, watched: Watched) -> None:
    page = opened(watched, sweep)
    sweep.broken = True
    sweep.change("c0", stars=5)
    sweep.tell(page)
    expect(page.get_by_text("The newest results could not be loaded; trying again.")).to_be_visible()
    sweep.broken = False
    expect(cell(page, "c0").locator(".votes")).to_have_text("★5")
    expect(page.get_by_text("trying again")).to_be_hidden()
    watched.troubles.clear()


def test_one_question_at_a_time_however_fast_versions_come(sweep: GridServer, watched: Watched) -> None:
    page = opened(watched, sweep)
    busy: list[int] = [0, 0]
    page.on("request", lambda request: _count(busy, 1) if "/grid/" in request.url else None)
    page.on("requestfinished", lambda request: _count(busy, -1) if "/grid/" in request.url else None)
    for stars in (1, 2, 3, 4, 5):
        sweep.change("c0", stars=stars)
        sweep.tell(page)
    expect(cell(page, "c0").locator(".votes")).to_have_text("★5")
    assert busy[1] == 1


def _count(busy: list[int], by: int) -> None:
    busy[0] += by
    busy[1] = max(busy)


def test_a_picture_whose_address_has_ended_comes_with_a_new_one(sweep: GridServer, watched: Watched) -> None:
    good = sweep.cells["c0"][1]["picture"]
    sweep.change("c0", picture="/m/ended")
    watched.page.route("**/m/ended", lambda route: (sweep.change("c0", picture=good), route.fulfill(status=404)))
    page = opened(watched, sweep)
    expect(cell(page, "c0").locator("img")).to_have_js_property("naturalWidth", 192)
    assert sweep.feeds == ["", ""]
    watched.troubles.clear()


def test_only_pictures_near_the_eye_are_loaded(tmp_path: Path, serve: Serve, watched: Watched) -> None:
    axes = [
        axis("photo", *(f"Photo {number}" for number in range(20)), pictures=True),
        axis("strength", *(f"0.{number}" for number in range(40, 60))),
    ]
    sweep = serve(cells_of(tmp_path, axes, size_px=48), axes)
    page = opened(watched, sweep, "#size=160")
    page.wait_for_load_state("networkidle")
    assert 20 <= len(set(sweep.pictures())) <= 110
    page.locator(".grid-scroller").evaluate("box => box.scrollTo(0, box.scrollHeight)")
    expect(cell(page, "c380").locator("img")).to_have_js_property("complete", True)
    page.wait_for_load_state("networkidle")
    assert len(sweep.pictures()) == len(set(sweep.pictures())) <= 220
    assert page.evaluate(RELAID, ["rows-0", "strength"]) <= 600


def test_what_people_wrote_stays_text(tmp_path: Path, serve: Serve, watched: Watched) -> None:
    hostile = "<img src=x onerror=\"document.title='broken'\">"
    axes = [axis("style", hostile, "\u202eright to left", "🦊 " + "y" * 5000), axis("strength", "0.5", "0.6")]
    cells = cells_of(tmp_path, axes, size_px=32)
    cells[0] |= {"unfit": hostile, "rejected": hostile, "facts": [[hostile, hostile]], "stars": 3}
    cells[1] |= {"state": "failed", "words": hostile, "picture": None}
    sweep = serve(cells, axes)
    page = opened(watched, sweep)
    expect(page.get_by_role("rowheader").first).to_have_text(hostile)
    expect(cell(page, "c1")).to_contain_text(hostile)
    page.keyboard.press("Tab")
    cell(page, "c0").click()
    expect(page.locator(".facts-list dd").last).to_have_text(hostile)
    page.keyboard.press("r")
    assert page.title() == "Compare"
    assert page.evaluate("() => document.querySelector('#host').shadowRoot.querySelectorAll('[onerror]').length") == 0


def test_every_state_is_a_word_and_a_symbol(sweep: GridServer, watched: Watched) -> None:
    states = {
        "planned": "Planned",
        "waiting": "Waiting",
        "working": "Painting",
        "failed": "It broke off",
        "refused": "Unsafe prompt",
        "cancelled": "Cancelled",
    }
    for number, (state, words) in enumerate(states.items()):
        sweep.change(f"c{number}", state=state, words=words, picture=None, full=None, likeness=None, cost_micro_usd=0)
    sweep.change("c6", likeness=None, unmeasured="no face was found")
    sweep.change("c7", owned=True, unfit="served by fal-ai/flux/schnell")
    page = opened(watched, sweep)
    said = {"failed": "Failed: It broke off", "refused": "Refused: Unsafe prompt"}
    for number, (state, words) in enumerate(states.items()):
        expect(cell(page, f"c{number}").locator(".state")).to_have_text(said.get(state, words))
        expect(cell(page, f"c{number}").locator(".shot .icon")).to_be_visible()
        expect(cell(page, f"c{number}")).to_have_accessible_name(re.compile(re.escape(said.get(state, words)), re.IGNORECASE))
    expect(cell(page, "c6").get_by_title("no face was found")).to_have_text("not measurable")
    expect(cell(page, "c7").locator(".cost")).to_have_text("free")
    expect(cell(page, "c7").get_by_title("Not comparable: served by fal-ai/flux/schnell")).to_contain_text("not comparable")


def test_dim_and_highlight_say_in_numbers_what_they_show(sweep: GridServer, watched: Watched) -> None:
    sweep.change("c2", likeness=None, unmeasured="no face was found")
    sweep.change("c3", unfit="served by another model", likeness=0.95)
    page = opened(watched, sweep)
    page.get_by_label("Dim below").fill("0.6")
    likely = {id_: one["likeness"] for id_, (_, one) in sweep.cells.items()}
    good = {id_ for id_, value in likely.items() if value is not None and value >= 0.6}
    dimmed = page.locator(".cell.dimmed").evaluate_all("cells => cells.map(cell => cell.dataset.id)")
    assert set(dimmed) == set(likely) - good
    expect(page.locator(".passing")).to_have_text(f"{len(good)} of 40 pass")
    page.get_by_label("only fit").check()
    expect(page.locator(".passing")).to_have_text(f"{len(good) - 1} of 40 pass")
    expect(cell(page, "c3")).to_have_accessible_name(re.compile("dimmed"))
    page.get_by_label("Highlight by").select_option("likeness")
    expect(page.locator(".legend .scale")).to_have_text("Likeness 0.300.95")
    assert cell(page, "c3").evaluate("cell => cell.style.getPropertyValue('--heat')") == "1"
    expect(cell(page, "c2")).not_to_have_class(re.compile("hot"))
    page.get_by_label("Highlight by").select_option("cost")
    expect(page.locator(".legend .scale")).to_have_text("Cost $0.03$0.03")


@pytest.fixture
def clips(tmp_path: Path, serve: Serve) -> GridServer:
    """Six clips of two seconds in two rows."""
    axes = [axis("photo", "Ana", "Lim", pictures=True), axis("motion", "Wave", "Nod", "Smile")]
    cells = cells_of(tmp_path, axes)
    film = clip(tmp_path, "film.mp4", 2.0)
    return serve([{**one, "clip": film} for one in cells], axes, kind="clip")


def test_clips_of_a_row_play_in_step_stop_with_space_and_when_left(clips: GridServer, watched: Watched) -> None:
    page = opened(watched, clips, "#size=96")
    cell(page, "c1").hover()
    page.wait_for_function(f"() => {{ const clips = ({CLIPS})(); return clips.length === 3 && clips.every(([paused, at]) => !paused && at > 0.5) }}")
    page.wait_for_function(f"() => {{ const at = ({CLIPS})().map(([, time]) => time); return Math.max(...at) - Math.min(...at) < 0.06 }}")
    cell(page, "c1").focus()
    page.keyboard.press("Space")
    assert all(paused for paused, _ in page.evaluate(CLIPS))
    page.keyboard.press("Space")
    page.wait_for_function(f"() => ({CLIPS})().every(([paused]) => !paused)")
    page.keyboard.press("ArrowDown")
    page.wait_for_function("() => document.querySelector('#host').shadowRoot.querySelectorAll('.cell[data-id=c4] video').length === 1")
    assert len(page.evaluate(CLIPS)) == 3
    page.get_by_label("Size", exact=True).focus()
    page.mouse.move(5, 5)
    page.wait_for_function(f"() => ({CLIPS})().length === 0")


def test_no_clip_moves_for_those_who_want_no_motion(clips: GridServer, browser: Browser) -> None:
    still = Watched(browser, reduced_motion="reduce")
    page = opened(still, clips)
    cell(page, "c1").hover()
    cell(page, "c1").focus()
    page.keyboard.press("Space")
    expect(page.locator(".full-frame video")).to_have_js_property("paused", True)
    assert page.evaluate(CLIPS) == []
    still.context.close()
    assert still.troubles == []


def test_rejecting_takes_the_focus_and_gives_it_back(sweep: GridServer, watched: Watched) -> None:
    page = opened(watched, sweep)
    dialog = page.get_by_role("dialog", name="Reject", exact=True)
    for close in ("Escape", "Enter"):
        cell(page, "c5").focus()
        page.keyboard.press("r")
        expect(dialog.get_by_label("likeness")).to_be_focused()
        page.keyboard.press(close)
        expect(dialog).to_have_count(0)
        expect(cell(page, "c5")).to_be_focused()
    expect(cell(page, "c5").locator(".rejected")).to_contain_text("likeness")
    cell(page, "c5").press("Enter")
    full = page.get_by_role("dialog", name=re.compile("strength"))
    page.keyboard.press("r")
    expect(dialog.get_by_label("likeness")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(full).to_be_visible()
    assert full.evaluate("full => full.matches(':focus, :focus-within')")


def test_a_point_of_a_chart_leads_to_its_cell(sweep: GridServer, watched: Watched) -> None:
    page = opened(watched, sweep, "#rows=style&columns=strength&cell=seed&pages=photo&size=200")
    sweep.tell(page, data_show="c39 1")
    expect(page.get_by_role("dialog", name="Lim, Ghibli, strength 0.70, seed 8")).to_be_visible()
    page.keyboard.press("Escape")
    expect(cell(page, "c39")).to_be_focused()
    expect(cell(page, "c39")).to_be_in_viewport()
    sweep.tell(page, data_show="c39 1")
    expect(page.get_by_role("dialog")).to_have_count(0)
    sweep.tell(page, data_show="c39 2")
    expect(page.get_by_role("dialog")).to_have_count(1)
    page.keyboard.press("Escape")
    hash_of(page, "^(?!.*open)")
    sweep.tell(page, id="grid-autumn")
    expect(page.locator("#grid-autumn .cell[data-id]")).to_have_count(20)
    sweep.tell(page, data_show="c39 2")
    expect(page.locator("#grid-spring .cell[data-id]")).to_have_count(20)
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_larger_and_smaller_by_keys_and_wheel(sweep: GridServer, watched: Watched) -> None:
    page = opened(watched, sweep, "#size=160")
    wide = "() => document.querySelector('#host').shadowRoot.querySelector('.cell').offsetWidth"
    cell(page, "c0").focus()
    page.keyboard.press("+")
    assert page.evaluate(wide) == 192
    page.keyboard.press("-")
    assert page.evaluate(wide) == 160
    cell(page, "c0").hover()
    page.keyboard.down("Control")
    page.mouse.wheel(0, -100)
    page.keyboard.up("Control")
    page.wait_for_function(f"() => ({wide})() === 176")
    hash_of(page, "size=176")


def test_enlarged_cells_show_the_full_picture_where_one_looks(sweep: GridServer, watched: Watched) -> None:
    full = address("photo.webp", seconds=7200)
    for id_ in ("c0", "c5"):
        sweep.change(id_, full=full)
    page = opened(watched, sweep, "#size=160")
    page.wait_for_load_state("networkidle")
    expect(cell(page, "c0").locator("img")).to_have_attribute("src", sweep.cells["c0"][1]["picture"])
    page.get_by_label("Size", exact=True).fill("480")
    expect(cell(page, "c0").locator("img")).to_have_attribute("src", full)
    expect(cell(page, "c5").locator("img")).to_have_attribute("src", sweep.cells["c5"][1]["picture"])


def test_a_page_that_builds_its_elements_anew_keeps_the_grid(sweep: GridServer, watched: Watched) -> None:
    page = opened(watched, sweep, "#size=200")
    page.wait_for_load_state("networkidle")
    asked, feeds = len(sweep.asked), len(sweep.feeds)
    page.locator(".grid-scroller").evaluate("box => box.scrollTo(0, 150)")
    page.wait_for_function("() => document.querySelector('#host').shadowRoot.querySelector('.grid-scroller').scrollTop === 150")
    page.evaluate("() => document.querySelector('#host').shadowRoot.querySelector('section').remove()")
    sweep.tell(page)
    expect(page.get_by_role("gridcell")).to_have_count(40)
    assert page.locator(".grid-scroller").evaluate("box => box.scrollTop") == 150
    assert (len(sweep.asked), len(sweep.feeds)) == (asked, feeds)


OPENED: dict[str, Callable[[Page], object]] = {
    "the grid": lambda page: None,
    "full size": lambda page: cell(page, "c0").click(),
    "a pair": lambda page: page.evaluate("() => (location.hash = 'pair=c0,c2&mode=beside')"),
    "the slider": lambda page: page.evaluate("() => (location.hash = 'pair=c0,c2&mode=slider')"),
    "rejecting": lambda page: (cell(page, "c0").focus(), page.keyboard.press("r")),
    "the keys": lambda page: page.get_by_role("button", name="Keys").click(),
    "dimmed and weighed": lambda page: page.evaluate("() => (location.hash = 'dim=0.5&by=likeness&pages=seed')"),
    "the strip": lambda page: (cell(page, "c0").focus(), page.keyboard.press("c"), page.keyboard.press("x")),
}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_serious_for_those_who_hear_or_type(sweep: GridServer, browser: Browser, theme: str) -> None:
    sweep.change("c2", state="failed", words="It broke off", picture=None, full=None)
    sweep.change("c4", state="working", words="Painting", progress=0.5, picture=None, full=None)
    sweep.change("c6", unfit="another model", stars=3, rejected="hands")
    watched = Watched(browser, reduced_motion="reduce", color_scheme=theme)
    found: dict[str, list[str]] = {}
    for name, open_it in OPENED.items():
        watched.page.goto("about:blank")
        page = opened(watched, sweep)
        open_it(page)
        prepare(page)
        found[name] = serious(page)
    watched.context.close()
    assert {name: said for name, said in found.items() if said} == {}, json.dumps(found, indent=1)
