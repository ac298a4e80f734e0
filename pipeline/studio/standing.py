"""How a case stands, in one word, as a list shows it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pipeline.database import Connection
from pipeline.records import Case


class CaseState(StrEnum):
    """What people would say of a case; where several are true, the first in this list that asks for something."""

    NEEDS_DECISION = "needs a decision"
    WORKING = "working"
    TO_REVIEW = "to review"
    READY = "ready"
    FAILED = "failed"
    AVATAR = "avatar approved"
    PHOTO = "no avatar yet"
    NO_PHOTO = "no photo"


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What there is of a case: runs that go on, results that wait for a decision, requests nobody can prove, whether the newest run failed.

    Cells of sweeps are none of it.
    """

    running: int = 0
    to_review: int = 0
    questions: int = 0
    newest_failed: bool = False


def state_of(case: Case, counts: Counts) -> CaseState:
    """Say how a case stands."""
    states = {
        CaseState.NEEDS_DECISION: counts.questions > 0,
        CaseState.WORKING: counts.running > 0,
        CaseState.TO_REVIEW: counts.to_review > 0,
        CaseState.READY: case.clip is not None,
        CaseState.FAILED: counts.newest_failed,
        CaseState.AVATAR: case.avatar is not None,
        CaseState.PHOTO: case.photo is not None,
    }
    return next((state for state, true in states.items() if true), CaseState.NO_PHOTO)


def count(db: Connection, case_ids: Sequence[str]) -> dict[str, Counts]:
    """Count for many cases at once."""
    of: dict[str, dict[str, Any]] = {case_id: {} for case_id in case_ids}
    for name, query in QUERIES.items():
        for row in db.execute(query, (json.dumps(list(case_ids)),)):
            of[row["case_id"]][name] = row["n"]
    return {case_id: Counts(**{**found, "newest_failed": bool(found.get("newest_failed"))}) for case_id, found in of.items()}


# From the named cases to their runs: by state, the planner would walk through every run that ever succeeded.
QUERIES = {
    "running": """SELECT r.case_id, count(*) AS n FROM json_each(?) named CROSS JOIN runs r ON r.case_id = named.value
        WHERE +r.state IN ('asked', 'queued', 'working') AND r.sweep IS NULL GROUP BY r.case_id""",
    "to_review": """SELECT r.case_id, count(DISTINCT a.sha256) AS n FROM json_each(?) named CROSS JOIN runs r ON r.case_id = named.value
        JOIN cases c ON c.id = r.case_id JOIN outputs o ON o.run_id = r.id
        JOIN assets a ON a.scope = r.case_id AND a.sha256 = o.asset AND a.removed_at IS NULL
        WHERE +r.state = 'succeeded' AND r.sweep IS NULL AND r.photo_version = c.photo_version AND (r.kind = 'avatar' OR r.source = c.avatar)
            AND coalesce((SELECT nullif(decision, 'undone') FROM approvals p WHERE p.scope = a.scope AND p.asset = a.sha256
                ORDER BY p.at DESC, p.rowid DESC LIMIT 1),
                'withdrawn') = 'withdrawn' GROUP BY r.case_id""",
    "questions": """SELECT q.case_id, count(*) AS n FROM json_each(?) named CROSS JOIN calls q ON q.case_id = named.value
        WHERE q.state = 'unknown' AND q.needs_decision = 1
            AND EXISTS (SELECT 1 FROM outputs o JOIN runs r ON r.id = o.run_id WHERE o.call_id = q.id AND r.sweep IS NULL) GROUP BY q.case_id""",
    "newest_failed": """SELECT r.case_id, r.state = 'failed' AND r.photo_version = c.photo_version AS n, max(r.asked_at)
        FROM json_each(?) named CROSS JOIN runs r ON r.case_id = named.value JOIN cases c ON c.id = r.case_id
        WHERE r.sweep IS NULL GROUP BY r.case_id""",
}
