"""A contact sheet shows every picture where its labels say, cuts no word off, and carries its plan."""

import time
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from pipeline.errors import BadParameter
from pipeline.sweeps.sheet import CELL_PX, GAP_PX, MARGIN_PX, Sheet, SheetCell, contact_sheet

Colour = tuple[int, int, int]
WHITE, GREY = (255, 255, 255), (0xE4, 0xE6, 0xEA)
STEP_PX = CELL_PX + GAP_PX
HEBREW, ARABIC, EMOJI = "שלום עולם 0.55", "مرحبا بالعالم", "👩‍👩‍👧 family ❤️"


def _picture(colour: Colour, size_px: tuple[int, int] = (96, 96), kind: str = "PNG") -> bytes:
    out = BytesIO()
    Image.new("RGB", size_px, colour).save(out, kind)
    return out.getvalue()


def _colour(row: int, column: int) -> Colour:
    return 40 + row * 60, 200 - column * 50, 90 + row * 25 + column * 30


def _sheet(rows: int = 2, columns: int = 3, words: str = "") -> Sheet:
    return Sheet(
        title="",
        column_labels=tuple(f"0.{50 + 5 * column}" for column in range(columns)),
        row_labels=tuple(f"photo {row}" for row in range(rows)),
        cells=tuple(tuple(SheetCell(picture=_picture(_colour(row, column)), words=words) for column in range(columns)) for row in range(rows)),
    )


def _one(cell: SheetCell, **more: str | tuple[str, ...]) -> Sheet:
    return replace(Sheet(title="", column_labels=("a",), row_labels=("b",), cells=((cell,),)), **more)


def _drawn(sheet: Sheet) -> Image.Image:
    image = Image.open(BytesIO(contact_sheet(sheet)))
    image.load()
    return image


def _blocks(image: Image.Image, colour: Colour) -> tuple[int, int, int, int]:
    """The box around all pixels of this colour: left, top, right, bottom."""
    rows, columns = np.nonzero((np.asarray(image) == colour).all(axis=2))
    return (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) if len(rows) else (0, 0, 0, 0)


def _has_ink(image: Image.Image, box: tuple[int, int, int, int]) -> bool:
    low, _ = image.crop(box).convert("L").getextrema()
    return bool(low < 128)


def test_every_picture_stands_in_its_row_and_column():
    image = _drawn(_sheet())
    boxes = {(row, column): _blocks(image, _colour(row, column)) for row in range(2) for column in range(3)}
    left, top = boxes[0, 0][:2]
    for (row, column), box in boxes.items():
        high = boxes[row, 0][1]
        assert box == (left + column * STEP_PX, high, left + column * STEP_PX + CELL_PX, high + CELL_PX)
    assert boxes[1, 0][1] >= top + STEP_PX


def test_labels_stand_over_their_columns_and_beside_their_rows():
    image = _drawn(_sheet())
    first, last = _blocks(image, _colour(0, 0)), _blocks(image, _colour(1, 2))
    for column in range(3):
        left = first[0] + column * STEP_PX
        assert _has_ink(image, (left, MARGIN_PX, left + CELL_PX, first[1]))
        assert not _has_ink(image, (left - GAP_PX, 0, left, first[1]))
    for top in (first[1], last[1]):
        assert _has_ink(image, (MARGIN_PX, top, first[0] - 1, top + 40))
        assert not _has_ink(image, (MARGIN_PX, top + 40, first[0] - 1, top + CELL_PX))


def test_two_labels_that_differ_are_drawn_differently():
    cell = SheetCell(picture=_picture((9, 9, 200)), words="")
    heads = {contact_sheet(_one(cell, column_labels=(label,))) for label in ("0.50", "0.55", "0.05")}
    assert len(heads) == 3


def test_a_picture_keeps_its_shape():
    tall, wide = (_drawn(_one(SheetCell(picture=_picture((9, 9, 200), size), words=""))) for size in ((90, 120), (1600, 900)))
    left, top, right, bottom = _blocks(tall, (9, 9, 200))
    assert (right - left, bottom - top) == (192, 256)
    left, top, right, bottom = _blocks(wide, (9, 9, 200))
    assert (right - left, bottom - top) == (256, 144)


@pytest.mark.parametrize("size_px", [(1, 4000), (4000, 1), (1, 1)])
def test_a_strange_shape_is_drawn_all_the_same(size_px):
    assert _blocks(_drawn(_one(SheetCell(picture=_picture((9, 9, 200), size_px), words=""))), (9, 9, 200)) != (0, 0, 0, 0)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_all_picture_formats_are_read(kind):
    middle = _drawn(_one(SheetCell(picture=_picture((30, 60, 220), (512, 512), kind), words="")))
    left, top = middle.width, middle.height
    pixels = {middle.getpixel((x, top - MARGIN_PX - GAP_PX - 100)) for x in range(MARGIN_PX, left)}
    assert any(abs(r - 30) + abs(g - 60) + abs(b - 220) < 24 for r, g, b in pixels)


def test_a_missing_picture_is_grey_with_its_words():
    image = _drawn(_one(SheetCell(picture=None, words="refused: this photo could not be processed")))
    box = _blocks(image, GREY)
    assert (box[2] - box[0], box[3] - box[1]) == (CELL_PX, CELL_PX)
    assert _has_ink(image, box)
    assert not _has_ink(_drawn(_one(SheetCell(picture=None, words=""))), box)


def test_a_damaged_picture_says_so_and_keeps_its_line():
    whole = _picture((9, 9, 200), (512, 512), "JPEG")
    for damaged in (b"no picture", whole[: len(whole) // 2]):
        image = _drawn(_one(SheetCell(picture=damaged, words="0.61 · $0.03")))
        left, top, right, bottom = _blocks(image, GREY)
        assert _has_ink(image, (left, top, right, bottom))
        assert _has_ink(image, (left, bottom, right, bottom + 30))


def test_the_line_under_a_picture_is_drawn_and_takes_as_many_lines_as_it_needs():
    bare, short, long = (_drawn(_sheet(words=words)) for words in ("", "0.61 · $0.03", "not measurable: no face was found in this picture · $0.03"))
    assert bare.height < short.height < long.height
    left, _, right, bottom = _blocks(short, _colour(0, 1))
    assert _has_ink(short, (left, bottom, right, bottom + 24))


def test_a_dimmed_cell_stands_back():
    image = _drawn(_one(SheetCell(picture=_picture((0, 0, 0)), words="", dimmed=True)))
    assert image.getpixel((image.width - 300, image.height - MARGIN_PX - GAP_PX - 128))[0] > 150


def test_no_label_is_cut_off():
    """All ink of a label lies inside its own place, and each of its words is there: longer labels make the sheet higher, never wider cells."""
    words = "a prompt with a great many words " * 12
    unbroken = "x" * 400
    plain, high = _drawn(_sheet()), _drawn(replace(_sheet(), column_labels=(words, "0.55", unbroken)))
    assert high.width == plain.width
    first = _blocks(high, _colour(0, 0))
    assert first[1] > _blocks(plain, _colour(0, 0))[1] + 200
    for column in range(4):
        gap = first[0] + column * STEP_PX - GAP_PX
        assert not _has_ink(high, (gap, 0, gap + GAP_PX, first[1]))
    beside = _drawn(replace(_sheet(), row_labels=(words, unbroken)))
    assert beside.width > plain.width
    assert not _has_ink(beside, (_blocks(beside, _colour(0, 0))[0] - GAP_PX, 0, _blocks(beside, _colour(0, 0))[0], beside.height))


def test_title_and_footer_stand_above_and_below_everything():
    image = _drawn(replace(_sheet(), title="Spring presets", footer="6 cells · $0.18"))
    top, bottom = _blocks(image, _colour(0, 0))[1], _blocks(image, _colour(1, 0))[3]
    assert _has_ink(image, (MARGIN_PX, MARGIN_PX, 200, MARGIN_PX + 40))
    assert top > _blocks(_drawn(_sheet()), _colour(0, 0))[1]
    assert _has_ink(image, (MARGIN_PX, bottom, 200, image.height - MARGIN_PX))


def test_a_long_title_widens_nothing_and_a_narrow_sheet_still_has_room_for_it():
    cell = SheetCell(picture=None, words="planned")
    assert _drawn(_one(cell, title="word " * 200)).width == _drawn(_one(cell)).width == 480


@pytest.mark.parametrize(
    "label", [HEBREW, ARABIC, EMOJI, "日本語", "Łódź · Привет · Ελλάδα · Việt", f"{EMOJI} {HEBREW} {ARABIC}", "\x00\x07\ud800", "e\u0301" * 300]
)
def test_any_language_and_sign_can_be_a_label(label):
    cell = SheetCell(picture=_picture((9, 9, 200)), words=label)
    image = _drawn(_one(cell, title=label, column_labels=(label,), row_labels=(label,), footer=label))
    assert _blocks(image, (9, 9, 200)) != (0, 0, 0, 0)


def test_letters_of_all_shipped_alphabets_are_drawn_as_themselves():
    """A font without a letter draws the same sign for all of them, so two words of one length would look alike."""
    cell = SheetCell(picture=None, words="")
    for one, other in (("łódź", "żółć"), ("привет", "победа"), ("ελλα", "σοφη"), ("việt", "nhất")):
        assert contact_sheet(_one(cell, title=one)) != contact_sheet(_one(cell, title=other))


def test_the_plan_is_in_the_file():
    note = '{"name": "Frühling", "photo": "娜"}'
    image = Image.open(BytesIO(contact_sheet(_sheet(), note=note)))
    assert image.format == "PNG"
    assert image.text["plan"] == note


@pytest.mark.parametrize(("rows", "columns"), [(0, 3), (3, 0)])
def test_an_empty_sheet_is_refused(rows, columns):
    with pytest.raises(BadParameter, match="nothing to put"):
        contact_sheet(_sheet(rows, columns))


def test_cells_that_do_not_fit_the_labels_are_refused():
    with pytest.raises(BadParameter, match="do not fit"):
        contact_sheet(replace(_sheet(), row_labels=("only one",)))


def test_more_than_a_hundred_megapixels_are_refused_at_once_and_the_way_out_is_named():
    cell, start = SheetCell(picture=None, words="planned"), time.perf_counter()
    many = Sheet(title="", column_labels=("c",) * 100, row_labels=("r",) * 100, cells=((cell,) * 100,) * 100)
    with pytest.raises(BadParameter) as caught:
        contact_sheet(many)
    assert time.perf_counter() - start < 10
    assert "26,800 × 26,800" in caught.value.say
    assert "to the pages" in caught.value.next


def test_labels_alone_cannot_pass_the_limit_either():
    with pytest.raises(BadParameter, match="megapixels"):
        contact_sheet(_one(SheetCell(picture=None, words="word " * 60_000), footer="word " * 60_000))


def test_four_hundred_pictures_are_on_a_sheet_within_a_few_seconds():
    picture, start = _picture((30, 60, 220), (512, 512), "WEBP"), time.perf_counter()
    cells = tuple(tuple(SheetCell(picture=picture, words="0.61 · $0.03") for _ in range(20)) for _ in range(20))
    made = contact_sheet(replace(_sheet(20, 20), cells=cells))
    assert time.perf_counter() - start < 90
    assert min(Image.open(BytesIO(made)).size) > 20 * STEP_PX
