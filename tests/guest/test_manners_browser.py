"""The script as a guest of somebody's page: it moves nothing, says nothing, breaks nothing, and takes what the page's policy allows."""

import base64
import io
import re
from dataclasses import replace

import pytest
from PIL import Image, ImageChops, ImageStat
from playwright.sync_api import expect

from pipeline.guest.preview import Conditions, Connection, page
from tests.guest.pictures import HERO
from tests.guest.server import SCRIPT, host
from tests.guest.visit import SHIFTS
from tests.pages import scanner

pytestmark = pytest.mark.browser
POLICY = "default-src 'none'; img-src 'self'; media-src 'self'; script-src 'self'; style-src 'self' %s"
# How far a moment of the clip is from its poster is 30 at most; black or white is farther than 150.
FARTHEST = 50
TALL = {"clip": None, "avatar": None, "width_px": 720, "height_px": 960}


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"clip": "/media/gone.mp4"},
        {"clip": "/media/gone.mp4", "poster": "/media/gone.webp"},
        {"poster": "/media/gone.webp", "avatar": "/media/gone.webp", "photo": "/media/gone.jpg", "clip": None},
        {"clip": None, "avatar": None, "photo": None},
        TALL,
    ],
)
def test_nothing_on_the_page_moves_its_place(site, visits, how):
    visit = visits()
    visit.page.add_init_script(f"({SHIFTS})()")
    visit.open(site.put("shift", host(replace(HERO, **how)))).quiet()
    box = visit.page.locator("figure").bounding_box()
    assert box
    assert (box["width"], box["height"]) == (390, 520 if how is TALL else 390)
    assert visit.page.evaluate("() => shifts") == []


def test_nothing_but_poster_and_clip_is_ever_painted(site, visits):
    visit = visits(viewport={"width": 390, "height": 390})
    cast = visit.context.new_cdp_session(visit.page)
    frames: list[bytes] = []

    def keep(shot: dict[str, str]) -> None:
        frames.append(base64.b64decode(shot["data"]))
        cast.send("Page.screencastFrameAck", {"sessionId": shot["sessionId"]})

    cast.on("Page.screencastFrame", keep)
    cast.send("Page.startScreencast", {"format": "png"})
    visit.open(site.put("cast", host(HERO))).sees("clip")
    visit.page.wait_for_function("() => document.querySelector('video').currentTime > 1")
    cast.send("Page.stopScreencast")
    pictures = [Image.open(io.BytesIO(one)).convert("RGB").resize((65, 65)) for one in frames]
    drawn = [one for one in pictures if min(ImageStat.Stat(one).mean) < 240]
    assert len(drawn) >= 3
    assert max(_change(drawn[0], one) for one in drawn) < FARTHEST


def _change(one: Image.Image, other: Image.Image) -> float:
    """Return the mean difference of two pictures, 0 to 255."""
    return max(ImageStat.Stat(ImageChops.difference(one, other)).mean)


def test_a_script_that_is_loaded_twice_changes_nothing(site, visits):
    twice = host(HERO) + f'<script src="{SCRIPT}"></script><script src="{SCRIPT}?again"></script>'
    visit = visits().open(site.put("twice", twice))
    visit.sees("clip")
    visit.page.evaluate("() => livingPortraits()")
    assert visit.page.locator("figure > *").count() == 3
    assert visit.page.evaluate("() => document.adoptedStyleSheets.length") == 1
    assert len(site.asked_for(".mp4")) == 1


def test_every_hero_of_a_page_lives_also_one_that_comes_later(site, visits):
    visit = visits().open(site.put("later", host(HERO)))
    visit.sees("clip")
    visit.page.evaluate("""() => {
        const figure = document.createElement('figure')
        figure.dataset.livingPortrait = ''
        figure.dataset.avatar = '/media/gone.webp'
        figure.dataset.photo = '/media/photo.jpg'
        figure.append(Object.assign(new Image(), { src: '/media/gone.webp', alt: 'Lim' }))
        document.querySelector('h1').before(figure)
        livingPortraits()
    }""")
    expect(visit.page.locator("figure").nth(1).locator(".lp-shown")).to_have_attribute("src", "/media/photo.jpg")


def test_a_hero_that_is_removed_stops_and_one_that_is_put_back_plays(site, visits):
    visit = visits().open(site.put("removed", host(HERO)))
    visit.sees("clip")
    visit.page.evaluate("() => { window.figure = document.querySelector('figure'); figure.remove() }")
    visit.page.wait_for_function("() => figure.querySelector('video').paused")
    visit.page.evaluate("() => document.body.prepend(figure)")
    visit.sees("clip")
    within_one_frame = """() => new Promise(done => requestAnimationFrame(() => setTimeout(() => {
        const video = figure.querySelector('video')
        video.addEventListener('pause', () => { document.body.append(figure); done(video.paused) }, { once: true })
        figure.remove()
    })))"""
    assert visit.page.evaluate(within_one_frame) is True
    visit.page.locator("figure").scroll_into_view_if_needed()
    visit.sees("clip")


def test_a_clip_is_sought_by_ranges(site, visits):
    visit = visits()
    visit.page.add_init_script("HTMLMediaElement.prototype.play = () => Promise.reject(new DOMException('', 'NotAllowedError'))")
    visit.open(site.put("heavy", host(replace(HERO, clip="/media/heavy.mp4")))).sees("poster+button")
    visit.page.wait_for_function("() => document.querySelector('video').readyState >= 1")
    sought = "() => new Promise(done => { const video = document.querySelector('video'); video.onseeked = () => done(video.currentTime); %s })"
    assert visit.page.evaluate(sought % "video.currentTime = 2.8") == pytest.approx(2.8, abs=0.1)
    answers = site.asked_for("heavy.mp4")
    assert {status for _, status in answers} == {206}
    starts = [int(re.fullmatch(r"bytes=(\d+)-.*", range_)[1]) for range_, _ in answers]
    assert starts[0] == 0
    assert max(starts) > 1_000_000


@pytest.mark.parametrize("nonce", ["", "'nonce-abc'"])
def test_a_strict_policy_is_kept_without_a_word(site, visits, nonce):
    html = host(HERO, styled=False).replace("<style>body { margin: 0 }</style>", "")
    visit = visits()
    if nonce:
        html = html.replace("<script ", '<script nonce="abc" ')
        visit.page.add_init_script("delete window.CSSStyleSheet")
    visit.open(site.put("strict", html, content_security_policy=(POLICY % nonce).strip())).sees("clip")
    expect(visit.page.locator("video")).to_have_css("position", "absolute")


@pytest.mark.parametrize(
    "conditions",
    [
        Conditions(),
        Conditions(autoplay_refused=True),
        Conditions(connection=Connection.THREE_G),
        Conditions(connection=Connection.NONE),
        Conditions(clip_missing=True),
        Conditions(off_screen=True),
    ],
    ids=["clip", "button", "avatar", "placeholder", "fallen through", "off screen"],
)
def test_nothing_serious_is_found_by_axe(site, visits, conditions):
    visit = visits().open(site.put("axe", page(HERO, conditions, SCRIPT))).quiet()
    scanner.prepare(visit.page)
    assert scanner.serious(visit.page) == []


def test_the_picture_keeps_its_words_when_none_arrives(site, visits):
    for hero in (replace(HERO, clip=None, avatar="/media/gone.webp", photo=None), replace(HERO, clip=None, poster=None, avatar=None, photo=None)):
        visit = visits().open(site.put("words", host(hero)))
        visit.sees("placeholder")
        expect(visit.page.get_by_role("img", name="Ana and Ben, drawn")).to_have_count(1)
