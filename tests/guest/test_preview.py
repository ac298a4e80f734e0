"""The preview's page and its sentence, without a browser."""

import itertools
from dataclasses import replace

import pytest

from pipeline.guest.hero import Hero, head, snippet
from pipeline.guest.preview import Conditions, Connection, page, verdict
from tests.guest.pictures import HERO

EVERYTHING = [
    Conditions(
        connection=connection,
        reduced_motion=calm,
        autoplay_refused=refused,
        clip_missing=clip,
        avatar_missing=avatar,
        photo_missing=photo,
        off_screen=off,
    )
    for connection, calm, refused, clip, avatar, photo, off in itertools.product(Connection, *[(False, True)] * 6)
]


def test_the_page_holds_the_very_snippet_that_is_pasted():
    html = page(HERO, Conditions(), "/s.js")
    assert snippet(HERO, "/s.js") in html
    assert head(HERO) in html


def test_what_is_missing_is_named_nowhere_on_the_page():
    html = page(HERO, Conditions(clip_missing=True, avatar_missing=True, photo_missing=True), "/s.js")
    assert "/media/" not in html
    assert "data:," in html


def test_without_a_connection_no_picture_has_an_address():
    assert "/media/" not in page(HERO, Conditions(connection=Connection.NONE), "/s.js")


def test_what_there_never_was_stays_away():
    html = page(Hero(alt="Ana"), Conditions(clip_missing=True), "/s.js")
    assert "data:," not in html


def test_the_overrides_come_before_the_script():
    html = page(HERO, Conditions(), "/s.js")
    assert html.index("prefers-reduced-motion") < html.index('src="/s.js"')


def test_words_of_a_customer_cannot_leave_their_place():
    html = page(replace(HERO, alt="</script><script>alert(1)</script>"), Conditions(), "/s.js")
    assert html.count("<script") == 2


@pytest.mark.parametrize(
    ("conditions", "said"),
    [
        (Conditions(), "The clip plays and repeats without sound: it fades in over the poster as soon as it can play through."),
        (Conditions(connection=Connection.THREE_G), "The avatar with a slow zoom: on a 3G connection no clip is loaded."),
        (Conditions(connection=Connection.NONE), "A quiet placeholder: without a connection nothing arrives."),
        (Conditions(reduced_motion=True), "The avatar, not moving: the guest asked for less motion."),
        (
            Conditions(autoplay_refused=True),
            "The poster with a play button: the browser refuses to play by itself, and a press starts the clip.",
        ),
        (Conditions(clip_missing=True), "The avatar with a slow zoom: the clip is missing."),
        (Conditions(clip_missing=True, avatar_missing=True), "The photo with a slow zoom: the clip is missing and the avatar is missing."),
        (
            Conditions(clip_missing=True, avatar_missing=True, photo_missing=True),
            "A quiet placeholder: the clip is missing, the avatar is missing and the photo is missing.",
        ),
        (
            Conditions(connection=Connection.THREE_G, off_screen=True),
            "Nothing plays off screen; scrolled to, the avatar with a slow zoom: on a 3G connection no clip is loaded.",
        ),
    ],
)
def test_the_sentence_says_what_and_why(conditions, said):
    assert verdict(HERO, conditions) == said


def test_what_there_never_was_is_not_called_missing():
    assert verdict(Hero(alt="Ana", photo="/p.jpg"), Conditions()) == "The photo with a slow zoom: there is no clip and there is no avatar."
    assert verdict(Hero(alt="Ana"), Conditions()) == "A quiet placeholder: there is no clip, there is no avatar and there is no photo."


def test_a_poster_stands_in_when_no_other_picture_is_left():
    said = verdict(replace(HERO, avatar=None, photo=None), Conditions(connection=Connection.THREE_G))
    assert said == "The poster with a slow zoom: on a 3G connection no clip is loaded, there is no avatar and there is no photo."


@pytest.mark.parametrize("hero", [HERO, Hero(alt="Ana"), replace(HERO, poster=None)], ids=["whole", "empty", "no poster"])
def test_every_sentence_is_one_sentence(hero):
    for conditions in EVERYTHING:
        said = verdict(hero, conditions)
        assert said[0].isupper()
        assert said.endswith(".")
        assert said.count(".") == 1
