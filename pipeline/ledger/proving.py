"""The thorough proof that the money is right: every line follows from the one before, and every sum that is kept equals the lines it was made of.

Whoever changes lines with other tools leaves traces: a changed line breaks the chain, a line that is cut off at the end leaves a balance, a
request's cost and the request itself behind.
"""

import hashlib
from collections.abc import Iterable, Iterator
from json.encoder import encode_basestring as quoted
from typing import Any

from pipeline.database import Connection
from pipeline.ledger.closings import changed
from pipeline.ledger.entries import AHEAD_BEFORE, GENESIS, Entry

NAMED = 5  # of each kind of fault so many are named; the rest is counted
FIELDS = tuple(sorted(Entry.__dataclass_fields__))
_AT, _FLAG = FIELDS.index("at"), FIELDS.index("flag")
_LINE = "{" + ", ".join(f'"{name}": %s' for name in FIELDS) + "}"


def proof(db: Connection) -> list[str]:
    """Return what does not add up, in words; an empty list proves the chain unbroken and every sum equal to its rows.

    Everything is seen as of one moment. A million requests (three million lines) take about a minute.
    """
    within = db.in_transaction
    if not within:
        db.execute("BEGIN")
    try:
        checks = (_broken_links(db), _lost_marks(db), _wrong_balances(db), _unbooked(db), _wrong_costs(db), _wrong_days(db), changed(db))
        return [words for check in checks for words in _shortened(check)]
    finally:
        if not within:
            db.rollback()


def _shortened(found: Iterable[str]) -> Iterator[str]:
    more = 0
    for at, words in enumerate(found):
        if at < NAMED:
            yield words
        else:
            more += 1
    if more:
        yield f"… and {more:,} more of the same kind."


def _broken_links(db: Connection) -> Iterator[str]:
    lines = db.cursor()
    lines.row_factory = None  # millions of lines: plain tuples take half the time of named rows
    previous, before = GENESIS, ""
    for number, told, own, *values in lines.execute(f"SELECT id, previous_hash, hash, {', '.join(FIELDS)} FROM entries ORDER BY id"):  # noqa: S608
        line = _LINE % tuple([_json(value) for value in values])
        if told != previous or own != hashlib.sha256((previous + line).encode()).hexdigest():
            yield f"Ledger line {number} does not follow from the line before it."
            return
        if values[_AT] < before and AHEAD_BEFORE not in (values[_FLAG] or ""):
            yield f"Ledger line {number} is dated before the line above it."
        previous, before = own, values[_AT]


def _lost_marks(db: Connection) -> Iterator[str]:
    """Every comparison with a bill remembers the last line it saw, so a ledger that was written anew as a whole is found out too."""
    query = """SELECT at, last_entry FROM reconciliations m WHERE last_entry > 0
        AND NOT EXISTS (SELECT 1 FROM entries e WHERE e.id = m.last_entry AND e.hash = m.last_hash)"""
    for row in db.execute(query):
        yield f"Ledger line {row['last_entry']} is not the one that the comparison with a bill of {row['at'][:10]} remembers."


def _json(value: Any) -> str:
    """Write a text, a whole number or nothing as `line_hash` does, at half the cost of a general writer."""
    return quoted(value) if isinstance(value, str) else "null" if value is None else str(value)


def _wrong_balances(db: Connection) -> Iterator[str]:
    scopes = {"studio": "'all'", "person": "person", "feature": "feature", "case": "case_id", "sweep": "sweep"}
    periods = {"day": "for_day", "month": "substr(for_day, 1, 7)", "ever": "'ever'"}
    # Two steps: the lines are read once, and what they come to by day is then added up in every way.
    lines = """SELECT for_day, person, feature, case_id, sweep, coalesce(sum(micro_usd) FILTER (WHERE kind IN ('hold', 'release')), 0) AS held,
        coalesce(sum(micro_usd) FILTER (WHERE kind IN ('charge', 'adjust')), 0) AS charged,
        sum(CASE kind WHEN 'hold' THEN 1 WHEN 'release' THEN -1 WHEN 'charge' THEN 1 ELSE 0 END) AS requests FROM entries GROUP BY 1, 2, 3, 4, 5"""
    sums = " UNION ALL ".join(
        f"SELECT '{kind}', {scope}, {period}, sum(held), sum(charged), sum(requests) FROM lines WHERE {scope} IS NOT NULL GROUP BY 2, 3"  # noqa: S608
        for kind, scope in scopes.items()
        for period in periods.values()
    )
    kept = "SELECT scope_kind, scope, period, held_micro_usd, charged_micro_usd, requests FROM balances"
    query = f"""WITH lines AS MATERIALIZED ({lines}), told(scope_kind, scope, period, held, charged, requests) AS MATERIALIZED ({sums})
        SELECT * FROM ({kept} EXCEPT SELECT * FROM told) UNION SELECT * FROM (SELECT * FROM told EXCEPT {kept})"""  # noqa: S608
    for kind, scope, period in sorted({(row["scope_kind"], row["scope"], row["period"]) for row in db.execute(query)}):
        yield f"The running balance of {kind} {scope} ({period}) differs from the sum of its ledger lines."


def _unbooked(db: Connection) -> Iterator[str]:
    lacks = "NOT EXISTS (SELECT 1 FROM entries e WHERE e.call_id = calls.id AND e.kind = '{}')"
    query = f"""SELECT id FROM calls WHERE (state NOT IN ('planned', 'failed', 'cancelled') OR sent_at IS NOT NULL) AND {lacks.format("hold")}
        UNION SELECT id FROM calls WHERE state IN ('succeeded', 'written_off') AND {lacks.format("charge")}"""  # noqa: S608
    for row in db.execute(query):
        yield f"Request {row['id']} was made, but the ledger lacks a line of it."


def _wrong_costs(db: Connection) -> Iterator[str]:
    """Compare row by row from the ledger's side; with equal numbers and ids that are unique, nothing can be left over on the other."""
    columns = [row["name"] for row in db.execute("PRAGMA table_info(costs)")]
    told, kept = (", ".join(f"{table}.{name}" for name in columns) for table in ("t", "c"))
    query = f"SELECT t.id FROM costs_told t LEFT JOIN costs c ON c.id = t.id WHERE ({told}) IS NOT ({kept})"  # noqa: S608
    for row in db.execute(query):
        yield f"The cost kept for {row['id']} differs from its ledger lines and what became of it."
    over = "SELECT id FROM costs WHERE id NOT IN (SELECT id FROM costs_told)"
    if db.execute("SELECT (SELECT count(*) FROM costs) <> (SELECT count(*) FROM costs_told)").fetchone()[0]:
        for row in db.execute(over):
            yield f"The cost kept for {row['id']} has no line in the ledger."


def _wrong_days(db: Connection) -> Iterator[str]:
    columns = [row["name"] for row in db.execute("PRAGMA table_info(daily_costs)")]
    sums = columns[columns.index("charged_micro_usd") :]
    something = f"({', '.join(sums)}) IS NOT ({', '.join('0' * len(sums))})"
    kept = f"SELECT * FROM daily_costs WHERE {something}"  # noqa: S608
    query = f"""WITH told AS MATERIALIZED (SELECT * FROM daily_costs_told WHERE {something})
        SELECT * FROM ({kept} EXCEPT SELECT * FROM told) UNION SELECT * FROM (SELECT * FROM told EXCEPT {kept})"""  # noqa: S608
    for row in sorted({(row["for_day"], row["endpoint"], row["person"]) for row in db.execute(query)}):
        yield "The sums of {} for {} and {} differ from the requests of that day.".format(*row)
