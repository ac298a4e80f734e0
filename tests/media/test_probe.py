"""Clips tell the truth about themselves, to their last frame."""

import subprocess
from pathlib import Path

import pytest

from pipeline.errors import BrokenMedia, NoPicture
from pipeline.media import ffmpeg
from pipeline.media.probe import decode_fully, probe
from tests.media.conftest import MakeClip


def test_a_clip_tells_its_facts(make_clip: MakeClip) -> None:
    path = make_clip("-c:a", "aac", "-shortest", size="854x480", rate=30, sound=True)
    facts = probe(path)
    assert (facts.media_type, facts.codec, facts.width_px, facts.height_px) == ("video/mp4", "h264", 854, 480)
    assert facts.seconds == pytest.approx(2.0, abs=0.05)
    assert facts.frames_per_second == pytest.approx(30)
    assert facts.has_audio is True
    assert facts.bytes == path.stat().st_size


def test_a_full_decode_counts_every_frame(make_clip: MakeClip) -> None:
    facts = decode_fully(make_clip(rate=16))
    assert facts.frames == 32
    assert facts.seconds == pytest.approx(2.0, abs=0.01)
    assert facts.has_audio is False


def test_a_webm_is_read_too(make_clip: MakeClip) -> None:
    facts = decode_fully(make_clip(ending="webm"))
    assert (facts.media_type, facts.codec, facts.frames) == ("video/webm", "vp8", 48)
    assert probe(make_clip(ending="webm")).seconds == pytest.approx(2.0, abs=0.05)


def test_a_quicktime_file_says_so(make_clip: MakeClip) -> None:
    assert probe(make_clip(ending="mov")).media_type == "video/quicktime"


def rotated(path: Path, folder: Path) -> Path:
    out = folder / "rotated.mp4"
    command = [ffmpeg.find(), "-nostdin", "-y", "-loglevel", "error", "-display_rotation", "90", "-i", str(path), "-c", "copy", str(out)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return out


def test_sizes_are_as_people_see_them_after_the_rotation_flag(make_clip: MakeClip, tmp_path: Path) -> None:
    facts = probe(rotated(make_clip(), tmp_path))
    assert (facts.width_px, facts.height_px) == (480, 640)
    assert facts.rotation_degrees in (90, 270)


@pytest.mark.parametrize("ending", ["mp4", "webm"])
@pytest.mark.parametrize("missing", [0.98, 0.5, 0.1, 0.002])
def test_a_clip_cut_off_is_found_out_without_decoding_it(make_clip: MakeClip, tmp_path: Path, ending: str, missing: float) -> None:
    whole = make_clip(*(("-movflags", "+faststart") if ending == "mp4" else ()), ending=ending).read_bytes()
    part = tmp_path / "part"
    part.write_bytes(whole[: int(len(whole) * (1 - missing))])
    for look in (probe, decode_fully):
        with pytest.raises(BrokenMedia):
            look(part)


def test_damage_inside_the_frames_is_found_by_decoding(make_clip: MakeClip, tmp_path: Path) -> None:
    data = bytearray(make_clip("-movflags", "+faststart").read_bytes())
    middle = len(data) // 2
    data[middle : middle + 20_000] = bytes(20_000)
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(data)
    with pytest.raises(BrokenMedia):
        decode_fully(damaged)


def test_a_clip_trimmed_by_its_edit_list_is_whole(make_clip: MakeClip, tmp_path: Path) -> None:
    trimmed = tmp_path / "trimmed.mp4"
    command = [ffmpeg.find(), "-nostdin", "-y", "-loglevel", "error", "-ss", "0.7", "-i", str(make_clip()), "-c", "copy", str(trimmed)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    facts = decode_fully(trimmed)
    assert facts.frames < 40
    assert facts.seconds == pytest.approx(1.3, abs=0.1)


def test_sound_alone_has_no_picture(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    command = [ffmpeg.find(), "-nostdin", "-y", "-loglevel", "error", "-f", "lavfi", "-i", "sine=d=1", "-c:a", "aac", str(path)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    for look in (probe, decode_fully):
        with pytest.raises(NoPicture):
            look(path)


def test_the_cover_of_a_song_is_no_picture_track(make_clip: MakeClip, tmp_path: Path) -> None:
    path, cover = tmp_path / "song.m4a", tmp_path / "cover.png"
    run = [ffmpeg.find(), "-nostdin", "-y", "-loglevel", "error"]
    subprocess.run([*run, "-f", "lavfi", "-i", "testsrc2=s=64x64:d=1", "-frames:v", "1", str(cover)], check=True, stdin=subprocess.DEVNULL)
    song = [
        "-f",
        "lavfi",
        "-i",
        "sine=d=1",
        "-i",
        str(cover),
        "-map",
        "0",
        "-map",
        "1",
        "-c:a",
        "aac",
        "-c:v",
        "copy",
        "-disposition:v:0",
        "attached_pic",
    ]
    subprocess.run([*run, *song, str(path)], check=True, stdin=subprocess.DEVNULL)
    with pytest.raises(NoPicture):
        probe(path)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html><body>404</body></html>",
        b"#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n",
        b"ffconcat version 1.0\nfile '/etc/hostname'\n",
        b"\0\0\0\x20ftypisom" + bytes(2000),
        b"\x1aE\xdf\xa3" + bytes(2000),
        b"\x89PNG\r\n\x1a\n" + bytes(2000),
    ],
)
def test_anything_that_is_no_clip_is_broken_media(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(data)
    for look in (probe, decode_fully):
        with pytest.raises(BrokenMedia):
            look(path)


def test_a_missing_file_is_broken_media_and_names_no_path(tmp_path: Path) -> None:
    with pytest.raises(BrokenMedia) as caught:
        probe(tmp_path / "gone.mp4")
    assert str(tmp_path) not in caught.value.say


def test_a_clip_of_one_frame_is_told_from_a_still_one_and_from_a_black_one(tmp_path: Path, make_clip: MakeClip) -> None:
    black = tmp_path / "black.mp4"
    command = [ffmpeg.find(), "-nostdin", "-y", "-loglevel", "error", "-f", "lavfi", "-i", "color=c=black:s=320x240:r=24:d=2"]
    subprocess.run([*command, "-c:v", "libx264", "-pix_fmt", "yuv420p", str(black)], check=True, stdin=subprocess.DEVNULL)
    one = decode_fully(Path(__file__).parent / "files" / "one_frame.mp4")
    assert (one.frames, one.blank) == (1, False)
    assert (decode_fully(black).frames, decode_fully(black).blank) == (48, True)
    assert decode_fully(make_clip()).blank is False
