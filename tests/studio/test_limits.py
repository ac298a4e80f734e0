"""Caps, counts and attempts are checked with the hold: what is refused leaves nothing, and says when or how it becomes possible."""

from dataclasses import replace

import pytest

from pipeline import ledger
from pipeline.errors import BadParameter, BudgetReached, CannotPrice, KeyRefused, TooManyRequests, UnknownName
from pipeline.records import Channel, Decision, Person
from pipeline.studio import portraits, requests, reviews
from pipeline.workflows.wishes import AvatarWish, ClipWish
from tests.little_studio import CASE, ME, OWNER, LittleStudio

CALLER = Person(name="partner", channel=Channel.OUTSIDE)


@pytest.fixture
def new_studio(tmp_path):
    return lambda **environment: LittleStudio(tmp_path / "studio", customer=True, **environment)


def ask(studio, number, by=CALLER):
    return portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=number), by, run_id=f"{by.name}{number}").run


def test_a_caller_from_outside_has_ten_requests_an_hour_by_default(new_studio):
    studio = new_studio(STUDIO_ATTEMPTS="100")
    for number in range(10):
        ask(studio, number)
    before = studio.dump()
    with pytest.raises(TooManyRequests) as caught:
        ask(studio, 10)
    assert studio.dump() == before
    assert 3590 < caught.value.after_seconds <= 3600
    assert caught.value.next.startswith("A place frees in 3")


def test_staff_have_no_limit_unless_one_is_set(new_studio):
    studio = new_studio(STUDIO_ATTEMPTS="100")
    for number in range(12):
        ask(studio, number, by=ME)


def test_a_limit_for_staff_can_be_set(new_studio):
    studio = new_studio(STUDIO_STAFF_PER_HOUR="1")
    ask(studio, 1, by=ME)
    with pytest.raises(TooManyRequests):
        ask(studio, 2, by=ME)


def test_live_without_a_key_is_refused_before_any_order(new_studio):
    studio = new_studio()
    studio.place.settings = replace(studio.place.settings, mode="live", fal_key="")
    before = studio.dump()
    with pytest.raises(KeyRefused, match="No key"):
        ask(studio, 1)
    with pytest.raises(KeyRefused, match="No key"):
        portraits.check_affordable(studio.place, [], ME)
    assert studio.dump() == before


def test_the_window_slides_a_place_frees_an_hour_after_each_request(new_studio):
    studio = new_studio(STUDIO_OUTSIDE_PER_HOUR="2")
    ask(studio, 1)
    studio.let_time_pass(2000)
    ask(studio, 2)
    with pytest.raises(TooManyRequests) as caught:
        ask(studio, 3)
    assert caught.value.after_seconds == pytest.approx(1600, abs=5)
    studio.let_time_pass(1601)
    ask(studio, 3)
    with pytest.raises(TooManyRequests) as caught:
        ask(studio, 4)
    assert caught.value.after_seconds == pytest.approx(1999, abs=5)


def test_one_caller_s_requests_are_not_another_s(new_studio):
    studio = new_studio(STUDIO_OUTSIDE_PER_HOUR="1")
    ask(studio, 1)
    ask(studio, 2, by=Person(name="other", channel=Channel.OUTSIDE))
    ask(studio, 3, by=Person(name="partner"))


def test_what_costs_nothing_does_not_count(new_studio):
    studio = new_studio(STUDIO_OUTSIDE_PER_HOUR="2")
    studio.succeed(ask(studio, 1))
    for number in range(5):
        portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=1), CALLER, run_id=f"again{number}")
    ask(studio, 2)
    with pytest.raises(TooManyRequests):
        ask(studio, 3)


def test_a_repeated_click_does_not_count(new_studio):
    studio = new_studio(STUDIO_OUTSIDE_PER_HOUR="1")
    for _ in range(3):
        ask(studio, 1)


def test_a_retry_that_pays_again_counts(new_studio):
    studio = new_studio(STUDIO_OUTSIDE_PER_HOUR="2")
    failed = studio.fail(ask(studio, 1))
    requests.retry(studio.place, failed.id, OWNER, CALLER)
    failed = studio.fail(studio.run(failed.id))
    before = studio.dump()
    with pytest.raises(TooManyRequests):
        requests.retry(studio.place, failed.id, OWNER, CALLER)
    assert studio.dump() == before


def test_a_retry_beyond_the_cap_is_refused_and_leaves_the_run_as_it_was(new_studio):
    studio = new_studio()
    failed = studio.fail(ask(studio, 1))
    with studio.place.database.writing() as tx:
        ledger.set_budget(tx, ledger.Cap(scope_kind="case", scope=CASE, period="ever", micro_usd=29_999), hard=True, person="boss")
    before = studio.dump()
    with pytest.raises(BudgetReached, match=f"case {CASE}"):
        requests.retry(studio.place, failed.id, OWNER, CALLER)
    assert studio.dump() == before


def test_a_clip_that_passes_the_day_s_cap_is_refused_before_anything(new_studio):
    studio = new_studio(STUDIO_DAILY_CAP_USD="0.37")
    avatar = studio.succeed(ask(studio, 1, by=ME))
    reviews.decide_on(studio.place, avatar, OWNER, Decision.APPROVED, ME)
    before = studio.dump()
    with pytest.raises(BudgetReached) as caught:
        portraits.ask_clip(studio.place, CASE, OWNER, ClipWish(), ME, run_id="clip")
    assert caught.value.say == "This needs $0.35, but $0.34 is left of the day cap of $0.37 for the studio."
    assert studio.dump() == before
    portraits.ask_clip(studio.place, CASE, OWNER, ClipWish(model="wan-2.1"), ME, run_id="clip")


@pytest.mark.parametrize(
    ("wish", "refused"),
    [({"strength": 1.4}, BadParameter), ({"seed": -1}, BadParameter), ({"style": "cubist"}, UnknownName), ({"model": "flux-dove"}, UnknownName)],
)
def test_a_wish_that_cannot_be_is_refused_before_anything(new_studio, wish, refused):
    studio = new_studio()
    before = studio.dump()
    with pytest.raises(refused) as caught:
        portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(**wish), ME, run_id="r")
    assert caught.value.charged is False
    assert studio.dump() == before


def test_a_price_that_is_not_valid_yet_is_refused_before_anything(new_studio, monkeypatch):
    studio = new_studio()
    before = studio.dump()
    monkeypatch.setattr("pipeline.catalog.pricing.datetime", _LastYear)
    with pytest.raises(CannotPrice):
        ask(studio, 1)
    assert studio.dump() == before


class _LastYear:
    @staticmethod
    def now(zone):
        from datetime import datetime

        return datetime(2025, 12, 31, tzinfo=zone)
