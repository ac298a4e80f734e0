"""The Cases screen without a browser: what it says of a case, and what its buttons and forms do."""

import html
import re
from pathlib import Path

import pytest
import streamlit as st

from pages.parts import case_actions, caselist, frame, here
from pages.parts.here import notice
from pipeline.records import Decision, Person, Plan, Role, Run
from pipeline.studio import casebook, grants, home, people, reviews
from tests.little_studio import CASE, ME, OWNER, LittleStudio
from tests.pages.screens import drawn, visit

NASTY = "<script>alert(1)</script> שלום & 👰🤵 " + "x" * 4900


@pytest.fixture
def studio(own_data_folder: Path) -> LittleStudio:
    """The studio that the screens of this test look at, with one customer."""
    return LittleStudio(own_data_folder, customer=True)


@pytest.fixture(autouse=True)
def _at_the_case() -> None:
    st.query_params["case"] = CASE


def press(**what: str) -> str:
    """Do what a button of the case says, and return what the screen would say about it."""
    frame.do(case_actions.ACTIONS, what)
    return notice()


def avatars(studio: LittleStudio) -> list[Run]:
    return [studio.run(row["id"]) for row in studio.rows("SELECT id FROM runs WHERE kind = 'avatar' ORDER BY asked_at")]


def avatar(studio: LittleStudio, *, approved: bool = False) -> Run:
    press(do="make", number=str(len(avatars(studio)) + 1), style="pixar")
    run = avatars(studio)[-1]
    made = studio.succeed(run)
    if approved:
        reviews.decide_on(studio.place, made, OWNER, Decision.APPROVED, ME)
    return run


def test_the_list_finds_by_name_invitation_and_owner(studio: LittleStudio) -> None:
    casebook.open_new(studio.place, case_id="A-7", owner="u-77", name="Lim & Sofia", plan=Plan.PREMIUM, by=ME)
    for words in ("lim", "a-7", "U-77", "sofia lim"):
        seen = drawn(visit("cases", q=words))
        assert "Lim &amp; Sofia" in seen
        assert "1 case<" in seen
    assert "No case fits" in drawn(visit("cases", q="nobody"))


def test_what_people_wrote_is_shown_as_text(studio: LittleStudio) -> None:
    casebook.open_new(studio.place, case_id="A-8", owner="u", name=NASTY, plan=Plan.PREMIUM, by=ME)
    for query in ({}, {"case": "A-8"}, {"q": "<script>"}):
        seen = drawn(visit("cases", **query))
        assert "<script" not in seen
        assert html.escape(NASTY)[:40] in seen


@pytest.mark.parametrize("case", ["nobody", "<b>", "x" * 5000, "\0"])
def test_an_address_of_no_case_leads_back_to_the_list(studio: LittleStudio, case: str) -> None:
    seen = drawn(visit("cases", case=case))
    assert "This case is not here" in seen
    assert 'href="/cases"' in seen


def test_every_button_that_spends_shows_its_price(studio: LittleStudio) -> None:
    avatar(studio)
    seen = drawn(visit("cases", case=CASE))
    for words in ("Generate another", "Animate", "New seed", "Closer likeness 0.55", "Stronger style 0.65", "Ghibli"):
        assert re.search(rf"{words} · (<span data-priced>)?\$0\.\d\d", seen), words


def test_a_candidate_leads_to_its_details_where_it_can_be_removed(studio: LittleStudio) -> None:
    made = home.see(studio.place, avatar(studio).id).made
    assert made is not None
    assert f'href="/library?scope={CASE}&amp;asset={made.sha256}"' in drawn(visit("cases", case=CASE))


def test_a_form_sent_again_is_one_avatar_and_another_wish_by_its_number_is_refused(studio: LittleStudio) -> None:
    for _ in range(3):
        assert press(do="make", number="1", style="pixar", strength="0.6") == ""
    assert len(avatars(studio)) == 1
    assert "Somebody asked for another avatar" in press(do="make", number="1", style="ghibli")
    assert len(avatars(studio)) == 1


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ({"strength": "1.4"}, "strength 1.4 is outside"),
        ({"strength": "lots"}, "must be a number"),
        ({"strength": "nan"}, "outside"),
        ({"steps": "inf"}, "whole number"),
        ({"seed": "1.5"}, "whole number"),
        ({"seed": "99999999999"}, "outside"),
        ({"style": "cubist"}, "cubist"),
        ({"model": "nobody"}, "nobody"),
        ({"prompt": "short"}, "characters"),
        ({"number": "0"}, "out of date"),
        ({"number": "7"}, "out of date"),
        ({"number": "⅐"}, "out of date"),
    ],
)
def test_what_cannot_be_made_is_refused_in_one_sentence_and_costs_nothing(studio: LittleStudio, what: dict[str, str], said: str) -> None:
    assert said in press(**{"do": "make", "number": "1", "style": "pixar", **what})
    assert avatars(studio) == []
    assert studio.rows("SELECT * FROM entries") == []


def test_animating_waits_for_an_approved_avatar_and_is_bought_once(studio: LittleStudio) -> None:
    one = avatar(studio)
    made = home.see(studio.place, one.id).made
    assert made is not None
    clip = {"do": "animate", "number": "1", "avatar": made.sha256, "loop": "yes"}
    assert "no approved avatar" in press(**clip)
    press(do="decide", run=one.id, decision="approved")
    for _ in range(2):
        assert press(**clip) == ""
    assert len(studio.rows("SELECT id FROM runs WHERE kind = 'clip'")) == 1


def test_a_rejection_keeps_its_reasons_and_can_be_taken_back(studio: LittleStudio) -> None:
    one = avatar(studio)
    press(do="decide", run=one.id, decision="rejected", reason="Too stylised,A face is distorted", note="the left eye")
    assert "Rejected by me, just now: Too stylised, A face is distorted. the left eye" in drawn(visit("cases", case=CASE))
    press(do="decide", run=one.id, decision="approved")
    press(do="decide", run=one.id, decision="withdrawn")
    assert [row["decision"] for row in studio.rows("SELECT decision FROM approvals ORDER BY at")] == ["rejected", "approved", "withdrawn"]
    assert studio.case().avatar is None


def test_used_attempts_disable_the_buttons_with_the_reason_and_a_grant_frees_them(studio: LittleStudio) -> None:
    for _ in range(studio.place.settings.attempts):
        avatar(studio)
    seen = drawn(visit("cases", case=CASE))
    assert "0 of 8 left" in seen
    assert "This case has no attempts left: 8 made and 0 in flight of 8." in seen
    assert press(do="grant", attempts="2", reason="two photos were replaced") == ""
    assert "2 of 10 left" in drawn(visit("cases", case=CASE))


def test_a_clip_of_the_avatar_before_says_so(studio: LittleStudio) -> None:
    one = avatar(studio, approved=True)
    made = home.see(studio.place, one.id).made
    assert made is not None
    press(do="animate", number="1", avatar=made.sha256)
    clip = studio.succeed(studio.run(studio.rows("SELECT id FROM runs WHERE kind = 'clip'")[0]["id"]))
    reviews.decide_on(studio.place, clip, OWNER, Decision.APPROVED, ME)
    avatar(studio, approved=True)
    assert "The clip belonged to the old avatar: make a new one?" in drawn(visit("cases", case=CASE))


def test_settings_are_used_again_and_two_attempts_are_compared(studio: LittleStudio) -> None:
    press(do="make", number="1", style="ghibli", strength="0.55", seed="7")
    press(do="make", number="2", style="pixar", strength="0.65", seed="7")
    first, second = avatars(studio)
    again = drawn(visit("cases", case=CASE, again=first.id))
    assert re.search(r'name="style" value="ghibli" checked', again)
    assert 'name="seed" type="number" min="0" max="2147483647" step="1" value="7"' in again
    compared = drawn(visit("cases", case=CASE, compare=f"{first.id},{second.id}"))
    assert "Two attempts compared" in compared
    assert "<td>0.55</td><td>0.65</td>" in compared
    assert "Tick exactly two" in press(do="compare", runs=first.id)


def test_a_case_goes_on_in_the_style_it_was_last_made_in(studio: LittleStudio) -> None:
    press(do="make", number="1", style="ghibli")
    studio.fail(avatars(studio)[0])
    assert re.search(r'name="style" value="ghibli" checked', drawn(visit("cases", case=CASE)))


def test_free_tier_cases_say_why_nothing_can_be_made(studio: LittleStudio) -> None:
    casebook.open_new(studio.place, case_id="F-1", owner="u", name="Free", plan=Plan.FREE, by=ME)
    seen = drawn(visit("cases", case="F-1"))
    assert "part of the premium plan" in seen
    assert seen.count("<button") > seen.count('data-do="photo"') > 0
    assert re.search(r'data-do="photo"[^>]* disabled', seen)


def test_people_without_a_role_see_the_reason_and_change_nothing(studio: LittleStudio) -> None:
    viewer = people.add(studio.place, "Vera", "support", frozenset({Role.VIEW}), ME)
    st.session_state["person"] = viewer.name
    before = studio.dump()
    for what in ({"do": "make", "number": "1", "style": "pixar"}, {"do": "grant", "attempts": "2", "reason": "because"}):
        assert "Vera may not" in press(**what)
    assert studio.dump() == before
    st.session_state.pop("person")


def test_a_new_case_sent_twice_is_one_case(studio: LittleStudio) -> None:
    for _ in range(2):
        frame.do(caselist.ACTIONS, {"do": "open", "name": "Tan & Okafor", "owner": "u-1", "case": "", "plan": "premium"})
    assert len(studio.rows("SELECT id FROM cases WHERE name = 'Tan & Okafor'")) == 1


def test_grants_name_who_gave_them_and_why(studio: LittleStudio) -> None:
    grants.grant(studio.place, CASE, OWNER, 2, "<b>because</b>", Person(name="Ana"))
    assert "2 more by Ana, just now: &lt;b&gt;because&lt;/b&gt;" in drawn(visit("cases", case=CASE))


def test_a_letter_can_be_copied_only_when_everything_it_says_is_true(studio: LittleStudio) -> None:
    assert 'data-copy="reply-text"' in drawn(visit("cases", case=CASE))
    avatar(studio, approved=True)
    seen = drawn(visit("cases", case=CASE))
    assert 'data-copy="reply-text"' not in seen
    assert "Not to be sent yet. There is no link yet: guests do not see what is approved. Publish it first." in seen


def test_a_press_for_a_picture_that_is_no_longer_framed_decides_nothing(studio: LittleStudio) -> None:
    looked_at, other = avatar(studio), avatar(studio)
    assert "Another picture is framed by now" in press(do="decide", run=looked_at.id, framed=other.id, stood="", decision="approved")
    assert studio.rows("SELECT * FROM approvals") == []
    assert press(do="decide", run=looked_at.id, framed=looked_at.id, stood="", decision="approved") == ""


def test_a_press_does_not_undo_what_a_colleague_decided_after_the_look(studio: LittleStudio) -> None:
    one = avatar(studio)
    press(do="decide", run=one.id, decision="rejected", reason="Too stylised")
    assert "Somebody has rejected this meanwhile." in press(do="decide", run=one.id, framed=one.id, stood="", decision="approved")
    assert studio.case().avatar is None


def test_every_candidate_stands_in_the_slot_it_is_for_with_what_is_approved_beside_it(studio: LittleStudio) -> None:
    approved = avatar(studio, approved=True)
    candidates = [avatar(studio), avatar(studio)]
    seen = drawn(visit("cases", case=CASE))
    slot = seen.partition('id="slot-avatar"')[2].partition('id="slot-clip"')[0]
    assert re.findall(r'data-frame="([^"]*)"', slot) == [approved.id, *(one.id for one in candidates)]
    assert re.findall(r'data-shows="([^"]*)"', slot) == [approved.id, *(one.id for one in candidates)]
    assert re.search(rf'data-frame="{candidates[-1].id}" data-first', slot)
    assert slot.count('data-key="a"') == len(candidates)
    assert seen.index('id="slot-avatar"') < seen.index('id="make"') < seen.index('id="history"')


def test_a_failure_stands_above_everything_with_whose_fault_and_what_it_cost(studio: LittleStudio) -> None:
    press(do="make", number="1", style="pixar")
    studio.fail(avatars(studio)[0])
    seen = drawn(visit("cases", case=CASE))
    top = seen.partition('id="trouble"')[2].partition('id="table"')[0]
    for words in ("The provider failed while making this.", "The provider’s fault · not charged", "Retry · $0.03"):
        assert words in top
    assert "Next: look at what failed" in seen


def test_the_next_step_follows_the_case(studio: LittleStudio) -> None:
    def steps() -> str:
        here._version.clear()
        return re.sub("<[^>]*>", " ", drawn(visit("cases", case=CASE)).partition('id="next-step"')[2].partition("</header>")[0])

    assert "Next: generate an avatar ·  $0.03" in steps()
    one = avatar(studio)
    assert "Next: judge the avatar" in steps()
    press(do="decide", run=one.id, decision="approved")
    assert "Next: animate it ·  $0.35" in steps()
    made = home.see(studio.place, one.id).made
    assert made is not None
    press(do="animate", number="1", avatar=made.sha256, loop="yes")
    assert "Clip under way" in steps()
    clip = studio.succeed(studio.run(studio.rows("SELECT id FROM runs WHERE kind = 'clip'")[0]["id"]))
    assert "Next: judge the clip" in steps()
    reviews.decide_on(studio.place, clip, OWNER, Decision.APPROVED, ME)
    assert "Next: publish" in steps()
