"""What a take-down leaves of comments: that there was one, by whom and when; neither its words nor its mark."""

import json
from collections.abc import Iterable

from pipeline.database import Connection
from pipeline.records import Asset

FORGET = """UPDATE comments SET text = '', x = NULL, y = NULL, width = NULL, height = NULL WHERE text <> ''
    AND (scope, asset) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))"""


def forget_words(tx: Connection, files: Iterable[Asset]) -> int:
    """Empty every comment on files that were taken down, within a transaction that has begun; return how many those were."""
    return tx.execute(FORGET, (json.dumps([[one.scope, one.sha256] for one in files]),)).rowcount
