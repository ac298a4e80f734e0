"""29: comments on pictures, and what became of them."""

from sqlite_utils import Database as SqliteUtils

from pipeline.schema import founding, hooks, judging, undo  # noqa: F401 - their steps come before this one
from pipeline.schema.history import script, studio

SAME = """(old.id, old.scope, old.asset, old.person, old.said_at, old.answers_to)
    IS (new.id, new.scope, new.asset, new.person, new.said_at, new.answers_to)"""
EMPTIED = "new.text = '' AND new.x IS NULL AND new.y IS NULL AND new.width IS NULL AND new.height IS NULL"
TAKEN_DOWN = "EXISTS (SELECT 1 FROM gone g WHERE g.scope = old.scope AND g.sha256 IN (old.asset, '*'))"


@studio()
def m029_comments(db: SqliteUtils) -> None:
    """What people say about a picture, with a mark on it; settled, opened again or withdrawn by a row beside it. Only a take-down empties one."""
    script(
        db,
        """CREATE TABLE comments (
            id TEXT PRIMARY KEY, scope TEXT NOT NULL, asset TEXT NOT NULL, person TEXT NOT NULL, said_at TEXT NOT NULL,
            text TEXT NOT NULL CHECK (length(text) <= 1000), x REAL CHECK (x BETWEEN 0 AND 1), y REAL CHECK (y BETWEEN 0 AND 1),
            width REAL CHECK (width BETWEEN 0 AND 1), height REAL CHECK (height BETWEEN 0 AND 1), answers_to TEXT REFERENCES comments(id),
            CHECK ((x IS NULL) = (y IS NULL) AND (x IS NULL) = (width IS NULL) AND (x IS NULL) = (height IS NULL))) STRICT""",
        "CREATE INDEX comments_by_asset ON comments(scope, asset, said_at)",
        "CREATE INDEX comments_by_thread ON comments(answers_to) WHERE answers_to IS NOT NULL",
        f"""CREATE TRIGGER comments_stay BEFORE UPDATE ON comments WHEN NOT ({SAME} AND {EMPTIED} AND {TAKEN_DOWN})
            BEGIN SELECT raise(ABORT, 'a comment is withdrawn, never changed'); END""",
        "CREATE TRIGGER comments_are_kept BEFORE DELETE ON comments BEGIN SELECT raise(ABORT, 'a comment is withdrawn, never removed'); END",
        """CREATE TABLE comment_changes (
            id INTEGER PRIMARY KEY, comment TEXT NOT NULL REFERENCES comments(id),
            change TEXT NOT NULL CHECK (change IN ('settled', 'reopened', 'withdrawn')), person TEXT NOT NULL, at TEXT NOT NULL) STRICT""",
        "CREATE INDEX comment_changes_by_comment ON comment_changes(comment, id)",
        """CREATE TRIGGER comment_changes_stay BEFORE UPDATE ON comment_changes
            BEGIN SELECT raise(ABORT, 'what became of a comment is never changed'); END""",
        """CREATE TRIGGER comment_changes_are_kept BEFORE DELETE ON comment_changes
            BEGIN SELECT raise(ABORT, 'what became of a comment is never removed'); END""",
    )
