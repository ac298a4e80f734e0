"""Budgets: who may spend or ask for how much in which time, who said so and why, how much of it is used, and what was added for a day."""

import difflib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.database import Connection, Row, insert
from pipeline.errors import BadParameter, NotNow, UnknownName
from pipeline.ledger import Cap, set_budget
from pipeline.ledger.budgets import end_budget, extend_budget
from pipeline.ledger.limits import Limit, Measure, every_limit
from pipeline.records import Person, Role, now
from pipeline.studio import portraits, sweep_prices
from pipeline.studio.people import check
from pipeline.studio.place import Place

KINDS = ("studio", "person", "feature", "case", "sweep")
PERIODS = ("day", "month", "ever")
A_PERIOD = {"day": "a day", "month": "a month", "ever": "in all"}
MOST = {Measure.MONEY: 10**13, Measure.REQUESTS: 10**7}
LONGEST_NAME, LONGEST_REASON = 200, 500
ACTION = "budget"
FEATURES = (portraits.FEATURE, sweep_prices.FEATURE)
MOST_KNOWN, MOST_COMPARED = 200, 5_000
TABLES = {"case": "cases", "sweep": "sweeps"}
NAMES = {kind: f"SELECT id, name FROM {table} WHERE id IN (SELECT value FROM json_each(?))" for kind, table in TABLES.items()}  # noqa: S608
KNOWN = {
    "person": "SELECT name FROM people UNION SELECT scope FROM balances WHERE scope_kind = 'person' AND period = 'ever' ORDER BY 1 LIMIT ?",
    "feature": "SELECT scope AS name FROM balances WHERE scope_kind = 'feature' AND period = 'ever' ORDER BY 1 LIMIT ?",
    "case": "SELECT id AS name FROM cases WHERE id <> 'studio' ORDER BY created_at DESC LIMIT ?",
    "sweep": "SELECT id AS name FROM sweeps ORDER BY changed_at DESC LIMIT ?",
}
SETTING = "STUDIO_DAILY_CAP_USD"


@dataclass(frozen=True, kw_only=True)
class Budget:
    """A limit as it stands now (for `*`, for whoever used most of it), who set it, when and why, and what else is to be known of it."""

    limit: Limit
    set_by: str
    set_at: str
    reason: str
    note: str = ""

    @property
    def whom(self) -> str:
        """Say whom it limits."""
        return whom(self.limit.scope_kind, self.limit.scope)

    @property
    def rule(self) -> str:
        """Say what it allows, as "the studio may spend $5.00 a day"."""
        one = self.limit
        verb = "may spend" if one.measure is Measure.MONEY else "may make"
        return f"{self.whom} {verb} {one.measure.said(one.cap)} {A_PERIOD[one.period]}{'' if one.hard else ' (a warning only)'}"

    @property
    def words(self) -> str:
        """Say it in one line, with what is used and what is passed."""
        one = self.limit
        more = f", {one.measure.said(one.extended)} more today" if one.extended else ""
        by = f" by {one.whose}" if one.scope == "*" and one.used else ""
        over = f", already {one.measure.said(one.over)} over" if one.over else f", {one.reached()} % is reached" if one.reached() else ""
        return f"{self.rule}{more}: {one.measure.said(one.used)} used{by}{over}{f'. {self.note}' if self.note else ''}"

    def document(self) -> dict[str, Any]:
        """Return every field; amounts end in `_micro_usd` or `_requests`."""
        one, unit = self.limit, "micro_usd" if self.limit.measure is Measure.MONEY else "requests"
        amounts = {"cap": one.cap, "extended": one.extended, "used": one.used, "held": one.held, "left": one.left, "over": one.over}
        about = {"id": one.budget_id, "scope_kind": one.scope_kind, "scope": one.scope, "period": one.period, "hard": one.hard}
        said = {f"{name}_{unit}": amount for name, amount in amounts.items()}
        who = {"used_by": one.whose, "set_by": self.set_by, "set_at": self.set_at, "reason": self.reason, "note": self.note}
        return {**about, "measure": one.measure.value, **said, "reached_percent": one.reached(), **who}


def whom(scope_kind: str, scope: str) -> str:
    """Say whom a scope means.

    >>> whom("studio", "all"), whom("person", "*"), whom("person", "anna")
    ('the studio', 'every person', 'person anna')
    """
    return "the studio" if scope_kind == "studio" else f"every {scope_kind}" if scope == "*" else f"{scope_kind} {scope}"


def set_cap(place: Place, cap: Cap, by: Person, *, hard: bool = True, reason: str = "") -> Budget:
    """Set a budget in the place of the one for the same scope, period and measure, and return it as it stands; zero stops at once.

    A soft one only warns. Raises NotAllowed without the role `money`, BadParameter for a scope, a period or an amount there is none of,
    UnknownName for somebody or something that the studio does not know.
    """
    check(by, Role.MONEY)
    _check(cap, reason)
    with place.database.writing() as tx:
        _check_known(place, tx, cap)
        budget_id = set_budget(tx, cap, hard=hard, person=by.name, reason=reason.strip())
        told = {"does": "set", "id": budget_id, "period": cap.period, f"cap_{_unit(cap)}": cap.amount, "hard": hard, "reason": reason.strip()}
        _note(tx, by, cap.scope_kind, cap.scope, told)
        return _one(place, tx, budget_id)


def end(place: Place, budget_id: str, by: Person, reason: str = "") -> None:
    """End a budget; it limits nothing from now on. Raises NotAllowed without the role `money`, NotNow when it holds no longer."""
    check(by, Role.MONEY)
    _check_reason(reason)
    with place.database.writing() as tx:
        row = tx.execute("SELECT * FROM budgets WHERE id = ?", (budget_id,)).fetchone()
        if row is None or not end_budget(tx, budget_id, person=by.name, reason=reason.strip()):
            raise NotNow(
                "There is no such budget any more.", next="`budget show` lists those that hold; the daily cap of the settings is not ended here."
            )
        _note(tx, by, row["scope_kind"], row["scope"], {"does": "end", "id": budget_id, "reason": reason.strip()})


def extend(place: Place, cap: Cap, by: Person, reason: str) -> Budget:
    """Allow so much more today (UTC) under the day or month budgets of a scope, and return the tightest of them; several extensions add up.

    The daily cap of the settings is not moved by it. Raises NotAllowed without the role `money`, BadParameter for an amount or a reason that is
    none, NotNow when no such budget stops anything.
    """
    check(by, Role.MONEY)
    _check(cap, reason)
    if cap.period == "ever" or cap.amount == 0 or not reason.strip():
        raise BadParameter(
            "An extension is an amount for a day or a month budget, with a reason.", next="Say how much more is needed today, and why."
        )
    with place.database.writing() as tx:
        _check_known(place, tx, cap)
        _check_extensible(tx, cap)
        extension = extend_budget(tx, cap, person=by.name, reason=reason.strip())
        told = {"does": "extend", "id": extension, "period": cap.period, _unit(cap): cap.amount, "reason": reason.strip()}
        _note(tx, by, cap.scope_kind, cap.scope, told)
        same = [one for one in _all(place, tx) if _fits(one.limit, cap)]
        return min(same, key=lambda one: one.limit.left)


def budgets(place: Place) -> tuple[Budget, ...]:
    """Return every budget that holds now: the daily cap of the settings first, then those that were set."""
    with place.database.reading() as db:
        db.execute("BEGIN")
        return budgets_within(place, db)


def budgets_within(place: Place, db: Connection) -> tuple[Budget, ...]:
    """Return every budget within a read that has begun."""
    return tuple(_all(place, db))


def _all(place: Place, db: Connection) -> list[Budget]:
    rows = {row["id"]: row for row in db.execute("SELECT * FROM budgets WHERE ended_at IS NULL")}
    limits = every_limit(db, place.caps)
    daily = min((one.cap for one in limits if not one.budget_id), default=None)
    found = [_budget(db, one, rows.get(one.budget_id), daily) for one in limits]
    return sorted(found, key=lambda one: _place_in_line(one.limit))


def _place_in_line(one: Limit) -> tuple[bool, int, str, str, bool, str]:
    return bool(one.budget_id), KINDS.index(one.scope_kind), one.scope, one.period, not one.hard, one.measure.value


def _one(place: Place, db: Connection, budget_id: str) -> Budget:
    return next(one for one in _all(place, db) if one.limit.budget_id == budget_id)


def _budget(db: Connection, limit: Limit, row: Row | None, daily: int | None) -> Budget:
    if row is None:
        return Budget(limit=limit, set_by=SETTING, set_at="", reason="Changed by whoever starts the studio.")
    is_daily = (limit.scope_kind, limit.period, limit.measure) == ("studio", "day", Measure.MONEY)
    note = ""
    if is_daily and daily is not None and limit.allowed > daily:
        note = f"The settings allow {limit.measure.said(daily)} a day, which comes first"
    elif limit.scope not in ("*", "all") and not _is_known(db, limit.scope_kind, limit.scope):
        note = "Nothing was asked for under this name yet"
    return Budget(limit=limit, set_by=row["set_by"], set_at=row["set_at"], reason=row["reason"], note=note)


def _is_known(db: Connection, scope_kind: str, scope: str) -> bool:
    row = db.execute("SELECT 1 FROM balances WHERE scope_kind = ? AND scope = ? AND period = 'ever'", (scope_kind, scope)).fetchone()
    return row is not None


def known_scopes(place: Place, db: Connection, scope_kind: str, most: int = MOST_KNOWN) -> list[str]:
    """Return whom a budget of this kind can be for, within a read that has begun: people and features by name, cases and sweeps the newest first."""
    rows = db.execute(KNOWN[scope_kind], (most,)).fetchall() if scope_kind in KNOWN else []
    always = {"person": [place.settings.person], "feature": [*FEATURES], "studio": ["all"]}.get(scope_kind, [])
    return list(dict.fromkeys([*always, *(str(row["name"]) for row in rows)]))


def names_of(place: Place, scope_kind: str) -> dict[str, str]:
    """Return whom a budget of this kind can be for, with what people call each: cases and sweeps by their names as well."""
    with place.database.reading() as db:
        known = known_scopes(place, db, scope_kind)
        if scope_kind not in TABLES:
            return {name: name for name in known}
        called = {row["id"]: row["name"] for row in db.execute(NAMES[scope_kind], (json.dumps(known),))}
        return {name: f"{called.get(name, '')} · {name}" for name in known}


def _exists(db: Connection, scope_kind: str, scope: str) -> bool:
    return scope_kind in TABLES and db.execute(NAMES[scope_kind], (json.dumps([scope]),)).fetchone() is not None


def _check_known(place: Place, db: Connection, cap: Cap) -> None:
    """Raise UnknownName for a name that nobody and nothing has: a budget for it would never limit anything."""
    if cap.scope == "*" or _is_known(db, cap.scope_kind, cap.scope):
        return
    known = known_scopes(place, db, cap.scope_kind, MOST_COMPARED)
    if cap.scope in known or _exists(db, cap.scope_kind, cap.scope):
        return
    near = difflib.get_close_matches(cap.scope, known, n=1, cutoff=0.5)
    meant = f"Did you mean {near[0]!r}? " if near else ""
    raise UnknownName(
        f"There is no {cap.scope_kind} {cap.scope[:80]!r}.",
        next=f"{meant}Use a name as the studio has it, or `*` for each {cap.scope_kind} on its own.",
        screen=f"{meant}Choose one from the list.",
    )


def _fits(limit: Limit, cap: Cap) -> bool:
    same = (limit.scope_kind, limit.period, limit.measure) == (cap.scope_kind, cap.period, cap.measure)
    return same and bool(limit.budget_id) and limit.hard and limit.scope in ("*", cap.scope)


def _check_extensible(tx: Connection, cap: Cap) -> None:
    column = "cap_micro_usd" if cap.measure is Measure.MONEY else "cap_requests"
    query = f"SELECT 1 FROM budgets WHERE ended_at IS NULL AND hard AND scope_kind = ? AND scope IN ('*', ?) AND period = ? AND {column} IS NOT NULL"  # noqa: S608
    if tx.execute(query, (cap.scope_kind, cap.scope, cap.period)).fetchone() is None:
        unit = "dollars" if cap.measure is Measure.MONEY else "requests"
        raise NotNow(
            f"There is no {cap.period} budget in {unit} for {whom(cap.scope_kind, cap.scope)} that stops anything.",
            next="`budget show` lists the budgets. The daily cap of the settings is changed by whoever starts the studio.",
        )


def _unit(cap: Cap) -> str:
    return "micro_usd" if cap.measure is Measure.MONEY else "requests"


def _note(tx: Connection, by: Person, scope_kind: str, scope: str, told: dict[str, Any]) -> None:
    row = {"at": now(), "person": by.name, "action": ACTION, "subject": f"{scope_kind} {scope}", "detail": json.dumps(told)}
    insert(tx, "audit_log", row)


def _check(cap: Cap, reason: str) -> None:
    if cap.scope_kind not in KINDS:
        raise BadParameter(f"There is no budget for {cap.scope_kind[:40]!r}.", next=f"Use one of: {', '.join(KINDS)}.")
    if cap.period not in PERIODS:
        raise BadParameter(f"{cap.period[:40]!r} is no period of a budget.", next=f"Use one of: {', '.join(PERIODS)}.")
    if not cap.scope.strip() or (cap.scope_kind == "studio" and cap.scope != "all") or len(cap.scope) > LONGEST_NAME or not cap.scope.isprintable():
        raise BadParameter(
            "It was not said whose budget this is.",
            next="Name the person, feature, case or sweep, or `*` for each of them.",
            screen="Choose whose it is.",
        )
    if (cap.micro_usd is None) == (cap.requests is None):
        raise BadParameter("A budget is either an amount of dollars or a number of requests.", next="Say one of them.")
    if not 0 <= cap.amount <= MOST[cap.measure]:
        most = cap.measure.said(MOST[cap.measure])
        raise BadParameter(f"A budget is zero or more, and at most {most}.", next="Zero stops everything it covers.")
    _check_reason(reason)


def _check_reason(reason: str) -> None:
    if len(reason) > LONGEST_REASON or not reason.replace("\n", " ").replace("\r", " ").isprintable():
        raise BadParameter(f"A reason has at most {LONGEST_REASON} printable characters.", next="Say it shorter.")


def pressing(found: Sequence[Budget]) -> tuple[Budget, ...]:
    """Return the budgets of which half or more is used, those used most first."""
    reached = [one for one in found if one.limit.reached()]
    return tuple(sorted(reached, key=lambda one: (-one.limit.reached(), not one.limit.hard, -one.limit.used / max(one.limit.allowed, 1))))
