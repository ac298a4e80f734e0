"""The plan of a sweep in a real browser: its price follows the typing, nothing buys by accident, and the grid uses the screen."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.pages.grid_harness import axis, cells_of, serving, usual_axes
from tests.pages.running import RunningApp
from tests.pages.test_compare_browser import MADE, WORK_MS, buy_button, plan
from tests.pages.watching import Watched, requests_made

pytestmark = pytest.mark.browser
SEPARATE_MS = 300
# Milliseconds from the last key to the frame in which the button shows another price and can be pressed; and whether it could be in between.
PRICED = """([name, text]) => new Promise(done => {
    const root = [...document.querySelectorAll('*')].map(node => node.shadowRoot).find(root => root?.querySelector('form[data-do=plan]'))
    const field = root.querySelector(`[name=${name}]`), button = () => root.querySelector('[data-buys]')
    const before = button().textContent
    let pressable = false
    field.value = text
    field.dispatchEvent(new Event('input', { bubbles: true }))
    const begun = performance.now()
    const look = () => {
        const now = button()
        if (now.textContent === before && !now.disabled) pressable = true
        if (now.textContent !== before && !now.disabled) return done([performance.now() - begun, pressable])
        if (performance.now() - begun > 5000) return done([5000, pressable])
        requestAnimationFrame(look)
    }
    look()
})"""
FITS = """() => {
    const root = document.querySelector('#host').shadowRoot, scroller = root.querySelector('.grid-scroller')
    return {
        whole: scroller.scrollWidth <= scroller.clientWidth && scroller.scrollHeight <= scroller.clientHeight,
        wide: scroller.scrollWidth <= scroller.clientWidth,
        picture: root.querySelector('.cell .shot').offsetWidth,
        head: getComputedStyle(root.querySelector('.heads')).position + ' ' + getComputedStyle(root.querySelector('.body-row > .head')).position,
    }
}"""


def press_count(page: Page, app: RunningApp) -> int:
    page.wait_for_timeout(1500)
    return requests_made(app)


def test_the_price_on_the_button_follows_the_last_key_and_cannot_be_pressed_before(app: RunningApp, watched: Watched) -> None:
    page = watched.page
    plan(app, page, strength="0.5", seed="1")
    expect(buy_button(page)).to_contain_text("Make 2 pictures")
    took = []
    for number, strengths in enumerate(("0.5, 0.6", "0.5..0.7 +0.1", "0.5..0.7 +0.05", "0.45, 0.5", "0.55, 0.6, 0.7")):
        ms, pressable = page.evaluate(PRICED, ["strength", strengths])
        assert not pressable, number
        took.append(ms)
    assert sorted(took)[2] <= SEPARATE_MS, took
    expect(page.locator(".cell[data-id]")).to_have_count(6)  # the grid shows the cells that would be bought


def test_enter_in_no_field_of_a_plan_buys_and_the_button_buys_what_was_typed(app: RunningApp, watched: Watched) -> None:
    page, before = watched.page, requests_made(app)
    plan(app, page, strength="0.5", seed="61")
    page.get_by_label("Ceiling of this sweep, in dollars").press("Enter")
    page.locator("input[name=strength]").fill("0.5, 0.6")
    expect(buy_button(page)).to_contain_text("Make 4 pictures · $0.12")
    page.get_by_label("Ceiling of this sweep, in dollars").press("Enter")
    assert press_count(page, app) == before
    buy_button(page).click()
    expect(page.locator(MADE)).to_have_count(4, timeout=WORK_MS)
    assert requests_made(app) - before == 4
    expect(page.locator("details.plan")).not_to_have_attribute("open", re.compile(".*"))


def test_making_leads_to_the_grid(app: RunningApp, watched: Watched) -> None:
    page = watched.page
    plan(app, page, strength="0.5, 0.6", seed="71")
    buy_button(page).click()
    expect(page.locator("details.plan")).not_to_have_attribute("open", re.compile(".*"))
    expect(page.locator(".grid-scroller")).to_be_in_viewport(ratio=0.3)
    expect(page.locator(MADE)).to_have_count(4, timeout=WORK_MS)


def test_prompts_are_written_as_variants_and_lie_in_rows_against_strengths(app: RunningApp, watched: Watched) -> None:
    page = watched.page
    plan(app, page, strength="0.5, 0.7", seed="81")
    page.get_by_role("checkbox", name="Ghibli").uncheck()
    page.get_by_role("button", name="Compare prompts").click()
    first, second = page.get_by_label("Prompt A"), page.get_by_label("Prompt B")
    expect(first).to_be_visible()
    assert first.input_value() == second.input_value() != ""
    second.fill(first.input_value() + " Golden evening light.")
    expect(page.locator(".wording-shown mark")).to_have_text("Golden evening light.")
    expect(buy_button(page)).to_contain_text("Make 4 pictures")
    expect(page.get_by_role("rowheader", name=re.compile("^A"))).to_be_visible()
    expect(page.get_by_role("rowheader", name=re.compile("^B.*Golden evening light"))).to_be_visible()
    expect(page.locator("select[data-name=rows-0]")).to_have_value("prompt")
    expect(page.locator("select[data-name=columns-0]")).to_have_value("strength")
    expect(page.locator("select[data-name=pages-0]")).to_have_value("")


def test_a_judgement_is_marked_counted_undone_and_any_key_goes_on(app: RunningApp, watched: Watched) -> None:
    page = watched.page
    sweep = plan(app, page, strength="0.5, 0.6, 0.7", seed="91")
    buy_button(page).click()
    expect(page.locator(MADE)).to_have_count(6, timeout=WORK_MS)
    page.goto(f"{app.url}/compare?sweep={sweep}&judge=1")
    expect(page.get_by_text("0 pairs judged by you")).to_be_visible()
    page.get_by_role("button", name="Left is better").click()
    expect(page.locator(".blind figure.chosen")).to_contain_text("Your choice")
    expect(page.get_by_text("1 pair judged by you")).to_be_visible()
    page.keyboard.press("u")
    expect(page.get_by_text("0 pairs judged by you")).to_be_visible()
    page.get_by_role("button", name="Right is better").click()
    expect(page.locator(".blind figure.chosen")).to_be_visible()
    page.keyboard.press("j")
    expect(page.locator(".blind figure.chosen")).to_have_count(0)
    expect(page.get_by_role("button", name="Left is better")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("width", "high", "least_px"), [(1440, 900, 100), (1920, 1080, 150)])
def test_two_photos_styles_and_seeds_by_five_strengths_fit_the_screen(
    browser: Browser, tmp_path: Path, theme: str, width: int, high: int, least_px: int
) -> None:
    """The harness has no menu beside the grid: the viewport is as wide as what the menu leaves."""
    axes = usual_axes()
    with serving(tmp_path, cells_of(tmp_path, axes), axes) as sweep:
        watched = Watched(browser, viewport={"width": width - 216, "height": high}, color_scheme=theme)
        watched.page.goto(sweep.url)
        watched.page.add_style_tag(content="body { padding: 16px !important } :root { font-size: 16px !important }")
        watched.page.wait_for_timeout(400)
        fits = watched.page.evaluate(FITS)
        watched.context.close()
    assert fits["whole"], fits
    assert fits["picture"] >= least_px, fits
    assert fits["head"] == "sticky sticky"


def test_pictures_have_two_hundred_pixels_wherever_there_is_room(browser: Browser, tmp_path: Path) -> None:
    axes = [axis("style", "Pixar", "Ghibli"), axis("strength", "0.5", "0.6", "0.7")]
    with serving(tmp_path, cells_of(tmp_path, axes), axes) as sweep:
        for width in (1440, 1920):
            watched = Watched(browser, viewport={"width": width - 216, "height": 900})
            watched.page.goto(sweep.url)
            expect(watched.page.locator(".cell[data-id]").first).to_be_visible()
            fits = watched.page.evaluate(FITS)
            watched.context.close()
            assert fits["wide"], fits
            assert fits["picture"] >= 200, fits
