"""A run stands the same on every screen, no screen names a command, and no screen offers what would be refused."""

import re
from pathlib import Path

import pytest
import streamlit as st

from pages.parts import actions, frame, here
from pages.parts.here import notice
from pipeline import runs
from pipeline.buying import calls
from pipeline.errors import BeingLookedUp, StudioError, _family
from pipeline.records import Call, CallState, Decision, Role, Run, RunKind, RunState
from pipeline.settings import ROOT
from pipeline.studio import home, people, photos, portraits, reviews, sweep_runs, sweep_view, sweeps, testphotos
from pipeline.sweeps.plans import read_plan
from pipeline.workflows.wishes import AvatarWish
from tests.little_studio import CASE, ME, OWNER, LittleStudio, intake
from tests.pages.screens import drawn, visit

SCREENS = {"home": {}, "cases": {"case": CASE}, "queue": {}}
A_COMMAND = re.compile(r"`|python -m|--[a-z]+ ")


@pytest.fixture
def studio(own_data_folder: Path) -> LittleStudio:
    """The studio that the screens of this test look at, with one customer."""
    return LittleStudio(own_data_folder, customer=True)


def ask(studio: LittleStudio, number: int = 1) -> Run:
    return portraits.ask_next_avatar(studio.place, CASE, OWNER, AvatarWish(), ME, number).run


def lost(studio: LittleStudio, run: Run | None = None) -> Call:
    """Let the request of an avatar get lost on the way, as the worker leaves it: the run has failed, its money is held."""
    run = run or ask(studio)
    error = BeingLookedUp("It cannot be proven whether the provider accepted this request. Its money stays held.")
    error.next = "Look at the provider's own history, then `decide c-1 adopt`, `resend` or `write-off`."
    with studio.place.database.writing() as tx:
        call = calls.move(tx, calls.filling(tx, run.id, "avatar"), CallState.SUBMITTING, sends=1)
        call = calls.note(tx, calls.move(tx, call, CallState.UNKNOWN), needs_decision=1, error={**error.as_json(), "asked": 2, "found": None})
        runs.begin(tx, run.id, run.attempt)
        runs.finish(tx, run.id, RunState.FAILED, error)
    return call


def screens(run: Run | None = None, *, seen_by: str = "") -> dict[str, str]:
    """Draw every screen on which the run shows, as somebody sees it."""
    here._version.clear()
    wanted = [*SCREENS.items(), *([("queue", {"run": run.id})] if run else [])]
    found = {}
    for name, query in wanted:
        screen = visit(name, **query)
        if seen_by:
            screen.session_state["person"] = seen_by
            screen.run()
        found[f"{name} {query}"] = drawn(screen).partition("<h1")[2]
    return found


def states(page: str) -> list[str]:
    """Return the states that a page shows: symbol and word."""
    return re.findall(r'<span class="badge [^>]*><span[^>]*>[^<]*</span><span>([^<]*)</span>', page)


def be(studio: LittleStudio, *roles: Role) -> None:
    people.add(studio.place, "Vera", "support", frozenset(roles), ME)
    st.session_state["person"] = "Vera"


def test_a_lost_request_needs_a_decision_on_every_screen_and_is_nowhere_failed_free_or_a_command(studio: LittleStudio) -> None:
    call = lost(studio)
    for name, page in screens(studio.run(call.run_id)).items():
        assert "Needs a decision" in page, name
        assert "$0.03 is held for it" in page, name
        assert "broke while the request was on its way" in page, name
        assert "Failed" not in states(page), name
        assert "Retry ·" not in page, name
        assert not A_COMMAND.search(re.sub("<[^>]*>", " ", page)), name


def test_a_lost_cell_of_a_sweep_needs_a_decision_and_is_not_retried_for_nothing(studio: LittleStudio) -> None:
    source = testphotos.add(studio.place, "Maya", intake("blue"), ME)
    sweeps.save(studio.place, "s1", "Spring", read_plan(RunKind.AVATAR, [("photo", source.id), ("strength", "0.5, 0.6")]).plan, ME, version=0)
    sweep_runs.start(studio.place, "s1", ME, ceiling_micro_usd=1_000_000)
    first, second = (studio.run(row["id"]) for row in studio.rows("SELECT id FROM runs ORDER BY id"))
    studio.fail(first)
    lost(studio, second)
    seen = sweep_view.look(studio.place, "s1")
    assert seen.count("undecided") == 1
    page = drawn(visit("compare", sweep="s1"))
    assert (seen.count("failed"), "0 of 2 made · 1 not made" in page, "Retry 1 · $0.03" in page) == (1, True, True)
    assert "1 needing a decision" in page


def test_a_lost_request_is_offered_only_to_those_who_may_settle_it(studio: LittleStudio) -> None:
    call = lost(studio)
    assert 'data-do="settle"' in drawn(visit("home"))
    be(studio, Role.VIEW, Role.MAKE, Role.APPROVE)
    for name, seen in screens(studio.run(call.run_id), seen_by="Vera").items():
        assert 'data-do="settle"' not in seen, name
        assert "Only who may change budgets and settle lost requests can decide this." in seen, name
    before = studio.dump()
    frame.do(actions.ACTIONS, {"do": "settle", "call": call.id, "choice": "write-off"})
    assert "Vera may not" in notice()
    assert studio.dump() == before


def test_a_retry_that_would_be_refused_is_a_sentence_and_no_button(studio: LittleStudio) -> None:
    studio.fail(ask(studio))
    for number in range(2, studio.place.settings.attempts + 2):
        studio.succeed(ask(studio, number))
    for name, seen in screens(studio.run(studio.rows("SELECT id FROM runs WHERE state = 'failed'")[0]["id"])).items():
        assert 'data-do="retry"' not in seen, name
        assert "This case has no attempts left: 8 made and 0 in flight of 8." in seen, name


def test_what_was_approved_for_a_replaced_photo_is_green_nowhere(studio: LittleStudio) -> None:
    approved, waiting = studio.avatar(), studio.avatar()
    reviews.decide_on(studio.place, approved, OWNER, Decision.APPROVED, ME)
    photos.put_photo(studio.place, CASE, OWNER, intake("red"), ME, replace=True)
    runs_ = [home.see(studio.place, made.run_id or "").run for made in (approved, waiting)]
    pages = {**screens(), **{run.id: drawn(visit("queue", run=run.id)) for run in runs_}, "library": drawn(visit("library"))}
    for name, page in pages.items():
        assert not {"Approved", "To review"} & set(states(page)), name
    assert states(pages["library"]).count("Replaced") == 3


@pytest.mark.parametrize("kind", list(_family(StudioError)), ids=lambda kind: kind.__name__)
def test_what_every_error_says_on_a_screen_names_no_command(kind: type[StudioError]) -> None:
    error = kind()
    assert error.next_on_screen
    assert not A_COMMAND.search(error.on_screen)
    again = StudioError.from_json(error.as_json())
    assert again.on_screen == error.on_screen


@pytest.mark.parametrize("path", sorted((ROOT / "pages").rglob("*.py")), ids=lambda path: path.stem)
def test_screens_say_what_to_do_in_words_of_a_screen(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\b(error|taken|why_not)\.next\b|\b(part|finding)\.remedy\}", text)
    assert not re.search(r"\"[^\"\n]*python -m pipeline|\"make [a-z]+\"", text)
