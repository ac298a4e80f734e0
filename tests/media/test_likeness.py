"""Likeness separates people, falls with every change, and says so when it cannot be measured."""

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest
from PIL import Image, ImageFilter, ImageOps

from pipeline.errors import BrokenMedia
from pipeline.media import likeness
from pipeline.media.faces import find_faces
from pipeline.media.likeness import Band, FaceLikeness, LikenessMeter, band_of, lowest
from pipeline.media.photos import read_photo, square_crop
from tests.media.conftest import encoded


@pytest.fixture(scope="module")
def meter() -> LikenessMeter:
    return LikenessMeter()


def measured(distance: float) -> FaceLikeness:
    return FaceLikeness(distance=distance, detector_score=1.0, band=band_of(distance))


NOT_FOUND = FaceLikeness(distance=None, detector_score=None, band=Band.NOT_MEASURABLE, reason="No face.")


def test_a_picture_is_itself(meter: LikenessMeter, portrait: Image.Image) -> None:
    data = encoded(portrait, "PNG")
    (found,) = meter.compare(data, data)
    assert found.distance == pytest.approx(0, abs=1e-6)
    assert found.band is Band.STRONG
    assert found.detector_score is not None
    assert found.reason is None


def test_the_same_person_mirrored_smaller_and_compressed_is_still_strong(meter: LikenessMeter, portrait: Image.Image) -> None:
    other = encoded(ImageOps.mirror(portrait).resize((400, 400)), "JPEG", quality=70)
    (found,) = meter.compare(encoded(portrait, "PNG"), other)
    assert found.distance is not None
    assert 0.05 < found.distance < 0.45


def test_more_change_is_less_likeness(meter: LikenessMeter, portrait: Image.Image) -> None:
    reference = encoded(portrait, "PNG")
    distances = []
    for bits, blur in ((8, 0.0), (4, 1.0), (2, 2.0), (2, 3.0)):
        changed = ImageOps.posterize(portrait, bits).filter(ImageFilter.GaussianBlur(blur))
        (found,) = meter.compare(reference, encoded(changed, "PNG"))
        assert found.distance is not None
        distances.append(found.distance)
    assert distances == sorted(distances)
    assert distances[-1] > 0.3


def test_no_face_in_the_candidate_is_not_measurable_and_never_zero(meter: LikenessMeter, portrait: Image.Image) -> None:
    (found,) = meter.compare(encoded(portrait, "PNG"), encoded(Image.new("RGB", (512, 512), "teal"), "PNG"))
    assert found.band is Band.NOT_MEASURABLE
    assert found.distance is None
    assert found.detector_score is None
    assert found.reason == "No matching face was found in the picture."


def test_no_face_in_the_photo_is_not_measurable(meter: LikenessMeter, portrait: Image.Image) -> None:
    (found,) = meter.compare(encoded(Image.new("RGB", (512, 512), "teal"), "PNG"), encoded(portrait, "PNG"))
    assert found.band is Band.NOT_MEASURABLE
    assert found.reason == "No face was found in the photo."


def test_a_couple_is_compared_face_by_face(meter: LikenessMeter, couple: Image.Image) -> None:
    photo = read_photo(encoded(couple, "JPEG", quality=95), "p.jpg")
    crop = square_crop(photo, find_faces(photo.data))
    found = meter.compare(crop.data, crop.data)
    assert [face.band for face in found] == [Band.STRONG, Band.STRONG]
    assert all(face.distance == pytest.approx(0, abs=1e-6) for face in found)


def test_a_couple_with_one_face_lost_has_one_that_is_not_measurable(meter: LikenessMeter, couple: Image.Image) -> None:
    photo = read_photo(encoded(couple, "JPEG", quality=95), "p.jpg")
    crop = square_crop(photo, find_faces(photo.data))
    half = Image.open(BytesIO(crop.data))
    half.paste((120, 130, 140), (512, 0, 1024, 1024))
    found = meter.compare(crop.data, encoded(half, "PNG"))
    assert [face.band for face in found] == [Band.STRONG, Band.NOT_MEASURABLE]
    assert lowest(found) == found[0]


def test_the_lowest_likeness_is_the_largest_distance() -> None:
    assert lowest([measured(0.2), measured(0.7), NOT_FOUND, measured(0.5)]).distance == 0.7


def test_the_lowest_of_nothing_measured_says_why() -> None:
    assert lowest([NOT_FOUND]).reason == "No face."
    assert lowest([]).band is Band.NOT_MEASURABLE


@pytest.mark.parametrize(
    ("distance", "band"), [(0.0, "strong"), (0.4499, "strong"), (0.45, "recognisable"), (0.60, "recognisable"), (0.6001, "weak"), (1.2, "weak")]
)
def test_bands_begin_and_end_where_they_should(distance: float, band: str) -> None:
    assert band_of(distance) == band


def test_threads_may_share_one_meter(meter: LikenessMeter, portrait: Image.Image) -> None:
    reference = encoded(portrait, "PNG")
    candidates = [encoded(portrait, "JPEG", quality=quality) for quality in (40, 60, 80)]
    alone = [meter.compare(reference, candidate) for candidate in candidates]
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(lambda candidate: meter.compare(reference, candidate), candidates)) == alone


def test_a_broken_candidate_is_broken_media(meter: LikenessMeter, portrait: Image.Image) -> None:
    whole = encoded(portrait, "PNG")
    with pytest.raises(BrokenMedia):
        meter.compare(whole, whole[: len(whole) // 2])


def test_the_model_hash_names_both_files_and_never_changes() -> None:
    assert len(likeness.MODEL_HASH) == 64
    assert likeness.model_hash() == likeness.MODEL_HASH
    with pytest.raises(AttributeError):
        likeness.NO_SUCH_NAME  # noqa: B018
