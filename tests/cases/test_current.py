"""Candidate, approved, current, retired: what a case shows is exactly what somebody approved, made from the photo it has now."""

import pytest

from pipeline import cases
from pipeline.errors import AccessError, BadParameter, NotNow, NotPremium, WrongOwner
from pipeline.records import AssetKind, Decision, Plan
from pipeline.studio import photos, portraits, requests, reviews
from pipeline.workflows.wishes import AvatarWish, ClipWish
from tests.little_studio import CASE, ME, OWNER, intake


def avatar(studio, seed=1, run_id=None):
    return studio.succeed(portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=seed), ME, run_id=run_id or f"a{seed}").run)


def clip(studio, take=1, run_id=None):
    return studio.succeed(portraits.ask_clip(studio.place, CASE, OWNER, ClipWish(take=take), ME, run_id=run_id or f"c{take}").run)


def decide(studio, asset, decision=Decision.APPROVED):
    return reviews.decide_on(studio.place, asset, OWNER, decision, ME)


def current(studio):
    case = studio.case()
    return case.avatar, case.clip


def put(studio, colour, *, replace=True):
    return photos.put_photo(studio.place, CASE, OWNER, intake(colour), ME, replace=replace)


def decision(studio, asset):
    with studio.place.database.reading() as db:
        return cases.decision_of(db, asset.scope, asset.sha256)


def test_a_finished_avatar_waits_and_is_nobody_s_current_one(studio):
    made = avatar(studio)
    assert current(studio) == (None, None)
    assert decision(studio, made) is None


def test_an_approved_avatar_becomes_current_and_a_clip_of_it_may_be_asked_for(studio):
    with pytest.raises(NotNow, match="no approved avatar"):
        portraits.ask_clip(studio.place, CASE, OWNER, ClipWish(), ME, run_id="early")
    made = avatar(studio)
    assert decide(studio, made).avatar == made.sha256
    assert decision(studio, made) is Decision.APPROVED
    assert portraits.ask_clip(studio.place, CASE, OWNER, ClipWish(), ME, run_id="clip").run.source == made.sha256


def test_approving_the_small_copy_approves_the_full_size_it_stands_for(studio):
    made = avatar(studio)
    small = studio.rows("SELECT sha256 FROM assets WHERE kind = 'avatar-display'")[0]["sha256"]
    decide(studio, reviews.find_asset(studio.place, small[:12]))
    assert current(studio) == (made.sha256, None)


def test_approving_a_poster_approves_its_clip(studio):
    decide(studio, avatar(studio))
    made = clip(studio)
    poster = studio.rows("SELECT sha256 FROM assets WHERE kind = 'poster'")[0]["sha256"]
    decide(studio, reviews.find_asset(studio.place, poster))
    assert current(studio)[1] == made.sha256


def test_a_new_avatar_retires_the_clip_of_the_one_before(studio):
    first, second = avatar(studio, 1), avatar(studio, 2)
    decide(studio, first)
    decide(studio, clip(studio))
    assert decide(studio, second).clip is None
    assert current(studio) == (second.sha256, None)


def test_approving_the_same_avatar_again_keeps_its_clip(studio):
    made = avatar(studio)
    decide(studio, made)
    moving = clip(studio)
    decide(studio, moving)
    decide(studio, made)
    assert current(studio) == (made.sha256, moving.sha256)


def test_a_clip_of_a_retired_avatar_stays_history(studio):
    first, second = avatar(studio, 1), avatar(studio, 2)
    decide(studio, first)
    late = clip(studio)
    decide(studio, second)
    before = studio.dump()
    with pytest.raises(NotNow, match="no longer current"):
        decide(studio, late)
    assert studio.dump() == before


def test_a_clip_is_approved_again_when_its_avatar_comes_back(studio):
    first, second = avatar(studio, 1), avatar(studio, 2)
    decide(studio, first)
    moving = clip(studio)
    decide(studio, second)
    decide(studio, first)
    assert decide(studio, moving).clip == moving.sha256


def test_another_photo_must_be_wanted_and_retires_both(studio):
    decide(studio, avatar(studio))
    decide(studio, clip(studio))
    before = studio.dump(), studio.files()
    with pytest.raises(NotNow, match="retires its avatar and clip"):
        put(studio, "red", replace=False)
    assert (studio.dump(), studio.files()) == before
    changed = put(studio, "red")
    assert (changed.photo_version, changed.avatar, changed.clip) == (2, None, None)


def test_the_same_photo_again_changes_nothing(studio):
    decide(studio, avatar(studio))
    before = studio.case(), studio.files()
    put(studio, "blue")
    assert (studio.case(), studio.files()) == before


def test_results_of_a_photo_that_was_replaced_are_never_applied(studio):
    done = avatar(studio, 1)
    late = portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=2), ME, run_id="late").run
    put(studio, "red")
    late_one = studio.succeed(late)
    before = studio.case()
    for asset in (done, late_one):
        with pytest.raises(NotNow, match="no longer current"):
            decide(studio, asset)
    assert studio.case() == before


def test_a_clip_that_arrives_after_the_photo_changed_is_never_applied(studio):
    decide(studio, avatar(studio))
    run = portraits.ask_clip(studio.place, CASE, OWNER, ClipWish(), ME, run_id="late").run
    put(studio, "red")
    with pytest.raises(NotNow, match="no longer current"):
        decide(studio, studio.succeed(run))
    assert current(studio) == (None, None)


def test_an_avatar_had_again_after_its_photo_came_back_can_be_approved(studio):
    first = avatar(studio, 1)
    put(studio, "red")
    put(studio, "blue")
    again = portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=1), ME, run_id="again").run
    assert studio.succeed(again).sha256 == first.sha256
    assert decide(studio, first).avatar == first.sha256


@pytest.mark.parametrize("no", [Decision.REJECTED, Decision.WITHDRAWN])
def test_what_is_rejected_or_withdrawn_is_no_longer_current(studio, no):
    made = avatar(studio)
    decide(studio, made)
    moving = clip(studio)
    decide(studio, moving)
    decide(studio, moving, no)
    assert current(studio) == (made.sha256, None)
    decide(studio, made, no)
    assert current(studio) == (None, None)
    assert decision(studio, made) is no


def test_rejecting_a_candidate_leaves_the_current_one_alone(studio):
    first, second = avatar(studio, 1), avatar(studio, 2)
    decide(studio, first)
    decide(studio, second, Decision.REJECTED)
    assert current(studio) == (first.sha256, None)


def test_every_decision_is_kept(studio):
    made = avatar(studio)
    for step in (Decision.REJECTED, Decision.APPROVED, Decision.WITHDRAWN):
        decide(studio, made, step)
    assert [row["decision"] for row in studio.rows("SELECT decision FROM approvals ORDER BY at")] == ["rejected", "approved", "withdrawn"]


@pytest.mark.parametrize("kind", [AssetKind.PHOTO, AssetKind.CROP, AssetKind.RAW_CLIP])
def test_only_finished_work_can_be_decided_on(studio, kind):
    decide(studio, avatar(studio))
    clip(studio)
    sha256 = studio.rows("SELECT sha256 FROM assets WHERE kind = ?", kind.value)[0]["sha256"]
    with pytest.raises(NotNow):
        decide(studio, reviews.find_asset(studio.place, sha256))


def test_a_free_case_gets_no_portrait_and_keeps_no_photo(studio):
    studio.customer("case-free", "fred", plan=Plan.FREE)
    before = studio.dump(), studio.files()
    with pytest.raises(NotPremium):
        photos.put_photo(studio.place, "case-free", "fred", intake("red"), ME)
    with pytest.raises(NotPremium):
        portraits.ask_avatar(studio.place, "case-free", "fred", AvatarWish(), ME, run_id="r")
    assert (studio.dump(), studio.files()) == before


def test_a_case_that_was_downgraded_gets_no_further_portrait(studio):
    failed = studio.fail(portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=1), ME, run_id="failed").run)
    with studio.place.database.writing() as tx:
        tx.execute("UPDATE cases SET plan = 'free'")
    before = studio.dump()
    with pytest.raises(AccessError):
        portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(), ME, run_id="r")
    with pytest.raises(AccessError):
        requests.retry(studio.place, failed.id, OWNER, ME)
    assert studio.dump() == before


def test_a_case_without_a_photo_says_so(studio):
    studio.customer("case-2", "ben", photo=None)
    with pytest.raises(NotNow, match="no photo"):
        portraits.ask_avatar(studio.place, "case-2", "ben", AvatarWish(), ME, run_id="r")


@pytest.mark.parametrize("bad", ["", "   ", "x" * 201, "two\nlines", "nul\0", "bell\x7f"])
def test_an_id_nobody_could_type_is_refused(studio, bad):
    before = studio.dump()
    with pytest.raises(BadParameter):
        photos.open_case(studio.place, bad, OWNER, ME)
    with pytest.raises(BadParameter):
        photos.open_case(studio.place, "case-2", bad, ME)
    assert studio.dump() == before


@pytest.mark.parametrize("odd", ["../../etc", "a'; DROP TABLE cases; --", "$(rm -rf)", "Zoë & Mæx", "新郎", "a/b\\c", "%", "CASE-1"])
def test_any_printable_id_works_and_stays_itself(studio, odd):
    opened = studio.customer(odd, odd)
    assert (opened.id, opened.owner) == (odd, odd)
    run = portraits.ask_avatar(studio.place, odd, odd, AvatarWish(seed=1), ME, run_id="r").run
    made = studio.succeed(run)
    assert reviews.decide_on(studio.place, made, odd, Decision.APPROVED, ME).avatar == made.sha256
    assert current(studio) == (None, None)


def test_the_same_picture_in_two_cases_is_two_assets(studio):
    studio.customer("case-2", "ben", photo="blue")
    rows = studio.rows("SELECT scope, sha256, key FROM assets WHERE kind = 'photo' ORDER BY scope")
    assert [row["scope"] for row in rows] == ["case-1", "case-2"]
    assert rows[0]["sha256"] == rows[1]["sha256"]
    assert rows[0]["key"] != rows[1]["key"]


def test_opening_a_case_of_somebody_else_is_refused(studio):
    with pytest.raises(WrongOwner):
        photos.open_case(studio.place, CASE, "eve", ME)
