"""What other ledgers of generated media lost: held amounts that block for ever, counters that drift, sums told twice, bills nobody metered.

Each of these failures was reported by users of another tool; here it is provoked with real processes, kills and a provider that misbehaves.
"""

import random

import pytest

from pipeline import ledger
from pipeline.errors import BudgetReached
from pipeline.ledger import Cap
from pipeline.ledger.reports import balance
from pipeline.records import Role, RunState, now
from pipeline.sandbox import faults
from pipeline.sandbox.bill import bill
from pipeline.sandbox.faults import Fault
from pipeline.studio import budgets, costs, looks, people, requests, spending, strip
from pipeline.studio.photos import Intake
from tests.crash.harness import ME, OWNER, Wreckable, assert_sound

pytestmark = [pytest.mark.crash, pytest.mark.timeout(240)]
AVATAR = 30_000


def order(studio: Wreckable, kind: str, count: int = 1) -> None:
    faults.add(studio.settings.folder / "emulator", Fault(kind=kind, count=count))


def cap(studio: Wreckable, **amount: int) -> None:
    if people.find(studio.place, ME.name) is None:
        people.add(studio.place, ME.name, "studio", frozenset(Role), ME)
    budgets.set_cap(studio.place, Cap(scope_kind="person", scope=ME.name, period="day", **amount), ME)


def used(studio: Wreckable) -> dict[str, int]:
    """Return what is used of the budgets that were set, by what they count."""
    return {one.limit.measure.value: one.limit.used for one in budgets.budgets(studio.place) if one.limit.budget_id}


def proof(studio: Wreckable) -> list[str]:
    with studio.place.database.reading() as db:
        return ledger.proof(db)


def every_sum(studio: Wreckable) -> set[int]:
    """Return what was spent as each screen, export and command says it; one number if they agree."""
    place = studio.place
    with place.database.reading() as db:
        by_trigger = balance(db, "person", ME.name, "ever").charged_micro_usd
        by_month = balance(db, "studio", "all", now()[:7]).charged_micro_usd
        by_row = db.execute("SELECT coalesce(sum(charged_micro_usd), 0) AS n FROM costs").fetchone()["n"]
        strip_says = strip.money_today(place, db).spent_micro_usd
    lines = sum(line["micro_usd"] for line in looks.ledger_lines(place) if line["kind"] in ("charge", "adjust"))
    told = {looks.ledger_totals(place)["charged_micro_usd"], costs.total(place), spending.figures(place, spending.Slice()).charged_micro_usd}
    return {by_trigger, by_month, by_row, strip_says, lines, *told}


def test_a_hold_left_by_a_crash_does_not_block_a_budget_for_ever(studio: Wreckable, intake: Intake) -> None:
    cap(studio, micro_usd=2 * AVATAR)
    cap(studio, requests=2)
    deaths = [studio.pull_the_plug_at(point) for point in ("after-intent", "after-post", "after-result", "after-settling")]
    first = studio.ask_avatar(studio.case_with(intake))
    studio.wait_for_all()
    assert [order for order in deaths if order.exists()] == []
    assert used(studio) == {"money": AVATAR, "requests": 1}
    order(studio, "submit_422")
    lost = studio.ask_avatar(studio.case_with(intake))
    assert used(studio) == {"money": 2 * AVATAR, "requests": 2}
    with pytest.raises(BudgetReached):
        studio.ask_avatar(studio.case_with(intake))
    studio.wait_for_all()
    assert studio.look(lost.id).state is RunState.FAILED
    assert used(studio) == {"money": AVATAR, "requests": 1}
    requests.retry(studio.place, lost.id, OWNER, ME)
    studio.wait_for_all()
    assert {studio.look(run.id).state for run in (first, lost)} == {RunState.SUCCEEDED}
    assert_sound(studio)


def test_a_call_cancelled_while_everything_dies_gives_its_money_back(studio: Wreckable, intake: Intake) -> None:
    cap(studio, micro_usd=AVATAR)
    studio.up()
    studio.wait_until(lambda: studio.pid("worker") is not None, "a worker")
    studio.kill("worker")
    run = studio.ask_avatar(studio.case_with(intake))
    requests.cancel(studio.place, run.id, OWNER, ME)
    studio.kill("sandbox")
    studio.wait_for_all()
    if studio.look(run.id).state is RunState.CANCELLED:
        assert used(studio) == {"money": 0}
    assert looks.ledger_totals(studio.place)["held_micro_usd"] == 0
    assert_sound(studio, all_succeed=False)


def test_running_sums_do_not_drift_from_their_lines_while_processes_are_killed(studio: Wreckable, intake: Intake) -> None:
    cap(studio, micro_usd=10_000_000)
    dice, kills = random.Random(38111), 0
    asked = [studio.ask_avatar(studio.case_with(intake)) for _ in range(4)]
    while kills < 6:
        at = dice.choice(["after-post", "while-waiting", "after-settling", "after-output", "before-the-end"])
        death = studio.pull_the_plug_at(at)
        studio.wait_until(lambda death=death: not death.exists() or not studio.live(), f"reaching {at}")  # type: ignore[misc]
        assert proof(studio) == []
        kills += 1
        if not studio.live():
            asked.append(studio.ask_avatar(studio.case_with(intake)))
    death.unlink(missing_ok=True)
    studio.wait_for_all()
    assert proof(studio) == []
    assert every_sum(studio) == {AVATAR * len(asked)}
    assert_sound(studio)


def test_every_screen_says_55_dollars_when_55_were_spent_however_often_an_end_is_told(studio: Wreckable, intake: Intake) -> None:
    """Ends that are settled again after a crash, statuses that fail and requests that are tried again are each counted once."""
    for kind, count in (("submit_500", 2), ("status_500", 3), ("close_after_body", 1), ("half_body", 2)):
        order(studio, kind, count)
    deaths = [studio.pull_the_plug_at(point) for point in ("after-notice", "after-settling", "after-keeping")]
    first = studio.ask_avatar(studio.case_with(intake))
    studio.wait_for_all()
    clip = studio.ask_clip(first)
    studio.wait_for_all()
    assert studio.look(clip.id).state is RunState.SUCCEEDED
    assert [order for order in deaths if order.exists()] == []
    billed = bill(studio.settings.folder / "emulator").total_micro_usd
    assert billed > 0
    assert every_sum(studio) == {billed}
    assert_sound(studio)


def test_a_call_that_was_cut_off_after_the_provider_took_it_is_metered_as_it_is_billed(studio: Wreckable, intake: Intake) -> None:
    order(studio, "close_after_body")
    death = studio.pull_the_plug_at("after-post")
    run = studio.ask_avatar(studio.case_with(intake))
    studio.wait_until(lambda: not death.exists() or not studio.live(), "the connection being lost")
    death.unlink(missing_ok=True)
    studio.wait_for_all()
    assert studio.look(run.id).state is RunState.SUCCEEDED
    assert len(bill(studio.settings.folder / "emulator").requests) == 1
    assert every_sum(studio) == {bill(studio.settings.folder / "emulator").total_micro_usd}
    assert_sound(studio)


def test_a_request_that_another_endpoint_serves_is_held_at_its_price_and_not_at_nothing(studio: Wreckable, intake: Intake) -> None:
    order(studio, "served_elsewhere_anyway")
    run = studio.ask_avatar(studio.case_with(intake))
    assert used_by_hold(studio, run.id) == AVATAR
    studio.wait_for_all()
    assert proof(studio) == []
    assert every_sum(studio) == {bill(studio.settings.folder / "emulator").total_micro_usd}


def used_by_hold(studio: Wreckable, run_id: str) -> int:
    with studio.place.database.reading() as db:
        return next(line.micro_usd for line in ledger.entries(db, run_id=run_id) if line.kind.value == "hold")
