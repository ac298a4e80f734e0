"""24: votes that were taken back."""

from sqlite_utils import Database as SqliteUtils

from pipeline.schema.history import script, studio


@studio()
def m024_votes_taken_back(db: SqliteUtils) -> None:
    """Undo of a blind vote is a row beside it: the vote stays, counts no more, and its pair comes again."""
    script(
        db,
        """CREATE TABLE votes_taken_back (
            vote INTEGER PRIMARY KEY REFERENCES votes(id), person TEXT NOT NULL, at TEXT NOT NULL) STRICT""",
        """CREATE TRIGGER votes_taken_back_stay BEFORE UPDATE ON votes_taken_back
            BEGIN SELECT raise(ABORT, 'what was taken back stays so'); END""",
        """CREATE TRIGGER votes_taken_back_are_kept BEFORE DELETE ON votes_taken_back
            BEGIN SELECT raise(ABORT, 'what was taken back stays so'); END""",
    )
