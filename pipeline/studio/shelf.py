"""From a filter and a sort order to the rows of a library, in one query; what is not asked for is not joined."""

import json
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import cache, lru_cache
from typing import Any, Final

from pipeline.database import Connection
from pipeline.studio.filters import SHOWN, Filter, Sort, State

Condition = tuple[str, Sequence[Any]]

ONE_OF: Final = " IN (SELECT value FROM json_each(?))"
DECISION: Final = """(SELECT nullif(p.decision, 'undone') FROM approvals p WHERE p.scope = a.scope AND p.asset = a.sha256
    ORDER BY p.at DESC, p.rowid DESC LIMIT 1)"""
COST: Final = "(SELECT sum(e.micro_usd) FROM entries e WHERE e.call_id = a.call_id AND e.kind IN ('charge', 'adjust'))"
DISTANCE: Final = "(SELECT max(l.distance) FROM likeness l WHERE l.scope = a.scope AND l.asset = a.sha256)"
# Beside max(), SQLite gives the other columns of the row that holds it.
BAND: Final = """coalesce((SELECT band FROM (SELECT l.band, max(l.distance) AS d FROM likeness l
    WHERE l.scope = a.scope AND l.asset = a.sha256) WHERE d IS NOT NULL), 'not_measurable')"""
STARRED: Final = "EXISTS (SELECT 1 FROM stars s WHERE s.scope = a.scope AND s.asset = a.sha256)"
CURRENT: Final = "EXISTS (SELECT 1 FROM cases c WHERE c.id = a.scope AND a.sha256 IN (c.photo, c.avatar, c.clip))"
# Collected once for a whole query, so that nobody has to look into every run's row.
CELLS: Final = "(SELECT k.id FROM runs k WHERE k.sweep IS NOT NULL)"
FITTING: Final = f"""(CASE a.kind WHEN 'photo' THEN EXISTS (SELECT 1 FROM cases c WHERE c.id = a.scope AND c.photo = a.sha256)
    ELSE EXISTS (SELECT 1 FROM outputs o CROSS JOIN runs m ON m.id = o.run_id CROSS JOIN cases c ON c.id = m.case_id
        WHERE o.asset = a.sha256 AND m.case_id = a.scope AND m.photo_version = c.photo_version AND m.id NOT IN {CELLS}
            AND m.source = CASE a.kind WHEN 'avatar' THEN c.crop ELSE c.avatar END) END)"""  # noqa: S608
# What an attempt used again is the case's too, whoever bought it. The test photos' case has every sweep's runs, so it is never walked through.
OF_SWEEPS: Final = f"""(a.run_id IS NOT NULL AND a.run_id IN {CELLS} AND NOT EXISTS (
    SELECT 1 FROM outputs o CROSS JOIN runs m ON m.id = o.run_id WHERE o.asset = a.sha256 AND m.case_id = a.scope AND m.sweep IS NULL))"""  # noqa: S608
UPLOADER: Final = """(SELECT u.person FROM audit_log u WHERE u.subject = a.scope AND u.action = 'photo'
    AND json_extract(u.detail, '$.photo') = a.sha256 ORDER BY u.id LIMIT 1)"""
MADE_BY: Final = f"(CASE a.kind WHEN 'photo' THEN {UPLOADER} ELSE r.person END)"
STATES: Final = {
    State.TO_REVIEW: f"(a.kind <> 'photo' AND {DECISION} IS NULL AND {FITTING})",
    State.APPROVED: f"{DECISION} = 'approved'",
    State.REJECTED: f"{DECISION} = 'rejected'",
    State.WITHDRAWN: f"{DECISION} = 'withdrawn'",
    State.CURRENT: CURRENT,
    State.NOT_CURRENT: f"NOT {FITTING}",
}
KEYS: Final = {
    Sort.NEWEST: "a.created_at DESC, a.rowid DESC",
    Sort.OLDEST: "a.created_at, a.rowid",
    Sort.MOST_ALIKE: f"{DISTANCE} NULLS LAST, a.rowid DESC",
    Sort.LEAST_ALIKE: f"{DISTANCE} DESC NULLS LAST, a.rowid DESC",
    Sort.DEAREST: f"coalesce({COST}, 0) DESC, a.rowid DESC",
    Sort.CHEAPEST: f"coalesce({COST}, 0), a.rowid DESC",
}


def matching(db: Connection, wanted: Filter, sort: Sort) -> list[int]:
    """Return the row numbers of all assets that fit, in order; they hold within this read only."""
    conditions = list(_conditions(wanted))
    words = tuple(folded(word) for word in wanted.text.split())
    if words:
        db.create_function("holds", 2, _search_for(words))
    made = " LEFT JOIN runs r ON r.id = a.run_id" if any("r." in text for text, _ in conditions) else ""
    where = " AND ".join(text for text, _ in conditions)
    values = [value for _, some in conditions for value in some]
    rows = db.execute(f"SELECT a.rowid AS n FROM assets a{made} WHERE {where} ORDER BY {KEYS[sort]}", values)  # noqa: S608
    return [row[0] for row in rows]


@lru_cache(16_384)
def folded(text: str) -> str:
    """Return a text as it is compared: without regard to capitals and to ways of writing one letter."""
    return unicodedata.normalize("NFKC", text).casefold()


def _conditions(wanted: Filter) -> Iterator[Condition]:
    # In one case the + keeps SQLite from walking through every asset of a kind.
    yield f"{'+' if wanted.case_id else ''}a.kind{ONE_OF}", [json.dumps(wanted.kinds or SHOWN)]
    yield OF_SWEEPS if wanted.from_sweeps else f"NOT {OF_SWEEPS}", ()
    if not wanted.removed:
        yield "a.removed_at IS NULL", ()
    if wanted.case_id:
        yield "a.scope = ?", [wanted.case_id]
    if wanted.states:
        yield f"({' OR '.join(STATES[state] for state in wanted.states)})", ()
    if wanted.starred:
        yield STARRED, ()
    yield from _listed(wanted)
    yield from _ranges(wanted)
    if wanted.text.split():
        yield "holds(json_extract(r.settings, '$.prompt'), (SELECT c.name FROM cases c WHERE c.id = a.scope))", ()


def _listed(wanted: Filter) -> Iterator[Condition]:
    of = {"r.style": wanted.styles, "r.model": wanted.models}
    of |= {MADE_BY: wanted.people, f"a.kind = 'avatar' AND {BAND}": wanted.bands}
    for what, values in of.items():
        if values:
            yield f"{what}{ONE_OF}", [json.dumps(values)]


def _ranges(wanted: Filter) -> Iterator[Condition]:
    if wanted.since is not None:
        yield "a.created_at >= ?", [wanted.since.isoformat()]
    if wanted.until is not None and wanted.until < wanted.until.max:
        yield "a.created_at < ?", [(wanted.until + timedelta(days=1)).isoformat()]
    # A score is 1 − distance, cut to what lies between 0 and 1.
    ends = {f"round(max(1 - {DISTANCE}, 0.0), 4) >= ?": wanted.likeness_at_least, f"round(max(1 - {DISTANCE}, 0.0), 4) <= ?": wanted.likeness_at_most}
    ends |= {f"coalesce({COST}, 0) >= ?": wanted.cost_at_least_micro_usd, f"coalesce({COST}, 0) <= ?": wanted.cost_at_most_micro_usd}
    yield from ((text, [value]) for text, value in ends.items() if value is not None)


def _search_for(words: tuple[str, ...]) -> Callable[[str | None, str | None], bool]:
    """Return what tells whether prompt and case name together hold all words; most prompts occur often, so each is read once."""

    @cache
    def missing(prompt: str | None) -> tuple[str, ...]:
        text = folded(prompt or "")
        return tuple(word for word in words if word not in text)

    def holds(prompt: str | None, name: str | None) -> bool:
        return all(word in folded(name or "") for word in missing(prompt))

    return holds
