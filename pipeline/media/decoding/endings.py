"""How much of a JPEG without an end is lost: it is decoded twice with different made-up endings, and what differs was never there."""

import re
from typing import Any, Final

import pyvips

from pipeline.media.decoding.headers import MOST_SCANS

END: Final = b"\xff\xd9"
# Bits that decode to something else than the zeros a decoder puts in for what is missing; no byte of them can be taken for a marker.
MADE_UP: Final = bytes(range(1, 255, 7)) * 40
TRAILING: Final = 64


def has_end(data: bytes) -> bool:
    """Tell whether the end mark is there; some cameras write a trailer behind it."""
    return data.rstrip(b"\0").endswith(END) or data.find(END, data.rfind(b"\xff\xda")) >= 0


def lost_rows(data: bytes, width_px: int, height_px: int) -> int | None:
    """Return how many rows of pixels are missing, 0 when only the end mark is; None when more than the last row of blocks is lost."""
    if not _all_scans(data):
        return None
    whole = data.rstrip(b"\xff")
    first = _first_difference(whole + END, whole + MADE_UP + END, width_px)
    if first is None:
        return 0
    block = _block_row_px(data)
    last = height_px % block or block
    # Colours are interpolated between rows, so the row above a lost one differs, too.
    return min(last, height_px - first) if height_px - first <= last + 1 else None


def _first_difference(one: bytes, other: bytes, width_px: int) -> int | None:
    """Return the first row in which two readings differ."""
    rows = (_decoded(one) != _decoded(other)).bandor().cast("uchar").shrinkh(width_px, ceil=True).copy_memory()
    return next((row for row in range(rows.height) if rows.getpoint(0, row)[0]), None)


def _decoded(data: bytes) -> Any:
    return pyvips.Image.jpegload_buffer(data, fail_on="none").copy_memory()


def _block_row_px(data: bytes) -> int:
    """Return the height of a row of blocks: eight rows of pixels times the largest vertical sampling (ITU-T T.81, A.2)."""
    frame = re.search(rb"\xff[\xc0-\xc2]", data)
    if frame is None:
        return 8
    at = frame.start()
    parts = data[at + 9]
    return 8 * max((data[at + 11 + 3 * part] & 0x0F for part in range(parts)), default=1)


def _all_scans(data: bytes) -> bool:
    """Tell whether a progressive picture has all its scans: only then is what is missing all in the last rows (T.81, G.1.1)."""
    if b"\xff\xc2" not in data:
        return True
    done: dict[int, set[int]] = {}
    at = -1
    for _ in range(MOST_SCANS):
        at = data.find(b"\xff\xda", at + 1)
        if at < 0 or at + 5 + 2 * data[at + 4] + 3 > len(data):
            break
        parts = data[at + 4]
        first, last, low = data[at + 5 + 2 * parts], data[at + 6 + 2 * parts], data[at + 7 + 2 * parts] & 0x0F
        if low == 0:
            for part in range(parts):
                done.setdefault(data[at + 5 + 2 * part], set()).update(range(first, last + 1))
    return bool(done) and all(bands >= set(range(64)) for bands in done.values())
