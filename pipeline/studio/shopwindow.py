"""What can be published, what is, and everything about one case's publications: for looking."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from pipeline import assets, cases
from pipeline.database import Connection, Row
from pipeline.folding import words_of
from pipeline.publishing import publications
from pipeline.publishing.publications import Publication, State
from pipeline.records import STUDIO_SCOPE, Asset, AssetKind, Case, Person, Role
from pipeline.studio import finding, withdrawing
from pipeline.studio.people import check
from pipeline.studio.place import Place
from pipeline.studio.withdrawing import Receipt

MOST_LINES = 200
# What is approved and not what guests see; and what guests see of something.
WAITS = "(c.avatar IS NOT NULL AND (a.asset IS NOT c.avatar OR v.asset IS NOT c.clip))"
SHOWN = "(a.id IS NOT NULL OR v.id IS NOT NULL)"
LINES = """SELECT c.id, coalesce(v.verified_at, a.verified_at) AS since FROM cases c
    LEFT JOIN publications a ON a.case_id = c.id AND a.kind = 'avatar' AND a.state = 'published'
    LEFT JOIN publications v ON v.case_id = c.id AND v.kind = 'clip' AND v.state = 'published'
    WHERE c.id <> ? AND {fitting} AND """


class Which(StrEnum):
    """The two shelves of the screen."""

    WAITING = "waiting"
    SHOWN = "shown"


@dataclass(frozen=True, kw_only=True)
class Line:
    """A case in the list: what is approved now, small enough to show, and what guests see.

    `withdrawn` is what somebody took back of what is approved now; `returned` says that guests are shown an earlier one on purpose.
    """

    case: Case
    picture: Asset | None
    live: Mapping[AssetKind, Publication]
    withdrawn: Publication | None
    returned: bool

    @property
    def one_of_many(self) -> bool:
        """Tell whether it may be published together with others, which nobody looks at one by one: nobody has decided against it."""
        return bool(self.case.avatar) and self.withdrawn is None and not self.returned

    @property
    def adds(self) -> str:
        """Say what publishing would change, empty when nothing."""
        avatar, clip = self.live.get(AssetKind.AVATAR), self.live.get(AssetKind.CLIP)
        if self.case.clip and (clip is None or clip.asset != self.case.clip):
            return "A newer clip is approved" if clip else "Clip and avatar" if avatar is None else "A clip is approved"
        if self.case.avatar and (avatar is None or avatar.asset != self.case.avatar):
            return "A newer avatar is approved" if avatar else "Avatar"
        return "The clip shown is no longer the case's" if clip and not self.case.clip else ""


@dataclass(frozen=True, kw_only=True)
class Window:
    """One page of a shelf, and how many cases stand on each."""

    lines: tuple[Line, ...]
    waiting: int
    shown: int


@dataclass(frozen=True, kw_only=True)
class Past:
    """A publication in the history of a case with the file it showed; `again` says whether one may return to it.

    `withdrawals` are the receipts of what was withdrawn of it: its own, and that of the poster that was shown with it.
    """

    publication: Publication
    file: Asset
    again: bool
    withdrawals: tuple[Receipt, ...]


@dataclass(frozen=True, kw_only=True)
class Showcase:
    """Everything about what guests of one case see: live by kind, what is approved and could be shown, and the history, newest first."""

    line: Line
    photo: Asset | None
    avatar: Asset | None
    clip: Asset | None
    poster: Asset | None
    past: tuple[Past, ...]


def listing(place: Place, which: Which, text: str = "", *, limit: int = 48, offset: int = 0) -> Window:
    """Return a page of a shelf, searched as cases are: what waits in the order of the cases, what is shown with the newest first."""
    words = words_of(text)
    with place.database.reading() as db:
        db.execute("BEGIN")
        found = {one: _found(db, WAITS if one is Which.WAITING else SHOWN, words) for one in Which}
        page = found[which][max(offset, 0) : max(offset, 0) + min(max(limit, 0), MOST_LINES)]
        lines = tuple(_line(db, case) for row in page if (case := cases.look_up(db, row["id"])))
    return Window(lines=lines, waiting=len(found[Which.WAITING]), shown=len(found[Which.SHOWN]))


def waiting(db: Connection, limit: int) -> tuple[tuple[Line, ...], int]:
    """Return the first cases with something approved that guests do not see, and how many there are; what somebody took back waits for nobody."""
    rows = _found(db, WAITS, ())
    found: list[Line] = []
    for row in rows[: 4 * limit]:
        case = cases.look_up(db, row["id"])
        line = _line(db, case) if case else None
        if line and line.one_of_many and len(found) < limit:
            found.append(line)
    return tuple(found), len(rows)


def look(place: Place, case_id: str, by: Person) -> Showcase:
    """Return everything about a case's publications; raises NotAllowed, UnknownName."""
    check(by, Role.VIEW)
    with place.database.reading() as db:
        db.execute("BEGIN")
        case = finding.find(db, case_id)
        avatar = _asset(db, case, case.avatar)
        clip = _asset(db, case, case.clip)
        return Showcase(
            line=_line(db, case),
            photo=_asset(db, case, case.crop or case.photo),
            avatar=_first(db, avatar, AssetKind.AVATAR_DISPLAY) if avatar else None,
            clip=clip,
            poster=_poster(db, clip) if clip else None,
            past=_past(db, case),
        )


def _found(db: Connection, condition: str, words: tuple[str, ...]) -> list[Row]:
    order = " ORDER BY since DESC, c.id" if condition == SHOWN else " ORDER BY c.created_at, c.id"
    return db.execute(LINES.format(fitting=finding.fitting_words(words)) + condition + order, (STUDIO_SCOPE, *words)).fetchall()


def _line(db: Connection, case: Case) -> Line:
    live = publications.live(db, case.id)
    picture = finding.thumb_of(db, case) or _shown(db, live)
    return Line(case=case, picture=picture, live=live, withdrawn=_withdrawn(db, case), returned=_returned(db, case, live))


def _withdrawn(db: Connection, case: Case) -> Publication | None:
    """Return the withdrawal of what is approved now, the latest of clip and avatar; None when it was never shown or is shown again."""
    told = publications.history(db, case.id)
    newest = [next((one for one in told if (one.kind, one.asset) == named), None) for named in _approved(case)]
    taken = [one for one in newest if one is not None and _is_withdrawn(one)]
    return max(taken, key=lambda one: one.ended_at or "", default=None)


def _returned(db: Connection, case: Case, live: Mapping[AssetKind, Publication]) -> bool:
    """Tell whether something else was published after what is approved now had been approved."""
    newest = "SELECT max(at) AS at FROM approvals WHERE scope = ? AND asset = ? AND decision = 'approved'"
    for kind, asset in _approved(case):
        shown = live.get(kind)
        at = db.execute(newest, (case.id, asset)).fetchone()["at"]
        if shown and at and shown.asset != asset and shown.asked_at > at:
            return True
    return False


def _approved(case: Case) -> list[tuple[AssetKind, str]]:
    return [(kind, asset) for kind, asset in ((AssetKind.AVATAR, case.avatar), (AssetKind.CLIP, case.clip)) if asset]


def _shown(db: Connection, live: Mapping[AssetKind, Publication]) -> Asset | None:
    one = live.get(AssetKind.AVATAR)
    return assets.get(db, one.case_id, one.sha256) if one else None


def _asset(db: Connection, case: Case, sha256: str | None) -> Asset | None:
    return assets.get(db, case.id, sha256) if sha256 else None


def _first(db: Connection, parent: Asset, kind: AssetKind) -> Asset | None:
    return next(iter(assets.children(db, parent.scope, parent.sha256, kind)), None)


def _poster(db: Connection, clip: Asset) -> Asset | None:
    found = assets.children(db, clip.scope, clip.parents[0], AssetKind.POSTER)
    return next((one for one in found if one.run_id == clip.run_id), None)


def _past(db: Connection, case: Case) -> tuple[Past, ...]:
    every = publications.history(db, case.id)
    told = [one for one in every if one.kind is not AssetKind.POSTER]
    live = {one.id for one in publications.live(db, case.id).values()}
    shown = {one.asset for one in told if one.id in live}
    return tuple(
        Past(
            publication=one,
            file=assets.get(db, case.id, one.sha256),
            again=one.asset not in shown and cases.decision_of(db, case.id, one.asset) == "approved" and one.verified_at is not None,
            withdrawals=tuple(_receipt(also) for also in (one, *_posters(every, one)) if _is_withdrawn(also)),
        )
        for one in told
    )


def _posters(every: tuple[Publication, ...], clip: Publication) -> list[Publication]:
    """Return the posters guests saw with a clip: those of the same clip that were there at the same time."""
    same = [one for one in every if one.kind is AssetKind.POSTER and clip.kind is AssetKind.CLIP and one.asset == clip.asset]
    return [one for one in same if one.asked_at < (clip.ended_at or "") and clip.asked_at < (one.ended_at or "")]


def _is_withdrawn(one: Publication) -> bool:
    return State.WITHDRAWN in (one.state, one.ends_as)


def _receipt(one: Publication) -> Receipt:
    return Receipt(publication=one, outcome=withdrawing.GONE if one.removed_at else withdrawing.STUCK)
