"""A button that is pressed twice, in two tabs or from a repeated form asks once; what changed meanwhile is said, and nothing is bought for it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from pipeline import runs
from pipeline.errors import AttemptsUsed, KeyReused, NotNow, OutcomeUnknown
from pipeline.records import Decision, Person, RunKind, RunState
from pipeline.studio import photos, portraits, requests, reviews
from pipeline.workflows.wishes import AvatarWish, ClipWish
from tests.little_studio import CASE, ME, OWNER, LittleStudio, intake

ANA = Person(name="ana")


@pytest.fixture
def studio(tmp_path):
    return LittleStudio(tmp_path / "studio", customer=True)


def avatar(studio, number, by=ME, **wish):
    return portraits.ask_next_avatar(studio.place, CASE, OWNER, AvatarWish(**wish), by, number)


def clip(studio, number, sha=None, by=ME, **wish):
    return portraits.ask_next_clip(studio.place, CASE, OWNER, sha or studio.case().avatar, ClipWish(**wish), by, number)


def approve(studio, asset):
    reviews.decide_on(studio.place, asset, OWNER, Decision.APPROVED, ME)


@pytest.fixture
def approved(studio):
    made = studio.succeed(avatar(studio, 1).run)
    approve(studio, made)
    return made


def holds(studio):
    return len(studio.rows("SELECT 1 FROM entries WHERE kind = 'hold'"))


def test_a_second_click_is_the_same_run_with_the_same_seed(studio):
    first = avatar(studio, 1)
    before = studio.dump()
    again = avatar(studio, 1, by=ANA)
    assert (first.new, again.new, again.run) == (True, False, first.run)
    assert first.run.id == "case-1-avatar-001"
    assert isinstance(first.run.settings["seed"], int)
    assert studio.dump() == before


def test_ten_clicks_at_once_are_one_run_and_one_hold(studio):
    with ThreadPoolExecutor(10) as pool:
        asked = list(pool.map(lambda _: avatar(studio, 1), range(10)))
    assert {one.run.id for one in asked} == {"case-1-avatar-001"}
    assert sum(one.new for one in asked) == 1
    assert holds(studio) == 1


def test_ten_clicks_on_animate_at_once_are_one_clip_of_one_take(studio, approved):
    with ThreadPoolExecutor(10) as pool:
        asked = list(pool.map(lambda _: clip(studio, 1), range(10)))
    assert {(one.run.id, one.run.settings["take"]) for one in asked} == {("case-1-clip-001", 1)}
    assert holds(studio) == 2


def test_another_wish_under_a_number_that_is_used_says_so_and_buys_nothing(studio):
    avatar(studio, 1, style="pixar")
    before = studio.dump()
    with pytest.raises(KeyReused, match="Somebody asked for another avatar of this case meanwhile"):
        avatar(studio, 1, by=ANA, style="ghibli")
    with pytest.raises(KeyReused):
        avatar(studio, 1, seed=avatar(studio, 1).run.settings["seed"] ^ 1)
    assert studio.dump() == before


@pytest.mark.parametrize("number", [0, -1, 2, 3, 10_000])
def test_a_number_that_no_screen_shows_is_refused(studio, number):
    before = studio.dump()
    with pytest.raises(NotNow, match="out of date"):
        avatar(studio, number)
    assert studio.dump() == before


def test_what_is_refused_uses_no_number(studio):
    strict = LittleStudio(studio.place.settings.data, STUDIO_ATTEMPTS="1")
    avatar(strict, 1)
    with pytest.raises(AttemptsUsed):
        avatar(strict, 2)
    assert avatar(studio, 2).run.id == "case-1-avatar-002"


def test_the_next_number_is_another_avatar_with_another_seed(studio):
    first, second = avatar(studio, 1).run, avatar(studio, 2).run
    assert second.id == "case-1-avatar-002"
    assert first.settings["seed"] != second.settings["seed"]


def test_a_clip_made_anew_is_the_next_take_of_a_model_without_seed_and_paid_for(studio, approved):
    studio.succeed(clip(studio, 1).run)
    again = clip(studio, 2).run
    assert (again.id, again.settings["take"]) == ("case-1-clip-002", 2)
    assert clip(studio, 2).run == again
    assert holds(studio) == 3


def test_a_clip_made_anew_by_a_model_with_seed_draws_another_one(studio, approved):
    first, second = clip(studio, 1, model="wan-2.1").run, clip(studio, 2, model="wan-2.1").run
    assert [run.settings["take"] for run in (first, second)] == [1, 1]
    assert first.settings["seed"] != second.settings["seed"]


def test_a_clip_remembers_the_avatar_s_run(studio, approved):
    assert clip(studio, 1).run.parent_run == "case-1-avatar-001"


def test_a_clip_of_an_avatar_that_is_no_longer_the_approved_one_is_refused(studio, approved):
    other = studio.succeed(avatar(studio, 2).run)
    approve(studio, other)
    before = studio.dump()
    with pytest.raises(NotNow, match="Another avatar was approved meanwhile"):
        clip(studio, 1, sha=approved.sha256)
    assert studio.dump() == before


def test_a_failed_avatar_of_a_photo_that_was_replaced_is_not_bought_again(studio):
    failed = studio.fail(avatar(studio, 1).run)
    photos.put_photo(studio.place, CASE, OWNER, intake("red"), ME, replace=True)
    before = studio.dump()
    with pytest.raises(NotNow, match="photo was replaced"):
        requests.retry(studio.place, failed.id, OWNER, ME)
    assert studio.dump() == before


def test_a_failed_clip_of_an_avatar_that_was_replaced_is_not_bought_again(studio, approved):
    failed = studio.fail(clip(studio, 1).run)
    approve(studio, studio.succeed(avatar(studio, 2).run))
    before = studio.dump()
    with pytest.raises(NotNow, match="avatar was replaced"):
        requests.retry(studio.place, failed.id, OWNER, ME)
    assert studio.dump() == before


def test_what_was_paid_is_still_fetched_after_the_photo_was_replaced(studio):
    run = avatar(studio, 1).run
    studio.submit(run)
    with studio.place.database.writing() as tx:
        runs.finish(tx, run.id, RunState.FAILED, OutcomeUnknown())
    photos.put_photo(studio.place, CASE, OWNER, intake("red"), ME, replace=True)
    assert not requests.retry(studio.place, run.id, OWNER, ME).ended
    assert holds(studio) == 1


def test_a_retry_stays_the_run_of_whoever_asked_and_says_who_retried(studio):
    failed = studio.fail(avatar(studio, 1).run)
    assert requests.retry(studio.place, failed.id, OWNER, ANA).person == "me"
    log = studio.rows("SELECT person, subject FROM audit_log WHERE action = 'retry'")
    assert log == [{"person": "ana", "subject": CASE}]


def test_a_run_s_id_follows_from_case_kind_and_number():
    assert portraits.run_id_of("A-1042", RunKind.CLIP, 12) == "A-1042-clip-012"
