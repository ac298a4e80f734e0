"""The list of cases: searched by name, case id or owner id, with pictures and how each stands."""

from collections.abc import Collection
from dataclasses import dataclass

from pipeline import assets, cases
from pipeline.database import Connection, Row
from pipeline.errors import UnknownName
from pipeline.folding import words_of
from pipeline.records import STUDIO_SCOPE, Asset, AssetKind, Case
from pipeline.studio import standing
from pipeline.studio.place import Place
from pipeline.studio.standing import CaseState

MOST_LINES = 500


NEWEST_FIRST = """SELECT c.id, coalesce((SELECT asked_at FROM runs WHERE case_id = c.id AND sweep IS NULL ORDER BY asked_at DESC LIMIT 1),
        c.created_at) AS last_at
    FROM cases c WHERE c.id <> ? AND {fitting} AND (? = '' OR c.created_by = ?
        OR EXISTS (SELECT 1 FROM runs r WHERE r.case_id = c.id AND r.person = ? AND r.sweep IS NULL))
    ORDER BY last_at DESC, c.id"""


@dataclass(frozen=True, kw_only=True)
class CaseLine:
    """A case in a list: its picture (avatar, else crop of the photo), how it stands, how many runs go on and how many results wait."""

    case: Case
    thumb: Asset | None
    state: CaseState
    running: int
    to_review: int
    last_at: str


@dataclass(frozen=True, kw_only=True)
class CasePage:
    """One page of a search, and how many cases fit in all."""

    lines: tuple[CaseLine, ...]
    total: int


def search(place: Place, text: str = "", *, states: Collection[CaseState] = (), of: str = "", limit: int = 50, offset: int = 0) -> CasePage:
    """Find cases whose id, owner id or name hold every word of `text`, whatever its capitals, accents and apostrophes, the newest activity first.

    `states` leaves only cases that stand so, none given means however they stand; `of` only those that this person opened or had something
    made in. At most 500 lines at a time; a case's activity is its newest attempt, else its opening. The studio's own test photos are no case.
    """
    words = words_of(text)
    page = (min(max(limit, 0), MOST_LINES), max(offset, 0))
    with place.database.reading() as db:
        db.execute("BEGIN")
        fitting = db.execute(NEWEST_FIRST.format(fitting=fitting_words(words)), (STUDIO_SCOPE, *words, of, of, of)).fetchall()
        if states:
            fitting = [row for row, state in zip(fitting, _states(db, fitting), strict=True) if state in states]
        return CasePage(lines=lines(db, fitting[page[1] : page[1] + page[0]]), total=len(fitting))


def fitting_words(words: Collection[str]) -> str:
    """Return the SQL condition that the case `c` is one these words look for, with a place for each word.

    >>> fitting_words(["anna", "lim"])
    'instr(c.folded, ?) AND instr(c.folded, ?)'
    """
    return " AND ".join("instr(c.folded, ?)" for _ in words) or "1"


def clean(text: str) -> str:
    """Return a text without the spaces around it, and without half surrogate pairs, which cannot be stored."""
    return whole(text).strip()


def whole(text: str) -> str:
    """Return a text without half surrogate pairs, which cannot be stored."""
    return text.encode(errors="ignore").decode()


def find(db: Connection, case_id: str) -> Case:
    """Return a customer's case by its id, for showing, within a read that has begun; raises UnknownName."""
    case = cases.look_up(db, whole(case_id))
    if case is None or case.id == STUDIO_SCOPE:
        raise UnknownName("There is no such case.", next="Search for it by name, case id or owner id.")
    return case


def thumb_of(db: Connection, case: Case) -> Asset | None:
    """Return the picture a list shows of a case: the small copy of its avatar, else the crop of its photo; None without a photo."""
    if case.avatar is not None:
        small = assets.children(db, case.id, case.avatar, AssetKind.AVATAR_DISPLAY)
        return small[0] if small else assets.get(db, case.id, case.avatar)
    shown = case.crop or case.photo
    return assets.get(db, case.id, shown) if shown else None


def _states(db: Connection, rows: list[Row]) -> list[CaseState | None]:
    ids = [row["id"] for row in rows]
    counts = standing.count(db, ids)
    known = [cases.look_up(db, one) for one in ids]
    return [standing.state_of(case, counts[one]) if case else None for one, case in zip(ids, known, strict=True)]


def lines(db: Connection, rows: list[Row]) -> tuple[CaseLine, ...]:
    """Return the cases of rows of `id, last_at` as lists show them."""
    counts = standing.count(db, [row["id"] for row in rows])
    found = [(cases.look_up(db, row["id"]), row) for row in rows]
    return tuple(_line(db, case, counts[row["id"]], row["last_at"]) for case, row in found if case)


def _line(db: Connection, case: Case, counts: standing.Counts, last_at: str) -> CaseLine:
    return CaseLine(
        case=case,
        thumb=thumb_of(db, case),
        state=standing.state_of(case, counts),
        running=counts.running,
        to_review=counts.to_review,
        last_at=last_at,
    )
