"""The cases as support works with them: found by name or id, opened, and looked at with everything that belongs to one."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from pipeline import assets, cases, ledger, runs
from pipeline.buying import calls
from pipeline.cases import Attempts
from pipeline.database import Connection, Row
from pipeline.errors import BadParameter, NotNow, UnknownName, WrongOwner
from pipeline.ledger.reports import balance
from pipeline.records import RUN_ENDED, Asset, AssetKind, Case, Decision, Person, Plan, Role, RunKind, RunState
from pipeline.studio import grants, standing
from pipeline.studio.grants import Grant
from pipeline.studio.home import Question, Seen, seen_of
from pipeline.studio.people import check
from pipeline.studio.place import Place
from pipeline.studio.samples import PREFIX
from pipeline.studio.standing import CaseState

LONGEST_NAME = 5000
LONGEST_SEARCH = 500
MOST_LINES = 500
ID_LETTERS = 32


@dataclass(frozen=True, kw_only=True)
class CaseLine:
    """A case in a list: its picture (avatar, else crop of the photo), how it stands, how many runs go on and how many results wait."""

    case: Case
    thumbnail: Asset | None
    state: CaseState
    running: int
    to_review: int
    active_at: str


@dataclass(frozen=True, kw_only=True)
class Found:
    """One page of a search, and how many cases fit in all."""

    lines: tuple[CaseLine, ...]
    total: int


@dataclass(frozen=True, kw_only=True)
class CaseView:
    """A case with everything that belongs to it.

    `faces` is None for a photo nobody counted them in. Candidates are finished, belong to the present photo or avatar and wait for a
    decision, newest first; so does what was decided and withdrawn. `failed` holds the newest run of each kind if it failed. `older_clip` was
    approved for an avatar before the present one. `next_avatar` and `next_clip` are the numbers to ask by.
    """

    case: Case
    state: CaseState
    photo: Asset | None
    crop: Asset | None
    faces: int | None
    advice: tuple[str, ...]
    avatar: Seen | None
    clip: Seen | None
    avatars: tuple[Seen, ...]
    clips: tuple[Seen, ...]
    running: tuple[Seen, ...]
    failed: tuple[Seen, ...]
    questions: tuple[Question, ...]
    older_clip: Seen | None
    attempts: Attempts
    grants: tuple[Grant, ...]
    money: ledger.Totals
    next_avatar: int
    next_clip: int


def search(place: Place, text: str = "", *, limit: int = 50, offset: int = 0) -> Found:
    """Find cases whose id, owner id or name hold every word of `text`, in capitals or not, the newest activity first.

    At most 500 lines at a time; a case's activity is its newest run, else its opening.
    """
    words = tuple(_folded(word) for word in text[:LONGEST_SEARCH].split())
    page = (min(max(limit, 0), MOST_LINES), max(offset, 0))
    with place.database.reading() as db:
        db.create_function("fits", 3, lambda *texts: _fits(words, texts))
        db.execute("BEGIN")
        fitting = db.execute(
            """SELECT c.id, coalesce((SELECT max(asked_at) FROM runs WHERE case_id = c.id), c.created_at) AS active_at
            FROM cases c WHERE ? OR fits(c.id, c.owner, c.name) ORDER BY active_at DESC, c.id""",
            (not words,),
        ).fetchall()
        return Found(lines=_lines(db, fitting[page[1] : page[1] + page[0]]), total=len(fitting))


def open_new(place: Place, *, case_id: str, owner: str, name: str, plan: Plan, by: Person) -> Case:
    """Open a case; without an id it gets a readable one from its name and owner, so that a form sent twice opens one case.

    Raises NotAllowed, BadParameter for a missing owner, for neither id nor name and for ids over 200 characters, WrongOwner or
    NotNow when the id belongs to another case.
    """
    check(by, Role.MAKE)
    case_id, owner, name = _clean(case_id), _clean(owner), " ".join(_clean(name).split())[:LONGEST_NAME]
    if not owner:
        raise BadParameter("A case needs the id of its owner.", next="Copy it from the customer's account.")
    if not case_id and not name:
        raise BadParameter("A case needs an id or a name.", next="Write the name as the customer wrote it.")
    case_id = case_id or _readable_id(owner, name)
    with place.database.writing() as tx:
        known = cases.look_up(tx, case_id)
        if known is None:
            return cases.create(tx, case_id=case_id, owner=owner, name=name or case_id, plan=plan, by=by)
    if known.owner != owner:
        raise WrongOwner("A case with this id exists already and belongs to somebody else.")
    if (known.name, known.plan) != (name or case_id, plan):
        raise NotNow("A case with this id exists already, with another name or plan.", next="Search for it, or choose another id.")
    return known


def look(place: Place, case_id: str) -> CaseView:
    """Return a case with everything that belongs to it, of one moment; raises UnknownName."""
    with place.database.reading() as db:
        db.execute("BEGIN")
        case = find(db, case_id)
        rows = db.execute(RUNS, (case.id,)).fetchall()
        counts = standing.count(db, [case.id])[case.id]
        return CaseView(
            case=case,
            state=standing.state_of(case, counts),
            attempts=cases.attempts(db, case.id, place.settings.attempts),
            grants=grants.of_case(db, case.id),
            money=balance(db, "case", case.id, "ever"),
            questions=_questions(place, db, case),
            next_avatar=sum(row["kind"] == RunKind.AVATAR for row in rows) + 1,
            next_clip=sum(row["kind"] == RunKind.CLIP for row in rows) + 1,
            **_photo(db, case),
            **_seen(place, db, case, rows),
        )


def find(db: Connection, case_id: str) -> Case:
    """Return a case by its id, for showing, within a read that has begun; raises UnknownName."""
    case = cases.look_up(db, _clean(case_id))
    if case is None:
        raise UnknownName("There is no such case.", next="Search for it by name, case id or owner id.")
    return case


def thumbnail(db: Connection, case: Case) -> Asset | None:
    """Return the picture a list shows of a case: the small copy of its avatar, else the crop of its photo; None without a photo."""
    if case.avatar is not None:
        small = assets.children(db, case.id, case.avatar, AssetKind.AVATAR_DISPLAY)
        return small[0] if small else assets.get(db, case.id, case.avatar)
    shown = case.crop or case.photo
    return assets.get(db, case.id, shown) if shown else None


RUNS = """SELECT r.id, r.kind, r.state, r.source, r.photo_version, a.sha256 AS made, a.removed_at, (
        SELECT decision FROM approvals p WHERE p.scope = a.scope AND p.asset = a.sha256 ORDER BY p.at DESC, p.rowid DESC LIMIT 1) AS decision
    FROM runs r LEFT JOIN outputs o ON o.run_id = r.id AND r.state = 'succeeded'
    LEFT JOIN assets a ON a.scope = r.case_id AND a.sha256 = o.asset
    WHERE r.case_id = ? AND r.sweep IS NULL ORDER BY r.asked_at DESC, r.id DESC"""


def _lines(db: Connection, rows: list[Row]) -> tuple[CaseLine, ...]:
    counts = standing.count(db, [row["id"] for row in rows])
    return tuple(_line(db, find(db, row["id"]), counts[row["id"]], row["active_at"]) for row in rows)


def _line(db: Connection, case: Case, counts: standing.Counts, active_at: str) -> CaseLine:
    return CaseLine(
        case=case,
        thumbnail=thumbnail(db, case),
        state=standing.state_of(case, counts),
        running=counts.running,
        to_review=counts.to_review,
        active_at=active_at,
    )


def _photo(db: Connection, case: Case) -> dict[str, Any]:
    photo = assets.get(db, case.id, case.photo) if case.photo else None
    crop = assets.get(db, case.id, case.crop) if case.crop else None
    facts = photo.facts if photo else {}
    return {"photo": photo, "crop": crop, "faces": facts.get("faces"), "advice": tuple(remark["say"] for remark in facts.get("advice", ()))}


def _seen(place: Place, db: Connection, case: Case, rows: list[Row]) -> dict[str, Any]:
    def see(row: Row | None) -> Seen | None:
        return seen_of(place, db, runs.get(db, row["id"])) if row else None

    def see_all(some: list[Row]) -> tuple[Seen, ...]:
        return tuple(seen_of(place, db, runs.get(db, row["id"])) for row in some)

    of = {kind: [row for row in rows if row["kind"] == kind and row["photo_version"] == case.photo_version] for kind in RunKind}
    newest = [one[0] for one in of.values() if one]
    return {
        "avatar": see(_maker(rows, case.avatar)),
        "clip": see(_maker(rows, case.clip)),
        "avatars": see_all(_candidates(of[RunKind.AVATAR], case.avatar)),
        "clips": see_all(_candidates([row for row in of[RunKind.CLIP] if row["source"] == case.avatar], case.clip)),
        "running": see_all([row for row in rows if row["state"] not in RUN_ENDED]),
        "failed": see_all([row for row in newest if row["state"] == RunState.FAILED]),
        "older_clip": see(_older_clip(case, of[RunKind.CLIP])),
    }


def _maker(rows: list[Row], made: str | None) -> Row | None:
    return next((row for row in rows if made is not None and row["made"] == made), None)


def _candidates(rows: list[Row], current: str | None) -> list[Row]:
    """Return the newest run of each finished file that waits for a decision."""
    open_ = [
        row for row in rows if row["made"] and not row["removed_at"] and row["decision"] in (None, Decision.WITHDRAWN) and row["made"] != current
    ]
    newest: dict[str, Row] = {}
    for row in open_:
        newest.setdefault(row["made"], row)
    return list(newest.values())


def _older_clip(case: Case, rows: list[Row]) -> Row | None:
    """Return the newest clip that was approved for an avatar before the present one, unless the present one has a clip or one on its way."""
    if (
        case.avatar is None
        or case.clip is not None
        or any(row["source"] == case.avatar and row["state"] not in (RunState.FAILED, RunState.CANCELLED) for row in rows)
    ):
        return None
    return next((row for row in rows if row["source"] != case.avatar and row["decision"] == Decision.APPROVED and not row["removed_at"]), None)


def _questions(place: Place, db: Connection, case: Case) -> tuple[Question, ...]:
    rows = db.execute("SELECT * FROM calls WHERE case_id = ? AND state = 'unknown' AND needs_decision = 1 ORDER BY created_at", (case.id,))
    asked = [calls.call_of(row) for row in rows]
    return tuple(Question(call=call, seen=seen_of(place, db, runs.get(db, call.run_id))) for call in asked)


def _clean(text: str) -> str:
    """Cut spaces around a text and whatever in it is no character: half a surrogate pair cannot be stored."""
    return text.encode(errors="ignore").decode().strip()


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _fits(words: tuple[str, ...], texts: tuple[str, ...]) -> bool:
    text = _folded("\n".join(texts))
    return all(word in text for word in words)


def _readable_id(owner: str, name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = re.sub("[^a-z0-9]+", "-", plain).strip("-")[:ID_LETTERS].strip("-") or "case"
    mark = hashlib.sha256(f"{owner}\n{name}".encode()).hexdigest()[:6]
    return f"{'case-' if words.startswith(PREFIX.rstrip('-')) else ''}{words}-{mark}"
