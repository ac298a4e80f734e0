"""A labelled contact sheet: the pictures of one view of a sweep on one page to send or print, its plan inside the file."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageDraw, PngImagePlugin

from pipeline.errors import BadParameter
from pipeline.media.decoding.kinds import TooManyPixels, Unreadable
from pipeline.media.decoding.request import StillRequest
from pipeline.media.pictures import opened
from pipeline.sweeps.lettering import Lettering

CELL_PX = 256
GAP_PX = 12
UNDER_PX = 4
MARGIN_PX = 24
WIDEST_ROW_LABEL_PX = 320
NARROWEST_PAGE_PX = 480
MOST_PIXELS = 100_000_000
NOTE_NAME = "plan"
UNREADABLE = "This picture cannot be read."
DIMMED = 0.72
READERS = 2
PAPER, INK, SOFT, BLANK = "#ffffff", "#1f2328", "#57606a", "#e4e6ea"

TITLE, LABEL, BODY = Lettering(size_px=26, weight=650), Lettering(size_px=17, weight=600), Lettering(size_px=15)


@dataclass(frozen=True, kw_only=True)
class SheetCell:
    """One cell: the bytes of its picture or None, the line under it (or why there is none), and whether it is to stand back."""

    picture: bytes | None
    words: str
    dimmed: bool = False


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """What stands on the page: `cells` are rows of as many cells as there are column labels."""

    title: str
    column_labels: tuple[str, ...]
    row_labels: tuple[str, ...]
    cells: tuple[tuple[SheetCell, ...], ...]
    footer: str = ""


@dataclass(frozen=True, kw_only=True)
class _Row:
    top_px: int
    label: list[str]
    words: list[list[str]]
    high_px: int


@dataclass(frozen=True, kw_only=True)
class _Page:
    """Where everything stands, in pixels, and every text in the lines it takes."""

    width_px: int
    height_px: int
    left_px: int
    head_px: int
    title: list[str]
    columns: list[list[str]]
    rows: list[_Row]
    footer: list[str]
    footer_px: int


def contact_sheet(sheet: Sheet, *, note: str = "") -> bytes:
    """Draw the sheet as a PNG; `note` is kept in the file as the text named "plan".

    Pictures keep their shape inside 256 × 256 px, labels wrap and are never cut, and where there is no picture its words stand on grey.
    Raises BadParameter when rows, columns and labels do not fit together, when there is no cell, or above 100 megapixels.
    """
    _check(sheet)
    page = _laid_out(sheet)
    _check_size(page.width_px, page.height_px)
    canvas = Image.new("RGB", (page.width_px, page.height_px), PAPER)
    _write(ImageDraw.Draw(canvas), page)
    with ThreadPoolExecutor(READERS) as readers:
        for cells, row in zip(sheet.cells, page.rows, strict=True):
            _draw_row(canvas, page, row, cells, list(readers.map(_fitted, (cell.picture for cell in cells))))
    return _png(canvas, note)


def _check(sheet: Sheet) -> None:
    columns, rows = len(sheet.column_labels), len(sheet.row_labels)
    if not columns or not rows:
        raise BadParameter("There is nothing to put on a contact sheet yet.", next="Choose a view with at least one cell.")
    if len(sheet.cells) != rows or any(len(row) != columns for row in sheet.cells):
        raise BadParameter("The labels of this contact sheet do not fit its cells.", next="Open the view again and try once more.")
    _check_size(columns * (CELL_PX + GAP_PX), rows * (CELL_PX + GAP_PX))


def _check_size(width_px: int, height_px: int) -> None:
    if width_px * height_px > MOST_PIXELS:
        say = f"This contact sheet would be {width_px:,} × {height_px:,} pixels; at most {MOST_PIXELS // 1_000_000} megapixels are drawn."
        raise BadParameter(say, next="Move an axis to the pages, or leave some of its values out, and make one sheet for each page.")


def _laid_out(sheet: Sheet) -> _Page:
    labels = [LABEL.lines(label, WIDEST_ROW_LABEL_PX) for label in sheet.row_labels]
    label_px = max(map(LABEL.widest_px, labels))
    left = MARGIN_PX + label_px + GAP_PX
    width = max(left + len(sheet.column_labels) * (CELL_PX + GAP_PX) - GAP_PX + MARGIN_PX, NARROWEST_PAGE_PX)
    title = TITLE.lines(sheet.title, width - 2 * MARGIN_PX)
    columns = [LABEL.lines(label, CELL_PX) for label in sheet.column_labels]
    head = MARGIN_PX + len(title) * TITLE.line_px + (GAP_PX if title else 0)
    rows = list(_rows(sheet, labels, head + max(map(len, columns)) * LABEL.line_px + GAP_PX))
    footer = BODY.lines(sheet.footer, width - 2 * MARGIN_PX)
    bottom = rows[-1].top_px + rows[-1].high_px
    return _Page(
        width_px=width,
        height_px=bottom + len(footer) * BODY.line_px + MARGIN_PX,
        left_px=left,
        head_px=head,
        title=title,
        columns=columns,
        rows=rows,
        footer=footer,
        footer_px=bottom,
    )


def _rows(sheet: Sheet, labels: list[list[str]], top_px: int) -> Iterator[_Row]:
    """Give each row the height of its tallest words, below the picture or, without one, upon it."""
    for cells, label in zip(sheet.cells, labels, strict=True):
        words = [BODY.lines(cell.words, CELL_PX if cell.picture else CELL_PX - 2 * GAP_PX) for cell in cells]
        under = max((UNDER_PX + len(lines) * BODY.line_px for cell, lines in zip(cells, words, strict=True) if cell.picture), default=0)
        upon = max((len(lines) * BODY.line_px + 2 * GAP_PX for cell, lines in zip(cells, words, strict=True) if not cell.picture), default=0)
        high = max(CELL_PX + under, upon, len(label) * LABEL.line_px) + GAP_PX
        yield _Row(top_px=top_px, label=label, words=words, high_px=high)
        top_px += high


def _write(ink: ImageDraw.ImageDraw, page: _Page) -> None:
    TITLE.draw(ink, (MARGIN_PX, MARGIN_PX), page.title, fill=INK)
    for number, label in enumerate(page.columns):
        LABEL.draw(ink, (page.left_px + number * (CELL_PX + GAP_PX), page.head_px), label, fill=INK, centred_in_px=CELL_PX)
    for row in page.rows:
        LABEL.draw(ink, (MARGIN_PX, row.top_px), row.label, fill=INK)
    BODY.draw(ink, (MARGIN_PX, page.footer_px), page.footer, fill=SOFT)


def _draw_row(canvas: Image.Image, page: _Page, row: _Row, cells: tuple[SheetCell, ...], pictures: list[Image.Image | None]) -> None:
    for number, (cell, picture, words) in enumerate(zip(cells, pictures, row.words, strict=True)):
        _draw_cell(canvas, cell, picture, (page.left_px + number * (CELL_PX + GAP_PX), row.top_px), words)


def _draw_cell(canvas: Image.Image, cell: SheetCell, picture: Image.Image | None, place: tuple[int, int], words: list[str]) -> None:
    ink, (left, top) = ImageDraw.Draw(canvas), place
    if not cell.picture:
        _draw_blank(ink, place, words)
        return
    if picture:
        shown = Image.blend(picture, Image.new("RGB", picture.size, PAPER), DIMMED) if cell.dimmed else picture
        canvas.paste(shown, (left + (CELL_PX - picture.width) // 2, top + (CELL_PX - picture.height) // 2))
    else:
        _draw_blank(ink, place, BODY.lines(UNREADABLE, CELL_PX))
    BODY.draw(ink, (left, top + CELL_PX + UNDER_PX), words, fill=SOFT, centred_in_px=CELL_PX)


def _draw_blank(ink: ImageDraw.ImageDraw, place: tuple[int, int], words: list[str]) -> None:
    left, top = place
    high = max(CELL_PX, len(words) * BODY.line_px + 2 * GAP_PX)
    ink.rectangle((left, top, left + CELL_PX - 1, top + high - 1), fill=BLANK)
    middle = top + (high - len(words) * BODY.line_px) // 2
    BODY.draw(ink, (left, middle), words, fill=INK, centred_in_px=CELL_PX)


def _fitted(data: bytes | None) -> Image.Image | None:
    """Return the picture in sRGB, its longer side 256 px; None when there is none or it is not whole."""
    if not data:
        return None
    try:
        _, image = opened(data, StillRequest(draft_px=CELL_PX))
    except (Unreadable, TooManyPixels):
        return None
    scale = CELL_PX / max(image.size)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _png(canvas: Image.Image, note: str) -> bytes:
    """Encode at the lightest compression, which takes a quarter of the time and pictures hardly notice."""
    text, out = PngImagePlugin.PngInfo(), BytesIO()
    text.add_itxt(NOTE_NAME, note.encode("utf-8", "replace").decode("utf-8"))
    canvas.save(out, "PNG", compress_level=1, pnginfo=text)
    return out.getvalue()
