"""Which functions make up the history of studio.db; sqlite-utils records which of them have run."""

from sqlite_utils import Database as SqliteUtils
from sqlite_utils import Migrations

studio = Migrations("studio")


def script(db: SqliteUtils, *statements: str) -> None:
    """Run statements one after the other, inside the transaction of their migration."""
    for statement in statements:
        db.conn.execute(statement)
