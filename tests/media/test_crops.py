"""The square: every face inside, inside the photo where possible, never tighter than it may be."""

from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.media.crops import OUTPUT_PX, Square, crop_square
from pipeline.media.faces import Face


def face(left: int, top: int, side: int) -> Face:
    return Face(left_px=left, top_px=top, width_px=side, height_px=side, score=1.0)


@st.composite
def photos_with_faces(draw: st.DrawFn) -> tuple[int, int, list[Face]]:
    """Any accepted size, with faces anywhere, also reaching over the edge as the detector's boxes do."""
    width, height = draw(st.integers(512, 4096)), draw(st.integers(512, 4096))
    sides = draw(st.lists(st.integers(20, min(width, height)), max_size=4))
    return (
        width,
        height,
        [face(draw(st.integers(-side // 3, width - side * 2 // 3)), draw(st.integers(-side // 3, height - side * 2 // 3)), side) for side in sides],
    )


def assert_inside(square: Square, found: Face, width: int, height: int) -> None:
    assert square.left_px <= max(0, found.left_px)
    assert square.top_px <= max(0, found.top_px)
    assert square.left_px + square.side_px >= min(width, found.left_px + found.width_px)
    assert square.top_px + square.side_px >= min(height, found.top_px + found.height_px)


@given(photos_with_faces())
@example((4096, 512, [face(0, 0, 100), face(3996, 400, 100)]))
@example((512, 4096, [face(-30, -30, 100), face(400, 4020, 100)]))
def test_every_face_is_inside_the_square(case: tuple[int, int, list[Face]]) -> None:
    width, height, faces = case
    square = crop_square(width, height, faces)
    for found in faces:
        assert_inside(square, found, width, height)


@given(photos_with_faces())
def test_the_square_leaves_the_photo_only_where_the_faces_leave_no_choice(case: tuple[int, int, list[Face]]) -> None:
    width, height, faces = case
    square = crop_square(width, height, faces)
    assert min(min(width, height), OUTPUT_PX) <= square.side_px <= max(width, height)
    if square.side_px <= min(width, height):
        assert square.left_px >= 0
        assert square.top_px >= 0
        assert square.left_px + square.side_px <= width
        assert square.top_px + square.side_px <= height
    else:
        across = max(f.left_px + f.width_px for f in faces) - min(f.left_px for f in faces)
        down = max(f.top_px + f.height_px for f in faces) - min(f.top_px for f in faces)
        assert max(across, down) + 2 * max(f.height_px for f in faces) > min(width, height)


@given(photos_with_faces())
def test_the_square_covers_the_photo_on_the_axis_it_leaves(case: tuple[int, int, list[Face]]) -> None:
    width, height, faces = case
    square = crop_square(width, height, faces)
    for start, limit in ((square.left_px, width), (square.top_px, height)):
        if square.side_px > limit:
            assert start <= 0
            assert start + square.side_px >= limit


def test_without_faces_the_square_is_centred_a_little_above_the_middle() -> None:
    assert crop_square(1000, 600, []) == Square(left_px=200, top_px=0, side_px=600)
    assert crop_square(600, 1000, []) == Square(left_px=0, top_px=160, side_px=600)


def test_a_far_away_face_is_brought_nearer_but_not_below_the_output_size() -> None:
    square = crop_square(4000, 3000, [face(1900, 1000, 150)])
    assert square.side_px == OUTPUT_PX
    assert crop_square(4000, 3000, [face(1500, 1000, 600)]).side_px == 1500


def test_hair_gets_more_room_than_the_chin() -> None:
    found = face(1000, 1000, 400)
    square = crop_square(3000, 3000, [found])
    assert found.top_px - square.top_px >= 0.7 * 400
    assert square.top_px + square.side_px - found.top_px - 400 >= 0.5 * 400
