"""The hero in a real browser: what a guest sees in every state, and what is asked of the server for it."""

from dataclasses import replace

import pytest
from playwright.sync_api import expect

from tests.guest.pictures import HERO
from tests.guest.server import host

pytestmark = pytest.mark.browser
TELL = "Object.defineProperty(navigator, 'connection', { value: %s })"
REFUSE = """
const play = HTMLMediaElement.prototype.play
let pressed = false
addEventListener('click', () => { pressed = true }, true)
window.allow = () => { pressed = true }
HTMLMediaElement.prototype.play = function () {
  return pressed ? play.call(this) : Promise.reject(new DOMException('Press first.', 'NotAllowedError'))
}"""
FADES = """() => {
  window.fades = []
  addEventListener('transitionend', event => fades.push([event.target.tagName, event.propertyName, event.elapsedTime]))
}"""
HIDE = "hidden => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true }); document.dispatchEvent(new Event('%s')) }"
FAR = '<div style="height:2000px"></div>'


def test_the_clip_fades_in_over_its_poster_and_repeats(site, visits):
    visit = visits()
    visit.page.add_init_script(f"({FADES})()")
    visit.open(site.put("fast", host(HERO))).sees("clip")
    visit.page.wait_for_function("() => fades.length")
    assert visit.page.evaluate("() => fades") == [["VIDEO", "opacity", 0.28]]
    assert (visit.video("muted"), visit.video("loop")) == (True, True)
    names = [name for name, _, _ in site.asked]
    assert names[0] == "poster.webp"
    assert set(names) == {"poster.webp", "clip.mp4"}


def test_the_poster_shows_until_the_clip_can_play_through(site, visits):
    visit = visits()
    visit.page.add_init_script("Object.defineProperty(HTMLMediaElement.prototype, 'readyState', { get: () => window.enough ? 4 : 3 })")
    visit.open(site.put("early", host(HERO)))
    visit.page.wait_for_function("() => document.querySelector('video').currentTime > 0.2")
    assert visit.seen() == "poster"
    visit.page.evaluate("() => { window.enough = true; document.querySelector('video').dispatchEvent(new Event('canplaythrough')) }")
    visit.sees("clip")


def test_nothing_moves_for_who_asked_for_less_motion(site, visits):
    visit = visits(reduced_motion="reduce")
    visit.page.add_init_script(f"({FADES})()")
    visit.open(site.put("calm", host(HERO))).quiet().sees("avatar")
    assert visit.page.evaluate("() => fades") == []
    assert site.asked_for(".mp4") == []


def test_a_wish_for_less_motion_is_heard_while_the_clip_plays(site, visits):
    visit = visits().open(site.put("later", host(HERO)))
    visit.sees("clip")
    visit.page.emulate_media(reduced_motion="reduce")
    visit.sees("avatar")
    expect(visit.page.locator("video")).to_have_count(0)
    expect(visit.page.locator("button")).to_have_count(0)


@pytest.mark.parametrize(
    "connection",
    [
        "{ effectiveType: '3g' }",
        "{ effectiveType: '2g' }",
        "{ effectiveType: 'slow-2g' }",
        "{ effectiveType: '4g', saveData: true }",
    ],
)
def test_no_clip_is_asked_for_on_a_slow_or_saving_connection(site, visits, connection):
    visit = visits()
    visit.page.add_init_script(TELL % connection)
    visit.open(site.put("slow", host(HERO))).quiet().sees("avatar+zoom")
    assert site.asked_for(".mp4") == []


def test_a_browser_that_tells_nothing_gets_the_clip(site, visits):
    visit = visits()
    visit.page.add_init_script(TELL % "undefined" + "; delete window.IntersectionObserver; delete window.CSSStyleSheet")
    visit.open(site.put("old", host(HERO))).sees("clip")
    assert visit.page.evaluate("() => document.head.querySelectorAll('style').length") == 2


def test_a_press_plays_what_the_browser_would_not_play_by_itself(site, visits):
    visit = visits()
    visit.page.add_init_script(REFUSE)
    visit.open(site.put("refused", host(HERO))).sees("poster+button")
    button = visit.page.get_by_role("button", name="Play")
    box = button.bounding_box()
    assert box
    assert min(box["width"], box["height"]) >= 44
    button.press("Enter")
    visit.sees("clip")
    expect(visit.page.get_by_role("button", name="Pause")).to_be_focused()


def test_the_clip_can_be_paused_and_stays_so(site, visits):
    visit = visits().open(site.put("pause", host(HERO)))
    visit.sees("clip")
    button = visit.page.get_by_role("button")
    expect(button).to_have_css("opacity", "0")
    visit.page.locator("figure").hover()
    expect(button).to_have_css("opacity", "1")
    button.click()
    visit.sees("clip-paused+button")
    visit.page.evaluate(HIDE % "visibilitychange", False)
    assert visit.seen() == "clip-paused+button"
    button.click()
    visit.sees("clip")


def test_the_pause_button_is_in_sight_where_nothing_hovers(site, visits):
    visit = visits(has_touch=True, is_mobile=True).open(site.put("touch", host(HERO)))
    visit.sees("clip")
    expect(visit.page.get_by_role("button", name="Pause")).to_have_css("opacity", "1")


def test_wechat_says_when_it_may_play(site, visits):
    visit = visits()
    visit.page.add_init_script(REFUSE)
    visit.open(site.put("wechat", host(HERO))).sees("poster+button")
    visit.page.evaluate("() => { allow(); document.dispatchEvent(new Event('WeixinJSBridgeReady')) }")
    visit.sees("clip")


def test_off_screen_nothing_of_the_clip_is_asked_for_until_it_is_seen(site, visits):
    visit = visits().open(site.put("far", host(HERO, before=FAR))).quiet()
    assert site.asked_for(".mp4") == []
    assert visit.video("paused") is True
    visit.page.locator("figure").scroll_into_view_if_needed()
    visit.sees("clip")
    visit.page.evaluate("() => scrollTo(0, 0)")
    visit.page.wait_for_function("() => document.querySelector('video').paused")
    visit.page.locator("figure").scroll_into_view_if_needed()
    visit.sees("clip")


def test_the_zoom_waits_off_screen_too(site, visits):
    visit = visits().open(site.put("farzoom", host(replace(HERO, clip=None), before=FAR))).quiet()
    assert visit.seen() == "avatar"
    visit.page.locator("figure").scroll_into_view_if_needed()
    visit.sees("avatar+zoom")


def test_a_hidden_page_plays_nothing(site, visits):
    visit = visits().open(site.put("hidden", host(HERO)))
    visit.sees("clip")
    visit.page.evaluate(HIDE % "visibilitychange", True)
    visit.page.wait_for_function("() => document.querySelector('video').paused")
    visit.page.evaluate(HIDE % "visibilitychange", False)
    visit.sees("clip")


@pytest.mark.parametrize(
    ("dead", "seen"),
    [
        ({"clip": "/media/gone.mp4"}, "avatar+zoom"),
        ({"clip": "/media/gone.mp4", "poster": "/media/gone.webp"}, "avatar+zoom"),
        ({"clip": "/media/photo.jpg"}, "avatar+zoom"),
        ({"clip": "/media/sound.mp4"}, "avatar+zoom"),
        ({"clip": "/media/gone.mp4", "avatar": "/media/gone.webp"}, "photo+zoom"),
        ({"clip": "/media/gone.mp4", "avatar": "/media/gone.webp", "photo": "/media/gone.jpg"}, "poster+zoom"),
        ({"clip": "/media/gone.mp4", "poster": "/media/g.webp", "avatar": "/media/gone.webp", "photo": "/media/gone.jpg"}, "placeholder"),
        ({"clip": None, "avatar": "/media/gone.webp"}, "photo+zoom"),
        ({"clip": None, "avatar": None, "photo": "/media/gone.jpg"}, "placeholder"),
        ({"clip": None, "avatar": None, "photo": None}, "placeholder"),
        ({"poster": "/media/gone.webp"}, "clip"),
        ({"poster": None, "avatar": None, "photo": None}, "clip"),
    ],
)
def test_a_dead_link_falls_through_to_the_next(site, visits, dead, seen):
    visits().open(site.put("dead", host(replace(HERO, **dead)))).quiet().sees(seen)


def test_a_clip_that_stalls_gives_way_to_the_avatar(site, visits):
    visit = visits()
    visit.page.clock.install(time=0)
    visit.page.clock.pause_at(1000)
    visit.open(site.put("stalled", host(replace(HERO, clip="/hanging.mp4")))).sees("poster")
    visit.page.wait_for_function("() => document.querySelector('video').networkState === 2")
    visit.page.clock.run_for(7900)
    assert visit.seen() == "poster"
    visit.page.clock.run_for(8100)
    visit.sees("avatar+zoom")


def test_a_clip_that_plays_is_not_given_up(site, visits):
    visit = visits()
    visit.page.clock.install()
    visit.open(site.put("plays", host(HERO))).sees("clip")
    for _ in range(4):
        before = visit.video("currentTime")
        visit.page.wait_for_function("before => Math.abs(document.querySelector('video').currentTime - before) > 0.5", arg=before)
        visit.page.clock.fast_forward(7000)
    assert visit.seen() == "clip"


def test_without_any_script_the_picture_is_there(site, visits):
    visit = visits(java_script_enabled=False)
    visit.open(site.put("still", host(HERO)))
    picture = visit.page.get_by_role("img", name="Ana and Ben, drawn")
    box = picture.bounding_box()
    assert box
    assert (box["width"], box["height"]) == (390, 390)
    expect(visit.page.locator("video")).to_be_hidden()
    assert [name for name, _, _ in site.asked] == ["poster.webp"]
