"""Clips: of exact length, seamless, labelled in every frame, with sound only when asked."""

import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.sandbox import motion
from pipeline.sandbox.motion import Order, film
from pipeline.sandbox.subject import Picture
from tests.sandbox.conftest import PHOTO
from tests.sandbox.test_real_client import probe


def order(**more: object) -> Order:
    facts = {"prompt": "gentle motion", "seed": 1, "frames": 48, "frames_per_second": 24, "short_side_px": 360, "sound": False}
    return Order(**{**facts, **more})


def still(width_px: int = 512, height_px: int = 512) -> Picture:
    return Picture(cv2.resize(cv2.imread(str(PHOTO)), (width_px, height_px)))


def frames(data: bytes) -> list[np.ndarray]:
    import io

    import av

    with av.open(io.BytesIO(data)) as clip:
        return [frame.to_ndarray(format="bgr24").astype(np.float32) for frame in clip.decode(video=0)]


@pytest.mark.parametrize(("count", "rate"), [(48, 24), (81, 16), (100, 24), (17, 5)])
def test_a_clip_has_exactly_its_frames(tmp_path: Path, count: int, rate: int) -> None:
    film(still(), order(frames=count, frames_per_second=rate, short_side_px=180), tmp_path / "clip.mp4")
    facts = probe((tmp_path / "clip.mp4").read_bytes())
    assert (facts["frames"], round(facts["seconds"], 3)) == (count, round(count / rate, 3))


def test_a_clip_follows_the_shape_of_its_photo(tmp_path: Path) -> None:
    assert film(still(900, 600), order(frames=4), tmp_path / "clip.mp4") == (540, 360)
    assert film(still(333, 601), order(frames=4), tmp_path / "tall.mp4") == (360, 650)


def test_it_moves_and_its_end_meets_its_beginning(tmp_path: Path) -> None:
    film(still(), order(frames=72), tmp_path / "clip.mp4")
    shown = frames((tmp_path / "clip.mp4").read_bytes())
    steps = [float(np.abs(a - b).mean()) for a, b in zip(shown, [*shown[1:], shown[0]], strict=True)]
    assert min(steps) > 0.05
    assert steps[-1] < 2.5 * float(np.median(steps))


def test_every_frame_is_labelled(tmp_path: Path) -> None:
    film(still(), order(), tmp_path / "clip.mp4")
    stage = motion._Stage(still().resized(360, 360), order())
    label = stage.label
    height, width = label.ink.shape[:2]
    drawn = label.rest.max(axis=2) < 0.06
    for frame in frames((tmp_path / "clip.mp4").read_bytes()):
        here = frame[label.top_px : label.top_px + height, label.left_px : label.left_px + width, ::-1]
        assert float(np.abs(here - label.ink)[drawn].mean()) < 8


def test_the_file_starts_fast_and_carries_its_colours(tmp_path: Path) -> None:
    import av

    film(still(), order(), tmp_path / "clip.mp4")
    data = (tmp_path / "clip.mp4").read_bytes()
    assert 0 < data.index(b"moov") < data.index(b"mdat")
    with av.open(str(tmp_path / "clip.mp4")) as clip:
        picture = clip.streams.video[0].codec_context
        assert (picture.pix_fmt, picture.colorspace, picture.color_trc) == ("yuv420p", 1, 1)


def test_sound_is_there_only_when_asked_for_and_leaves_nothing_behind(tmp_path: Path) -> None:
    film(still(), order(sound=True), tmp_path / "sound.mp4")
    film(still(), order(), tmp_path / "silent.mp4")
    assert probe((tmp_path / "sound.mp4").read_bytes())["sound"]
    assert not probe((tmp_path / "silent.mp4").read_bytes())["sound"]
    assert {path.name for path in tmp_path.iterdir()} == {"sound.mp4", "silent.mp4"}


def test_the_same_order_films_the_same_frames() -> None:
    first, again = (motion._Stage(still(), order()) for _ in range(2))
    other = motion._Stage(still(), order(seed=2))
    assert np.array_equal(first.frame_at(0.7), again.frame_at(0.7))
    assert not np.array_equal(first.frame_at(0.7), other.frame_at(0.7))


def test_filming_stops_when_told(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(motion.Interrupted):
        film(still(), order(), tmp_path / "clip.mp4", stop=stop)
