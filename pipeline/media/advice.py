"""How sharp, how bright and how much face: plain measures of one picture, and what to say about them."""

from collections.abc import Sequence
from typing import Final

import numpy
from PIL import Image

from pipeline.media.crops import Square
from pipeline.media.faces import Face

LEAST_FACE_SHARE: Final = 0.30
# A head is about this many times as wide as the detector's box.
HEAD_OF_BOX: Final = 1.3
LOOK_PX: Final = 128
LEAST_SHARPNESS: Final = 40.0
LEAST_BRIGHTNESS: Final = 55.0


def face_share(faces: Sequence[Face], square: Square) -> float:
    """Return how much of the crop's width all heads together take, 0 to 1."""
    return min(1.0, HEAD_OF_BOX * sum(face.width_px for face in faces) / square.side_px)


def sharpness(image: Image.Image, face: Face | None) -> float:
    """Return the variance of the Laplacian of the face (without one: of the middle) at 128 px; under 40 looks blurred."""
    grey = _patch(image, face).astype(numpy.float64)
    middle = grey[1:-1, 1:-1]
    edges = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * middle
    return float(edges.var())


def brightness(image: Image.Image, face: Face | None) -> float:
    """Return the mean grey of the face (without one: of the middle), 0 to 255; under 55 looks dark."""
    return float(_patch(image, face).mean())


def _patch(image: Image.Image, face: Face | None) -> numpy.ndarray[tuple[int, ...], numpy.dtype[numpy.uint8]]:
    width, height = image.size
    box = (width // 4, height // 4, width * 3 // 4, height * 3 // 4)
    if face is not None:
        box = (face.left_px, face.top_px, face.left_px + face.width_px, face.top_px + face.height_px)
    box = (max(0, box[0]), max(0, box[1]), min(width, box[2]), min(height, box[3]))
    return numpy.asarray(image.resize((LOOK_PX, LOOK_PX), Image.Resampling.BOX, box=box).convert("L"))
