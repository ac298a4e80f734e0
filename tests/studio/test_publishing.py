"""What guests see is what somebody approved: published once, proven by reading it back, replaced and withdrawn without a trace."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline import assets
from pipeline.errors import KeyTaken, NotAllowed, NotNow, NotStored, StoreRefused, WrongOwner
from pipeline.publishing import publications
from pipeline.publishing.addresses import PUBLIC
from pipeline.publishing.publications import State
from pipeline.records import Asset, AssetKind, Decision, Person, Role
from pipeline.studio import photos, publish_cleanup, publishing, removal, restoring, reviews, withdrawing
from tests.little_studio import CASE, ME, OWNER, LittleStudio, intake
from tests.public_store import in_public, r2_settings

MAKER = Person(name="ana", roles=frozenset({Role.VIEW, Role.MAKE, Role.APPROVE}))


@pytest.fixture(params=["folder", "r2"])
def little(request: pytest.FixtureRequest, tmp_path: Path) -> LittleStudio:
    """A studio with a customer, which publishes to the folder or to a bucket, by settings alone."""
    return LittleStudio(tmp_path, customer=True, **(r2_settings(request.getfixturevalue("s3_address")) if request.param == "r2" else {}))


def test_an_approved_avatar_is_published_under_the_hash_of_its_approved_bytes(little: LittleStudio) -> None:
    avatar = little.approved_avatar()
    (shown,) = publishing.publish(little.place, CASE, avatar.sha256, OWNER, ME)
    data = little.place.storefront.store.fetch(shown.key)
    assert shown.key == f"{little.place.storefront.prefix}avatars/{CASE}/{shown.sha256}.webp"
    assert (hashlib.sha256(data.data).hexdigest(), data.media_type, data.cache_control) == (shown.sha256, "image/webp", PUBLIC)
    assert (shown.state, shown.asset, shown.person, shown.url.endswith(shown.key)) == (State.PUBLISHED, avatar.sha256, "me", True)
    assert in_public(little.place) == {shown.key}


def test_a_clip_goes_out_with_its_poster_and_its_avatar(little: LittleStudio) -> None:
    clip = little.approved_clip()
    shown = {one.kind: one for one in publishing.publish(little.place, CASE, clip.sha256, OWNER, ME)}
    assert [shown[kind].key.rpartition("/")[0].rpartition("/")[0].removeprefix("sandbox/") for kind in shown] == ["avatars", "animations", "posters"]
    assert shown[AssetKind.CLIP].sha256 == clip.sha256
    assert in_public(little.place) == {one.key for one in shown.values()}


def test_publishing_twice_is_the_same_publication(little: LittleStudio) -> None:
    clip = little.approved_clip()
    first = publishing.publish(little.place, CASE, clip.sha256, OWNER, ME)
    assert publishing.publish_case(little.place, CASE, OWNER, ME) == first
    assert len(little.rows("SELECT * FROM publications")) == 3


@pytest.mark.parametrize("decision", [None, Decision.REJECTED, Decision.WITHDRAWN])
def test_only_what_is_approved_goes_out(little: LittleStudio, decision: Decision | None) -> None:
    avatar = little.avatar() if decision is not Decision.WITHDRAWN else little.approved_avatar()
    if decision:
        reviews.decide_on(little.place, avatar, OWNER, decision, ME)
    with pytest.raises(NotNow, match="not approved"):
        publishing.publish(little.place, CASE, avatar.sha256, OWNER, ME)
    assert (in_public(little.place), little.rows("SELECT * FROM publications")) == (set(), [])


def test_another_customers_file_and_another_role_publish_nothing(little: LittleStudio) -> None:
    avatar = little.approved_avatar()
    little.customer("case-2", "ben", photo="green")
    with pytest.raises(WrongOwner):
        publishing.publish(little.place, CASE, avatar.sha256, "ben", ME)
    with pytest.raises(Exception, match="no such file"):
        publishing.publish(little.place, "case-2", avatar.sha256, "ben", ME)
    with pytest.raises(NotAllowed):
        publishing.publish(little.place, CASE, avatar.sha256, OWNER, MAKER)
    assert in_public(little.place) == set()


def test_an_altered_file_is_refused_and_what_guests_saw_stays(little: LittleStudio) -> None:
    (old,) = publishing.publish(little.place, CASE, little.approved_avatar().sha256, OWNER, ME)
    new = little.approved_avatar()
    display = little.display_of(new)
    (little.place.settings.folder / "objects" / display.key).write_bytes(b"x" * display.bytes)
    with pytest.raises(NotStored, match="altered"):
        publishing.publish(little.place, CASE, new.sha256, OWNER, ME)
    assert in_public(little.place) == {old.key}
    assert [row["state"] for row in little.rows("SELECT state FROM publications ORDER BY asked_at")] == ["published", "refused"]


def test_a_key_that_holds_something_else_is_refused_and_left_alone(little: LittleStudio) -> None:
    avatar = little.approved_avatar()
    key = f"{little.place.storefront.prefix}avatars/{CASE}/{little.display_of(avatar).sha256}.webp"
    little.place.storefront.store.put(key, b"somebody else's", media_type="image/webp", cache_control=PUBLIC)
    with pytest.raises(KeyTaken):
        publishing.publish(little.place, CASE, avatar.sha256, OWNER, ME)
    assert little.place.storefront.store.read(key) == b"somebody else's"


def test_a_newer_avatar_replaces_the_older_and_only_its_object(little: LittleStudio) -> None:
    first = publishing.publish(little.place, CASE, little.approved_clip().sha256, OWNER, ME)
    private = little.files()
    newer = little.approved_avatar()
    (shown,) = publishing.publish(little.place, CASE, newer.sha256, OWNER, ME)
    assert in_public(little.place) == {shown.key}
    assert private <= little.files()
    states = {row["id"]: row["state"] for row in little.rows("SELECT id, state FROM publications")}
    assert [states[one.id] for one in first] == ["replaced"] * 3


def test_one_returns_to_an_earlier_publication_without_buying(little: LittleStudio) -> None:
    older = little.approved_avatar()
    (first,) = publishing.publish(little.place, CASE, older.sha256, OWNER, ME)
    publishing.publish(little.place, CASE, little.approved_avatar().sha256, OWNER, ME)
    calls = len(little.rows("SELECT * FROM calls"))
    (again,) = publishing.publish(little.place, CASE, older.sha256, OWNER, ME)
    assert (again.key, again.id != first.id, len(little.rows("SELECT * FROM calls"))) == (first.key, True, calls)
    assert in_public(little.place) == {first.key}
    with little.place.database.reading() as db:
        assert [one.state for one in publications.history(db, CASE)] == [State.PUBLISHED, State.REPLACED, State.REPLACED]


def test_what_is_withdrawn_is_gone_and_the_receipt_says_so(little: LittleStudio) -> None:
    publishing.publish(little.place, CASE, little.approved_clip().sha256, OWNER, ME)
    receipts = withdrawing.withdraw(little.place, CASE, OWNER, ME, "they asked")
    assert in_public(little.place) == set()
    assert {one.outcome for one in receipts} == {"removed"}
    assert {(one.document()["kind"], one.document()["reason"], one.document()["by"]) for one in receipts} == {
        (kind, "they asked", "me") for kind in ("avatar", "clip", "poster")
    }
    with pytest.raises(NotNow):
        withdrawing.withdraw(little.place, CASE, OWNER, ME)


def test_a_clip_alone_can_be_withdrawn_and_guests_fall_back_to_the_avatar(little: LittleStudio) -> None:
    shown = {one.kind: one for one in publishing.publish(little.place, CASE, little.approved_clip().sha256, OWNER, ME)}
    withdrawing.withdraw(little.place, CASE, OWNER, ME, kinds=[AssetKind.CLIP])
    assert in_public(little.place) == {shown[AssetKind.AVATAR].key}


def retire_by_photo(little: LittleStudio, _: Asset) -> None:
    photos.put_photo(little.place, CASE, OWNER, intake("green"), ME, replace=True)


def retire_by_decision(little: LittleStudio, avatar: Asset) -> None:
    reviews.decide_on(little.place, avatar, OWNER, Decision.WITHDRAWN, ME)


def retire_by_removal(little: LittleStudio, avatar: Asset) -> None:
    mark = removal.dependents(little.place, CASE, avatar.sha256).mark
    removal.remove(little.place, CASE, avatar.sha256, OWNER, ME, "asked for", expected=mark)


@pytest.mark.parametrize("retire", [retire_by_photo, retire_by_decision, retire_by_removal])
def test_what_is_no_longer_approved_leaves_the_public_store_in_the_same_step(little: LittleStudio, retire) -> None:  # type: ignore[no-untyped-def]
    clip = little.approved_clip()
    publishing.publish(little.place, CASE, clip.sha256, OWNER, ME)
    with little.place.database.reading() as db:
        avatar = publications.live(db, CASE)[AssetKind.AVATAR].asset
    retire(little, next(one for one in little.assets() if one.sha256 == avatar))
    assert in_public(little.place) == set()
    with pytest.raises(NotNow):
        publishing.publish(little.place, CASE, clip.sha256, OWNER, ME)


class Moody:
    """The real public store, whose verbs can be made to fail."""

    def __init__(self, store, *, refuse=(), spoil=False):  # type: ignore[no-untyped-def]
        self._store, self.refuse, self._spoil = store, set(refuse), spoil

    def __getattr__(self, name):  # type: ignore[no-untyped-def]
        if name in self.refuse:
            raise StoreRefused
        return getattr(self._store, name)

    def fetch(self, key):  # type: ignore[no-untyped-def]
        from dataclasses import replace

        if "fetch" in self.refuse:
            raise StoreRefused
        found = self._store.fetch(key)
        return replace(found, data=found.data + b"!") if self._spoil else found


def moody(little: LittleStudio, **how) -> Moody:  # type: ignore[no-untyped-def]
    from dataclasses import replace

    store = Moody(little.place.storefront.store, **how)
    little.place.__dict__["storefront"] = replace(little.place.storefront, store=store)
    return store


@pytest.mark.parametrize("how", [{"refuse": ["create"]}, {"refuse": ["fetch"]}, {"spoil": True}])
def test_a_store_that_refuses_or_holds_other_bytes_publishes_nothing(little: LittleStudio, how: dict[str, object]) -> None:
    avatar = little.approved_avatar()
    store = moody(little, **how)
    with pytest.raises(StoreRefused):
        publishing.publish(little.place, CASE, avatar.sha256, OWNER, ME)
    with little.place.database.reading() as db:
        assert publications.live(db, CASE) == {}
    store.refuse, store._spoil = set(), False
    publish_cleanup.finish(little.place)
    assert in_public(little.place) == set()
    publishing.publish(little.place, CASE, avatar.sha256, OWNER, ME)
    assert len(in_public(little.place)) == 1


def test_a_store_that_keeps_what_was_withdrawn_is_asked_again(little: LittleStudio) -> None:
    publishing.publish(little.place, CASE, little.approved_avatar().sha256, OWNER, ME)
    store = moody(little, refuse=["delete"])
    (receipt,) = withdrawing.withdraw(little.place, CASE, OWNER, ME)
    assert "out of sight" in receipt.outcome
    store.refuse = set()
    assert publish_cleanup.finish(little.place) == 1
    assert in_public(little.place) == set()
    assert withdrawing.receipts(little.place, [receipt.publication])[0].outcome == "removed"


def test_two_who_publish_and_withdraw_at_the_same_moment_leave_store_and_record_in_agreement(little: LittleStudio) -> None:
    clip = little.approved_clip()

    def publish(_: int) -> None:
        publishing.publish(little.place, CASE, clip.sha256, OWNER, ME)

    def withdraw(_: int) -> None:
        try:
            withdrawing.withdraw(little.place, CASE, OWNER, ME)
        except NotNow:
            return

    with ThreadPoolExecutor(6) as pool:
        done = [pool.submit(publish if n % 2 else withdraw, n) for n in range(12)]
        for one in done:
            one.result()
    with little.place.database.reading() as db:
        live = publications.live(db, CASE)
        assert publications.unfinished(db) == ()
    assert in_public(little.place) == {one.key for one in live.values()}
    assert len(live) in (0, 3)


def test_many_are_published_at_once_and_one_that_fails_stops_no_other(little: LittleStudio) -> None:
    for n in range(4):
        little.customer(f"many-{n}", "zoe", photo="green")
    wanted = [(f"many-{n}", little.approved_avatar(f"many-{n}").sha256) for n in range(3)]
    waiting = little.avatar("many-3")
    outcomes = publishing.publish_many(little.place, [*wanted, ("many-3", waiting.sha256)], ME)
    assert [len(one.publications) for one in outcomes] == [1, 1, 1, 0]
    assert isinstance(outcomes[3].error, NotNow)
    assert len(in_public(little.place)) == 3


def test_a_damaged_copy_is_made_again_from_what_was_bought_and_then_published(tmp_path: Path) -> None:
    little = LittleStudio(tmp_path, customer=True)
    avatar = little.avatar()
    master, display = real_avatar(little, avatar)
    reviews.decide_on(little.place, master, OWNER, Decision.APPROVED, ME)
    (little.place.settings.folder / "objects" / display.key).write_bytes(b"x" * display.bytes)
    with pytest.raises(NotStored):
        publishing.publish(little.place, CASE, master.sha256, OWNER, ME)
    assert restoring.restore(little.place, CASE, master.sha256, OWNER, ME) == (display,)
    assert restoring.restore(little.place, CASE, master.sha256, OWNER, ME) == ()
    (shown,) = publishing.publish(little.place, CASE, master.sha256, OWNER, ME)
    assert shown.sha256 == display.sha256


def test_what_comes_out_otherwise_is_not_taken_for_what_was_approved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    little = LittleStudio(tmp_path, customer=True)
    master, display = real_avatar(little, little.avatar())
    reviews.decide_on(little.place, master, OWNER, Decision.APPROVED, ME)
    (little.place.settings.folder / "objects" / display.key).unlink()
    monkeypatch.setattr(restoring, "display_copy", lambda _: b"as another version of the encoder makes it")
    with pytest.raises(NotNow, match="other bytes"):
        restoring.restore(little.place, CASE, master.sha256, OWNER, ME)
    assert not restoring.is_whole(little.place, display)


def test_a_copy_that_was_made_after_the_approval_is_not_what_was_approved(little: LittleStudio) -> None:
    avatar = little.approved_avatar()
    approved = little.display_of(avatar)
    facts = {"scope": CASE, "run_id": avatar.run_id, "call_id": avatar.call_id, "parents": (avatar.sha256,)}
    newer = Asset(kind=AssetKind.AVATAR_DISPLAY, media_type="image/webp", **facts)  # type: ignore[arg-type]
    assets.keep(little.place.database, little.place.store, b"as a newer encoder makes it", newer)
    assert little.display_of(avatar) != approved
    (shown,) = publishing.publish(little.place, CASE, avatar.sha256, OWNER, ME)
    assert shown.sha256 == approved.sha256


def test_a_withdrawn_object_goes_even_if_somebody_altered_it(tmp_path: Path) -> None:
    little = LittleStudio(tmp_path, customer=True)
    (shown,) = publishing.publish(little.place, CASE, little.approved_avatar().sha256, OWNER, ME)
    path = little.place.settings.folder / "public" / shown.key
    path.write_bytes(b"?" * path.stat().st_size)
    withdrawing.withdraw(little.place, CASE, OWNER, ME)
    assert not path.exists()


def test_a_clip_that_is_no_longer_its_case_s_leaves_when_the_avatar_is_published(little: LittleStudio) -> None:
    shown = {one.kind: one for one in publishing.publish(little.place, CASE, little.approved_clip().sha256, OWNER, ME)}
    little.approved_avatar()
    avatar = next(one for one in little.assets() if one.sha256 == shown[AssetKind.AVATAR].asset)
    reviews.decide_on(little.place, avatar, OWNER, Decision.APPROVED, ME)
    publishing.publish_case(little.place, CASE, OWNER, ME)
    assert in_public(little.place) == {shown[AssetKind.AVATAR].key}


def real_avatar(little: LittleStudio, stand_in: Asset) -> tuple[Asset, Asset]:
    """Give a run a real picture and its copy in the place of its stand-ins."""
    from pipeline.database import update
    from pipeline.media.stills import display_copy

    data = intake("red").photo.data
    facts = {"scope": CASE, "run_id": stand_in.run_id, "call_id": stand_in.call_id, "width_px": 512, "height_px": 512}
    kind, media_type = AssetKind.AVATAR, "image/jpeg"
    master = assets.keep(little.place.database, little.place.store, data, Asset(kind=kind, media_type=media_type, parents=stand_in.parents, **facts))
    copy = Asset(kind=AssetKind.AVATAR_DISPLAY, media_type="image/webp", parents=(master.sha256,), **facts)
    display = assets.keep(little.place.database, little.place.store, display_copy(data), copy)
    with little.place.database.writing() as tx:
        update(tx, "outputs", {"run_id": stand_in.run_id}, {"asset": master.sha256})
    return master, display
