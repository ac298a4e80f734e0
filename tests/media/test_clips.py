"""Whatever the provider sends becomes the same small seamless loop, or one plain sentence."""

import os
import subprocess
from itertools import pairwise
from pathlib import Path

import av
import numpy
import pytest
from PIL import Image

from pipeline.errors import BrokenMedia, Cancelled, EncoderFailed, NoPicture
from pipeline.media import ffmpeg
from pipeline.media.clips import ClipRecipe, EncodedClip, encode_clip, output_frames
from tests.media.conftest import MakeClip
from tests.media.test_probe import rotated

FAST = ClipRecipe(preset="veryfast")
BT709 = (1, 1, 1)


def frames_of(path: Path) -> list[numpy.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24").astype(numpy.int16) for frame in container.decode(video=0)]


def assert_published(made: EncodedClip, *, frames: int, height_px: int = 720) -> None:
    facts = made.facts
    assert (facts.media_type, facts.codec, facts.profile) == ("video/mp4", "h264", "Constrained Baseline")
    assert (facts.width_px, facts.height_px, facts.frames_per_second) == (720, height_px, 24)
    assert facts.frames == frames
    assert facts.seconds == pytest.approx(frames / 24, abs=0.001)
    assert facts.has_audio is False
    assert facts.rotation_degrees == 0
    assert facts.colour_tags == BT709
    assert facts.bytes == made.clip.stat().st_size <= 1_500_000
    with av.open(str(made.clip)) as container:
        assert container.streams.video[0].codec_context.pix_fmt == "yuv420p"
        assert container.streams.video[0].codec_context.has_b_frames is False
    data = made.clip.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    with Image.open(made.poster) as poster:
        assert (poster.format, poster.size) == ("WEBP", (720, height_px))
    assert sorted(path.name for path in made.clip.parent.iterdir()) == ["clip.mp4", "poster.webp"]


def test_five_seconds_become_a_loop_of_four_and_a_half(make_clip: MakeClip, tmp_path: Path) -> None:
    told: list[float] = []
    made = encode_clip(make_clip(size="1280x720", rate=30, seconds=5), tmp_path, ClipRecipe(), on_progress=told.append)
    assert_published(made, frames=108)
    assert told == sorted(told)
    assert all(0 <= share <= 1 for share in told)


@pytest.mark.parametrize(
    ("options", "frames"),
    [
        pytest.param({"rate": 16}, 36, id="16-frames-a-second"),
        pytest.param({"rate": 30, "size": "853x481", "more": ("-pix_fmt", "yuv444p")}, 36, id="odd-size-444"),
        pytest.param({"rate": 60, "seconds": 3.0}, 60, id="60-frames-a-second"),
        pytest.param({"size": "480x832"}, 36, id="upright"),
        pytest.param({"size": "64x64"}, 36, id="tiny"),
        pytest.param({"ending": "webm"}, 36, id="webm"),
        pytest.param({"more": ("-c:a", "aac"), "sound": True}, 36, id="sound-longer-than-picture"),
        pytest.param({"more": ("-vf", "setsar=2/1")}, 36, id="wide-pixels"),
        pytest.param({"seconds": 1.1}, 27, id="too-short-for-a-crossfade"),
        pytest.param({"seconds": 1.25}, 18, id="just-long-enough"),
        pytest.param({"seconds": 0.04}, 1, id="one-frame"),
        pytest.param({"more": ("-movflags", "frag_keyframe+empty_moov", "-g", "10")}, 36, id="fragmented"),
        pytest.param({"more": ("-live", "1"), "ending": "webm"}, 36, id="length-unknown"),
        pytest.param({"more": ("-vf", "select=lt(n\\,20)+gt(n\\,30)", "-fps_mode", "vfr")}, 36, id="uneven-rate"),
        pytest.param({"more": ("-c:v", "mpeg4", "-bf", "2")}, 36, id="another-codec"),
    ],
)
def test_every_kind_of_source_becomes_the_same_clip(make_clip: MakeClip, tmp_path: Path, options: dict[str, object], frames: int) -> None:
    more = options.pop("more", ())
    assert_published(encode_clip(make_clip(*more, **options), tmp_path, FAST), frames=frames)


def test_a_rotated_source_comes_out_upright(make_clip: MakeClip, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    upright = tmp_path / "upright"
    upright.mkdir()
    source = rotated(make_clip(seconds=1.0), tmp_path)
    made = encode_clip(source, out, FAST)
    assert_published(made, frames=24)
    plain = frames_of(encode_clip(make_clip(seconds=1.0), upright, FAST).clip)[0]
    turned = frames_of(made.clip)[0]
    assert abs(turned - numpy.rot90(plain)).mean() < abs(turned - plain).mean() / 4


def test_wide_pixels_are_not_squashed(tmp_path: Path, make_clip: MakeClip) -> None:
    folder = tmp_path / "square"
    folder.mkdir()
    wide = frames_of(encode_clip(make_clip("-vf", "scale=320:480,setsar=2/1", seconds=1.0), tmp_path, FAST).clip)[0]
    square = frames_of(encode_clip(make_clip(seconds=1.0), folder, FAST).clip)[0]
    assert abs(wide - square).mean() < 12


def test_the_taller_format_is_made_too(make_clip: MakeClip, tmp_path: Path) -> None:
    assert_published(encode_clip(make_clip(), tmp_path, ClipRecipe(preset="veryfast", height_px=960)), frames=36, height_px=960)


def test_without_the_loop_every_frame_is_kept(make_clip: MakeClip, tmp_path: Path) -> None:
    assert_published(encode_clip(make_clip(), tmp_path, ClipRecipe(preset="veryfast", loop=False)), frames=48)


def test_the_loop_has_no_visible_seam(make_clip: MakeClip, tmp_path: Path) -> None:
    source = make_clip("-vf", "format=yuv420p", size="720x720", seconds=3.0)
    frames = frames_of(encode_clip(source, tmp_path, FAST).clip)
    steps = [abs(after - before).mean() for before, after in pairwise(frames)]
    seam = abs(frames[0] - frames[-1]).mean()
    assert seam <= 2.5 * float(numpy.median(steps))


def test_the_poster_is_the_first_frame(make_clip: MakeClip, tmp_path: Path) -> None:
    made = encode_clip(make_clip(size="720x720"), tmp_path, FAST)
    with Image.open(made.poster) as image:
        poster = numpy.asarray(image.convert("RGB")).astype(numpy.int16)
    frames = frames_of(made.clip)
    assert abs(poster - frames[0]).mean() < 6
    assert abs(poster - frames[0]).mean() < abs(poster - frames[12]).mean()


COLOURS = ((200, 60, 60), (60, 180, 75), (40, 80, 220), (230, 200, 40))
SOURCE_COLOURS = {
    "tagged bt709": "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p,setparams=range=tv:colorspace=bt709:color_primaries=bt709",
    "untagged": "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p,setparams=colorspace=unknown",
    "bt601": "scale=out_color_matrix=bt601:out_range=tv,format=yuv420p,setparams=range=tv:colorspace=smpte170m",
    "full range": "scale=out_color_matrix=bt709:out_range=pc,format=yuv420p,setparams=range=pc:colorspace=bt709",
}


def colours_as_bt709(path: Path) -> list[tuple[int, ...]]:
    """Read the four bars of the first frame as a browser would: limited range, bt709."""
    with av.open(str(path)) as container:
        planes = [numpy.array(plane).reshape(plane.height, plane.line_size).astype(float) for plane in next(container.decode(video=0)).planes]
    found = []
    for bar in range(4):
        y = (planes[0][360, 90 + 180 * bar] - 16) / 219
        u, v = ((plane[180, 45 + 90 * bar] - 128) / 224 for plane in planes[1:])
        found.append(tuple(round(255 * value) for value in (y + 1.5748 * v, y - 0.1873 * u - 0.4681 * v, y + 1.8556 * u)))
    return found


@pytest.mark.parametrize("kind", SOURCE_COLOURS)
def test_colours_survive_and_poster_and_clip_agree(kind: str, tmp_path: Path) -> None:
    bars = Image.new("RGB", (720, 720))
    for place, colour in enumerate(COLOURS):
        bars.paste(colour, (180 * place, 0, 180 * place + 180, 720))
    bars.save(tmp_path / "bars.png")
    source, out = tmp_path / "bars.mp4", tmp_path / "out"
    out.mkdir()
    command = [ffmpeg.find(), "-nostdin", "-y", "-loglevel", "error", "-loop", "1", "-i", str(tmp_path / "bars.png"), "-t", "0.5", "-r", "24"]
    subprocess.run([*command, "-vf", SOURCE_COLOURS[kind], "-c:v", "libx264", "-crf", "8", str(source)], check=True, stdin=subprocess.DEVNULL)
    made = encode_clip(source, out, FAST)
    with Image.open(made.poster) as poster:
        shown = [poster.convert("RGB").getpixel((90 + 180 * bar, 360)) for bar in range(4)]
    for meant, in_clip, in_poster in zip(COLOURS, colours_as_bt709(made.clip), shown, strict=True):
        assert numpy.abs(numpy.subtract(meant, in_clip)).max() <= 6
        assert numpy.abs(numpy.subtract(in_clip, in_poster)).max() <= 5


def noise(make_clip: MakeClip) -> Path:
    return make_clip("-vf", "noise=alls=90:allf=t", size="720x720", seconds=2.0)


def test_the_same_source_gives_the_same_bytes_even_at_the_ceiling(make_clip: MakeClip, tmp_path: Path) -> None:
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        clip = encode_clip(noise(make_clip), tmp_path / name, ClipRecipe())
        made.append((clip.clip.read_bytes(), clip.poster.read_bytes()))
    assert made[0] == made[1]


def test_a_clip_over_the_limit_is_made_again_lower_until_it_fits(make_clip: MakeClip, tmp_path: Path) -> None:
    first = encode_clip(noise(make_clip), tmp_path, FAST).facts.bytes
    limit = first // 3
    made = encode_clip(noise(make_clip), tmp_path, ClipRecipe(preset="veryfast", limit_bytes=limit))
    assert limit // 2 < made.facts.bytes <= limit


def test_a_limit_nothing_fits_is_a_plain_sentence_and_leaves_nothing(make_clip: MakeClip, tmp_path: Path) -> None:
    with pytest.raises(EncoderFailed, match="does not fit"):
        encode_clip(noise(make_clip), tmp_path, ClipRecipe(preset="veryfast", limit_bytes=5_000))
    assert list(tmp_path.iterdir()) == []


def wrapper(folder: Path, lines: str) -> str:
    """An ffmpeg that behaves badly first; it counts its starts in the file `starts`."""
    path = folder / "ffmpeg"
    path.write_text(f'#!/bin/sh\necho "$@" >> "{folder}/starts"\n{lines}\nexec "{ffmpeg.find()}" "$@"\n')
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def test_an_encoder_killed_once_is_started_again_at_a_lower_preset(make_clip: MakeClip, tmp_path: Path, out: Path) -> None:
    killed_once = wrapper(tmp_path, f'[ $(wc -l < "{tmp_path}/starts") -eq 1 ] && kill -9 $$')
    assert_published(encode_clip(make_clip(), out, ClipRecipe(), ffmpeg=killed_once), frames=36)
    first, second = (tmp_path / "starts").read_text().splitlines()
    assert "-preset faster" in first
    assert "-preset veryfast" in second


@pytest.mark.parametrize("ending", ["kill -9 $$", 'echo "Cannot allocate memory" >&2; exit 244'])
def test_an_encoder_that_dies_twice_is_a_plain_sentence_and_leaves_nothing(make_clip: MakeClip, tmp_path: Path, out: Path, ending: str) -> None:
    with pytest.raises(EncoderFailed, match="memory or was stopped") as caught:
        encode_clip(make_clip(), out, ClipRecipe(), ffmpeg=wrapper(tmp_path, ending))
    assert caught.value.retry
    assert len((tmp_path / "starts").read_text().splitlines()) == 2
    assert list(out.iterdir()) == []


def test_cancelling_leaves_nothing(make_clip: MakeClip, out: Path) -> None:
    with pytest.raises(Cancelled):
        encode_clip(make_clip(size="1280x720", seconds=5, rate=30), out, ClipRecipe(), cancelled=lambda: True)
    assert list(out.iterdir()) == []


def test_names_with_quotes_and_dollars_are_only_names(make_clip: MakeClip, tmp_path: Path) -> None:
    folder = tmp_path / 'it\'s a "$(touch pwned)" %03d [v]:,;\\ 写真'
    folder.mkdir()
    source = tmp_path / "-i x' $(touch pwned).mp4"
    source.write_bytes(make_clip(seconds=1.0).read_bytes())
    assert_published(encode_clip(source, folder, FAST), frames=24)
    assert not (tmp_path / "pwned").exists()
    assert not Path("pwned").exists()


def test_a_relative_source_and_folder_work(make_clip: MakeClip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()
    os.link(make_clip(seconds=1.0), "in.mp4")
    assert_published(encode_clip(Path("in.mp4"), Path("out"), FAST), frames=24)


def test_sound_alone_is_no_picture(tmp_path: Path, out: Path) -> None:
    source = tmp_path / "sound.mp4"
    command = [ffmpeg.find(), "-nostdin", "-y", "-loglevel", "error", "-f", "lavfi", "-i", "sine=d=1", "-c:a", "aac", str(source)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    with pytest.raises(NoPicture):
        encode_clip(source, out, FAST)
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("share", [0.0, 0.02, 0.3, 0.6, 0.95])
def test_part_of_a_clip_is_broken_media_and_leaves_nothing(make_clip: MakeClip, tmp_path: Path, out: Path, share: float) -> None:
    whole = make_clip("-movflags", "+faststart", seconds=3.0).read_bytes()
    source = tmp_path / "part.mp4"
    source.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(BrokenMedia):
        encode_clip(source, out, FAST)
    assert list(out.iterdir()) == []


def test_the_length_is_known_beforehand() -> None:
    assert output_frames(5.0, ClipRecipe()) == 108
    assert output_frames(5.0, ClipRecipe(loop=False)) == 120
    assert output_frames(5.0, ClipRecipe(crossfade_seconds=1.0)) == 96
    assert output_frames(1.1, ClipRecipe()) == 26
    assert output_frames(0.001, ClipRecipe()) == 1


@pytest.mark.parametrize(("curve", "code"), [("smpte2084", "0x949494"), ("arib-std-b67", "0xBFBFBF")])
def test_a_clip_for_bright_screens_is_brought_to_ordinary_ones(tmp_path: Path, curve: str, code: str) -> None:
    """Graphics white, 203 cd/m², has the code 0.58 in PQ and 0.75 in HLG; taken for an ordinary clip it would stay as grey as that."""
    source = tmp_path / "hdr.mp4"
    tags = ["-color_primaries", "bt2020", "-color_trc", curve, "-colorspace", "bt2020nc"]
    bars = f"color=c=0x101010:s=320x320:r=24:d=2,drawbox=x=80:y=80:w=160:h=160:t=fill:c={code},format=yuv420p10le"
    graph = f"{bars},setparams=color_primaries=bt2020:color_trc={curve}:colorspace=bt2020nc"
    command = [ffmpeg.find(), "-nostdin", "-y", "-loglevel", "error", "-f", "lavfi", "-i", graph, "-c:v", "libx265", "-x265-params", "log-level=none"]
    subprocess.run([*command, *tags, str(source)], check=True, stdin=subprocess.DEVNULL)
    made = encode_clip(source, tmp_path, ClipRecipe(width_px=320, height_px=320))
    assert made.facts.colour_tags == (1, 1, 1)
    with Image.open(made.poster) as poster:
        assert poster.convert("L").getpixel((160, 160)) > 205
        assert poster.convert("L").getpixel((20, 20)) < 24
