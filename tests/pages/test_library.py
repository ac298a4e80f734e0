"""The Library screen without a browser: what it shows of every file, and what its buttons and forms do."""

import html
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
import streamlit as st

from pages.parts import bulk, filterbar, frame, library_actions, pieces, shelf
from pages.parts.here import dismiss, notice
from pipeline import assets
from pipeline.records import Asset, AssetKind, Decision, Plan, Role
from pipeline.studio import casebook, people, photos, portraits, reviews
from pipeline.studio.filters import Filter, Sort, State, from_query
from pipeline.workflows.wishes import AvatarWish, ClipWish
from tests.little_studio import CASE, ME, OWNER, LittleStudio, intake
from tests.pages.screens import drawn, visit

NASTY = "<script>alert(1)</script> שלום & 👰🤵 " + "x" * 4900
TILE = re.compile(r'<li class="tile.*?</li>', re.DOTALL)


@pytest.fixture
def studio(own_data_folder: Path) -> LittleStudio:
    """The studio that the screens of this test look at, with one customer."""
    return LittleStudio(own_data_folder, customer=True)


@pytest.fixture(autouse=True)
def _nothing_was_done_before() -> None:
    for name in ("going", "outcome", "ticks", "notice", "person"):
        st.session_state.pop(name, None)
    st.query_params.clear()


def press(**what: str) -> str:
    """Do what a button of the library says, and return what the screen would say about it."""
    dismiss()
    frame.do(library_actions.ACTIONS, what)
    return notice()


def avatar(studio: LittleStudio, seed: int = 1, **wish: object) -> Asset:
    run = portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=seed, **wish), ME, run_id=f"r-{seed}").run  # type: ignore[arg-type]
    return studio.succeed(run)


def clip(studio: LittleStudio, take: int = 1) -> Asset:
    return studio.succeed(portraits.ask_clip(studio.place, CASE, OWNER, ClipWish(take=take), ME, run_id=f"c-{take}").run)


def approve(studio: LittleStudio, made: Asset) -> None:
    reviews.decide_on(studio.place, made, OWNER, Decision.APPROVED, ME)


def about(made: Asset) -> dict[str, str]:
    return {"scope": made.scope, "asset": made.sha256}


def picks(*made: Asset) -> str:
    return ",".join(f"{one.sha256}/{quote(one.scope, safe='')}" for one in made)


def tiles(**query: str) -> list[str]:
    return TILE.findall(drawn(visit("library", **query)))


def decisions(studio: LittleStudio) -> list[str]:
    return [row["decision"] for row in studio.rows("SELECT decision FROM approvals ORDER BY at")]


def said(name: str) -> str:
    """Return what the screen keeps of what was done to many."""
    outcome = st.session_state[name]
    return " ".join((outcome.words, *(f"{who}: {one.why}" for who, one in outcome.misses)))


def become(role: Role, studio: LittleStudio) -> None:
    people.add(studio.place, "Vera", "support", frozenset({role}), ME)
    st.session_state["person"] = "Vera"


def test_every_file_shows_what_it_is_whose_how_it_stands_and_how_alike(studio: LittleStudio) -> None:
    made = avatar(studio)
    faces = [{"distance": 0.4, "detector_score": 1.0, "band": "strong", "reason": None, "model_hash": "m"}]
    with studio.place.database.writing() as tx:
        assets.measured(tx, made, "crop", faces)
    approve(studio, made)
    clip(studio)
    newest, middle, first = tiles()
    assert ">Clip</span>" in newest
    assert 'preload="none" data-hover' in newest
    for words in ("To review", 'alt="Clip of', 'loading="lazy"'):
        assert words in newest
    for words in ("Approved", "0.60 strong", "Avatar · Pixar", "check_circle" if "check_circle" in middle else "task_alt"):
        assert words in middle
    assert "data-film" not in middle
    for words in ("Photo", "Current photo"):
        assert words in first
    assert 'data-do="decide"' not in first


def test_thumbnails_are_the_small_copies_and_clips_load_only_when_looked_at(studio: LittleStudio) -> None:
    made = avatar(studio)
    [tile] = tiles(kind="avatar")
    display = studio.rows("SELECT key FROM assets WHERE kind = 'avatar-display'")[0]["key"]
    with studio.place.database.reading() as db:
        small = next(one for one in assets.children(db, made.scope, made.sha256, AssetKind.AVATAR_DISPLAY))
    assert small.key == display
    assert f'<img src="{html.escape(pieces.address(small))}"' in tile
    assert f'data-large="{html.escape(pieces.address(made))}"' in tile


def test_an_address_reproduces_the_view_and_says_what_is_on(studio: LittleStudio) -> None:
    made = avatar(studio, prompt="A quiet portrait, in lavender, of both of them")
    approve(studio, made)
    avatar(studio, 2)
    view = {"kind": "avatar", "state": "approved", "q": "lavender", "style": "free", "sort": "oldest", "cost_from": "30000", "since": "2020-01-01"}
    seen = drawn(visit("library", **view))
    assert len(TILE.findall(seen)) == 1
    for words in (
        "Take away: Avatars",
        "Take away: Approved",
        "Take away: Free",
        "Take away: “lavender”",
        "Take away: cost from $0.03",
        "since 2020-01-01",
    ):
        assert words in seen, words
    assert 'value="lavender"' in seen
    assert re.search(r'name="kind" value="avatar" checked', seen)
    assert '<option value="oldest" selected>' in seen
    assert re.search(r'name="usd_from" value="0.03" type="number"', seen)
    assert 'href="/library?sort=oldest"' in seen


def test_the_form_becomes_an_address_that_asks_for_the_same(studio: LittleStudio) -> None:
    asked = {
        "kind": "avatar,clip",
        "state": "to review",
        "style": "pixar@1,odd%2Cname",
        "usd_from": "0.03",
        "usd_to": "",
        "alike_from": "0.5",
        "until": "2026-05-01",
        "sort": "most alike",
        "q": " two  words ",
        "starred": "1",
    }
    press(do="filter", **asked)
    address = st.session_state["go"]
    app = visit("library")
    wanted, sort, _ = from_query(dict(parse_qsl(urlsplit(address).query)))
    assert not app.exception
    assert (wanted.kinds, wanted.states, sort) == ((AssetKind.AVATAR, AssetKind.CLIP), (State.TO_REVIEW,), Sort.MOST_ALIKE)
    assert (wanted.styles, wanted.text, wanted.starred) == (("pixar@1", "odd,name"), "two  words", True)
    assert (wanted.cost_at_least_micro_usd, wanted.cost_at_most_micro_usd, wanted.likeness_at_least) == (30_000, None, 0.5)


@pytest.mark.parametrize("text", ["nan", "-1", "inf", "1e99", "x", "1000001"])
def test_amounts_that_are_none_ask_for_nothing(text: str) -> None:
    assert filterbar.read({"usd_from": text, "usd_to": text}) == "/library"


@pytest.mark.parametrize(
    "query",
    [
        {"page": "0"},
        {"page": "999999"},
        {"page": "x"},
        {"kind": "nothing"},
        {"sort": "upside down"},
        {"since": "tomorrow"},
        {"alike_from": "nan"},
        {"cost_from": "1" * 400},
        {"q": "%"},
        {"q": "\0"},
        {"style": "a,,%2C"},
        {"person": "<b>"},
        {"case": CASE},
    ],
)
def test_an_odd_address_shows_something(studio: LittleStudio, query: dict[str, str]) -> None:
    avatar(studio)
    seen = drawn(visit("library", **query))
    assert "<h1>Library</h1>" in seen
    assert TILE.search(seen) or "No file fits all of this" in seen


@pytest.mark.parametrize(
    "query", [{"asset": "x"}, {"scope": CASE, "asset": "f" * 64}, {"scope": "<b>", "asset": "\0"}, {"scope": CASE, "asset": "y" * 5000}]
)
def test_an_address_of_no_file_says_so_and_leads_back(studio: LittleStudio, query: dict[str, str]) -> None:
    seen = drawn(visit("library", **query))
    assert "This file is not here" in seen
    assert 'href="/library"' in seen


def test_a_page_behind_the_last_one_is_the_last_one(studio: LittleStudio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "PER_PAGE", 2)
    for seed in range(4):
        avatar(studio, seed)
    seen = drawn(visit("library", page="77"))
    assert "Page 3 of 3" in seen
    assert len(TILE.findall(seen)) == 1
    assert 'rel="next"' not in seen
    assert len(tiles()) == 2


def test_what_people_wrote_is_shown_as_text(studio: LittleStudio) -> None:
    casebook.open_new(studio.place, case_id="A-8", owner="u", name=NASTY, plan=Plan.PREMIUM, by=ME)
    photos.put_photo(studio.place, "A-8", "u", intake("red"), ME)
    photo = studio.rows("SELECT sha256 FROM assets WHERE scope = 'A-8' AND kind = 'photo'")[0]["sha256"]
    made = avatar(studio, prompt="<script>alert(2)</script> with a long beard, both of them")
    press(do="decide", decision="rejected", note="<script>alert(3)</script>", **about(made))
    for query in ({}, {"q": NASTY[:400]}, {"scope": "A-8", "asset": photo}, {"scope": CASE, "asset": made.sha256}, {"person": NASTY[:90]}):
        assert "<script" not in drawn(visit("library", **query))
    assert html.escape(NASTY)[:40] in drawn(visit("library"))


def test_nothing_to_show_says_what_to_do_next(own_data_folder: Path) -> None:
    LittleStudio(own_data_folder)
    assert "Go to the cases" in drawn(visit("library"))
    assert "Nothing waits for a decision" in drawn(visit("library", state="to review"))
    assert "Show everything" in drawn(visit("library", q="nobody"))


def test_deciding_and_starring_twice_is_doing_it_once(studio: LittleStudio) -> None:
    made = avatar(studio)
    for _ in range(2):
        assert press(do="decide", decision="approved", **about(made)) == ""
        assert press(do="star", on="yes", **about(made)) == ""
    assert decisions(studio) == ["approved"]
    assert studio.case().avatar == made.sha256
    assert 'aria-pressed="true"' in tiles(kind="avatar")[0]
    press(do="decide", decision="withdrawn", **about(made))
    press(do="star", on="", **about(made))
    assert decisions(studio) == ["approved", "withdrawn"]
    assert studio.rows("SELECT * FROM stars") == []


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ({"do": "decide", "decision": "burnt"}, "out of date"),
        ({"do": "decide", "decision": "approved", "asset": "f" * 64}, "There is no such file"),
        ({"do": "decide", "decision": "approved", "scope": "elsewhere"}, "somebody else"),
        ({"do": "star", "on": "yes", "asset": ""}, "There is no such file"),
        ({"do": "ask-remove", "asset": "f" * 64}, "There is no such file"),
        ({"do": "remove", "going": "going-x", "reason": "why"}, "not shown"),
        ({"do": "bulk", "bulk": "approve", "pick": ""}, "Nothing is selected"),
        ({"do": "bulk", "bulk": "burn", "pick": "a/b"}, "was not said"),
        ({"do": "bulk", "bulk": "star", "pick": ",".join(f"{n}/x" for n in range(300))}, "At most"),
    ],
)
def test_a_press_that_fits_nothing_is_refused_in_words_and_changes_nothing(studio: LittleStudio, what: dict[str, str], words: str) -> None:
    made = avatar(studio)
    before = studio.dump()
    assert words in press(**{**about(made), **what})
    assert studio.dump() == before


def test_viewers_see_why_they_cannot_decide_and_their_presses_change_nothing(studio: LittleStudio) -> None:
    made = avatar(studio)
    become(Role.VIEW, studio)
    before = studio.dump()
    st.query_params.update(about(made))
    seen = str(shelf.draw(shelf.look()))
    for button in re.findall(r'<button[^>]*data-do="(?:decide|star|ask-remove)"[^>]*>', seen):
        assert "disabled" in button, button
        assert "Your role does not allow" in button, button
    assert seen.count("disabled") > 6
    for what in (
        {"do": "decide", "decision": "approved"},
        {"do": "star", "on": "yes"},
        {"do": "ask-remove"},
        {"do": "bulk", "bulk": "approve", "pick": picks(made)},
        {"do": "bulk", "bulk": "star", "pick": picks(made)},
        {"do": "bulk", "bulk": "remove", "pick": picks(made)},
    ):
        assert "Vera may not" in press(**about(made), **what), what
    assert studio.dump() == before
    assert bulk.shown_going() is None


def test_many_are_decided_at_once_and_what_could_not_be_done_says_why(studio: LittleStudio) -> None:
    old = avatar(studio)
    photos.put_photo(studio.place, CASE, OWNER, intake("red"), ME, replace=True)
    first, second = avatar(studio, 2), avatar(studio, 3)
    ticks = bulk.form_id("/library")
    assert press(do="bulk", bulk="approve", pick=picks(second, first, old)) == ""
    assert "2 of 3 files approved." in said("outcome")
    assert f"Avatar of {studio.case().name}" in said("outcome")
    assert studio.case().avatar == second.sha256
    assert bulk.form_id("/library") != ticks
    assert "2 of 3 files approved." in str(bulk.outcome())
    press(do="forget")
    assert bulk.outcome() is None
    press(do="bulk", bulk="reject", pick=picks(first, second), reason="Too stylised,Motion is odd", note="both")
    assert [row["note"] for row in studio.rows("SELECT note FROM approvals WHERE decision = 'rejected'")] == ["Too stylised, Motion is odd. both"] * 2
    press(do="bulk", bulk="star", pick=picks(first, replace(first, sha256="f" * 64)))
    assert "1 of 2 files starred." in said("outcome")


def test_names_with_commas_and_slashes_are_ticked_like_others(studio: LittleStudio) -> None:
    odd = "a,b/c%2C"
    casebook.open_new(studio.place, case_id=odd, owner="u", name="Odd", plan=Plan.PREMIUM, by=ME)
    photos.put_photo(studio.place, odd, "u", intake("red"), ME)
    value = re.search(r'name="pick" value="([^"]+)"', tiles(case=odd)[0])
    assert value is not None
    press(do="bulk", bulk="star", pick=f"{html.unescape(value[1])}")
    assert [row["scope"] for row in studio.rows("SELECT scope FROM stars")] == [odd]


def test_removing_names_everything_that_goes_and_takes_exactly_that(studio: LittleStudio) -> None:
    made = avatar(studio)
    approve(studio, made)
    filmed = clip(studio)
    approve(studio, filmed)
    assert press(do="ask-remove", **about(made)) == ""
    shown = str(bulk.going())
    for words in (
        "Remove this avatar?",
        "5 files in all",
        "current · approved",
        "<b>Avatar, 512 px</b>",
        "<b>Clip</b>",
        "<b>Poster</b>",
        "<b>Clip as delivered</b>",
    ):
        assert words in shown, words
    going = bulk.shown_going()
    assert going is not None
    assert "needs a reason" in press(do="remove", going=going.id, reason=" ")
    assert studio.case().avatar == made.sha256
    assert press(do="remove", going=going.id, reason="The customer asked for it") == ""
    assert bulk.going() is None
    assert (studio.case().avatar, studio.case().clip) == (None, None)
    assert len(studio.rows("SELECT * FROM assets WHERE removed_at IS NOT NULL")) == 5
    seen = drawn(visit("library", scope=CASE, asset=made.sha256))
    for words in ("This avatar was removed", "me removed it just now", "The customer asked for it", "Ledger"):
        assert words in seen, words
    assert made.key not in seen
    assert "Removed" in tiles(removed="1", kind="avatar")[0]
    assert 'data-do="decide"' not in tiles(removed="1", kind="avatar")[0]


def test_what_came_to_depend_on_it_since_it_was_shown_stays(studio: LittleStudio) -> None:
    made = avatar(studio)
    approve(studio, made)
    press(do="ask-remove", **about(made))
    going = bulk.shown_going()
    assert going is not None
    clip(studio)
    assert "has changed since it was shown" in press(do="remove", going=going.id, reason="why")
    assert studio.rows("SELECT * FROM assets WHERE removed_at IS NOT NULL") == []


def test_many_are_removed_with_all_that_hangs_on_them_whatever_their_order(studio: LittleStudio) -> None:
    made = avatar(studio)
    approve(studio, made)
    filmed = clip(studio)
    other = avatar(studio, 2)
    press(do="bulk", bulk="remove", pick=picks(filmed, made, other, replace(other, sha256="f" * 64)))
    assert "3 of 4 files can be removed." in said("outcome")
    going = bulk.shown_going()
    assert going is not None
    assert "Remove 3 selected files?" in str(bulk.going())
    assert press(do="remove", going=going.id, reason="all of it") == ""
    assert said("outcome") == "3 files removed."
    assert [row["kind"] for row in studio.rows("SELECT kind FROM assets WHERE removed_at IS NULL ORDER BY kind")] == ["crop", "photo"]


def test_keeping_forgets_what_would_have_gone(studio: LittleStudio) -> None:
    made = avatar(studio)
    press(do="ask-remove", **about(made))
    press(do="keep")
    assert bulk.going() is None
    assert studio.rows("SELECT * FROM assets WHERE removed_at IS NOT NULL") == []


def test_details_tell_the_line_the_request_the_money_and_the_decisions(studio: LittleStudio) -> None:
    made = avatar(studio, seed=77)
    approve(studio, made)
    filmed = clip(studio)
    run = studio.run("r-77")
    seen = drawn(visit("library", scope=CASE, asset=made.sha256))
    assert "Before and after" in seen
    for words in (
        "Approved",
        "by me",
        "The exact request",
        studio.call(run).endpoint,
        f"request-{studio.call(run).id}",
        "Hold",
        "Release",
        "Charge",
        "$0.03",
    ):
        assert words in seen, words
    assert re.search(r"<dt>Seed</dt><dd[^>]*>77</dd>", seen)
    assert f'href="/cases?case={CASE}&amp;again=r-77"' in seen
    assert f'href="/library?scope={CASE}&amp;asset={filmed.sha256}"' in seen
    assert seen.count("download=") == 2
    of_clip = drawn(visit("library", scope=CASE, asset=filmed.sha256))
    assert "data-loops" in of_clip
    line = re.search(r'<ol class="line-of come".*?</ol>', of_clip, re.DOTALL)
    assert line is not None
    assert re.findall(r'<span class="small">([^<]+)', line[0]) == ["Photo", "Photo, square", "Avatar", "Clip as delivered", "Clip"]


def test_parts_of_a_file_have_details_too(studio: LittleStudio) -> None:
    avatar(studio)
    for row in studio.rows("SELECT sha256, kind FROM assets"):
        seen = drawn(visit("library", scope=CASE, asset=row["sha256"]))
        assert "Where it comes from" in seen, row
        assert "Download" in seen, row


def test_faces_are_told_one_by_one(studio: LittleStudio) -> None:
    made = avatar(studio)
    measured = {"detector_score": 1.0, "model_hash": "m"}
    faces = [
        {"distance": 0.7, "band": "weak", "reason": None, **measured},
        {"distance": None, "band": "not_measurable", "reason": "No face was found there.", **measured},
    ]
    with studio.place.database.writing() as tx:
        assets.measured(tx, made, "crop", faces)
    seen = drawn(visit("library", scope=CASE, asset=made.sha256))
    for words in ("Face 1", "0.30 weak", "Face 2", "Not measurable: no face was found there.", "Look closely before approving"):
        assert words in seen, words


def test_neighbours_lead_along_the_page_in_its_order(studio: LittleStudio) -> None:
    made = [avatar(studio, seed) for seed in range(3)]
    seen = drawn(visit("library", kind="avatar", scope=CASE, asset=made[1].sha256))
    before = re.search(r'<a href="([^"]+)"[^>]*aria-label="Previous file"', seen)
    after = re.search(r'<a href="([^"]+)"[^>]*aria-label="Next file"', seen)
    assert before is not None
    assert after is not None
    assert made[2].sha256 in before[1]
    assert made[0].sha256 in after[1]
    assert "kind=avatar" in after[1]


def test_a_filter_that_is_empty_is_the_plain_address() -> None:
    assert filterbar.read({"sort": "newest", "q": ""}) == "/library"
    assert Filter().is_empty
