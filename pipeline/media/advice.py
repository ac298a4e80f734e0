"""How sharp, how bright and how much face: plain measures of one picture, and what to say about them."""

from collections.abc import Sequence
from typing import Final

import numpy
from numpy.typing import NDArray
from PIL import Image

from pipeline.media.crops import Square
from pipeline.media.faces import Face, Pixels

LEAST_FACE_SHARE: Final = 0.30
# A head is about this many times as wide as the detector's box.
HEAD_OF_BOX: Final = 1.3
LOOK_PX: Final = 128
# 75 faces: sharp ones measured 20 to 3,000 (nearly all over 65), large ones softened by 1 % of their width 6 to 24.
LEAST_SHARPNESS: Final = 15.0
# The darkest of those faces that was still well visible measured 59.
LEAST_BRIGHTNESS: Final = 55.0
# Among them, every face turned by a half or more measured 0.20 or more, frontal ones under 0.17.
MOST_TURN: Final = 0.20


def face_share(faces: Sequence[Face], square: Square) -> float:
    """Return how much of the crop's width all heads together take, 0 to 1."""
    return min(1.0, HEAD_OF_BOX * sum(face.width_px for face in faces) / square.side_px)


def sharpness(image: Image.Image, face: Face | None) -> float:
    """Return the energy of the finest detail in the face (without one: the middle), in thousandths of its contrast; under 15 looks blurred."""
    grey = _patch(image, face).astype(numpy.float64)
    edges = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * grey[1:-1, 1:-1]
    contrast = float(grey.var())
    return 1000 * float(edges.var()) / contrast if contrast > 1.0 else 0.0


def brightness(image: Image.Image, face: Face | None) -> float:
    """Return the mean grey of the face (without one: of the middle), 0 to 255; under 55 looks dark."""
    return float(_patch(image, face).mean())


def turn(points: NDArray[numpy.float64]) -> float:
    """Return how far the nose lies off the middle between the eyes, in eye distances; from 0.20 on the head is turned aside.

    >>> float(turn(numpy.array([[0, 0], [20, 0], [80, 0], [60, 0], [56, 40]], dtype=float)))
    0.27
    """
    one_eye, other_eye = points[0:2].mean(axis=0), points[2:4].mean(axis=0)
    axis = other_eye - one_eye
    length = float(axis @ axis)
    return round(abs(float((points[4] - (one_eye + other_eye) / 2) @ axis)) / length, 2) if length else 0.0


def _patch(image: Image.Image, face: Face | None) -> Pixels:
    """Cut out what is judged, in grey, at most 128 px and never enlarged, because enlarging would look like blur."""
    width, height = image.size
    box = (width // 4, height // 4, width * 3 // 4, height * 3 // 4)
    if face is not None:
        box = (face.left_px, face.top_px, face.left_px + face.width_px, face.top_px + face.height_px)
    left, top, right, bottom = max(0, box[0]), max(0, box[1]), min(width, box[2]), min(height, box[3])
    size = (max(8, min(LOOK_PX, right - left)), max(8, min(LOOK_PX, bottom - top)))
    return numpy.asarray(image.resize(size, Image.Resampling.BILINEAR, box=(left, top, right, bottom)).convert("L"))
