"""When something breaks on our side after the provider was paid, the run says so, and a retry repairs it without buying again."""

import imageio_ffmpeg
import pytest

from pipeline import assets
from pipeline.records import AssetKind, RunState
from pipeline.stages import Stage
from pipeline.studio import removal
from tests.running import ME, Running


@pytest.fixture
def place_in_the_way(shared):
    """Put a file where the store wants a folder, as a full or broken disk would refuse; give the way to clear it."""

    def put(case, kind):
        path = shared.settings.folder / "objects" / case.id / kind
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("in the way")
        return path

    return put


def test_a_store_that_does_not_take_the_picture_is_tried_again_until_it_does_and_nothing_is_bought_twice(studio, place_in_the_way):
    case = studio.customer()
    blocked = place_in_the_way(case, "avatar")
    with studio.accepted() as accepted:
        run = studio.ask_avatar(case)
        studio.until(lambda: (studio.watch.look(), studio.run(run).stage == Stage.TRYING_AGAIN)[1], 60)
        waiting = studio.run(run)
        assert (waiting.state, waiting.error["charged"], studio.charged(run)) == (RunState.WORKING, True, 30_000)
        assert "store" in waiting.error["say"]
        blocked.unlink()
        done = studio.wait_for(run)
    assert (done.state, done.error, len(accepted)) == (RunState.SUCCEEDED, None, 1)
    studio.check_books()


def test_a_store_that_does_not_take_the_small_copy_costs_a_retry_and_no_second_picture(studio, place_in_the_way):
    case = studio.customer()
    blocked = place_in_the_way(case, "avatar-display")
    run = studio.avatar(case)
    assert (run.state, run.error["charged"], studio.charged(run)) == (RunState.FAILED, True, 30_000)
    blocked.unlink()
    with studio.accepted() as accepted:
        assert studio.retry(run).state is RunState.SUCCEEDED
    assert accepted == []


def test_a_photo_that_is_gone_from_the_store_is_found_before_anything_is_sent_and_frees_its_money(studio):
    case = studio.customer()
    crop = next((studio.settings.folder / "objects" / case.id / "crop").glob("[!.]*"))
    whole = crop.read_bytes()
    crop.unlink()
    with studio.accepted() as accepted:
        run = studio.avatar(case)
    assert (run.state, run.error["charged"], accepted) == (RunState.FAILED, False, [])
    assert (studio.held(run), studio.charged(run)) == (0, 0)
    crop.write_bytes(whole)
    assert studio.retry(run).state is RunState.SUCCEEDED


def test_a_photo_that_was_altered_in_the_store_is_never_sent(studio):
    case = studio.customer()
    crop = next((studio.settings.folder / "objects" / case.id / "crop").glob("[!.]*"))
    crop.write_bytes(crop.read_bytes()[:-1] + b"x")
    with studio.accepted() as accepted:
        run = studio.avatar(case)
    assert (run.state, run.error["error"], accepted, studio.held(run)) == (RunState.FAILED, "NotStored", [], 0)


WRAPPER = """#!/bin/sh
case "$*" in *rawvideo*) ;; *) [ -e "{flag}" ] && exit 1 ;; esac
exec "{ffmpeg}" "$@"
"""


def test_an_encoder_that_fails_costs_a_retry_and_no_second_clip(tmp_path):
    """This ffmpeg fails whoever encodes a file while the flag is there; the sandbox, which encodes raw frames, is spared."""
    flag, ffmpeg = tmp_path / "broken", tmp_path / "ffmpeg"
    ffmpeg.write_text(WRAPPER.format(flag=flag, ffmpeg=imageio_ffmpeg.get_ffmpeg_exe()))
    ffmpeg.chmod(0o755)
    studio = Running(tmp_path / "studio", STUDIO_FFMPEG=str(ffmpeg))
    try:
        case = studio.customer()
        studio.approved(case)
        flag.touch()
        run = studio.clip(case, model="wan-2.1")
        assert (run.state, run.error["error"], run.error["charged"]) == (RunState.FAILED, "EncoderFailed", True)
        assert studio.charged(run) == 200_000
        flag.unlink()
        with studio.accepted() as accepted:
            again = studio.retry(run)
        assert (again.state, again.error, accepted) == (RunState.SUCCEEDED, None, [])
        studio.check_books()
    finally:
        studio.stop()


def test_what_was_removed_half_made_is_fetched_again_by_a_retry_and_not_bought_again(studio, place_in_the_way):
    case = studio.customer()
    blocked = place_in_the_way(case, "avatar-display")
    run = studio.avatar(case)
    blocked.unlink()
    with studio.place.database.reading() as db:
        kept = next(asset for asset in assets.of_run(db, run.id) if asset.kind is AssetKind.AVATAR)
    shown = removal.dependents(studio.place, case.id, kept.sha256).mark
    removal.remove(studio.place, case.id, kept.sha256, case.owner, ME, "half made", expected=shown)
    with studio.accepted() as accepted:
        assert studio.retry(run).state is RunState.SUCCEEDED
    assert accepted == []
