"""From a photo to a looping clip, with every model of the catalogue through the same code; the ledger says what the sandbox billed."""

import hashlib
from pathlib import Path

import pytest

from pipeline import assets
from pipeline.errors import NotNow, WrongTool
from pipeline.media.probe import decode_fully
from pipeline.media.stills import check_still
from pipeline.records import Decision, RunState
from pipeline.sandbox.bill import bill
from pipeline.studio import portraits, reviews
from pipeline.workflows.wishes import AvatarWish
from tests.running import ME, OWNER

CLIPS = {
    "kling-2.6": ({}, 350_000),
    "kling-2.5-turbo": ({}, 350_000),
    "hailuo-02": ({"resolution": "768P"}, 270_000),
    "hailuo-02 small": ({"model": "hailuo-02", "resolution": "512P"}, 102_000),
    "wan-2.1": ({}, 200_000),
    "wan-2.1 large": ({"model": "wan-2.1", "resolution": "720p", "portrait": True}, 400_000),
    "minimax-video-01": ({"loop": False}, 500_000),
}


@pytest.fixture(scope="module")
def made(shared):
    """Two avatars, and of the first one a clip by every clip model, all asked for at once."""
    case = shared.customer(side_px=1024)
    first = shared.approved(case, seed=1)
    runs = {name: shared.ask_clip(case, **{"model": name, **wish}) for name, (wish, _) in list(CLIPS.items())[:6]}
    other = shared.customer()
    shared.approved(other, seed=1, model="flux-kontext")
    runs["minimax-video-01"] = shared.ask_clip(other, model="minimax-video-01", loop=False)
    return {"case": case, "avatar": first, **{name: shared.wait_for(run) for name, run in runs.items()}}


def _file(shown, name):
    data = Path(shown[name]["path"]).read_bytes()
    assert (len(data), hashlib.sha256(data).hexdigest()) == (shown[name]["bytes"], shown[name]["sha256"])
    return data


def test_an_avatar_is_kept_in_full_size_and_as_a_small_copy_with_its_likeness(studio, made):
    shown = studio.shown(made["avatar"])
    display, original = check_still(_file(shown, "avatar")), check_still(_file(shown, "original"))
    assert (display.width_px, display.height_px, display.media_type) == (512, 512, "image/webp")
    assert (original.width_px, original.height_px) == (1024, 1024)
    assert shown["avatar"]["likeness"]["faces"] == 1
    assert 0 < shown["avatar"]["likeness"]["score"] <= 1
    assert (shown["state"], shown["mode"], shown["cost_micro_usd"]) == ("succeeded", "sandbox", 30_000)


@pytest.mark.parametrize("name", CLIPS)
def test_every_clip_model_makes_a_small_loop_and_is_billed_what_it_said(studio, made, name, tmp_path):
    run, (wish, micro_usd) = made[name], CLIPS[name]
    assert (run.state, run.error) == (RunState.SUCCEEDED, None)
    shown = studio.shown(run)
    (tmp_path / "clip.mp4").write_bytes(_file(shown, "clip"))
    facts = decode_fully(tmp_path / "clip.mp4")
    assert (facts.width_px, facts.height_px) == (720, 960 if wish.get("portrait") else 720)
    raw_seconds = 6 if "hailuo" in name or "minimax" in name else 5
    assert facts.seconds == pytest.approx(raw_seconds - (0.5 if wish.get("loop", True) else 0), abs=0.15)
    assert shown["clip"]["bytes"] <= 1_500_000
    poster = check_still(_file(shown, "poster"))
    assert (poster.width_px, poster.height_px) == (facts.width_px, facts.height_px)
    assert shown["cost_micro_usd"] == micro_usd
    assert [line["kind"] for line in shown["ledger"]] == ["hold", "release", "charge"]


def test_another_avatar_model_goes_through_the_same_code(studio):
    case = studio.customer()
    run = studio.avatar(case, model="flux-kontext", style="ghibli", seed=3)
    shown = studio.shown(run)
    assert (run.state, shown["cost_micro_usd"], shown["calls"][0]["endpoint"]) == (RunState.SUCCEEDED, 40_000, "fal-ai/flux-pro/kontext")
    assert shown["calls"][0]["served_endpoint"] == "fal-ai/flux-pro/kontext"


def test_the_ledger_says_exactly_what_the_sandbox_billed(studio, made):
    studio.check_books()
    sent = {call["request_id"]: name for name, run in made.items() if name != "case" for call in studio.shown(run)["calls"]}
    billed = {line.request_id: line.micro_usd for line in bill(studio.emulator).requests}
    assert {request: studio.charged(made[name]) for request, name in sent.items()} == {request: billed[request] for request in sent}


def test_a_model_from_words_alone_is_refused_before_any_money(studio):
    case = studio.customer()
    with studio.accepted() as accepted, pytest.raises(WrongTool, match="from words alone"):
        portraits.ask_avatar(studio.place, case.id, OWNER, AvatarWish(model="flux-pro"), ME, run_id="never")
    assert accepted == []
    studio.check_books()


def test_the_same_wish_is_had_again_for_nothing(studio, made):
    with studio.accepted() as accepted:
        again = studio.wait_for(studio.ask_avatar(made["case"], seed=1))
    assert (accepted, again.state, studio.charged(again)) == ([], RunState.SUCCEEDED, 0)
    first, second = studio.shown(made["avatar"]), studio.shown(again)
    assert second["reused"]
    assert second["original"]["sha256"] == first["original"]["sha256"]


def test_the_same_clip_in_another_shape_is_encoded_anew_and_not_bought_again(studio, made):
    with studio.accepted() as accepted:
        tall = studio.clip(made["case"], model="kling-2.6", portrait=True)
    shown = studio.shown(tall)
    assert (accepted, shown["clip"]["height_px"], studio.charged(tall)) == ([], 960, 0)
    assert shown["clip"]["sha256"] != studio.shown(made["kling-2.6"])["clip"]["sha256"]


def test_two_who_want_the_same_at_once_share_one_request(studio):
    case = studio.customer()
    studio.order("delay", seconds=0.5)
    with studio.accepted() as accepted:
        runs = [studio.ask_avatar(case, seed=9) for _ in range(3)]
        ended = [studio.wait_for(run) for run in runs]
    assert [run.state for run in ended] == [RunState.SUCCEEDED] * 3
    assert len(accepted) == 1
    assert len({studio.shown(run)["original"]["sha256"] for run in runs}) == 1
    assert studio.charged(*runs) == 30_000


def test_another_strength_is_another_picture_and_another_seed_too(studio):
    case = studio.customer()
    wishes = [{"seed": 1, "strength": 0.5}, {"seed": 1, "strength": 0.7}, {"seed": 2, "strength": 0.5}]
    runs = [studio.wait_for(run) for run in [studio.ask_avatar(case, **wish) for wish in wishes]]
    assert len({studio.shown(run)["original"]["sha256"] for run in runs}) == 3


def test_a_result_served_by_another_endpoint_is_kept_but_marked_unfit(studio):
    studio.order("served_elsewhere_anyway")
    run = studio.avatar(studio.customer())
    shown = studio.shown(run)
    assert run.state is RunState.SUCCEEDED
    assert shown["unfit"] == "served by fal-ai/flux-1/dev/image-to-image, not by fal-ai/flux/dev/image-to-image"
    studio.check_books()


def test_the_provider_is_told_not_to_fall_back_to_another_endpoint(studio):
    studio.order("served_elsewhere")
    shown = studio.shown(studio.avatar(studio.customer()))
    assert (shown["unfit"], shown["calls"][0]["served_endpoint"]) == (None, "fal-ai/flux/dev/image-to-image")


def test_a_clip_is_asked_for_only_of_what_was_approved(studio):
    case = studio.customer()
    studio.avatar(case)
    with pytest.raises(NotNow, match="no approved avatar"):
        studio.ask_clip(case)


def test_every_file_lies_under_its_hash_and_nothing_else_lies_in_the_store(studio, made):
    with studio.place.database.reading() as db:
        kept = {asset.key: asset for asset in assets.newest(db, 10_000)}
    root = studio.settings.folder / "objects"
    lying = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file() and not path.name.startswith(".")}
    assert lying == set(kept)
    assert [key for key, asset in kept.items() if hashlib.sha256((root / key).read_bytes()).hexdigest() != asset.sha256] == []


def test_an_approved_clip_becomes_the_case_s(studio, made):
    shown = studio.shown(made["kling-2.6"])
    clip = reviews.find_asset(studio.place, shown["clip"]["sha256"], case_id=made["case"].id)
    assert reviews.decide_on(studio.place, clip, OWNER, Decision.APPROVED, ME).clip == clip.sha256
