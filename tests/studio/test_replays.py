"""A replay buys the very same request once more, and says whether the same bytes came, the same to the eye, or something else."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from pipeline import assets, runs
from pipeline.database import update
from pipeline.errors import BudgetReached, NotNow, UnknownName
from pipeline.records import Asset, AssetKind, Call, CallState, Decision, Reuse, Run, RunKind, RunState
from pipeline.studio import judging, looks, portraits, replays, reviews, sweep_prices, sweep_runs, sweep_view, sweeps, testphotos
from pipeline.studio.replays import Verdict
from pipeline.sweeps.plans import Plan, read_plan
from pipeline.workflows.wishes import AvatarWish
from tests.little_studio import CASE, ME, OWNER, LittleStudio, intake
from tests.running import Running, sample

SWEEP = "s1"
PRICE = 30_000


@pytest.fixture
def studio(tmp_path: Path) -> LittleStudio:
    return LittleStudio(tmp_path / "studio")


def picture(colour: str = "blue", size: tuple[int, int] = (512, 512), quality: int = 95) -> bytes:
    """Return a JPEG with a gradient under a colour, as a flat one would not change by saving it."""
    image = Image.blend(Image.linear_gradient("L").resize(size).convert("RGB"), Image.new("RGB", size, colour), 0.5)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


def deliver(studio: LittleStudio, run: Run, data: bytes, served: str | None = None) -> Run:
    """Let a run's request bring this picture."""
    call = studio.pay(run)
    if served:
        with studio.place.database.writing() as tx:
            update(tx, "calls", {"id": call.id}, {"served_endpoint": served})
    kept = assets.keep(studio.place.database, studio.place.store, data, made_by(run, call, AssetKind.AVATAR, "image/jpeg"))
    with studio.place.database.writing() as tx:
        update(tx, "outputs", {"run_id": run.id, "slot": "avatar"}, {"asset": kept.sha256})
        runs.finish(tx, run.id, RunState.SUCCEEDED)
    return studio.run(run)


def made_by(run: Run, call: Call, kind: AssetKind, media_type: str, *parents: str) -> Asset:
    made = {"width_px": 512, "height_px": 512, "run_id": run.id, "call_id": call.id, "parents": parents or (run.source,)}
    return Asset(scope=run.case_id, kind=kind, media_type=media_type, **made)


def plan(studio: LittleStudio, **axes: str) -> Plan:
    source = testphotos.add(studio.place, "blue", intake("blue"), ME)
    return read_plan(RunKind.AVATAR, [("photo", source.id), *axes.items()]).plan


def cell(studio: LittleStudio, data: bytes | None = None, ceiling: int = 1_000_000, strength: str = "0.6") -> Run:
    """Make a sweep of one cell."""
    sweeps.save(studio.place, SWEEP, "spring presets", plan(studio, strength=strength, seed="7"), ME, version=0)
    sweep_runs.start(studio.place, SWEEP, ME, ceiling_micro_usd=ceiling)
    [row] = studio.rows("SELECT id FROM runs")
    return deliver(studio, studio.run(row["id"]), data or picture())


def again(studio: LittleStudio, run: Run, told: int = PRICE) -> Run:
    return replays.replay(studio.place, run.id, ME, told_micro_usd=told)


def held(studio: LittleStudio) -> int:
    return int(studio.rows("SELECT coalesce(sum(micro_usd), 0) AS n FROM entries WHERE kind IN ('hold', 'release')")[0]["n"])


def verdict(studio: LittleStudio, run: Run) -> replays.Replay:
    found = replays.verdict(studio.place, run.id)
    assert found is not None
    return found


def test_a_replay_buys_the_same_request_although_its_result_is_owned(studio: LittleStudio) -> None:
    first = cell(studio)
    assert replays.price(studio.place, first.id).micro_usd == PRICE
    run = again(studio, first)
    one, other = studio.call(first), studio.call(run)
    assert (run.id, run.parent_run, run.sweep, run.settings) == (f"{first.id}-replay-01", first.id, SWEEP, first.settings)
    assert (other.run_id, other.reuse, other.state, other.hold_micro_usd) == (run.id, Reuse.NEVER, CallState.HELD, PRICE)
    assert (other.input, other.endpoint, other.fingerprint) == (one.input, one.endpoint, one.fingerprint)
    assert held(studio) == PRICE


def test_pressed_twice_it_is_one_replay_and_the_next_one_comes_after_it_ended(studio: LittleStudio) -> None:
    first = cell(studio)
    assert [again(studio, first).id for _ in range(3)] == [f"{first.id}-replay-01"] * 3
    assert held(studio) == PRICE
    deliver(studio, studio.run(f"{first.id}-replay-01"), picture())
    assert again(studio, first).id == f"{first.id}-replay-02"
    with studio.place.database.reading() as db:
        assert [run.id[-2:] for run in replays.of_cell(db, first.id)] == ["01", "02"]


def test_after_a_failed_replay_the_next_one_is_bought_anew(studio: LittleStudio) -> None:
    first = cell(studio)
    studio.fail(again(studio, first))
    assert replays.verdict(studio.place, first.id) is None
    assert again(studio, first).id.endswith("-02")


def test_a_price_above_what_was_told_is_not_paid(studio: LittleStudio) -> None:
    first = cell(studio)
    before = studio.dump()
    with pytest.raises(NotNow, match=r"\$0\.03 instead of \$0\.02"):
        again(studio, first, told=20_000)
    assert studio.dump() == before


def test_the_ceiling_of_the_sweep_holds_for_replays(studio: LittleStudio) -> None:
    first = cell(studio, ceiling=PRICE + 20_000)
    before = studio.dump()
    with pytest.raises(BudgetReached):
        again(studio, first)
    assert studio.dump() == before


def test_only_a_finished_cell_whose_picture_is_there_is_replayed(studio: LittleStudio) -> None:
    first = cell(studio)
    run = deliver(studio, again(studio, first), picture("red"))
    with pytest.raises(NotNow, match="Only the cells"):
        again(studio, run)
    with pytest.raises(UnknownName):
        replays.price(studio.place, "nothing")
    with studio.place.database.writing() as tx:
        tx.execute("UPDATE assets SET removed_at = '2026-01-01' WHERE run_id = ?", (first.id,))
    with pytest.raises(NotNow, match="no picture to compare"):
        replays.price(studio.place, first.id)
    assert replays.verdict(studio.place, first.id) is None


def test_a_cell_that_waits_or_whose_photo_is_gone_is_not_replayed(studio: LittleStudio) -> None:
    first = cell(studio)
    sweeps.save(studio.place, SWEEP, "spring presets", plan(studio, strength="0.6, 0.7", seed="7"), ME, version=1)
    sweep_runs.start(studio.place, SWEEP, ME, ceiling_micro_usd=1_000_000)
    [waiting] = studio.rows("SELECT id FROM runs WHERE state = 'asked'")
    with pytest.raises(NotNow, match="no picture to compare"):
        replays.price(studio.place, waiting["id"])
    with studio.place.database.writing() as tx:
        update(tx, "assets", {"sha256": first.source}, {"removed_at": "2026-01-01"})
    with pytest.raises(NotNow, match="was removed"):
        replays.price(studio.place, first.id)


def test_what_was_asked_then_is_asked_again_though_the_catalogue_changed_meanwhile(studio: LittleStudio) -> None:
    first = cell(studio)
    models = dict(studio.place.catalogue.models)
    models["flux-dev"] = replace(models["flux-dev"], fixed={**models["flux-dev"].fixed, "output_format": "png"})
    studio.place.catalogue = replace(studio.place.catalogue, models=models)
    assert studio.call(again(studio, first)).input == studio.call(first).input
    assert studio.call(first).input["arguments"]["output_format"] == "jpeg"


def test_a_model_that_went_elsewhere_or_is_gone_cannot_be_replayed(studio: LittleStudio) -> None:
    first = cell(studio)
    catalogue, models = studio.place.catalogue, dict(studio.place.catalogue.models)
    moved = {**models, "flux-dev": replace(models["flux-dev"], endpoint="fal-ai/flux/dev-2")}
    for known in (moved, {name: model for name, model in models.items() if name != "flux-dev"}):
        studio.place.catalogue = replace(catalogue, models=known)
        with pytest.raises(NotNow, match="no longer has fal-ai/flux/dev/image-to-image"):
            replays.price(studio.place, first.id)


def test_a_replay_is_no_cell_of_its_sweep(studio: LittleStudio) -> None:
    first = cell(studio)
    run = again(studio, first)
    priced = sweep_prices.price(studio.place, plan(studio, strength="0.6, 0.7", seed="7"), ME, sweep_id=SWEEP)
    assert (priced.cells, priced.asked, priced.to_buy, priced.micro_usd) == (2, 1, 1, PRICE)
    assert sweep_runs.start(studio.place, SWEEP, ME, ceiling_micro_usd=1_000_000).new == 0
    studio.fail(run)
    assert (sweep_runs.failures(studio.place, SWEEP), sweep_runs.retry_failures(studio.place, SWEEP, ME, told_micro_usd=0)) == ([], 0)
    assert [one.made.run_id for one in sweep_view.look(studio.place, SWEEP).cells if one.made] == [first.id]
    with pytest.raises(NotNow, match="replay of a cell"):
        sweep_runs.retry(studio.place, run.id, ME)
    with pytest.raises(NotNow, match="Only the cells"):
        judging.rate(studio.place, run.id, ME, stars=5)


def test_cancelling_the_sweep_stops_its_replays_too(studio: LittleStudio) -> None:
    first = cell(studio)
    run = again(studio, first)
    assert sweep_runs.cancel(studio.place, SWEEP, ME) == 1
    assert studio.run(run).cancel_asked_at is not None


@pytest.mark.parametrize(
    ("run_id", "found"),
    [
        ("s1-0123456789abcdef-replay-01", True),
        ("s1-0123456789abcdef-replay-100", True),
        ("s1-0123456789abcdef", False),
        ("my-replay-01-0123456789abcdef", False),
        ("my-replay-0123456789123456", False),
        ("s1-0123456789abcdef-replay-01-clips-0123456789abcdef", False),
    ],
)
def test_a_replay_is_known_by_its_name_whatever_the_sweep_is_called(run_id: str, found: bool) -> None:
    assert replays.is_replay(run_id) is found


def test_nothing_is_said_before_a_replay_is_there(studio: LittleStudio) -> None:
    first = cell(studio)
    assert replays.verdict(studio.place, first.id) is None
    again(studio, first)
    assert replays.verdict(studio.place, first.id) is None


def test_the_same_bytes_are_the_same_bytes(studio: LittleStudio) -> None:
    first = cell(studio)
    run = deliver(studio, again(studio, first), picture())
    found = verdict(studio, first)
    assert (found.verdict, found.run.id, found.difference, found.why) == (Verdict.SAME_BYTES, run.id, None, "")
    assert found.charged_micro_usd == PRICE


def test_saved_anew_is_the_same_to_the_eye_with_the_figures(studio: LittleStudio) -> None:
    first = cell(studio)
    deliver(studio, again(studio, first), picture(quality=80))
    found = verdict(studio, first)
    assert found.verdict is Verdict.SAME_TO_THE_EYE
    assert found.difference is not None
    assert 0 < found.difference.mean <= 3
    assert f"{found.difference.mean:.1f} of 255 in the mean" in found.words
    assert "saved anew" in found.why


def test_another_picture_from_the_same_endpoint_has_changed_and_the_model_may_have_moved(studio: LittleStudio) -> None:
    first = cell(studio)
    deliver(studio, again(studio, first), picture("red"))
    found = verdict(studio, first)
    assert (found.verdict, found.words.startswith("Changed: it differs by ")) == (Verdict.CHANGED, True)
    assert "fal-ai/flux/dev/image-to-image: the model behind it may have moved since 20" in found.why


def test_another_shape_has_changed(studio: LittleStudio) -> None:
    first = cell(studio)
    deliver(studio, again(studio, first), picture(size=(512, 384)))
    found = verdict(studio, first)
    assert (found.verdict, found.difference, found.words) == (Verdict.CHANGED, None, "Changed: the picture has another shape.")


def test_what_another_endpoint_served_says_so(studio: LittleStudio) -> None:
    first = cell(studio)
    deliver(studio, again(studio, first), picture("red"), served="fal-ai/other")
    assert verdict(studio, first).why == "Another endpoint answered: fal-ai/other instead of fal-ai/flux/dev/image-to-image."


def test_the_newest_replay_that_made_something_counts(studio: LittleStudio) -> None:
    first = cell(studio)
    deliver(studio, again(studio, first), picture("red"))
    deliver(studio, again(studio, first), picture())
    studio.fail(again(studio, first))
    assert (verdict(studio, first).verdict, verdict(studio, first).run.id[-2:]) == (Verdict.SAME_BYTES, "02")


def test_what_a_replay_only_re_used_proves_nothing(studio: LittleStudio) -> None:
    first = cell(studio)
    run = studio.fail(again(studio, first))
    with studio.place.database.writing() as tx:
        update(tx, "outputs", {"run_id": run.id, "slot": "avatar"}, {"call_id": studio.call(first).id, "reused": 1})
        tx.execute("UPDATE outputs SET asset = (SELECT asset FROM outputs WHERE run_id = ?) WHERE run_id = ?", (first.id, run.id))
        update(tx, "runs", {"id": run.id}, {"state": "succeeded"})
    assert replays.verdict(studio.place, first.id) is None


def clip(studio: LittleStudio, run: Run, raw: bytes, poster: bytes) -> Run:
    """Let a clip's request bring these bytes, of which this is the poster."""
    call, place = studio.pay(run), studio.place
    whole = assets.keep(place.database, place.store, raw, made_by(run, call, AssetKind.RAW_CLIP, "video/mp4"))
    main = assets.keep(place.database, place.store, b"encoded " + raw, made_by(run, call, AssetKind.CLIP, "video/mp4", whole.sha256))
    assets.keep(place.database, place.store, poster, made_by(run, call, AssetKind.POSTER, "image/jpeg", whole.sha256))
    with place.database.writing() as tx:
        update(tx, "outputs", {"run_id": run.id, "slot": "clip"}, {"asset": main.sha256})
        runs.finish(tx, run.id, RunState.SUCCEEDED)
    return studio.run(run)


@pytest.mark.parametrize(("poster", "said"), [(picture(quality=80), Verdict.SAME_TO_THE_EYE), (picture("red"), Verdict.CHANGED)])
def test_clips_are_compared_by_their_posters_and_a_model_without_seed_explains_it(tmp_path: Path, poster: bytes, said: Verdict) -> None:
    studio = LittleStudio(tmp_path / "studio", customer=True)
    avatar = studio.succeed(portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=1), ME, run_id="r-1").run)
    reviews.decide_on(studio.place, avatar, OWNER, Decision.APPROVED, ME)
    source = testphotos.of_case(studio.place, CASE, RunKind.CLIP)
    sweeps.save(studio.place, SWEEP, "clips", read_plan(RunKind.CLIP, [("photo", source.id), ("take", "1")]).plan, ME, version=0)
    sweep_runs.start(studio.place, SWEEP, ME, ceiling_micro_usd=5_000_000)
    [row] = studio.rows("SELECT id FROM runs WHERE sweep = ?", SWEEP)
    first = clip(studio, studio.run(row["id"]), b"one", picture())
    clip(studio, again(studio, first, told=350_000), b"two", poster)
    found = verdict(studio, first)
    assert (found.verdict, found.shown.kind) == (said, AssetKind.POSTER)
    assert found.why.endswith("has no seed, so every take differs.")


def test_in_the_sandbox_the_same_request_brings_the_same_bytes_and_is_billed_again(tmp_path: Path) -> None:
    studio = Running(tmp_path / "studio")
    try:
        source = testphotos.add(studio.place, "Astronaut", sample(), ME)
        whole = read_plan(RunKind.AVATAR, [("photo", source.id), ("seed", "7")]).plan
        sweeps.save(studio.place, SWEEP, "proof", whole, ME, version=0)
        sweep_runs.start(studio.place, SWEEP, ME, ceiling_micro_usd=2 * PRICE)
        [made] = sweep_view.look(studio.place, SWEEP).cells
        assert made.made is not None
        first = studio.wait_for(_found(studio, made.made.run_id))
        with studio.accepted() as billed:
            run = studio.wait_for(replays.replay(studio.place, first.id, ME, told_micro_usd=PRICE))
        found = replays.verdict(studio.place, first.id)
        assert found is not None
        assert (run.state, found.verdict, found.run.id, found.charged_micro_usd) == (RunState.SUCCEEDED, Verdict.SAME_BYTES, run.id, PRICE)
        assert len(billed) == 1
        assert looks.portrait(studio.place, run, lambda _: None)["original"] == looks.portrait(studio.place, first, lambda _: None)["original"]
        with pytest.raises(BudgetReached):
            replays.replay(studio.place, first.id, ME, told_micro_usd=PRICE)
        studio.check_books()
    finally:
        studio.stop()


def _found(studio: Running, run_id: str) -> Run:
    with studio.place.database.reading() as db:
        return runs.get(db, run_id)
