"""What every request cost and came to, and its sums by day. Triggers keep both; the views `costs_told` and `daily_costs_told` say the same from
the rows they follow, so that a proof is one comparison. `costs_counted` shows each row as what it adds to a day.

A row of `costs` is a paid request (its hold, its charge, how it ended, what people said of its picture), a result used again, or an adjusting
entry by itself. Its day is the day its money was held; an adjusting entry counts for the day it names. The row of an adjusting entry says in
`call_outcome` and `verdict` what became of its request, so that its money is judged with it; whatever counts requests leaves such rows out.
"""

from collections.abc import Iterator

from sqlite_utils import Database as SqliteUtils

from pipeline.schema.history import script, studio

DIMENSIONS = ("for_day", "provider", "endpoint", "feature", "person", "team", "kind", "style")
LOST = "call_outcome NOT IN ('', 'open', 'succeeded')"
JUDGED = "{}verdict = '%s' AND {}outcome <> 'adjusted'"
# What is added up by day, each an expression over a row of `costs` ({} is `new.`, `old.` or nothing).
MEASURES = {
    "charged_micro_usd": "{}charged_micro_usd",
    "held_micro_usd": "{}held_micro_usd",
    "requests": "{}outcome NOT IN ('reused', 'adjusted')",
    "paid": "{}charged_micro_usd > 0 AND {}outcome <> 'adjusted'",
    "open": "{}outcome = 'open'",
    "succeeded": "{}outcome = 'succeeded'",
    "failed": "{}outcome IN ('failed', 'spoilt', 'written off')",
    "cancelled": "{}outcome = 'cancelled'",
    "lost_micro_usd": "iif({}" + LOST + ", {}charged_micro_usd, 0)",
    "reused": "{}outcome = 'reused'",
    "saved_micro_usd": "{}saved_micro_usd",
    "approved": JUDGED % "approved",
    "published": "{}published",
    "rejected": JUDGED % "rejected",
    "rejected_micro_usd": "iif({}verdict = 'rejected', {}charged_micro_usd, 0)",
    "retired": JUDGED % "retired",
    "retired_micro_usd": "iif({}verdict = 'retired', {}charged_micro_usd, 0)",
    "estimated_micro_usd": "iif({}outcome = 'succeeded', {}estimate_micro_usd, 0)",
    "settled_micro_usd": "iif({}call_outcome = 'succeeded', {}charged_micro_usd, 0)",
    "micro_units": "{}micro_units",
}

OUTCOME = """CASE c.state WHEN 'succeeded' THEN iif(c.error IS NULL, 'succeeded', 'spoilt') WHEN 'failed' THEN 'failed'
    WHEN 'cancelled' THEN 'cancelled' WHEN 'written_off' THEN 'written off' ELSE 'open' END"""
SECONDS = """CASE WHEN c.finished_at IS NOT NULL AND c.sent_at IS NOT NULL
    THEN round((julianday(c.finished_at) - julianday(c.sent_at)) * 86400, 1) END"""
VERDICT = """coalesce((SELECT CASE p.decision WHEN 'rejected' THEN 'rejected' WHEN 'approved' THEN
        iif(EXISTS (SELECT 1 FROM cases k WHERE k.id = a.scope AND a.sha256 IN (k.avatar, k.clip)), 'approved', 'retired') ELSE '' END
    FROM assets a JOIN approvals p ON p.scope = a.scope AND p.asset = a.sha256
    WHERE a.call_id = {call} AND a.kind IN ('avatar', 'clip') ORDER BY p.at DESC, p.rowid DESC LIMIT 1), '')"""
PUBLISHED = """EXISTS (SELECT 1 FROM assets a JOIN publications p ON p.case_id = a.scope AND p.asset = a.sha256
    WHERE a.call_id = {call} AND a.kind IN ('avatar', 'clip') AND p.kind IN ('avatar', 'clip') AND p.state = 'published')"""
BECAME = f"coalesce((SELECT {OUTCOME} FROM calls c WHERE c.id = {{call}}), '')"  # noqa: S608
UNITS = "CAST(round({} * 1000000) AS INTEGER)"
OF_THE_LINE = "{0}for_day, {0}call_id, {0}run_id, {0}case_id, {0}sweep, {0}person, {0}team, {0}feature, {0}provider, {0}endpoint"
# A clip counts under the style of the picture it was made of; what moves in it is no style.
STYLE = """CASE r.kind WHEN 'clip' THEN coalesce(
        (SELECT m.style FROM assets a JOIN runs m ON m.id = a.run_id AND m.kind = 'avatar' WHERE a.scope = r.case_id AND a.sha256 = r.source),
        (SELECT m.style FROM runs m WHERE m.id = r.parent_run AND m.kind = 'avatar'), '') ELSE coalesce(r.style, '') END"""
KIND_OF = "coalesce((SELECT r.kind FROM runs r WHERE r.id = {0}run_id), '')"
STYLE_OF = f"coalesce((SELECT {STYLE} FROM runs r WHERE r.id = {{0}}run_id), '')"  # noqa: S608
OF_THE_RUN = f"{KIND_OF}, {STYLE_OF}"
COLUMNS = """id, for_day, call_id, run_id, case_id, sweep, person, team, feature, provider, endpoint, kind, style, unit, outcome, call_outcome,
    verdict, published, seconds, estimate_micro_usd, held_micro_usd, charged_micro_usd, saved_micro_usd, micro_units"""
REUSED = f"""SELECT 'reuse-' || o.run_id || '/' || o.slot, substr(r.asked_at, 1, 10), NULL, r.id, r.case_id, r.sweep, r.person, r.team, r.feature,
    c.provider, c.endpoint, r.kind, {STYLE}, c.unit, 'reused', '', '', 0, NULL, 0, 0, 0, c.hold_micro_usd, 0
    FROM outputs o JOIN runs r ON r.id = o.run_id JOIN calls c ON c.id = o.call_id WHERE o.reused = 1 AND o.asset IS NOT NULL"""  # noqa: S608


@studio()
def m012_spending(db: SqliteUtils) -> None:
    """Costs by request and by day, filled from what is there and kept from then on."""
    script(db, *_tables(), *_views())
    columns = ", ".join(MEASURES)
    script(
        db,
        f"INSERT INTO costs ({COLUMNS}) SELECT * FROM costs_told",  # noqa: S608
        f"INSERT INTO daily_costs ({', '.join(DIMENSIONS)}, {columns}) SELECT * FROM daily_costs_told",  # noqa: S608
        *_indexes(),
        *_sums_by_day(),
        *_following_the_ledger(),
        *_following_people(),
    )


def _tables() -> Iterator[str]:
    yield """CREATE TABLE costs (
        id TEXT PRIMARY KEY, for_day TEXT NOT NULL, call_id TEXT, run_id TEXT, case_id TEXT, sweep TEXT,
        person TEXT NOT NULL, team TEXT NOT NULL, feature TEXT NOT NULL, provider TEXT NOT NULL, endpoint TEXT NOT NULL,
        kind TEXT NOT NULL, style TEXT NOT NULL, unit TEXT NOT NULL, outcome TEXT NOT NULL, call_outcome TEXT NOT NULL,
        verdict TEXT NOT NULL, published INTEGER NOT NULL, seconds REAL, estimate_micro_usd INTEGER NOT NULL, held_micro_usd INTEGER NOT NULL,
        charged_micro_usd INTEGER NOT NULL, saved_micro_usd INTEGER NOT NULL, micro_units INTEGER NOT NULL) STRICT"""
    names = ", ".join(f"{name} TEXT NOT NULL" for name in DIMENSIONS)
    sums = ", ".join(f"{name} INTEGER NOT NULL" for name in MEASURES)
    yield f"CREATE TABLE daily_costs ({names}, {sums}, PRIMARY KEY ({', '.join(DIMENSIONS)})) STRICT, WITHOUT ROWID"


def _views() -> Iterator[str]:
    line = OF_THE_LINE.format("h.")
    kind, style = KIND_OF.format("h."), STYLE_OF.format("h.")
    yield f"""CREATE VIEW costs_told AS
        SELECT h.call_id AS id, {line}, {kind} AS kind, {style} AS style, h.unit,
            coalesce((SELECT {OUTCOME} FROM calls c WHERE c.id = h.call_id), 'open') AS outcome,
            coalesce((SELECT {OUTCOME} FROM calls c WHERE c.id = h.call_id), 'open') AS call_outcome,
            {VERDICT.format(call="h.call_id")} AS verdict, {PUBLISHED.format(call="h.call_id")} AS published,
            (SELECT {SECONDS} FROM calls c WHERE c.id = h.call_id) AS seconds, h.micro_usd AS estimate_micro_usd,
            h.micro_usd + coalesce((SELECT e.micro_usd FROM entries e WHERE e.call_id = h.call_id AND e.kind = 'release'), 0) AS held_micro_usd,
            coalesce((SELECT e.micro_usd FROM entries e WHERE e.call_id = h.call_id AND e.kind = 'charge'), 0) AS charged_micro_usd,
            0 AS saved_micro_usd, coalesce((SELECT {UNITS.format("e.quantity")} FROM entries e WHERE e.call_id = h.call_id AND e.kind = 'charge'), 0)
                AS micro_units
        FROM entries h WHERE h.kind = 'hold'
        UNION ALL SELECT 'entry-' || h.id, {line}, {kind}, {style}, h.unit, 'adjusted', {BECAME.format(call="h.call_id")},
            {VERDICT.format(call="h.call_id")}, 0, NULL, 0, 0, h.micro_usd, 0, 0 FROM entries h WHERE h.kind = 'adjust'
        UNION ALL {REUSED}"""  # noqa: S608
    counted = ", ".join(f"{measure.replace('{}', '')} AS {name}" for name, measure in MEASURES.items())
    more = "call_id, run_id, case_id, sweep, unit, outcome, verdict"
    yield f"CREATE VIEW costs_counted AS SELECT id, {', '.join(DIMENSIONS)}, {more}, {counted} FROM costs"  # noqa: S608
    sums = ", ".join(f"sum({name}) AS {name}" for name in MEASURES)
    yield f"CREATE VIEW daily_costs_told AS SELECT {', '.join(DIMENSIONS)}, {sums} FROM costs_counted GROUP BY {', '.join(DIMENSIONS)}"  # noqa: S608


def _indexes() -> Iterator[str]:
    yield "CREATE INDEX costs_by_day ON costs(for_day, case_id, charged_micro_usd, endpoint, feature, person, team, kind, style)"
    yield "CREATE INDEX costs_by_duration ON costs(endpoint, for_day, seconds) WHERE seconds IS NOT NULL"
    yield "CREATE INDEX costs_by_call ON costs(call_id)"
    yield "CREATE INDEX costs_adjusted ON costs(call_id, charged_micro_usd) WHERE outcome = 'adjusted'"
    yield "CREATE INDEX costs_by_case ON costs(case_id, for_day)"
    yield "CREATE INDEX costs_by_sweep ON costs(sweep, for_day) WHERE sweep IS NOT NULL"
    yield "CREATE INDEX entries_spent ON entries(for_day, micro_usd) WHERE kind IN ('charge', 'adjust')"


def _sums_by_day() -> Iterator[str]:
    yield f"CREATE TRIGGER costs_added AFTER INSERT ON costs BEGIN {_add('new', '+')} END"
    yield f"CREATE TRIGGER costs_changed AFTER UPDATE ON costs BEGIN {_add('old', '-')} {_add('new', '+')} END"
    yield f"CREATE TRIGGER costs_gone AFTER DELETE ON costs BEGIN {_add('old', '-')} END"


def _add(row: str, sign: str) -> str:
    names = ", ".join(DIMENSIONS)
    values = ", ".join(f"{row}.{name}" for name in DIMENSIONS)
    sums = ", ".join(f"{sign}({measure.replace('{}', row + '.')})" for measure in MEASURES.values())
    adding = ", ".join(f"{name} = {name} + excluded.{name}" for name in MEASURES)
    return f"""INSERT INTO daily_costs ({names}, {", ".join(MEASURES)}) VALUES ({values}, {sums})
        ON CONFLICT DO UPDATE SET {adding};"""  # noqa: S608


def _following_the_ledger() -> Iterator[str]:
    line, run = OF_THE_LINE.format("new."), OF_THE_RUN.format("new.")
    yield f"""CREATE TRIGGER entries_cost_held AFTER INSERT ON entries WHEN new.kind = 'hold' BEGIN
        INSERT INTO costs ({COLUMNS}) VALUES (new.call_id, {line}, {run}, new.unit,
            'open', 'open', '', 0, NULL, new.micro_usd, new.micro_usd, 0, 0, 0); END"""  # noqa: S608
    yield """CREATE TRIGGER entries_cost_released AFTER INSERT ON entries WHEN new.kind = 'release' BEGIN
        UPDATE costs SET held_micro_usd = held_micro_usd + new.micro_usd WHERE id = new.call_id; END"""
    yield f"""CREATE TRIGGER entries_cost_charged AFTER INSERT ON entries WHEN new.kind = 'charge' BEGIN
        UPDATE costs SET charged_micro_usd = new.micro_usd, micro_units = {UNITS.format("new.quantity")} WHERE id = new.call_id; END"""  # noqa: S608
    yield f"""CREATE TRIGGER entries_cost_adjusted AFTER INSERT ON entries WHEN new.kind = 'adjust' BEGIN
        INSERT INTO costs ({COLUMNS}) VALUES ('entry-' || new.id, {line}, {run}, new.unit,
            'adjusted', {BECAME.format(call="new.call_id")}, {VERDICT.format(call="new.call_id")}, 0, NULL, 0, 0, new.micro_usd, 0, 0); END"""  # noqa: S608
    yield f"""CREATE TRIGGER calls_cost_ended AFTER UPDATE OF state, error, finished_at, sent_at ON calls BEGIN
        UPDATE costs SET (outcome, seconds, call_outcome) = (SELECT iif(costs.outcome = 'adjusted', 'adjusted', {OUTCOME}),
            iif(costs.outcome = 'adjusted', NULL, {SECONDS}), {OUTCOME} FROM calls c WHERE c.id = new.id) WHERE call_id = new.id; END"""  # noqa: S608


def _following_people() -> Iterator[str]:
    verdict, published = VERDICT.format(call="costs.call_id"), PUBLISHED.format(call="costs.call_id")
    of = "{} IN (SELECT call_id FROM assets WHERE scope = {} AND sha256 {})"
    yield f"""CREATE TRIGGER approvals_cost AFTER INSERT ON approvals BEGIN
        UPDATE costs SET verdict = {verdict} WHERE {of.format("call_id", "new.scope", "= new.asset")}; END"""  # noqa: S608
    yield f"""CREATE TRIGGER cases_cost AFTER UPDATE OF avatar, clip ON cases WHEN old.avatar IS NOT new.avatar OR old.clip IS NOT new.clip BEGIN
        UPDATE costs SET verdict = {verdict} WHERE {of.format("call_id", "new.id", "IN (old.avatar, new.avatar, old.clip, new.clip)")}; END"""  # noqa: S608
    for name, event in (("added", "INSERT"), ("changed", "UPDATE OF state")):
        yield f"""CREATE TRIGGER publications_cost_{name} AFTER {event} ON publications BEGIN
            UPDATE costs SET published = {published} WHERE {of.format("id", "new.case_id", "= new.asset")}; END"""  # noqa: S608
    reused = REUSED + " AND o.run_id = new.run_id AND o.slot = new.slot"
    yield f"""CREATE TRIGGER outputs_cost_added AFTER INSERT ON outputs WHEN new.reused = 1 BEGIN
        INSERT INTO costs ({COLUMNS}) {reused}; END"""
    yield f"""CREATE TRIGGER outputs_cost_changed AFTER UPDATE OF reused, asset, call_id ON outputs WHEN old.reused = 1 OR new.reused = 1 BEGIN
        DELETE FROM costs WHERE id = 'reuse-' || new.run_id || '/' || new.slot;
        INSERT INTO costs ({COLUMNS}) {reused}; END"""  # noqa: S608
