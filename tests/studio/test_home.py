"""What the first screen says is what the rows say."""

from pathlib import Path

import pytest

from pipeline import runs
from pipeline.errors import DownloadFailed
from pipeline.ledger import Cap, set_budget
from pipeline.records import Decision, Person, Run, RunState
from pipeline.studio import home, photos, portraits, publishing, requests, reviews, samples, withdrawing
from pipeline.workflows.wishes import AvatarWish, ClipWish
from tests.little_studio import CASE, ME, OWNER, LittleStudio, intake


@pytest.fixture
def studio(tmp_path: Path) -> LittleStudio:
    return LittleStudio(tmp_path / "studio")


def ask(studio: LittleStudio, run_id: str = "r-1", case: str = CASE) -> Run:
    studio.customer(case)
    return portraits.ask_avatar(studio.place, case, OWNER, AvatarWish(seed=1), ME, run_id=run_id).run


def approve(studio: LittleStudio, run_id: str, decision: Decision = Decision.APPROVED) -> None:
    made = home.see(studio.place, run_id).made
    assert made is not None
    reviews.decide_on(studio.place, made, OWNER, decision, ME)


def test_a_fresh_studio_is_untouched(studio: LittleStudio) -> None:
    seen = home.look(studio.place)
    assert seen.untouched
    assert (seen.to_do, seen.running, seen.newest, seen.questions, seen.first_steps, seen.samples) == ((), (), (), (), None, 0)
    assert (seen.today.spent_micro_usd, seen.today.held_micro_usd, seen.today.cap_micro_usd) == (0, 0, 50_000_000)


def test_what_runs_is_shown_with_its_hold(studio: LittleStudio) -> None:
    run = ask(studio)
    seen = home.look(studio.place)
    assert [one.run.id for one in seen.running] == [run.id]
    assert (seen.running[0].held_micro_usd, seen.today.held_micro_usd) == (30_000, 30_000)
    assert not seen.untouched


def test_a_finished_avatar_waits_until_somebody_decides(studio: LittleStudio) -> None:
    run = ask(studio)
    studio.succeed(run)
    assert [one.run.id for one in home.look(studio.place).to_do] == [run.id]
    approve(studio, run.id)
    seen = home.look(studio.place)
    assert seen.to_do == ()
    assert seen.newest[0].decision is Decision.APPROVED
    assert seen.newest[0].can_be_animated


def test_a_result_of_a_replaced_photo_waits_for_nobody(studio: LittleStudio) -> None:
    run = ask(studio)
    studio.succeed(run)
    photos.put_photo(studio.place, CASE, OWNER, intake("red"), ME, replace=True)
    assert home.look(studio.place).to_do == ()


def test_a_withdrawn_avatar_waits_again_and_its_clip_for_nobody(studio: LittleStudio) -> None:
    run = ask(studio)
    studio.succeed(run)
    approve(studio, run.id)
    clip = portraits.ask_clip(studio.place, CASE, OWNER, ClipWish(), ME, run_id="r-clip").run
    studio.succeed(clip)
    assert [one.run.id for one in home.look(studio.place).to_do] == [clip.id]
    approve(studio, run.id, Decision.WITHDRAWN)
    assert [one.run.id for one in home.look(studio.place).to_do] == [run.id]


def test_a_failed_run_says_what_a_retry_costs(studio: LittleStudio) -> None:
    run = studio.fail(ask(studio))
    seen = home.look(studio.place)
    assert (seen.newest[0].again_micro_usd, seen.newest[0].charged_micro_usd) == (30_000, 0)
    assert (seen.today.failed, seen.today.failed_charged) == (1, 0)
    assert requests.retry(studio.place, run.id, OWNER, ME).state is RunState.ASKED
    assert home.look(studio.place).today.held_micro_usd == 30_000


def test_a_retry_of_what_was_paid_is_free(studio: LittleStudio) -> None:
    run = ask(studio)
    studio.pay(run)
    with studio.place.database.writing() as tx:
        runs.finish(tx, run.id, RunState.FAILED, DownloadFailed())
    seen = home.see(studio.place, run.id)
    assert (seen.again_micro_usd, seen.charged_micro_usd) == (0, 30_000)
    assert home.look(studio.place).today.failed_charged == 1


def test_today_counts_what_was_made_and_what_was_saved(studio: LittleStudio) -> None:
    studio.succeed(ask(studio, "r-1"))
    again = ask(studio, "r-2")
    studio.succeed(again)
    today = home.look(studio.place).today
    assert (today.made, today.reused, today.saved_micro_usd, today.spent_micro_usd) == (1, 1, 30_000, 30_000)


def test_the_lowest_hard_cap_of_the_day_is_the_cap(studio: LittleStudio) -> None:
    with studio.place.database.writing() as tx:
        set_budget(tx, Cap(scope_kind="studio", scope="all", period="day", micro_usd=7_000_000), hard=True, person="me")
    assert home.look(studio.place).today.cap_micro_usd == 7_000_000


def test_expected_time_is_learnt_from_past_runs_of_the_model(studio: LittleStudio) -> None:
    for number, seconds in enumerate((4, 6, 50)):
        run = ask(studio, f"r-{number}", f"case-{number}")
        studio.succeed(run)
        with studio.place.database.writing() as tx:
            values = (f"2026-01-01T00:00:{seconds:02d}.000000+00:00", run.id)
            tx.execute("UPDATE runs SET started_at = '2026-01-01T00:00:00.000000+00:00', ended_at = ? WHERE id = ?", values)
    waiting = ask(studio, "r-next", "case-next")
    assert home.see(studio.place, waiting.id).expected_seconds == pytest.approx(6.0, abs=0.01)


def test_the_sample_asked_twice_is_one_case_and_one_run(studio: LittleStudio) -> None:
    first, second = samples.ask_sample(studio.place, 1, ME), samples.ask_sample(studio.place, 1, ME)
    assert (first.new, second.new, first.run.id) == (True, False, second.run.id)
    seen = home.look(studio.place)
    assert (len(seen.running), seen.samples, seen.today.held_micro_usd) == (1, 1, 30_000)


def test_the_first_steps_last_while_only_the_sample_was_used(studio: LittleStudio) -> None:
    run = samples.ask_sample(studio.place, 1, ME).run
    studio.succeed(run)
    steps = home.look(studio.place).first_steps
    assert steps is not None
    assert (steps.avatar.run.id, steps.clip, steps.avatars) == (run.id, None, 1)
    again = samples.ask_again(studio.place, steps.case, 2, ME).run
    steps = home.look(studio.place).first_steps
    assert steps is not None
    assert (steps.avatar.run.id, steps.avatars) == (again.id, 2)
    ask(studio)
    assert home.look(studio.place).first_steps is None


def test_the_sample_belongs_to_who_asked_first_and_serves_everybody(studio: LittleStudio) -> None:
    run = samples.ask_sample(studio.place, 1, ME).run
    assert not samples.ask_sample(studio.place, 1, Person(name="Ben")).new
    assert home.see(studio.place, run.id).case.owner == ME.name


def test_what_is_approved_and_guests_do_not_see_is_listed_until_it_is_published_or_taken_back(studio: LittleStudio) -> None:
    studio.customer()
    studio.approved_avatar()
    seen = home.look(studio.place)
    assert ([(one.case.id, one.adds) for one in seen.to_publish], seen.to_publish_count) == ([(CASE, "Avatar")], 1)
    publishing.publish_case(studio.place, CASE, OWNER, ME)
    assert home.look(studio.place).to_publish == ()
    withdrawing.withdraw(studio.place, CASE, OWNER, ME)
    assert home.look(studio.place).to_publish == ()


def test_what_sweeps_made_today_is_counted_apart(studio: LittleStudio) -> None:
    studio.succeed(ask(studio))
    sweep = ask(studio, "r-cell", "case-2")
    studio.succeed(sweep)
    with studio.place.database.writing() as tx:
        tx.execute("UPDATE runs SET sweep = 's1' WHERE id = 'r-cell'")
    today = home.look(studio.place).today
    assert (today.made, today.made_in_sweeps) == (1, 1)
