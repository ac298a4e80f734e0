"""The comments of a picture, and how many are open on many pictures at once."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping

from pipeline import assets, cases
from pipeline.database import Connection, Row
from pipeline.errors import UnknownName
from pipeline.publishing.items import judged
from pipeline.records import Asset, AssetKind, Case
from pipeline.studio.comments.values import Change, Comment, Mark, Talk, Thread
from pipeline.studio.library import thumbnail_of
from pipeline.studio.place import Place

Named = tuple[str, str]
SHOWN = frozenset({AssetKind.PHOTO, AssetKind.AVATAR, AssetKind.CLIP})
COMMENTS = """SELECT c.*, l.change, l.person AS changed_by, l.at AS changed_at FROM comments c
    LEFT JOIN comment_changes l ON l.id = (SELECT max(id) FROM comment_changes WHERE comment = c.id)"""
UNSETTLED = """c.answers_to IS NULL AND 'reopened' =
    coalesce((SELECT change FROM comment_changes WHERE comment = c.id ORDER BY id DESC LIMIT 1), 'reopened')"""
OPEN = f"""SELECT c.scope, c.asset, count(*) AS open FROM json_each(?) named
    CROSS JOIN comments c ON c.scope = named.value ->> 0 AND c.asset = named.value ->> 1 WHERE {UNSETTLED} GROUP BY 1, 2"""  # noqa: S608
OPEN_IN = f"SELECT c.scope, c.asset, count(*) AS open FROM comments c WHERE c.scope = ? AND {UNSETTLED} GROUP BY 1, 2"  # noqa: S608

OPEN_BY_CASE = f"""SELECT c.scope, count(*) AS open FROM json_each(?) named CROSS JOIN comments c ON c.scope = named.value
    WHERE {UNSETTLED} GROUP BY 1"""  # noqa: S608


def talk_about(place: Place, scope: str, sha256: str) -> Talk:
    """Return a picture with everything said about it; a display copy stands for its avatar, a poster for its clip; raises UnknownName."""
    with place.database.reading() as db:
        db.execute("BEGIN")
        asset, case = pictured(db, scope, sha256)
        return Talk(asset=asset, case=case, still=thumbnail_of(db, asset), threads=_threads(db, asset))


def open_comments(place: Place, named: Iterable[Named]) -> Mapping[Named, int]:
    """Return how many comments are open on each of these pictures, by scope and hash; those without any are not in it."""
    with place.database.reading() as db:
        return open_within(db, named)


def open_within(db: Connection, named: Iterable[Named]) -> Mapping[Named, int]:
    """Return the same as `open_comments`, within a read that has begun."""
    asked = json.dumps(sorted(set(named)))  # named twice it would count twice
    return {(row["scope"], row["asset"]): row["open"] for row in db.execute(OPEN, (asked,))}


def open_comments_in(place: Place, scope: str) -> Mapping[Named, int]:
    """Return how many comments are open on each picture of a case, by scope and hash; those without any are not in it."""
    with place.database.reading() as db:
        return {(row["scope"], row["asset"]): row["open"] for row in db.execute(OPEN_IN, (scope,))}


def open_comments_of(place: Place, cases_: Iterable[str]) -> Mapping[str, int]:
    """Return how many comments are open on the pictures of each of these cases, by its id; those without any are not in it."""
    with place.database.reading() as db:
        return {row["scope"]: row["open"] for row in db.execute(OPEN_BY_CASE, (json.dumps(sorted(set(cases_))),))}


def pictured(db: Connection, scope: str, sha256: str) -> tuple[Asset, Case]:
    """Return the photo, avatar or clip that is meant, with its case; raises UnknownName for what is no picture by itself."""
    asset, case = judged(db, assets.get(db, scope, sha256)), cases.look_up(db, scope)
    if case is None or asset.kind not in SHOWN:
        raise UnknownName("There is no such picture in this case.", next="Photos, avatars and clips can be commented.")
    return asset, case


def comment_of(db: Connection, comment_id: str) -> Comment:
    """Return a comment by its id; raises UnknownName."""
    row = db.execute(f"{COMMENTS} WHERE c.id = ?", (comment_id,)).fetchone()
    if row is None:
        raise UnknownName("There is no such comment.")
    return _comment(row)


def _threads(db: Connection, asset: Asset) -> tuple[Thread, ...]:
    rows = db.execute(f"{COMMENTS} WHERE c.scope = ? AND c.asset = ? ORDER BY c.said_at, c.rowid", (asset.scope, asset.sha256)).fetchall()
    said = [_comment(row) for row in rows]
    answers: dict[str, list[Comment]] = defaultdict(list)
    for one in said:
        if one.answers_to is not None:
            answers[one.answers_to].append(one)
    begun = [one for one in said if one.answers_to is None]
    return tuple(Thread(number=number, comment=one, answers=tuple(answers[one.id])) for number, one in enumerate(begun, 1))


def _comment(row: Row) -> Comment:
    mark = Mark(**{name: row[name] for name in ("x", "y", "width", "height")}) if row["x"] is not None else None
    return Comment(
        **{name: row[name] for name in ("id", "scope", "asset", "person", "said_at", "text", "answers_to")},
        mark=mark,
        change=Change(row["change"]) if row["change"] else None,
        changed_by=row["changed_by"] or "",
        changed_at=row["changed_at"] or "",
    )
