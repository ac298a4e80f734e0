"""Comments on a picture without a browser: the same dialog wherever the picture is, opened by its address, and what its buttons and forms do."""

import re
from pathlib import Path

import pytest
import streamlit as st

from pages.parts import case_actions, compare_actions, frame, here, library_actions, sweepfeed
from pages.parts.here import notice
from pipeline.records import STUDIO_SCOPE, Asset, Person, Role, RunKind
from pipeline.studio import people, removal, sweep_runs, sweep_view, sweeps, testphotos
from pipeline.studio.comments.reading import talk_about
from pipeline.studio.comments.saying import comment_on
from pipeline.studio.comments.values import Mark, Talk
from pipeline.sweeps.plans import read_plan
from tests.little_studio import CASE, ME, OWNER, LittleStudio, intake
from tests.pages.screens import drawn, visit

NASTY = "<img src=x onerror=alert(1)> שלום & 👰🤵"
BOB = Person(name="bob")


@pytest.fixture
def studio(own_data_folder: Path) -> LittleStudio:
    """The studio that the screens of this test look at, with one customer."""
    return LittleStudio(own_data_folder, customer=True)


@pytest.fixture
def picture(studio: LittleStudio) -> Asset:
    """An avatar that waits for a decision."""
    st.query_params.clear()
    st.session_state.pop("person", None)
    return studio.avatar()


def press(**what: str) -> str:
    """Do what a button or a form of the dialog says, and return what the screen would say about it."""
    here.dismiss()
    frame.do(case_actions.ACTIONS, what)
    return notice()


def say(picture: Asset, text: str, number: int = 0, **what: str) -> str:
    return press(do="comment", scope=picture.scope, asset=picture.sha256, text=text, number=str(number), **what)


def talk(studio: LittleStudio, picture: Asset) -> Talk:
    return talk_about(studio.place, picture.scope, picture.sha256)


def planned(studio: LittleStudio) -> sweeps.Sweep:
    """A sweep of two strengths over one test photo."""
    source = testphotos.add(studio.place, "Test photo", intake("red"), ME).id
    plan = read_plan(RunKind.AVATAR, [("photo", source), ("strength", "0.5, 0.6")]).plan
    return sweeps.save(studio.place, "s-1", "Trial", plan, ME, version=0)


def dialog(html: str) -> str:
    """Return what is drawn from the dialog on."""
    return html[html.index('class="dialog talk"') :]


def test_the_address_of_a_picture_opens_its_comments_in_its_case(studio: LittleStudio, picture: Asset) -> None:
    said = comment_on(studio.place, CASE, picture.sha256, NASTY, BOB, mark=Mark(x=0.25, y=0.5))
    comment_on(studio.place, CASE, picture.sha256, "I look into it.", ME, answers_to=said.id)
    seen = dialog(drawn(visit("cases", case=CASE, comments=picture.sha256)))
    assert "&lt;img src=x onerror=alert(1)&gt; שלום &amp; 👰🤵" in seen
    assert NASTY not in seen
    assert "I look into it." in seen
    assert f'data-points="{said.id}"' in seen
    assert "--x:25%;--y:50%" in seen
    assert f'data-copy-address="/cases?case={CASE}&amp;comments={picture.sha256}"' in seen


def test_without_being_asked_for_no_comments_are_drawn(studio: LittleStudio, picture: Asset) -> None:
    comment_on(studio.place, CASE, picture.sha256, "Quiet", BOB)
    assert 'class="dialog talk"' not in drawn(visit("cases", case=CASE))


def test_a_case_shows_how_many_comments_are_open_until_they_are_settled(studio: LittleStudio, picture: Asset) -> None:
    said = comment_on(studio.place, CASE, picture.sha256, "Eyes", BOB)
    comment_on(studio.place, CASE, picture.sha256, "Hair", BOB)
    assert 'aria-label="2 open comments"' in drawn(visit("cases"))
    assert 'aria-label="Comments: 2 open"' in drawn(visit("cases", case=CASE))
    press(do="comment-settle", comment=said.id)
    assert 'aria-label="Comments: 1 open"' in drawn(visit("cases", case=CASE))


def test_a_comment_with_its_mark_comes_from_the_form_once(studio: LittleStudio, picture: Asset) -> None:
    for _ in range(2):
        assert say(picture, "Too dark", mark="0.4,0.3,0.2,0.1") == ""
    [thread] = talk(studio, picture).threads
    assert (thread.comment.text, thread.comment.mark) == ("Too dark", Mark(x=0.4, y=0.3, width=0.2, height=0.1))
    say(picture, "Too dark", 1)
    assert len(talk(studio, picture).threads) == 2


def test_it_is_answered_settled_and_opened_again(studio: LittleStudio, picture: Asset) -> None:
    said = comment_on(studio.place, CASE, picture.sha256, "Eyes", BOB)
    say(picture, "Which one?", answers=said.id)
    press(do="comment-settle", comment=said.id)
    [thread] = talk(studio, picture).threads
    assert ([one.text for one in thread.answers], thread.is_open) == (["Which one?"], False)
    assert "1 settled or withdrawn" in drawn(visit("cases", case=CASE, comments=picture.sha256))
    press(do="comment-reopen", comment=said.id)
    assert talk(studio, picture).open == 1


def test_only_one_s_own_comments_can_be_withdrawn_on_the_screen(studio: LittleStudio, picture: Asset) -> None:
    people.add(studio.place, "eve", "", frozenset({Role.MAKE}), ME)
    mine, theirs = (comment_on(studio.place, CASE, picture.sha256, "Eyes", by) for by in (Person(name="eve"), BOB))
    st.session_state["person"] = "eve"
    assert "Only who wrote a comment" in press(do="comment-withdraw", comment=theirs.id)
    assert press(do="comment-withdraw", comment=mine.id) == ""
    assert [one.is_open for one in talk(studio, picture).threads] == [False, True]


@pytest.mark.parametrize("mark", ["x", "0.5", "0.5,nan", "2,2", "0.9,0.9,0.5,0.5", "0.1,0.2,0.3"])
def test_a_mark_that_no_picture_has_is_refused_in_words(studio: LittleStudio, picture: Asset, mark: str) -> None:
    assert say(picture, "Here", mark=mark)
    assert talk(studio, picture).threads == ()


def test_a_text_that_cannot_be_kept_is_refused_in_words(studio: LittleStudio, picture: Asset) -> None:
    assert "1,000 characters" in say(picture, "x" * 1001)
    assert "empty" in say(picture, " \n ")
    assert "direction" in say(picture, "a\u202eb")
    assert talk(studio, picture).threads == ()


def test_an_address_of_no_picture_says_so(studio: LittleStudio) -> None:
    st.query_params.clear()
    assert "This picture is not here" in drawn(visit("cases", case=CASE, comments='"><b>'))


def test_what_was_said_of_a_removed_picture_is_shown_without_a_form(studio: LittleStudio, picture: Asset) -> None:
    comment_on(studio.place, CASE, picture.sha256, "Six fingers", BOB)
    mark = removal.dependents(studio.place, CASE, picture.sha256).mark
    removal.remove(studio.place, CASE, picture.sha256, OWNER, ME, "asked", expected=mark)
    seen = dialog(drawn(visit("cases", case=CASE, comments=picture.sha256)))
    assert "Six fingers" in seen
    assert "This picture was removed" in seen
    assert 'data-do="comment"' not in seen


def test_leaving_the_comments_stays_at_the_case(studio: LittleStudio, picture: Asset) -> None:
    st.query_params.update({"case": CASE, "comments": picture.sha256})
    press(do="comments-close")
    assert st.session_state.pop("go") == f"/cases?case={CASE}"


def test_the_form_is_a_new_one_after_every_comment_of_whoever_is_here(studio: LittleStudio, picture: Asset) -> None:
    def forms() -> list[str]:
        return re.findall(r'<form id="(say-[^"]+)"', drawn(visit("cases", case=CASE, comments=picture.sha256)))

    [before] = forms()
    comment_on(studio.place, CASE, picture.sha256, "Somebody else's", BOB)
    assert forms() == [before]
    say(picture, "Mine")
    assert forms() != [before]


def test_the_library_s_tile_says_how_many_comments_are_open_and_its_details_lead_to_them(studio: LittleStudio, picture: Asset) -> None:
    comment_on(studio.place, CASE, picture.sha256, "Eyes", BOB)
    seen = drawn(visit("library", scope=CASE, asset=picture.sha256))
    assert re.search(r'<li class="tile[^>]*aria-label="[^"]*, 1 open comment"', seen)
    assert seen.count('class="talked"') == 1
    assert f'href="/library?scope={CASE}&amp;asset={picture.sha256}&amp;comments={picture.sha256}"' in seen


def test_the_same_comments_open_in_case_library_and_sweep(studio: LittleStudio, picture: Asset) -> None:
    comment_on(studio.place, CASE, picture.sha256, "Eyes", BOB, mark=Mark(x=0.25, y=0.5))
    sweep = planned(studio)
    at_library = visit("library", scope=CASE, asset=picture.sha256, comments=picture.sha256)
    at_sweep = visit("compare", sweep=sweep.id, scope=CASE, comments=picture.sha256)
    at_case = visit("cases", case=CASE, comments=picture.sha256)
    links = [re.search('data-copy-address="([^"]+)"', dialog(drawn(one))) for one in (at_case, at_library, at_sweep)]
    assert [link and link[1].partition("?")[0] for link in links] == ["/cases", "/library", "/compare"]
    talks = [
        dialog(drawn(one)).partition('class="talk-body"')[2].partition("</form></div></div></div>")[0] for one in (at_case, at_library, at_sweep)
    ]
    assert "--x:25%;--y:50%" in talks[0]
    assert talks[0] == talks[1] == talks[2]


def test_leaving_the_comments_in_the_library_keeps_its_filter(studio: LittleStudio, picture: Asset) -> None:
    st.session_state["screen"] = "library"
    st.query_params.update({"scope": CASE, "asset": picture.sha256, "comments": picture.sha256, "kind": "avatar"})
    frame.do(library_actions.ACTIONS, {"do": "comments-close"})
    assert st.session_state.pop("go") == f"/library?scope={CASE}&asset={picture.sha256}&kind=avatar"


def test_leaving_the_comments_of_a_sweep_stays_at_the_sweep(studio: LittleStudio, picture: Asset) -> None:
    st.query_params.update({"sweep": "s-1", "scope": CASE, "comments": picture.sha256})
    frame.do(compare_actions.ACTIONS, {"do": "comments-close"})
    assert st.session_state.pop("go") == f"/compare?sweep=s-1&scope={CASE}"


def test_a_cell_of_a_sweep_says_how_many_comments_are_open_and_leads_to_them(studio: LittleStudio) -> None:
    sweep = planned(studio)
    sweep_runs.start(studio.place, sweep.id, ME, ceiling_micro_usd=1_000_000)
    made = [studio.succeed(studio.run(row["id"])) for row in studio.rows("SELECT id FROM runs WHERE sweep = ? ORDER BY id", sweep.id)]
    before = sweepfeed.version(sweep_view.look(studio.place, sweep.id), "me")
    comment_on(studio.place, STUDIO_SCOPE, made[0].sha256, "Eyes", BOB)
    view = sweep_view.look(studio.place, sweep.id)
    cells = sweepfeed.whole(view, "me")["cells"]
    assert sorted(cell["comments"] for cell in cells) == [0, 1]
    [talked] = [cell for cell in cells if cell["comments"]]
    assert talked["talk"] == f"/compare?sweep={sweep.id}&scope={STUDIO_SCOPE}&comments={made[0].sha256}"
    assert sweepfeed.version(view, "me") != before, "the grid would not ask again"
