"""Home without a browser: what it says, and what its buttons do."""

import html
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts import actions, board, frame, pieces, steps
from pipeline import runs
from pipeline.buying import calls
from pipeline.errors import BeingLookedUp
from pipeline.records import CallState, Decision, RunState
from pipeline.settings import ROOT
from pipeline.studio import casebook, home, looks, photos, portraits, reviews, samples
from pipeline.workflows.wishes import AvatarWish, ClipWish
from tests.little_studio import ME, LittleStudio, intake

NASTY = "<script>alert(1)</script> & Söhne 👰🤵 " + "x" * 3000


@pytest.fixture
def studio(own_data_folder: Path) -> LittleStudio:
    """The studio that the screens of this test look at."""
    return LittleStudio(own_data_folder)


def shown() -> AppTest:
    """Run the main script as a first visit does."""
    return AppTest.from_file(str(ROOT / "pages" / "shell.py"), default_timeout=20).run()


def drawn(screen: AppTest) -> str:
    """Return the HTML of every live element."""
    assert not screen.exception
    return " ".join(json.loads(element.proto.json)["html"] for element in screen.get("bidi_component"))


def sample(studio: LittleStudio) -> home.Seen:
    run = samples.ask_sample(studio.place, 1, ME).run
    studio.succeed(run)
    return home.see(studio.place, run.id)


def test_a_fresh_install_offers_the_sample_at_its_price_and_says_the_mode(studio: LittleStudio) -> None:
    seen = drawn(shown())
    assert "Make a sample portrait · $0.03" in seen
    assert "SANDBOX" in seen
    assert re.sub("<[^>]*>", "", seen).count("$0.00 of $50.00 today") == 1
    for part in ("Worker", "Sandbox", "Store", "Ledger"):
        assert f"<b>{part}</b>" in seen


def test_what_people_wrote_is_shown_as_text(studio: LittleStudio) -> None:
    photos.open_case(studio.place, "case-1", "me", ME, name=NASTY)
    photos.put_photo(studio.place, "case-1", "me", intake("blue"), ME)
    run = portraits.ask_avatar(studio.place, "case-1", "me", AvatarWish(seed=1), ME, run_id="r-1").run
    for step in (lambda: None, lambda: studio.succeed(run)):
        step()
        seen = drawn(shown())
        assert "<script" not in seen
        assert html.escape(NASTY) in seen


def test_every_picture_has_words_for_those_who_do_not_see_it(studio: LittleStudio) -> None:
    one = sample(studio)
    everything = drawn(shown()) + board.sections(home.look(studio.place))
    pictures = re.findall(r"<img[^>]*>", everything)
    assert one.picture is not None
    assert len(pictures) > 4
    assert all(" alt=" in picture for picture in pictures)


def test_a_press_and_its_repeats_are_one_wish(studio: LittleStudio) -> None:
    for _ in range(3):
        frame.do(actions.ACTIONS, {"do": "sample", "number": "1"})
    assert looks.ledger_totals(studio.place) == {"held_micro_usd": 30_000, "charged_micro_usd": 0}


def test_approving_twice_is_approving_once_and_rejecting_afterwards_changes_nothing(studio: LittleStudio) -> None:
    one = sample(studio)
    for decision in ("approved", "approved", "rejected"):
        frame.do(actions.ACTIONS, {"do": "decide", "run": one.run.id, "decision": decision})
    assert home.see(studio.place, one.run.id).decision is Decision.APPROVED
    assert len(studio.rows("SELECT * FROM approvals")) == 1


def test_animating_waits_for_an_approved_avatar_and_is_bought_once(studio: LittleStudio) -> None:
    one = sample(studio)
    animate = {"do": "animate", "run": one.run.id, "number": "1"}
    frame.do(actions.ACTIONS, animate)
    assert studio.rows("SELECT id FROM runs WHERE kind = 'clip'") == []
    frame.do(actions.ACTIONS, {"do": "decide", "run": one.run.id, "decision": "approved"})
    for _ in range(2):
        frame.do(actions.ACTIONS, animate)
    assert [row["parent_run"] for row in studio.rows("SELECT parent_run FROM runs WHERE kind = 'clip'")] == [one.run.id]


def press_and_say() -> None:
    """Press a button as a screen does, then write what the screen would say."""
    import streamlit as st

    from pages.parts import actions, frame
    from pages.parts.here import notice

    frame.do(actions.ACTIONS, {"do": "sample", "number": "1"})
    st.text(notice())


def test_a_refusal_is_one_sentence_with_the_next_step(studio: LittleStudio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_DAILY_CAP_USD", "0")
    screen = AppTest.from_function(press_and_say, default_timeout=20).run()
    why = "This needs $0.03, but $0.00 is left of the day cap of $0.00 for the studio."
    said = f"{why} It begins anew at midnight UTC; whoever starts the studio can change it."
    assert [text.value for text in screen.text] == [said]
    assert studio.rows("SELECT * FROM calls") == []


def test_a_refusal_is_shown_until_it_is_closed(studio: LittleStudio) -> None:
    screen = shown()
    assert 'id="notice"' not in drawn(screen)
    screen.session_state["notice"] = "The spending cap is reached."
    assert "The spending cap is reached." in drawn(screen.run())


def test_a_request_nobody_can_prove_waits_for_a_person_with_the_price_of_each_choice(studio: LittleStudio) -> None:
    run = samples.ask_sample(studio.place, 1, ME).run
    call = studio.submit(run)
    with studio.place.database.writing() as tx:
        calls.move(tx, call, CallState.UNKNOWN, needs_decision=1)
        runs.finish(tx, run.id, RunState.FAILED, BeingLookedUp())
    seen = drawn(shown())
    assert "Send again · $0.03" in seen
    assert "Write off · $0.03" in seen
    for _ in range(2):
        frame.do(actions.ACTIONS, {"do": "settle", "call": call.id, "choice": "write-off"})
    assert looks.ledger_totals(studio.place) == {"held_micro_usd": 0, "charged_micro_usd": 30_000}
    assert home.look(studio.place).questions == ()


def test_a_press_on_home_and_one_on_the_case_screen_are_one_purchase(studio: LittleStudio) -> None:
    seen = sample(studio)
    case, made = seen.case, seen.made
    assert made is not None
    frame.do(actions.ACTIONS, {"do": "again", "number": "2"})
    assert not portraits.ask_next_avatar(studio.place, case.id, case.owner, AvatarWish(), ME, casebook.look(studio.place, case.id).avatars).new
    reviews.decide_on(studio.place, made, case.owner, Decision.APPROVED, ME)
    number = casebook.look(studio.place, case.id).clips + 1
    assert home.see(studio.place, seen.run.id).next_clip == number
    frame.do(actions.ACTIONS, {"do": "animate", "run": seen.run.id, "number": str(number)})
    assert not portraits.ask_next_clip(studio.place, case.id, case.owner, made.sha256, ClipWish(), ME, number).new
    assert [row["kind"] for row in studio.rows("SELECT kind FROM runs ORDER BY kind")] == ["avatar", "avatar", "clip"]


@pytest.mark.parametrize("what", [{}, {"do": "drop tables"}, {"do": "retry", "run": "nobody"}, {"do": "sample", "number": "1; --"}])
def test_a_press_nobody_offered_does_nothing(studio: LittleStudio, what: dict[str, str]) -> None:
    frame.do(actions.ACTIONS, what)
    assert studio.rows("SELECT * FROM runs") == []


def test_a_cancelled_run_and_a_retried_one_are_so_once(studio: LittleStudio) -> None:
    run = samples.ask_sample(studio.place, 1, ME).run
    studio.fail(run)
    for _ in range(2):
        frame.do(actions.ACTIONS, {"do": "retry", "run": run.id})
    assert (studio.run(run).state, studio.run(run).attempt) == (RunState.ASKED, 2)
    for _ in range(2):
        frame.do(actions.ACTIONS, {"do": "cancel", "run": run.id})
    assert studio.run(run).cancel_asked_at is not None


def test_a_failure_says_whose_fault_what_it_cost_and_what_a_retry_costs(studio: LittleStudio) -> None:
    run = samples.ask_sample(studio.place, 1, ME).run
    studio.fail(run)
    for draw in (steps.card, board.sections):
        seen = draw(home.look(studio.place))
        assert "The provider failed while making this." in seen
        assert "The provider’s fault · not charged" in seen
        assert "· $0.03" in seen


def test_a_picture_keeps_its_address_while_nothing_changes(studio: LittleStudio) -> None:
    one = sample(studio)
    assert one.picture is not None
    assert len({pieces.address(one.picture) for _ in range(20)}) <= 2
    assert pieces.address(one.picture).startswith("/m/")


@pytest.mark.parametrize(("seconds", "words"), [(0, "just now"), (89, "just now"), (150, "2 min ago"), (7000, "2 h ago"), (3 * 86400, "3 days ago")])
def test_times_are_said_as_people_say_them(monkeypatch: pytest.MonkeyPatch, seconds: float, words: str) -> None:
    past: Callable[[str], float] = lambda _: seconds  # noqa: E731
    monkeypatch.setattr(pieces, "seconds_since", past)
    assert pieces.ago("then") == words
