"""What people do on screens and may take back for a while, and the one end that each of these actions has."""

from sqlite_utils import Database as SqliteUtils

from pipeline.schema import limits  # noqa: F401 - its steps come before this one
from pipeline.schema.history import script, studio

SAME = """(old.id, old.press, old.kind, old.case_id, old.asset, old.detail, old.person, old.at, old.begins_at)
    IS (new.id, new.press, new.kind, new.case_id, new.asset, new.detail, new.person, new.at, new.begins_at)"""


@studio()
def m025_undo(db: SqliteUtils) -> None:
    """Actions with what stood before them, those that reach others with the moment from which they may begin; each ends at most once."""
    script(
        db,
        """CREATE TABLE actions (
            id TEXT PRIMARY KEY, press TEXT NOT NULL, kind TEXT NOT NULL, case_id TEXT NOT NULL, asset TEXT NOT NULL, detail TEXT NOT NULL,
            person TEXT NOT NULL, at TEXT NOT NULL, begins_at TEXT, ended INTEGER NOT NULL DEFAULT 0) STRICT""",
        """CREATE TABLE action_ends (
            action TEXT PRIMARY KEY REFERENCES actions(id), outcome TEXT NOT NULL CHECK (outcome IN ('begun', 'undone', 'refused')),
            person TEXT NOT NULL, at TEXT NOT NULL, error TEXT) STRICT""",
        "CREATE INDEX actions_by_press ON actions(press)",
        "CREATE INDEX actions_by_person ON actions(person, at)",
        "CREATE INDEX actions_by_case ON actions(case_id, at)",
        "CREATE INDEX actions_waiting ON actions(begins_at) WHERE begins_at IS NOT NULL AND ended = 0",
        "CREATE TRIGGER action_ended AFTER INSERT ON action_ends BEGIN UPDATE actions SET ended = 1 WHERE id = new.action; END",
        f"""CREATE TRIGGER actions_stay BEFORE UPDATE ON actions WHEN NOT ({SAME} AND old.ended = 0 AND new.ended = 1)
            BEGIN SELECT raise(ABORT, 'an action is ended, never changed'); END""",
        "CREATE TRIGGER actions_are_kept BEFORE DELETE ON actions BEGIN SELECT raise(ABORT, 'an action is undone, never removed'); END",
        """CREATE TRIGGER action_ends_stay BEFORE UPDATE ON action_ends WHEN old.error IS NOT NULL
            OR (old.action, old.outcome, old.person, old.at) IS NOT (new.action, new.outcome, new.person, new.at)
            BEGIN SELECT raise(ABORT, 'the end of an action is never changed'); END""",
        "CREATE TRIGGER action_ends_are_kept BEFORE DELETE ON action_ends BEGIN SELECT raise(ABORT, 'the end of an action is never removed'); END",
    )
