"""The two face model files: where they lie, their hash, and the five points of a face (eye corners and nose).

The weights are public domain; the network was partly trained on collections of found photographs. The 68-point
file of the same package may not be used commercially and is never opened.
"""

import hashlib
import importlib.util
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy
from numpy.typing import NDArray

from pipeline.errors import MediaError
from pipeline.media.faces import Face, Pixels

LANDMARKS_FILE: Final = "shape_predictor_5_face_landmarks.dat"
NETWORK_FILE: Final = "dlib_face_recognition_resnet_model_v1.dat"


def model_path(name: str) -> Path:
    """Find a model file without importing its package, which needs a module that new setuptools lack; raises MediaError."""
    spec = importlib.util.find_spec("face_recognition_models")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / "models" / name
        if path.is_file():
            return path
    raise MediaError("The face models are not installed.", next="Install the requirements again; `doctor` tests them.")


@cache
def model_hash() -> str:
    """Return the sha256 over both files, kept with every measurement so that figures of different models never mix."""
    digest = hashlib.sha256()
    for name in (LANDMARKS_FILE, NETWORK_FILE):
        digest.update(model_path(name).read_bytes())
    return digest.hexdigest()


@cache
def landmark_finder() -> Any:
    """Load the five-point finder once for the process (9 MB); it may be used by several threads at once."""
    import dlib

    return dlib.shape_predictor(str(model_path(LANDMARKS_FILE)))


def landmarks(pixels: Pixels, face: Face) -> Any:
    """Return dlib's own object with the five points, as its network wants it."""
    import dlib

    box = dlib.rectangle(face.left_px, face.top_px, face.left_px + face.width_px - 1, face.top_px + face.height_px - 1)
    return landmark_finder()(pixels, box)


def five_points(pixels: Pixels, face: Face) -> NDArray[numpy.float64]:
    """Return the corners of one eye, of the other, and the nose, as five rows of x and y in pixels."""
    return numpy.array([(point.x, point.y) for point in landmarks(pixels, face).parts()], dtype=numpy.float64)
