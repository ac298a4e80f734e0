"""Blind pairs: two cells of one photo with different settings, which of them is better, and what the votes say of settings."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from random import Random
from typing import Any

from pipeline.database import Connection, insert
from pipeline.errors import NotNow
from pipeline.records import Person, Role, now
from pipeline.studio import sweep_view, sweeps
from pipeline.studio.people import check
from pipeline.studio.place import Place
from pipeline.studio.replays import is_replay
from pipeline.studio.sweep_view import SeenCell, SweepView
from pipeline.studio.sweep_words import OF_ONE_PICTURE
from pipeline.sweeps.plans import Axis
from pipeline.sweeps.ranking import Verdict, Vote, next_pair

# Weighing every pair grows with the square: of more settings than these, so many are drawn by lot for each pair.
MOST_AT_ONCE = 200
COMPARED = """SELECT r.id, r.case_id, r.source, r.settings FROM runs r JOIN outputs o ON o.run_id = r.id
    JOIN assets a ON a.scope = r.case_id AND a.sha256 = o.asset AND a.removed_at IS NULL
    WHERE r.id = ? AND r.sweep = ? AND r.state = 'succeeded' AND o.unfit IS NULL"""


# A vote that was taken back stays where it is and counts no more.
COUNTS = "NOT EXISTS (SELECT 1 FROM votes_taken_back b WHERE b.vote = votes.id)"


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two runs to choose between, blind; which stands left was drawn by lot."""

    left: str
    right: str


@dataclass(frozen=True, kw_only=True)
class Tally:
    """How many pairs one person and all together have judged, and whether the pictures that can be compared are of several styles."""

    own: int
    all: int
    several_styles: bool


def check_judge(by: Person) -> None:
    """Raise NotAllowed unless the person makes or approves pictures, who all may judge them."""
    if Role.APPROVE not in by.roles:
        check(by, Role.MAKE)


def pair(place: Place, sweep_id: str, by: Person, *, across_styles: bool = False) -> Pair | None:
    """Return two finished, fit cells of one photo with different settings that this person has not judged; None when all are.

    Both are of one style (or motion) unless `across_styles` asks otherwise: which style one likes says nothing of which setting is right.
    The settings whose order is least known come first, and of their pictures those with the same seed. It stays the same pair until it is
    voted on or more cells are finished. Raises UnknownName, and NotNow while fewer than two can be compared.
    """
    seen = sweep_view.look(place, sweep_id)
    with place.database.reading() as db:
        cast = votes_of(db, sweep_id)
    shown = _shown(seen)
    mine = frozenset(frozenset((vote.left, vote.right)) for vote in cast if vote.person == by.name)
    random = Random(f"{sweep_id}|{by.name}|{len(mine)}")  # noqa: S311 - drawn by lot, not a secret
    chosen = sorted(shown) if len(shown) <= MOST_AT_ONCE else random.sample(sorted(shown), MOST_AT_ONCE)
    two = [(a, b) for a, b in combinations(chosen, 2) if across_styles or style_of(shown[a][0]) == style_of(shown[b][0])]
    if not two and len(shown) > 1 and not across_styles:
        raise NotNow(
            "Only styles differ here, and two styles are judged against each other only when that is asked for.",
            next="Ask for styles against each other, or add another strength or prompt.",
        )
    if not any(_has(shown[one], shown[other], frozenset()) for one, other in two):
        raise NotNow("Fewer than two pictures can be compared yet.", next="A pair is two finished pictures of one photo with different settings.")
    open_ = {(a, b) for a, b in two if _has(shown[a], shown[b], mine)}
    closed = [Vote(left=a, right=b, person=by.name, verdict=Verdict.BOTH_BAD) for a, b in combinations(chosen, 2) if (a, b) not in open_]
    best = next_pair(chosen, [*_within(chosen, over_settings(cast, seen)), *closed], by.name, random)
    return _draw(shown[best[0]], shown[best[1]], mine, cast, random) if best else None


def vote(place: Place, sweep_id: str, left: str, right: str, verdict: Verdict, by: Person) -> None:
    """Keep a person's verdict on two cells as they stood side by side, once for each pair on whichever sides.

    Raises NotAllowed, UnknownName, and NotNow for a pair that this person judged before or that cannot be compared.
    """
    check_judge(by)
    with place.database.writing() as tx:
        sweeps.get(tx, sweep_id)
        _check_comparable(tx, sweep_id, left, right)
        query = f"""SELECT 1 FROM votes WHERE sweep = ? AND person = ? AND {COUNTS}
            AND ((left_run = ? AND right_run = ?) OR (left_run = ? AND right_run = ?))"""  # noqa: S608
        if tx.execute(query, (sweep_id, by.name, left, right, right, left)).fetchone():
            raise NotNow("You judged this pair already.", next="Go on with the next one.")
        row = {"sweep": sweep_id, "left_run": left, "right_run": right, "person": by.name, "verdict": verdict.value, "at": now()}
        insert(tx, "votes", row)


def take_back(place: Place, sweep_id: str, by: Person) -> Pair:
    """Take a person's newest vote back, by a row beside it, and return its pair as it stood; raises NotAllowed, NotNow when there is none."""
    check_judge(by)
    query = f"SELECT id, left_run, right_run FROM votes WHERE sweep = ? AND person = ? AND {COUNTS} ORDER BY id DESC LIMIT 1"  # noqa: S608
    with place.database.writing() as tx:
        row = tx.execute(query, (sweep_id, by.name)).fetchone()
        if row is None:
            raise NotNow("You have no vote to take back here.", next="Go on with the pair that is shown.")
        insert(tx, "votes_taken_back", {"vote": row["id"], "person": by.name, "at": now()})
    return Pair(left=row["left_run"], right=row["right_run"])


def tally(place: Place, seen: SweepView, by: Person) -> Tally:
    """Count the votes on a sweep."""
    with place.database.reading() as db:
        cast = votes_of(db, seen.sweep.id)
    styles = {style_of(one) for one in seen.cells if can_be_compared(one)}
    return Tally(own=sum(vote.person == by.name for vote in cast), all=len(cast), several_styles=len(styles) > 1)


def style_of(one: SeenCell) -> str:
    """Return the style, for clips the motion, that a cell was made in."""
    return str(one.cell.settings["style"])


def votes_of(db: Connection, sweep_id: str) -> list[Vote]:
    """Return every vote on pairs of runs that was not taken back, oldest first."""
    rows = db.execute(f"SELECT * FROM votes WHERE sweep = ? AND {COUNTS} ORDER BY id", (sweep_id,))  # noqa: S608
    return [Vote(left=row["left_run"], right=row["right_run"], person=row["person"], verdict=Verdict(row["verdict"])) for row in rows]


def over_settings(cast: Sequence[Vote], seen: SweepView) -> list[Vote]:
    """Return votes on runs as votes on their settings, by nobody in particular; runs that the plan has no more are left out."""
    known = {one.made.run_id: setting_id(one.cell.settings) for one in seen.cells if one.made}
    told = [(known.get(one.left), known.get(one.right), one.verdict) for one in cast]
    return [Vote(left=left, right=right, person="", verdict=verdict) for left, right, verdict in told if left and right and left != right]


def setting_id(settings: Mapping[str, Any]) -> str:
    """Return what names a setting: the same for runs that differ only in photo, seed and take."""
    kept = {name: value for name, value in settings.items() if name not in OF_ONE_PICTURE}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:16]


def can_be_compared(one: SeenCell) -> bool:
    """Tell whether a cell has a picture, served as it was asked for."""
    return one.made is not None and one.made.state == "made" and one.made.unfit is None


def _shown(seen: SweepView) -> Mapping[str, list[SeenCell]]:
    """Return the pictures that can be compared by their setting, each once."""
    found: dict[str, dict[str, SeenCell]] = defaultdict(dict)
    for one in filter(can_be_compared, seen.cells):
        found[setting_id(one.cell.settings)].setdefault(one.cell.key, one)
    return {setting: list(cells.values()) for setting, cells in found.items()}


def _within(chosen: Sequence[str], cast: Sequence[Vote]) -> list[Vote]:
    among = set(chosen)
    return [one for one in cast if {one.left, one.right} <= among]


def _open(one: Sequence[SeenCell], other: Sequence[SeenCell], judged: frozenset[frozenset[str]]) -> Iterator[tuple[SeenCell, SeenCell]]:
    """Yield what of two settings can be put side by side: the same photo, not the very same file, not judged yet."""
    for a in one:
        for b in other:
            same_photo = a.cell.values[Axis.PHOTO] == b.cell.values[Axis.PHOTO]
            if same_photo and _file(a) != _file(b) and frozenset((_run(a), _run(b))) not in judged:
                yield a, b


def _has(one: Sequence[SeenCell], other: Sequence[SeenCell], judged: frozenset[frozenset[str]]) -> bool:
    return next(_open(one, other, judged), None) is not None


def _draw(one: Sequence[SeenCell], other: Sequence[SeenCell], judged: frozenset[frozenset[str]], cast: Sequence[Vote], random: Random) -> Pair:
    """Choose two pictures: of the same seed where there are, then those that were looked at least."""
    looked = Counter(run_id for each in cast for run_id in (each.left, each.right))

    def worth(two: tuple[SeenCell, SeenCell]) -> tuple[bool, int, float]:
        seeds = [cell.cell.settings["seed"] for cell in two]
        return seeds[0] != seeds[1], sum(looked[_run(cell)] for cell in two), random.random()

    left, right = min(_open(one, other, judged), key=worth)
    return Pair(left=_run(left), right=_run(right))


def _run(one: SeenCell) -> str:
    return one.made.run_id if one.made else ""


def _file(one: SeenCell) -> str:
    return one.made.whole.sha256 if one.made and one.made.whole else ""


def _check_comparable(tx: Connection, sweep_id: str, left: str, right: str) -> None:
    found = [tx.execute(COMPARED, (run_id, sweep_id)).fetchone() for run_id in (left, right)]
    if None in found or is_replay(left) or is_replay(right):
        raise NotNow("One of these pictures cannot be compared.", next="Go on with the next pair.")
    one, other = found
    if (one["case_id"], one["source"]) != (other["case_id"], other["source"]):
        raise NotNow("Only pictures of the same photo are compared.", next="Go on with the next pair.")
    if setting_id(json.loads(one["settings"])) == setting_id(json.loads(other["settings"])):
        raise NotNow("These two have the same settings.", next="Go on with the next pair.")
