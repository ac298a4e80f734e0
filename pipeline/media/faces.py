"""Where faces are in a picture: dlib's frontal detector, which needs no model file."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any, Final

import numpy
from numpy.typing import NDArray
from PIL import Image

from pipeline.errors import BrokenMedia
from pipeline.media.decoding.headers import read_header
from pipeline.media.decoding.kinds import TooManyPixels, Unreadable
from pipeline.media.decoding.request import StillRequest
from pipeline.media.pictures import opened
from pipeline.media.recent import Recent

Pixels = NDArray[numpy.uint8]
# The detector's window; so each pass (long side of the whole picture) finds smaller faces than the one before.
SEEN_FROM_PX: Final = 80
PASSES_PX: Final = (512, 1024)
LAST_PASS_PX: Final = 2048
A_COUPLE: Final = 2
LONGEST_SHAPE: Final = 2.0
# 75 test faces scored 0.24 to 2.9, only one of them under 0.38; the highest chance pattern scored 0.22.
LEAST_SCORE: Final = 0.25
MOST_OVERLAP: Final = 0.4
# All but one of the 75 faces scored more; three turns are three chances for a pattern to look like a face.
SURE_OF_TURN: Final = 0.38
# Degrees clockwise; Pillow counts the other way round.
TURNS: Final = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}


@dataclass(frozen=True, kw_only=True)
class Face:
    """One face, brow to chin, in pixels of the picture it was found in; the score is the detector's, higher is surer."""

    left_px: int
    top_px: int
    width_px: int
    height_px: int
    score: float

    def scaled(self, by: float) -> "Face":
        """Return the same face in a picture `by` times as large."""
        left, top = round(self.left_px * by), round(self.top_px * by)
        return Face(left_px=left, top_px=top, width_px=round(self.width_px * by), height_px=round(self.height_px * by), score=self.score)


def find_faces(data: bytes) -> tuple[Face, ...]:
    """Find every frontal face, left to right, without overlaps. Raises BrokenMedia.

    Faces of 8 % of the long side and more are found in 0.15 s; where fewer than two are, faces of 4 % are looked for (0.5 s more).
    """
    return _answers.get(data, lambda found: _look(*pixels_of(found, LAST_PASS_PX)))


def pixels_of(data: bytes, long_px: int) -> tuple[Pixels, float]:
    """Decode to RGB with `long_px` at most on the long side (more for a panorama); also by how much the picture is larger. Raises BrokenMedia."""
    try:
        header = read_header(data)
        draft_px = round(long_px * _closer(header.width_px, header.height_px))
        facts, image = opened(data, StillRequest(draft_px=draft_px))
    except (Unreadable, TooManyPixels) as error:
        raise BrokenMedia from error
    return _reduced(image, facts.width_px, long_px)


def faces_in(image: Image.Image) -> tuple[Face, ...]:
    """Find every frontal face in a picture that is decoded already, as find_faces does."""
    return _look(*_reduced(image.copy(), image.width, LAST_PASS_PX))


def turn_with_faces(image: Image.Image) -> int:
    """Return by how many degrees clockwise (90, 180 or 270) a picture has to be turned for a face to be found in it, or 0 where no turn helps.

    The detector knows upright faces alone, so a face that it finds in one turn says which way up the picture belongs.
    """
    small = image.copy()
    small.thumbnail((PASSES_PX[-1], PASSES_PX[-1]), Image.Resampling.BICUBIC)
    surest = {degrees: _surest(numpy.asarray(small.transpose(turn))) for degrees, turn in TURNS.items()}
    best = max(surest, key=lambda degrees: surest[degrees])
    return best if surest[best] >= SURE_OF_TURN else 0


def _surest(pixels: Pixels) -> float:
    return max((face.score for long_px in PASSES_PX for face in detect(pixels, long_px)), default=0.0)


def detect(pixels: Pixels, long_px: int) -> list[Face]:
    """Run the detector once on the picture brought to this long side; faces in the pixels given."""
    height, width = pixels.shape[:2]
    scale = long_px / max(height, width)
    if scale != 1.0:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        pixels = numpy.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR))
    return [_face(box, score).scaled(1 / scale) for box, score in _run_detector(pixels)]


def without_overlaps(faces: Sequence[Face]) -> tuple[Face, ...]:
    """Keep the surest of every heap of overlapping boxes, left to right."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda f: f.score, reverse=True):
        if all(overlap(face, other) <= MOST_OVERLAP for other in kept):
            kept.append(face)
    return tuple(sorted(kept, key=lambda f: (f.left_px, f.top_px)))


def overlap(one: Face, other: Face) -> float:
    """Return the share of the smaller box that lies in the larger, 0 to 1."""
    across = min(one.left_px + one.width_px, other.left_px + other.width_px) - max(one.left_px, other.left_px)
    down = min(one.top_px + one.height_px, other.top_px + other.height_px) - max(one.top_px, other.top_px)
    smaller = min(one.width_px * one.height_px, other.width_px * other.height_px)
    return max(0, across) * max(0, down) / smaller if smaller else 0.0


def _reduced(image: Image.Image, width_px: int, long_px: int) -> tuple[Pixels, float]:
    """Bring a picture to this long side, in its place; also by how much the whole one, so many pixels wide, is larger."""
    long_px = round(long_px * _closer(*image.size))
    image.thumbnail((long_px, long_px), Image.Resampling.BICUBIC)
    return numpy.asarray(image), width_px / image.width


def _look(pixels: Pixels, larger: float) -> tuple[Face, ...]:
    closer = _closer(*pixels.shape[:2])
    *passes_px, last_px = (round(long_px * closer) for long_px in (*PASSES_PX, LAST_PASS_PX))
    found = [face for long_px in passes_px for face in detect(pixels, long_px)]
    if len(found) < A_COUPLE and max(pixels.shape[:2]) > passes_px[-1]:
        found += detect(pixels, last_px)
    return tuple(face.scaled(larger) for face in without_overlaps(found))


def _closer(one_px: int, other_px: int) -> float:
    """How much longer a panorama's passes are: as long as costs no more pixels than a picture of LONGEST_SHAPE, or its faces would be too small."""
    return max(1.0, sqrt(max(one_px, other_px) / min(one_px, other_px) / LONGEST_SHAPE))


_answers: Recent[tuple[Face, ...]] = Recent(64)
# A detector holds working memory, so two threads must never run the same one; it lets go of the interpreter lock while it looks.
_idle: deque[Any] = deque()


def _run_detector(pixels: Pixels) -> list[tuple[Any, float]]:
    try:
        detector = _idle.pop()
    except IndexError:
        import dlib

        detector = dlib.get_frontal_face_detector()
    try:
        boxes, scores, _ = detector.run(numpy.ascontiguousarray(pixels), 0, LEAST_SCORE)
    finally:
        _idle.append(detector)
    return list(zip(boxes, scores, strict=True))


def _face(box: Any, score: float) -> Face:
    return Face(left_px=box.left(), top_px=box.top(), width_px=box.width(), height_px=box.height(), score=score)
