"""Any still picture to plain 8-bit sRGB: libvips, and libheif for HEIC. Runs in the helper alone; of Pillow nothing is used."""

from dataclasses import dataclass
from math import ceil
from typing import Any, Final

import pyvips

from pipeline.media.decoding import endings, profiles
from pipeline.media.decoding.exif import UPRIGHT, orientation_of
from pipeline.media.decoding.headers import DAMAGED, MOVING, Header, check_size, read_header
from pipeline.media.decoding.kinds import Kind, Unreadable
from pipeline.media.decoding.request import StillRequest

LOADERS: Final = ("Jpeg", "Png", "Webp", "Nsgif", "Heif")
CUT_OFF: Final = "is cut off or damaged"
SMALLEST_SCALES: Final = (8, 4, 2)
WHITE: Final = 255
LOOK_PX: Final = 64
# EXIF's orientation as what is done to the picture, in turn: mirrored left to right, then turned clockwise.
UPRIGHTING: Final = {
    2: (True, "d0"),
    3: (False, "d180"),
    4: (True, "d180"),
    5: (True, "d270"),
    6: (False, "d90"),
    7: (True, "d90"),
    8: (False, "d270"),
}
Image = Any


@dataclass(frozen=True, kw_only=True)
class Still:
    """A decoded picture: `before` is its size in pixels as stored, `spread` how far its brightest and darkest parts are apart (0 to 255),
    where that was asked."""

    kind: str
    before: tuple[int, int]
    width_px: int
    height_px: int
    converted: bool
    tone_mapped: bool
    no_end: bool
    lost_rows: int
    spread: float | None
    pixels: bytes


def lock_down() -> None:
    """Leave libvips nothing but the loaders of the formats that are taken, no cache and one thread."""
    pyvips.block_untrusted_set(True)
    pyvips.operation_block_set("VipsForeignLoad", True)
    for name in LOADERS:
        pyvips.operation_block_set(f"VipsForeignLoad{name}", False)
    pyvips.cache_set_max(0)
    pyvips.concurrency_set(1)


def read_still(data: bytes, request: StillRequest) -> Still:
    """Decode one still picture to its last byte; raises Unreadable and TooManyPixels."""
    header = read_header(data)
    try:
        return _read(data, header, request)
    except pyvips.Error as error:
        raise Unreadable(CUT_OFF) from error


def _read(data: bytes, header: Header, request: StillRequest) -> Still:
    """Shrink first, so that turning and colours cost least; nothing is decoded before the last line that makes pixels."""
    image, lost_rows = _load(data, header, request)
    before = (header.width_px, header.height_px - lost_rows) if header.kind is Kind.JPEG else (image.width, image.height)
    image, converted = _plain(_reduced(_flat(image), before, request), header)
    image = _upright(image, _orientation(header, image) if request.upright else UPRIGHT)
    pixels = image.write_to_memory()
    return Still(
        kind=header.kind.value,
        before=before,
        width_px=image.width,
        height_px=image.height,
        converted=converted,
        tone_mapped=header.transfer is not None,
        no_end=header.kind is Kind.JPEG and request.lenient and not endings.has_end(data),
        lost_rows=lost_rows,
        spread=_spread(pixels, image) if request.measured else None,
        pixels=pixels,
    )


def _load(data: bytes, header: Header, request: StillRequest) -> tuple[Image, int]:
    """Open with the one loader for this format; how many rows of pixels a JPEG lost comes with it."""
    if header.kind is Kind.JPEG:
        return _jpeg(data, header, request)
    image = _heic(data) if header.kind is Kind.HEIC else _other(data, header.kind)
    check_size(image.width, image.height)
    return image, 0


def _jpeg(data: bytes, header: Header, request: StillRequest) -> tuple[Image, int]:
    shrink = _shrink(header, request)
    if not request.lenient or endings.has_end(data):
        return pyvips.Image.jpegload_buffer(data, shrink=shrink, access="sequential", fail_on="truncated"), 0
    lost_rows = endings.lost_rows(data, header.width_px, header.height_px)
    if lost_rows is None:
        raise Unreadable(CUT_OFF)
    image = pyvips.Image.jpegload_buffer(data, shrink=shrink, access="sequential", fail_on="none")
    return image.crop(0, 0, image.width, image.height - ceil(lost_rows / shrink)), lost_rows


def _shrink(header: Header, request: StillRequest) -> int:
    if request.long_px is not None:
        across, down = _target((header.width_px, header.height_px), request)
    elif request.draft_px is not None:
        across, down = request.draft_px, request.draft_px
    else:
        return 1
    scale = min(header.width_px // across, header.height_px // down)
    return next((one for one in SMALLEST_SCALES if scale >= one), 1)


def _other(data: bytes, kind: Kind) -> Image:
    load = {Kind.PNG: "pngload", Kind.WEBP: "webpload", Kind.GIF: "gifload", Kind.AVIF: "heifload"}[kind]
    image = getattr(pyvips.Image, f"{load}_buffer")(data, access="sequential", fail_on="truncated")
    if kind is Kind.GIF and _field(image, "n-pages", 1) > 1:
        raise Unreadable(MOVING)
    return image


def _heic(data: bytes) -> Image:
    """Decode with libheif itself: the libvips that pip installs has no decoder for HEVC."""
    import pillow_heif  # slow to import, and few photos need it

    pillow_heif.options.DECODE_THREADS = 1
    try:
        picture = pillow_heif.open_heif(data, convert_hdr_to_8bit=False)[0]
        check_size(*picture.size)
        image = _from_rows(picture.data, picture.mode, picture.size, picture.stride)
    except (OSError, ValueError, SyntaxError, EOFError, RuntimeError, LookupError) as error:
        raise Unreadable(DAMAGED if isinstance(error, SyntaxError | LookupError) else CUT_OFF) from error
    image = image.copy()
    for field, name in (("exif", "exif-data"), ("icc_profile", "icc-profile-data")):
        if picture.info.get(field):
            image.set_type(pyvips.GValue.blob_type, name, bytes(picture.info[field]))
    return image


def _from_rows(rows: bytes, mode: str, size: tuple[int, int], stride: int) -> Image:
    """Take rows that may be longer than the picture is wide."""
    letters, _, deep = mode.partition(";")
    bands, wide = len(letters), 2 if deep else 1
    row = pyvips.Image.new_from_memory(rows, stride, size[1], 1, "uchar").crop(0, 0, size[0] * bands * wide, size[1])
    tight = row.write_to_memory()
    image = pyvips.Image.new_from_memory(tight, size[0], size[1], bands, "ushort" if deep else "uchar")
    grey = bands < 3
    return image.copy(interpretation=("grey16" if grey else "rgb16") if deep else ("b-w" if grey else "srgb"))


def _flat(image: Image) -> Image:
    """Lay what can be seen through on white."""
    if not image.hasalpha():
        return image
    most = 65535 if image.format == "ushort" else WHITE
    return image.flatten(background=[most] * (image.bands - 1), max_alpha=most)


def _target(size: tuple[int, int], request: StillRequest) -> tuple[int, int]:
    scale = min(1.0, max((request.long_px or max(size)) / max(size), request.short_px / min(size)))
    return ceil(size[0] * scale), ceil(size[1] * scale)


def _reduced(image: Image, before: tuple[int, int], request: StillRequest) -> Image:
    if request.long_px is None:
        return image
    width, height = _target(before, request)
    if (width, height) == (image.width, image.height):
        return image
    return image.resize(width / image.width, vscale=height / image.height, kernel="lanczos3")


def _plain(image: Image, header: Header) -> tuple[Image, bool]:
    """Bring any colours to 8-bit sRGB; True where a profile of the picture's own was applied."""
    if header.transfer is not None:
        from pipeline.media.decoding.tones import to_ordinary  # needs numpy, and few pictures need it

        return to_ordinary(image, header.code or (1, header.transfer)), False
    profile = _field(image, "icc-profile-data", b"")
    if profile and not profiles.is_srgb(bytes(profile)):
        try:
            return image.icc_transform("srgb", embedded=True, intent="relative", depth=8), True
        except pyvips.Error:
            pass  # a damaged or unfitting profile is ignored, as every viewer does
    return image.colourspace("srgb").cast("uchar"), False


def _orientation(header: Header, image: Image) -> int:
    if header.kind not in (Kind.HEIC, Kind.AVIF):
        return header.orientation
    return UPRIGHT if header.oriented_by_container else orientation_of(bytes(_field(image, "exif-data", b"")))


def _upright(image: Image, orientation: int) -> Image:
    mirrored, turn = UPRIGHTING.get(orientation, (False, "d0"))
    if orientation == UPRIGHT:
        return image
    image = image.copy_memory()  # a decoder gives its rows from top to bottom only
    image = image.fliphor() if mirrored else image
    return image if turn == "d0" else image.rot(turn)


def _spread(pixels: Any, image: Image) -> float:
    """Return how far the 1st and the 99th hundredth of all values are apart, in the band where that is most; a small mark counts for nothing."""
    whole = pyvips.Image.new_from_memory(pixels, image.width, image.height, image.bands, "uchar")
    small = whole.thumbnail_image(LOOK_PX, height=LOOK_PX, size="force").copy_memory()
    return float(max(band.percent(99) - band.percent(1) for band in small.bandsplit()))


def _field(image: Image, name: str, otherwise: Any) -> Any:
    return image.get(name) if image.get_typeof(name) else otherwise
