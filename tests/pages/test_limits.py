"""Costs, Budgets without a browser: what it says, what its forms do, and what Home and the buttons say of it."""

import html
import re
from pathlib import Path

import pytest
import streamlit as st

from pages.parts import frame, limit_forms
from pages.parts.here import notice
from pages.parts.limit_forms import amount_of
from pipeline.errors import BadParameter
from pipeline.ledger import Cap
from pipeline.ledger.limits import Measure
from pipeline.records import Role
from pipeline.studio import budgets, people
from tests.little_studio import ME, LittleStudio
from tests.pages.screens import drawn, visit


@pytest.fixture
def studio(own_data_folder: Path) -> LittleStudio:
    """The studio that the screens of this test look at: a customer with an approved avatar, which cost three cents."""
    studio = LittleStudio(own_data_folder, customer=True)
    studio.approved_avatar()
    return studio


def words(screen: str = "costs", **query: str) -> str:
    """Return what is to be read on a screen."""
    query = query or {"part": "budgets"}
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", drawn(visit(screen, **query)))))


def press(**what: str) -> str:
    """Do what a form of the part says, and return what the screen would say about it."""
    frame.do(limit_forms.ACTIONS, what)
    return notice()


def new(**changes: str) -> str:
    form = {"kind": "studio", "name": "", "amount": "200", "measure": "money", "period": "month", "soft": "", "reason": "as agreed"}
    return press(do="budget-set", **{**form, **changes})


def held(studio: LittleStudio) -> list[budgets.Budget]:
    return [one for one in budgets.budgets(studio.place) if one.limit.budget_id]


def test_without_a_budget_the_daily_cap_of_the_settings_is_shown_and_how_to_set_one(studio: LittleStudio) -> None:
    seen = words()
    assert "The studio $50.00 a day" in seen
    assert "$0.03 used" in seen
    assert "New budget" in seen
    assert "No budget was ever set here." in seen
    assert "No forecast yet: it needs 5 full days, and there are 0." in seen


def test_a_budget_is_set_changed_extended_and_ended_on_the_page(studio: LittleStudio) -> None:
    assert new(amount="$0.04", period="day") == ""
    (first,) = held(studio)
    assert "The studio $0.04 a day" in words()
    about = {"kind": "studio", "name": "all", "measure": "money", "period": "day", "budget": first.limit.budget_id}
    assert press(do="budget-extend", **about, amount="1", reason="a fair in Vienna") == ""
    assert "$1.00 more are allowed today." in words()
    assert press(do="budget-set", **about, amount="0.01", soft="", reason="") == ""  # the dollar more of today keeps it from stopping at once
    (second,) = held(studio)
    assert (second.limit.cap, second.limit.extended) == (10_000, 1_000_000)
    assert press(do="budget-end", budget=second.limit.budget_id, reason="not needed") == ""
    assert held(studio) == []
    seen = words()
    for said in ("a fair in Vienna", "not needed", "as agreed", "$1.00 more on"):
        assert said in seen


def test_a_budget_that_is_passed_says_by_how_much(studio: LittleStudio) -> None:
    new(amount="0.01", sure="yes")
    assert "already $0.02 over. Nothing more can be bought." in words()


def test_a_limit_in_requests_and_one_that_only_warns_are_told_apart(studio: LittleStudio) -> None:
    new(kind="person", name="*", amount="2", measure="requests", period="day", soft="yes")
    seen = words()
    assert "Every person 2 requests a day" in seen
    assert "1 request used by me, who used most" in seen
    assert "50 % is reached" in seen


@pytest.mark.parametrize("wrong", [{"amount": "much"}, {"amount": "-1"}, {"amount": ""}, {"kind": "planet"}, {"period": "week"}, {"kind": "person"}])
def test_what_cannot_be_a_budget_is_said_in_a_sentence(studio: LittleStudio, wrong: dict[str, str]) -> None:
    assert new(**wrong).endswith(".")
    assert held(studio) == []


def test_who_may_not_change_budgets_sees_them_and_why_nothing_can_be_pressed(studio: LittleStudio) -> None:
    new()
    people.add(studio.place, "cleo", "support", frozenset({Role.MAKE}), ME)
    screen = visit("costs", part="budgets")
    screen.session_state["person"] = "cleo"
    seen = drawn(screen.run())
    assert "Your role does not allow changing budgets." in seen
    assert 'data-do="budget-' not in seen


def test_names_are_never_read_as_markup(studio: LittleStudio) -> None:
    new(kind="person", name="<b>eve</b>", reason="<i>why</i>")
    seen = drawn(visit("costs", part="budgets"))
    assert "<b>eve" not in seen
    assert "<i>why" not in seen


def test_home_says_in_one_line_which_budget_is_half_used_and_leads_there(studio: LittleStudio) -> None:
    assert "% reached" not in words("home", x="")
    new(amount="0.06")
    new(amount="1", measure="requests", period="day", soft="yes")
    seen = drawn(visit("home"))
    assert "100 % reached: the studio may make 1 request a day (a warning only), and 1 more budget" in seen
    assert 'href="/costs?part=budgets"' in seen


def test_buttons_that_buy_say_which_budget_is_in_the_way_before_they_are_pressed(studio: LittleStudio) -> None:
    new(amount="0.05", period="day")
    said = "is left of the day cap of $0.05 for the studio. You may extend it for today at Costs, Budgets."
    for screen, query in (("home", {"x": ""}), ("cases", {"case": "case-1"})):
        assert said in words(screen, **query), screen


def test_a_soft_budget_remarks_on_the_button_and_leaves_it_alone(studio: LittleStudio) -> None:
    new(amount="0.05", period="day", soft="yes")
    seen = drawn(visit("home"))
    assert "With this, 100 % of the day cap of $0.05 for the studio is reached ($0.06 used). It only warns." in seen
    assert "disabled" not in re.search(r"<button[^>]*data-do=\"sample\"[^>]*>", seen)[0]  # type: ignore[index]


@pytest.mark.parametrize(
    ("text", "measure", "amount"),
    [("3", Measure.MONEY, 3_000_000), ("$ 1,200.50", Measure.MONEY, 1_200_500_000), ("3,50", Measure.MONEY, 3_500_000), ("40", Measure.REQUESTS, 40)],
)
def test_amounts_are_read_as_people_write_them(text: str, measure: Measure, amount: int) -> None:
    assert amount_of(text, measure) == amount


@pytest.mark.parametrize("text", ["", "x", "-1", "nan", "1e9", "inf", "1.0000001", "1,2,3", "٣"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(BadParameter):
        amount_of(text, Measure.MONEY)


def test_half_a_request_is_refused() -> None:
    with pytest.raises(BadParameter, match="whole number"):
        amount_of("1.5", Measure.REQUESTS)


def test_the_caps_that_are_checked_are_those_that_are_shown(studio: LittleStudio) -> None:
    budgets.set_cap(studio.place, Cap(scope_kind="case", scope="case-1", period="ever", requests=5), ME)
    assert "Case case-1 5 requests in all" in words()


def test_a_budget_that_is_passed_already_is_asked_back_before_it_is_stored(studio: LittleStudio) -> None:
    st.session_state.clear()
    assert new(amount="0.02", period="day") == ""
    assert held(studio) == []
    question = str(limit_forms.asked_back())
    assert "$0.02 a day for the studio would stop all buying it covers at once: $0.03 used already. Nothing is stored yet." in question
    told = {name: html.unescape(value) for name, value in re.findall(r'data-(\w+)="([^"]*)"', question.partition("</button>")[0])}
    assert press(**told) == ""
    assert [one.limit.cap for one in held(studio)] == [20_000]
    assert limit_forms.asked_back() is None


def test_a_question_that_is_left_stores_nothing_and_a_warning_asks_none(studio: LittleStudio) -> None:
    st.session_state.clear()
    new(amount="1", measure="requests", kind="person", name="*")
    assert "1 request used already by me" in str(limit_forms.asked_back())
    assert press(do="budget-left") == ""
    assert (limit_forms.asked_back(), held(studio)) == (None, [])
    new(amount="0.01", soft="yes")
    assert [one.limit.hard for one in held(studio)] == [False]


def test_who_may_not_change_budgets_is_not_told_what_is_used_either(studio: LittleStudio, monkeypatch: pytest.MonkeyPatch) -> None:
    st.session_state.clear()
    monkeypatch.setattr(limit_forms, "me", lambda: people.add(studio.place, "cleo", "support", frozenset({Role.MAKE}), ME))
    assert new(amount="0.01") != ""
    assert limit_forms.asked_back() is None


def test_the_form_that_extends_is_a_new_one_after_it_did(studio: LittleStudio) -> None:
    new(amount="5", period="day")
    (first,) = held(studio)
    key = first.limit.budget_id
    assert f'id="extend-{key}-0"' in drawn(visit("costs", part="budgets"))
    press(do="budget-extend", kind="studio", name="all", measure="money", period="day", budget=key, amount="1", reason="a fair")
    assert f'id="extend-{key}-1000000"' in drawn(visit("costs", part="budgets"))
