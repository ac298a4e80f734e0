"""A sweep on the screens without a browser: one line on Home, in the Queue and in the menu; its cells in the Library when asked for."""

import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st

from pages.parts import frame, library_actions, queue_actions, strip
from pages.parts.here import attempt, dismiss, notice
from pipeline import runs
from pipeline.buying import calls
from pipeline.database import update
from pipeline.errors import GenerationFailed
from pipeline.records import STUDIO_SCOPE, CallState, Person, Role, Run, now
from pipeline.studio import people, portraits, switches, testphotos
from pipeline.workflows.wishes import AvatarWish
from tests.little_studio import CASE, ME, OWNER, LittleStudio, intake
from tests.pages.screens import drawn, visit

NASTY = "<script>alert(1)</script> שלום & 👰🤵 " + "x" * 80


@pytest.fixture
def studio(own_data_folder: Path) -> Iterator[LittleStudio]:
    yield LittleStudio(own_data_folder, customer=True, STUDIO_ATTEMPTS="1000")
    for name in ("person", "retried", "go"):
        st.session_state.pop(name, None)
    dismiss()


def look(screen: str, **query: str) -> str:
    attempt(lambda: None)
    return drawn(visit(screen, **query))


def single(studio: LittleStudio, run_id: str, seed: int) -> Run:
    return portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=seed), ME, run_id=run_id).run


def cells(studio: LittleStudio, number: int, first: int = 100) -> list[Run]:
    return [studio.as_cell(single(studio, f"c{seed}", seed), "spring") for seed in range(first, first + number)]


def painting(studio: LittleStudio) -> None:
    """Let a sweep of forty have twelve made and one under way."""
    forty = cells(studio, 40)
    for run in forty[:12]:
        studio.succeed(run)
    studio.submit(forty[12])
    with studio.place.database.writing() as tx:
        runs.stage(tx, forty[12].id, "Painting", 0.4)


def menu(seen: str) -> str:
    return seen.partition('id="running"')[2].partition("</ul>")[0]


def test_in_the_menu_a_sweep_is_one_line_with_its_progress_its_link_and_the_way_to_cancel_it(studio: LittleStudio) -> None:
    painting(studio)
    studio.submit(single(studio, "a1", 1))
    seen = look("home")
    assert "2 running" in seen
    lines = menu(seen)
    assert lines.count("<li") == 3, "the run, the sweep and the way to the queue"
    for words in ("Sweep spring presets", "12 of 40", "Painting", 'aria-valuemax="40"', 'aria-valuenow="12"', 'href="/compare?sweep=spring"'):
        assert words in lines, words
    assert 'data-do="cancel-sweep" aria-label="Cancel the rest of sweep spring presets" data-sweep="spring"' in lines
    assert "more in the queue" not in lines


def test_a_screen_reader_hears_of_the_sweep(studio: LittleStudio) -> None:
    painting(studio)
    assert strip.spoken(strip.look()) == "Sweep spring presets: 12 of 40"


def test_home_shows_a_sweep_as_one_line_that_runs(studio: LittleStudio) -> None:
    painting(studio)
    seen = look("home").partition("<h2>Running</h2>")[2].partition("</section>")[0]
    assert seen.count("<li") == 1
    assert "Sweep spring presets" in seen


def test_the_queue_shows_a_sweep_as_one_line_in_each_section_it_belongs_to(studio: LittleStudio) -> None:
    painting(studio)
    for run in cells(studio, 3, 300):
        studio.fail(run)
    seen = look("queue")
    running, failed = (seen.partition(f'<section id="{name}">')[2].partition("</section>")[0] for name in ("running", "failed"))
    assert (running.count('<li id="sweep-spring"'), running.count("<li")) == (1, 1)
    assert "12 of 43" not in running
    assert "15 of 43" in running
    assert "3 failed" in running
    assert "3 of 43 pictures failed" in failed
    assert GenerationFailed.say in failed
    assert "Retry" not in failed


def test_while_purchases_are_paused_a_sweep_keeps_its_place_and_is_named_among_what_waits(studio: LittleStudio) -> None:
    switches.pause(studio.place, ME, "trouble")
    cells(studio, 3)
    seen = look("queue")
    assert "One sweep waits for it." in seen
    waiting = seen.partition('<section id="waiting">')[2].partition("</section>")[0]
    assert "Keeps its place until purchases are resumed" in waiting
    assert "trouble" not in waiting
    single(studio, "a1", 1)
    assert "2 runs and sweeps wait for it." in look("queue")


def test_failures_beside_a_sweep_s_are_retried_without_it(studio: LittleStudio) -> None:
    for run in cells(studio, 3):
        studio.fail(run)
    for seed in (1, 2):
        studio.fail(single(studio, f"a{seed}", seed))
    seen = look("queue")
    told = re.search(r'data-runs="([^"]+)"', seen)
    assert told
    assert set(told.group(1).split(",")) == {"a1", "a2"}


def test_a_sweep_that_is_done_says_how_much_was_made_and_where_it_is(studio: LittleStudio) -> None:
    for run in cells(studio, 3):
        studio.succeed(run)
    done = look("queue").partition('<section id="done">')[2].partition("</section>")[0]
    assert done.count("<li") == 1
    assert "3 of 3 pictures made" in done
    assert 'href="/compare?sweep=spring"' in done


def test_one_press_cancels_what_is_left_of_a_sweep_and_nothing_else(studio: LittleStudio) -> None:
    painting(studio)
    single(studio, "a1", 1)
    for _ in range(2):
        frame.do(queue_actions.ACTIONS, {"do": "cancel-sweep", "sweep": "spring"})
        assert notice() == ""
    asked = studio.rows("SELECT id FROM runs WHERE cancel_asked_at IS NOT NULL")
    assert len(asked) == 28
    assert "a1" not in {row["id"] for row in asked}
    assert "Cancelling" in menu(look("home"))


def test_who_may_not_make_may_not_cancel_a_sweep(studio: LittleStudio) -> None:
    cells(studio, 2)
    people.add(studio.place, "Vic", "product", frozenset({Role.VIEW}), ME)
    screen = visit("queue")
    screen.session_state["person"] = "Vic"
    assert re.search(r'data-do="cancel-sweep"[^>]*disabled title="Your role does not allow cancelling\."', drawn(screen.run()))
    st.session_state["person"] = "Vic"
    frame.do(queue_actions.ACTIONS, {"do": "cancel-sweep", "sweep": "spring"})
    assert "may not" in notice()
    assert studio.rows("SELECT id FROM runs WHERE cancel_asked_at IS NOT NULL") == []


def test_a_press_about_no_sweep_is_refused_in_a_sentence(studio: LittleStudio) -> None:
    frame.do(queue_actions.ACTIONS, {"do": "cancel-sweep", "sweep": "nothing"})
    assert "There is no sweep" in notice()


def test_a_lost_request_of_a_cell_leads_to_its_sweep(studio: LittleStudio) -> None:
    (run,) = cells(studio, 1)
    with studio.place.database.writing() as tx:
        call = calls.move(tx, calls.filling(tx, run.id, "avatar"), CallState.SUBMITTING, sent_at=now(), sends=1)
        calls.move(tx, call, CallState.UNKNOWN, needs_decision=1, error={"error": "BeingLookedUp", "say": "?", "charged": None, "next": "?"})
    for screen in ("queue", "home"):
        assert 'href="/compare?sweep=spring"' in look(screen).partition(f'id="ask-{call.id}"')[2], screen


def test_a_sweep_s_name_is_shown_as_text(studio: LittleStudio) -> None:
    painting(studio)
    with studio.place.database.writing() as tx:
        update(tx, "sweeps", {"id": "spring"}, {"name": NASTY})
    for screen in ("home", "queue"):
        seen = look(screen)
        assert "<script" not in seen
        assert html.escape(NASTY)[:40] in seen


def test_the_library_finds_cells_by_a_switch_that_the_address_keeps(studio: LittleStudio) -> None:
    studio.succeed(single(studio, "a1", 1))
    studio.succeed(cells(studio, 1)[0])
    assert "<b>2</b> files" in look("library"), "the photo and the attempt"
    seen = look("library", sweeps="1")
    assert "<b>1</b> file<" in seen
    assert re.search(r'name="sweeps" value="1" checked', seen)
    assert "Take away: From sweeps" in seen
    assert "Of a sweep" in seen
    assert 'href="/compare?sweep=spring"' in seen
    assert 'data-decision="approved"' not in seen
    frame.do(library_actions.ACTIONS, {"do": "filter", "sweeps": "1", "q": ""})
    assert st.session_state.pop("go") == "/library?sweeps=1"


def test_a_cell_s_drawer_shows_it_whole_and_decides_nothing(studio: LittleStudio) -> None:
    made = studio.succeed(cells(studio, 1)[0])
    seen = look("library", scope=CASE, asset=made.sha256)
    drawer = seen.partition("<aside")[2].partition("</aside>")[0]
    for words in ("Sweep spring presets", "It is a cell of a sweep, no attempt of the case.", "Where it comes from", "Use these settings again"):
        assert words in drawer, words
    assert 'data-do="decide"' not in drawer
    assert 'data-do="ask-remove"' in drawer
    assert "Sweep" not in look("library", scope=CASE, asset=studio.succeed(single(studio, "a1", 1)).sha256).partition("<aside")[2]


def test_a_test_photo_is_named_as_one_and_leads_to_no_case(studio: LittleStudio) -> None:
    testphotos.add(studio.place, "Lim and Sofia", intake("green"), ME)
    seen = look("library", case=STUDIO_SCOPE)
    assert "Test photo" in seen
    assert f'href="/cases?case={STUDIO_SCOPE}"' not in seen
    assert "This case is not here" in look("cases", case=STUDIO_SCOPE)


def test_one_cell_s_own_page_leads_to_its_sweep(studio: LittleStudio) -> None:
    (run,) = cells(studio, 1)
    seen = look("queue", run=run.id)
    assert 'href="/compare?sweep=spring"' in seen
    assert f'data-run="{run.id}"' in seen


def test_the_filter_by_person_knows_who_runs_a_sweep(studio: LittleStudio) -> None:
    ask = portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=3), Person(name="Zoe"), run_id="z").run
    studio.as_cell(ask, "spring")
    seen = look("queue")
    assert re.search(r'<option value="Zoe"', seen)
    assert 'id="sweep-spring"' in look("queue", who="Zoe")
    assert 'id="sweep-spring"' not in look("queue", who="Ana")
