"""What people look for, and the views they save."""

from sqlite_utils import Database as SqliteUtils

from pipeline.folding import fold
from pipeline.schema import founding, hooks  # noqa: F401 - their steps come before these
from pipeline.schema.history import script, studio


@studio()
def m027_folded_names(db: SqliteUtils) -> None:
    """Ids and names of cases and sweeps as they are looked for, so that a search reads and compares texts alone."""
    for table, columns in (("cases", ("id", "owner", "name")), ("sweeps", ("id", "name"))):
        db.conn.execute(f"ALTER TABLE {table} ADD COLUMN folded TEXT NOT NULL DEFAULT ''")
        rows = db.conn.execute(f"SELECT rowid, {', '.join(columns)} FROM {table}").fetchall()  # noqa: S608 - names of ours
        db.conn.executemany(f"UPDATE {table} SET folded = ? WHERE rowid = ?", [(fold(*row[1:]), row[0]) for row in rows])  # noqa: S608


@studio()
def m028_saved_views(db: SqliteUtils) -> None:
    """Views of the list of cases that somebody saved under a name; removed ones stay as rows."""
    script(
        db,
        """CREATE TABLE saved_views (
            id TEXT PRIMARY KEY, person TEXT NOT NULL, name TEXT NOT NULL, query TEXT NOT NULL, at TEXT NOT NULL, removed_at TEXT) STRICT""",
        "CREATE UNIQUE INDEX saved_views_by_person ON saved_views(person, name) WHERE removed_at IS NULL",
    )
