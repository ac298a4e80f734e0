"""The shape of studio.db: its tables, indexes, triggers and views, compared with what this version makes.

Lines that may only be added are kept so by triggers. A file in which one of them is missing, weaker or joined by a foreign one proves nothing
about the lines in it, however well they add up.
"""

import contextlib
import sqlite3
from functools import cache

from sqlite_utils import Database as SqliteUtils

from pipeline.schema.history import studio

Part = tuple[str, str]
NAMED = 5


def compare_shape(db: sqlite3.Connection) -> list[str]:
    """Return in words what differs from this version's schema, the most important first; an empty list when nothing does."""
    expected, found = _expected(), _parts(db)
    gone = [f"The {kind} {name} is missing." for kind, name in sorted(expected.keys() - found.keys())]
    other = [
        f"The {kind} {name} is not as this version makes it."
        for kind, name in sorted(expected.keys() & found.keys())
        if expected[kind, name] != found[kind, name]
    ]
    foreign = [f"The {kind} {name} is none of the studio's." for kind, name in sorted(found.keys() - expected.keys())]
    differences = [*gone, *other, *foreign]
    more = len(differences) - NAMED
    return [*differences[:NAMED], *([f"… and {more} more."] if more > 0 else [])]


def _parts(db: sqlite3.Connection) -> dict[Part, str]:
    rows = db.execute("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' AND name NOT LIKE '_sqlite_%'")
    return {(str(kind), str(name)): " ".join(str(sql or "").split()) for kind, name, sql in map(tuple, rows)}


@cache
def _expected() -> dict[Part, str]:
    with contextlib.closing(sqlite3.connect(":memory:")) as blank:
        studio.apply(SqliteUtils(blank))
        return _parts(blank)
