"""Costs → Spending in words: unfinished days, filters, names and changes are said so that nobody can mistake them."""

import re
from datetime import date, timedelta

import pytest

from pages.parts import spendask, spendwords
from pages.parts.spendwords import Moved
from pipeline.database import insert
from pipeline.schema.spending import DIMENSIONS, MEASURES
from pipeline.studio import portraits
from pipeline.studio.costs import Period
from pipeline.workflows.wishes import AvatarWish
from tests.little_studio import ME, LittleStudio
from tests.pages.screens import drawn
from tests.pages.test_costs import TODAY, bars, charts, shown, studio, table, words

__all__ = ["studio"]


def test_a_day_that_is_not_over_is_never_held_against_a_whole_one() -> None:
    asked = spendask.read({"period": "7d"}, "2026-05-20")
    assert (asked.over, spendask.before(asked)) == (Period(since="2026-05-14", until="2026-05-19"), Period(since="2026-05-07", until="2026-05-12"))
    today = spendask.read({"period": "today"}, "2026-05-20")
    assert (today.over, spendask.before(today)) == (None, None)
    chosen = spendask.read({"period": "7d", "on": "2026-05-19"}, "2026-05-20")
    assert (chosen.over, spendask.before(chosen)) == (chosen.days, Period(since="2026-05-18", until="2026-05-18"))
    last = spendask.read({"period": "last-month"}, "2026-03-31")
    assert spendask.before(last) == Period(since="2026-01-01", until="2026-01-31")


@pytest.mark.parametrize("by", ["style", "case"])
def test_changes_leave_today_out_and_the_screen_says_so(studio: LittleStudio, by: str) -> None:
    _moved_back(studio, "pixar@1", 1)
    _moved_back(studio, "ghibli@1", 8)
    studio.customer("case-3", "cleo", photo="green")
    studio.succeed(portraits.ask_next_avatar(studio.place, "case-3", "cleo", AvatarWish(style="ghibli"), ME, 1).run)
    page = shown(by=by, period="7d")
    days = [date.fromisoformat(TODAY) - timedelta(days=back) for back in (6, 1, 13, 8)]
    over, before = (spendwords.days(Period(since=first.isoformat(), until=last.isoformat())) for first, last in (days[:2], days[2:]))
    assert f"today is not over, so changes leave it out: {over} compared with {before}" in words(page)
    assert "Spent $0.44 ▲ 1,267 %" in words(page)  # 41 cents of yesterday against 3; today's 3 are in the sum and in no change


def _moved_back(studio: LittleStudio, style: str, days: int) -> None:
    """Let everything of a style have happened so many days ago."""
    day = (date.fromisoformat(TODAY) - timedelta(days=days)).isoformat()
    with studio.place.database.writing() as tx:
        tx.execute("UPDATE costs SET for_day = ? WHERE style = ?", (day, style))


def test_the_sum_below_a_chosen_name_says_that_it_is_the_whole(studio: LittleStudio) -> None:
    assert table(shown(by="style", style="ghibli@1"), "Spent by style")[-1][:2] == ["All 2 styles, without the filter", "$0.44"]
    assert table(shown(by="style"), "Spent by style")[-1][0] == "All 2 styles"


def test_a_chosen_bar_is_named_as_people_write_days_and_the_choice_of_days_agrees(studio: LittleStudio) -> None:
    day = spendwords.day(TODAY)
    page = shown(by="style", period="7d", on=TODAY)
    assert f'aria-label="Take away: {day}"' in drawn(page)
    assert f'<option value="bar" selected>Only {day}</option>' in drawn(page)
    assert drawn(page).count("selected>") == 2
    assert f"{day} (UTC), of " in words(page)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"period": "week"}, "There is no period called “week”: Last 30 days is shown."),
        ({"by": "owner"}, "There is no way to cut called “owner”: Model is shown."),
        ({"period": "between", "since": "May"}, "The address names no days: the last 30 are shown."),
    ],
)
def test_an_address_that_asks_for_what_there_is_none_of_is_told_so(studio: LittleStudio, query: dict[str, str], said: str) -> None:
    assert said in words(shown(**query))
    assert "There is no" not in words(shown())


def test_customers_of_one_name_are_told_apart(studio: LittleStudio) -> None:
    with studio.place.database.writing() as tx:
        tx.execute("UPDATE cases SET name = 'Anna & Ben'")
    told = {"Anna &amp; Ben · case-1", "Anna &amp; Ben · case-2"}
    assert {row[0] for row in table(shown(closer="customers"), "Dearest customers")} == told
    page = shown(by="case")
    assert {row[3] for row in table(page, "Requests")} == told
    assert {row[0] for row in table(page, "Spent by customer")[:-1]} == told


def test_every_number_names_what_it_counts(studio: LittleStudio) -> None:
    seen = words(shown())
    assert "Requests, results used again and adjusting entries: 5, $0.44 in all" in seen
    assert "4 of 5 that ended by themselves" in seen
    assert "4 usable results" in seen


def test_a_share_changes_by_points_and_better_is_said_in_words() -> None:
    assert spendwords.points(0.971, 0.934, good=True) == Moved(
        sign="▲ 3.7 points", words="3.7 points more than before, which is better", look="better"
    )
    waste = spendwords.change(7, 10, good=False)
    assert waste is not None
    assert (waste.sign, waste.words) == ("▼ 30 %", "30 % less than before, which is better")
    assert spendwords.points(0.5, 0.5, good=True) == Moved(sign="= same", words="the same as before")
    spent = spendwords.change(2, 1)
    assert spent is not None
    assert (spent.words, spent.look) == ("100 % more than before", "")


def test_money_without_a_request_was_booked_from_the_bill(studio: LittleStudio) -> None:
    with studio.place.database.writing() as tx:
        named = {**dict.fromkeys(DIMENSIONS, ""), "for_day": TODAY, "endpoint": "fal-ai/x"}
        insert(tx, "daily_costs", {**named, **dict.fromkeys(MEASURES, 0), "charged_micro_usd": 30_000})
    page = shown(by="style")
    assert [row[0] for row in table(page, "Spent by style")] == ["Pixar", "Ghibli", "Booked from the bill", "All 3 styles"]
    assert set(bars(page)) == {"Pixar", "Booked from the bill", "Ghibli"}


def test_own_words_are_never_called_free() -> None:
    assert spendwords.name_of("style", "free") == spendwords.name_of("style", "free@1") == "Own words"


def test_the_amounts_of_a_column_have_as_many_decimals(studio: LittleStudio) -> None:
    for column in range(1, 10):
        written = [row[column] for row in table(shown(by="style"), "Spent by style") if row[column] != "–"]
        assert len({len(re.sub(r"[^0-9]", "", one.partition(".")[2])) for one in written}) <= 1, column
        assert not any("about" in one for one in written)
    assert "Sums are exact; averages are rounded." in words(shown())


def test_points_have_the_colours_of_the_chart_above_and_their_names_beside_them(studio: LittleStudio) -> None:
    page = shown(closer="worth", by="style")
    above, *_, approval = charts(page)
    colours = {one["customdata"][0][0]: one["marker"]["color"] for one in approval["data"]}
    assert colours == {one["customdata"][0][0]: one["marker"]["color"] for one in above["data"]}
    assert all(one["mode"] == "markers" for one in approval["data"])
    assert {row[0]: row[3] for row in table(page, "Likeness and approval")} == {"Pixar": "2 of 3", "Ghibli": "0 of 1"}
    assert "clips have none of their own" in words(page)
