"""What is removed takes everything with it that was shown before, leaves its money and history, and never comes back by itself."""

import shutil
import threading

import pytest

from pipeline import assets, ledger
from pipeline.buying import calls
from pipeline.errors import AccessError, BadParameter, NotAllowed, NotNow, StoreRefused, UnknownName
from pipeline.records import AssetKind, CallState, Decision, Person, Role
from pipeline.studio import details, library, photos, portraits, removal, requests, reviews
from pipeline.studio.filters import Filter
from pipeline.workflows.wishes import AvatarWish, ClipWish
from tests.little_studio import CASE, ME, OWNER, LittleStudio, intake


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """A case with an approved avatar and its approved clip, and another avatar that waits."""
    studio = LittleStudio(tmp_path_factory.mktemp("scene"), customer=True)
    studio.avatar, studio.other = studio.succeed(ask(studio, 1)), studio.succeed(ask(studio, 2))
    reviews.decide_on(studio.place, studio.avatar, OWNER, Decision.APPROVED, ME)
    studio.clip = studio.succeed(portraits.ask_clip(studio.place, CASE, OWNER, ClipWish(), ME, run_id="c-1").run)
    reviews.decide_on(studio.place, studio.clip, OWNER, Decision.APPROVED, ME)
    return studio


@pytest.fixture
def studio(scene, tmp_path):
    """A copy of the scene that may be changed."""
    copy = LittleStudio(shutil.copytree(scene.place.settings.data, tmp_path / "copy"))
    copy.avatar, copy.other, copy.clip, copy.photo = scene.avatar, scene.other, scene.clip, scene.case().photo
    return copy


def ask(studio, seed, *, run_id=None):
    return portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=seed), ME, run_id=run_id or f"r-{seed}").run


def kinds(files):
    return [one.kind.value for one in files]


def mark(studio, sha256):
    return removal.dependents(studio.place, CASE, sha256).mark


def remove(studio, sha256, *, by=ME, owner=OWNER, reason="asked for", expected=None):
    return removal.remove(studio.place, CASE, sha256, owner, by, reason, expected=expected or mark(studio, sha256))


def file_of(studio, kind):
    return next(row["sha256"] for row in studio.rows("SELECT sha256 FROM assets WHERE kind = ? ORDER BY created_at DESC", kind))


def test_everything_that_depends_on_a_file_is_named_with_what_it_is_used_for(studio):
    shown = removal.dependents(studio.place, CASE, studio.avatar.sha256).files
    assert kinds(one.asset for one in shown) == ["avatar", "avatar-display", "raw-clip", "clip", "poster"]
    assert [one.current for one in shown] == [True, False, False, True, False]
    assert [one.decision for one in shown] == ["approved", None, None, "approved", None]
    assert kinds(one.asset for one in removal.dependents(studio.place, CASE, studio.other.sha256).files) == ["avatar", "avatar-display"]
    assert len(removal.dependents(studio.place, CASE, studio.photo).files) == 9


@pytest.mark.parametrize("kind", ["clip", "poster", "raw-clip"])
def test_with_a_clip_go_its_poster_and_the_clip_as_delivered(studio, kind):
    shown = removal.dependents(studio.place, CASE, file_of(studio, kind)).files
    assert shown[0].asset.kind == kind
    assert sorted(kinds(one.asset for one in shown)) == ["clip", "poster", "raw-clip"]


def test_a_removed_avatar_takes_its_clip_along_and_the_case_lets_go_of_both(studio):
    gone = remove(studio, studio.avatar.sha256)
    case = studio.case()
    assert (len(gone.files), gone.waiting) == (5, 0)
    assert (case.avatar, case.clip, case.photo) == (None, None, studio.photo)
    assert not studio.files() & {asset.key for asset in gone.files}
    assert [item.asset for item in library.find(studio.place).items if item.asset.kind is not AssetKind.PHOTO] == [studio.other]
    assert len(library.find(studio.place, Filter(removed=True)).items) == 4


def test_a_removed_clip_leaves_its_avatar(studio):
    remove(studio, studio.clip.sha256)
    assert (studio.case().avatar, studio.case().clip) == (studio.avatar.sha256, None)


def test_a_removed_candidate_changes_nothing_of_what_is_current(studio):
    before = studio.case()
    remove(studio, studio.other.sha256)
    assert studio.case() == before


def test_without_its_photo_a_case_has_nothing_and_what_is_late_is_not_taken(studio):
    version = studio.case().photo_version
    remove(studio, studio.photo)
    case = studio.case()
    assert (case.photo, case.crop, case.avatar, case.clip, case.photo_version) == (None, None, None, None, version + 1)
    assert studio.files() == set()
    with pytest.raises(NotNow, match="no photo"):
        ask(studio, 9)


def test_an_older_photo_goes_without_what_was_made_of_the_new_one(studio):
    photos.put_photo(studio.place, CASE, OWNER, intake("red"), ME, replace=True)
    made = studio.succeed(ask(studio, 5))
    reviews.decide_on(studio.place, made, OWNER, Decision.APPROVED, ME)
    before = studio.case()
    remove(studio, studio.photo)
    assert studio.case() == before
    assert {item.asset.sha256 for item in library.find(studio.place).items} == {made.sha256, before.photo}


def test_money_and_history_stay(studio):
    lines, decisions, runs = (studio.rows(f"SELECT * FROM {table}") for table in ("entries", "approvals", "runs"))
    remove(studio, studio.photo)
    assert [studio.rows(f"SELECT * FROM {table}") for table in ("entries", "approvals", "runs")] == [lines, decisions, runs]
    with studio.place.database.reading() as db:
        assert ledger.proof(db) == []


def test_who_removed_it_when_and_why_is_said(studio):
    remove(studio, studio.avatar.sha256, reason="  the bride asked for it ")
    for asset in (studio.avatar, studio.clip):
        seen = details.details(studio.place, CASE, asset.sha256)
        assert (seen.removed.person, seen.removed.reason, seen.thumbnail) == ("me", "the bride asked for it", None)
        assert seen.removed.at >= seen.asset.created_at
    assert details.details(studio.place, CASE, studio.other.sha256).removed is None


def test_what_was_not_shown_is_not_removed(studio):
    shown = mark(studio, studio.avatar.sha256)
    studio.succeed(portraits.ask_clip(studio.place, CASE, OWNER, ClipWish(take=2), ME, run_id="c-2").run)
    before = studio.dump(), studio.files()
    with pytest.raises(NotNow, match="changed since"):
        remove(studio, studio.avatar.sha256, expected=shown)
    assert (studio.dump(), studio.files()) == before


def test_what_became_current_since_it_was_shown_is_not_removed(studio):
    shown = mark(studio, studio.other.sha256)
    reviews.decide_on(studio.place, studio.other, OWNER, Decision.APPROVED, ME)
    with pytest.raises(NotNow, match="changed since"):
        remove(studio, studio.other.sha256, expected=shown)


def test_removing_twice_is_removing_once(studio):
    shown = mark(studio, studio.avatar.sha256)
    remove(studio, studio.avatar.sha256, expected=shown)
    before = studio.dump()
    again = remove(studio, studio.avatar.sha256, expected=shown)
    assert (again.files, again.waiting, studio.dump()) == ((), 0, before)
    with pytest.raises(NotNow, match="already"):
        removal.dependents(studio.place, CASE, studio.avatar.sha256)


@pytest.mark.parametrize("of", ["photo", "avatar"])
def test_what_a_run_in_progress_needs_stays_until_it_ends(studio, of):
    if of == "photo":
        run, needed = ask(studio, 7), studio.photo
    else:
        run, needed = portraits.ask_clip(studio.place, CASE, OWNER, ClipWish(take=2), ME, run_id="c-2").run, studio.avatar.sha256
    before = studio.dump(), studio.files()
    with pytest.raises(NotNow, match="not ended"):
        remove(studio, needed)
    assert (studio.dump(), studio.files()) == before
    studio.fail(run)
    assert remove(studio, needed).waiting == 0


def test_what_a_run_takes_again_stays_until_it_ends(studio):
    ask(studio, 2, run_id="r-again")
    with pytest.raises(NotNow, match="not ended"):
        remove(studio, studio.other.sha256)


def test_what_a_lost_request_may_be_sent_again_with_stays_until_it_is_settled(studio):
    run = ask(studio, 7)
    with studio.place.database.writing() as tx:
        call = calls.move(tx, calls.filling(tx, run.id, "avatar"), CallState.SUBMITTING)
        calls.note(tx, calls.move(tx, call, CallState.UNKNOWN), needs_decision=1)
        tx.execute("UPDATE runs SET state = 'failed' WHERE id = ?", (run.id,))
    with pytest.raises(NotNow, match="nobody can prove"):
        remove(studio, studio.photo)
    assert len(remove(studio, studio.avatar.sha256).files) == 5


def test_a_removed_picture_is_not_owned_any_more(studio):
    remove(studio, studio.other.sha256)
    call = studio.call(ask(studio, 2, run_id="r-anew"))
    assert (call.run_id, call.state) == ("r-anew", CallState.HELD)
    assert studio.rows("SELECT reused, asset FROM outputs WHERE run_id = 'r-anew'") == [{"reused": 0, "asset": None}]


def test_withdrawing_or_approving_again_brings_nothing_back(studio):
    gone = remove(studio, studio.avatar.sha256)
    with pytest.raises(NotNow):
        reviews.decide_on(studio.place, studio.avatar, OWNER, Decision.APPROVED, ME)
    reviews.decide_on(studio.place, studio.avatar, OWNER, Decision.WITHDRAWN, ME)
    assert studio.case().avatar is None
    assert not studio.files() & {asset.key for asset in gone.files}


def test_a_removed_photo_can_be_given_to_its_case_again(studio):
    remove(studio, studio.photo)
    assert photos.put_photo(studio.place, CASE, OWNER, intake("blue"), ME).photo == studio.photo
    made = studio.succeed(ask(studio, 11))
    assert studio.call(studio.run("r-11")).run_id == "r-11"
    with studio.place.database.reading() as db:
        assert assets.read(studio.place.store, assets.get(db, CASE, studio.photo))
    assert made.removed_at is None


class Broken(Exception):
    """The power goes off."""


def test_bytes_that_a_dying_process_left_are_cleared_away_by_the_next_removal(studio, monkeypatch):
    deleted, real = [], studio.place.store.delete

    def die_at_the_third(key):
        if len(deleted) == 2:
            raise Broken
        deleted.append(key)
        return real(key)

    monkeypatch.setattr(studio.place.store, "delete", die_at_the_third)
    with pytest.raises(Broken):
        remove(studio, studio.avatar.sha256)
    monkeypatch.undo()
    assert studio.case().avatar is None
    left = {row["key"] for row in studio.rows("SELECT key FROM assets WHERE removed_at IS NOT NULL")} & studio.files()
    assert len(left) == 3
    assert remove(studio, studio.other.sha256).waiting == 0
    assert not left & studio.files()
    assert removal.sweep_removed(studio.place) == 0


def test_a_store_that_refuses_does_not_undo_the_removal_and_the_rest_is_said(studio, monkeypatch):
    def refuse(key):
        raise StoreRefused

    monkeypatch.setattr(studio.place.store, "delete", refuse)
    gone = remove(studio, studio.clip.sha256)
    assert (len(gone.files), gone.waiting, studio.case().clip) == (3, 3, None)
    monkeypatch.undo()
    assert remove(studio, studio.clip.sha256, expected="whatever was shown").waiting == 0


def test_two_removals_at_once_are_one(studio):
    shown, results, barrier = mark(studio, studio.photo), [], threading.Barrier(4)

    def press():
        barrier.wait()
        results.append(remove(studio, studio.photo, expected=shown))

    threads = [threading.Thread(target=press) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(len(one.files) for one in results) == [0, 0, 0, 9]
    assert studio.files() == set()
    assert len(studio.rows("SELECT 1 FROM audit_log WHERE action = 'remove'")) == 1


def test_only_who_may_approve_may_remove(studio):
    before = studio.dump(), studio.files()
    with pytest.raises(NotAllowed, match="may not"):
        remove(studio, studio.other.sha256, by=Person(name="eve", roles=frozenset(Role) - {Role.APPROVE}))
    assert (studio.dump(), studio.files()) == before
    assert remove(studio, studio.other.sha256, by=Person(name="ann", roles=frozenset({Role.APPROVE}))).files


@pytest.mark.parametrize("reason", ["", "  \n", "x" * 2001])
def test_a_removal_needs_a_reason(studio, reason):
    before = studio.dump(), studio.files()
    with pytest.raises(BadParameter, match="reason"):
        remove(studio, studio.other.sha256, reason=reason)
    assert (studio.dump(), studio.files()) == before


def test_what_does_not_exist_or_is_somebody_else_s_is_not_removed(studio):
    with pytest.raises(UnknownName):
        removal.dependents(studio.place, CASE, "0" * 64)
    with pytest.raises(UnknownName):
        remove(studio, "0" * 64, expected="x")
    studio.customer("case-2", "ben", photo="green")
    before = studio.dump(), studio.files()
    with pytest.raises(AccessError):
        remove(studio, studio.other.sha256, owner="ben")
    assert (studio.dump(), studio.files()) == before


def test_one_customer_s_removal_leaves_the_same_picture_of_another(studio):
    studio.customer("case-2", "ben")
    remove(studio, studio.photo)
    assert {path.partition("/")[0] for path in studio.files()} == {"case-2"}
    assert studio.case("case-2").photo == studio.photo


def test_a_failed_run_of_a_removed_photo_is_not_bought_again(studio):
    run = studio.fail(ask(studio, 8))
    remove(studio, studio.photo)
    with pytest.raises(NotNow):
        requests.retry(studio.place, run.id, OWNER, ME)
