"""How much a finished face resembles the one in the photo: dlib's 128 numbers a face, compared by Euclidean distance.

Two photos of one person are usually less than 0.45 apart, different people more than 0.8; stylisation moves it in between.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import permutations
from threading import Lock
from typing import Final

import numpy
from numpy.typing import NDArray

from pipeline.media.faces import LAST_PASS_PX, PASSES_PX, SEEN_FROM_PX, Face, Pixels, detect, pixels_of, without_overlaps
from pipeline.media.models import NETWORK_FILE, landmark_finder, landmarks, model_hash, model_path
from pipeline.media.recent import Recent

LOOK_PX: Final = 1024
STRONG_BELOW: Final = 0.45
WEAK_ABOVE: Final = 0.60
# Image-to-image keeps faces where they were, so a face half the picture away costs as much as a stranger's.
WEIGHT_OF_PLACE: Final = 1.0
MOST_PERMUTED: Final = 6
# A face just large enough for a pass scores low there and its box is off; one pass further it is exact.
SURE_SCORE: Final = 0.5


class Band(StrEnum):
    """What a distance means to people."""

    STRONG = "strong"
    RECOGNISABLE = "recognisable"
    WEAK = "weak"
    NOT_MEASURABLE = "not_measurable"


@dataclass(frozen=True, kw_only=True)
class FaceLikeness:
    """One face of the photo against its match; without a match there is no distance, only a reason."""

    distance: float | None
    detector_score: float | None
    band: Band
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class _Known:
    """A face by its 128 numbers; its middle and width as shares of the picture."""

    numbers: NDArray[numpy.float64]
    middle: tuple[float, float]
    share: float
    score: float


def band_of(distance: float) -> Band:
    """Sort a distance: under 0.45 strong, to 0.60 recognisable, above weak.

    >>> band_of(0.3), band_of(0.45), band_of(0.6), band_of(0.61)
    (<Band.STRONG: 'strong'>, <Band.RECOGNISABLE: 'recognisable'>, <Band.RECOGNISABLE: 'recognisable'>, <Band.WEAK: 'weak'>)
    """
    if distance < STRONG_BELOW:
        return Band.STRONG
    return Band.RECOGNISABLE if distance <= WEAK_ABOVE else Band.WEAK


def lowest(found: Sequence[FaceLikeness]) -> FaceLikeness:
    """Return the measured face least like its photo; where none was measured, one that says why."""
    measured = [face for face in found if face.distance is not None]
    if measured:
        return max(measured, key=lambda face: face.distance or 0.0)
    return found[0] if found else _not_measurable("No face was compared.")


class LikenessMeter:
    """The loaded models (about 100 MB in use); make one for a process and share it between threads."""

    def __init__(self) -> None:
        import dlib

        landmark_finder()
        self._network = dlib.face_recognition_model_v1(str(model_path(NETWORK_FILE)))
        self._network_lock = Lock()
        self._references: Recent[tuple[_Known, ...]] = Recent(64)

    def compare(self, reference: bytes, candidate: bytes) -> tuple[FaceLikeness, ...]:
        """Measure every face of the reference against its match in the candidate, left to right; raises BrokenMedia.

        A reference without a face gives one "not measurable". The reference's numbers are kept, so a candidate costs about 0.1 s.
        """
        known = self._references.get(reference, self._know)
        if not known:
            return (_not_measurable("No face was found in the photo."),)
        return tuple(_verdict(face, match) for face, match in match_up(known, self._recognise(candidate, known)))

    def _know(self, data: bytes) -> tuple[_Known, ...]:
        """Describe every face of a reference; the slow pass for the smallest ones only where no other was found."""
        pixels, _ = pixels_of(data, LOOK_PX)
        faces = without_overlaps([face for long_px in PASSES_PX for face in detect(pixels, long_px)])
        return self._describe(pixels, faces or without_overlaps(detect(pixels, LAST_PASS_PX)))

    def _recognise(self, data: bytes, known: Sequence[_Known]) -> tuple[_Known, ...]:
        """Describe the faces of a candidate, looking closer only until as many are found as the reference has."""
        pixels, _ = pixels_of(data, LOOK_PX)
        tiny = min(face.share for face in known) * PASSES_PX[-1] < SEEN_FROM_PX
        faces: tuple[Face, ...] = ()
        for long_px in (*PASSES_PX, LAST_PASS_PX) if tiny else PASSES_PX:
            faces = without_overlaps([*faces, *detect(pixels, long_px)])
            if sum(face.score >= SURE_SCORE for face in faces) >= len(known):
                break
        return self._describe(pixels, faces)

    def _describe(self, pixels: Pixels, faces: Sequence[Face]) -> tuple[_Known, ...]:
        return tuple(self._describe_one(pixels, face) for face in faces)

    def _describe_one(self, pixels: Pixels, face: Face) -> _Known:
        # The network holds the interpreter lock for its 75 ms, and its layers hold state: one thread at a time.
        with self._network_lock:
            numbers = self._network.compute_face_descriptor(pixels, landmarks(pixels, face))
        height, width = pixels.shape[:2]
        middle = ((face.left_px + face.width_px / 2) / width, (face.top_px + face.height_px / 2) / height)
        return _Known(numbers=numpy.array(numbers), middle=middle, share=face.width_px / max(width, height), score=face.score)


def match_up(reference: Sequence[_Known], candidate: Sequence[_Known]) -> list[tuple[_Known, _Known | None]]:
    """Pair faces so that distances of face and place are smallest in sum; faces left over stay without a match."""
    if len(reference) > MOST_PERMUTED or len(candidate) > MOST_PERMUTED:
        return _match_greedily(reference, candidate)
    places: list[int | None] = [*range(len(candidate)), *([None] * max(0, len(reference) - len(candidate)))]
    best = min(permutations(places, len(reference)), key=lambda order: _cost(reference, candidate, order))
    return [(face, None if place is None else candidate[place]) for face, place in zip(reference, best, strict=True)]


def _cost(reference: Sequence[_Known], candidate: Sequence[_Known], order: Sequence[int | None]) -> float:
    return sum(_apart(face, candidate[place]) for face, place in zip(reference, order, strict=True) if place is not None)


def _match_greedily(reference: Sequence[_Known], candidate: Sequence[_Known]) -> list[tuple[_Known, _Known | None]]:
    left = list(candidate)
    pairs: list[tuple[_Known, _Known | None]] = []
    for face in reference:
        match = min(left, key=lambda other: _apart(face, other), default=None)
        left = [other for other in left if other is not match]
        pairs.append((face, match))
    return pairs


def _apart(one: _Known, other: _Known) -> float:
    across, down = one.middle[0] - other.middle[0], one.middle[1] - other.middle[1]
    return _distance(one, other) + WEIGHT_OF_PLACE * float(numpy.hypot(across, down))


def _distance(one: _Known, other: _Known) -> float:
    return float(numpy.linalg.norm(one.numbers - other.numbers))


def _verdict(face: _Known, match: _Known | None) -> FaceLikeness:
    if match is None:
        return _not_measurable("No matching face was found in the picture.")
    distance = _distance(face, match)
    return FaceLikeness(distance=distance, detector_score=match.score, band=band_of(distance))


def _not_measurable(reason: str) -> FaceLikeness:
    return FaceLikeness(distance=None, detector_score=None, band=Band.NOT_MEASURABLE, reason=reason)


def __getattr__(name: str) -> str:
    """Work out MODEL_HASH when it is first asked for, not when this file is imported."""
    if name == "MODEL_HASH":
        return model_hash()
    raise AttributeError(name)
