"""What is taken down is gone everywhere, for good, and the receipt says of every copy what became of it."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline import assets, ledger, runs
from pipeline.buying import calls
from pipeline.buying.delivery import deliver
from pipeline.errors import (
    BadParameter,
    Cancelled,
    KeyRefused,
    NotAllowed,
    NotNow,
    ProviderUnreachable,
    StoreRefused,
    TakenDown,
    UnknownName,
    WrongOwner,
)
from pipeline.providers.fal import FalProvider
from pipeline.publishing.addresses import PUBLIC
from pipeline.records import STUDIO_SCOPE, Asset, AssetKind, Call, CallState, Person, Role, RunKind, RunState, now
from pipeline.sandbox.database import opened
from pipeline.sandbox.shelf import Shelf, new_id
from pipeline.studio import finding, photos, portraits, publish_cleanup, publishing, removal, takedown, takedown_receipt, testphotos
from pipeline.studio.takedown_copies import ASKED, MADE, NO_WAY, TEST_PHOTO, Outcome, Subject, Where
from pipeline.studio.takedown_work import NO_SCOPE, NOT_HELD, OVERDUE
from pipeline.workflows.wishes import AvatarWish, ClipWish
from tests.little_studio import CASE, ME, OWNER, LittleStudio, intake
from tests.providers.little_server import LittleServer, little_server
from tests.public_store import in_public, r2_settings

WHOLE = Subject(case_id=CASE, owner=OWNER)


@pytest.fixture(params=["folder", "r2"])
def little(request: pytest.FixtureRequest, tmp_path: Path) -> LittleStudio:
    """A studio with a customer, which publishes to the folder or to a bucket, by settings alone."""
    return LittleStudio(tmp_path, customer=True, **(r2_settings(request.getfixturevalue("s3_address")) if request.param == "r2" else {}))


@pytest.fixture
def folder(tmp_path: Path) -> LittleStudio:
    """The same with the folder store, for what does not depend on the store."""
    return LittleStudio(tmp_path, customer=True)


def press(little: LittleStudio, subject: Subject = WHOLE, by: Person = ME, reason: str = "they asked") -> takedown_receipt.Receipt:
    """Take down what is shown."""
    return takedown.take_down(little.place, subject, by, reason, expected=takedown.plan(little.place, subject).mark)


def file_of(little: LittleStudio, asset: Asset) -> Subject:
    return Subject(case_id=asset.scope, owner=little.case(asset.scope).owner, sha256=asset.sha256)


def everywhere(little: LittleStudio) -> dict[str, str]:
    """Return the hash of every file of the data folder and of every object of the public store, by where it is."""
    root, front = little.place.settings.folder, little.place.storefront
    found = {path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in root.rglob("*") if path.is_file()}
    return found | {f"public:{one.key}": hashlib.sha256(front.store.read(one.key)).hexdigest() for one in front.store.list("")}


def hashes_of(little: LittleStudio, *scopes: str) -> set[str]:
    return {one.sha256 for one in little.assets() if one.scope in scopes}


def at_the_sandbox(little: LittleStudio, data: bytes) -> str:
    """Keep bytes the way the sandbox does and return their address at the provider."""
    folder = little.place.settings.folder / "emulator"
    with opened(folder) as db:
        shelf, file_id = Shelf(folder, db), new_id()
        shelf.path(file_id).write_bytes(data)
        return shelf.keep(file_id, "photo.jpg", "image/jpeg").url


def a_full_case(little: LittleStudio, case: str = CASE) -> Asset:
    """A case with a published clip, an older avatar that was published before, removed files, uploads, results and leftovers of a killed worker."""
    place, owner = little.place, little.case(case).owner
    publishing.publish(place, case, little.approved_avatar(case).sha256, owner, ME)
    clip = little.approved_clip(case)
    publishing.publish(place, case, clip.sha256, owner, ME)
    gone = little.avatar(case)
    removal.remove(place, case, gone.sha256, owner, ME, "poor", expected=removal.dependents(place, case, gone.sha256).mark)
    with place.database.writing() as tx:
        for call in tx.execute("SELECT id, input FROM calls WHERE case_id = ?", (case,)).fetchall():
            photo = assets.get(tx, case, json.loads(call["input"])["photo"])
            url = at_the_sandbox(little, assets.read(place.store, photo))
            tx.execute("INSERT INTO uploads VALUES (?, 'fal', ?, ?, ?)", (call["id"], photo.sha256, url, now()))
            body = json.dumps({"images": [{"url": at_the_sandbox(little, f"result of {call['id']}".encode())}]})
            tx.execute("UPDATE calls SET result = ? WHERE id = ?", (body, call["id"]))
    left = place.settings.folder / "tmp" / "run-1"
    left.mkdir(parents=True)
    (left / "clip.mp4").write_bytes(assets.read(place.store, clip))
    return clip


def money(little: LittleStudio) -> tuple[Any, ...]:
    return little.rows("SELECT * FROM entries"), little.rows("SELECT * FROM calls"), little.rows("SELECT * FROM balances")


def test_nothing_of_a_case_remains_anywhere_and_every_copy_has_an_outcome(little: LittleStudio) -> None:
    a_full_case(little)
    before, paid = hashes_of(little, CASE), money(little)
    results = {hashlib.sha256(f"result of {row['id']}".encode()).hexdigest() for row in little.rows("SELECT id FROM calls")}
    assert set(everywhere(little).values()) & before
    shown = takedown.plan(little.place, WHOLE)
    receipt = press(little)
    assert {where: sha for where, sha in everywhere(little).items() if sha in before | results} == {}
    assert in_public(little.place) == set()
    assert little.files() == set()
    assert {(one.where, one.address) for one in receipt.copies} == {(one.where, one.address) for one in shown.copies}
    assert {one.where for one in shown.copies} >= {Where.PUBLIC, Where.PRIVATE, Where.SANDBOX, Where.DISK}
    assert {one.outcome for one in receipt.copies if one.where is not Where.CDN} == {Outcome.REMOVED}
    assert all(one.at for one in receipt.copies)
    assert receipt.ended_at
    assert money(little) == paid
    with little.place.database.reading() as db:
        assert ledger.proof(db) == []


def test_the_case_lets_go_and_its_approvals_stay_as_history(folder: LittleStudio) -> None:
    a_full_case(folder)
    version, approvals = folder.case().photo_version, folder.rows("SELECT * FROM approvals")
    press(folder)
    case = folder.case()
    assert (case.photo, case.crop, case.avatar, case.clip, case.photo_version) == (None, None, None, None, version + 1)
    assert folder.rows("SELECT * FROM approvals") == approvals
    [noted] = folder.rows("SELECT * FROM audit_log WHERE action = 'take down'")
    assert (noted["subject"], noted["person"], json.loads(noted["detail"])["reason"]) == (CASE, "me", "they asked")
    assert {row["state"] for row in folder.rows("SELECT state FROM publications")} <= {"replaced", "withdrawn"}
    with pytest.raises(NotNow):
        portraits.ask_avatar(folder.place, CASE, OWNER, AvatarWish(), ME, run_id="r-later")


def test_an_avatar_goes_with_its_clip_and_nothing_else_of_the_case(little: LittleStudio) -> None:
    clip = little.approved_clip()
    publishing.publish(little.place, CASE, clip.sha256, OWNER, ME)
    [avatar] = [one for one in little.assets() if one.kind is AssetKind.AVATAR]
    family = {avatar.sha256, *(one.sha256 for one in little.assets() if avatar.sha256 in one.parents or one.run_id == clip.run_id)}
    other, photo = little.avatar(), little.case().photo
    receipt = press(little, file_of(little, avatar))
    assert {one.sha256 for one in receipt.copies if one.where is Where.PRIVATE} == family
    assert in_public(little.place) == set()
    assert set(everywhere(little).values()) & family == set()
    assert {other.sha256, photo} <= set(everywhere(little).values())
    assert (little.case().photo, little.case().avatar, little.case().clip) == (photo, None, None)


def test_everything_of_a_customer_goes_and_other_customers_are_untouched(little: LittleStudio) -> None:
    little.customer("case-2", OWNER, photo="green")
    little.customer("case-3", "ben", photo="red")
    theirs = little.approved_clip("case-3")
    shown = publishing.publish(little.place, "case-3", theirs.sha256, "ben", ME)
    publishing.publish(little.place, "case-2", little.approved_clip("case-2").sha256, OWNER, ME)
    before, kept = hashes_of(little, CASE, "case-2"), hashes_of(little, "case-3")
    ben = little.case("case-3")
    receipt = press(little, Subject(owner=OWNER))
    left = set(everywhere(little).values())
    assert (left & before, kept <= left) == (set(), True)
    assert in_public(little.place) == {one.key for one in shown}
    assert little.case("case-3") == ben
    assert {one.case_id for one in receipt.copies} == {CASE, "case-2"}
    assert (receipt.scope.value, receipt.subject) == ("customer", OWNER)


def test_the_same_photo_in_another_case_is_named_and_kept_and_the_customer_does_not_read_whose_it_is(folder: LittleStudio) -> None:
    folder.customer("case-of-ben", "ben", photo="blue")
    folder.customer("case-2", OWNER, photo="blue")
    receipt = press(folder)
    kept = {(one.case_id, one.why) for one in receipt.copies if one.outcome is Outcome.KEPT}
    assert {case for case, _ in kept} == {"case-of-ben", "case-2"}
    assert len({why for _, why in kept}) == 2
    assert folder.case("case-of-ben").photo in everywhere(folder).values()
    assert "ben" not in receipt.text()
    assert receipt.document()["counts"]["kept"] == 4


def test_the_same_photo_among_the_test_photos_is_named_and_stays_with_what_was_made_of_it(folder: LittleStudio) -> None:
    blue, red = (testphotos.add(folder.place, name, intake(name), ME) for name in ("blue", "red"))
    run = Asset(scope=STUDIO_SCOPE, kind=AssetKind.AVATAR, media_type="image/jpeg", parents=(blue.asset.sha256,))
    cell = assets.keep(folder.place.database, folder.place.store, b"a cell", run)
    receipt = press(folder)
    kept = {(one.what, one.why) for one in receipt.copies if one.outcome is Outcome.KEPT}
    assert kept == {(f"{what}, a test photo", TEST_PHOTO) for what in ("photo", "photo, square")}
    assert {blue.asset.sha256, cell.sha256, red.asset.sha256} <= set(everywhere(folder).values())
    assert [one.id for one in testphotos.listing(folder.place)] == [blue.id, red.id]
    assert testphotos.add(folder.place, "blue", intake("blue"), ME).id == blue.id


def test_the_customer_s_name_is_in_no_list_nor_search_any_more_and_the_ledger_keeps_its_ids(folder: LittleStudio) -> None:
    photos.open_case(folder.place, "case-7", OWNER, ME, name="Anna Müller & Ben")
    photos.put_photo(folder.place, "case-7", OWNER, replace(intake("red"), name="anna-mueller.jpg"), ME)
    folder.approved_avatar("case-7")
    paid = money(folder)
    assert finding.search(folder.place, "Müller").total == 1
    press(folder, Subject(owner=OWNER, case_id="case-7"))
    assert finding.search(folder.place, "Müller").total == 0
    assert [line.case.name for line in finding.search(folder.place, "case-7").lines] == ["case-7"]
    rows = {table: rows for table, rows in folder.dump().items() if "nna" in str(rows) or "mueller" in str(rows)}
    assert {table for table in rows if "Müller" in str(rows[table]) or "anna-mueller" in str(rows[table])} == set()
    assert money(folder) == paid


def test_a_photo_that_was_taken_down_is_not_taken_in_again_in_that_case(folder: LittleStudio) -> None:
    press(folder)
    for colour in ("blue", "green"):
        with pytest.raises(TakenDown, match=r"was taken down on \d{4}-\d\d-\d\d by me"):
            photos.put_photo(folder.place, CASE, OWNER, intake(colour), ME, replace=True)
    assert folder.files() == set()
    with pytest.raises(TakenDown):
        testphotos.add(folder.place, "blue", intake("blue"), ME)
    assert folder.files() == set()
    folder.customer("case-2", "ben", photo="blue")


def test_a_single_photo_that_was_taken_down_may_be_followed_by_another(folder: LittleStudio) -> None:
    press(folder, Subject(case_id=CASE, owner=OWNER, sha256=folder.case().photo or ""))
    with pytest.raises(TakenDown):
        photos.put_photo(folder.place, CASE, OWNER, intake("blue"), ME)
    assert photos.put_photo(folder.place, CASE, OWNER, intake("green"), ME).photo


class Provider:
    """A provider that would hand over what was bought; the test fails when it is asked to."""

    def download(self, *_: Any, **__: Any) -> bytes:
        raise AssertionError("what was taken down was fetched")


@pytest.mark.parametrize("whole", [True, False])
def test_a_late_result_was_charged_and_is_neither_fetched_nor_kept(folder: LittleStudio, whole: bool, tmp_path: Path) -> None:
    run = portraits.ask_avatar(folder.place, CASE, OWNER, AvatarWish(), ME, run_id="r-late").run
    folder.submit(run)
    subject = WHOLE if whole else Subject(case_id=CASE, owner=OWNER, sha256=folder.case().photo or "")
    receipt = press(folder, subject)
    assert folder.run(run).cancel_asked_at
    assert [one.outcome for one in receipt.copies if one.where is Where.WORK] == [Outcome.WAITING]
    assert receipt.ended_at is None
    desk = replace(folder.desk, providers={"fal": Provider()})
    call = folder.call(run)
    with folder.place.database.writing() as tx:
        call = calls.note(tx, call, result={"images": [{"url": "https://v3.fal.media/files/koala/0_late.jpg"}]})
    with pytest.raises(TakenDown):
        deliver(desk, replace(call, state=CallState.SUCCEEDED), AssetKind.AVATAR, tmp_path)
    with pytest.raises(TakenDown):
        folder.keep(run, call, AssetKind.AVATAR, "image/jpeg", (run.source,))
    assert folder.files() == set()


def test_a_take_down_ends_when_the_work_it_stopped_has_ended_and_names_what_that_left(folder: LittleStudio) -> None:
    run = portraits.ask_avatar(folder.place, CASE, OWNER, AvatarWish(), ME, run_id="r-late").run
    receipt = press(folder)
    assert takedown.resume(folder.place) == 1
    assert takedown_receipt.receipt(folder.place, receipt.id).ended_at is None
    url = at_the_sandbox(folder, b"uploaded meanwhile")
    with folder.place.database.writing() as tx:
        tx.execute("INSERT INTO uploads VALUES (?, 'fal', ?, ?, ?)", (folder.call(run).id, run.source, url, now()))
        runs.finish(tx, run.id, RunState.CANCELLED, Cancelled())
    assert takedown.resume(folder.place) == 1
    after = takedown_receipt.receipt(folder.place, receipt.id)
    assert after.ended_at
    assert {one.where for one in after.copies} == {Where.PRIVATE, Where.WORK, Where.SANDBOX}
    assert hashlib.sha256(b"uploaded meanwhile").hexdigest() not in everywhere(folder).values()
    assert takedown.resume(folder.place) == 0


def test_bytes_stored_in_the_moment_of_the_take_down_are_taken_away_again(folder: LittleStudio) -> None:
    """The work may be on its way between looking and writing its row."""
    run = portraits.ask_avatar(folder.place, CASE, OWNER, AvatarWish(), ME, run_id="r-late").run
    asset = Asset(scope=CASE, kind=AssetKind.AVATAR, media_type="image/jpeg", parents=(run.source,))
    put = folder.place.store.put

    class Slow:
        def __getattr__(self, name: str) -> Any:
            return getattr(folder.place.store, name)

        def put(self, key: str, data: bytes, **more: Any) -> Any:
            stored = put(key, data, **more)
            press(folder)
            put(key, data, **more)
            return stored

    with pytest.raises(TakenDown):
        assets.keep(folder.place.database, Slow(), b"late", asset)
    assert folder.files() == set()


def test_what_was_not_shown_is_not_taken_down(folder: LittleStudio) -> None:
    mark = takedown.plan(folder.place, WHOLE).mark
    folder.avatar()
    before = folder.dump(), folder.files()
    with pytest.raises(NotNow, match="changed"):
        takedown.take_down(folder.place, WHOLE, ME, expected=mark)
    assert (folder.dump(), folder.files()) == before


def test_a_second_click_is_the_same_take_down(little: LittleStudio) -> None:
    publishing.publish(little.place, CASE, little.approved_clip().sha256, OWNER, ME)
    mark = takedown.plan(little.place, WHOLE).mark
    first = takedown.take_down(little.place, WHOLE, ME, "once", expected=mark)
    before = little.dump()
    again = takedown.take_down(little.place, WHOLE, ME, "twice", expected=mark)
    assert (again, little.dump()) == (first, before)
    assert takedown_receipt.list_takedowns(little.place) == (first,)


def test_both_roles_are_needed_and_the_owner_must_be_right(folder: LittleStudio) -> None:
    mark, before = takedown.plan(folder.place, WHOLE).mark, folder.dump()
    for role in (Role.PUBLISH, Role.APPROVE):
        with pytest.raises(NotAllowed, match="cleo"):
            takedown.take_down(folder.place, WHOLE, Person(name="cleo", roles=frozenset(Role) - {role}), expected=mark)
    for subject in (Subject(case_id=CASE, owner="eve"), Subject(owner="eve"), Subject(owner=STUDIO_SCOPE)):
        with pytest.raises(WrongOwner):
            takedown.plan(folder.place, subject)
        with pytest.raises(WrongOwner):
            takedown.take_down(folder.place, subject, ME, expected=mark)
    with pytest.raises(UnknownName):
        takedown.plan(folder.place, Subject(case_id=CASE, owner=OWNER, sha256="0" * 64))
    with pytest.raises(BadParameter):
        takedown.take_down(folder.place, WHOLE, ME, "x" * 2001, expected=mark)
    assert folder.dump() == before


def test_the_test_photos_as_a_whole_are_no_customer(folder: LittleStudio) -> None:
    testphotos.add(folder.place, "red", intake("red"), ME)
    with pytest.raises(BadParameter):
        takedown.plan(folder.place, Subject(case_id=STUDIO_SCOPE, owner=STUDIO_SCOPE))


class Refusing:
    """The real store, which does not let go of anything for now."""

    def __init__(self, store: Any) -> None:
        self._store, self.refuses = store, True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def delete(self, key: str) -> bool:
        if self.refuses:
            raise StoreRefused
        return bool(self._store.delete(key))


@pytest.mark.parametrize("which", ["store", "storefront"])
def test_a_store_that_refuses_is_asked_again_until_it_lets_go(little: LittleStudio, which: str) -> None:
    publishing.publish(little.place, CASE, little.approved_avatar().sha256, OWNER, ME)
    real = getattr(little.place, which)
    store = Refusing(real if which == "store" else real.store)
    little.place.__dict__[which] = store if which == "store" else replace(real, store=store)
    receipt = press(little)
    assert (receipt.ended_at, receipt.counts["waiting"] > 0) == (None, True)
    assert "tried again" in receipt.text()
    store.refuses = False
    assert publish_cleanup.finish(little.place) >= 1
    after = takedown_receipt.receipt(little.place, receipt.id)
    assert (bool(after.ended_at), after.counts["waiting"], little.files(), in_public(little.place)) == (True, 0, set(), set())


def test_what_lies_under_the_keys_of_the_case_without_a_record_goes_too(little: LittleStudio) -> None:
    front = little.place.storefront
    little.place.store.put(f"{CASE}/avatar/{'a' * 64}.jpg", b"stray", media_type="image/jpeg", cache_control="private")
    little.place.store.put(f"case-10/avatar/{'a' * 64}.jpg", b"theirs", media_type="image/jpeg", cache_control="private")
    front.store.put(front.key(f"posters/{CASE}/{'b' * 64}.webp"), b"stray", media_type="image/webp", cache_control=PUBLIC)
    theirs = front.key(f"posters/case-10/{'b' * 64}.webp")
    front.store.put(theirs, b"theirs", media_type="image/webp", cache_control=PUBLIC)
    press(little)
    assert in_public(little.place) == {theirs}
    assert len(little.files()) == 2


def test_a_file_left_behind_that_somebody_else_may_need_stays(folder: LittleStudio) -> None:
    folder.customer("case-2", "ben", photo="blue")
    photo = next(one for one in folder.assets() if one.scope == CASE and one.kind is AssetKind.PHOTO)
    at_the_sandbox(folder, assets.read(folder.place.store, photo))
    result = assets.read(folder.place.store, folder.avatar())
    at_the_sandbox(folder, result)
    assert {one.where for one in press(folder).copies} == {Where.PRIVATE, Where.ELSEWHERE}
    left = set(everywhere(folder).values())
    assert {photo.sha256, hashlib.sha256(result).hexdigest()} <= left


def test_an_upload_that_no_row_knows_of_goes_too(folder: LittleStudio) -> None:
    crop = next(one for one in folder.assets() if one.kind is AssetKind.CROP)
    at_the_sandbox(folder, assets.read(folder.place.store, crop))
    assert [one.sha256 for one in press(folder).copies if one.where is Where.SANDBOX] == [crop.sha256]
    assert crop.sha256 not in everywhere(folder).values()


def test_the_receipt_can_be_read_by_the_customer_and_opens_no_picture(little: LittleStudio) -> None:
    a_full_case(little)
    receipt = press(little, reason="the parents asked")
    text = receipt.text()
    assert "the parents asked" in text
    assert "Removed (" in text
    for secret in ("http", str(little.place.settings.folder), "fal.media", "emulator/", "objects", "me,", "test-secret"):
        assert secret not in text
    document = json.loads(json.dumps(receipt.document()))
    assert set(document) == {"id", "scope", "subject", "person", "reason", "asked_at", "ended_at", "counts", "copies"}
    assert {tuple(one) for one in document["copies"]} == {("what", "where", "address", "case", "sha256", "bytes", "outcome", "why", "at")}
    assert str(little.place.settings.folder) not in json.dumps(document)
    assert sum(document["counts"].values()) == len(document["copies"])
    with pytest.raises(UnknownName):
        takedown_receipt.receipt(little.place, "t0")


def test_with_a_bucket_the_receipt_says_that_the_cdn_could_not_be_cleared(tmp_path: Path, s3_address: str) -> None:
    little = LittleStudio(tmp_path, customer=True, **r2_settings(s3_address))
    (shown,) = publishing.publish(little.place, CASE, little.approved_avatar().sha256, OWNER, ME)
    receipt = press(little)
    [edge] = [one for one in receipt.copies if one.where is Where.CDN]
    assert (edge.address, edge.outcome, "CLOUDFLARE_ZONE_ID" in edge.why) == (shown.url, Outcome.STUCK, True)
    assert receipt.ended_at


def test_a_request_that_nobody_can_prove_is_named_as_what_may_still_exist(folder: LittleStudio) -> None:
    run = portraits.ask_avatar(folder.place, CASE, OWNER, AvatarWish(), ME, run_id="r-lost").run
    with folder.place.database.writing() as tx:
        runs.begin(tx, run.id, run.attempt)
        call = calls.move(tx, calls.filling(tx, run.id, "avatar"), CallState.SUBMITTING, sends=1)
        calls.note(tx, calls.move(tx, call, CallState.UNKNOWN), needs_decision=1)
        runs.finish(tx, run.id, RunState.FAILED)
    receipt = press(folder)
    [lost] = [one for one in receipt.copies if one.where is Where.PROVIDER]
    assert (lost.outcome, lost.address) == (Outcome.STUCK, call.id)
    assert receipt.ended_at


def paid_at_the_provider(little: LittleStudio) -> Call:
    """A paid avatar whose photo and result lie at the provider, seen in live mode from here on: nothing of it is on this machine."""
    run = portraits.ask_avatar(little.place, CASE, OWNER, AvatarWish(), ME, run_id="r-paid").run
    little.pay(run, images=[{"url": "https://v3.fal.media/files/koala/made.jpg"}])
    little.succeed(run)
    call, crop, at_fal = little.call(run), little.case().crop, "https://v3.fal.media/files/koala/photo.jpg"
    with little.place.database.writing() as tx:
        tx.execute("INSERT INTO uploads VALUES (?, 'fal', ?, ?, ?)", (call.id, crop, at_fal, now()))
    assert little.place.store
    little.place.settings = replace(little.place.settings, mode="live")
    little.place.settings.folder.mkdir()
    return call


@pytest.fixture
def at_fal(folder: LittleStudio) -> Iterator[LittleServer]:
    """Stand in for fal, asked by the real adapter."""
    with little_server() as server, FalProvider("k:s", emulator=lambda: server.address) as fal:
        folder.place.__dict__["forget"] = fal.forget
        server.always(body={"cdn_delete_results": []})
        yield server


def held_of(receipt: takedown_receipt.Receipt) -> list[tuple[str, Outcome, str]]:
    return [(one.what, one.outcome, one.why) for one in receipt.copies if one.where is Where.PROVIDER]


def test_the_result_at_the_provider_is_removed_there_and_the_upload_is_named_as_what_cannot_be(folder: LittleStudio, at_fal: LittleServer) -> None:
    call = paid_at_the_provider(folder)
    receipt = press(folder)
    assert [(one.method, one.path) for one in at_fal.asked] == [("DELETE", f"/v1/models/requests/{call.request_id}/payloads")]
    assert held_of(receipt) == [("photo, as it was uploaded", Outcome.STUCK, NO_WAY), (MADE, Outcome.REMOVED, "")]
    assert "fal.media" not in receipt.text()
    assert receipt.ended_at
    again = press(folder)
    assert (again.id, len(at_fal.asked)) == (receipt.id, 1)


def test_a_request_that_failed_leaves_nothing_at_the_provider_either(folder: LittleStudio, at_fal: LittleServer) -> None:
    run = portraits.ask_avatar(folder.place, CASE, OWNER, AvatarWish(), ME, run_id="r-failed").run
    folder.submit(run)
    folder.fail(run)
    folder.place.settings = replace(folder.place.settings, mode="live")
    folder.place.settings.folder.mkdir()
    assert held_of(press(folder)) == [(ASKED, Outcome.REMOVED, "")]
    assert [one.method for one in at_fal.asked] == ["DELETE"]


@pytest.mark.parametrize(("status", "outcome", "why"), [(403, Outcome.STUCK, NO_SCOPE), (404, Outcome.REMOVED, NOT_HELD)])
def test_what_the_provider_says_to_the_wish_is_on_the_receipt(
    folder: LittleStudio, at_fal: LittleServer, status: int, outcome: Outcome, why: str
) -> None:
    paid_at_the_provider(folder)
    at_fal.always(status=status)
    receipt = press(folder)
    assert held_of(receipt)[1] == (MADE, outcome, why)
    assert receipt.ended_at


def test_a_provider_that_cannot_be_asked_is_asked_again_for_a_week(folder: LittleStudio, at_fal: LittleServer) -> None:
    paid_at_the_provider(folder)
    at_fal.always(status=503)
    receipt = press(folder)
    assert (receipt.ended_at, held_of(receipt)[1]) == (None, (MADE, Outcome.WAITING, ProviderUnreachable.say))
    with folder.place.database.writing() as tx:
        tx.execute("UPDATE takedowns SET asked_at = '2020-01-01T00:00:00.000000+00:00'")
    assert takedown.resume(folder.place) == 1
    after = takedown_receipt.receipt(folder.place, receipt.id)
    assert held_of(after)[1] == (MADE, Outcome.STUCK, OVERDUE)
    assert after.ended_at


def test_a_provider_that_comes_back_removes_what_waited(folder: LittleStudio, at_fal: LittleServer) -> None:
    paid_at_the_provider(folder)
    at_fal.always(status=401)
    receipt = press(folder)
    assert held_of(receipt)[1] == (MADE, Outcome.WAITING, KeyRefused.say)
    at_fal.always(body={"cdn_delete_results": []})
    assert takedown.resume(folder.place) == 1
    assert held_of(takedown_receipt.receipt(folder.place, receipt.id))[1] == (MADE, Outcome.REMOVED, "")
    assert takedown.resume(folder.place) == 0


def test_without_a_key_the_provider_is_not_asked_and_the_copy_waits(folder: LittleStudio) -> None:
    paid_at_the_provider(folder)
    assert not folder.place.settings.fal_key
    assert held_of(press(folder))[1] == (MADE, Outcome.WAITING, KeyRefused.say)


def test_an_avatar_is_no_longer_made_or_animated_after_its_case_was_taken_down(folder: LittleStudio) -> None:
    avatar = folder.approved_avatar()
    press(folder)
    with pytest.raises(NotNow):
        portraits.ask_next_clip(folder.place, CASE, OWNER, avatar.sha256, ClipWish(), ME, 1)
    with pytest.raises(NotNow):
        publishing.publish(folder.place, CASE, avatar.sha256, OWNER, ME)
    with pytest.raises(NotNow):
        testphotos.of_case(folder.place, CASE, RunKind.AVATAR)
