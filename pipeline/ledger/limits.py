"""Limits as they stand for whoever asks: what each allows now, what is used of it, and whether more would fit."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from pipeline.database import Connection, Row
from pipeline.errors import BudgetReached
from pipeline.records import dollars

PERIOD_WORDS = {"day": "a day", "month": "a month", "ever": "in all"}
EXTENSIBLE = ("day", "month")
STANDING = """WITH whose(kind, scope) AS (VALUES ('studio', 'all'), ('person', :person), ('feature', :feature), ('case', :case_id), ('sweep', :sweep)),
    found AS (
        SELECT '' AS id, w.kind, w.scope AS whose, c.value ->> 1 AS scope, c.value ->> 2 AS period, c.value ->> 3 AS cap_micro_usd,
            c.value ->> 4 AS cap_requests, 1 AS hard
            FROM json_each(:caps) c JOIN whose w ON w.kind = c.value ->> 0 AND c.value ->> 1 IN ('*', w.scope)
        UNION ALL
        SELECT b.id, w.kind, w.scope, b.scope, b.period, b.cap_micro_usd, b.cap_requests, b.hard
            FROM whose w CROSS JOIN budgets b ON b.scope_kind = w.kind AND b.scope IN ('*', w.scope) AND b.ended_at IS NULL)
    SELECT f.*, s.held_micro_usd, s.charged_micro_usd, s.requests, e.micro_usd AS more_micro_usd, e.more_requests FROM found f
    LEFT JOIN balances s ON s.scope_kind = f.kind AND s.scope = f.whose
        AND s.period = CASE f.period WHEN 'day' THEN :day WHEN 'month' THEN substr(:day, 1, 7) ELSE 'ever' END
    LEFT JOIN (SELECT scope_kind, period, scope, sum(micro_usd) AS micro_usd, sum(requests) AS more_requests FROM extensions
        WHERE day = :day GROUP BY 1, 2, 3) e ON e.scope_kind = f.kind AND e.period = f.period AND e.scope = f.whose"""


class Measure(StrEnum):
    """What a limit counts: micro-dollars, or paid requests (held or charged; a released one is free)."""

    MONEY = "money"
    REQUESTS = "requests"
