"""The history of studio.db's schema: functions appended, never edited.

shape.py        tables, indexes and triggers of a file compared with what this version makes
history.py      the list itself, and what every step uses
founding.py     1 to 11: cases, runs, calls, ledger, files, people, sweeps, publications
spending.py     12: what every request cost and came to, and its sums by day, kept by triggers
reconciling.py  13: bills of providers, differences, closed months
limits.py       14, 15: limits on requests, extensions for a day, the running count of requests
hooks.py        21: whose account signs the calls that we are sent
finding.py      27, 28: names as they are looked for, saved views
judging.py      24: votes that were taken back
undo.py         25: actions that can be taken back, and what waits to begin
commenting.py   29: comments on pictures, and what became of them
"""

import sqlite3

from sqlite_utils import Database as SqliteUtils

from pipeline.schema import commenting, finding, founding, hooks, judging, limits, reconciling, spending, undo
from pipeline.schema.history import studio

__all__ = ["commenting", "finding", "founding", "hooks", "judging", "limits", "migrate", "reconciling", "spending", "studio", "undo"]


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the file to the newest schema; the caller makes sure that one process at a time does."""
    studio.apply(SqliteUtils(connection))
