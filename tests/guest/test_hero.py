"""What a developer pastes: whole, escaped, still without its script; and the script that is shipped."""

import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from pipeline.guest.hero import Hero, head, script, script_key, snippet
from tests.guest.pictures import HERO

Tags = list[tuple[str, dict[str, str | None]]]


def tags(html: str) -> Tags:
    """Return every opening tag with its attributes, as a parser understands them."""
    found: Tags = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: found.append((tag, dict(attrs)))  # type: ignore[method-assign]
    parser.feed(html)
    return found


def only(html: str, tag: str) -> dict[str, str | None]:
    """Return the attributes of the one tag of this name."""
    (found,) = [attrs for name, attrs in tags(html) if name == tag]
    return found


def test_the_poster_is_a_plain_picture_fetched_first():
    picture = only(snippet(HERO, "/s.js"), "img")
    assert (picture["src"], picture["alt"], picture["fetchpriority"]) == ("/media/poster.webp", "Ana and Ben, drawn", "high")
    assert (picture["width"], picture["height"]) == ("720", "720")
    assert only(head(HERO), "link") == {"rel": "preload", "as": "image", "href": "/media/poster.webp", "fetchpriority": "high"}


def test_the_video_has_its_poster_and_no_address_that_a_browser_would_load():
    video = only(snippet(HERO, "/s.js"), "video")
    assert {"muted", "loop", "playsinline", "hidden"} <= video.keys()
    assert (video["preload"], video["poster"], video["x5-video-player-type"]) == ("metadata", "/media/poster.webp", "h5")
    assert not {"src", "autoplay", "controls"} & video.keys()
    assert "source" not in dict(tags(snippet(HERO, "/s.js")))


@pytest.mark.parametrize(
    ("without", "first"),
    [
        ({}, "/media/poster.webp"),
        ({"poster": None}, "/media/avatar.webp"),
        ({"clip": None}, "/media/avatar.webp"),
        ({"clip": None, "avatar": None}, "/media/photo.jpg"),
    ],
)
def test_the_first_picture_is_poster_else_avatar_else_photo(without, first):
    hero = replace(HERO, **without)
    assert hero.first_picture == first
    assert only(snippet(hero, "/s.js"), "img")["src"] == only(head(hero), "link")["href"] == first


def test_a_hero_without_a_clip_has_no_video_and_no_words_for_its_buttons():
    html = snippet(replace(HERO, clip=None), "/s.js")
    assert "video" not in dict(tags(html))
    assert not {"data-clip", "data-play", "data-pause"} & only(html, "figure").keys()


def test_a_hero_without_anything_keeps_its_place_and_its_words():
    html = snippet(Hero(alt="Ana", width_px=720, height_px=960), "/s.js")
    figure = only(html, "figure")
    assert (figure["role"], figure["aria-label"]) == ("img", "Ana")
    assert "aspect-ratio:720/960" in (figure["style"] or "")
    assert [name for name, _ in tags(html)] == ["figure", "script"]
    assert head(Hero(alt="Ana")) == ""


@pytest.mark.parametrize("field", ["alt", "clip", "poster", "avatar", "photo"])
def test_every_value_is_escaped(field):
    evil = "\"'><script>alert(1)</script>&amp;"
    hero = replace(HERO, **{field: evil})
    html = head(hero) + snippet(hero, evil)
    assert [name for name, _ in tags(html)] == ["link", "figure", "img", "video", "script"]
    values = [value for _, attrs in tags(html) for value in attrs.values()]
    assert values.count(evil) >= 2
    assert "<script>" not in html


def test_without_styles_the_snippet_has_no_style_attribute():
    for hero in (HERO, Hero(alt="Ana")):
        assert "style=" in snippet(hero, "/s.js")
        assert "style=" not in snippet(hero, "/s.js", styled=False)


def test_the_script_is_small_and_named_by_its_bytes():
    assert len(script()) <= 6000
    assert script_key() == f"scripts/living-portrait-{hashlib.sha256(script()).hexdigest()[:12]}.js"


def test_the_script_keeps_to_what_older_browsers_and_strict_pages_take():
    text = script().decode()
    assert text.isascii()
    assert not re.search(r"\?\.|\?\?|\bimport\b|\bexport\b|\basync\b|\bawait\b", text)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|console\.|cssText", text)
    assert not re.search(r"https?:|//[a-z]", text)
