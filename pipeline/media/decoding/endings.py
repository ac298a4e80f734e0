"""How much of a JPEG without an end is lost: it is decoded twice with different made-up endings, and what differs was never there."""

from collections.abc import Iterator
from typing import Any, Final

import pyvips

from pipeline.media.decoding.headers import first_scan, segments

END: Final = b"\xff\xd9"
# Bits that decode to something else than the zeros a decoder puts in for what is missing; no byte of them can be taken for a marker.
MADE_UP: Final = bytes(range(1, 255, 7)) * 40
FRAMES: Final = frozenset({0xC0, 0xC1, 0xC2})
PROGRESSIVE: Final = 0xC2


def has_end(data: bytes) -> bool:
    """Tell whether the end mark is there; some cameras write a clip or a second picture behind it."""
    return data.find(END, first_scan(data)) >= 0


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


def _frame(data: bytes) -> bytes:
    """Return what the header says of the picture's frame (ITU-T T.81, B.2.2), its marker first."""
    return next(bytes([marker]) + data[start:end] for marker, start, end in segments(data) if marker in FRAMES)


def _block_row_px(data: bytes) -> int:
    """Return the height of a row of blocks: eight rows of pixels times the largest vertical sampling (T.81, A.2)."""
    frame = _frame(data)
    return 8 * max((frame[8 + 3 * part] & 0x0F for part in range(frame[6])), default=1)


def _all_scans(data: bytes) -> bool:
    """Tell whether a progressive picture has all its scans: only then is what is missing all in the last rows (T.81, G.1.1)."""
    if _frame(data)[0] != PROGRESSIVE:
        return True
    done: dict[int, set[int]] = {}
    for at in _scans(data):
        parts = data[at + 4]
        first, last, low = data[at + 5 + 2 * parts], data[at + 6 + 2 * parts], data[at + 7 + 2 * parts] & 0x0F
        if low == 0:
            for part in range(parts):
                done.setdefault(data[at + 5 + 2 * part], set()).update(range(first, last + 1))
    return bool(done) and all(bands >= set(range(64)) for bands in done.values())


def _scans(data: bytes) -> Iterator[int]:
    """Return where each scan begins whose header is there to its end."""
    at = first_scan(data)
    while at >= 0 and at + 4 < len(data) and at + 8 + 2 * data[at + 4] <= len(data):
        yield at
        at = data.find(b"\xff\xda", at + 1)
