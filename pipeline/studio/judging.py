"""What people think of a sweep: stars and rejections of its cells, and how its settings stand by votes, likeness and cost."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, pstdev
from typing import Any

from pipeline import runs
from pipeline.database import Connection, Row, insert
from pipeline.errors import BadParameter, NotNow
from pipeline.media.likeness import Band
from pipeline.records import Person, RunKind, RunState, now
from pipeline.studio import sweep_view
from pipeline.studio.pairs import Pair, can_be_compared, check_judge, over_settings, pair, setting_id, style_of, vote, votes_of
from pipeline.studio.place import Place
from pipeline.studio.presets import FREE, NAMES
from pipeline.studio.replays import is_replay
from pipeline.studio.sweep_view import Made, SeenCell, SweepView
from pipeline.studio.sweep_words import setting_words, style_words
from pipeline.sweeps.ranking import Agreement, Ranking, Standing, Vote, Worth, agreement, quality_per_dollar, rank

__all__ = ["Judged", "Pair", "Rating", "Setting", "evidence", "pair", "rate", "ratings", "settings_of_cell", "standing", "vote"]

MOST_STARS = 5
LONGEST_REASON = 200
LONGEST_NOTE = 500


@dataclass(frozen=True, kw_only=True)
class Rating:
    """What one person thinks of a cell now: 1 to 5 stars (0 for none), why it is rejected (empty when it is not), a note, when (UTC)."""

    run_id: str
    person: str
    stars: int
    rejected: str
    note: str
    at: str


@dataclass(frozen=True, kw_only=True)
class Setting:
    """The cells that differ only in photo, seed and take, as one candidate; `cells` counts those that are made.

    `cost_micro_usd` is the mean price of one, whether or not it was owned. Likeness is the mean of the cells' least alike faces with its
    standard deviation and lowest value. A cell is acceptable when nobody rejected it, it was served as asked, and its likeness is not weak;
    `cost_per_acceptable_micro_usd` is what all of them cost for each such one. `efficient`: nothing that costs no more is better by votes.
    """

    id: str
    style: str
    words: str
    run_ids: tuple[str, ...]
    cells: int
    cost_micro_usd: int
    standing: Standing | None
    efficient: bool
    mean_stars: float | None
    likeness: float | None
    likeness_spread: float | None
    likeness_low: float | None
    rejected: int
    acceptable: int
    cost_per_acceptable_micro_usd: int | None


@dataclass(frozen=True, kw_only=True)
class Judged:
    """The settings of a sweep from best to worst by blind votes, those without votes last in the order of the plan.

    While nobody asked for two styles against each other, each style has a ranking of its own. Rankings and the worth name settings by id;
    `agreement` is over pairs of cells; `votes` counts by person; `words` say what the votes bear.
    """

    settings: tuple[Setting, ...]
    rankings: Mapping[str, Ranking]
    worth: tuple[Worth, ...]
    agreement: Agreement
    votes: Mapping[str, int]

    @property
    def words(self) -> str:
        """What can be said of the order so far."""
        said = [f"{style}: {ranking.words}" if style else ranking.words for style, ranking in self.rankings.items()]
        return " ".join(said) or rank(()).words

    @property
    def winners(self) -> frozenset[str]:
        """The settings that won, by id: one at most of each ranking."""
        return frozenset(ranking.winner for ranking in self.rankings.values() if ranking.winner)

    @property
    def winner(self) -> Setting | None:
        """The setting that won, the first of several; None while the votes do not bear one."""
        return next((one for one in self.settings if one.id in self.winners), None)


def rate(place: Place, run_id: str, by: Person, *, stars: int | None = None, rejected: str | None = None, note: str = "") -> Rating:
    """Give a finished cell stars, or reject it for a reason; what is None stays as it was, 0 stars or an empty reason take it back.

    The newest word of each person counts, and saying the same again changes nothing. Whoever makes or approves pictures may judge. Raises
    NotAllowed, UnknownName, BadParameter, and NotNow for what is not a finished cell of a sweep.
    """
    check_judge(by)
    _check_words(stars, rejected, note)
    with place.database.writing() as tx:
        sweep_id = _finished_cell(tx, run_id)
        last = _last(tx, sweep_id, run_id, by)
        said: dict[str, Any] = {"stars": last.stars if stars is None else stars, "rejected": last.rejected if rejected is None else rejected.strip()}
        said["note"] = note.strip() if note.strip() or rejected is not None else last.note
        if said != {name: getattr(last, name) for name in said}:
            insert(tx, "ratings", {"sweep": sweep_id, "run_id": run_id, "person": by.name, **said, "at": now()})
        return _last(tx, sweep_id, run_id, by)


def rating_of(place: Place, run_id: str, by: Person) -> Rating:
    """Return what a person thinks of a finished cell now; raises UnknownName, NotNow."""
    with place.database.reading() as db:
        return _last(db, _finished_cell(db, run_id), run_id, by)


def say_again(tx: Connection, run_id: str, by: Person, *, was: Sequence[str], again: Sequence[str]) -> None:
    """Say of a cell the rejection and note `again` in place of `was`, with the stars it has; raises NotNow when it is no longer what it was."""
    sweep_id = _finished_cell(tx, run_id)
    last = _last(tx, sweep_id, run_id, by)
    if [last.rejected, last.note] != list(was):
        raise NotNow("Something else was said of this cell meanwhile.", next="Look at it as it is now.")
    said = {"stars": last.stars, "rejected": again[0], "note": again[1]}
    insert(tx, "ratings", {"sweep": sweep_id, "run_id": run_id, "person": by.name, **said, "at": now()})


def ratings(db: Connection, sweep_id: str) -> Mapping[str, tuple[Rating, ...]]:
    """Return by run what each person thinks of it now, in the order of their names."""
    newest = "SELECT max(id) FROM ratings WHERE sweep = ? GROUP BY run_id, person"
    found: dict[str, list[Rating]] = defaultdict(list)
    for row in db.execute(f"SELECT * FROM ratings WHERE id IN ({newest}) ORDER BY person", (sweep_id,)):  # noqa: S608
        found[row["run_id"]].append(_rating(row))
    return {run_id: tuple(said) for run_id, said in found.items()}


def standing(place: Place, sweep_id: str) -> Judged:
    """Return how the settings of a sweep stand; of cells that the plan has no more nothing counts. Raises UnknownName."""
    seen = sweep_view.look(place, sweep_id)
    with place.database.reading() as db:
        cast = votes_of(db, sweep_id)
    groups = _groups(seen)
    rankings = _rankings(place, seen, groups, over_settings(cast, seen))
    standings = {one.item: one for ranking in rankings.values() for one in ranking.standings}
    known = {name: one.strength for name, one in standings.items() if one.wins + one.losses + one.ties}
    worth = quality_per_dollar(known, {name: _price(cells) for name, cells in groups.items()})
    bears = {one.item for ranking in rankings.values() if ranking.enough for one in ranking.standings}
    efficient = {one.item for one in worth if one.efficient} & bears
    places = {name: number for number, name in enumerate(standings)}
    order = sorted(groups, key=lambda name: places.get(name, len(places)))
    found = tuple(_setting(place, seen, groups[name], standings.get(name), efficient=name in efficient) for name in order)
    return Judged(settings=found, rankings=rankings, worth=worth, agreement=agreement(_in_plan(cast, groups)), votes=_by_person(cast))


def _rankings(place: Place, seen: SweepView, groups: Mapping[str, Sequence[SeenCell]], cast: Sequence[Vote]) -> Mapping[str, Ranking]:
    """Rank every style by itself, named by its title; all together, under no name, where there is one style or votes went across them."""
    styles = {name: style_of(cells[0]) for name, cells in groups.items()}
    across = any(styles.get(vote.left) != styles.get(vote.right) for vote in cast)
    if across or len(set(styles.values())) < 2:
        return {"": rank(cast)}
    purpose = "avatar" if seen.sweep.kind is RunKind.AVATAR else "motion"
    within = {style: [vote for vote in cast if styles.get(vote.left) == style] for style in dict.fromkeys(styles.values())}
    return {style_words(place, style.partition("@")[0], purpose): rank(votes) for style, votes in within.items()}


def settings_of_cell(place: Place, run_id: str) -> Mapping[str, Any]:
    """Return what a preset keeps of a finished cell's settings; raises UnknownName, NotNow for what is not a finished cell."""
    with place.database.reading() as db:
        _finished_cell(db, run_id)
        run = runs.get(db, run_id)
    kept, free = run.settings, run.settings["style"] == FREE
    words = {"style" if run.kind is RunKind.AVATAR else "motion": kept["style"], "prompt": kept["prompt"] if free else None, "model": kept["model"]}
    return {**words, **{name: value for name, value in kept["parameters"].items() if name in NAMES[run.kind]}}


def evidence(place: Place, sweep_id: str, run_id: str) -> Mapping[str, Any]:
    """Return what speaks for the settings of a cell: likeness, mean_stars, votes, rank in words, cost_micro_usd, acceptable and cells.

    Raises UnknownName, and NotNow for a cell that is not made or that the plan has no more.
    """
    judged = standing(place, sweep_id)
    place_of = next((number for number, one in enumerate(judged.settings) if run_id in one.run_ids), None)
    if place_of is None:
        raise NotNow("This cell is not made, so nothing is known of its settings.", next="Choose a finished one.")
    one = judged.settings[place_of]
    facts = {"likeness": one.likeness, "mean_stars": one.mean_stars, "votes": _votes_on(one), "rank": _rank_words(judged, one, place_of + 1)}
    return {**facts, "cost_micro_usd": one.cost_micro_usd, "acceptable": one.acceptable, "cells": one.cells}


def _groups(seen: SweepView) -> dict[str, list[SeenCell]]:
    """Return the finished cells by their setting, each once, in the order of the plan."""
    found: dict[str, dict[str, SeenCell]] = defaultdict(dict)
    for one in sorted(seen.cells, key=lambda cell: cell.cell.at):
        if one.made is not None and one.made.state == "made":
            found[setting_id(one.cell.settings)].setdefault(one.cell.key, one)
    return {setting: list(cells.values()) for setting, cells in found.items()}


def _setting(place: Place, seen: SweepView, cells: Sequence[SeenCell], said: Standing | None, *, efficient: bool) -> Setting:
    made = [one.made for one in cells if one.made]
    stars = [given for one in made for given in one.opinion.stars.values()]
    scores = [one.likeness.score for one in made if one.likeness and one.likeness.score is not None]
    acceptable = sum(map(_acceptable, cells))
    total = sum(one.cell.micro_usd for one in cells)
    return Setting(
        id=setting_id(cells[0].cell.settings),
        style=style_of(cells[0]),
        words=setting_words(place, seen, cells),
        run_ids=tuple(one.run_id for one in made),
        cells=len(cells),
        cost_micro_usd=_price(cells),
        standing=said,
        efficient=efficient,
        mean_stars=fmean(stars) if stars else None,
        likeness=fmean(scores) if scores else None,
        likeness_spread=pstdev(scores) if scores else None,
        likeness_low=min(scores, default=None),
        rejected=sum(bool(one.opinion.rejected) for one in made),
        acceptable=acceptable,
        cost_per_acceptable_micro_usd=round(total / acceptable) if acceptable else None,
    )


def _price(cells: Sequence[SeenCell]) -> int:
    return round(fmean(one.cell.micro_usd for one in cells))


def _acceptable(one: SeenCell) -> bool:
    return can_be_compared(one) and not (one.made and (one.made.opinion.rejected or _is_weak(one.made)))


def _is_weak(made: Made) -> bool:
    return made.likeness is not None and made.likeness.band == Band.WEAK


def _in_plan(cast: Sequence[Vote], groups: Mapping[str, Sequence[SeenCell]]) -> list[Vote]:
    known = {one.made.run_id for cells in groups.values() for one in cells if one.made}
    return [one for one in cast if {one.left, one.right} <= known]


def _by_person(cast: Sequence[Vote]) -> Mapping[str, int]:
    return dict(Counter(one.person for one in cast).most_common())


def _votes_on(one: Setting) -> int:
    return one.standing.wins + one.standing.losses + one.standing.ties + one.standing.both_bad if one.standing else 0


def _rank_words(judged: Judged, one: Setting, place_of: int) -> str:
    if one.standing is None:
        return "not judged blind"
    won = "winner, " if one.id in judged.winners else ""
    return f"{won}place {place_of} of {len(judged.settings)}"


def _check_words(stars: int | None, rejected: str | None, note: str) -> None:
    if stars is not None and not 0 <= stars <= MOST_STARS:
        raise BadParameter(f"A picture gets 1 to {MOST_STARS} stars; 0 takes them away.", next="Choose a number of stars.")
    if rejected is not None and (len(rejected) > LONGEST_REASON or not rejected.isprintable()):
        raise BadParameter(f"A reason has at most {LONGEST_REASON} printable characters.", next="Choose one, and write more in the note.")
    if len(note) > LONGEST_NOTE:
        raise BadParameter(f"A note has at most {LONGEST_NOTE} characters.", next="Write it shorter.")


def _finished_cell(db: Connection, run_id: str) -> str:
    run = runs.get(db, run_id)
    if run.sweep is None or is_replay(run.id):
        raise NotNow("Only the cells of a sweep are rated.", next="Choose a cell.")
    if run.state is not RunState.SUCCEEDED:
        raise NotNow("This cell is not finished.", next="Come back once its picture is there.")
    return run.sweep


def _last(db: Connection, sweep_id: str, run_id: str, by: Person) -> Rating:
    query = "SELECT * FROM ratings WHERE sweep = ? AND run_id = ? AND person = ? ORDER BY id DESC LIMIT 1"
    row = db.execute(query, (sweep_id, run_id, by.name)).fetchone()
    return _rating(row) if row else Rating(run_id=run_id, person=by.name, stars=0, rejected="", note="", at=now())


def _rating(row: Row) -> Rating:
    return Rating(**{name: row[name] for name in Rating.__dataclass_fields__})
