"""Whose account at a provider signs the calls that we are sent."""

from sqlite_utils import Database as SqliteUtils

from pipeline.schema import limits  # noqa: F401 - its steps come before this one
from pipeline.schema.history import script, studio


@studio()
def m021_hook_accounts(db: SqliteUtils) -> None:
    """Accounts that signed a call about a request of ours, since when; and the calls by time, as the worker looks for new ones."""
    script(
        db,
        """CREATE TABLE hook_accounts (
            provider TEXT NOT NULL, account TEXT NOT NULL, since TEXT NOT NULL, PRIMARY KEY (provider, account)) STRICT""",
        "CREATE INDEX webhook_inbox_by_time ON webhook_inbox (received_at)",
    )
