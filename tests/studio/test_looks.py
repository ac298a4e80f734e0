"""What a run, an asset and the ledger look like from outside; scripts stand on these fields."""

import pytest

from pipeline import assets
from pipeline.errors import BadOutputFolder, UnknownName, WrongOwner
from pipeline.records import Decision, Plan
from pipeline.studio import looks, portraits, requests, reviews
from pipeline.studio.portraits import next_take, price_avatar, price_clip
from pipeline.workflows.wishes import AvatarWish, ClipWish
from tests.little_studio import CASE, ME, OWNER, LittleStudio


@pytest.fixture
def studio(tmp_path):
    return LittleStudio(tmp_path / "studio", customer=True)


@pytest.fixture
def avatar(studio):
    return studio.succeed(portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=1), ME, run_id="run-1").run)


@pytest.fixture
def clip(studio, avatar):
    reviews.decide_on(studio.place, avatar, OWNER, Decision.APPROVED, ME)
    return studio.succeed(portraits.ask_clip(studio.place, CASE, OWNER, ClipWish(), ME, run_id="run-2", parent_run="run-1").run)


def path_of(studio):
    return lambda asset: looks.path_of(studio.place, asset)


def show(studio, run_id):
    return looks.portrait(studio.place, studio.run(run_id), path_of(studio))


def test_a_portrait_names_its_files_with_all_that_scripts_need(studio, avatar):
    shown = show(studio, "run-1")
    assert {"run", "case", "mode", "cost_micro_usd", "avatar", "clip", "poster"} <= set(shown)
    assert {"path", "sha256", "media_type", "width_px", "height_px", "bytes", "likeness"} <= set(shown["avatar"])
    assert (shown["avatar"]["media_type"], shown["original"]["sha256"]) == ("image/webp", avatar.sha256)
    assert (shown["clip"], shown["poster"], shown["cost_micro_usd"]) == (None, None, 30_000)


def test_a_run_without_results_has_nothing_in_its_place(studio):
    portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=1), ME, run_id="run-1")
    shown = show(studio, "run-1")
    assert (shown["avatar"], shown["original"], shown["state"], shown["cost_micro_usd"]) == (None, None, "asked", 0)


def test_a_clip_is_shown_with_the_poster_of_the_same_pass(studio, clip):
    shown = show(studio, "run-2")
    assert (shown["clip"]["sha256"], shown["poster"]["media_type"], shown["avatar"]) == (clip.sha256, "image/webp", None)


def test_a_line_of_runs_and_of_the_ledger_has_its_fields(studio, avatar):
    assert {"run", "kind", "case", "state", "cost_micro_usd"} <= set(looks.run_line(studio.place, studio.run("run-1")))
    lines = looks.ledger_lines(studio.place)
    assert all({"at", "kind", "call", "endpoint", "unit", "quantity", "micro_usd"} <= set(line) for line in lines)
    assert [(line["kind"], line["micro_usd"]) for line in lines] == [("hold", 30_000), ("release", -30_000), ("charge", 30_000)]
    assert looks.ledger_totals(studio.place) == {"held_micro_usd": 0, "charged_micro_usd": 30_000}


def test_a_decision_is_shown_with_its_asset(studio, avatar):
    assert looks.asset_line(studio.place, avatar, path_of(studio))["decision"] is None
    reviews.decide_on(studio.place, avatar, OWNER, Decision.REJECTED, ME)
    assert looks.asset_line(studio.place, avatar, path_of(studio))["decision"] == "rejected"


@pytest.mark.parametrize(
    ("distances", "score", "band", "reason"),
    [
        ([], None, "not measurable", "not measured yet"),
        ([None], None, "not measurable", "no face found"),
        ([0.3], 0.7, "b0.3", None),
        ([0.3, 0.5], 0.5, "b0.5", None),
        ([None, 0.5], 0.5, "b0.5", "1 of 2 faces not measurable"),
        ([1.3], 0.0, "b1.3", None),
    ],
)
def test_the_face_least_alike_counts_and_none_is_never_zero(studio, avatar, distances, score, band, reason):
    faces = [{"distance": d, "detector_score": 1.0, "band": f"b{d}", "reason": None if d else "no face found", "model_hash": "m"} for d in distances]
    with studio.place.database.writing() as tx:
        assets.measured(tx, avatar, "reference", faces)
        found = looks.likeness_of(tx, CASE, avatar.sha256)
    assert (found["score"], found["band"], found["reason"], found["faces"]) == (score, band, reason, len(distances))


def test_a_copy_is_written_whole_and_leaves_other_files_alone(studio, avatar, tmp_path):
    out = tmp_path / "out"
    first = looks.copy_out(studio.place, avatar, out, "me.jpg")
    assert first == looks.copy_out(studio.place, avatar, out, "me.jpg") == out / "me.jpg"
    first.write_bytes(b"mine")
    second = looks.copy_out(studio.place, avatar, out, "me.jpg")
    assert (first.read_bytes(), second.name) == (b"mine", f"me-{avatar.sha256[:8]}.jpg")
    assert {path.name for path in out.iterdir()} == {"me.jpg", second.name}


def test_a_folder_that_cannot_be_written_to_is_told_in_plain_words(studio, avatar, tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(BadOutputFolder):
        looks.copy_out(studio.place, avatar, tmp_path / "out", "me.jpg")
    with pytest.raises(BadOutputFolder):
        looks.copy_out(studio.place, avatar, tmp_path / "out" / "below", "me.jpg")


@pytest.mark.parametrize("given", ["run-1", "run-", "r"])
def test_a_run_is_found_by_a_unique_beginning(studio, avatar, given):
    assert requests.find_run(studio.place, given).id == "run-1"


@pytest.mark.parametrize("given", ["", "run-9", "%", "_un-1", "run-1%", "RUN-9", "' OR 1=1"])
def test_what_fits_no_run_or_several_is_told(studio, clip, given):
    with pytest.raises(UnknownName):
        requests.find_run(studio.place, given)


def test_an_asset_is_found_by_a_unique_beginning(studio, avatar):
    assert reviews.find_asset(studio.place, avatar.sha256[:10].upper()) == avatar
    with pytest.raises(UnknownName, match="no asset"):
        reviews.find_asset(studio.place, "0" * 64)
    with pytest.raises(UnknownName, match="no asset"):
        reviews.find_asset(studio.place, avatar.sha256, case_id="case-2")
    with pytest.raises(UnknownName):
        reviews.find_asset(studio.place, "")


def test_a_removed_asset_is_not_found(studio, avatar):
    with studio.place.database.writing() as tx:
        tx.execute("UPDATE assets SET removed_at = 'now' WHERE sha256 = ?", (avatar.sha256,))
    with pytest.raises(UnknownName):
        reviews.find_asset(studio.place, avatar.sha256)


def test_the_owner_of_a_missing_case_is_nobody(studio):
    assert reviews.owner_of(studio.place, CASE) == OWNER
    with pytest.raises(WrongOwner):
        reviews.owner_of(studio.place, "case-9")


def test_a_price_is_known_before_anything_is_asked(studio):
    before = studio.dump()
    assert price_avatar(studio.place, AvatarWish()).micro_usd == 30_000
    assert price_avatar(studio.place, AvatarWish(), width_px=1025, height_px=1024).micro_usd == 60_000
    assert price_clip(studio.place, ClipWish(model="hailuo-02", resolution="512P")).micro_usd == 102_000
    assert studio.dump() == before


def test_the_next_take_follows_the_takes_of_the_same_avatar(studio, avatar, clip):
    assert next_take(studio.place, CASE, avatar.sha256) == 2
    assert next_take(studio.place, CASE, "0" * 64) == 1
    portraits.ask_clip(studio.place, CASE, OWNER, ClipWish(take=2), ME, run_id="run-3")
    assert next_take(studio.place, CASE, avatar.sha256) == 3


def test_a_free_case_is_shown_like_any_other(studio):
    assert studio.customer("case-free", "fred", plan=Plan.FREE).plan is Plan.FREE
