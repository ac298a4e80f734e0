"""Where the square lies so that every face is inside with room around it; geometry only, all in pixels of the photo."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import Final

from pipeline.media.faces import Face

OUTPUT_PX: Final = 1024
# Room around a face box in face heights; the box runs from brow to chin, so hair needs the most.
ROOM_ABOVE, ROOM_BESIDE, ROOM_BELOW = 0.7, 0.5, 0.5
# Tried in turn until the faces fit into a square of the photo; if none does, they get all room and the square is filled up.
ROOMS: Final = (1.0, 0.8, 0.6)
ZOOM: Final = 2.5
HEADROOM: Final = 0.4


@dataclass(frozen=True, kw_only=True)
class Square:
    """A square in the photo's pixels; it may reach over the photo's edge on one axis, where it is to be filled."""

    left_px: int
    top_px: int
    side_px: int


@dataclass(frozen=True, kw_only=True)
class _Span:
    low: int
    high: int

    @property
    def length(self) -> int:
        return self.high - self.low


def crop_square(width_px: int, height_px: int, faces: Sequence[Face]) -> Square:
    """Place the square: all faces with room, never tighter than OUTPUT_PX or ZOOM times the faces, inside the photo if at all possible."""
    short = min(width_px, height_px)
    if not faces:
        return Square(left_px=(width_px - short) // 2, top_px=round((height_px - short) * HEADROOM), side_px=short)
    bare = max(span.length for span in _spans(width_px, height_px, faces, room=0.0))
    across, down = _roomy_spans(width_px, height_px, faces)
    needed = max(across.length, down.length)
    side = max(needed, min(short, max(OUTPUT_PX, round(ZOOM * bare))))
    return Square(left_px=_start(across, side, width_px, 0.5), top_px=_start(down, side, height_px, HEADROOM), side_px=side)


def _roomy_spans(width_px: int, height_px: int, faces: Sequence[Face]) -> tuple[_Span, _Span]:
    for room in ROOMS:
        across, down = _spans(width_px, height_px, faces, room=room)
        if max(across.length, down.length) <= min(width_px, height_px):
            return across, down
    return _spans(width_px, height_px, faces, room=ROOMS[0])


def _spans(width_px: int, height_px: int, faces: Sequence[Face], *, room: float) -> tuple[_Span, _Span]:
    """Measure what must be inside, across and down, kept to the photo itself."""
    left = min(face.left_px - room * ROOM_BESIDE * face.height_px for face in faces)
    right = max(face.left_px + face.width_px + room * ROOM_BESIDE * face.height_px for face in faces)
    top = min(face.top_px - room * ROOM_ABOVE * face.height_px for face in faces)
    bottom = max(face.top_px + face.height_px + room * ROOM_BELOW * face.height_px for face in faces)
    return _kept(left, right, width_px), _kept(top, bottom, height_px)


def _kept(low: float, high: float, limit_px: int) -> _Span:
    return _Span(low=max(0, floor(low)), high=min(limit_px, ceil(high)))


def _start(span: _Span, side_px: int, limit_px: int, share: float) -> int:
    """Leave `share` of the free room before the span, inside the photo; a square longer than the photo is centred on it."""
    if side_px > limit_px:
        return (limit_px - side_px) // 2
    start = round(span.low - (side_px - span.length) * share)
    return min(max(start, 0), limit_px - side_px)
