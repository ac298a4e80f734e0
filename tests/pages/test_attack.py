"""What a browser that means no good, or has bad luck, can send: it is answered in one sentence, and costs and changes nothing."""

from pathlib import Path

import pytest
import streamlit as st

from pages.parts import case_actions, caselist, frame, here, library_actions, queue_actions, strip, ways, workshop
from pages.parts.here import notice
from pipeline.errors import StudioError
from tests.little_studio import CASE, LittleStudio
from tests.pages.screens import drawn, visit

ACTIONS = {**workshop.ACTIONS, **strip.ACTIONS, **caselist.ACTIONS, **queue_actions.ACTIONS, **library_actions.ACTIONS, **case_actions.ACTIONS}
HALF = "\ud800 of a pair"
WORDS = (HALF, "\0", "9" * 5000, "1e309", "-1", "٣", ",,,", "%ED%A0%80", "javascript:alert(1)", "//evil.example", "x" * 100_000, "' OR 1=1 --")
FIELDS = (
    "run,number,style,strength,seed,decision,reason,note,attempts,"
    "runs,call,choice,scope,asset,pick,bulk,going,name,roles,who,price,q,owner,page,usd_from"
)


@pytest.fixture
def studio(own_data_folder: Path) -> LittleStudio:
    """The studio that the screens of this test look at, with one customer."""
    return LittleStudio(own_data_folder, customer=True)


@pytest.fixture(autouse=True)
def _at_the_case() -> None:
    for name in ("notice", "person", "go", "going"):
        st.session_state.pop(name, None)
    st.query_params["case"] = CASE


def press(**what: str) -> str:
    frame.do(ACTIONS, what)
    return notice()


@pytest.mark.parametrize("words", WORDS, ids=range(len(WORDS)))
def test_whatever_a_press_says_is_answered_in_a_sentence_and_buys_nothing(studio: LittleStudio, words: str) -> None:
    for do in ACTIONS.keys() - {"check", "open", "add-person", "files"}:
        assert StudioError.say not in press(do=do, **dict.fromkeys(FIELDS.split(","), words)), do
    assert studio.rows("SELECT * FROM runs") == studio.rows("SELECT * FROM entries") == []


def test_half_a_character_in_what_somebody_wrote_is_left_out(studio: LittleStudio) -> None:
    assert press(do="grant", attempts="2", reason=HALF) == ""
    assert press(do="open", name=f"Lim{HALF}\0", owner="u-1", case="half") == ""
    assert press(do="pause", note=HALF) == ""
    assert studio.case("half").name == "Lim of a pair"
    assert "Lim of a pair" in drawn(visit("cases"))


def test_a_defect_of_ours_is_one_sentence_too(studio: LittleStudio, caplog: pytest.LogCaptureFixture) -> None:
    def broken(_: object) -> None:
        raise ZeroDivisionError("secret words")

    frame.do({"break": broken}, {"do": "break"})
    assert notice() == f"{StudioError.say} {StudioError.next}"
    assert "secret words" in caplog.text


@pytest.mark.parametrize(
    "href", ["http://[", "//evil.example/cases", "javascript:alert(1)", "https://evil.example/queue", "/../app.py", "\\\\evil", ""]
)
def test_a_link_leads_nowhere_but_to_our_own_screens(monkeypatch: pytest.MonkeyPatch, href: str) -> None:
    gone: list[object] = []
    monkeypatch.setattr(st, "switch_page", lambda page, **how: gone.append(page))
    monkeypatch.setitem(st.session_state, "ways", {"cases": "the cases", "queue": "the queue", "home": "home"})
    frame.do({}, {"do": "go", "href": href})
    ways.follow()
    assert gone in ([], ["home"])


def test_words_that_the_screen_library_keeps_for_itself_are_left_out_of_a_link(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[object] = []
    monkeypatch.setattr(st, "switch_page", lambda _, query_params: told.append(query_params))
    monkeypatch.setitem(st.session_state, "ways", {"cases": "the cases"})
    frame.do({}, {"do": "go", "href": "/cases?embed=true&EMBED_options=x&q=lim"})
    ways.follow()
    assert told == [{"q": "lim"}]


def test_an_untold_price_of_many_retries_is_none(studio: LittleStudio) -> None:
    for price in ("9" * 5000, "", "-1", "1e9"):
        assert press(do="retry-all", runs="nobody", price=price) == ""
    assert here.notice() == ""
