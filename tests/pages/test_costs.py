"""Costs → Spending by its data: what stands there equals the ledger, a link reproduces it, and it leads down to the single request."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts import here, spendask, spendlook, spendrequests, spendsketch, spendtable, spendwords, steady
from pages.parts.spendask import Asked
from pipeline.records import Decision, dollars, now
from pipeline.studio import costs, portraits, requests_made, reviews, spending
from pipeline.studio.costs import Period
from pipeline.studio.spread import Proof
from pipeline.workflows.wishes import AvatarWish
from tests.little_studio import ME, LittleStudio
from tests.pages.screens import drawn, visit

TODAY = now()[:10]
NASTY = "<b>%{x}</b> & Söhne"


@pytest.fixture
def studio(own_data_folder: Path) -> LittleStudio:
    """A studio in which two customers' pictures were made: one avatar rejected, one free failure, one clip; and an avatar in another style."""
    made = LittleStudio(own_data_folder)
    made.customer()
    made.approved_clip()
    reviews.decide_on(made.place, made.avatar(), "anna", Decision.REJECTED, ME, "hands")
    made.fail(portraits.ask_next_avatar(made.place, "case-1", "anna", AvatarWish(), ME, 3).run)
    made.customer("case-2", "ben", photo="red")
    made.succeed(portraits.ask_next_avatar(made.place, "case-2", "ben", AvatarWish(style="ghibli"), ME, 1).run)
    return made


def shown(**query: str) -> AppTest:
    """Return the page with its charts: they are drawn once the browser has told that all else is there."""
    here._version.clear()
    page = visit("costs", **query)
    page.session_state["charts"] = True
    return page.run()


def words(page: AppTest) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", drawn(page)))


def charts(page: AppTest) -> list[dict[str, Any]]:
    assert not page.exception
    return [json.loads(chart.proto.spec) for chart in page.get("plotly_chart")]


def bars(page: AppTest) -> dict[str, list[tuple[str, int]]]:
    """Return the bars of the chart over time by name: first day, micro-dollars."""
    return {one["name"]: [(x, round(y * 1e6)) for x, y in zip(one["x"], one["y"], strict=True)] for one in charts(page)[0]["data"]}


def table(page: AppTest, label: str) -> list[list[str]]:
    """Return the rows of a table as texts."""
    body = re.search(rf'<table role="table" aria-label="{label}">.*?<tbody[^>]*>(.*?)</tbody>', drawn(page), re.S)
    assert body is not None, label
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", body[1], re.S)
    return [[re.sub(r"<[^>]*>", "", cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S)] for row in rows]


def test_a_fresh_studio_is_told_what_will_be_here(own_data_folder: Path) -> None:
    LittleStudio(own_data_folder)
    page = shown()
    assert "Nothing was spent yet" in words(page)
    assert not page.get("plotly_chart")


@pytest.mark.parametrize("by", [name for name in spendask.DIMENSIONS if name != "sweep"])
def test_the_bars_are_the_ledger_whatever_they_are_cut_by(studio: LittleStudio, by: str) -> None:
    told = bars(shown(by=by))
    charged = studio.rows("SELECT sum(micro_usd) AS n FROM entries WHERE kind IN ('charge', 'adjust')")[0]["n"]
    assert sum(money for points in told.values() for _, money in points) == charged > 0
    groups = {group.names[by]: group.micro_usd for group in costs.grouped(studio.place, (by,))}
    assert sorted(money for points in told.values() for _, money in points) == sorted(groups.values())


def test_the_total_equals_the_rows_and_the_ledgers_lines(studio: LittleStudio) -> None:
    page = shown(by="style")
    *rows, total = table(page, "Spent by style")
    assert [row[0] for row in rows] == ["Pixar", "Ghibli"]
    micro_usd = [round(float(row[1].strip("$")) * 1e6) for row in (*rows, total)]
    assert sum(micro_usd[:-1]) == micro_usd[-1] == costs.total(studio.place)
    lines = studio.rows("SELECT count(*) AS n FROM entries WHERE kind IN ('charge', 'adjust')")[0]["n"]
    assert f"{dollars(costs.total(studio.place))} check_circle equals {lines} charges in the ledger" in words(page)


def test_sums_that_part_from_the_lines_are_said(studio: LittleStudio) -> None:
    with studio.place.database.writing() as tx:
        tx.execute("UPDATE daily_costs SET charged_micro_usd = charged_micro_usd + 5 WHERE style = 'ghibli@1'")
    page = shown()
    assert "The ledger's lines say" in words(page).replace("&#x27;", "'")
    assert "equals" not in words(page)


def test_a_name_narrows_figures_and_rows_while_the_chart_keeps_what_it_stands_beside(studio: LittleStudio) -> None:
    page = shown(by="style", style="ghibli@1")
    assert "Spent $0.03 " in words(page)
    assert "part of $0.44, which equals 4 charges in the ledger" in words(page)
    assert [len(table(page, label)) for label in ("Spent by style", "Requests")] == [3, 1]
    opacity = {one["name"]: one["marker"]["opacity"] for one in charts(page)[0]["data"]}
    assert opacity == {"Pixar": [spendsketch.DIM], "Ghibli": [1.0]}


def test_what_was_narrowed_is_a_link_without_it(studio: LittleStudio) -> None:
    page = shown(by="style", style="ghibli@1", model="flux-dev", period="7d")
    links = re.findall(r'<a href="([^"]*)"[^>]*class="chip" aria-label="Take away: ([^"]*)"', drawn(page))
    assert [(words_, href.replace("&amp;", "&")) for href, words_ in links] == [
        ("Model: FLUX.1 [dev] image-to-image", "/costs?period=7d&by=style&style=ghibli%401"),
        ("Style: Ghibli", "/costs?period=7d&by=style&model=flux-dev"),
    ]


def test_a_bar_narrows_to_its_days_and_its_name_and_back() -> None:
    from pages.parts.spendchart import _chosen

    asked = spendask.read({"by": "style", "period": "90d"}, TODAY)
    address = _chosen(asked, "ghibli@1", "2026-05-18")
    assert address == "/costs?period=90d&by=style&style=ghibli%401&on=2026-05-18"
    again = spendask.read({"by": "style", "period": "90d", "style": "ghibli@1", "on": "2026-05-18"}, TODAY)
    assert _chosen(again, "ghibli@1", "2026-05-18") == "/costs?period=90d&by=style"
    assert _chosen(asked, "everything else", "2026-05-18") == "/costs?period=90d&by=style&on=2026-05-18"


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"period": "between", "since": "2026-01-01", "until": "2026-02-03", "vs": "year", "by": "case", "grain": "week"},
        {"by": "style", "style": spendask.NONE, "on": "2026-05-18", "closer": "worth", "person": "Ana & Ben"},
        {"sort": "dearest", "page": "3", "vs": "none"},
    ],
)
def test_a_link_says_the_whole_view(query: dict[str, str]) -> None:
    asked = spendask.read(query, TODAY)
    address = spendask.to(asked, page=asked.page)
    given = dict(re.findall(r"[?&]([^=]+)=([^&]*)", address))
    assert set(given) == set(query)

    assert spendask.read({name: unquote(value) for name, value in given.items()}, TODAY) == asked


@pytest.mark.parametrize("query", [{"period": "x"}, {"by": "owner"}, {"on": "2026-02-31"}, {"page": "-4"}, {"grain": "hour"}, {"sort": "?"}])
def test_an_address_that_cannot_be_read_is_the_usual_view(query: dict[str, str]) -> None:
    assert spendask.read(query, TODAY) == spendask.read({}, TODAY)


def test_months_are_compared_with_months() -> None:
    this = spendask.read({"period": "this-month"}, "2026-03-31")
    assert this.compared == Period(since="2026-02-01", until="2026-02-28")
    assert spendask.read({"period": "last-month"}, "2026-03-31").compared == Period(since="2026-01-01", until="2026-01-31")
    assert spendask.read({"period": "7d", "vs": "year"}, "2024-02-29").compared == Period(since="2023-02-23", until="2023-02-28")


def test_days_without_spending_are_no_reason_to_fail(studio: LittleStudio) -> None:
    page = shown(period="between", since="2020-01-01", until="2020-01-31")
    assert "Nothing in these days Nothing was asked for, charged or used again from 1 – 31 Jan 2020. Show all time" in words(page)
    assert charts(page) == []


def test_a_portrait_s_cost_leaves_experiments_out_and_names_them(studio: LittleStudio) -> None:
    with studio.place.database.writing() as tx:
        tx.execute("UPDATE costs SET feature = 'sweep' WHERE case_id = 'case-2'")
    found = spending.portraits(studio.place, costs.Slice())
    assert (found.made_micro_usd, found.experiments_micro_usd, found.seen_by_guests, found.each_micro_usd) == (410_000, 30_000, 0, None)
    with studio.place.database.writing() as tx:
        tx.execute("UPDATE costs SET published = 1 WHERE kind = 'clip' AND outcome = 'succeeded'")
    assert spending.portraits(studio.place, costs.Slice()).each_micro_usd == 410_000
    assert "Per portrait $0.41 1 avatar with clip seen by guests · $0.03 of experiments apart" in words(shown())


def test_the_newest_come_first_by_time_and_every_row_says_when(studio: LittleStudio) -> None:
    page = requests_made.page(studio.place, costs.Slice())
    times = [line.at for line in page.lines]
    assert None not in times
    assert times == sorted(times, reverse=True)
    assert re.search(r"\d{1,2} [A-Z][a-z]{2} \d{4}, \d\d:\d\d", words(shown(closer="requests")))


def test_every_column_says_what_it_means_to_mouse_and_keyboard(studio: LittleStudio) -> None:
    seen = drawn(shown(closer="requests"))
    for told in (*spendtable.TOLD.values(), *spendrequests.TOLD.values()):
        assert f'<span class="told" role="tooltip">{told}</span>' in seen
    assert set(spendtable.TOLD) == set(spendtable.HEAD)
    assert seen.count('class="explained" tabindex="0"') == len(spendtable.TOLD) + len(spendrequests.TOLD)


def test_a_name_is_shown_as_it_is_and_never_as_markup(studio: LittleStudio) -> None:

    with studio.place.database.writing() as tx:
        tx.execute("UPDATE costs SET person = ?", (NASTY,))
    page = shown(by="person", person=NASTY)
    assert [one["name"] for one in charts(page)[0]["data"]] == ["&lt;b&gt;%{x}&lt;/b&gt; &amp; Söhne"]
    assert "<b>%" not in drawn(page)


def test_one_request_is_shown_with_its_lines_its_picture_and_the_ways_on(studio: LittleStudio) -> None:
    call = studio.rows("SELECT id, run_id FROM costs WHERE verdict = 'rejected'")[0]
    page = shown(request=call["id"])
    assert [(row[0], row[-1]) for row in table(page, "Ledger lines")] == [
        ("Hold", "$0.03"),
        ("Release", "-$0.03"),
        ("Charge", "$0.03"),
        ("Charged", "$0.03"),
    ]
    html = drawn(page)
    assert f'href="/queue?run={call["run_id"]}"' in html
    assert 'href="/library?scope=case-1&amp;asset=' in html
    assert "Rejected" in words(page)
    assert "pixar" in words(page).lower()
    assert not page.get("plotly_chart")


def test_a_request_that_is_not_there_is_said(studio: LittleStudio) -> None:
    assert "No such request" in words(shown(request="nothing"))


def test_rows_lead_to_the_request_and_back_to_the_same_view(studio: LittleStudio) -> None:
    page = shown(by="style", style="ghibli@1", sort="dearest")
    found = re.search(r'href="(/costs\?by=style&amp;style=ghibli%401&amp;sort=dearest&amp;request=([^"]*))"', drawn(page))
    assert found is not None
    one = shown(by="style", style="ghibli@1", sort="dearest", request=found[2])
    assert 'href="/costs?by=style&amp;style=ghibli%401&amp;sort=dearest" data-go class="back"' in drawn(one)


@pytest.mark.parametrize(
    ("closer", "said"), [("customers", "Dearest customers"), ("durations", "Slowest of twenty"), ("worth", "newest 5,000"), ("prices", "one unit")]
)
def test_every_closer_look_opens(studio: LittleStudio, closer: str, said: str) -> None:
    assert said in words(shown(closer=closer))


def test_likeness_and_approval_are_points_by_name_and_prices_lines_by_model(studio: LittleStudio) -> None:
    _, _, approval = charts(shown(closer="worth", by="style"))
    assert {one["customdata"][0][0]: (one["x"], one["y"]) for one in approval["data"]} == {
        "pixar@1": ([pytest.approx(0.41 / 3)], [pytest.approx(2 / 3)]),
        "ghibli@1": ([0.03], [0.0]),
    }
    _, prices = charts(shown(closer="prices"))
    units = {one["customdata"][0][0]: one["y"] for one in prices["data"]}
    assert units == {"flux-dev": [0.03], "kling-2.6": [0.07]}


def test_customers_are_cut_in_colours_and_a_rest_that_sums_to_the_whole(studio: LittleStudio) -> None:
    for number in range(3, 12):
        studio.customer(f"case-{number}", "ben", photo="green")
        studio.succeed(portraits.ask_next_avatar(studio.place, f"case-{number}", "ben", AvatarWish(), ME, 1).run)
    told = bars(shown(by="case"))
    assert len(told) == spendlook.NAMED + 1
    assert sum(money for points in told.values() for _, money in points) == costs.total(studio.place)
    assert told["Everything else"][0][1] == 5 * 30_000


def test_a_long_look_is_repeated_only_after_twenty_times_as_long(studio: LittleStudio, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, looks = [100.0], []

    def look(_: object) -> int:
        looks.append(1)
        clock[0] += 1.0
        return len(looks)

    monkeypatch.setattr(steady.time, "monotonic", lambda: clock[0])
    steady.forget()
    assert steady.steady("slow", look) == 1
    studio.avatar()
    here._version.clear()
    assert steady.steady("slow", look) == 1
    clock[0] += 20.0
    assert steady.steady("slow", look) == 2
    assert steady.steady("slow", look) == 2


def test_averages_say_about_where_digits_had_to_go() -> None:
    assert spendwords.average(1, 3) == "about $0.00"
    assert spendwords.average(370_000, 1) == "$0.37"


def test_a_proof_holds_only_where_both_sums_are_the_same() -> None:
    assert Proof(lines=1, lines_micro_usd=5, sums_micro_usd=5).holds
    assert not Proof(lines=1, lines_micro_usd=5, sums_micro_usd=6).holds


def test_the_sketch_and_the_chart_are_the_same_bars(studio: LittleStudio) -> None:
    seen = spendlook.look(Asked(period=Period(since=TODAY, until=TODAY), by="style"))
    paths = spendsketch.draw(seen).count("<path")
    assert paths == len({bar.at for bar in spendsketch.plan(seen).bars}) == 2


def test_what_is_stored_and_its_cost_a_month_stand_beside_the_spending(studio: LittleStudio) -> None:
    kept = studio.rows("SELECT count(*) AS n FROM assets WHERE removed_at IS NULL")[0]["n"]
    assert f"Storage: {kept} files" in words(shown())
    assert "costs nothing in a folder of yours" in words(shown())
