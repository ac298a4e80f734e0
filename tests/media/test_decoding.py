"""What others send is decoded in a process that can be killed: whatever its decoder does, the answer is one of our sentences, and soon."""

import os
import re
import signal
import struct
import subprocess
import sys
import threading
import time
import zlib
from io import BytesIO
from pathlib import Path

import numpy
import pytest
from PIL import Image, ImageFile

from pipeline.errors import BrokenMedia, PhotoTooLarge, PhotoUnreadable, StudioError
from pipeline.media.decoding import pool
from pipeline.media.decoding.headers import read_header
from pipeline.media.decoding.kinds import Unreadable
from pipeline.media.photos import read_photo
from pipeline.media.probe import decode_fully
from pipeline.media.stills import check_still
from pipeline.studio.photos import take_in
from tests.media.conftest import MakeClip, encoded

ROOT = Path(__file__).resolve().parents[2]
PIPELINE = ROOT / "pipeline"


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_with_many_notes() -> bytes:
    """Two megabytes of the camera's notes, repeated; Pillow 11.3 took a minute over them."""
    data = encoded(Image.new("RGB", (600, 600), (90, 120, 150)), "PNG")
    note = chunk(b"eXIf", b"MM\0*\0\0\0\x08\0\0")
    return data[:33] + note * (2_000_000 // len(note)) + data[33:]


def jpeg_with_many_scans() -> bytes:
    """A large progressive JPEG whose last, tiny scan comes thousands of times: each costs a pass over all pixels."""
    data = encoded(Image.new("RGB", (6000, 6000), (90, 120, 150)), "JPEG", progressive=True, quality=30)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * 4000 + data[-2:]


def long_strip() -> bytes:
    """97,656 × 512 px: 50 megapixels, and no screen shows it."""
    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(1 + 97656 // 8)) for _ in range(512)) + packer.flush()
    head = struct.pack(">IIBBBBB", 97656, 512, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def png_in_crumbs() -> bytes:
    """Twenty-four megabytes of pixel parts with nothing in them: a walk over two million of them would take seconds."""
    data = encoded(Image.new("RGB", (600, 600), (90, 120, 150)), "PNG")
    return data[:33] + chunk(b"IDAT", b"") * 2_000_000 + data[33:]


def jpeg_with_filling() -> bytes:
    """Twenty-four megabytes of the fill bytes that may stand before a marker."""
    data = encoded(Image.new("RGB", (600, 600), (90, 120, 150)), "JPEG")
    return data[:2] + b"\xff" * 24_000_000 + data[2:]


def heic_with_many_owners() -> bytes:
    """Twenty-four megabytes of a table that says which property belongs to which part."""
    facts = box(b"ipma", struct.pack(">II", 0, 8_000_000), b"\0\1\0" * 8_000_000)
    return box(b"ftyp", b"heic", bytes(4)) + box(b"meta", bytes(4), box(b"pitm", bytes(6)), box(b"iprp", box(b"ipco"), facts))


def box(name: bytes, *inside: bytes) -> bytes:
    body = b"".join(inside)
    return struct.pack(">I", 8 + len(body)) + name + body


@pytest.mark.parametrize(
    ("make", "error", "word"),
    [
        (png_in_crumbs, PhotoUnreadable, "more than 20,000 parts"),
        (heic_with_many_owners, PhotoUnreadable, "damaged"),
        (png_with_many_notes, PhotoUnreadable, "more than 1000 parts"),
        (jpeg_with_many_scans, PhotoUnreadable, "more than 200 times"),
        (long_strip, PhotoTooLarge, "97656 × 512 pixels; at most 52 megapixels and 16,384 pixels on the long side"),
    ],
)
def test_a_photo_built_to_hold_up_its_reader_is_refused_at_once(make: object, error: type[StudioError], word: str) -> None:
    data, begun = make(), time.perf_counter()
    with pytest.raises(error, match=re.escape(word)):
        take_in(data, "photo.jpg")
    assert time.perf_counter() - begun < 2


def test_a_photo_behind_megabytes_of_filling_is_read_as_quickly() -> None:
    data, begun = jpeg_with_filling(), time.perf_counter()
    assert read_photo(data, "photo.jpg").width_px == 600
    assert time.perf_counter() - begun < 2


@pytest.mark.parametrize("size", [(8160, 6144), (8192, 6144)])
def test_what_phones_call_fifty_megapixels_is_taken(size: tuple[int, int]) -> None:
    photo = read_photo(encoded(Image.new("RGB", size, (90, 120, 150)), "JPEG", quality=30), "phone.jpg")
    assert max(photo.width_px, photo.height_px) == 4096


def helper() -> int:
    """The process id of the one helper that is waiting."""
    pool.close()
    pool.warm_up()
    return pool._idle[0].process.pid


def test_a_decoder_that_hangs_is_killed_and_the_next_photo_is_read(portrait: Image.Image, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "STILL_SECONDS", 0.4)
    pid = helper()
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(PhotoUnreadable, match=r"This photo takes longer than 0\.4 seconds to read\."):
        read_photo(encoded(portrait, "JPEG"), "p.jpg")
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    monkeypatch.setattr(pool, "STILL_SECONDS", 10.0)
    assert read_photo(encoded(portrait, "JPEG"), "p.jpg").width_px == 512


def test_a_clip_whose_decoder_hangs_is_broken_media(make_clip: MakeClip, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "CLIP_SECONDS", 0.4)
    os.kill(helper(), signal.SIGSTOP)
    with pytest.raises(BrokenMedia, match=r"The clip takes longer than 0\.4 seconds to read\."):
        decode_fully(make_clip())


def kill_at_its_work(pid: int) -> None:
    while pool._idle:
        time.sleep(0.005)
    os.kill(pid, signal.SIGKILL)


def test_a_decoder_that_dies_at_its_work_ends_in_a_sentence(portrait: Image.Image) -> None:
    pid = helper()
    os.kill(pid, signal.SIGSTOP)
    threading.Thread(target=kill_at_its_work, args=(pid,)).start()
    with pytest.raises(BrokenMedia, match="The picture file broke the program that was to read it"):
        check_still(encoded(portrait, "PNG"))
    assert check_still(encoded(portrait, "PNG")).width_px == 512


def test_a_helper_that_had_gone_home_is_replaced_unnoticed(portrait: Image.Image) -> None:
    helper()
    waiting = pool._idle[0]
    waiting.target.close()  # as the end of its parent would
    waiting.process.wait()
    assert check_still(encoded(portrait, "PNG")).width_px == 512


def test_a_helper_keeps_to_a_gigabyte_writes_no_file_and_knows_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAL_KEY", "secret-key")
    pid = helper()
    limits = Path(f"/proc/{pid}/limits").read_text()
    assert re.search(r"Max data size +1073741824 +1073741824", limits)
    assert re.search(r"Max file size +0 +0", limits)
    assert b"secret-key" not in Path(f"/proc/{pid}/environ").read_bytes()


PARENT = """
import time
from pipeline.media.decoding import pool
pool.warm_up()
print(pool._idle[0].process.pid, flush=True)
time.sleep(60)
"""


def test_a_helper_does_not_outlive_whoever_started_it() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], cwd=ROOT, stdout=subprocess.PIPE) as parent:
        pid = int(parent.stdout.readline())
        parent.kill()
    for _ in range(200):
        if not Path(f"/proc/{pid}").exists():
            return
        time.sleep(0.05)
    raise AssertionError("the helper is still there")


HOG = """
from pipeline.media.decoding import child
child._limit()
told, _ = child._answered({"hog": lambda facts, data: ({"length": len(bytearray(1_200_000_000))}, b"")}, {"act": "hog"}, b"")
print(told["what"])
"""


def test_a_decoder_that_wants_more_memory_is_refused_it() -> None:
    done = subprocess.run([sys.executable, "-c", HOG], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.strip() == "needs more memory to read than any photo should"


def test_a_helper_stays_small_after_a_large_picture(portrait: Image.Image) -> None:
    pid = helper()
    read_photo(encoded(Image.new("RGB", (7200, 7200)), "PNG"), "p.png")
    check_still(encoded(portrait, "PNG"))
    assert [one.process.pid for one in pool._idle] == [pid]
    resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
    assert resident < 120_000_000


def test_many_photos_at_one_time_share_as_many_helpers_as_there_are_cores(portrait: Image.Image) -> None:
    data, seen = encoded(portrait, "JPEG"), []
    threads = [threading.Thread(target=lambda: seen.append(read_photo(data, "p.jpg"))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [read_photo(data, "p.jpg")] * 12
    assert len(pool._idle) <= pool.AT_ONCE


# --- Pillow decodes nothing of what others send


@pytest.fixture
def poisoned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every decoder that this process could reach by itself breaks the test."""
    import cv2

    def broken(*_: object, **__: object) -> None:
        raise AssertionError("a decoder of this process was used")

    monkeypatch.setattr(Image, "open", broken)
    monkeypatch.setattr(ImageFile.ImageFile, "__init__", broken)
    monkeypatch.setattr(ImageFile.ImageFile, "load", broken)
    monkeypatch.setattr(cv2, "imdecode", broken)
    monkeypatch.setattr(cv2, "imread", broken)


FILES = Path(__file__).parent / "files"
KINDS = {
    "jpeg": lambda image: encoded(image, "JPEG"),
    "png": lambda image: encoded(image, "PNG"),
    "webp": lambda image: encoded(image, "WEBP"),
    "gif": lambda image: encoded(image, "GIF"),
    "heic": lambda _: (FILES / "mdat_first.heic").read_bytes(),
    "avif": lambda _: (FILES / "plain.avif").read_bytes(),
}


@pytest.mark.parametrize("kind", KINDS)
def test_no_photo_reaches_a_decoder_of_the_studio_itself(kind: str, portrait: Image.Image, request: pytest.FixtureRequest) -> None:
    data = KINDS[kind](portrait)
    request.getfixturevalue("poisoned")
    assert take_in(data, "photo").crop.width_px >= 512


def test_no_result_reaches_a_decoder_of_the_studio_itself(portrait: Image.Image, request: pytest.FixtureRequest) -> None:
    from pipeline.media.alike import apart
    from pipeline.media.likeness import LikenessMeter
    from pipeline.media.stills import display_copy, small_copy
    from pipeline.sweeps.sheet import _fitted

    results = [encoded(portrait, name) for name in ("JPEG", "PNG", "WEBP")]
    request.getfixturevalue("poisoned")
    meter = LikenessMeter()
    for data in results:
        assert check_still(data).width_px == 512
        assert display_copy(data)
        assert small_copy(data)
        assert apart(data, data).to_the_eye
        assert _fitted(data) is not None
        assert meter.compare(data, data)[0].distance == 0.0


LOADED = """
import sys
from pathlib import Path
from PIL import Image
from pipeline.media.decoding.pixels import lock_down, read_still
from pipeline.media.decoding.request import StillRequest
lock_down()
for path in sys.argv[1:]:
    read_still(Path(path).read_bytes(), StillRequest())
print([name for name in sys.modules if name.endswith("ImagePlugin")], list(Image.OPEN))
"""


def test_the_helper_loads_none_of_pillows_decoders(tmp_path: Path, portrait: Image.Image) -> None:
    paths = []
    for kind, make in KINDS.items():
        (tmp_path / kind).write_bytes(make(portrait))
        paths.append(str(tmp_path / kind))
    done = subprocess.run([sys.executable, "-c", LOADED, *paths], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[] []"


FOREIGN = re.compile(
    r"Image\.open\(|ImageFile\b|register_heif_opener|HeifImageFile|imdecode|imread\(|^\s*import (pyvips|pillow_heif|av)\b|\bav\.open", re.M
)
# The sandbox reads back pictures that it painted itself.
OWN = {"sandbox/ready.py"}


def test_no_code_outside_the_helper_names_a_decoder() -> None:
    named = {
        str(path.relative_to(PIPELINE)): found.group()
        for path in [*PIPELINE.rglob("*.py"), *(ROOT / "pages").rglob("*.py")]
        if "decoding" not in path.parts and str(path.relative_to(ROOT)) not in {f"pipeline/{name}" for name in OWN}
        if (found := FOREIGN.search(path.read_text()))
    }
    assert named == {}


OTHERS = {
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="600" height="600"/>',
    "ppm": b"P6 600 600 255\n" + bytes(600 * 600 * 3),
    "tiff": encoded(Image.new("RGB", (600, 600)), "TIFF"),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_the_helper_has_no_loader_for_anything_else(kind: str, tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(OTHERS[kind])
    code = "import sys, pyvips\nfrom pipeline.media.decoding.pixels import lock_down\nlock_down()\npyvips.Image.new_from_file(sys.argv[1]).avg()"
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "other")], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert "pyvips.error.Error" in done.stderr


# --- odd photos that are photos all the same


def seen(photo_data: bytes) -> numpy.ndarray:
    return numpy.asarray(Image.open(BytesIO(photo_data)).convert("RGB")).astype(int)


@pytest.mark.parametrize("name", ["plain.avif", "mif1_brand.avif"])
def test_avif_is_taken_under_both_of_its_brands(name: str) -> None:
    photo = read_photo((FILES / name).read_bytes(), name)
    assert (photo.width_px, photo.height_px, photo.note) == (800, 600, None)


def test_a_heic_whose_media_comes_before_its_facts_is_turned_once() -> None:
    photo = read_photo((FILES / "mdat_first.heic").read_bytes(), "IMG_1.HIF")
    assert (photo.width_px, photo.height_px) == (600, 800)


def heic_of(turned: int) -> bytes:
    """The boxes of a HEIC with a thumbnail (item 1), the photo (item 2) and its depth map (item 3); the item `turned` has a rotation of its own."""
    sizes = [box(b"ispe", struct.pack(">III", 0, *size)) for size in ((160, 120), (4032, 3024), (768, 576))]
    known = box(b"ipco", *sizes, box(b"irot", b"\x03"))
    owns = b"".join(struct.pack(">HB", item, 2 if item == turned else 1) + bytes([item] + [4] * (item == turned)) for item in (1, 2, 3))
    facts = box(b"meta", bytes(4), box(b"pitm", struct.pack(">IH", 0, 2)), box(b"iprp", known, box(b"ipma", struct.pack(">II", 0, 3), owns)))
    return box(b"ftyp", b"heic", bytes(4), b"mif1heic") + box(b"mdat", b"irot" * 9) + facts


@pytest.mark.parametrize(("turned", "meant"), [(1, False), (2, True), (3, False)])
def test_what_belongs_to_a_thumbnail_or_a_depth_map_is_not_taken_for_the_photos(turned: int, meant: bool) -> None:
    header = read_header(heic_of(turned))
    assert (header.width_px, header.height_px, header.oriented_by_container) == (4032, 3024, meant)


@pytest.mark.parametrize("share", [0.1, 0.3, 0.6, 0.9])
def test_boxes_that_are_cut_or_lie_about_their_length_are_damage_and_no_endless_walk(share: float) -> None:
    whole = heic_of(2)
    for data in (whole[: int(len(whole) * share)], whole.replace(b"\0\0\0\x14ispe", b"\xff\xff\xff\xffispe"), whole.replace(b"meta", b"mete")):
        with pytest.raises(Unreadable, match="damaged"):
            read_header(data)


def test_only_exif_tells_which_way_up_a_photo_is() -> None:
    photo = read_photo((FILES / "xmp_only_orient.jpg").read_bytes(), "scan.jpg")
    assert (photo.width_px, photo.height_px) == (800, 600)


def test_a_jpeg_without_its_end_mark_is_taken_with_a_remark() -> None:
    photo = read_photo((FILES / "no_eoi.jpg").read_bytes(), "card.jpg")
    assert (photo.width_px, photo.height_px) == (800, 600)
    assert photo.note == "The end of the file is missing; all of the picture is there."


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_that_lost_part_of_its_last_row_of_blocks_loses_that_row(portrait: Image.Image, progressive: bool) -> None:
    whole = encoded(portrait.resize((640, 640)), "JPEG", quality=92, progressive=progressive)
    photo = read_photo(whole[:-40], "card.jpg")
    assert 640 - 16 <= photo.height_px < 640
    assert f"{640 - photo.height_px} rows of pixels at its lower edge" in photo.note
    difference = numpy.abs(seen(photo.data) - seen(whole)[: photo.height_px])
    assert difference.mean() < 2
    with pytest.raises(PhotoUnreadable, match="cut off"):
        read_photo(whole[: -len(whole) // 4], "card.jpg")


def test_what_a_camera_puts_before_or_behind_a_photo_is_not_taken_for_the_photo(portrait: Image.Image) -> None:
    whole = encoded(portrait.resize((640, 640)), "JPEG", quality=92)
    small = encoded(portrait.resize((160, 160)), "JPEG", progressive=True)
    note = b"\xff\xe1" + struct.pack(">H", len(small) + 8) + b"Thumb\0" + small
    trailer = b"\xff\xda" * 5000  # as often in a clip of some megabytes
    assert read_photo(whole[:2] + note + whole[2:] + trailer, "p.jpg") == read_photo(whole, "p.jpg")
    assert "rows of pixels" in read_photo(whole[:2] + note + whole[2:-40], "p.jpg").note


def test_a_result_without_its_end_is_no_result() -> None:
    with pytest.raises(BrokenMedia, match="cut off"):
        check_still((FILES / "no_eoi.jpg").read_bytes()[:-40])


@pytest.mark.parametrize("name", ["cicp_pq.png", "pq10.heic"])
def test_a_photo_for_bright_screens_is_brought_to_ordinary_ones(name: str) -> None:
    photo = read_photo((FILES / name).read_bytes(), name)
    assert "HDR" in photo.note
    assert seen(photo.data).shape == (600, 800, 3)


def pq_png(nits: float) -> bytes:
    """A grey picture of so many cd/m² in PQ and BT.2020, 16 bits deep."""
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
    light = (nits / 10000) ** m1
    code = round(65535 * ((c1 + c2 * light) / (1 + c3 * light)) ** m2)
    head = struct.pack(">IIBBBBB", 600, 600, 16, 2, 0, 0, 0)
    rows = zlib.compress((b"\0" + struct.pack(">H", code) * 3 * 600) * 600)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"cICP", bytes((9, 16, 0, 1))) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("nits", "meant"), [(0, 0), (203 * 0.2140, 127), (203 * 0.6, 203), (1000, 255), (10000, 255)])
def test_faces_keep_their_tones_and_only_what_is_very_bright_is_bent(nits: float, meant: int) -> None:
    assert abs(int(seen(read_photo(pq_png(nits), "p.png").data)[300, 300, 0]) - meant) <= 2


@pytest.mark.parametrize("name", ["IMG_1.jfif", "DSC00001.HIF", "photo", "x.bin", "photo.avif"])
def test_the_bytes_decide_and_not_the_name(name: str, portrait: Image.Image) -> None:
    assert read_photo(encoded(portrait, "JPEG"), name).width_px == 512
