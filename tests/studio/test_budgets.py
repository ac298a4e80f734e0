"""Budgets say what is used of them and hold; they are extended for a day, ended, never changed, and every change keeps its name and reason."""

import json
from pathlib import Path

import pytest

from pipeline import ledger
from pipeline.errors import BadParameter, BudgetReached, NotAllowed, NotNow, UnknownName
from pipeline.ledger import Cap
from pipeline.records import Person, Role
from pipeline.studio import budgets, people
from pipeline.studio.budget_history import history
from tests.little_studio import ME, LittleStudio

NOBODY = Person(name="ana", roles=frozenset(Role) - {Role.MONEY})


@pytest.fixture
def studio(tmp_path: Path) -> LittleStudio:
    """A customer with an approved avatar, which cost three cents."""
    studio = LittleStudio(tmp_path, customer=True)
    studio.approved_avatar()
    return studio


def cap(kind: str = "studio", scope: str = "all", period: str = "month", micro_usd: int = 200_000_000) -> Cap:
    return Cap(scope_kind=kind, scope=scope, period=period, micro_usd=micro_usd)


def count(requests: int, kind: str = "studio", scope: str = "all", period: str = "day") -> Cap:
    return Cap(scope_kind=kind, scope=scope, period=period, requests=requests)


def test_a_budget_says_what_is_used_of_it_and_replaces_the_one_before(studio: LittleStudio) -> None:
    first = budgets.set_cap(studio.place, cap(), ME)
    assert (first.limit.used, first.limit.left, first.set_by) == (30_000, 199_970_000, "me")
    budgets.set_cap(studio.place, cap(micro_usd=20_000), ME, reason="a slow month")
    daily, mine = budgets.budgets(studio.place)
    assert (daily.set_by, mine.limit.cap, mine.limit.left, mine.reason) == ("STUDIO_DAILY_CAP_USD", 20_000, 0, "a slow month")


def test_a_budget_below_what_is_spent_says_how_far_it_is_over_and_stops_at_once(studio: LittleStudio) -> None:
    done = budgets.set_cap(studio.place, cap(micro_usd=10_000), ME)
    assert done.words == "the studio may spend $0.01 a month: $0.03 used, already $0.02 over"
    with pytest.raises(BudgetReached, match=r"passed by \$0.02 already"):
        studio.avatar()


@pytest.mark.parametrize(
    "zero", [cap(micro_usd=0, period="day"), count(0), cap("person", "*", "ever", 0), count(0, "case", "case-1", "ever")], ids=str
)
def test_a_budget_of_zero_stops_everything_it_covers(studio: LittleStudio, zero: Cap) -> None:
    budgets.set_cap(studio.place, zero, ME)
    with pytest.raises(BudgetReached):
        studio.avatar()


def test_a_budget_for_each_person_names_who_has_used_most(studio: LittleStudio) -> None:
    each = budgets.set_cap(studio.place, cap("person", "*", "day", 1_000_000), ME)
    assert (each.limit.used, each.limit.whose) == (30_000, "me")
    assert each.words == "every person may spend $1.00 a day: $0.03 used by me"


def test_a_count_limit_counts_requests_that_were_paid_or_are_held_and_no_others(studio: LittleStudio) -> None:
    done = budgets.set_cap(studio.place, count(2), ME)
    assert done.words == "the studio may make 2 requests a day: 1 request used, 50 % is reached"
    from pipeline.studio import portraits
    from pipeline.workflows.wishes import AvatarWish

    failed = portraits.ask_next_avatar(studio.place, "case-1", "anna", AvatarWish(seed=5), ME, 2).run
    with pytest.raises(BudgetReached, match="needs 1 request, but 0 requests is left of the day cap of 2 requests for the studio"):
        portraits.ask_next_avatar(studio.place, "case-1", "anna", AvatarWish(seed=6), ME, 3)
    studio.fail(failed)
    assert budgets.budgets(studio.place)[1].limit.used == 1
    portraits.ask_next_avatar(studio.place, "case-1", "anna", AvatarWish(seed=6), ME, 3)


def test_a_soft_budget_stops_nothing_and_says_what_is_reached(studio: LittleStudio) -> None:
    soft = budgets.set_cap(studio.place, cap(micro_usd=50_000), ME, hard=False)
    assert soft.words == "the studio may spend $0.05 a month (a warning only): $0.03 used, 50 % is reached"
    studio.avatar()
    assert budgets.budgets(studio.place)[1].limit.reached() == 100


@pytest.mark.parametrize(("used", "reached"), [(0, 0), (499_999, 0), (500_000, 50), (799_999, 50), (800_000, 80), (999_999, 80), (1_000_000, 100)])
def test_people_are_told_at_fifty_eighty_and_a_hundred_per_cent(tmp_path: Path, used: int, reached: int) -> None:
    studio = LittleStudio(tmp_path)
    from tests.ledger.conftest import booking

    with studio.place.database.writing() as tx:
        ledger.hold(tx, booking(), used, ())
    assert budgets.set_cap(studio.place, cap(micro_usd=1_000_000), ME, hard=False).limit.reached() == reached


def test_a_hard_and_a_soft_budget_and_one_in_requests_stand_side_by_side(studio: LittleStudio) -> None:
    for one, hard in ((cap(), True), (cap(micro_usd=5), False), (count(9, period="month"), True), (cap(), True)):
        budgets.set_cap(studio.place, one, ME, hard=hard)
    assert [(one.limit.measure, one.limit.hard) for one in budgets.budgets(studio.place)[1:]] == [
        ("money", True),
        ("requests", True),
        ("money", False),
    ]


def test_the_daily_cap_of_the_settings_is_not_raised_by_a_budget_above_it(studio: LittleStudio) -> None:
    done = budgets.set_cap(studio.place, cap(period="day", micro_usd=90_000_000), ME)
    assert done.note == "The settings allow $50.00 a day, which comes first"
    budgets.extend(studio.place, cap(period="day", micro_usd=5_000_000), ME, "a fair")
    daily = budgets.budgets(studio.place)[0].limit
    assert (daily.budget_id, daily.allowed) == ("", 50_000_000)


def test_an_extension_makes_room_today_adds_up_and_leaves_the_budget_as_it_was(studio: LittleStudio) -> None:
    budgets.set_cap(studio.place, cap(period="day", micro_usd=40_000), ME)
    with pytest.raises(BudgetReached):
        studio.avatar()
    budgets.extend(studio.place, cap(period="day", micro_usd=10_000), ME, "a fair in Vienna")
    done = budgets.extend(studio.place, cap(period="day", micro_usd=10_000), ME, "and a late order")
    assert (done.limit.cap, done.limit.extended, done.limit.left) == (40_000, 20_000, 30_000)
    studio.avatar()
    with pytest.raises(BudgetReached, match=r"with \$0.02 more today"):
        studio.avatar()


def test_an_extension_of_yesterday_is_gone_today(studio: LittleStudio) -> None:
    budgets.set_cap(studio.place, cap(period="day", micro_usd=40_000), ME)
    with studio.place.database.writing() as tx:
        row = ("x1", "studio", "all", "day", "2026-01-01", 10**9, 0, "me", "2026-01-01T10:00:00", "long ago")
        tx.execute("INSERT INTO extensions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    with pytest.raises(BudgetReached):
        studio.avatar()


def test_an_extension_for_one_person_is_not_for_the_others(studio: LittleStudio) -> None:
    budgets.set_cap(studio.place, cap("person", "*", "day", 30_000), ME)
    budgets.extend(studio.place, cap("person", "me", "day", 30_000), ME, "overtime")
    studio.avatar()
    with studio.place.database.reading() as db, pytest.raises(BudgetReached):
        ledger.check_room(db, 30_001, (), person="ben", feature="portrait")


@pytest.mark.parametrize("table", ["extensions", "budgets"])
@pytest.mark.parametrize("change", ["UPDATE {} SET scope = 'x'", "DELETE FROM {}"])
def test_what_was_decided_about_money_is_not_changed_with_other_tools_by_mistake(studio: LittleStudio, table: str, change: str) -> None:
    import sqlite3

    budgets.set_cap(studio.place, cap(), ME)
    budgets.extend(studio.place, cap(micro_usd=1), ME, "why")
    with pytest.raises(sqlite3.IntegrityError), studio.place.database.writing() as tx:
        tx.execute(change.format(table))


def test_what_ended_limits_nothing_and_is_not_ended_twice(studio: LittleStudio) -> None:
    done = budgets.set_cap(studio.place, cap(micro_usd=0), ME)
    budgets.end(studio.place, done.limit.budget_id, ME, "the month is over")
    studio.avatar()
    for gone in (done.limit.budget_id, "b-nowhere", ""):
        with pytest.raises(NotNow):
            budgets.end(studio.place, gone, ME)


def test_every_change_is_listed_with_who_when_and_why(studio: LittleStudio) -> None:
    budgets.set_cap(studio.place, cap(), ME, reason="first try")
    second = budgets.set_cap(studio.place, cap(micro_usd=7), Person(name="ben"), reason="too much")
    budgets.extend(studio.place, cap(micro_usd=3), ME, "a fair")
    budgets.end(studio.place, second.limit.budget_id, ME, "not needed")
    found = [(one.person, one.did, one.amount, one.reason) for one in history(studio.place)]
    said = [("me", "ended", 7, "not needed"), ("me", "extended", 3, "a fair"), ("ben", "set", 7, "too much"), ("me", "set", 200_000_000, "first try")]
    assert found == said
    assert history(studio.place, "person") == ()
    told = [json.loads(row["detail"])["does"] for row in studio.rows("SELECT detail FROM audit_log WHERE action = 'budget' ORDER BY id")]
    assert told == ["set", "set", "extend", "end"]


WRONG = [
    cap("planet"),
    cap(period="week"),
    cap("person", ""),
    cap("studio", "ana"),
    cap(micro_usd=-1),
    cap(micro_usd=10**18),
    count(-1),
    count(10**9),
]
NEITHER = Cap(scope_kind="studio", scope="all", period="day")
BOTH = Cap(scope_kind="studio", scope="all", period="day", micro_usd=1, requests=1)


@pytest.mark.parametrize("wrong", [*WRONG, NEITHER, BOTH, cap("person", "a\0b"), cap("person", "x" * 300)], ids=str)
def test_a_budget_that_is_none_is_refused(tmp_path: Path, wrong: Cap) -> None:
    studio = LittleStudio(tmp_path)
    with pytest.raises(BadParameter):
        budgets.set_cap(studio.place, wrong, ME)
    assert studio.rows("SELECT * FROM budgets") == []


def test_an_extension_needs_an_amount_a_reason_and_a_budget_that_stops(studio: LittleStudio) -> None:
    budgets.set_cap(studio.place, cap(), ME)
    for wrong, why in ((cap(micro_usd=0), "why"), (cap(), " "), (cap(period="ever"), "why"), (cap(), "x" * 501)):
        with pytest.raises(BadParameter):
            budgets.extend(studio.place, wrong, ME, why)
    for nothing in (cap(period="day"), cap("person", "me"), count(3, period="month")):
        with pytest.raises(NotNow, match="that stops anything"):
            budgets.extend(studio.place, nothing, ME, "why")
    assert studio.rows("SELECT * FROM extensions") == []


def test_only_who_may_change_money_changes_budgets(studio: LittleStudio) -> None:
    done = budgets.set_cap(studio.place, cap(), ME)
    for act in (
        lambda: budgets.set_cap(studio.place, cap(), NOBODY),
        lambda: budgets.end(studio.place, done.limit.budget_id, NOBODY),
        lambda: budgets.extend(studio.place, cap(), NOBODY, "why"),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert len(studio.rows("SELECT * FROM audit_log WHERE action = 'budget'")) == 1


@pytest.mark.parametrize(
    ("kind", "name", "meant"),
    [("person", "annna", "'anna'"), ("feature", "potrait", "'portrait'"), ("case", "case-11", "'case-1'"), ("sweep", "s-1", "")],
)
def test_a_budget_for_a_name_that_nobody_has_is_refused_with_the_nearest_one(tmp_path: Path, kind: str, name: str, meant: str) -> None:
    studio = LittleStudio(tmp_path, customer=True)
    people.add(studio.place, "anna", "support", frozenset({Role.MAKE}), ME)
    for change in (budgets.set_cap, lambda place, cap, by: budgets.extend(place, cap, by, "why")):
        with pytest.raises(UnknownName) as caught:
            change(studio.place, Cap(scope_kind=kind, scope=name, period="day", micro_usd=1_000_000), ME)
        assert meant in caught.value.next
    assert studio.rows("SELECT * FROM budgets") == []


def test_a_budget_is_set_for_whom_the_lists_name(tmp_path: Path) -> None:
    studio = LittleStudio(tmp_path, customer=True)
    people.add(studio.place, "anna", "support", frozenset({Role.MAKE}), ME)
    for kind in ("person", "feature", "case"):
        for name in budgets.names_of(studio.place, kind):
            budgets.set_cap(studio.place, Cap(scope_kind=kind, scope=name, period="day", micro_usd=1_000_000), ME)
    assert {row["scope"] for row in studio.rows("SELECT scope FROM budgets")} == {"me", "anna", "portrait", "sweep", "case-1"}
