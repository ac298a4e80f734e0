"""All avatars, clips and photos of all cases: filtered, sorted, page by page, with everything a judge needs to see of each."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline import assets, cases, runs
from pipeline.database import Connection, Row
from pipeline.records import Asset, AssetKind, Case, Decision, Run
from pipeline.studio import shelf
from pipeline.studio.filters import SHOWN, Filter, Sort, from_query, to_query
from pipeline.studio.looks import likeness_of
from pipeline.studio.place import Place
from pipeline.studio.sweeplines import name_of

__all__ = ["Facets", "Filter", "Item", "LibraryPage", "Sort", "find", "from_query", "to_query"]
MOST_ITEMS = 500
THUMBNAILS = {AssetKind.AVATAR: AssetKind.AVATAR_DISPLAY, AssetKind.CLIP: AssetKind.POSTER}


@dataclass(frozen=True, kw_only=True)
class Item:
    """An avatar, a clip or a photo as people judge it.

    `thumbnail` is the 512 px copy, the poster or the square cut of a photo; None once removed. `cost_micro_usd` is what its request was
    charged, 0 for a photo; `reuses` counts the runs that took it again for nothing. `current`: the case uses it now. `fitting`: it still
    belongs to the case's present photo and avatar, so it may be approved. `sweep` is what people call the sweep of which it is a mere cell,
    which its run names; None for whatever an attempt of the case shows.
    """

    asset: Asset
    thumbnail: Asset | None
    case: Case
    run: Run | None
    person: str | None
    likeness: Mapping[str, Any] | None
    cost_micro_usd: int
    reuses: int
    decision: Decision | None
    starred: bool
    current: bool
    fitting: bool
    sweep: str | None

    @property
    def settings(self) -> Mapping[str, Any]:
        """What was asked for: model, style, prompt, seed, parameters; empty for a photo."""
        return self.run.settings if self.run else {}


@dataclass(frozen=True, kw_only=True)
class Facets:
    """The values that filters can take, as runs and uploads have them, in alphabetical order."""

    styles: tuple[str, ...]
    models: tuple[str, ...]
    people: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class LibraryPage:
    """One page, and how many items fit in all."""

    items: tuple[Item, ...]
    total: int
    facets: Facets


def find(place: Place, wanted: Filter | None = None, sort: Sort = Sort.NEWEST, *, limit: int = 60, offset: int = 0) -> LibraryPage:
    """Return what fits a filter, of one moment; at most 500 items at a time."""
    first = max(offset, 0)
    with place.database.reading() as db:
        db.execute("BEGIN")
        numbers = shelf.matching(db, wanted or Filter(), sort)
        shown = numbers[first : first + min(max(limit, 0), MOST_ITEMS)]
        return LibraryPage(items=_items(db, shown), total=len(numbers), facets=_facets(db))


def item(db: Connection, scope: str, sha256: str) -> Item | None:
    """Return one avatar, clip or photo as a page shows it, within a read that has begun; None for any other file."""
    row = db.execute("SELECT rowid AS n, kind FROM assets WHERE scope = ? AND sha256 = ?", (scope, sha256)).fetchone()
    return _items(db, [row["n"]])[0] if row and row["kind"] in SHOWN else None


def thumbnail_of(db: Connection, asset: Asset) -> Asset | None:
    """Return the small picture that stands for a file; None when it was removed or has none."""
    if asset.removed_at is not None:
        return None
    if asset.kind is AssetKind.RAW_CLIP:
        return _beside(db, asset, AssetKind.POSTER)
    if asset.kind is AssetKind.PHOTO:
        return next(iter(assets.children(db, asset.scope, asset.sha256, AssetKind.CROP)), asset)
    return _beside(db, asset, THUMBNAILS[asset.kind]) or _still(asset) if asset.kind in THUMBNAILS else _still(asset)


def _items(db: Connection, numbers: Sequence[int]) -> tuple[Item, ...]:
    rows = {row["number"]: row for row in db.execute(ITEMS, (json.dumps(numbers),))}
    return tuple(_item(db, rows[number]) for number in numbers)


def _item(db: Connection, row: Row) -> Item:
    asset = assets.get(db, row["scope"], row["sha256"])
    case = cases.look_up(db, asset.scope)
    assert case is not None, "ITEMS names assets of cases only"  # noqa: S101 - for the type checker
    run = _made_by(db, asset, bool(row["of_sweeps"]))
    return Item(
        asset=asset,
        thumbnail=thumbnail_of(db, asset),
        case=case,
        run=run,
        person=row["person"],
        likeness=likeness_of(db, asset.scope, asset.sha256) if asset.kind is AssetKind.AVATAR else None,
        cost_micro_usd=row["cost"] or 0,
        reuses=row["reuses"],
        decision=Decision(row["decision"]) if row["decision"] else None,
        starred=bool(row["starred"]),
        current=bool(row["current"]),
        fitting=bool(row["fitting"]),
        sweep=name_of(db, run.sweep) if run and run.sweep else None,
    )


def _made_by(db: Connection, asset: Asset, of_sweeps: bool) -> Run | None:
    """Return the run that made a file; of what a sweep bought and an attempt used again, that attempt."""
    run = runs.get(db, asset.run_id) if asset.run_id else None
    if run is None or run.sweep is None or of_sweeps:
        return run
    query = """SELECT m.id FROM outputs o JOIN runs m ON m.id = o.run_id WHERE o.asset = ? AND m.case_id = ? AND m.sweep IS NULL
        ORDER BY m.asked_at LIMIT 1"""
    return runs.get(db, db.execute(query, (asset.sha256, asset.scope)).fetchone()["id"])


ITEMS = f"""SELECT a.rowid AS number, a.scope, a.sha256, {shelf.MADE_BY} AS person, {shelf.COST} AS cost, {shelf.DECISION} AS decision,
    {shelf.STARRED} AS starred, {shelf.CURRENT} AS current, {shelf.FITTING} AS fitting, {shelf.OF_SWEEPS} AS of_sweeps,
    (SELECT count(*) FROM outputs o JOIN runs m ON m.id = o.run_id
        WHERE o.asset = a.sha256 AND m.case_id = a.scope AND o.reused = 1) AS reuses
    FROM json_each(?) chosen CROSS JOIN assets a ON a.rowid = chosen.value LEFT JOIN runs r ON r.id = a.run_id"""  # noqa: S608


def _beside(db: Connection, asset: Asset, kind: AssetKind) -> Asset | None:
    """Return the file of this kind that the same request led to."""
    made = assets.of_call(db, asset.call_id) if asset.call_id else []
    return next((one for one in made if one.kind is kind and one.scope == asset.scope and one.removed_at is None), None)


def _still(asset: Asset) -> Asset | None:
    return asset if asset.media_type.startswith("image/") else None


def _facets(db: Connection) -> Facets:
    return Facets(styles=_different(db, "style"), models=_different(db, "model"), people=_different(db, "person"))


def _different(db: Connection, what: str) -> tuple[str, ...]:
    """Return the different values of an indexed column, jumping from one to the next instead of reading all rows."""
    found: list[str] = []
    row = db.execute(f"SELECT {what} AS v FROM runs WHERE {what} > '' ORDER BY {what} LIMIT 1").fetchone()  # noqa: S608
    while row is not None:
        found.append(row["v"])
        row = db.execute(f"SELECT {what} AS v FROM runs WHERE {what} > ? ORDER BY {what} LIMIT 1", (found[-1],)).fetchone()  # noqa: S608
    return tuple(found)
