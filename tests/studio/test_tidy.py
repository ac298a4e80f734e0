"""What goes by itself: temporary files after a day, results nobody approved after a setting says so, and never anything that is in use."""

import json
import os
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline import runs
from pipeline.database import insert, update
from pipeline.errors import NotAllowed, NotNow, StoreRefused
from pipeline.processes.housekeeping import keep_house
from pipeline.publishing.publications import State
from pipeline.records import Asset, Decision, Person, Role, RunState, now
from pipeline.studio import keeping, orphans, portraits, publish_cleanup, publishing, reviews, stars, tidy, withdrawing
from pipeline.workflows.wishes import AvatarWish, ClipWish
from tests.little_studio import CASE, ME, OWNER, LittleStudio
from tests.public_store import in_public, r2_settings

OLD_DAYS = 40


@pytest.fixture
def little(tmp_path: Path) -> LittleStudio:
    return LittleStudio(tmp_path, customer=True, STUDIO_KEEP_UNAPPROVED_DAYS="30")


def age(little: LittleStudio, days: float = OLD_DAYS) -> None:
    """Let everything that was made be so many days older."""
    little.let_time_pass(days * 86_400)
    with little.place.database.writing() as tx:
        for row in tx.execute("SELECT scope, sha256, created_at FROM assets").fetchall():
            earlier = datetime.fromisoformat(row["created_at"]) - timedelta(days=days)
            update(tx, "assets", {"scope": row["scope"], "sha256": row["sha256"]}, {"created_at": earlier.isoformat(timespec="microseconds")})


def going(little: LittleStudio, days: int | None = None) -> list[str]:
    return [one.asset.sha256 for one in tidy.expiring(little.place, days).results]


def cell(little: LittleStudio, sweep: str = "s1") -> Asset:
    run = portraits.ask_avatar(little.place, CASE, OWNER, AvatarWish(seed=77), ME, run_id=f"r-{sweep}").run
    little.as_cell(run, sweep)
    return little.succeed(run)


def rate(little: LittleStudio, run: str, given: int) -> None:
    row = {"sweep": "s1", "run_id": run, "person": "me", "stars": given, "rejected": "", "note": "", "at": "2026"}
    with little.place.database.writing() as tx:
        insert(tx, "ratings", row)


def test_a_result_nobody_approved_goes_with_its_parts_and_history_says_why(little: LittleStudio) -> None:
    kept, waiting, rejected = little.approved_avatar(), little.avatar(), little.avatar()
    reviews.decide_on(little.place, rejected, OWNER, Decision.REJECTED, ME)
    age(little)
    shown = tidy.expiring(little.place)
    assert ({one.asset.sha256 for one in shown.results}, shown.files) == ({waiting.sha256, rejected.sha256}, 4)
    assert shown.bytes == sum(one.bytes + little.display_of(one).bytes for one in (waiting, rejected))
    done = tidy.expire(little.place, shown.mark, ME)
    assert (done.results, done.files, done.bytes, done.kept) == (2, 4, shown.bytes, 0)
    assert (going(little), waiting.key in little.files(), kept.key in little.files()) == ([], False, True)
    noted = little.rows("SELECT person, detail FROM audit_log WHERE action = 'remove'")
    assert {(row["person"], json.loads(row["detail"])["reason"]) for row in noted} == {("me", "never approved within 30 days")}
    assert len(little.rows("SELECT * FROM calls")) == 3


def test_nothing_expires_unless_a_setting_says_so(tmp_path: Path) -> None:
    little = LittleStudio(tmp_path, customer=True)
    avatar = little.avatar()
    age(little)
    assert (going(little), going(little, 30)) == ([], [avatar.sha256])
    assert tidy.expire(little.place, tidy.expiring(little.place).mark, ME).results == 0


def test_what_is_younger_stays(little: LittleStudio) -> None:
    avatar = little.avatar()
    age(little, 29.9)
    assert going(little) == []
    age(little, 0.2)
    assert going(little) == [avatar.sha256]


def withdrawn(little: LittleStudio, avatar: Asset) -> None:
    for decision in (Decision.APPROVED, Decision.WITHDRAWN):
        reviews.decide_on(little.place, avatar, OWNER, decision, ME)


def starred(little: LittleStudio, avatar: Asset) -> None:
    stars.star(little.place, CASE, avatar.sha256, ME)


def asked_again(little: LittleStudio, avatar: Asset) -> None:
    with little.place.database.writing() as tx:
        row = tx.execute("SELECT run_id FROM outputs WHERE asset = ?", (avatar.sha256,)).fetchone()
        update(tx, "runs", {"id": row["run_id"]}, {"asked_at": datetime.now(UTC).isoformat()})


def at_work(little: LittleStudio, avatar: Asset) -> None:
    with little.place.database.writing() as tx:
        update(tx, "runs", {"id": avatar.run_id}, {"state": "working"})


def current(little: LittleStudio, avatar: Asset) -> None:
    with little.place.database.writing() as tx:
        update(tx, "cases", {"id": CASE}, {"avatar": avatar.sha256})


def animated(little: LittleStudio, avatar: Asset) -> None:
    """Its clip was approved, though nobody ever said so of the avatar."""
    reviews.decide_on(little.place, avatar, OWNER, Decision.APPROVED, ME)
    clip = little.succeed(portraits.ask_clip(little.place, CASE, OWNER, ClipWish(), ME, run_id="r-clip").run)
    reviews.decide_on(little.place, clip, OWNER, Decision.APPROVED, ME)
    with little.place.database.writing() as tx:
        tx.execute("DELETE FROM approvals WHERE asset = ?", (avatar.sha256,))
        update(tx, "cases", {"id": CASE}, {"avatar": None, "clip": None})


@pytest.mark.parametrize("use", [withdrawn, starred, asked_again, at_work, current, animated])
def test_what_was_approved_once_or_is_in_use_stays(little: LittleStudio, use: Any) -> None:
    avatar = little.avatar()
    if use is animated:
        use(little, avatar)
    age(little)
    assert use is animated or going(little) == [avatar.sha256]
    if use is not animated:
        use(little, avatar)
    assert going(little) == []


def judged_by_stars(little: LittleStudio) -> None:
    rate(little, "r-s1", 4)


def judged_by_vote(little: LittleStudio) -> None:
    with little.place.database.writing() as tx:
        row = {"sweep": "s1", "left_run": "r-x", "right_run": "r-s1", "person": "me", "verdict": "left", "at": "2026"}
        insert(tx, "votes", row)


def made_a_preset(little: LittleStudio) -> None:
    with little.place.database.writing() as tx:
        row = {"kind": "avatar", "settings": "{}", "sweep": "s1", "run_id": "r-s1", "evidence": "{}", "note": "", "person": "me", "at": "2026"}
        insert(tx, "presets", row)


@pytest.mark.parametrize("judge", [judged_by_stars, judged_by_vote, made_a_preset])
def test_a_cell_that_somebody_judged_stays(little: LittleStudio, judge: Any) -> None:
    picture = cell(little)
    age(little)
    rate(little, "r-s1", 0)
    assert going(little) == [picture.sha256]
    judge(little)
    assert going(little) == []


def test_a_clip_nobody_approved_goes_and_its_avatar_stays(little: LittleStudio) -> None:
    little.approved_avatar()
    clip = little.succeed(portraits.ask_clip(little.place, CASE, OWNER, ClipWish(), ME, run_id="r-clip").run)
    age(little)
    shown = tidy.expiring(little.place)
    assert ([one.asset.sha256 for one in shown.results], shown.files) == ([clip.sha256], 3)
    assert tidy.expire(little.place, shown.mark, ME).files == 3


def test_only_what_was_shown_expires(little: LittleStudio) -> None:
    little.avatar()
    age(little)
    mark = tidy.expiring(little.place).mark
    little.avatar()
    age(little)
    for wrong in (mark, ""):
        with pytest.raises(NotNow):
            tidy.expire(little.place, wrong, ME)
    assert len(going(little)) == 2


def test_without_the_role_nothing_expires(little: LittleStudio) -> None:
    little.avatar()
    age(little)
    with pytest.raises(NotAllowed):
        tidy.expire(little.place, tidy.expiring(little.place).mark, Person(name="cleo", roles=frozenset(Role) - {Role.APPROVE}))
    assert len(going(little)) == 1


def test_the_weekly_look_announces_and_the_next_one_removes(little: LittleStudio) -> None:
    first = little.avatar()
    age(little)
    assert (tidy.is_due(little.place), tidy.tidied_at(little.place)) == (True, None)
    assert tidy.weekly(little.place).results == 0
    assert not tidy.is_due(little.place)
    assert orphans.last(little.place) is not None
    second = little.avatar()
    age(little)
    assert (tidy.weekly(little.place).results, going(little)) == (1, [second.sha256])
    assert first.key not in little.files()
    (noted,) = little.rows("SELECT person FROM audit_log WHERE action = 'remove'")
    assert noted["person"] == "studio"
    with little.place.database.writing() as tx:
        old = datetime.now(UTC) - timedelta(days=7, seconds=1)
        update(tx, "about", {"name": "tidied_at"}, {"value": old.isoformat()})
    assert tidy.is_due(little.place)


@pytest.mark.parametrize("kind", ["folder", "r2"])
def test_temporary_uploads_go_after_a_day(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    little = LittleStudio(tmp_path, customer=True, **(r2_settings(request.getfixturevalue("s3_address")) if kind == "r2" else {}))
    front = little.place.storefront
    front.store.put(f"{front.prefix}uploads/temp/a.jpg", b"x", media_type="image/jpeg", cache_control="no-store")
    for name in ("tmp/old/frame.png", "tmp/new.png", "tmp-77/old.png", "notes/old.png"):
        path = little.place.settings.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
        if "old" in name:
            os.utime(path, (time.time() - 86_500,) * 2)
    assert tidy.clear_temporary(little.place) == 2
    assert (little.place.settings.folder / "tmp/new.png").exists()
    assert (little.place.settings.folder / "notes/old.png").exists()
    monkeypatch.setattr(tidy, "DAY_SECONDS", -5.0)
    assert tidy.clear_temporary(little.place) == 2
    assert in_public(little.place) == set()


def test_a_temporary_upload_is_no_orphan(little: LittleStudio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orphans, "GRACE", timedelta(seconds=-2))
    little.place.storefront.store.put("uploads/temp/a.jpg", b"x", media_type="image/jpeg", cache_control="no-store")
    assert orphans.scan(little.place).public.objects == 0


def test_the_worker_ends_what_was_left_unfinished_and_a_chore_that_fails_stops_no_other(little: LittleStudio) -> None:
    class Stubborn:
        def __init__(self, store: Any) -> None:
            self.store, self.refuses = store, True

        def __getattr__(self, name: str) -> Any:
            if self.refuses and name in ("delete", "survey"):
                raise StoreRefused
            return getattr(self.store, name)

    publishing.publish(little.place, CASE, little.approved_avatar().sha256, OWNER, ME)
    front = little.place.storefront
    store = Stubborn(front.store)
    little.place.__dict__["storefront"] = replace(front, store=store)
    withdrawing.withdraw(little.place, CASE, OWNER, ME)
    stop = threading.Event()
    stop.set()
    keep_house(little.place, stop)
    assert tidy.is_due(little.place)
    assert [row["state"] for row in little.rows("SELECT state FROM publications")] == [State.ENDING]
    store.refuses = False
    keep_house(little.place, stop)
    assert not tidy.is_due(little.place)
    assert [row["state"] for row in little.rows("SELECT state FROM publications")] == [State.WITHDRAWN]
    assert in_public(little.place) == set()


def test_a_chore_that_breaks_does_not_end_the_thread(little: LittleStudio, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def breaks(place: Any) -> None:
        raise RuntimeError("SECRET")

    monkeypatch.setattr(tidy, "clear_temporary", breaks)
    stop = threading.Event()
    stop.set()
    keep_house(little.place, stop)
    assert "a chore broke: temporary files" in caplog.messages
    assert not tidy.is_due(little.place)


def test_the_stores_are_swept_once_a_day_and_publications_looked_after_every_ten_minutes(
    little: LittleStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    rounds = iter([False] * 144 + [True])

    class Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            assert timeout == 600.0
            return next(rounds)

    monkeypatch.setattr(tidy, "clear_temporary", lambda place: done.append("swept"))
    monkeypatch.setattr(publish_cleanup, "finish", lambda place: done.append("finished"))
    monkeypatch.setattr(tidy, "weekly", lambda place: done.append("weekly"))
    monkeypatch.setattr(tidy, "is_due", lambda place: False)
    keep_house(little.place, Stop())
    assert (done.count("swept"), done.count("finished"), done.count("weekly")) == (2, 145, 0)


def test_a_run_that_ended_needs_nothing_any_more(little: LittleStudio) -> None:
    little.approved_avatar()
    run = portraits.ask_clip(little.place, CASE, OWNER, ClipWish(), ME, run_id="r-clip").run
    with little.place.database.writing() as tx:
        runs.finish(tx, run.id, RunState.CANCELLED)
    spare = little.avatar()
    age(little)
    assert going(little) == [spare.sha256]


@pytest.mark.parametrize("kind", ["folder", "r2"])
def test_storage_is_counted_and_priced(request: pytest.FixtureRequest, tmp_path: Path, kind: str) -> None:
    address = request.getfixturevalue("s3_address") if kind == "r2" else ""
    given = {**r2_settings(address), "R2_PRIVATE_BUCKET_NAME": r2_settings(address)["R2_BUCKET_NAME"]} if kind == "r2" else {}
    little = LittleStudio(tmp_path, **given)
    little.customer()
    shown = publishing.publish(little.place, CASE, little.approved_clip().sha256, OWNER, ME)
    with little.place.database.writing() as tx:
        update(tx, "assets", {"kind": "photo"}, {"bytes": 2_000_000_000})
        update(tx, "publications", {"kind": "clip"}, {"bytes": 3_000_000_000})
    cost = keeping.storage_cost(little.place)
    small = sum(one.bytes for one in little.assets()) - 2_000_000_000, sum(one.bytes for one in shown if one.kind != "clip")
    assert (cost.private.bytes, cost.public.bytes) == (2_000_000_000 + small[0], 3_000_000_000 + small[1])
    assert (cost.private.files, cost.public.files) == (len(little.assets()), 3)
    assert (cost.private.micro_usd_a_month, cost.public.micro_usd_a_month) == ((30_001, 45_001) if kind == "r2" else (0, 0))
    assert cost.micro_usd_a_month == (75_002 if kind == "r2" else 0)
    assert (cost.private.where.startswith(kind), "r2/pricing" in cost.source) == (True, True)


def test_calls_of_the_provider_are_forgotten_after_a_day(little: LittleStudio) -> None:
    old = (datetime.now(UTC) - timedelta(days=1, seconds=1)).isoformat(timespec="microseconds")
    with little.place.database.writing() as tx:
        tx.executemany("INSERT INTO webhook_inbox(provider, request_id, received_at) VALUES ('fal', ?, ?)", [("a", old), ("b", now())])
    assert tidy.clear_inbox(little.place) == 1
    assert [row["request_id"] for row in little.rows("SELECT request_id FROM webhook_inbox")] == ["b"]


def test_looking_for_new_calls_reads_the_new_ones_alone(little: LittleStudio) -> None:
    plan = little.rows("EXPLAIN QUERY PLAN SELECT request_id, received_at FROM webhook_inbox WHERE received_at > ? ORDER BY received_at", now())
    assert [row["detail"] for row in plan] == ["SEARCH webhook_inbox USING INDEX webhook_inbox_by_time (received_at>?)"]
